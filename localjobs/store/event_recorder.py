"""Events: what controllers and the kubelet tell about an object.

As client-go's recorder correlates them (tools/record/events_cache.go): an event told before is
counted up instead of written again; from the tenth different message of one kind within ten
minutes on, they share one event. Upstream also drops events past a rate, to spare its API
server; here none is dropped.
"""

from __future__ import annotations

from typing import Generic, TypeAlias, TypeVar

from msgspec import Struct, field

from localjobs.api import objects, timestamps
from localjobs.api.objects import Object
from localjobs.api.resources import EVENTS, NAMESPACES
from localjobs.clock import Clock
from localjobs.identities import Identities
from localjobs.store.store import Store
from localjobs.store.version import encode

MOST_SIMILAR = 10
SIMILAR_WITHIN_SECONDS = 600.0
MOST_REMEMBERED = 4096
COMBINED = "(combined from similar events): "
KUBELET = "kubelet"

Key: TypeAlias = tuple[str, ...]
_Value = TypeVar("_Value")


class _Similar(Struct):
    """Events that differ in their message alone."""

    last: float
    messages: set[str] = field(default_factory=set)


class _Metadata(Struct, rename="camel"):
    name: str
    namespace: str
    uid: str
    creation_timestamp: str
    resource_version: str = ""


class _Event(Struct, rename="camel", kw_only=True):
    """A new event: encoded as it is, a dict of it is made only for those who read it."""

    kind: str = EVENTS.kind
    api_version: str = EVENTS.api_version
    metadata: _Metadata | None = None
    involved_object: Object
    reason: str
    message: str
    type: str
    source: Object
    first_timestamp: str
    last_timestamp: str
    count: int = 1
    event_time: None = None
    reporting_component: str
    reporting_instance: str


class EventRecorder:
    """Writes events to the store. `node` is the host that the kubelet's events come from."""

    def __init__(self, store: Store, clock: Clock, identities: Identities, node: str = "") -> None:
        self._store = store
        self._clock = clock
        self._identities = identities
        self._node = node
        self._similar: _Recent[_Similar] = _Recent()
        self._names: _Recent[tuple[str, str]] = _Recent()
        self._last_about: tuple[Object, str | None, Object, Key] | None = None
        self._last_stamp = 0
        self._second, self._second_text = -1, ""

    def record(
        self,
        regarding: Object,
        type: str,  # noqa: A002 - the field's name
        reason: str,
        message: str,
        component: str,
        field_path: str | None = None,
    ) -> None:
        """Tell that something happened to an object. `type` is Normal or Warning."""
        involved, whom = self._about(regarding, field_path)
        namespace = involved.get("namespace") or "default"
        if self._is_ending(namespace):
            return  # nothing new comes into a namespace that is being deleted
        now = self._clock.now()
        kind = (component, *whom, type, reason)
        key, message = self._correlate(kind, involved.get("fieldPath", ""), message, now)
        if not self._count_up(key, message, now):
            told = (type, reason, message)
            self._write(key, namespace, self._event(involved, told, component, now))

    def _about(self, regarding: Object, field_path: str | None) -> tuple[Object, Key]:
        """The reference to an object, and what identifies it, whatever version of it that is."""
        last = self._last_about  # several events in a row tell of the same
        if last is not None and last[0] is regarding and last[1] == field_path:
            return last[2], last[3]
        found = _reference(regarding, field_path)
        get = found.get
        whom = (
            found["kind"],
            get("namespace", ""),
            found["name"],
            get("uid", ""),
            get("apiVersion", ""),
        )
        self._last_about = regarding, field_path, found, whom
        return found, whom

    def _is_ending(self, namespace: str) -> bool:
        found = self._store.get(NAMESPACES, "", namespace)
        return found is not None and objects.is_deleting(found)

    def _correlate(self, kind: Key, place: str, message: str, now: float) -> tuple[Key, str]:
        """The key to remember the event by, and its message: its own, or the combined one."""
        similar = self._similar.get(kind)
        if similar is None or now - similar.last > SIMILAR_WITHIN_SECONDS:
            similar = self._similar.put(kind, _Similar(now))
        similar.last = now
        similar.messages.add(message)
        if len(similar.messages) < MOST_SIMILAR:
            return (*kind, place, message), message
        similar.messages.pop()
        return kind, COMBINED + message

    def _count_up(self, key: Key, message: str, now: float) -> bool:
        """Count an event that was told before; False if there is none."""
        place = self._names.get(key)
        event = self._store.get(EVENTS, *place) if place is not None else None
        if event is None:
            return False
        counted = {
            **event,
            "message": message,
            "count": event["count"] + 1,
            "lastTimestamp": self._rendered(now),
        }
        self._store.replace(EVENTS, counted)
        return True

    def _event(
        self, involved: Object, told: tuple[str, str, str], component: str, now: float
    ) -> _Event:
        type_, reason, message = told
        host = self._node if component == KUBELET else ""
        source = {"component": component, "host": host} if host else {"component": component}
        at = self._rendered(now)
        return _Event(
            involved_object=involved,
            reason=reason,
            message=message,
            type=type_,
            source=source,
            first_timestamp=at,
            last_timestamp=at,
            reporting_component=component,
            reporting_instance=host,
        )

    def _write(self, key: Key, namespace: str, event: _Event) -> None:
        name = self._free_name(namespace, event.involved_object["name"])
        meta = event.metadata = _Metadata(
            name, namespace, self._identities.uid(), event.first_timestamp
        )

        def encoded(resource_version: str) -> bytes:
            meta.resource_version = resource_version
            return encode(event)

        self._store.insert_at_rest(EVENTS, (namespace, name), encoded)
        self._names.put(key, (namespace, name))

    def _free_name(self, namespace: str, prefix: str) -> str:
        """A name that no event has: the clock may have been set back since the last start."""
        while True:
            name = f"{prefix}.{self._stamp():016x}"
            if self._store.version(EVENTS, namespace, name) is None:
                return name

    def _rendered(self, now: float) -> str:
        """The time as text, made once a second."""
        if int(now) != self._second:
            self._second, self._second_text = int(now), timestamps.render(now)
        return self._second_text

    def _stamp(self) -> int:
        """The time in nanoseconds, but never the same one twice: names are made of it."""
        self._last_stamp = max(int(self._clock.now() * 1e9), self._last_stamp + 1)
        return self._last_stamp


def _reference(obj: Object, field_path: str | None) -> Object:
    """The `ObjectReference` of an object."""
    meta = obj["metadata"]
    found = {
        "kind": obj["kind"],
        "namespace": meta.get("namespace"),
        "name": meta["name"],
        "uid": meta.get("uid"),
        "apiVersion": obj["apiVersion"],
        "resourceVersion": meta.get("resourceVersion"),
        "fieldPath": field_path,
    }
    return {key: value for key, value in found.items() if value}


class _Recent(Generic[_Value]):
    """What was put in or asked for last, at most `MOST_REMEMBERED` of it."""

    # Two generations: the older one is dropped at once, when the younger one is full.

    def __init__(self) -> None:
        self._young: dict[Key, _Value] = {}
        self._old: dict[Key, _Value] = {}

    def get(self, key: Key) -> _Value | None:
        found = self._young.get(key)
        if found is None and (found := self._old.get(key)) is not None:
            self.put(key, found)
        return found

    def put(self, key: Key, value: _Value) -> _Value:
        """Remember it; returns the value."""
        self._young[key] = value
        if len(self._young) >= MOST_REMEMBERED // 2:
            self._old, self._young = self._young, {}
        return value
