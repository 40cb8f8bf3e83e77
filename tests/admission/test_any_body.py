"""Whatever has the shape of a kind is answered: stored as it stays, or refused with a Status."""

from __future__ import annotations

import json
import random
from typing import Any

import pytest

from localjobs.admission.create import admit_create
from localjobs.api.objects import Object, with_metadata
from localjobs.api.resources import ALL, JOBS, PODS, Resource
from localjobs.api.schema import INT_OR_STRING, QUANTITY, SCHEMA, FieldType, Kind
from localjobs.errors import ApiError
from tests.admission.samples import OPTIONS, STAMP, job, pod, updated

TEXTS = ("a", "", "x-1", "A_b", "/a", "a.b/c", "Always", "tcp", "metadata.name", "é", "In", "0")
NUMBERS = (0, 1, -1, 80, 65536, 2**31 - 1, -(2**31))
WRONG: tuple[Any, ...] = (None, 1, "s", True, [], {}, 1.5, [None], {"a": None}, 2**70)
LEAVES: dict[Kind, tuple[Any, ...]] = {
    Kind.STRING: TEXTS,
    Kind.INT32: NUMBERS,
    Kind.INT64: (*NUMBERS, 2**62),
    Kind.BOOLEAN: (True, False),
    Kind.BYTES: ("YQ==", "", "a"),
}
SPECIAL = {QUANTITY: ("1", "1Gi", "0.5", "-1", 3, "1x"), INT_OR_STRING: (80, "http", 0)}
TIMES = ("2026-01-01T00:00:00Z", "2026-01-01T00:00:00.000000Z", "x")


class Author:
    """Writes bodies at random: sparse ones, some with values of the wrong type."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.wrong = self.random.choice((0, 0, 0.03))

    def value(self, field_type: FieldType, depth: int = 0) -> Any:
        if self.random.random() < self.wrong:
            return self.random.choice(WRONG)
        kind, element = field_type.kind, field_type.element
        if kind is Kind.STRUCT:
            return self.struct(field_type.name, depth)
        if kind is Kind.SPECIAL:
            return self.random.choice(SPECIAL.get(field_type.name, TIMES))
        if element is None:
            return self.random.choice(LEAVES[kind])
        count = self.random.choice((0, 1, 1, 2))
        if kind is Kind.LIST:
            return [self.value(element, depth + 1) for _ in range(count)]
        return {self.random.choice(TEXTS): self.value(element, depth + 1) for _ in range(count)}

    def struct(self, name: str, depth: int) -> Object:
        share = max(0.05, 0.3 - depth * 0.04)
        return {
            field.name: self.value(field.type, depth + 1)
            for field in SCHEMA.type(name).fields.values()
            if self.random.random() < (0.9 if field.required else share)
        }

    def add_to(self, obj: Object, name: str) -> None:
        fields = SCHEMA.type(f"io.k8s.api.{name}").fields
        for field in self.random.sample(sorted(fields), self.random.choice((0, 1, 2))):
            if field not in ("containers", "template", "name", "restartPolicy"):
                obj[field] = self.value(fields[field].type, 3)

    def body(self, resource: Resource) -> Any:
        if resource not in (JOBS, PODS) or self.random.random() < 0.3:
            written = self.struct(resource.type_name, 0)
            named = {"metadata": {"name": "x"}} if self.random.random() < 0.8 else {}
            return {**written, **named, "kind": resource.kind, "apiVersion": resource.api_version}
        body = job() if resource is JOBS else pod()
        spec = body["spec"]["template"]["spec"] if resource is JOBS else body["spec"]
        self.add_to(spec, "core.v1.PodSpec")
        self.add_to(spec["containers"][0], "core.v1.Container")
        if resource is JOBS:
            self.add_to(body["spec"], "batch.v1.JobSpec")
        return body


@pytest.mark.parametrize("resource", ALL, ids=lambda one: one.kind)
def test_any_body_is_stored_as_it_stays_or_refused(resource: Resource) -> None:
    stored, refused = 0, []
    for seed in range(300 if resource in (JOBS, PODS) else 60):
        body = Author(seed).body(resource)
        namespace = "default" if resource.namespaced else ""
        try:
            obj = admit_create(resource, namespace, body, OPTIONS, STAMP).object
        except ApiError as error:
            refused.append(json.loads(json.dumps(error.to_status())))
            continue
        stored += 1
        obj = with_metadata(obj, resourceVersion="1")
        assert updated(resource, obj, obj) == obj
    assert stored > 0
    assert {status["code"] for status in refused} <= {400, 403, 422}


@pytest.mark.parametrize("resource", ALL, ids=lambda one: one.kind)
def test_any_body_takes_the_place_of_another_or_is_refused(resource: Resource) -> None:
    namespace = "default" if resource.namespaced else ""
    bodies = [Author(seed).body(resource) for seed in range(200)]
    if resource is JOBS:
        for body in bodies[::2]:  # the template of such a Job is open
            body["spec"] = {**(body.get("spec") or {}), "suspend": True}
    stored = list(filter(None, (_created(resource, namespace, body) for body in bodies)))
    codes = {
        _code_of_update(resource, stored[number % len(stored)], body)
        for number, body in enumerate(bodies)
    }
    # Of Jobs and pods next to nothing may change.
    assert (422 if resource in (JOBS, PODS) else 200) in codes
    assert codes <= {200, 400, 403, 409, 422}


def _created(resource: Resource, namespace: str, body: Any) -> Object | None:
    try:
        return admit_create(resource, namespace, body, OPTIONS, STAMP).object
    except ApiError:
        return None


def _code_of_update(resource: Resource, old: Object, body: Any) -> int:
    if isinstance(body.get("metadata"), dict):
        meta = {**body["metadata"], "name": old["metadata"]["name"], "resourceVersion": "1"}
        body = {**body, "metadata": meta}
    try:
        updated(resource, with_metadata(old, resourceVersion="1"), body)
    except ApiError as error:
        return error.code
    return 200
