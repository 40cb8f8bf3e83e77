"""CronJobs as rows (printers.go, printCronJob)."""

from localjobs.api.objects import Object, name
from localjobs.apiserver.tables import job
from localjobs.apiserver.tables.table import (
    AGE,
    NAME,
    NONE,
    Column,
    Printer,
    Row,
    age,
    joined,
    since,
)

COLUMNS = (
    NAME,
    Column("Schedule", "The schedule in Cron format, see https://en.wikipedia.org/wiki/Cron."),
    Column(
        "Timezone",
        "The time zone name for the given schedule, see "
        "https://en.wikipedia.org/wiki/List_of_tz_database_time_zones. If not specified, this "
        "will default to the time zone of the kube-controller-manager process. The set of valid "
        "time zone names and the time zone offset is loaded from the system-wide time zone "
        "database by the API server during CronJob validation and the controller manager during "
        "execution. If no system-wide time zone database can be found a bundled version of the "
        "database is used instead. If the time zone name becomes invalid during the lifetime of "
        "a CronJob or due to a change in host configuration, the controller will stop creating "
        "new new Jobs and will create a system event with the reason UnknownTimeZone. More "
        "information can be found in https://kubernetes.io/docs/concepts/workloads/controllers/"
        "cron-jobs/#time-zones",
    ),
    Column(
        "Suspend",
        "This flag tells the controller to suspend subsequent executions, it does not apply to "
        "already started executions.  Defaults to false.",
        type="boolean",
    ),
    Column("Active", "A list of pointers to currently running jobs.", type="integer"),
    Column(
        "Last Schedule",
        "Information when was the last time the job was successfully scheduled.",
    ),
    AGE,
    *(column for column in job.COLUMNS if column.priority),
)


def row(cron_job: Object, now: float) -> Row:
    """One CronJob."""
    spec, status = cron_job.get("spec") or {}, cron_job.get("status") or {}
    template = (spec.get("jobTemplate") or {}).get("spec") or {}
    last = status.get("lastScheduleTime")
    containers = ((template.get("template") or {}).get("spec") or {}).get("containers") or ()
    return Row(
        (
            name(cron_job),
            spec.get("schedule", ""),
            spec.get("timeZone", NONE),
            str(spec["suspend"]) if "suspend" in spec else "<unset>",
            len(status.get("active") or ()),
            since(last, now) if last else NONE,
            age(cron_job, now),
            joined(container["name"] for container in containers),
            joined(container.get("image", "") for container in containers),
            job.selector_of(template.get("selector") or {}) or NONE,
        )
    )


PRINTER = Printer(COLUMNS, row)
