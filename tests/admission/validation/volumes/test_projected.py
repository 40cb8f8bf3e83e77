import pytest

from localjobs.api.objects import Object
from tests.admission.validation.volumes.test_volume import source_errors

CONFLICT = "conflicting duplicate paths"


@pytest.mark.parametrize(
    ("sources", "expected"),
    [
        ([{"secret": {"name": "s"}}, {"serviceAccountToken": {"path": "t"}}], []),
        ([{"configMap": {}}], [".sources[0].configMap.name: Required value"]),
        (
            [{"secret": {"name": "s"}, "configMap": {"name": "m"}}],
            [".sources[0]: Forbidden: may not specify more than 1 volume type per source"],
        ),
        (
            [
                {"secret": {"name": "s", "items": [{"key": "k", "path": "p"}]}},
                {"configMap": {"name": "m", "items": [{"key": "k", "path": "p"}]}},
                {
                    "downwardAPI": {
                        "items": [{"path": "p", "fieldRef": {"fieldPath": "metadata.name"}}]
                    }
                },
            ],
            [f': Invalid value: "m": {CONFLICT}', f': Invalid value: "p": {CONFLICT}'],
        ),
        (
            [{"serviceAccountToken": {"path": "", "expirationSeconds": 599}}],
            [
                (
                    ".sources[0].serviceAccountToken.expirationSeconds: Invalid value: 599: may "
                    "not "
                    "specify a duration less than 10 minutes"
                ),
                ".path: Required value",
            ],
        ),
        (
            [{"serviceAccountToken": {"path": "../t", "expirationSeconds": 2**32 + 1}}],
            [
                (
                    ".sources[0].serviceAccountToken.expirationSeconds: Invalid value: 4294967297: "
                    "may not specify a duration larger than 2^32 seconds"
                ),
                ".path: Invalid value: \"../t\": must not contain '..'",
            ],
        ),
    ],
)
def test_sources(sources: list[Object], expected: list[str]) -> None:
    found = source_errors(projected={"sources": sources})
    assert found == [f"projected{text}" for text in expected]
