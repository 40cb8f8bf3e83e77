"""What a Job's pod failure policy says about a failed pod (KEP-3329).

The first rule that matches decides. Source: pkg/controller/job/pod_failure_policy.go.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from msgspec import Struct

from localjobs.api.job import OnExitCodes, PodConditionPattern, PodFailurePolicyRule
from localjobs.api.objects import Object
from localjobs.api.pod import PodView

COUNT: Final = "Count"
IGNORE: Final = "Ignore"
FAIL_INDEX: Final = "FailIndex"
FAIL_JOB: Final = "FailJob"


class Verdict(Struct, frozen=True):
    """What a failure means: `action` "" says that no rule matched, which counts."""

    action: str = ""
    message: str = ""
    """Why the whole Job fails; "" unless it does."""

    @property
    def counts(self) -> bool:
        """Whether the failure counts towards the back-off limits."""
        return self.action != IGNORE


COUNTED: Final = Verdict()


def judge(policy: Sequence[PodFailurePolicyRule] | None, pod: PodView) -> Verdict:
    """The verdict on a failed pod; without a policy every failure counts."""
    for position, rule in enumerate(policy or ()):
        cause = _match(rule, pod)
        if cause is not None:
            failed = f"{cause} matching {rule.action} rule at index {position}"
            return Verdict(rule.action, failed if rule.action == FAIL_JOB else "")
    return COUNTED


def _match(rule: PodFailurePolicyRule, pod: PodView) -> str | None:
    """Whether the rule is about this pod; if so, what it saw."""
    where = f"{pod.namespace}/{pod.name}"
    if rule.on_exit_codes is not None:
        container = _ended_as(rule.on_exit_codes, pod.container_statuses) or _ended_as(
            rule.on_exit_codes, pod.init_container_statuses
        )
        if container is None:
            return None
        code = container["state"]["terminated"]["exitCode"]
        return f"Container {container['name']} for pod {where} failed with exit code {code}"
    condition = _condition(rule.on_pod_conditions, pod.conditions)
    return None if condition is None else f"Pod {where} has condition {condition['type']}"


def _ended_as(pattern: OnExitCodes, statuses: Iterable[Object]) -> Object | None:
    """The first container that ended with a code of the pattern."""
    for status in statuses:
        terminated = (status.get("state") or {}).get("terminated")
        if terminated is None or pattern.container_name not in (None, status["name"]):
            continue
        code = terminated.get("exitCode") or 0
        # Success is no failure, even under NotIn.
        if code != 0 and _covers(pattern, code):
            return status
    return None


def _covers(pattern: OnExitCodes, code: int) -> bool:
    if pattern.operator == "In":
        return code in pattern.values
    return pattern.operator == "NotIn" and code not in pattern.values


def _condition(
    patterns: Sequence[PodConditionPattern], conditions: Iterable[Object]
) -> Object | None:
    for condition in conditions:
        for pattern in patterns:
            if (pattern.type, pattern.status) == (condition["type"], condition["status"]):
                return condition
    return None
