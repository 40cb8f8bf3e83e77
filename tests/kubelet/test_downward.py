import pytest

from localjobs.api import quantity
from localjobs.kubelet.downward import FieldPathError, NodeFacts, field_value, resource_value

NODE = NodeFacts("n1", "127.0.0.1", {"cpu": quantity.parse("4"), "memory": quantity.parse("8Gi")})
POD = {
    "metadata": {
        "name": "p",
        "namespace": "ns",
        "uid": "u-1",
        "labels": {"app": "x", "a.b/c": 'say "hi"\n'},
        "annotations": {"note": "hello"},
    },
    "spec": {"serviceAccountName": "robot"},
}


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("metadata.name", "p"),
        ("metadata.namespace", "ns"),
        ("metadata.uid", "u-1"),
        ("metadata.labels['app']", "x"),
        ("metadata.labels['nope']", ""),
        ("metadata.annotations['note']", "hello"),
        ("metadata.labels", 'a.b/c="say \\"hi\\"\\n"\napp="x"'),
        ("spec.nodeName", "n1"),
        ("spec.serviceAccountName", "robot"),
        ("status.hostIP", "127.0.0.1"),
        ("status.podIPs", "127.0.0.1"),
    ],
)
def test_fields(path: str, expected: str) -> None:
    assert field_value(path, POD, NODE) == expected


def test_another_field_is_refused() -> None:
    with pytest.raises(FieldPathError, match=r"unsupported fieldPath: spec\.hostname"):
        field_value("spec.hostname", POD, NODE)


@pytest.mark.parametrize(
    ("resource", "divisor", "expected"),
    [
        ("limits.cpu", None, "1"),
        ("limits.cpu", "1m", "500"),
        ("requests.memory", "1Mi", "32"),
        ("requests.memory", None, "33554432"),
        ("requests.memory", "30Mi", "2"),
        ("limits.memory", "1Gi", "8"),  # no limit: what the node can give
        ("requests.cpu", None, "0"),
    ],
)
def test_resources(resource: str, divisor: str | None, expected: str) -> None:
    container = {"resources": {"limits": {"cpu": "500m"}, "requests": {"memory": "32Mi"}}}
    reference = {"resource": resource, **({"divisor": divisor} if divisor else {})}
    assert resource_value(reference, container, NODE) == expected
