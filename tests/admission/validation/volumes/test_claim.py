import pytest

from localjobs.api.objects import Object
from tests.admission.validation.volumes.test_volume import source_errors

GOOD: Object = {
    "accessModes": ["ReadWriteOnce"],
    "resources": {"requests": {"storage": "1Gi"}},
}
PVC = "must be 'PersistentVolumeClaim' when referencing the default apiGroup"


@pytest.mark.parametrize(
    ("members", "expected"),
    [
        ({}, []),
        ({"accessModes": []}, [".accessModes: Required value: at least 1 access mode is required"]),
        (
            {"accessModes": ["ReadWriteOncePod", "ReadWriteMany", "All"]},
            [
                (
                    '.accessModes: Unsupported value: "All": supported values: "ReadOnlyMany", '
                    '"ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod"'
                ),
                ".accessModes: Forbidden: may not use ReadWriteOncePod with other access modes",
            ],
        ),
        ({"resources": {}}, [".resources[storage]: Required value"]),
        (
            {"resources": {"requests": {"storage": "0"}}},
            ['.resources[storage]: Invalid value: "0": must be greater than zero'],
        ),
        (
            {"volumeMode": "Tape"},
            ['.volumeMode: Unsupported value: "Tape": supported values: "Block", "Filesystem"'],
        ),
        (
            {"dataSource": {"kind": "Other", "name": ""}},
            [
                ".dataSource.name: Required value",
                f'.dataSource: Invalid value: "Other": {PVC}',
            ],
        ),
        (
            {
                "dataSource": {"kind": "PersistentVolumeClaim", "name": "a"},
                "dataSourceRef": {"kind": "PersistentVolumeClaim", "name": "b"},
            },
            [": Invalid value: {}: must match dataSourceRef"],
        ),
        (
            {
                "dataSource": {"kind": "PersistentVolumeClaim", "name": "a"},
                "dataSourceRef": {"kind": "PersistentVolumeClaim", "name": "a", "namespace": "n.m"},
            },
            [
                '.dataSourceRef.namespace: Invalid value: "n.m": must not contain dots',
                (
                    ": Invalid value: {}: may not be specified when dataSourceRef.namespace is "
                    "specified"
                ),
            ],
        ),
    ],
)
def test_the_spec_of_a_claim(members: Object, expected: list[str]) -> None:
    found = source_errors(ephemeral={"volumeClaimTemplate": {"spec": {**GOOD, **members}}})
    assert found == [f"ephemeral.volumeClaimTemplate.spec{text}" for text in expected]


def test_the_metadata_of_a_claim_is_labels_and_annotations() -> None:
    template = {
        "metadata": {"labels": {"a": "b"}, "name": "x", "uid": "u", "finalizers": ["f"]},
        "spec": GOOD,
    }
    path = "ephemeral.volumeClaimTemplate.metadata"
    assert source_errors(ephemeral={"volumeClaimTemplate": template}) == [
        f"{path}.name: Forbidden: cannot be set",
        f"{path}.uID: Forbidden: cannot be set",
        f"{path}.finalizers: Forbidden: cannot be set",
    ]


def test_a_volume_of_its_own_needs_a_template() -> None:
    assert source_errors(ephemeral={}) == ["ephemeral.volumeClaimTemplate: Required value"]
