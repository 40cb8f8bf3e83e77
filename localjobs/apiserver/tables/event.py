"""Events as rows (printers.go, printEvent)."""

from localjobs.api.objects import Object, metadata
from localjobs.apiserver.tables.table import NAME, UNKNOWN, Column, Printer, Row, since

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
    created = event.get("eventTime") or metadata(event).get("creationTimestamp")
    first = event.get("firstTimestamp") or created
    last = event.get("lastTimestamp") or (event.get("series") or {}).get("lastObservedTime")
    involved = event.get("involvedObject") or {}
    kind, name = (involved.get("kind") or "").lower(), involved.get("name") or ""
    first_seen = since(first, now)
    return Row(
        (
            since(last, now) if last else first_seen,
            event.get("type", ""),
            event.get("reason", ""),
            f"{kind}/{name}" if name else kind,
            involved.get("fieldPath", ""),
            _source(event),
            (event.get("message") or "").strip(),
            first_seen or UNKNOWN,
            (event.get("series") or {}).get("count") or event.get("count") or 1,
            metadata(event)["name"],
        )
    )


def _source(event: Object) -> str:
    source = event.get("source") or {}
    component = source.get("component") or event.get("reportingComponent") or ""
    host = source.get("host") or event.get("reportingInstance") or ""
    return f"{component}, {host}" if host else component


PRINTER = Printer(COLUMNS, row)
