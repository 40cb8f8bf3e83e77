"""The view of a Job that decisions read: frozen, typed, parsed once per generation.

Defaults stand where the API would have put them, so that a view can be made of any object.
Source: staging/src/k8s.io/api/batch/v1/types.go, pkg/apis/batch/v1/defaults.go.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from msgspec import Struct, field

from localjobs.api import objects
from localjobs.api.index_set import IndexSet
from localjobs.api.job_status import JobStatus
from localjobs.api.objects import Object

CONTROLLER_NAME: Final = "kubernetes.io/job-controller"
"""The `managedBy` of a Job that is ours."""

TRACKING_FINALIZER: Final = "batch.kubernetes.io/job-tracking"
COMPLETION_INDEX: Final = "batch.kubernetes.io/job-completion-index"
INDEX_FAILURE_COUNT: Final = "batch.kubernetes.io/job-index-failure-count"
INDEX_IGNORED_FAILURE_COUNT: Final = "batch.kubernetes.io/job-index-ignored-failure-count"
CONTROLLER_UID_LABEL: Final = "batch.kubernetes.io/controller-uid"

DEFAULT_BACKOFF_LIMIT: Final = 6
UNLIMITED_BACKOFF: Final = 2**31 - 1


class OnExitCodes(Struct, frozen=True):
    """A pod failure rule's pattern over containers that ended with something but 0."""

    operator: str
    values: tuple[int, ...]
    container_name: str | None = None


class PodConditionPattern(Struct, frozen=True):
    """A pod failure rule's pattern over one pod condition."""

    type: str
    status: str = "True"


class PodFailurePolicyRule(Struct, frozen=True):
    """One rule: what to do (`FailJob`, `FailIndex`, `Ignore`, `Count`) with pods like these."""

    action: str
    on_exit_codes: OnExitCodes | None = None
    on_pod_conditions: tuple[PodConditionPattern, ...] = ()

    @classmethod
    def of(cls, obj: Mapping[str, Any]) -> PodFailurePolicyRule:
        codes = obj.get("onExitCodes")
        return cls(
            obj.get("action", ""),
            None
            if codes is None
            else OnExitCodes(
                codes.get("operator", ""),
                tuple(codes.get("values") or ()),
                codes.get("containerName"),
            ),
            tuple(
                PodConditionPattern(each.get("type", ""), each.get("status") or "True")
                for each in obj.get("onPodConditions") or ()
            ),
        )


class SuccessPolicyRule(Struct, frozen=True):
    """One rule: which indexes, or how many of them, make the whole Job a success."""

    succeeded_indexes: IndexSet | None = None
    succeeded_count: int | None = None


class JobSpec(Struct, frozen=True):
    """`Job.spec`. Durations are seconds; a member that is None is not set."""

    parallelism: int = 1
    completions: int | None = 1
    completion_mode: str = "NonIndexed"
    suspend: bool = False
    backoff_limit: int = DEFAULT_BACKOFF_LIMIT
    backoff_limit_per_index: int | None = None
    max_failed_indexes: int | None = None
    active_deadline_seconds: int | None = None
    ttl_seconds_after_finished: int | None = None
    pod_replacement_policy: str = "TerminatingOrFailed"
    pod_failure_policy: tuple[PodFailurePolicyRule, ...] | None = None
    success_policy: tuple[SuccessPolicyRule, ...] = ()
    managed_by: str | None = None
    selector: Object = field(default_factory=dict)
    template: Object = field(default_factory=dict)

    @classmethod
    def of(cls, obj: Mapping[str, Any]) -> JobSpec:
        parallelism, completions = obj.get("parallelism"), obj.get("completions")
        if parallelism is None and completions is None:
            completions = 1
        per_index, policy = obj.get("backoffLimitPerIndex"), obj.get("podFailurePolicy")
        unset = DEFAULT_BACKOFF_LIMIT if per_index is None else UNLIMITED_BACKOFF
        return cls(
            parallelism=1 if parallelism is None else parallelism,
            completions=completions,
            completion_mode=obj.get("completionMode") or "NonIndexed",
            suspend=bool(obj.get("suspend")),
            backoff_limit=unset if obj.get("backoffLimit") is None else obj["backoffLimit"],
            backoff_limit_per_index=per_index,
            max_failed_indexes=obj.get("maxFailedIndexes"),
            active_deadline_seconds=obj.get("activeDeadlineSeconds"),
            ttl_seconds_after_finished=obj.get("ttlSecondsAfterFinished"),
            pod_replacement_policy=obj.get("podReplacementPolicy")
            or ("TerminatingOrFailed" if policy is None else "Failed"),
            pod_failure_policy=None if policy is None else _failure_rules(policy),
            success_policy=_success_rules(obj.get("successPolicy") or {}, completions or 0),
            managed_by=obj.get("managedBy"),
            selector=obj.get("selector") or {},
            template=obj.get("template") or {},
        )

    @property
    def is_indexed(self) -> bool:
        return self.completion_mode == "Indexed"

    @property
    def restart_policy(self) -> str:
        """The pods' restart policy: `Never` or `OnFailure`."""
        return str((self.template.get("spec") or {}).get("restartPolicy") or "")

    @property
    def only_replaces_failed(self) -> bool:
        """Whether a terminating pod is replaced only once it has failed (KEP-3939).

        A pod failure policy asks for it too: its rules read how the pod ended.
        """
        return self.pod_replacement_policy == "Failed" or self.pod_failure_policy is not None

    @property
    def is_managed_elsewhere(self) -> bool:
        """Whether another controller looks after the Job (KEP-4368)."""
        return self.managed_by is not None and self.managed_by != CONTROLLER_NAME


class JobView(Struct, frozen=True):
    """A Job as decisions see it."""

    object: Object
    name: str
    namespace: str
    uid: str
    is_deleting: bool
    spec: JobSpec
    status: JobStatus

    @classmethod
    def of(cls, obj: Object, known: JobView | None = None) -> JobView:
        """Read a Job; what `known`, an earlier view of it, has parsed already is taken over."""
        spec = _known_spec(obj, known) or JobSpec.of(obj["spec"])
        status = _known_status(obj, spec, known)
        if status is None:
            status = JobStatus.of(obj.get("status") or {}, spec.completions or 0)
        return cls(
            object=obj,
            name=objects.name(obj),
            namespace=objects.namespace(obj),
            uid=objects.uid(obj),
            is_deleting=objects.is_deleting(obj),
            spec=spec,
            status=status,
        )

    @property
    def is_finished(self) -> bool:
        return self.status.finish is not None


def _known_spec(obj: Object, known: JobView | None) -> JobSpec | None:
    """The spec of an earlier view, if it was read from the very dict that is in `obj`."""
    return known.spec if known is not None and known.object["spec"] is obj["spec"] else None


def _known_status(obj: Object, spec: JobSpec, known: JobView | None) -> JobStatus | None:
    """The status of an earlier view, if it was read from the very dict that is in `obj`."""
    if known is None or known.object.get("status") is not obj.get("status"):
        return None
    return known.status if known.spec.completions == spec.completions else None


def _failure_rules(policy: Mapping[str, Any]) -> tuple[PodFailurePolicyRule, ...]:
    return tuple(PodFailurePolicyRule.of(rule) for rule in policy.get("rules") or ())


def _success_rules(policy: Mapping[str, Any], completions: int) -> tuple[SuccessPolicyRule, ...]:
    return tuple(
        SuccessPolicyRule(
            None
            if (text := rule.get("succeededIndexes")) is None
            else IndexSet.parse(text).below(completions),
            rule.get("succeededCount"),
        )
        for rule in policy.get("rules") or ()
    )
