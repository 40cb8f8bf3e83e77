from typing import Any

import pytest

from localjobs.admission.validation.pod import validate_pod_status_update
from localjobs.api.objects import Object
from tests.admission.validation.written import CONTAINER, pod, stored, texts

RESTARTS = "may not be transitioned to non-terminated state"


def errors_of(new: Object, old: Object | None = None, **spec: Any) -> list[str]:
    built = stored(pod(**spec))
    before = {**built, "status": old or {}}
    found = texts(validate_pod_status_update({**built, "status": new}, before))
    return [text.removeprefix("status.") for text in found]


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (
            {
                "conditions": [{"type": "Ready"}, {"type": "acme.io/x"}],
                "podIPs": [{"ip": "1.2.3.4"}, {"ip": "::1"}],
                "hostIP": "1.2.3.4",
                "hostIPs": [{"ip": "1.2.3.4"}],
            },
            [],
        ),
        (
            {"conditions": [{"type": "Ready", "observedGeneration": -1}]},
            ["conditions[0].observedGeneration: Invalid value: -1: must be a non-negative integer"],
        ),
        (
            {"observedGeneration": -1},
            ["observedGeneration: Invalid value: -1: must be a non-negative integer"],
        ),
        ({"qosClass": "Burstable"}, ['qosClass: Invalid value: "Burstable": field is immutable']),
        (
            {"podIPs": [{"ip": "1.2.3.4"}, {"ip": "1.2.3.5"}]},
            [
                (
                    'podIPs: Invalid value: [{"IP":"1.2.3.4"},{"IP":"1.2.3.5"}]: may specify no '
                    "more "
                    "than one IP for each IP family"
                )
            ],
        ),
        (
            {"hostIP": "1.1.1.1", "hostIPs": [{"ip": "1.2.3.4"}]},
            ['hostIPs[0].ip: Invalid value: "1.2.3.4": must be equal to `hostIP`'],
        ),
        (
            {"resourceClaimStatuses": [{"name": "a"}, {"name": "a"}]},
            [
                (
                    'resourceClaimStatuses[0].name: Invalid value: "a": must match the name of an '
                    "entry in `spec.resourceClaims`"
                ),
                (
                    'resourceClaimStatuses[1].name: Invalid value: "a": must match the name of an '
                    "entry in `spec.resourceClaims`"
                ),
                'resourceClaimStatuses[1].name: Duplicate value: "a"',
            ],
        ),
        (
            {"containerStatuses": [{"name": "c", "user": {"linux": {"uid": -1, "gid": 0}}}]},
            [
                (
                    "containerStatuses[0].user.linux.uid: Invalid value: -1: must be between 0 and "
                    "2147483647, inclusive"
                )
            ],
        ),
    ],
)
def test_a_status(status: Object, expected: list[str]) -> None:
    assert errors_of(status) == expected


def test_a_bound_pod_is_not_nominated() -> None:
    assert errors_of({"nominatedNodeName": "m"}) == []
    assert errors_of({"nominatedNodeName": "m"}, nodeName="n") == [
        "nominatedNodeName: Forbidden: may not be set on pods that are already bound to a node"
    ]


def test_a_status_does_not_move_the_pod() -> None:
    new, old = stored(pod(nodeName="n")), stored(pod())
    assert texts(validate_pod_status_update(new, old)) == [
        "status.nodeName: Forbidden: may not be changed directly"
    ]


def state(exit_code: int) -> list[Object]:
    return [{"name": "c", "state": {"terminated": {"exitCode": exit_code}}}]


RUNNING = [{"name": "c", "state": {"running": {}}}]
RULE = {"action": "Restart", "exitCodes": {"operator": "In", "values": [42]}}
ALL = {"action": "RestartAllContainers", "exitCodes": {"operator": "In", "values": [9]}}


@pytest.mark.parametrize(
    ("pod_policy", "members", "exit_code", "may_restart"),
    [
        ("Always", {}, 0, True),
        ("Never", {}, 1, False),
        ("OnFailure", {}, 0, False),
        ("OnFailure", {}, 1, True),
        ("Always", {"restartPolicy": "Never"}, 1, False),
        ("Never", {"restartPolicy": "Never", "restartPolicyRules": [RULE]}, 42, True),
        ("Never", {"restartPolicy": "Never", "restartPolicyRules": [RULE]}, 41, False),
        ("Never", {"restartPolicy": "Never", "restartPolicyRules": [ALL]}, 0, True),
    ],
)
def test_an_ended_container_runs_again_if_a_policy_says_so(
    pod_policy: str, members: Object, exit_code: int, *, may_restart: bool
) -> None:
    containers = [{**CONTAINER, **members}]
    found = errors_of(
        {"containerStatuses": RUNNING},
        {"containerStatuses": state(exit_code)},
        containers=containers,
        restartPolicy=pod_policy,
    )
    error = f"containerStatuses[0].state: Forbidden: {RESTARTS}"
    assert found == ([] if may_restart else [error])


def test_ephemeral_containers_never_run_again() -> None:
    key = "ephemeralContainerStatuses"
    assert errors_of({key: RUNNING}, {key: state(1)}) == [f"{key}[0].state: Forbidden: {RESTARTS}"]
