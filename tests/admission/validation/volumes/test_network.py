import pytest

from localjobs.api.objects import Object
from tests.admission.validation.volumes.test_volume import source_errors

PAIRS = "must be a host:port pair or multiple pairs separated by commas"


@pytest.mark.parametrize(
    ("export", "expected"),
    [
        ({"server": "s", "path": "/p"}, []),
        (
            {"server": "", "path": ""},
            [
                "nfs.server: Required value",
                "nfs.path: Required value",
                'nfs.path: Invalid value: "": must be an absolute path',
            ],
        ),
        (
            {"server": "s", "path": "p"},
            ['nfs.path: Invalid value: "p": must be an absolute path'],
        ),
    ],
)
def test_nfs(export: Object, expected: list[str]) -> None:
    assert source_errors(nfs=export) == expected


@pytest.mark.parametrize(
    ("registry", "is_well_formed"),
    [
        ("a:1,b:2", True),
        ("[::1]:80", True),
        (":80", True),
        ("a", False),
        ("a:1:2", False),
        ("[::1]80", False),
        ("[::1:80", False),
    ],
)
def test_quobyte_registries(registry: str, *, is_well_formed: bool) -> None:
    found = source_errors(quobyte={"registry": registry, "volume": "v"})
    error = f'quobyte.registry: Invalid value: "{registry}": {PAIRS}'
    assert found == ([] if is_well_formed else [error])


def test_quobyte_needs_a_registry_and_a_volume() -> None:
    assert source_errors(quobyte={"registry": "", "volume": ""}) == [
        f"quobyte.registry: Required value: {PAIRS}",
        "quobyte.volume: Required value",
    ]
    long = {"registry": "a:1", "volume": "v", "tenant": "t" * 65}
    assert source_errors(quobyte=long) == [
        (
            "quobyte.tenant: Required value: must be a UUID and may not exceed a length of 64 "
            "characters"
        )
    ]
