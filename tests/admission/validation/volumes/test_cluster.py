import pytest

from localjobs.api.objects import Object
from tests.admission.validation.volumes.test_volume import source_errors


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ({"flocker": {"datasetName": "d"}}, []),
        (
            {"flocker": {}},
            ["flocker: Required value: one of datasetName and datasetUUID is required"],
        ),
        (
            {"flocker": {"datasetName": "a/b", "datasetUUID": "u"}},
            [
                (
                    'flocker: Invalid value: "resource": datasetName and datasetUUID can not be '
                    "specified simultaneously"
                ),
                "flocker.datasetName: Invalid value: \"a/b\": must not contain '/'",
            ],
        ),
        (
            {
                "flexVolume": {
                    "driver": "",
                    "options": {"K8s.io/a": "", "a.kubernetes.io": "", "b": ""},
                }
            },
            [
                "flexVolume.driver: Required value",
                (
                    'flexVolume.options[K8s.io/a]: Invalid value: "K8s.io/a": kubernetes.io and '
                    "k8s.io namespaces are reserved"
                ),
                (
                    'flexVolume.options[a.kubernetes.io]: Invalid value: "a.kubernetes.io": '
                    "kubernetes.io and k8s.io namespaces are reserved"
                ),
            ],
        ),
        (
            {"storageos": {"volumeNamespace": "a.b", "secretRef": {}}},
            [
                "storageos.volumeName: Required value",
                'storageos.volumeNamespace: Invalid value: "a.b": must not contain dots',
                "storageos.secretRef.name: Required value",
            ],
        ),
        ({"csi": {"driver": "Example.com"}}, []),
        (
            {"csi": {"driver": "d" * 64, "nodePublishSecretRef": {}}},
            [
                "csi.driver: Too long: may not be more than 63 bytes",
                "csi.nodePublishSecretRef.name: Required value",
            ],
        ),
    ],
)
def test_sources(source: Object, expected: list[str]) -> None:
    assert source_errors(**source) == expected


def test_a_csi_driver_without_a_name_and_a_secret_with_a_bad_one() -> None:
    found = source_errors(csi={"driver": "", "nodePublishSecretRef": {"name": "A"}})
    assert found[0] == "csi.driver: Required value"
    assert found[1].startswith('csi.driver: Invalid value: "": a lowercase RFC 1123 subdomain')
    assert found[2].startswith('csi.name: Invalid value: "A": a lowercase RFC 1123 subdomain')
