from typing import Any

import pytest

from localjobs.admission.validation.volumes.volume import validate_volumes
from localjobs.api.objects import Object
from tests.admission.validation.written import spec_errors, texts

SECOND = "Forbidden: may not specify more than 1 volume type"


def source_errors(**source: Any) -> list[str]:
    path = "spec.volumes[0]."
    return [text.removeprefix(path) for text in spec_errors(volumes=[{"name": "v", **source}])]


def test_a_volume_has_a_name_of_its_own() -> None:
    volumes: list[Object] = [{"name": n, "emptyDir": {}} for n in ("a", "a", "", "a.b")]
    assert spec_errors(volumes=volumes) == [
        'spec.volumes[1].name: Duplicate value: "a"',
        "spec.volumes[2].name: Required value",
        'spec.volumes[3].name: Invalid value: "a.b": must not contain dots',
    ]


def test_a_volume_that_is_refused_cannot_be_mounted() -> None:
    mount = {"name": "v", "mountPath": "/v"}
    found = spec_errors(
        volumes=[{"name": "v", "hostPath": {"path": ""}}],
        containers=[{"name": "c", "image": "i", "volumeMounts": [mount]}],
    )
    assert found == [
        "spec.volumes[0].hostPath.path: Required value",
        'spec.containers[0].volumeMounts[0].name: Not found: "v"',
    ]


def test_a_volume_has_one_source_and_refusals_are_spelled_as_upstream_spells_them() -> None:
    found = source_errors(
        emptyDir={},
        hostPath={"path": ""},
        cephfs={"monitors": []},
        downwardAPI={},
        gcePersistentDisk={"pdName": ""},
    )
    assert found == [
        f"hostPath: {SECOND}",
        f"gcePersistentDisk: {SECOND}",
        f"cephFS: {SECOND}",
        f"downwarAPI: {SECOND}",
    ]


def test_a_volume_without_a_source() -> None:
    _, errors = validate_volumes([{"name": "v"}], None, "v")
    assert texts(errors) == ["v[0]: Required value: must specify a volume type"]


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        (
            {"gcePersistentDisk": {"pdName": "", "partition": 256}},
            ["persistentDisk.pdName: R", "p"],
        ),
        ({"awsElasticBlockStore": {"volumeID": "", "partition": -1}}, ["awsElastic", "awsElastic"]),
        ({"glusterfs": {"endpoints": "", "path": ""}}, ["glusterfs.endpoints", "glusterfs.path"]),
        ({"persistentVolumeClaim": {"claimName": ""}}, ["persistentVolumeClaim.claimName: Req"]),
        ({"rbd": {"monitors": [], "image": ""}}, ["rbd.monitors: Req", "rbd.image: Req"]),
        ({"cephfs": {"monitors": []}}, ["cephfs.monitors: Required value"]),
        ({"cinder": {"volumeID": "", "secretRef": {}}}, ["cinder.volumeID", "cinder.secretRef.n"]),
        ({"azureFile": {"secretName": "", "shareName": ""}}, ["azureFile.sec", "azureFile.sh"]),
        ({"vsphereVolume": {"volumePath": ""}}, ["vsphereVolume.volumePath: Required"]),
        ({"photonPersistentDisk": {"pdID": ""}}, ["photonPersistentDisk.pdID: Required"]),
        ({"portworxVolume": {"volumeID": ""}}, ["portworxVolume.volumeID: Required value"]),
        (
            {"scaleIO": {"gateway": "", "system": "", "secretRef": {}}},
            ["scaleIO.gateway", "scaleIO.system", "scaleIO.volumeName"],
        ),
    ],
)
def test_what_a_source_must_name(source: Object, expected: list[str]) -> None:
    found = source_errors(**source)
    assert len(found) == len(expected)
    assert all(text.startswith(start) for text, start in zip(found, expected, strict=True))


def test_a_claim_that_the_pod_makes_is_not_its_to_mount() -> None:
    volumes = [
        {"name": "v", "ephemeral": {"volumeClaimTemplate": {"spec": {}}}},
        {"name": "w", "persistentVolumeClaim": {"claimName": "p-v"}},
    ]
    _, errors = validate_volumes(volumes, "p", "v")
    assert texts(errors)[-1] == (
        'v[1].persistentVolumeClaim.claimName: Invalid value: "p-v": must not reference a PVC '
        "that gets created for an ephemeral volume"
    )


def test_the_name_of_a_claim_that_the_pod_makes_is_well_formed() -> None:
    volume = {"name": "v", "ephemeral": {"volumeClaimTemplate": {"spec": {}}}}
    _, errors = validate_volumes([volume], "p" * 252, "v")
    assert texts(errors)[-1].endswith(": must be no more than 253 bytes")
    assert texts(errors)[-1].startswith('v[0].name: Invalid value: "v": PVC name "ppp')


def test_an_image_is_named_in_a_pod_not_in_a_template() -> None:
    volume = {"name": "v", "image": {"pullPolicy": "Never"}}
    assert texts(validate_volumes([volume], None, "v")[1]) == []
    assert texts(validate_volumes([volume], "p", "v")[1]) == [
        "v[0].image.reference: Required value"
    ]
