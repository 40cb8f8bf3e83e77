import base64
import json
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from localjobs.api import resources
from localjobs.api.protobuf import PREFIX, decode, message, type_of
from localjobs.api.protobuf_wire import Malformed
from localjobs.api.protobuf_writing import encode, varint
from localjobs.api.protobuf_writing import message as encoded
from localjobs.api.schema import (
    FIELDS_V1,
    INT_OR_STRING,
    MICRO_TIME,
    QUANTITY,
    SCHEMA,
    FieldType,
    Kind,
)
from localjobs.errors import BadRequest

RECORDED = json.loads((Path(__file__).parent / "kubectl-protobuf.json").read_text())
JOB = resources.JOBS.type_name
OBJECT_META = "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta"

TEXTS = st.sampled_from(["", "a", "ü€", "x y"])
INT32, INT64 = st.integers(-(2**31), 2**31 - 1), st.integers(-(2**63), 2**63 - 1)
SPECIAL: dict[str, st.SearchStrategy[Any]] = {
    QUANTITY: st.sampled_from(["1", "500m", "2Gi"]),
    INT_OR_STRING: INT32 | TEXTS,
    FIELDS_V1: st.just({"f:a": {}}),
    MICRO_TIME: st.just("2026-01-02T03:04:05.678901Z"),
}
SCALARS: dict[Kind, st.SearchStrategy[Any]] = {
    Kind.STRING: TEXTS,
    Kind.INT32: INT32,
    Kind.INT64: INT64,
    Kind.BOOLEAN: st.booleans(),
    Kind.BYTES: st.binary(max_size=4).map(lambda data: base64.b64encode(data).decode()),
}


def values(of: FieldType) -> st.SearchStrategy[Any]:
    if of.kind is Kind.LIST:
        assert of.element is not None
        return st.lists(values(of.element), min_size=1, max_size=2)
    if of.kind is Kind.MAP:
        assert of.element is not None
        return st.dictionaries(TEXTS, values(of.element), min_size=1, max_size=2)
    if of.kind is Kind.STRUCT:
        return members(of.name)
    if of.kind is Kind.SPECIAL:
        return SPECIAL.get(of.name, st.just("2026-01-02T03:04:05Z"))
    return SCALARS[of.kind]


@cache
def members(type_name: str) -> st.SearchStrategy[dict[str, Any]]:
    """Objects of this type with a few of its fields."""
    fields = SCHEMA.type(type_name).fields
    names = sorted(name for name in fields if name not in ("apiVersion", "kind"))
    if not names:
        return st.just({})
    chosen = st.lists(st.sampled_from(names), max_size=3, unique=True)
    return st.deferred(
        lambda: chosen.flatmap(
            lambda some: st.fixed_dictionaries({name: values(fields[name].type) for name in some})
        )
    )


def without_zeros(value: Any) -> Any:
    """What is left when Go's zero values are taken out."""
    if isinstance(value, dict):
        kept = {key: without_zeros(one) for key, one in value.items()}
        return {key: one for key, one in kept.items() if one not in ("", {}, [], None, False, 0)}
    return [without_zeros(one) for one in value] if isinstance(value, list) else value


@pytest.mark.parametrize("one", RECORDED, ids=lambda one: one["command"][8:26].strip())
def test_what_kubectl_sends_is_read_in_full(one: dict[str, Any]) -> None:
    assert without_zeros(decode(base64.b64decode(one["body"]))) == one["object"]


@pytest.mark.parametrize("resource", resources.ALL, ids=lambda one: one.plural)
@settings(max_examples=25, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_every_object_survives_the_way_through_protobuf(
    resource: resources.Resource, data: st.DataObject
) -> None:
    obj = data.draw(members(resource.type_name))
    obj = {"apiVersion": resource.api_version, "kind": resource.kind, **obj}
    assert decode(encode(obj)) == obj


@pytest.mark.parametrize("type_name", [one for one in SCHEMA.names() if SCHEMA.type(one).fields])
def test_every_field_of_every_type_has_a_number(type_name: str) -> None:
    for name, field in SCHEMA.type(type_name).fields.items():
        if name in ("apiVersion", "kind"):
            continue
        sample = _sample(field.type)
        assert message(encoded({name: sample}, type_name), type_name) == {name: sample}


def _sample(of: FieldType) -> Any:
    if of.kind is Kind.LIST:
        assert of.element is not None
        return [_sample(of.element)]
    if of.kind is Kind.MAP:
        assert of.element is not None
        return {"key": _sample(of.element)}
    if of.kind is Kind.STRUCT:
        return {}
    if of.kind is Kind.SPECIAL:
        samples = {QUANTITY: "1", INT_OR_STRING: 8080, FIELDS_V1: {"f:a": {}}}
        moment = "2026-01-02T03:04:05" + (".678901Z" if of.name == MICRO_TIME else "Z")
        return samples.get(of.name, moment)
    numbers = {Kind.INT32: -7, Kind.INT64: 1 << 40, Kind.BOOLEAN: True, Kind.BYTES: "AAE="}
    return numbers.get(of.kind, "text")


@settings(max_examples=100)
@given(st.binary(max_size=60))
def test_noise_is_refused_and_never_a_crash(noise: bytes) -> None:
    for head in (b"", PREFIX, PREFIX + encode(MINIMAL)[4:]):
        with suppress(BadRequest):
            assert isinstance(decode(head + noise), dict)


MINIMAL = {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "j"}}
FULL = base64.b64decode(RECORDED[1]["body"])


@settings(max_examples=100)
@given(st.integers(0, len(FULL) - 1), st.integers(0, 255), st.integers(0, len(FULL)))
def test_a_damaged_body_is_refused_or_read_and_never_a_crash(
    at: int, byte: int, length: int
) -> None:
    damaged = FULL[:at] + bytes([byte]) + FULL[at + 1 :]
    for body in (damaged, FULL[:length]):
        with suppress(BadRequest):
            assert isinstance(decode(body), dict)


def test_kinds_are_found_in_their_group_or_among_the_meta_kinds() -> None:
    assert type_of("batch/v1", "Job") == JOB
    assert type_of("v1", "Pod") == resources.PODS.type_name
    assert type_of("policy/v1", "Eviction") == "io.k8s.api.policy.v1.Eviction"
    meta = "io.k8s.apimachinery.pkg.apis.meta.v1.DeleteOptions"
    assert {type_of(version, "DeleteOptions") for version in ("v1", "batch/v1")} == {meta}
    for version, kind in (("apps/v1", "Deployment"), ("", ""), ("batch/v1", ""), ("v1", "Time")):
        with pytest.raises(BadRequest, match="no kind"):
            type_of(version, kind)


def field(number: int, wire: int, data: bytes = b"") -> bytes:
    return varint(number << 3 | wire) + data


def text(number: int, data: bytes) -> bytes:
    return field(number, 2, varint(len(data)) + data)


@pytest.mark.parametrize(
    ("data", "complaint"),
    [
        (field(1, 0, varint(3)), "proto: wrong wireType = 0 for field Name"),
        (text(7, b"3"), "proto: wrong wireType = 2 for field Generation"),
        (field(1, 2, varint(9) + b"x"), "unexpected EOF"),
        (field(1, 2, varint(300) + b"x"), "unexpected EOF"),
        (field(1, 2, varint(-1)), "proto: negative length found during unmarshaling"),
        (field(0, 2, varint(0)), "proto: illegal tag 0"),
        (field(1, 4), "proto: wiretype end group for non-group"),
        (field(99, 6), "proto: illegal wireType 6"),
        (field(99, 3) * 200, "proto: groups are nested too deeply"),
        (field(99, 1, b"1234"), "unexpected EOF"),
        (field(99, 0, b"\xff" * 10), "proto: integer overflow"),
        (field(7, 0, b"\xff"), "unexpected EOF"),
        (text(8, field(1, 0, varint(1 << 60))), "year outside of range"),
        (text(17, text(7, text(1, b"{"))), "truncated"),
        (text(17, text(7, text(1, b"[" * 100_000))), "recursion"),
    ],
)
def test_malformed_messages_are_told_in_the_words_of_upstreams_decoder(
    data: bytes, complaint: str
) -> None:
    with pytest.raises(Malformed, match=complaint):
        message(data, OBJECT_META)


def test_a_body_without_the_prefix_is_no_protobuf() -> None:
    with pytest.raises(BadRequest, match=r"expected prefix \[107 56 115 0\]"):
        decode(b"{}")


def test_fields_that_nobody_knows_are_skipped() -> None:
    unknown = field(99, 0, varint(1 << 40)) + field(98, 1, b"12345678") + field(97, 5, b"1234")
    group = field(96, 3) + field(1, 0, varint(1)) + field(2, 3) + field(2, 4) + field(96, 4)
    assert message(unknown + group + text(1, b"j") + text(95, b"x"), OBJECT_META) == {"name": "j"}


def test_a_message_that_comes_in_parts_is_put_together() -> None:
    parts = text(1, text(1, b"j")) + text(1, text(3, b"ns"))
    assert message(parts, JOB) == {"metadata": {"name": "j", "namespace": "ns"}}


def test_repeated_numbers_may_be_packed() -> None:
    requirement = "io.k8s.api.batch.v1.PodFailurePolicyOnExitCodesRequirement"
    packed = text(3, varint(1) + varint(300) + varint(-1))
    assert message(packed, requirement) == {"values": [1, 300, -1]}


def test_map_entries_may_leave_out_key_or_value() -> None:
    assert message(text(11, b"") + text(11, text(1, b"k")), OBJECT_META) == {
        "labels": {"": "", "k": ""}
    }


def test_zero_times_are_null_and_fractions_are_cut() -> None:
    moment = field(1, 0, varint(1_000_000_000)) + field(2, 0, varint(999_999_999))
    assert message(text(8, b""), OBJECT_META) == {"creationTimestamp": None}
    assert message(text(8, moment), OBJECT_META) == {"creationTimestamp": "2001-09-09T01:46:40Z"}
    event = resources.EVENTS.type_name
    number = SCHEMA.type(event).fields["eventTime"].proto
    assert message(text(number, moment), event) == {"eventTime": "2001-09-09T01:46:40.999999Z"}
    assert message(text(number, b""), event) == {"eventTime": None}


def test_text_that_is_no_utf8_is_replaced() -> None:
    assert message(text(1, b"a\xff"), OBJECT_META) == {"name": "a\ufffd"}


def test_owned_fields_that_are_no_json_are_refused() -> None:
    entry = SCHEMA.type(OBJECT_META).fields["managedFields"].proto
    for damaged in (b'{"\x80": {}}', b"{"):
        fields_v1 = text(7, text(1, damaged))
        with pytest.raises(Malformed):
            message(text(entry, fields_v1), OBJECT_META)
