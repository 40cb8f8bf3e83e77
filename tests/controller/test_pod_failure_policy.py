from __future__ import annotations

from typing import Any

import pytest

from localjobs.api.job import PodFailurePolicyRule
from localjobs.api.pod import PodView
from localjobs.controller.pod_failure_policy import COUNTED, judge


def policy(*rules: dict[str, Any]) -> tuple[PodFailurePolicyRule, ...]:
    return tuple(PodFailurePolicyRule.of(rule) for rule in rules)


def codes(action: str, operator: str, *values: int, container: str | None = None) -> dict[str, Any]:
    pattern: dict[str, Any] = {"operator": operator, "values": list(values)}
    if container is not None:
        pattern["containerName"] = container
    return {"action": action, "onExitCodes": pattern}


def failed(
    containers: dict[str, int | None],
    init: dict[str, int | None] | None = None,
    conditions: dict[str, str] | None = None,
) -> PodView:
    def statuses(ended: dict[str, int | None]) -> list[dict[str, Any]]:
        return [
            {
                "name": name,
                "state": {"running": {}} if code is None else {"terminated": {"exitCode": code}},
            }
            for name, code in ended.items()
        ]

    return PodView.of(
        {
            "metadata": {"name": "p", "namespace": "ns", "uid": "u"},
            "status": {
                "phase": "Failed",
                "containerStatuses": statuses(containers),
                "initContainerStatuses": statuses(init or {}),
                "conditions": [
                    {"type": type_, "status": status}
                    for type_, status in (conditions or {}).items()
                ],
            },
        }
    )


def test_without_a_matching_rule_a_failure_counts() -> None:
    assert judge(None, failed({"c": 1})) == COUNTED
    assert judge(policy(codes("Ignore", "In", 2)), failed({"c": 1})) == COUNTED
    assert COUNTED.counts


def test_the_first_matching_rule_decides() -> None:
    rules = policy(codes("Count", "In", 9), codes("FailJob", "In", 9, 10))
    assert judge(rules, failed({"c": 9})).action == "Count"
    verdict = judge(rules, failed({"c": 10}))
    assert verdict.message == (
        "Container c for pod ns/p failed with exit code 10 matching FailJob rule at index 1"
    )


def test_ignored_failures_do_not_count() -> None:
    assert not judge(policy(codes("Ignore", "In", 9)), failed({"c": 9})).counts
    assert judge(policy(codes("FailIndex", "In", 9)), failed({"c": 9})).counts


@pytest.mark.parametrize(
    ("rule", "containers", "init", "action"),
    [
        (codes("Ignore", "NotIn", 1), {"c": 2}, {}, "Ignore"),
        (codes("Ignore", "NotIn", 1), {"c": 0}, {}, ""),
        (codes("Ignore", "NotIn", 1), {"c": None}, {}, ""),
        (codes("Ignore", "In", 3), {"c": 0}, {"i": 3}, "Ignore"),
        (codes("Ignore", "In", 3, container="a"), {"a": 1, "b": 3}, {}, ""),
        (codes("Ignore", "In", 3, container="b"), {"a": 1, "b": 3}, {}, "Ignore"),
        (codes("Ignore", "Near", 3), {"c": 3}, {}, ""),
    ],
)
def test_exit_codes(
    rule: dict[str, Any],
    containers: dict[str, int | None],
    init: dict[str, int | None],
    action: str,
) -> None:
    assert judge(policy(rule), failed(containers, init)).action == action


def test_pod_conditions_match_by_type_and_status() -> None:
    rules = policy({"action": "FailJob", "onPodConditions": [{"type": "DisruptionTarget"}]})
    verdict = judge(rules, failed({"c": 1}, conditions={"DisruptionTarget": "True"}))
    assert (
        verdict.message
        == "Pod ns/p has condition DisruptionTarget matching FailJob rule at index 0"
    )
    assert judge(rules, failed({"c": 1}, conditions={"DisruptionTarget": "False"})) == COUNTED
