"""`JobSpec`: counts, completion mode, policies, the template, the selector (batch/validation)."""

from __future__ import annotations

from localjobs.admission.validation.formats import (
    Errors,
    check_dns_subdomain,
    check_non_negative,
    malformed,
)
from localjobs.admission.validation.labels import selects, validate_label_selector
from localjobs.admission.validation.pod_failure_policy import validate_pod_failure_policy
from localjobs.admission.validation.pod_template import validate_pod_template
from localjobs.admission.validation.success_policy import validate_success_policy
from localjobs.api import names
from localjobs.api.field import invalid, not_supported, required, too_long
from localjobs.api.objects import Object

COMPLETION_MODES = ("NonIndexed", "Indexed")
REPLACEMENT_POLICIES = ("Failed", "TerminatingOrFailed")
MOST_PARALLEL_INDEXED = 100_000
MOST_FAILED_INDEXES = 100_000
MANY_COMPLETIONS = 100_000
"""Above this many completions, back-off per index has tighter limits."""
MOST_WITH_MANY = 10_000
LONGEST_MANAGER = 63

_COUNTS = (
    "parallelism",
    "completions",
    "activeDeadlineSeconds",
    "backoffLimit",
    "ttlSecondsAfterFinished",
    "backoffLimitPerIndex",
    "maxFailedIndexes",
)
_PATH = 'must be a domain-prefixed path (such as "acme.io/foo")'


def validate_job_spec(spec: Object, path: str) -> Errors:
    """The spec, with a selector that selects the template's pods."""
    selector = spec.get("selector")
    yield from _validate_template_spec(spec, path)
    if selector is None:
        yield required(f"{path}.selector")
    yield from validate_label_selector(selector, f"{path}.selector")
    labels = ((spec.get("template") or {}).get("metadata") or {}).get("labels")
    if selects(selector, labels or {}) is False:
        shown = dict(sorted(labels.items())) if labels is not None else None
        detail = "`selector` does not match template `labels`"
        yield invalid(f"{path}.template.metadata.labels", shown, detail)


def _validate_template_spec(spec: Object, path: str) -> Errors:
    for key in _COUNTS:
        if spec.get(key) is not None:
            yield from check_non_negative(spec[key], f"{path}.{key}")
    if spec.get("maxFailedIndexes") is not None and spec.get("backoffLimitPerIndex") is None:
        yield required(f"{path}.backoffLimitPerIndex", "when maxFailedIndexes is specified")
    if spec.get("managedBy") is not None:
        yield from _validate_manager(spec["managedBy"], f"{path}.managedBy")
    yield from _validate_completion_mode(spec, path)
    if spec.get("podFailurePolicy") is not None:
        yield from validate_pod_failure_policy(spec, f"{path}.podFailurePolicy")
    if spec.get("successPolicy") is not None:
        yield from validate_success_policy(spec, f"{path}.successPolicy")
    yield from _validate_replacement(spec, f"{path}.podReplacementPolicy")
    template = spec.get("template") or {}
    yield from validate_pod_template(template, f"{path}.template")
    policy = (template.get("spec") or {}).get("restartPolicy", "")
    yield from _validate_restart_policy(policy, spec, f"{path}.template.spec.restartPolicy")


def _validate_manager(manager: str, path: str) -> Errors:
    domain, slash, place = manager.partition("/")
    if not manager:
        yield required(path)
    elif not slash or not domain or not place:
        yield invalid(path, manager, _PATH)
    else:
        yield from check_dns_subdomain(domain, path)
        yield from malformed(path, place, names.http_path_errors(place))
    if len(manager.encode()) > LONGEST_MANAGER:
        yield too_long(path, LONGEST_MANAGER)


def _validate_completion_mode(spec: Object, path: str) -> Errors:
    mode = spec.get("completionMode")
    if mode is not None and mode not in COMPLETION_MODES:
        yield not_supported(f"{path}.completionMode", mode, COMPLETION_MODES)
    if mode == "Indexed":
        yield from _validate_indexed(spec, path)
    elif mode in {None, "NonIndexed"}:
        for key in ("backoffLimitPerIndex", "maxFailedIndexes"):
            if spec.get(key) is not None:
                yield invalid(f"{path}.{key}", spec[key], "requires indexed completion mode")


def _validate_indexed(spec: Object, path: str) -> Errors:
    completions, parallelism = spec.get("completions"), spec.get("parallelism")
    most_failed = spec.get("maxFailedIndexes")
    if completions is None:
        yield required(f"{path}.completions", "when completion mode is Indexed")
    if parallelism is not None and parallelism > MOST_PARALLEL_INDEXED:
        bound = f"{MOST_PARALLEL_INDEXED} when completion mode is Indexed"
        detail = f"must be less than or equal to {bound}"
        yield invalid(f"{path}.parallelism", parallelism, detail)
    if most_failed is not None:
        here = f"{path}.maxFailedIndexes"
        if completions is not None and most_failed > completions:
            yield invalid(here, most_failed, "must be less than or equal to completions")
        if most_failed > MOST_FAILED_INDEXES:
            yield invalid(here, most_failed, f"must be less than or equal to {MOST_FAILED_INDEXES}")
    is_huge = completions is not None and completions > MANY_COMPLETIONS
    if is_huge and spec.get("backoffLimitPerIndex") is not None:
        yield from _validate_huge(most_failed, parallelism, path)


def _validate_huge(most_failed: int | None, parallelism: int | None, path: str) -> Errors:
    """Back-off per index, kept in the status, bounds how many indexes may fail."""
    if most_failed is None:
        detail = f"must be specified when completions is above {MANY_COMPLETIONS}"
        yield required(f"{path}.maxFailedIndexes", detail)
    detail = (
        f"must be less than or equal to {MOST_WITH_MANY} when completions are above "
        f"{MANY_COMPLETIONS} and used with backoff limit per index"
    )
    for key, value in (("parallelism", parallelism), ("maxFailedIndexes", most_failed)):
        if value is not None and value > MOST_WITH_MANY:
            yield invalid(f"{path}.{key}", value, detail)


def _validate_replacement(spec: Object, path: str) -> Errors:
    policy = spec.get("podReplacementPolicy")
    supported = ("Failed",) if spec.get("podFailurePolicy") is not None else REPLACEMENT_POLICIES
    if policy is not None and policy not in supported:
        yield not_supported(path, policy, supported)


def _validate_restart_policy(policy: str, spec: Object, path: str) -> Errors:
    if policy in {"", "Always"}:
        yield required(path, 'valid values: "OnFailure", "Never"')
    elif policy not in {"OnFailure", "Never"}:
        yield not_supported(path, policy, ("OnFailure", "Never"))
    elif spec.get("podFailurePolicy") is not None and policy != "Never":
        detail = 'only "Never" is supported when podFailurePolicy is specified'
        yield invalid(path, policy, detail)
