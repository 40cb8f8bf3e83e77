"""Events as rows (printers.go, printEvent)."""

from localjobs.api.objects import Object, name
from localjobs.apiserver.tables.table import NAME, Column, Printer, Row, since

COLUMNS = (
    Column("Last Seen", "When this last happened."),
    Column("Type", "Normal or Warning."),
    Column("Reason", "Why it happened, in one word."),
    Column("Object", "What it happened to."),
    Column("Subobject", "The part of the object it happened to.", priority=1),
    Column("Source", "The component that reported it.", priority=1),
    Column("Message", "What happened, for people."),
    Column("First Seen", "When this first happened.", priority=1),
    Column("Count", "How often it has happened.", type="integer", priority=1),
    Column("Name", NAME.description, format="name", priority=1),
)


def row(event: Object, now: float) -> Row:
    """One event."""
    first_seen = since(event.get("firstTimestamp") or event.get("eventTime"), now)
    last_seen = since(event["lastTimestamp"], now) if event.get("lastTimestamp") else first_seen
    count = event.get("count") or 1
    if series := event.get("series"):
        last_seen, count = since(series.get("lastObservedTime"), now), series.get("count", 0)
    involved = event.get("involvedObject") or {}
    kind, about = (involved.get("kind") or "").lower(), involved.get("name") or ""
    return Row(
        (
            last_seen,
            event.get("type", ""),
            event.get("reason", ""),
            f"{kind}/{about}" if about else kind,
            involved.get("fieldPath", ""),
            _source(event),
            (event.get("message") or "").strip(),
            first_seen,
            count,
            name(event),
        )
    )


def _source(event: Object) -> str:
    source = event.get("source") or {}
    component = source.get("component") or event.get("reportingComponent") or ""
    host = source.get("host") or event.get("reportingInstance") or ""
    return f"{component}, {host}" if host else component


PRINTER = Printer(COLUMNS, row)
