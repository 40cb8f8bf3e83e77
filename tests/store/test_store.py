from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from localjobs.api import objects
from localjobs.api.resources import CONFIGMAPS, JOBS, NAMESPACES, PODS
from localjobs.errors import AlreadyExists, Expired, NotFound
from localjobs.store.changes import Change, ChangeType
from localjobs.store.store import Store
from tests.store.samples import config_map, job, namespace, owner, pod


def test_an_inserted_object_is_read_back_with_the_next_version(store: Store) -> None:
    stored = store.insert(JOBS, job("a"))
    assert stored == objects.with_metadata(job("a"), resourceVersion="1")
    assert store.get(JOBS, "default", "a") is stored
    assert store.by_uid("uid-default-a") is stored
    assert store.resource_version == 1


def test_what_is_not_there_is_none(store: Store) -> None:
    assert store.get(JOBS, "default", "a") is None
    assert store.by_uid("u") is None
    assert store.list(JOBS) == []
    assert list(store.owned("u")) == []


def test_a_name_is_taken_once_per_resource_and_namespace(store: Store) -> None:
    store.insert(JOBS, job("a"))
    store.insert(PODS, pod("a"))
    store.insert(JOBS, job("a", "other"))
    with pytest.raises(AlreadyExists, match=r'^jobs.batch "a" already exists$') as caught:
        store.insert(JOBS, job("a"))
    assert caught.value.to_status()["details"] == {"name": "a", "group": "batch", "kind": "jobs"}


def test_a_replaced_object_has_a_new_version(store: Store) -> None:
    first = store.insert(JOBS, job())
    second = store.replace(JOBS, objects.with_status(first, {"active": 1}))
    assert second["metadata"]["resourceVersion"] == "2"
    assert second["status"] == {"active": 1}
    assert first["status"] == {}, "an object that was given out stays as it was"


def test_an_equal_object_is_no_write(store: Store) -> None:
    first = store.insert(JOBS, job())
    assert store.replace(JOBS, objects.with_metadata(first, resourceVersion="77")) is first
    assert store.replace(JOBS, job()) is first
    assert store.resource_version == 1


def test_what_is_not_there_cannot_be_replaced_or_removed(store: Store) -> None:
    with pytest.raises(NotFound, match=r'^jobs.batch "j" not found$'):
        store.replace(JOBS, job())
    with pytest.raises(NotFound, match=r'^pods "p" not found$'):
        store.remove(PODS, "default", "p")


def test_a_removed_object_is_gone_everywhere(store: Store) -> None:
    parent = job()
    store.insert(PODS, pod(ownerReferences=[owner(parent)]))
    assert store.remove(PODS, "default", "p")["metadata"]["resourceVersion"] == "2"
    assert store.get(PODS, "default", "p") is None
    assert store.by_uid("pod-default-p") is None
    assert list(store.owned(objects.uid(parent))) == []


def test_a_name_can_be_used_again_in_the_same_turn(store: Store) -> None:
    store.insert(PODS, pod(uid="one"))
    store.flush()
    store.remove(PODS, "default", "p")
    store.insert(PODS, pod(uid="two"))
    assert store.by_uid("one") is None
    assert store.by_uid("two") == store.get(PODS, "default", "p")


def test_lists_are_sorted_and_scoped(store: Store) -> None:
    for name, place in (("b", "x"), ("a", "x"), ("c", "a-b"), ("d", "a")):
        store.insert(JOBS, job(name, place))
    assert [objects.name(one) for one in store.list(JOBS, "x")] == ["a", "b"]
    # As upstream's keys sort: "a-b/" is before "a/".
    assert [objects.name(one) for one in store.list(JOBS)] == ["c", "d", "a", "b"]
    assert store.list(JOBS, "nowhere") == []


def test_cluster_scoped_objects_have_no_namespace(store: Store) -> None:
    stored = store.insert(NAMESPACES, namespace("n"))
    assert store.get(NAMESPACES, "", "n") is stored
    assert store.list(NAMESPACES) == [stored]


def test_owned_objects_follow_their_references(store: Store) -> None:
    one, two = job("one"), job("two")
    child = store.insert(PODS, pod(ownerReferences=[owner(one)]))
    assert list(store.owned(objects.uid(one))) == [child]
    child = store.replace(PODS, objects.with_metadata(child, ownerReferences=[owner(two)]))
    assert list(store.owned(objects.uid(one))) == []
    assert list(store.owned(objects.uid(two))) == [child]
    assert list(store.owned_uids(objects.uid(two))) == [objects.uid(child)]
    store.replace(PODS, objects.with_metadata(child, ownerReferences=None))
    assert list(store.owned(objects.uid(two))) == []


def _told(change: Change) -> object:
    return change.type, change.resource, change.object, change.previous, change.resource_version


def test_listeners_hear_of_a_turn_at_once_and_in_order(store: Store) -> None:
    heard: list[list[object]] = []
    unsubscribe = store.subscribe(lambda changes: heard.append(list(map(_told, changes))))
    first = store.insert(JOBS, job())
    second = store.replace(JOBS, objects.with_status(first, {"active": 1}))
    last = store.remove(JOBS, "default", "j")
    assert heard == []
    store.flush()
    assert heard == [
        [
            (ChangeType.ADDED, JOBS, first, None, 1),
            (ChangeType.MODIFIED, JOBS, second, first, 2),
            (ChangeType.DELETED, JOBS, last, second, 3),
        ]
    ]
    unsubscribe()
    unsubscribe()
    store.insert(JOBS, job())
    store.flush()
    assert len(heard) == 1


def test_what_a_listener_writes_is_news_of_the_next_turn(store: Store) -> None:
    heard: list[int] = []

    def listener(changes: Sequence[Change]) -> None:
        heard.append(len(changes))
        if store.get(PODS, "default", "p") is None:
            store.insert(PODS, pod())
            store.flush()  # within the news, this waits for its end

    store.subscribe(listener)
    store.insert(JOBS, job())
    store.flush()
    assert heard == [1, 1]


def test_a_failing_listener_keeps_no_news_from_the_others(store: Store) -> None:
    heard: list[Change] = []

    def defect(changes: Sequence[Change]) -> None:
        raise ZeroDivisionError

    unsubscribe = store.subscribe(defect)
    store.subscribe(heard.extend)
    store.insert(JOBS, job())
    with pytest.raises(ExceptionGroup, match="listeners of the store failed") as caught:
        store.flush()
    assert [type(error) for error in caught.value.exceptions] == [ZeroDivisionError]
    assert len(heard) == 1
    unsubscribe()


def test_history_is_told_from_any_version_it_knows(store: Store) -> None:
    for name in "abc":
        store.insert(JOBS, job(name))
    store.insert(PODS, pod())
    assert store.changes_since(0) == [], "not before the commit"
    store.flush()
    assert [change.resource_version for change in store.changes_since(1)] == [2, 3, 4]
    assert [change.resource_version for change in store.changes_since(1, JOBS)] == [2, 3]
    assert store.changes_since(4) == []
    assert store.changes_since(9) == []


def test_history_is_bounded_per_resource() -> None:
    store = Store.open(None, history=2)
    store.insert(JOBS, job())
    for name in "abc":
        store.insert(CONFIGMAPS, config_map(name))
    store.flush()
    assert len(store.changes_since(0, JOBS)) == 1
    assert [change.resource_version for change in store.changes_since(2, CONFIGMAPS)] == [3, 4]
    with pytest.raises(Expired, match=r"^too old resource version: 1 \(2\)$"):
        store.changes_since(1, CONFIGMAPS)
    with pytest.raises(Expired):
        store.changes_since(1)


def test_records_are_kept_per_table(store: Store) -> None:
    store.record("pods", "a", {"pid": 1})
    store.record("pods", "b", [1, 2])
    store.record("files", "a", "x")
    store.record("pods", "b", None)
    store.record("pods", "never", None)
    assert store.records("pods") == {"a": {"pid": 1}}
    assert store.records("files") == {"a": "x"}
    assert store.records("none") == {}


def test_the_state_at_an_earlier_version_is_known(store: Store) -> None:
    for name in "abc":
        store.insert(JOBS, job(name))
    before = store.list(JOBS)
    version = store.resource_version
    store.remove(JOBS, "default", "b")
    store.flush()
    store.insert(JOBS, job("d"))
    store.replace(JOBS, objects.with_status(before[0], {"active": 1}))
    assert [v.object for v in store.versions_at(JOBS, "default", version)] == before
    assert [v.object for v in store.versions_at(JOBS, None, version)] == before
    assert store.versions_at(JOBS, "other", version) == []
    assert store.versions_at(JOBS, None, 0) == []


def test_answers_before_the_commit_are_part_of_it(store: Store) -> None:
    told: list[list[str]] = []
    first = store.resource_version

    def answer(changes: Sequence[Change]) -> None:
        assert store.committed_version == first
        for change in changes:
            length = len(objects.name(change.object))
            if length < 4:
                store.insert(PODS, pod("a" * (length + 1)))

    unsubscribe = store.subscribe(answer, before_commit=True)
    store.subscribe(lambda changes: told.append([objects.name(c.object) for c in changes]))
    store.insert(PODS, pod("a"))
    store.flush()
    assert told == [["a", "aa", "aaa", "aaaa"]]
    assert store.committed_version == store.resource_version
    unsubscribe()


def test_who_answers_for_ever_does_not_keep_others_from_their_commit(store: Store) -> None:
    commits: list[int] = []

    def answer(changes: Sequence[Change]) -> None:
        if len(store.list(PODS)) < 100:
            store.insert(PODS, pod(f"p{len(store.list(PODS))}"))

    unsubscribe = store.subscribe(answer, before_commit=True)
    store.subscribe(lambda changes: commits.append(len(changes)))
    store.insert(PODS, pod("first"))
    store.flush()
    assert sum(commits) == 100
    assert len(commits) > 1
    unsubscribe()


async def test_a_turn_commits_itself(store: Store) -> None:
    heard: list[Sequence[Change]] = []
    store.subscribe(heard.append)
    store.insert(JOBS, job("a"))
    store.insert(JOBS, job("b"))
    assert heard == []
    await store.durable()
    assert [len(changes) for changes in heard] == [2]
    await store.durable()  # nothing to wait for


async def test_durable_waits_for_records_too(store: Store) -> None:
    store.record("t", "k", 1)
    await asyncio.wait_for(store.durable(), 5)
