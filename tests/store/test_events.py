from __future__ import annotations

import re
from typing import Any

import pytest

from localjobs.api import objects, timestamps
from localjobs.api.objects import Object
from localjobs.api.resources import EVENTS, JOBS, NAMESPACES
from localjobs.clock import VirtualClock
from localjobs.identities import RandomIdentities
from localjobs.store.event_expiry import DEFAULT_LIFETIME_SECONDS, EventExpiry
from localjobs.store.event_recorder import EventRecorder
from localjobs.store.store import Store
from tests.store.samples import job, namespace, pod


@pytest.fixture
def recorder(store: Store, clock: VirtualClock) -> EventRecorder:
    return EventRecorder(store, clock, RandomIdentities(1), "machine")


def told(store: Store) -> list[tuple[Any, ...]]:
    members = ("type", "reason", "message", "count")
    return [tuple(event[name] for name in members) for event in store.list(EVENTS)]


def test_an_event_says_what_happened_to_whom(
    store: Store, clock: VirtualClock, recorder: EventRecorder
) -> None:
    regarding = store.insert(JOBS, job())
    recorder.record(regarding, "Normal", "Completed", "Job completed", "job-controller")
    (event,) = store.list(EVENTS)
    assert re.fullmatch(r"j\.[0-9a-f]{16}", objects.name(event))
    at = timestamps.render(clock.now())
    assert {name: value for name, value in event.items() if name != "metadata"} == {
        "kind": "Event",
        "apiVersion": "v1",
        "involvedObject": {
            "kind": "Job",
            "namespace": "default",
            "name": "j",
            "uid": "uid-default-j",
            "apiVersion": "batch/v1",
            "resourceVersion": "1",
        },
        "type": "Normal",
        "reason": "Completed",
        "message": "Job completed",
        "source": {"component": "job-controller"},
        "firstTimestamp": at,
        "lastTimestamp": at,
        "count": 1,
        "eventTime": None,
        "reportingComponent": "job-controller",
        "reportingInstance": "",
    }


def test_the_kubelet_says_where_it_is_and_which_container(
    store: Store, recorder: EventRecorder
) -> None:
    recorder.record(
        pod(), "Normal", "Started", "Container started", "kubelet", "spec.containers{c}"
    )
    (event,) = store.list(EVENTS)
    assert event["source"] == {"component": "kubelet", "host": "machine"}
    assert event["reportingInstance"] == "machine"
    assert event["involvedObject"]["fieldPath"] == "spec.containers{c}"


def test_half_a_character_in_a_message_is_read_as_go_reads_it(
    store: Store, recorder: EventRecorder
) -> None:
    recorder.record(store.insert(JOBS, job()), "Warning", "Failed", "half \ud83d", "kubelet")
    assert [event["message"] for event in store.list(EVENTS)] == ["half \ufffd"]


def test_the_same_event_is_counted(
    store: Store, clock: VirtualClock, recorder: EventRecorder
) -> None:
    for version in range(3):
        seen = pod(resourceVersion=str(version))
        recorder.record(seen, "Warning", "BackOff", "Back-off", "kubelet")
        clock.advance(7)
    recorder.record(pod("other"), "Warning", "BackOff", "Back-off", "kubelet")
    first, other = sorted(store.list(EVENTS), key=lambda event: -int(event["count"]))
    assert (first["count"], other["count"]) == (3, 1)
    seconds = timestamps.parse(first["lastTimestamp"]) - timestamps.parse(first["firstTimestamp"])
    assert seconds == 14


def test_each_container_has_its_own_events(store: Store, recorder: EventRecorder) -> None:
    for container in "ab":
        place = f"spec.containers{{{container}}}"
        recorder.record(pod(), "Normal", "Started", "Container started", "kubelet", place)
    assert told(store) == [("Normal", "Started", "Container started", 1)] * 2


def test_an_event_that_is_gone_is_told_anew(store: Store, recorder: EventRecorder) -> None:
    recorder.record(pod(), "Normal", "R", "m", "kubelet")
    (event,) = store.list(EVENTS)
    store.remove(EVENTS, "default", objects.name(event))
    recorder.record(pod(), "Normal", "R", "m", "kubelet")
    assert told(store) == [("Normal", "R", "m", 1)]


def test_from_the_tenth_on_similar_events_are_combined(
    store: Store, clock: VirtualClock, recorder: EventRecorder
) -> None:
    for number in range(40):
        seen = job(resourceVersion=str(number))
        recorder.record(seen, "Normal", "SuccessfulCreate", f"Created pod: {number}", "c")
    recorder.record(job(), "Normal", "Completed", "Job completed", "c")
    found = told(store)
    assert len(found) == 11
    combined = "(combined from similar events): Created pod: 39"
    assert ("Normal", "SuccessfulCreate", combined, 31) in found
    clock.advance(601)
    recorder.record(job(), "Normal", "SuccessfulCreate", "Created pod: later", "c")
    assert ("Normal", "SuccessfulCreate", "Created pod: later", 1) in told(store)


def test_a_namespace_that_ends_gets_no_events(store: Store, recorder: EventRecorder) -> None:
    ending: Object = objects.with_metadata(namespace(), deletionTimestamp="2026-01-01T00:00:00Z")
    store.insert(NAMESPACES, ending)
    recorder.record(pod(), "Normal", "R", "m", "kubelet")
    assert told(store) == []


def test_what_has_no_namespace_is_told_of_in_default(store: Store, recorder: EventRecorder) -> None:
    node = {"kind": "Node", "apiVersion": "v1", "metadata": {"name": "n"}}
    recorder.record(node, "Normal", "Starting", "m", "kubelet")
    assert [objects.namespace(event) for event in store.list(EVENTS)] == ["default"]


def test_events_are_forgotten_after_an_hour(
    store: Store, clock: VirtualClock, recorder: EventRecorder
) -> None:
    recorder.record(pod("before"), "Normal", "R", "m", "kubelet")
    EventExpiry(store, clock).start()
    clock.advance(600)
    recorder.record(pod("after"), "Normal", "R", "m", "kubelet")
    store.flush()
    clock.advance(DEFAULT_LIFETIME_SECONDS - 600 - 1)
    assert len(store.list(EVENTS)) == 2
    clock.advance(61)
    (left,) = store.list(EVENTS)
    assert left["involvedObject"]["name"] == "after"
    clock.advance(600)
    assert store.list(EVENTS) == []


def test_an_event_told_again_lives_on(
    store: Store, clock: VirtualClock, recorder: EventRecorder
) -> None:
    EventExpiry(store, clock).start()
    recorder.record(pod(), "Normal", "R", "m", "kubelet")
    store.flush()
    clock.advance(DEFAULT_LIFETIME_SECONDS - 60)
    recorder.record(pod(), "Normal", "R", "m", "kubelet")
    clock.advance(DEFAULT_LIFETIME_SECONDS - 60)
    assert told(store) == [("Normal", "R", "m", 2)]
    clock.advance(121)
    assert told(store) == []


def test_an_event_deleted_before_its_time_is_no_trouble(
    store: Store, clock: VirtualClock, recorder: EventRecorder
) -> None:
    EventExpiry(store, clock).start()
    recorder.record(pod(), "Normal", "R", "m", "kubelet")
    store.flush()
    (event,) = store.list(EVENTS)
    store.remove(EVENTS, "default", objects.name(event))
    clock.advance(DEFAULT_LIFETIME_SECONDS + 61)
    assert told(store) == []
