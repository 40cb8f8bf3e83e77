"""Whatever the schema allows is refused or accepted: validation itself never fails."""

import copy
from random import Random
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from localjobs.admission.decoding import decode
from localjobs.admission.defaulting import default
from localjobs.admission.options import FieldValidation
from localjobs.admission.validation.job import validate_job, validate_job_update
from localjobs.admission.validation.job_warnings import warnings_for_job
from localjobs.admission.validation.pod import validate_pod, validate_pod_update
from localjobs.admission.validation.pod_warnings import warnings_for_pod
from localjobs.api.field import FieldError
from localjobs.api.objects import Object
from localjobs.api.resources import JOBS, PODS
from localjobs.api.schema import INT_OR_STRING, QUANTITY, SCHEMA, FieldType, Kind

POD_SPEC = "io.k8s.api.core.v1.PodSpec"
JOB_SPEC = "io.k8s.api.batch.v1.JobSpec"
WORDS = ("", "a", "A_b", "a.b/c", "/p/q", "..", "Always", "In", "Localhost", "linux", "x" * 70)
NUMBERS = (-1, 0, 1, 80, 70000)
AMOUNTS = ("1", "100m", "-1", "1.5Gi")
KEYS = ("cpu", "memory", "hugepages-2Mi", "acme.io/x", "bad key")


def value_of(field_type: FieldType, random: Random, depth: int) -> Any:
    match field_type.kind:
        case Kind.STRING:
            return random.choice(WORDS)
        case Kind.INT32 | Kind.INT64:
            return random.choice(NUMBERS)
        case Kind.BOOLEAN:
            return random.random() < 0.5
        case Kind.BYTES:
            return "aGk="
        case Kind.STRUCT:
            return members_of(field_type.name, random, depth + 1)
        case Kind.LIST:
            assert field_type.element is not None
            count = random.choice((0, 1, 2))
            return [value_of(field_type.element, random, depth) for _ in range(count)]
        case Kind.MAP:
            assert field_type.element is not None
            return {random.choice(KEYS): value_of(field_type.element, random, depth)}
    if field_type.name == QUANTITY:
        return random.choice(AMOUNTS)
    if field_type.name == INT_OR_STRING:
        return random.choice((0, 80, "http", "Bad_Port"))
    return "2026-01-01T00:00:00Z"


def members_of(type_name: str, random: Random, depth: int = 0) -> Object:
    fields = SCHEMA.type(type_name).fields
    count = random.choice((0, 1, 2, 3, 5)) if depth < 9 else 0
    chosen = random.sample(sorted(fields), min(count, len(fields)))
    return {name: value_of(fields[name].type, random, depth) for name in chosen}


def pod_members(random: Random) -> Object:
    base: Object = {"containers": [{"name": "c", "image": "i"}], "restartPolicy": "Never"}
    return {**base, **members_of(POD_SPEC, random)}


def assert_well_worded(errors: list[FieldError]) -> None:
    for error in errors:
        assert error.field
        assert error.message


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32))
def test_every_job_of_the_schema(seed: int) -> None:
    random = Random(seed)
    spec = {**members_of(JOB_SPEC, random), "template": {"spec": pod_members(random)}}
    body = {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "j"}, "spec": spec}
    job = default(JOBS, decode(JOBS, body, FieldValidation.STRICT).object)
    before = copy.deepcopy(job)
    assert_well_worded(validate_job(job))
    assert_well_worded(validate_job_update(job, job))
    assert all(warnings_for_job(job))
    assert job == before


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32))
def test_every_pod_of_the_schema(seed: int) -> None:
    random = Random(seed)
    body = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "p"},
        "spec": pod_members(random),
    }
    pod = default(PODS, decode(PODS, body, FieldValidation.STRICT).object)
    before = copy.deepcopy(pod)
    assert_well_worded(validate_pod(pod))
    assert_well_worded(validate_pod_update(pod, {**pod, "spec": {"containers": []}}))
    assert all(warnings_for_pod(pod))
    assert pod == before
