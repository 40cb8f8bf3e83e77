import pytest

from localjobs.api.objects import Object
from tests.admission.validation.volumes.test_volume import source_errors

MODE = "must be a number between 0 and 0777 (octal), both inclusive"


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ({"emptyDir": {"sizeLimit": "1Gi"}}, []),
        (
            {"emptyDir": {"sizeLimit": "-1"}},
            [
                "emptyDir.sizeLimit: Forbidden: SizeLimit field must be a valid resource quantity",
            ],
        ),
        (
            {"hostPath": {"path": "/x/../y"}},
            ["hostPath.path: Invalid value: \"/x/../y\": must not contain '..'"],
        ),
        (
            {"hostPath": {"path": "/x", "type": "Pipe"}},
            [
                (
                    'hostPath.type: Unsupported value: "Pipe": supported values: "", '
                    '"BlockDevice", '
                    '"CharDevice", "Directory", "DirectoryOrCreate", "File", "FileOrCreate", '
                    '"Socket"'
                )
            ],
        ),
        (
            {"gitRepo": {"repository": "", "directory": "/d"}},
            [
                "gitRepo.repository: Required value",
                'gitRepo.directory: Invalid value: "/d": must be a relative path',
            ],
        ),
        (
            {"secret": {"secretName": "", "defaultMode": 512}},
            [
                "secret.secretName: Required value",
                f"secret.defaultMode: Invalid value: 512: {MODE}",
            ],
        ),
        (
            {"configMap": {"name": "m", "items": [{"key": "", "path": "..x", "mode": -1}]}},
            [
                "configMap.items[0].key: Required value",
                "configMap.items[0].path: Invalid value: \"..x\": must not start with '..'",
                f"configMap.items[0].mode: Invalid value: -1: {MODE}",
            ],
        ),
        (
            {"configMap": {"name": "", "items": [{"key": "k", "path": ""}]}},
            ["configMap.name: Required value", "configMap.items[0].path: Required value"],
        ),
        (
            {
                "downwardAPI": {
                    "items": [
                        {"path": "a", "fieldRef": {"fieldPath": "metadata.labels"}},
                        {"path": "b", "fieldRef": {"fieldPath": "status.podIP"}},
                        {"path": "", "resourceFieldRef": {"resource": "limits.cpu"}},
                        {"path": "c"},
                    ]
                }
            },
            [
                (
                    'downwardAPI.fieldRef.fieldPath: Unsupported value: "status.podIP": supported '
                    'values: "metadata.annotations", "metadata.labels", "metadata.name", '
                    '"metadata.namespace", "metadata.uid"'
                ),
                "downwardAPI.path: Required value",
                "downwardAPI.resourceFieldRef.containerName: Required value",
                "downwardAPI: Required value: one of fieldRef and resourceFieldRef is required",
            ],
        ),
        (
            {"image": {"reference": "i", "pullPolicy": "Once"}},
            [
                (
                    'image.pullPolicy: Unsupported value: "Once": supported values: "Always", '
                    '"IfNotPresent", "Never"'
                )
            ],
        ),
    ],
)
def test_files(source: Object, expected: list[str]) -> None:
    assert source_errors(**source) == expected


def test_a_file_shows_one_field() -> None:
    both = {
        "path": "a",
        "fieldRef": {"fieldPath": "metadata.name"},
        "resourceFieldRef": {"resource": "limits.cpu"},
    }
    assert source_errors(downwardAPI={"items": [both]}) == [
        (
            'downwardAPI: Invalid value: "resource": fieldRef and resourceFieldRef can not be '
            "specified simultaneously"
        )
    ]
