from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from localjobs.api import objects
from localjobs.api.objects import Object
from localjobs.api.resources import JOBS, PODS, Resource
from localjobs.errors import UnknownError
from localjobs.store import version as version_module
from localjobs.store import watch as watch_module
from localjobs.store.list_options import ListOptions
from localjobs.store.selection import Selection
from localjobs.store.store import Store
from localjobs.store.watch import Watch
from localjobs.store.watch_hub import WatchHub
from tests.store.samples import job, pod

FROM_NOW = ListOptions(watch=True)
WITH_STATE = ListOptions(
    watch=True, send_initial_events=True, resource_version_match="NotOlderThan"
)


@pytest.fixture
def hub(store: Store) -> WatchHub:
    return WatchHub(store)


def select(resource: Resource = JOBS, namespace: str | None = "default", **by: str) -> Selection:
    return Selection.parse(resource, namespace, by.get("labels", ""), by.get("fields", ""))


def told(watch: Watch) -> list[tuple[str, str, Any]]:
    """(type, name, label p) of what is queued; every frame is what it should be."""
    events = watch.take()
    for event in events:
        assert json.loads(event.frame) == {"type": event.type, "object": event.object}
        assert event.frame.endswith(b"\n")
    return [
        (event.type, objects.name(event.object), objects.labels(event.object).get("p"))
        for event in events
    ]


def labelled(name: str, p: str | None) -> Object:
    return job(name, labels={"p": p}) if p else job(name)


def play(store: Store) -> None:
    """a comes with p=1, b without; a goes to p=2, b to p=1; a is deleted."""
    store.insert(JOBS, labelled("a", "1"))
    store.insert(JOBS, labelled("b", None))
    store.flush()
    store.replace(JOBS, labelled("a", "2"))
    store.replace(JOBS, labelled("b", "1"))
    store.flush()
    store.remove(JOBS, "default", "a")
    store.flush()


EVERYTHING = [
    ("ADDED", "a", "1"),
    ("ADDED", "b", None),
    ("MODIFIED", "a", "2"),
    ("MODIFIED", "b", "1"),
    ("DELETED", "a", "2"),
]


@pytest.mark.parametrize(
    ("selection", "expected"),
    [
        (select(), EVERYTHING),
        (select(namespace=None), EVERYTHING),
        (select(namespace="other"), []),
        (select(PODS), []),
        (select(labels="p=1"), [("ADDED", "a", "1"), ("DELETED", "a", "1"), ("ADDED", "b", "1")]),
        (
            select(labels="p!=1"),
            [
                ("ADDED", "b", None),
                ("ADDED", "a", "2"),
                ("DELETED", "b", None),
                ("DELETED", "a", "2"),
            ],
        ),
        (
            select(fields="metadata.name=b"),
            [("ADDED", "b", None), ("MODIFIED", "b", "1")],
        ),
        (select(fields="metadata.name=b", labels="p"), [("ADDED", "b", "1")]),
    ],
)
@pytest.mark.parametrize("replayed", [False, True])
def test_a_watch_tells_of_its_selection(
    store: Store,
    hub: WatchHub,
    selection: Selection,
    expected: list[tuple[str, str, Any]],
    replayed: bool,
) -> None:
    store.insert(PODS, pod())
    store.flush()
    start = str(store.resource_version)
    if replayed:
        play(store)
    watch = hub.watch(selection, ListOptions(watch=True, resource_version=start))
    if not replayed:
        play(store)
    assert told(watch) == expected
    watch.close()


def test_an_object_that_leaves_is_told_as_it_was_at_the_version_of_its_leaving(
    store: Store, hub: WatchHub
) -> None:
    watch = hub.watch(select(labels="p=1"), FROM_NOW)
    store.insert(JOBS, labelled("a", "1"))
    left = store.replace(JOBS, labelled("a", "2"))
    store.flush()
    added, deleted = watch.take()
    version = left["metadata"]["resourceVersion"]
    assert deleted.object == objects.with_metadata(added.object, resourceVersion=version)


@pytest.mark.parametrize("version", ["", "0"])
def test_a_watch_from_nowhere_tells_the_state_first(
    store: Store, hub: WatchHub, version: str
) -> None:
    store.insert(JOBS, job("committed"))
    store.flush()
    store.insert(JOBS, job("fresh"))
    watch = hub.watch(select(), ListOptions(watch=True, resource_version=version))
    store.flush()
    assert told(watch) == [("ADDED", "committed", None), ("ADDED", "fresh", None)], "each once"


def test_initial_events_end_with_a_bookmark(store: Store, hub: WatchHub) -> None:
    stored = store.insert(JOBS, job())
    store.flush()
    options = ListOptions(
        watch=True,
        send_initial_events=True,
        resource_version_match="NotOlderThan",
        allow_watch_bookmarks=True,
    )
    added, bookmark = hub.watch(select(), options).take()
    assert (added.type, added.object) == ("ADDED", stored)
    assert (bookmark.type, bookmark.object) == (
        "BOOKMARK",
        {
            "kind": "Job",
            "apiVersion": "batch/v1",
            "metadata": {
                "resourceVersion": "1",
                "annotations": {"k8s.io/initial-events-end": "true"},
            },
        },
    )
    assert [event.type for event in hub.watch(select(), WITH_STATE).take()] == ["ADDED"]


def test_initial_events_can_be_refused(store: Store, hub: WatchHub) -> None:
    store.insert(JOBS, job())
    store.flush()
    options = ListOptions(watch=True, send_initial_events=False)
    assert told(hub.watch(select(), options)) == []


def test_a_bookmark_says_how_far_the_client_has_come(store: Store, hub: WatchHub) -> None:
    watch = hub.watch(select(), FROM_NOW)
    store.insert(PODS, pod())
    store.insert(JOBS, job())
    store.insert(PODS, pod("q"))
    store.flush()
    watch.bookmark()
    added, bookmark = watch.take()
    assert added.type == "ADDED"
    assert bookmark.object["metadata"] == {"resourceVersion": "3"}


def test_a_forgotten_version_is_an_error_event() -> None:
    store = Store.open(None, history=2)
    hub = WatchHub(store)
    for name in "abcd":
        store.insert(JOBS, job(name))
    store.flush()
    watch = hub.watch(select(), ListOptions(watch=True, resource_version="1"))
    (event,) = watch.take()
    assert event.type == "ERROR"
    assert event.object["code"] == 410
    assert event.object["reason"] == "Expired"
    assert event.object["message"] == "too old resource version: 1 (2)"
    assert watch.is_closed


def test_what_no_watch_was_told_cannot_be_gone_on_with(store: Store) -> None:
    store.insert(JOBS, job("before"))
    store.flush()
    store.insert(JOBS, job("too"))
    store.flush()
    hub = WatchHub(store)
    (event,) = hub.watch(select(), ListOptions(watch=True, resource_version="1")).take()
    assert event.object["message"] == "too old resource version: 1 (2)"


def test_a_version_to_come_is_waited_for(store: Store, hub: WatchHub) -> None:
    watch = hub.watch(select(), ListOptions(watch=True, resource_version="2"))
    for name in "abc":
        store.insert(JOBS, job(name))
    store.flush()
    assert told(watch) == [("ADDED", "c", None)]


def test_the_state_at_a_version_to_come_is_an_error(store: Store, hub: WatchHub) -> None:
    options = ListOptions(watch=True, send_initial_events=True, resource_version="9")
    watch = hub.watch(select(), options)
    (event,) = watch.take()
    assert (event.type, event.object["code"], event.object["reason"]) == ("ERROR", 504, "Timeout")
    assert event.object["message"] == "Timeout: Too large resource version: 9, current: 0"
    assert watch.is_closed


def test_a_version_that_is_no_number_is_told_so(hub: WatchHub) -> None:
    with pytest.raises(UnknownError, match='resourceVersion: Invalid value: "x": strconv'):
        hub.watch(select(), ListOptions(watch=True, resource_version="x"))


def test_a_slow_client_is_told_to_start_again(
    store: Store, hub: WatchHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watch_module, "MOST_QUEUED", 3)
    watch = hub.watch(select(), FROM_NOW)
    for name in "abcdef":
        store.insert(JOBS, job(name))
    store.flush()
    (event,) = watch.take()
    assert (event.type, event.object["code"]) == ("ERROR", 410)
    assert watch.is_closed
    store.insert(JOBS, job("g"))
    store.flush()
    assert watch.take() == ()


async def test_a_watch_is_iterated_and_ends_when_closed(store: Store, hub: WatchHub) -> None:
    watch = hub.watch(select(), FROM_NOW)
    heard: list[str] = []

    async def follow() -> None:
        async for events in watch:
            heard.extend(objects.name(event.object) for event in events)

    following = asyncio.ensure_future(follow())
    for name in "ab":
        store.insert(JOBS, job(name))
        await store.durable()
        await asyncio.sleep(0)  # the follower's turn
    store.insert(JOBS, job("c"))
    store.flush()
    hub.close()
    await asyncio.wait_for(following, 5)
    assert heard == ["a", "b", "c"], "what was queued is delivered before the end"


def test_a_closed_watch_leaves_nothing_behind(store: Store, hub: WatchHub) -> None:
    selections = [
        select(),
        select(labels="p=1"),
        select(labels="p=1"),
        select(fields="metadata.name=x"),
    ]
    watches = [hub.watch(selection, FROM_NOW) for selection in selections]
    for watch in watches:
        watch.close()
        watch.close()
    assert (hub._places, hub._label_keys) == ({}, {})


def test_a_burst_is_encoded_once_for_all_watches(monkeypatch: pytest.MonkeyPatch) -> None:
    encoded = 0
    encode = version_module.encode

    def count(value: Any) -> bytes:
        nonlocal encoded
        encoded += 1
        return encode(value)

    monkeypatch.setattr(version_module, "encode", count)
    store = Store.open(None)
    hub = WatchHub(store)
    watches = [hub.watch(select(), FROM_NOW) for _ in range(20)]
    watches += [hub.watch(select(labels="p"), FROM_NOW) for _ in range(20)]
    for number in range(50):
        store.insert(JOBS, labelled(f"j{number}", "1"))
    store.flush()
    frames = [[event.frame for event in watch.take()] for watch in watches]
    assert all(one == frames[0] for one in frames)
    assert encoded == 50


def test_idle_watches_are_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = 0
    matches = Selection.matches

    def count(selection: Selection, obj: Object) -> bool:
        nonlocal asked
        asked += 1
        return matches(selection, obj)

    store = Store.open(None)
    hub = WatchHub(store)
    for number in range(1000):
        hub.watch(select(fields=f"metadata.name=other-{number}"), FROM_NOW)
        hub.watch(select(labels=f"p=other-{number}"), FROM_NOW)
        hub.watch(select(namespace=f"other-{number}"), FROM_NOW)
    monkeypatch.setattr(Selection, "matches", count)
    store.insert(JOBS, labelled("a", "1"))
    store.flush()
    assert asked == 0
