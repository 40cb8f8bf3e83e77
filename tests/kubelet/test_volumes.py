import base64
from typing import Any

import pytest

from localjobs.api.objects import Object
from localjobs.kubelet.downward import NodeFacts
from localjobs.kubelet.volumes import (
    CannotMount,
    EmptyDirectory,
    File,
    HostPath,
    Projection,
    VolumePlan,
    plan_volume,
)

NODE = NodeFacts("n1", "127.0.0.1", {})
POD: Object = {
    "metadata": {"name": "p", "namespace": "ns", "uid": "u", "labels": {"app": "x"}},
    "spec": {"containers": [{"name": "c", "resources": {"limits": {"cpu": "2"}}}]},
}
RAW = base64.b64encode(b"\x00\xff").decode()


class Objects:
    def config_map(self, name: str) -> Object | None:
        return {"data": {"a": "1", "b": "2"}, "binaryData": {"raw": RAW}} if name == "cm" else None

    def secret(self, name: str) -> Object | None:
        return {"data": {"pw": "czNjcmV0"}} if name == "se" else None


def plan(**source: Any) -> VolumePlan:
    return plan_volume({"name": "v", **source}, POD, Objects(), NODE)


def files(**source: Any) -> list[tuple[str, bytes, int]]:
    found = plan(**source)
    assert isinstance(found, Projection)
    return [(file.path, file.content, file.mode) for file in found.files]


def test_directories() -> None:
    assert plan(emptyDir={}) == EmptyDirectory()
    assert plan(hostPath={"path": "/x", "type": "File"}) == HostPath("/x", "File")
    assert plan(hostPath={"path": "/x"}) == HostPath("/x", "")


def test_a_config_map_is_a_file_per_key() -> None:
    assert files(configMap={"name": "cm"}) == [
        ("a", b"1", 0o644),
        ("b", b"2", 0o644),
        ("raw", b"\x00\xff", 0o644),
    ]


def test_items_choose_paths_and_modes() -> None:
    items = [{"key": "b", "path": "d/two"}, {"key": "a", "path": "one", "mode": 0o400}]
    source = {"name": "cm", "items": items, "defaultMode": 0o600}
    assert files(configMap=source) == [("d/two", b"2", 0o600), ("one", b"1", 0o400)]


def test_a_secret_is_decoded() -> None:
    assert files(secret={"secretName": "se"}) == [("pw", b"s3cret", 0o644)]


def test_the_downward_api() -> None:
    items = [
        {"path": "labels", "fieldRef": {"fieldPath": "metadata.labels"}},
        {"path": "cpu", "resourceFieldRef": {"containerName": "c", "resource": "limits.cpu"}},
    ]
    assert files(downwardAPI={"items": items}) == [
        ("cpu", b"2", 0o644),
        ("labels", b'app="x"', 0o644),
    ]


def test_a_projection_brings_all_together_and_later_ones_win() -> None:
    name = {"path": "a", "fieldRef": {"fieldPath": "metadata.name"}}
    sources = [
        {"configMap": {"name": "cm", "items": [{"key": "a", "path": "a"}]}},
        {"secret": {"name": "se"}},
        {"downwardAPI": {"items": [name]}},
    ]
    found = plan(projected={"sources": sources, "defaultMode": 0o440})
    assert found == Projection((File("a", b"p", 0o440), File("pw", b"s3cret", 0o440)))


@pytest.mark.parametrize(
    ("source", "why"),
    [
        ({"configMap": {"name": "no"}}, 'configmap "no" not found'),
        ({"secret": {"secretName": "no"}}, 'secret "no" not found'),
        (
            {"configMap": {"name": "cm", "items": [{"key": "no", "path": "x"}]}},
            "configmap references non-existent config key: no",
        ),
        (
            {"projected": {"sources": [{"secret": {"name": "se", "items": [{"key": "no"}]}}]}},
            "references non-existent secret key: no",
        ),
    ],
)
def test_what_is_missing(source: Object, why: str) -> None:
    with pytest.raises(CannotMount) as caught:
        plan(**source)
    assert str(caught.value) == f'MountVolume.SetUp failed for volume "v" : {why}'


def test_what_is_optional_may_be_missing() -> None:
    assert files(configMap={"name": "no", "optional": True}) == []
    items = [{"key": "no", "path": "x"}, {"key": "a", "path": "a"}]
    found = files(configMap={"name": "cm", "items": items, "optional": True})
    assert [path for path, _, _ in found] == ["a"]
