from typing import Any

import pytest

from localjobs.admission.validation.pod import validate_pod, validate_pod_update
from localjobs.api.objects import Object
from tests.admission.validation.written import CONTAINER, pod, stored, texts

FIELDS = (
    "Forbidden: pod updates may not change fields other than `spec.containers[*].image`,"
    "`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only "
    "additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set "
    "to 1 if it was previously negative)"
)
REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"
TERMS = f"spec.affinity.nodeAffinity.{REQUIRED}.nodeSelectorTerms"


def with_spec(built: Object, **members: Any) -> Object:
    return {**built, "spec": {**built["spec"], **members}}


def update_errors(new: Object, old: Object) -> list[str]:
    return texts(validate_pod_update(stored(new), stored(old)))


def test_an_ordinary_pod_breaks_no_rule() -> None:
    assert validate_pod(pod()) == []
    assert update_errors(pod(), pod()) == []


def test_what_only_a_pod_refuses() -> None:
    token = {"projected": {"sources": [{"serviceAccountToken": {"path": "t"}}]}}
    found = validate_pod(
        pod(
            nodeName="n",
            schedulingGates=[{"name": "a"}],
            ephemeralContainers=[{"name": "e", "image": "i"}],
            volumes=[{"name": "v", **token}],
        )
    )
    assert texts(found) == [
        (
            "spec.volumes[0].projected.sources[0].serviceAccountToken: Forbidden: must not be "
            "specified when serviceAccountName is not set"
        ),
        "spec.ephemeralContainers: Forbidden: cannot be set on create",
        "spec.nodeName: Forbidden: cannot be set until all schedulingGates have been cleared",
    ]
    named = pod(volumes=[{"name": "v", **token}], serviceAccountName="default")
    assert validate_pod(named) == []


def test_images_may_change() -> None:
    other = [{**CONTAINER, "image": "other"}]
    old = pod(initContainers=[{"name": "i", "image": "x"}])
    assert (
        update_errors(with_spec(old, containers=pod(containers=other)["spec"]["containers"]), old)
        == []
    )


def test_containers_stay() -> None:
    old = pod()
    two = pod(containers=[CONTAINER, {"name": "d", "image": "x"}])
    assert update_errors(two, old) == [
        "spec.containers: Forbidden: pod updates may not add or remove containers"
    ]


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (None, 5, []),
        (5, 4, []),
        (5, 6, ["Invalid value: 6: must be less than or equal to previous value"]),
        (5, None, ["Invalid value: null: must not update from a positive integer to nil value"]),
        (
            None,
            -1,
            [
                "Invalid value: -1: must be between 1 and 2147483647, inclusive",
                "Invalid value: -1: must be between 0 and 2147483647, inclusive",
            ],
        ),
    ],
)
def test_a_deadline_only_becomes_shorter(
    old: int | None, new: int | None, expected: list[str]
) -> None:
    def built(deadline: int | None) -> Object:
        return pod() if deadline is None else pod(activeDeadlineSeconds=deadline)

    found = update_errors(built(new), built(old))
    assert found == [f"spec.activeDeadlineSeconds: {text}" for text in expected]


def test_tolerations_are_added_and_gates_removed() -> None:
    old = pod(schedulingGates=[{"name": "a"}, {"name": "b"}])
    fewer = with_spec(old, schedulingGates=[{"name": "b"}], tolerations=[{"operator": "Exists"}])
    assert update_errors(fewer, old) == []
    assert update_errors(with_spec(old, schedulingGates=[{"name": "c"}]), old) == [
        (
            "spec.schedulingGates[0].name: Forbidden: only deletion is allowed, but found new "
            "scheduling gate 'c'"
        )
    ]


def test_a_negative_grace_period_becomes_one_second() -> None:
    old = pod(terminationGracePeriodSeconds=-1)
    assert update_errors(with_spec(old, terminationGracePeriodSeconds=1), old) == []
    (error,) = update_errors(with_spec(old, terminationGracePeriodSeconds=2), old)
    assert error.startswith(f"spec: {FIELDS}\n")


def test_all_else_stays_and_the_refusal_shows_what_differs() -> None:
    old = pod(hostname="a")
    (error,) = update_errors(with_spec(old, hostname="b"), old)
    assert error.startswith(f"spec: {FIELDS}\n")
    assert '-  "hostname": "a"' in error
    assert '+  "hostname": "b"' in error


def node_affinity(*terms: list[Object]) -> Object:
    built = [{"matchExpressions": expressions} for expressions in terms]
    return {"nodeAffinity": {REQUIRED: {"nodeSelectorTerms": built}}}


A, B = {"key": "a", "operator": "Exists"}, {"key": "b", "operator": "Exists"}
SHOWN_B = '{"MatchExpressions":[{"Key":"b","Operator":"Exists","Values":null}],"MatchFields":null}'


@pytest.mark.parametrize(
    ("new", "expected"),
    [
        ({"nodeSelector": {"a": "b", "c": "d"}}, []),
        (
            {"nodeSelector": {"a": "x"}},
            [
                (
                    'spec.nodeSelector: Invalid value: {"a":"x"}: only additions to '
                    "spec.nodeSelector are allowed (no mutations or deletions)"
                )
            ],
        ),
        ({"affinity": node_affinity([A, B])}, []),
        (
            {"affinity": node_affinity([B])},
            [
                (
                    f"{TERMS}[0]: Invalid value: {SHOWN_B}: only additions are allowed (no "
                    "mutations "
                    "or deletions)"
                )
            ],
        ),
        (
            {"affinity": None},
            [
                (
                    f"{TERMS}: Invalid value: null: no additions/deletions to non-empty "
                    "NodeSelectorTerms list are allowed"
                )
            ],
        ),
    ],
)
def test_a_gated_pod_is_told_more_about_its_node(new: Object, expected: list[str]) -> None:
    old = pod(schedulingGates=[{"name": "g"}], nodeSelector={"a": "b"}, affinity=node_affinity([A]))
    assert update_errors(with_spec(old, **new), old) == expected


def test_a_pod_without_gates_is_told_no_more() -> None:
    old = pod()
    (error,) = update_errors(with_spec(old, nodeSelector={"a": "b"}), old)
    assert error.startswith(f"spec: {FIELDS}")


def test_a_gated_pod_gets_its_first_affinity() -> None:
    old = pod(schedulingGates=[{"name": "g"}])
    assert update_errors(with_spec(old, affinity=node_affinity([A])), old) == []
    other = with_spec(old, affinity={"podAffinity": {REQUIRED: [{"topologyKey": "z"}]}})
    assert update_errors(other, old)[-1].startswith(f"spec: {FIELDS}")
