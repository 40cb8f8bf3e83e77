"""When a container restarts: the pod's policy, the container's own, and its rules."""

from __future__ import annotations

from collections.abc import Sequence

from localjobs.admission.validation.formats import Errors
from localjobs.api.field import not_supported, required, too_many
from localjobs.api.objects import Object

POD_POLICIES = ("Always", "OnFailure", "Never")
CONTAINER_POLICIES = ("Always", "Never", "OnFailure")
RULE_ACTIONS = ("Restart", "RestartAllContainers")
RULE_OPERATORS = ("In", "NotIn")
MOST_RULES = 20
MOST_EXIT_CODES = 255


def validate_pod_restart_policy(policy: str, path: str) -> Errors:
    """`spec.restartPolicy` of a pod or template."""
    if not policy:
        yield required(path)
    elif policy not in POD_POLICIES:
        yield not_supported(path, policy, POD_POLICIES)


def validate_restart_policy(container: Object, path: str) -> Errors:
    """A container's own policy and rules (KEP-5307); rules ask for a policy."""
    policy = container.get("restartPolicy")
    rules = container.get("restartPolicyRules") or ()
    if policy is None:
        if rules:
            detail = "must specify restartPolicy when restart rules are used"
            yield required(f"{path}.restartPolicy", detail)
    elif policy not in CONTAINER_POLICIES:
        yield not_supported(f"{path}.restartPolicy", policy, CONTAINER_POLICIES)
    if rules:
        yield from _validate_rules(rules, f"{path}.restartPolicyRules")


def validate_init_restart_policy(container: Object, path: str) -> Errors:
    """As `validate_restart_policy`; an init container's rules are not read without a policy."""
    if container.get("restartPolicy") is not None:
        yield from validate_restart_policy(container, path)
    elif container.get("restartPolicyRules"):
        detail = "must specify restartPolicy when restart rules are used"
        yield required(f"{path}.restartPolicy", detail)


def _validate_rules(rules: Sequence[Object], path: str) -> Errors:
    if len(rules) > MOST_RULES:
        yield too_many(path, len(rules), MOST_RULES)
    for index, rule in enumerate(rules):
        here = f"{path}[{index}]"
        action, exit_codes = rule.get("action", ""), rule.get("exitCodes")
        if action not in RULE_ACTIONS:
            yield not_supported(f"{here}.action", action, RULE_ACTIONS)
        if exit_codes is None:
            yield required(f"{here}.exitCodes", "must be specified")
            continue
        operator, values = exit_codes.get("operator", ""), exit_codes.get("values") or ()
        if operator not in RULE_OPERATORS:
            yield not_supported(f"{here}.exitCodes.operator", operator, RULE_OPERATORS)
        if len(values) > MOST_EXIT_CODES:
            yield too_many(f"{here}.exitCodes.values", len(values), MOST_EXIT_CODES)
