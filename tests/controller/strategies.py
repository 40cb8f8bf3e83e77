"""Random Job specs that the API would admit, and random histories of their pods."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

_TEMPLATE: dict[str, Any] = {
    "metadata": {"labels": {"batch.kubernetes.io/controller-uid": "job-uid"}},
    "spec": {"restartPolicy": "Never", "containers": [{"name": "c", "image": "busybox"}]},
}
_RULES: list[dict[str, Any]] = [
    {"action": "Ignore", "onExitCodes": {"operator": "In", "values": [9]}},
    {"action": "FailJob", "onExitCodes": {"operator": "In", "values": [42]}},
    {"action": "Count", "onExitCodes": {"operator": "NotIn", "values": [1]}},
    {"action": "Ignore", "onPodConditions": [{"type": "DisruptionTarget", "status": "True"}]},
]
_FAIL_INDEX = {"action": "FailIndex", "onExitCodes": {"operator": "In", "values": [7]}}

EXIT_CODES = st.sampled_from([0, 0, 0, 1, 7, 9, 42])


@st.composite
def specs(draw: st.DrawFn) -> dict[str, Any]:
    """A Job's spec, small enough that its end comes soon."""
    spec: dict[str, Any] = {
        "parallelism": draw(st.integers(0, 4)),
        "backoffLimit": draw(st.integers(0, 3)),
        "suspend": draw(st.booleans()) and draw(st.booleans()),
        "template": _TEMPLATE,
        "selector": {"matchLabels": _TEMPLATE["metadata"]["labels"]},
    }
    _maybe(draw, spec, "activeDeadlineSeconds", st.integers(1, 100))
    _maybe(draw, spec, "ttlSecondsAfterFinished", st.integers(0, 50))
    _maybe(draw, spec, "podReplacementPolicy", st.sampled_from(["Failed", "TerminatingOrFailed"]))
    rules = list(_RULES)
    indexed = draw(st.booleans())
    if indexed or draw(st.booleans()):
        spec["completions"] = draw(st.integers(0, 6))
    if indexed:
        spec["completionMode"] = "Indexed"
        if draw(st.booleans()):
            spec["backoffLimitPerIndex"] = draw(st.integers(0, 2))
            _maybe(draw, spec, "maxFailedIndexes", st.integers(0, spec["completions"]))
            rules.append(_FAIL_INDEX)
        if draw(st.booleans()) and spec["completions"] > 1:
            spec["successPolicy"] = {"rules": [{"succeededIndexes": "0,1", "succeededCount": 1}]}
    if draw(st.booleans()):
        spec["podFailurePolicy"] = {"rules": draw(st.lists(st.sampled_from(rules), max_size=3))}
        spec["podReplacementPolicy"] = "Failed"
    return spec


def _maybe(
    draw: st.DrawFn, spec: dict[str, Any], member: str, values: st.SearchStrategy[Any]
) -> None:
    if draw(st.booleans()):
        spec[member] = draw(values)


STEPS = st.lists(
    st.tuples(
        st.sampled_from(
            ["start", "end", "end", "end", "delete", "vanish", "wait", "suspend", "scale"]
        ),
        st.integers(0, 7),
        EXIT_CODES,
    ),
    max_size=25,
)
