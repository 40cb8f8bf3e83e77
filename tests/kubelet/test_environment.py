from typing import Any

import pytest

from localjobs.api.objects import Object
from localjobs.kubelet.downward import NodeFacts
from localjobs.kubelet.environment import (
    CannotStart,
    base_environment,
    declared_environment,
    hostname,
)

NODE = NodeFacts("n1", "127.0.0.1", {})
POD: Object = {
    "metadata": {"name": "p", "namespace": "ns", "uid": "u", "labels": {"app": "x"}},
    "spec": {"containers": []},
}


class Objects:
    def __init__(self) -> None:
        self.config_maps: dict[str, Object] = {"cm": {"data": {"a": "1", "UPPER": "x y"}}}
        self.secrets: dict[str, Object] = {"se": {"data": {"user": "YWRtaW4=", "raw": "/w=="}}}

    def config_map(self, name: str) -> Object | None:
        return self.config_maps.get(name)

    def secret(self, name: str) -> Object | None:
        return self.secrets.get(name)


def environment(**container: Any) -> dict[str, str]:
    return declared_environment({"name": "c", **container}, POD, Objects(), NODE)


def test_values_see_the_variables_before_them() -> None:
    env = [
        {"name": "A", "value": "1"},
        {"name": "B", "value": "$(A)-$(C)-$$(A)"},
        {"name": "C", "value": "late"},
    ]
    assert environment(env=env) == {"A": "1", "B": "1-$(C)-$(A)", "C": "late"}


def test_values_come_from_the_pod_and_from_objects() -> None:
    env = [
        {"name": "N", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}},
        {"name": "X", "valueFrom": {"configMapKeyRef": {"name": "cm", "key": "a"}}},
        {"name": "U", "valueFrom": {"secretKeyRef": {"name": "se", "key": "user"}}},
        {"name": "R", "valueFrom": {"resourceFieldRef": {"resource": "limits.cpu"}}},
        {"name": "E"},
    ]
    found = environment(env=env, resources={"limits": {"cpu": "1500m"}})
    assert found == {"N": "p", "X": "1", "U": "admin", "R": "2", "E": ""}


def test_whole_objects_with_a_prefix_and_env_over_them() -> None:
    found = environment(
        envFrom=[{"configMapRef": {"name": "cm"}}, {"prefix": "S_", "secretRef": {"name": "se"}}],
        env=[{"name": "a", "value": "own $(a)"}],
    )
    assert found == {"a": "own 1", "UPPER": "x y", "S_user": "admin", "S_raw": "\udcff"}


def test_what_is_optional_may_be_missing() -> None:
    env = [
        {
            "name": "X",
            "valueFrom": {"configMapKeyRef": {"name": "no", "key": "a", "optional": True}},
        },
        {"name": "Y", "valueFrom": {"secretKeyRef": {"name": "se", "key": "no", "optional": True}}},
    ]
    source = {"configMapRef": {"name": "no", "optional": True}}
    assert environment(env=env, envFrom=[source]) == {}


@pytest.mark.parametrize(
    ("container", "message"),
    [
        (
            {"env": [{"name": "X", "valueFrom": {"configMapKeyRef": {"name": "no", "key": "a"}}}]},
            'configmap "no" not found',
        ),
        (
            {"env": [{"name": "X", "valueFrom": {"secretKeyRef": {"name": "se", "key": "no"}}}]},
            "couldn't find key no in Secret ns/se",
        ),
        (
            {"env": [{"name": "X", "valueFrom": {"configMapKeyRef": {"name": "cm", "key": "no"}}}]},
            "couldn't find key no in ConfigMap ns/cm",
        ),
        ({"envFrom": [{"secretRef": {"name": "no"}}]}, 'secret "no" not found'),
    ],
)
def test_what_is_missing_says_so(container: Object, message: str) -> None:
    with pytest.raises(CannotStart) as caught:
        environment(**container)
    assert caught.value.message == message
    assert caught.value.reason == "CreateContainerConfigError"


def test_the_base_takes_little_of_the_daemons_own() -> None:
    inherited = {"HOME": "/home/me", "LANG": "C", "TOKEN": "secret", "EDITOR": "vi"}
    found = base_environment(inherited, passed=("EDITOR", "ABSENT"))
    assert found.pop("PATH").endswith("/bin")
    assert found == {"HOME": "/home/me", "LANG": "C", "EDITOR": "vi"}


def test_the_host_name_is_the_pods_unless_it_says_another() -> None:
    assert hostname(POD) == "p"
    assert hostname({**POD, "spec": {"hostname": "h"}}) == "h"
    long = {**POD, "metadata": {"name": "a" * 62 + "-bcd"}}
    assert hostname(long) == "a" * 62
