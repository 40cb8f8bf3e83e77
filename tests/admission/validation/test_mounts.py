import pytest

from localjobs.api.objects import Object
from tests.admission.validation.written import spec_errors

VOLUMES = [
    {"name": "v", "emptyDir": {}},
    {"name": "p", "persistentVolumeClaim": {"claimName": "p"}},
]


def errors_of(**members: object) -> list[str]:
    container = {"name": "c", "image": "i", **members}
    found = spec_errors(containers=[container], volumes=VOLUMES)
    return [text.removeprefix("spec.containers[0].") for text in found]


@pytest.mark.parametrize(
    ("mount", "expected"),
    [
        ({}, []),
        ({"name": "x"}, ['volumeMounts[0].name: Not found: "x"']),
        (
            {"name": ""},
            ["volumeMounts[0].name: Required value", 'volumeMounts[0].name: Not found: ""'],
        ),
        ({"mountPath": ""}, ["volumeMounts[0].mountPath: Required value"]),
        (
            {"subPath": "/a"},
            ['volumeMounts.subPath: Invalid value: "/a": must be a relative path'],
        ),
        (
            {"subPath": "a", "subPathExpr": "$(A)/.."},
            [
                (
                    'volumeMounts[0].subPathExpr: Invalid value: "$(A)/..": subPathExpr and '
                    "subPath "
                    "are mutually exclusive"
                ),
                "volumeMounts.subPathExpr: Invalid value: \"$(A)/..\": must not contain '..'",
            ],
        ),
        (
            {"mountPropagation": "Bidirectional"},
            [
                (
                    "volumeMounts.mountPropagation: Forbidden: Bidirectional mount propagation is "
                    "available only to privileged containers"
                )
            ],
        ),
        (
            {"mountPropagation": "Some"},
            [
                (
                    'volumeMounts.mountPropagation: Unsupported value: "Some": supported values: '
                    '"Bidirectional", "HostToContainer", "None"'
                )
            ],
        ),
        ({"recursiveReadOnly": "Disabled"}, []),
        ({"recursiveReadOnly": "Enabled", "readOnly": True, "mountPropagation": "None"}, []),
        (
            {"recursiveReadOnly": "Enabled", "mountPropagation": "HostToContainer"},
            [
                (
                    "volumeMounts.recursiveReadOnly: Forbidden: may only be specified when "
                    "readOnly "
                    "is true"
                ),
                (
                    "volumeMounts.recursiveReadOnly: Forbidden: may only be specified when "
                    "mountPropagation is None or not specified"
                ),
            ],
        ),
        (
            {"recursiveReadOnly": "Maybe"},
            [
                (
                    'volumeMounts.recursiveReadOnly: Unsupported value: "Maybe": supported values: '
                    '"Disabled", "Enabled", "IfPossible"'
                )
            ],
        ),
    ],
)
def test_a_mount(mount: Object, expected: list[str]) -> None:
    assert errors_of(volumeMounts=[{"name": "v", "mountPath": "/v", **mount}]) == expected


def test_a_privileged_container_propagates_mounts() -> None:
    mount = {"name": "v", "mountPath": "/v", "mountPropagation": "Bidirectional"}
    assert errors_of(volumeMounts=[mount], securityContext={"privileged": True}) == []


def test_every_mount_has_a_path_of_its_own() -> None:
    mount = {"name": "v", "mountPath": "/v"}
    assert errors_of(volumeMounts=[mount, mount]) == [
        'volumeMounts[1].mountPath: Invalid value: "/v": must be unique'
    ]


@pytest.mark.parametrize(
    ("device", "expected"),
    [
        ({}, []),
        (
            {"name": "v"},
            [
                (
                    'volumeDevices[0].name: Invalid value: "v": can only use volume source type of '
                    "PersistentVolumeClaim or Ephemeral for block mode"
                )
            ],
        ),
        (
            {"name": "", "devicePath": ""},
            [
                "volumeDevices[0].name: Required value",
                'volumeDevices[0].name: Not found: ""',
                "volumeDevices[0].devicePath: Required value",
            ],
        ),
        (
            {"devicePath": "/dev/../x"},
            [
                (
                    'volumeDevices[0].devicePath: Invalid value: "/dev/../x": can not contain '
                    "backsteps ('..')"
                )
            ],
        ),
    ],
)
def test_a_device(device: Object, expected: list[str]) -> None:
    assert errors_of(volumeDevices=[{"name": "p", "devicePath": "/dev/x", **device}]) == expected


def test_a_volume_is_mounted_or_a_device_and_never_twice_a_device() -> None:
    device = {"name": "p", "devicePath": "/x"}
    found = errors_of(
        volumeMounts=[{"name": "p", "mountPath": "/x"}], volumeDevices=[device, device]
    )
    assert found == [
        'volumeMounts[0].name: Invalid value: "p": must not already exist in volumeDevices',
        (
            'volumeMounts[0].mountPath: Invalid value: "/x": must not already exist as a path in '
            "volumeDevices"
        ),
        'volumeDevices[0].name: Invalid value: "p": must not already exist in volumeMounts',
        (
            'volumeDevices[0].devicePath: Invalid value: "/x": must not already exist as a path in '
            "volumeMounts"
        ),
        'volumeDevices[1].name: Invalid value: "p": must be unique',
        'volumeDevices[1].devicePath: Invalid value: "/x": must be unique',
        'volumeDevices[1].name: Invalid value: "p": must not already exist in volumeMounts',
        (
            'volumeDevices[1].devicePath: Invalid value: "/x": must not already exist as a path in '
            "volumeMounts"
        ),
    ]
