from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from localjobs.api.resources import CONFIGMAPS, EVENTS, JOBS, PODS
from localjobs.clock import VirtualClock
from localjobs.errors import AlreadyExists
from localjobs.store import store as store_module
from localjobs.store.changes import Change, ChangeType
from localjobs.store.rest import Resting, is_finished
from localjobs.store.store import Store
from localjobs.store.version import Block, Version, decode, encode
from tests.store.samples import config_map, job, pod

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=10,
)
LABELS = st.dictionaries(st.text(max_size=5), st.text(max_size=5), max_size=3)


@settings(max_examples=60)
@given(st.lists(st.tuples(LABELS, VALUES), min_size=1, max_size=90))
def test_a_version_at_rest_is_what_it_was(parts: list[tuple[dict[str, str], object]]) -> None:
    built = [{"metadata": {"labels": labels}, "spec": value} for labels, value in parts]
    versions = [Version(obj) for obj in built]
    versions[0].rest()
    assert versions[0].is_at_rest
    assert versions[0].object == built[0]
    Version.pack(versions)
    Version.pack(versions)
    for obj, version in zip(built, versions, strict=True):
        assert version.is_packed
        assert version.object == obj
        assert decode(version.body) == obj
        assert version.labels == obj["metadata"]["labels"]  # type: ignore[index]  # built above


def test_an_object_and_its_json_are_made_once() -> None:
    obj = pod()
    version = Version(obj)
    assert version.object is obj
    assert version.body is version.body
    read = Version(None, encode(obj))
    assert read.object == obj
    assert read.object is read.object


def test_the_last_one_that_was_decoded_stays_at_hand() -> None:
    one, other = Version({"metadata": {"name": "one"}}), Version({"metadata": {"name": "other"}})
    Version.pack([one, other])
    first = one.object
    assert one.object is first
    assert other.object["metadata"]["name"] == "other"
    assert one.object is not first


def test_likes_pack_small_and_are_found_in_any_order() -> None:
    filler = "".join(chr(97 + number * 7 % 26) for number in range(3000))
    built = [{"metadata": {"name": f"x-{number}"}, "spec": filler} for number in range(100)]
    versions = [Version(obj) for obj in built]
    Version.pack(versions)
    (block,) = {id(version._body): version._body for version in versions}.values()
    assert isinstance(block, Block)
    assert len(block._packed) < 100 * 100
    for number in (99, 0, 50, 51, 49):
        assert versions[number].object == built[number]


def test_what_is_finished() -> None:
    running, ended = pod(), {**pod(), "status": {"phase": "Failed"}}
    conditions = [{"type": "Complete", "status": "True"}]
    assert not is_finished(PODS, running)
    assert is_finished(PODS, ended)
    assert not is_finished(JOBS, job())
    assert not is_finished(
        JOBS, {**job(), "status": {"conditions": [{"type": "Suspended", "status": "True"}]}}
    )
    assert is_finished(JOBS, {**job(), "status": {"conditions": conditions}})
    assert is_finished(EVENTS, {})
    assert not is_finished(CONFIGMAPS, config_map())


def test_finished_objects_come_to_rest_after_others_were_written(
    store: Store, clock: VirtualClock
) -> None:
    store._resting = Resting(patience=2, history=100)
    for name in "abcd":
        store.insert(PODS, {**pod(name), "status": {"phase": "Succeeded"}})
        store.insert(CONFIGMAPS, config_map(name))
        store.flush()
    assert [version.is_at_rest for version in store.versions(PODS)] == [True, False, False, False]
    assert not any(version.is_packed for version in store.versions(PODS)), "not while others write"
    clock.advance(2)
    assert [version.is_packed for version in store.versions(PODS)] == [True, False, False, False]
    assert not any(version.is_packed for version in store.versions(CONFIGMAPS))
    again = store.replace(PODS, {**pod("a"), "status": {"phase": "Failed"}})
    assert store.get(PODS, "default", "a") is again


def test_what_was_replaced_is_compressed_for_those_who_resume(
    store: Store, clock: VirtualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Resting, "SLICE", 5)
    store.insert(CONFIGMAPS, config_map("a"))
    for number in range(3):
        store.replace(CONFIGMAPS, {**config_map("a"), "data": {"number": str(number)}})
    store.insert(CONFIGMAPS, config_map("b"))
    store.remove(CONFIGMAPS, "default", "b")
    store.flush()
    before = store.changes_since(0)
    told = [(change.type, change.object) for change in before]
    assert not any(change.version.is_packed for change in before)
    clock.advance(2)
    after = store.changes_since(0)
    assert [change.version.is_packed for change in after] == [True] * 3 + [False] + [True] * 2
    assert [(change.type, change.object) for change in after] == told


def test_nothing_comes_to_rest_before_it_is_told(store: Store) -> None:
    store._resting = Resting(patience=2, history=100)
    ended = [{**pod(name), "status": {"phase": "Failed"}} for name in "abcdef"]
    told: list[bool] = []
    store.subscribe(lambda changes: told.extend(change.version.is_at_rest for change in changes))
    for one in ended:
        store.insert(PODS, one)
    store.flush()
    assert told == [False] * 6


def test_what_is_at_rest_from_the_start_is_its_json(tmp_path: Path, clock: VirtualClock) -> None:
    path = str(tmp_path / "store.db")
    store = Store.open(path, clock=clock)
    told: list[Change] = []
    store.subscribe(told.extend)

    def encoded(resource_version: str) -> bytes:
        return encode({"metadata": {"name": "e", "resourceVersion": resource_version}})

    store.insert_at_rest(EVENTS, ("default", "e"), encoded)
    with pytest.raises(AlreadyExists):
        store.insert_at_rest(EVENTS, ("default", "e"), encoded)
    (version,) = store.versions(EVENTS)
    assert version.is_at_rest
    assert version.labels == {}
    assert version.object == {"metadata": {"name": "e", "resourceVersion": "1"}}
    store.flush()
    assert [(change.type, change.key, change.version) for change in told] == [
        (ChangeType.ADDED, ("default", "e"), version)
    ]
    clock.advance(2)
    assert version.is_packed
    store.close()
    store = Store.open(path)
    assert [found.body for found in store.versions(EVENTS)] == [version.body]
    store.close()


def test_what_a_restart_finds_finished_comes_to_rest_by_and_by(
    tmp_path: Path, clock: VirtualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Resting, "SLICE", 2)
    path = str(tmp_path / "store.db")
    store = Store.open(path)
    for name in "abcdef":
        store.insert(PODS, {**pod(name), "status": {"phase": "Succeeded"}})
    store.close()
    store = Store.open(path, clock=clock)
    before = store.list(PODS)
    assert all(version.is_at_rest for version in store.versions(PODS))
    store.remove(PODS, "default", "f")
    store.flush()
    counts = []
    while (due := clock.next_timer()) is not None:
        clock.advance(due - clock.now())
        counts.append(sum(version.is_packed for version in store.versions(PODS)))
    # The last time is for what was removed, which watches may still be told.
    assert counts == [0, 2, 4, 5, 5]
    assert store.list(PODS) == before[:-1]
    store.close()


def test_half_a_surrogate_pair_does_not_stop_the_store() -> None:
    assert decode(encode({"a": "x\ud800y", "b": "\U0001f600"})) == {
        "a": "x\ufffdy",
        "b": "\U0001f600",
    }


def test_finished_objects_come_to_rest_even_if_time_stands_still(
    clock: VirtualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store_module, "PATIENCE", 2)
    monkeypatch.setattr(store_module, "MOST_UNTIDY", 5)
    monkeypatch.setattr(Resting, "SLICE", 4)
    store = Store.open(None, clock=clock)
    for number in range(100):
        store.insert(PODS, {**pod(f"p{number}"), "status": {"phase": "Succeeded"}})
        store.flush()
    assert sum(not version.is_packed for version in store.versions(PODS)) <= 10
