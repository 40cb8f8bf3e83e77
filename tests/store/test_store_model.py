"""The store against a plain dict, whatever is done to it and wherever it is opened again."""

from __future__ import annotations

import shutil
import tempfile
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from localjobs.api import objects
from localjobs.api.objects import Object
from localjobs.api.resources import EVENTS, JOBS, PODS, Resource
from localjobs.clock import VirtualClock
from localjobs.errors import AlreadyExists, NotFound
from localjobs.store.store import Store
from tests.store.invariants import Witness, contents

RESOURCES = st.sampled_from([JOBS, PODS, EVENTS])
NAMESPACES = st.sampled_from(["a", "a-b", "b"])
NAMES = st.sampled_from(["x", "y", "z"])
STATUS = st.sampled_from(
    [
        {},
        {"phase": "Running"},
        {"phase": "Succeeded"},
        {"conditions": [{"type": "Complete", "status": "True"}]},
    ]
)
OWNERS = st.lists(st.sampled_from(["u1", "u2"]), max_size=2, unique=True)
LABELS = st.dictionaries(st.sampled_from(["l", "m"]), st.sampled_from(["1", "2"]), max_size=2)


class StoreMachine(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.mkdtemp()
        self.model: dict[tuple[str, str, str], Object] = {}
        self.records: dict[str, Any] = {}
        self.uids = 0
        self.open()

    def open(self) -> None:
        self.clock = VirtualClock()
        self.store = Store.open(f"{self.folder}/store.db", clock=self.clock)
        # Put to rest soon, so that this, too, is tried.
        self.store._resting._patience = 2
        self.witness = Witness(self.store)

    def built(self, place: tuple[str, str], status: Object, owners: list[str]) -> Object:
        self.uids += 1
        meta = {"namespace": place[0], "name": place[1], "uid": f"uid-{self.uids}"}
        references = [{"uid": uid, "name": uid, "kind": "Job"} for uid in owners]
        return {"metadata": {**meta, "ownerReferences": references}, "status": status}

    @rule(
        resource=RESOURCES,
        place=st.tuples(NAMESPACES, NAMES),
        status=STATUS,
        owners=OWNERS,
    )
    def insert(
        self, resource: Resource, place: tuple[str, str], status: Object, owners: list[str]
    ) -> None:
        key = (resource.plural, *place)
        try:
            stored = self.store.insert(resource, self.built(place, status, owners))
        except AlreadyExists:
            assert key in self.model
        else:
            assert key not in self.model
            self.model[key] = stored

    @rule(resource=RESOURCES, place=st.tuples(NAMESPACES, NAMES), status=STATUS, labels=LABELS)
    def replace(
        self, resource: Resource, place: tuple[str, str], status: Object, labels: Object
    ) -> None:
        key = (resource.plural, *place)
        old = self.model.get(key)
        new = objects.with_status(old or self.built(place, status, []), status)
        new = objects.with_metadata(new, labels=labels or None)
        before = self.store.resource_version
        try:
            stored = self.store.replace(resource, new)
        except NotFound:
            assert old is None
        else:
            assert old is not None
            assert (self.store.resource_version == before) is (new == old)
            self.model[key] = stored

    @rule(resource=RESOURCES, place=st.tuples(NAMESPACES, NAMES))
    def remove(self, resource: Resource, place: tuple[str, str]) -> None:
        key = (resource.plural, *place)
        try:
            self.store.remove(resource, *place)
        except NotFound:
            assert key not in self.model
        else:
            del self.model[key]

    @rule(key=NAMES, value=st.none() | st.integers())
    def record(self, key: str, value: int | None) -> None:
        self.store.record("t", key, value)
        self.records[key] = value

    @rule()
    def flush(self) -> None:
        self.store.flush()
        self.clock.advance(1)
        self.witness.check()

    @precondition(lambda self: self.model)
    @rule()
    def reopen(self) -> None:
        self.store.close()
        self.witness.check()
        old, version = self.witness, self.store.resource_version
        self.open()
        old.check_reopened(self.store)
        assert self.store.resource_version == version

    @invariant()
    def same_as_model(self) -> None:
        assert contents(self.store) == self.model
        known = {key: value for key, value in self.records.items() if value is not None}
        assert self.store.records("t") == known

    def teardown(self) -> None:
        self.store.close()
        self.witness.check()
        shutil.rmtree(self.folder)


TestStoreModel = StoreMachine.TestCase
TestStoreModel.settings = settings(
    max_examples=25,
    stateful_step_count=30,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
