import pytest

from localjobs.api.objects import Object
from tests.admission.validation.volumes.test_volume import source_errors

MANAGED = (
    "/subscriptions/{sub-id}/resourcegroups/{group-name}/providers/microsoft.compute/disks/"
    "{disk-id}"
)
BLOB = "https://{account-name}.blob.core.windows.net/{container-name}/{disk-name}.vhd"


@pytest.mark.parametrize(
    ("members", "expected"),
    [
        ({"diskURI": "https://x"}, []),
        ({"kind": "Managed", "diskURI": "/subscriptions/x"}, []),
        (
            {"kind": "Managed", "diskURI": "https://x"},
            [f'diskURI: Unsupported value: "https://x": supported values: "{MANAGED}"'],
        ),
        (
            {"diskURI": "/subscriptions/x"},
            [f'diskURI: Unsupported value: "/subscriptions/x": supported values: "{BLOB}"'],
        ),
        (
            {"diskURI": "https://x", "cachingMode": "All", "kind": "Tape"},
            [
                (
                    'cachingMode: Unsupported value: "All": supported values: "None", "ReadOnly", '
                    '"ReadWrite"'
                ),
                (
                    'kind: Unsupported value: "Tape": supported values: "Dedicated", "Managed", '
                    '"Shared"'
                ),
            ],
        ),
        (
            {"diskName": "", "diskURI": ""},
            [
                "diskName: Required value",
                "diskURI: Required value",
                f'diskURI: Unsupported value: "": supported values: "{BLOB}"',
            ],
        ),
    ],
)
def test_azure_disks(members: Object, expected: list[str]) -> None:
    found = source_errors(azureDisk={"diskName": "d", **members})
    assert found == [f"azureDisk.{text}" for text in expected]


def test_partitions() -> None:
    assert source_errors(gcePersistentDisk={"pdName": "d", "partition": 256}) == [
        "persistentDisk.partition: Invalid value: 256: must be between 1 and 255, inclusive"
    ]
