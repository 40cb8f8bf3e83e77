from __future__ import annotations

from typing import Any

import pytest

from localjobs.admission.deletion import DeleteOptions
from localjobs.admission.options import WriteOptions
from localjobs.admission.patching.patch import Patch, PatchKind
from localjobs.api import objects
from localjobs.api.objects import Object
from localjobs.api.resources import CONFIGMAPS, EVENTS, JOBS, NAMESPACES, PODS, SERVICEACCOUNTS
from localjobs.clock import VirtualClock
from localjobs.errors import AlreadyExists, BadRequest, Conflict, Forbidden, Invalid, NotFound
from localjobs.identities import RandomIdentities
from localjobs.store.changes import ChangeType
from localjobs.store.namespaces import INITIAL, Namespaces
from localjobs.store.registry import Registry
from localjobs.store.store import Store

BACKGROUND = DeleteOptions(propagation_policy="Background")
DRY_RUN = WriteOptions(dry_run=True)


@pytest.fixture
def identities() -> RandomIdentities:
    return RandomIdentities(1)


@pytest.fixture
def registry(store: Store, clock: VirtualClock, identities: RandomIdentities) -> Registry:
    namespaces = Namespaces(store, clock, identities)
    namespaces.certificate = "PEM"
    namespaces.start()
    store.flush()
    return Registry(store, clock, identities)


def pod(name: str = "p", **metadata: Any) -> Object:
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, **metadata},
        "spec": {"containers": [{"name": "c", "image": "busybox"}]},
    }


def config(name: str = "c", **data: str) -> Object:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": data}


def running(registry: Registry, **metadata: Any) -> Object:
    created = registry.create(PODS, "default", pod(**metadata)).object
    spec = {**created["spec"], "nodeName": "n"}
    put = registry.put(PODS, {**created, "spec": spec, "status": {"phase": "Running"}})
    assert put is not None
    return put


def test_namespaces_are_there_and_furnished(store: Store, registry: Registry) -> None:
    assert [objects.name(one) for one in store.list(NAMESPACES)] == list(INITIAL)
    for name in INITIAL:
        assert registry.get(SERVICEACCOUNTS, name, "default")
        assert registry.get(CONFIGMAPS, name, "kube-root-ca.crt")["data"] == {"ca.crt": "PEM"}


def test_a_new_namespace_is_furnished_and_stays_so(store: Store, registry: Registry) -> None:
    body = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "n"}}
    registry.create(NAMESPACES, "", body)
    store.flush()
    registry.delete(SERVICEACCOUNTS, "n", "default")
    registry.delete(CONFIGMAPS, "n", "kube-root-ca.crt")
    store.flush()
    assert registry.get(SERVICEACCOUNTS, "n", "default")
    assert registry.get(CONFIGMAPS, "n", "kube-root-ca.crt")


def test_a_deleted_namespace_is_emptied_then_goes(store: Store, registry: Registry) -> None:
    body = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "n"}}
    registry.create(NAMESPACES, "", body)
    registry.create(CONFIGMAPS, "n", config())
    held = registry.create(CONFIGMAPS, "n", {**config("held")}).object
    held = store.replace(CONFIGMAPS, objects.with_metadata(held, finalizers=["a/b"]))
    answer = registry.delete(NAMESPACES, "", "n")
    assert answer.object["status"]["phase"] == "Terminating"
    with pytest.raises(Forbidden) as caught:
        registry.create(CONFIGMAPS, "n", config("late"))
    assert caught.value.to_status() == {
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Failure",
        "message": (
            'configmaps "late" is forbidden: unable to create new content in namespace n because it'
            " is being terminated"
        ),
        "reason": "Forbidden",
        "details": {
            "name": "late",
            "kind": "configmaps",
            "causes": [
                {
                    "reason": "NamespaceTerminating",
                    "message": "namespace n is being terminated",
                    "field": "metadata.namespace",
                }
            ],
        },
        "code": 403,
    }
    store.flush()
    assert [objects.name(one) for one in store.list(CONFIGMAPS, "n")] == ["held"]
    registry.put(
        CONFIGMAPS, objects.with_metadata(registry.get(CONFIGMAPS, "n", "held"), finalizers=None)
    )
    store.flush()
    assert store.get(NAMESPACES, "", "n") is None
    assert store.list(SERVICEACCOUNTS, "n") == []


@pytest.mark.parametrize("name", ["default", "kube-system", "kube-public"])
def test_some_namespaces_are_immortal(registry: Registry, name: str) -> None:
    with pytest.raises(Forbidden, match=rf'^namespaces "{name}" is forbidden: this namespace may'):
        registry.delete(NAMESPACES, "", name)


def test_nothing_is_created_in_a_namespace_that_is_not_there(registry: Registry) -> None:
    with pytest.raises(NotFound, match=r'^namespaces "no" not found$'):
        registry.create(CONFIGMAPS, "no", config())
    with pytest.raises(BadRequest):
        registry.create(CONFIGMAPS, "no", {**config(), "data": 3})


@pytest.mark.parametrize("metadata", [1.5, "x", [], {"name": ["c"]}])
def test_a_body_nobody_can_read_comes_before_a_missing_namespace(
    registry: Registry, metadata: Any
) -> None:
    with pytest.raises(BadRequest, match="cannot unmarshal"):
        registry.create(CONFIGMAPS, "no", {**config(), "metadata": metadata})


class Repeating(RandomIdentities):
    """Gives the same suffix a few times over."""

    def __init__(self, times: int) -> None:
        super().__init__(2)
        self.times = times

    def suffix(self) -> str:
        self.times -= 1
        return "same2" if self.times >= 0 else super().suffix()


@pytest.mark.parametrize("taken", [3, 100])
def test_a_generated_name_that_is_taken_is_generated_again(
    store: Store, clock: VirtualClock, registry: Registry, taken: int
) -> None:
    repeating = Registry(store, clock, Repeating(taken))
    body = {**config(), "metadata": {"generateName": "g-"}}
    assert objects.name(repeating.create(CONFIGMAPS, "default", body).object) == "g-same2"
    if taken < 8:
        assert objects.name(repeating.create(CONFIGMAPS, "default", body).object) != "g-same2"
        return
    with pytest.raises(AlreadyExists, match="the server was not able to generate a unique name"):
        repeating.create(CONFIGMAPS, "default", body)


def test_a_dry_run_changes_nothing(store: Store, registry: Registry) -> None:
    registry.create(CONFIGMAPS, "default", config(a="1"))
    before, version = store.list(CONFIGMAPS, "default"), store.resource_version
    registry.create(CONFIGMAPS, "default", config("new"), DRY_RUN)
    with pytest.raises(AlreadyExists):
        registry.create(CONFIGMAPS, "default", config(), DRY_RUN)
    registry.update(CONFIGMAPS, "default", "c", config(a="2"), DRY_RUN)
    patch = Patch(PatchKind.MERGE, {"data": {"a": "3"}})
    assert registry.patch(CONFIGMAPS, "default", "c", patch, DRY_RUN).object["data"] == {"a": "3"}
    assert registry.delete(CONFIGMAPS, "default", "c", DeleteOptions(dry_run=("All",))).code == 200
    assert (store.list(CONFIGMAPS, "default"), store.resource_version) == (before, version)


def test_what_exists_already_is_warned_about_too(registry: Registry) -> None:
    registry.create(CONFIGMAPS, "default", config("same"))
    with pytest.raises(AlreadyExists) as refused:
        registry.create(CONFIGMAPS, "default", {**config("same"), "nope": 1})
    assert refused.value.warnings == ('unknown field "nope"',)


def test_a_write_that_changes_nothing_keeps_the_version(store: Store, registry: Registry) -> None:
    options = WriteOptions(field_manager="m")
    created = registry.create(CONFIGMAPS, "default", config(a="1"), options).object
    version = store.resource_version
    assert registry.update(CONFIGMAPS, "default", "c", created, options).object == created
    patch = Patch(PatchKind.MERGE, {"data": {"a": "1"}})
    assert registry.patch(CONFIGMAPS, "default", "c", patch, options).object == created
    assert store.resource_version == version


def test_a_put_of_another_object_of_that_name_conflicts(registry: Registry) -> None:
    created = registry.create(CONFIGMAPS, "default", config()).object
    other = objects.with_metadata(created, uid="x", resourceVersion=None)
    with pytest.raises(Conflict) as caught:
        registry.update(CONFIGMAPS, "default", "c", other)
    assert str(caught.value) == (
        'Operation cannot be fulfilled on configmaps "c": StorageError: invalid object, Code: 4,'
        " Key: /registry/configmaps/default/c, ResourceVersion: 0, AdditionalErrorMsg:"
        f" Precondition failed: UID in precondition: x, UID in object meta: {objects.uid(created)}"
    )
    registry.delete(CONFIGMAPS, "default", "c")
    with pytest.raises(Conflict, match=r"UID in object meta: $"):
        registry.update(CONFIGMAPS, "default", "c", other)


def test_stale_is_told_before_invalid(registry: Registry) -> None:
    registry.create(CONFIGMAPS, "default", config())
    broken = {**config(), "metadata": {"name": "c", "resourceVersion": "1", "labels": {"/": ""}}}
    with pytest.raises(Conflict):
        registry.update(CONFIGMAPS, "default", "c", broken)
    del broken["metadata"]["resourceVersion"]
    with pytest.raises(Invalid):
        registry.update(CONFIGMAPS, "default", "c", broken)


def test_a_service_account_is_updated_by_version_only(registry: Registry) -> None:
    account = registry.get(SERVICEACCOUNTS, "default", "default")
    bare = objects.with_metadata(account, resourceVersion=None)
    with pytest.raises(Invalid, match=r"metadata\.resourceVersion: Invalid value: 0: must be spec"):
        registry.update(SERVICEACCOUNTS, "default", "default", bare)
    assert registry.update(SERVICEACCOUNTS, "default", "default", account).object == account


def test_an_event_can_be_created_by_put(registry: Registry) -> None:
    event = {
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {"name": "e", "namespace": "default"},
        "involvedObject": {"namespace": "default"},
        "type": "Normal",
        "reason": "R",
    }
    assert registry.update(EVENTS, "default", "e", event).code == 201
    with pytest.raises(NotFound):
        registry.update(CONFIGMAPS, "default", "c", config())


def test_a_running_pod_is_deleted_gracefully(store: Store, registry: Registry) -> None:
    running(registry)
    answer = registry.delete(PODS, "default", "p")
    assert objects.metadata(answer.object)["deletionGracePeriodSeconds"] == 30
    ended = {**registry.get(PODS, "default", "p"), "status": {"phase": "Succeeded"}}
    assert registry.put(PODS, ended) is None, "an ended pod waits for nothing more"
    store.flush()
    last = store.changes_since(0, PODS)[-1]
    assert (last.type, last.object["status"]) == (ChangeType.DELETED, {"phase": "Succeeded"})


def test_a_pod_with_a_finalizer_goes_with_it(registry: Registry) -> None:
    running(registry, finalizers=["a.b/c"])
    registry.delete(PODS, "default", "p", DeleteOptions(grace_period_seconds=0))
    held = registry.get(PODS, "default", "p")
    patch = Patch(PatchKind.MERGE, {"metadata": {"finalizers": None}})
    assert objects.finalizers(registry.patch(PODS, "default", "p", patch).object) == []
    with pytest.raises(NotFound):
        registry.get(PODS, "default", "p")
    assert objects.finalizers(held) == ["a.b/c"]


def test_a_pod_in_its_grace_period_stays_without_finalizers(registry: Registry) -> None:
    running(registry, finalizers=["a.b/c"])
    registry.delete(PODS, "default", "p")
    patch = Patch(PatchKind.MERGE, {"metadata": {"finalizers": None}})
    registry.patch(PODS, "default", "p", patch)
    assert objects.is_deleting(registry.get(PODS, "default", "p"))


def test_a_deleted_pod_is_answered_with_itself(registry: Registry) -> None:
    registry.create(PODS, "default", pod())
    answer = registry.delete(PODS, "default", "p")
    assert objects.name(answer.object) == "p"
    with pytest.raises(NotFound):
        registry.get(PODS, "default", "p")


def test_another_deletion_is_answered_with_a_status(registry: Registry) -> None:
    created = registry.create(CONFIGMAPS, "default", config()).object
    assert registry.delete(CONFIGMAPS, "default", "c").object == {
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Success",
        "details": {"name": "c", "kind": "configmaps", "uid": objects.uid(created)},
    }


def test_a_deletion_that_must_wait_is_accepted(registry: Registry) -> None:
    running(registry)
    options = DeleteOptions(orphan_dependents=False)
    assert registry.delete(PODS, "default", "p", options).code == 202


def test_delete_options_are_checked_before_anything_is_looked_for(registry: Registry) -> None:
    bogus = DeleteOptions(propagation_policy="Bogus")
    with pytest.raises(Invalid):
        registry.delete(JOBS, "default", "j", bogus)
    with pytest.raises(Invalid):
        registry.delete_collection(JOBS, "default", bogus)


def test_a_refused_deletion_of_a_job_still_warns(registry: Registry) -> None:
    with pytest.raises(NotFound) as caught:
        registry.delete(JOBS, "default", "j")
    assert len(caught.value.warnings) == 1


def test_eviction_says_why_and_deletes(registry: Registry, clock: VirtualClock) -> None:
    running(registry)
    clock.advance(5)
    answer = registry.evict("default", "p", {"metadata": {"name": "p"}})
    assert (answer.code, answer.object["status"]) == (201, "Success")
    evicted = registry.get(PODS, "default", "p")
    assert objects.is_deleting(evicted)
    (condition,) = evicted["status"]["conditions"]
    assert (condition["type"], condition["reason"], condition["message"]) == (
        "DisruptionTarget",
        "EvictionByEvictionAPI",
        "Eviction API: evicting",
    )


def test_an_eviction_can_be_refused(registry: Registry) -> None:
    with pytest.raises(NotFound):
        registry.evict("default", "p", {})
    running(registry)
    with pytest.raises(BadRequest, match=r"^name in URL does not match name in Eviction object$"):
        registry.evict("default", "p", {"metadata": {"name": "q"}})
    with pytest.raises(Conflict, match="the UID in the precondition"):
        registry.evict("default", "p", {"deleteOptions": {"preconditions": {"uid": "x"}}})
    registry.evict("default", "p", {"deleteOptions": {"dryRun": ["All"]}})
    assert "conditions" not in registry.get(PODS, "default", "p")["status"]


def test_put_needs_something_to_replace(registry: Registry) -> None:
    with pytest.raises(NotFound):
        registry.put(PODS, objects.with_metadata(pod(), namespace="default"))
