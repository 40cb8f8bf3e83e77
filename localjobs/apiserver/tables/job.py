"""Jobs as rows (printers.go, printJob)."""

from localjobs.api import timestamps
from localjobs.api.objects import Object, is_deleting, name
from localjobs.apiserver.tables.durations import human_duration
from localjobs.apiserver.tables.table import AGE, NAME, NONE, Column, Printer, Row, age, joined

COLUMNS = (
    NAME,
    Column("Status", "Status of the job."),
    Column(
        "Completions",
        "The number of pods which reached phase Succeeded. The value increases monotonically for "
        "a given spec. However, it may decrease in reaction to scale down of elastic indexed jobs.",
    ),
    Column("Duration", "Time required to complete the job."),
    AGE,
    Column("Containers", "Names of each container in the template.", priority=1),
    Column("Images", "Images referenced by each container in the template.", priority=1),
    Column(
        "Selector",
        "A label query over pods that should match the pod count. Normally, the system sets this "
        "field for you. More info: https://kubernetes.io/docs/concepts/overview/"
        "working-with-objects/labels/#label-selectors",
        priority=1,
    ),
)

# In this order: the first that is True is the Job's status.
_FINISHED = ("Complete", "Failed")
_ON_THE_WAY = ("Suspended", "FailureTarget", "SuccessCriteriaMet")


def status_of(job: Object) -> str:
    """The Job's state in one word."""
    true = {
        condition["type"]
        for condition in job.get("status", {}).get("conditions") or ()
        if condition.get("status") == "True"
    }
    for finished in _FINISHED:
        if finished in true:
            return finished
    if is_deleting(job):
        return "Terminating"
    return next((one for one in _ON_THE_WAY if one in true), "Running")


def completions_of(job: Object) -> str:
    """How many of how many pods have succeeded."""
    spec = job.get("spec", {})
    succeeded = job.get("status", {}).get("succeeded", 0)
    if spec.get("completions") is not None:
        return f"{succeeded}/{spec['completions']}"
    parallelism = spec.get("parallelism") or 0
    return f"{succeeded}/1 of {parallelism}" if parallelism > 1 else f"{succeeded}/1"


def duration_of(job: Object, now: float) -> str:
    """From start to completion, or to now; a failed Job's keeps growing, as upstream's does."""
    status = job.get("status", {})
    if not status.get("startTime"):
        return ""
    finished = status.get("completionTime")
    end = timestamps.parse(finished) if finished else now
    return human_duration(end - timestamps.parse(status["startTime"]))


def selector_of(selector: Object) -> str:
    """A LabelSelector object in one line, requirements sorted by key."""
    parts = [(key, f"{key}={value}") for key, value in (selector.get("matchLabels") or {}).items()]
    parts += [(one["key"], _expression(one)) for one in selector.get("matchExpressions") or ()]
    return ",".join(text for _, text in sorted(parts))


def _expression(expression: Object) -> str:
    key, operator = expression["key"], expression.get("operator")
    if operator in ("Exists", "DoesNotExist"):
        return key if operator == "Exists" else f"!{key}"
    word = "in" if operator == "In" else "notin"
    return f"{key} {word} ({','.join(sorted(expression.get('values') or ()))})"


def row(job: Object, now: float) -> Row:
    """One Job."""
    spec = job.get("spec", {})
    containers = spec.get("template", {}).get("spec", {}).get("containers") or ()
    return Row(
        (
            name(job),
            status_of(job),
            completions_of(job),
            duration_of(job, now),
            age(job, now),
            joined(container["name"] for container in containers),
            joined(container.get("image", "") for container in containers),
            selector_of(spec.get("selector") or {}) or NONE,
        )
    )


PRINTER = Printer(COLUMNS, row)
