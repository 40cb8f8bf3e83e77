from __future__ import annotations

from typing import Any

import pytest

from localjobs.admission.deletion import DeleteOptions
from localjobs.api import objects
from localjobs.api.objects import Object
from localjobs.api.resources import CONFIGMAPS, Resource
from localjobs.controller.garbage_collector import LINGER_SECONDS, MAX_PER_TURN
from localjobs.errors import NotFound
from tests.controller.world import NAMESPACE, World


@pytest.fixture
def world() -> World:
    return World(with_kubelet=False)


def reference(owner: Object, **members: Any) -> Object:
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "name": objects.name(owner),
        "uid": objects.uid(owner),
        **members,
    }


def put(world: World, name: str, *owners: Object, **meta: Any) -> Object:
    metadata: Object = {"name": name, "namespace": NAMESPACE, "uid": f"uid-{name}", **meta}
    if owners:
        metadata["ownerReferences"] = list(owners)
    obj = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata}
    return world.store.insert(CONFIGMAPS, obj)


def delete(world: World, name: str, policy: str) -> None:
    ask_to_delete(world, name, policy)
    world.advance(0 if policy == "Background" else LINGER_SECONDS)


def ask_to_delete(world: World, name: str, policy: str) -> None:
    options = DeleteOptions(propagation_policy=policy)
    world.registry.delete(CONFIGMAPS, NAMESPACE, name, options)


def names(world: World, resource: Resource = CONFIGMAPS) -> list[str]:
    return [objects.name(obj) for obj in world.store.list(resource, NAMESPACE)]


def test_dependents_of_dependents_go_too(world: World) -> None:
    owner = put(world, "a")
    middle = put(world, "b", reference(owner))
    put(world, "c", reference(middle))
    delete(world, "a", "Background")
    assert names(world) == []


def test_one_owner_is_enough_to_stay(world: World) -> None:
    one, other = put(world, "a"), put(world, "b")
    put(world, "c", reference(one), reference(other))
    delete(world, "a", "Background")
    assert names(world) == ["b", "c"]
    left = world.store.get(CONFIGMAPS, NAMESPACE, "c")
    assert left is not None
    assert [each["uid"] for each in left["metadata"]["ownerReferences"]] == ["uid-b"]


def test_orphans_are_let_go_of_before_their_owner_goes(world: World) -> None:
    put(world, "b", reference(put(world, "a")))
    delete(world, "a", "Orphan")
    assert names(world) == ["b"]
    orphan = world.store.get(CONFIGMAPS, NAMESPACE, "b")
    assert orphan is not None
    assert "ownerReferences" not in orphan["metadata"]


def test_a_foreground_deletion_waits_for_what_blocks_it(world: World) -> None:
    owner = put(world, "a")
    put(world, "b", reference(owner, blockOwnerDeletion=True), finalizers=["acme.io/hold"])
    delete(world, "a", "Foreground")
    assert names(world) == ["a", "b"]
    held = world.store.get(CONFIGMAPS, NAMESPACE, "b")
    assert held is not None
    assert objects.is_deleting(held)
    world.registry.put(CONFIGMAPS, objects.with_metadata(held, finalizers=None))
    world.advance(0)
    assert names(world) == []


def test_what_does_not_block_is_not_waited_for(world: World) -> None:
    owner = put(world, "a")
    put(world, "b", reference(owner), finalizers=["acme.io/hold"])
    delete(world, "a", "Foreground")
    assert names(world) == ["b"]


@pytest.mark.parametrize("policy", ["Orphan", "Foreground"])
def test_a_deletion_that_involves_dependents_can_be_seen_for_a_moment(
    world: World, policy: str
) -> None:
    put(world, "b", reference(put(world, "a"), blockOwnerDeletion=True))
    world.advance(0)
    ask_to_delete(world, "a", policy)
    world.advance(LINGER_SECONDS * 0.9)
    assert names(world) == ["a", "b"]
    world.registry.put(CONFIGMAPS, labelled(world, "a"))  # as whoever else hears of it may
    world.advance(LINGER_SECONDS * 0.1)
    assert names(world) == (["b"] if policy == "Orphan" else [])


def labelled(world: World, name: str) -> Object:
    obj = world.store.get(CONFIGMAPS, NAMESPACE, name)
    assert obj is not None
    return objects.with_metadata(obj, labels={"seen": "yes"})


@pytest.mark.parametrize("policy", ["Orphan", "Foreground", "Background"])
def test_what_is_deleted_twice_and_has_no_dependents_is_gone(world: World, policy: str) -> None:
    put(world, "a")
    ask_to_delete(world, "a", policy)
    world.advance(0)
    with pytest.raises(NotFound):
        ask_to_delete(world, "a", policy)
    assert names(world) == []
    world.advance(LINGER_SECONDS)
    assert world.clock.next_timer() is None


def test_a_second_deletion_takes_nothing_out_that_still_has_dependents(world: World) -> None:
    put(world, "b", reference(put(world, "a")))
    ask_to_delete(world, "a", "Orphan")
    ask_to_delete(world, "a", "Orphan")
    assert names(world) == ["a", "b"]
    world.advance(LINGER_SECONDS)
    assert names(world) == ["b"]


def test_nor_does_one_that_is_only_tried(world: World) -> None:
    put(world, "a")
    ask_to_delete(world, "a", "Orphan")
    options = DeleteOptions(propagation_policy="Orphan", dry_run=("All",))
    world.registry.delete(CONFIGMAPS, NAMESPACE, "a", options)
    assert names(world) == ["a"]


def test_what_never_had_that_owner_is_garbage(world: World) -> None:
    put(world, "b", {**reference(put(world, "a")), "uid": "somebody-else"})
    world.advance(0)
    assert names(world) == ["a"]


def test_what_was_missed_is_found_at_the_start(world: World) -> None:
    world.collector.stop()
    put(world, "b", reference(put(world, "a")))
    world.registry.delete(CONFIGMAPS, NAMESPACE, "a", DeleteOptions())
    world.advance(0)
    assert names(world) == ["b"]
    world.restart_controllers()
    world.advance(0)
    assert names(world) == []


def test_much_garbage_is_collected_in_many_turns(world: World) -> None:
    owner = put(world, "a")
    for number in range(2 * MAX_PER_TURN + 1):
        put(world, f"b{number}", reference(owner))
    world.store.flush()
    world.registry.delete(CONFIGMAPS, NAMESPACE, "a", DeleteOptions())
    world.store._committer._commit()
    world.store._committer._notify()
    assert len(names(world)) == MAX_PER_TURN + 1
    world.advance(0)
    assert names(world) == []
