from typing import Any

import pytest

from localjobs.admission.patching.json_patch import json_patch
from localjobs.errors import Invalid

JOB: dict[str, Any] = {"metadata": {"labels": {"a": "1"}}, "spec": {"n": 1, "list": [1, 2]}}


def op(name: str, path: str, **members: Any) -> dict[str, Any]:
    return {"op": name, "path": path, **members}


@pytest.mark.parametrize(
    ("operations", "spec"),
    [
        ([op("add", "/spec/m", value=[1])], {"n": 1, "list": [1, 2], "m": [1]}),
        ([op("add", "/spec/list/0", value=0)], {"n": 1, "list": [0, 1, 2]}),
        ([op("add", "/spec/list/-", value=3)], {"n": 1, "list": [1, 2, 3]}),
        ([op("add", "/spec/m")], {"n": 1, "list": [1, 2], "m": None}),
        ([op("remove", "/spec/list/1")], {"n": 1, "list": [1]}),
        ([op("replace", "/spec/n", value="x")], {"n": "x", "list": [1, 2]}),
        ([op("move", "/spec/m", **{"from": "/spec/n"})], {"m": 1, "list": [1, 2]}),
        ([op("copy", "/spec/m", **{"from": "/spec/list"})], {"n": 1, "list": [1, 2], "m": [1, 2]}),
        ([op("test", "/spec/list", value=[1, 2])], {"n": 1, "list": [1, 2]}),
        ([op("test", "/spec/none", value=None)], {"n": 1, "list": [1, 2]}),
        ([op("remove", "/spec/list/-1")], {"n": 1, "list": [1]}),
        ([op("add", "/spec/list/-1", value=3)], {"n": 1, "list": [1, 2, 3]}),
        ([op("replace", "/spec/list/-2", value=3)], {"n": 1, "list": [3, 2]}),
        ([op("copy", "/spec/n", **{"from": "/spec/list/-1"})], {"n": 2, "list": [1, 2]}),
        ([op("add", "/spec/a~1b", value=1)], {"n": 1, "list": [1, 2], "a/b": 1}),
    ],
)
def test_operations(operations: list[dict[str, Any]], spec: dict[str, Any]) -> None:
    assert json_patch(JOB, operations) == {**JOB, "spec": spec}
    assert JOB["spec"] == {"n": 1, "list": [1, 2]}


@pytest.mark.parametrize(
    "operation",
    [
        op("remove", "/spec/nope"),
        op("replace", "/spec/nope", value=1),
        op("add", "/nope/deeper", value=1),
        op("add", "/spec/list/9", value=1),
        op("remove", "/spec/list/-3"),
        op("add", "", value={}),
        op("add", "spec", value={}),
        op("bogus", "/spec"),
        op("move", "/spec/x"),
        op("move", "/spec/x", **{"from": None}),
        op("move", "/spec/x", **{"from": "/spec/nope"}),
        op("test", "/spec/n", value=True),
        op("test", "/spec/n", value=1.0),
        op("test", "/spec/n", value=2),
        {"op": "add"},
        {},
    ],
)
def test_what_does_not_apply_is_refused_without_a_reason(operation: dict[str, Any]) -> None:
    with pytest.raises(Invalid) as caught:
        json_patch(JOB, [operation])
    assert caught.value.to_status()["details"] == {}
    assert caught.value.message == (
        "the server rejected our request due to an error in our request"
    )
