import pytest

from localjobs.admission.validation.path_overlaps import overlap_warnings
from localjobs.api.objects import Object


def items(*paths: str) -> list[Object]:
    return [{"key": "k", "path": path} for path in paths]


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ({"configMap": {"name": "m", "items": items("a", "b/c", "d")}}, []),
        (
            {"configMap": {"name": "m", "items": items("a", "a/")}},
            ['(ConfigMap "m"): overlapping paths: "a" with "a"'],
        ),
        (
            {"secret": {"secretName": "s", "items": items("a", "a/b")}},
            ['(Secret "s"): overlapping paths: "a/b" with "a"'],
        ),
        (
            {"downwardAPI": {"items": items("a/b", "a")}},
            ['(DownwardAPI): overlapping paths: "a" with "a/b"'],
        ),
        (
            {
                "projected": {
                    "sources": [
                        {"configMap": {"name": "m", "items": items("a")}},
                        {},
                        {"secret": {"name": "s", "items": items("b", "a")}},
                        {"serviceAccountToken": {"path": "t"}},
                    ]
                }
            },
            [
                "(Projected) has no sources provided",
                '(Projected): overlapping paths: "a" (Secret "s") with "a" (ConfigMap "m")',
            ],
        ),
        (
            {
                "projected": {
                    "sources": [
                        {"serviceAccountToken": {"path": "a/b"}},
                        {"downwardAPI": {"items": items("a", "ab", "", "a")}},
                    ]
                }
            },
            [
                (
                    '(Projected): overlapping paths: "a" (DownwardAPI) with "a/b" '
                    "(ServiceAccountToken)"
                ),
                (
                    '(Projected): overlapping paths: "a" (DownwardAPI) with "a/b" '
                    "(ServiceAccountToken)"
                ),
                '(Projected): overlapping paths: "a" (DownwardAPI) with "a" (DownwardAPI)',
            ],
        ),
        ({"secret": {"secretName": "s", "items": items("dir/a", "dir/abc")}}, []),
    ],
)
def test_files_in_each_others_way(source: Object, expected: list[str]) -> None:
    assert list(overlap_warnings([{"name": "v", **source}])) == [
        f'volume "v" {text}' for text in expected
    ]
