import pkgutil
import re
from typing import Any

import msgspec
import pytest

from localjobs.api.schema import SCHEMA
from localjobs.apiserver.openapi.schemas import describe
from localjobs.kubelet.demands import demands_of

TEXT = pkgutil.get_data("localjobs.apiserver.openapi.schemas", "descriptions.json")
CORE = "io.k8s.api.core.v1."
REFUSED = "refuses pods"
SENTENCES = re.compile(r"[A-Z`\"].*\.")
DESCRIPTIONS: dict[str, dict[str, str]] = msgspec.json.decode(TEXT or b"")


def test_each_type_is_described_and_each_of_its_fields_but_no_other() -> None:
    told = {name: set(fields) for name, fields in DESCRIPTIONS.items()}
    assert told == {name: {"", *SCHEMA.type(name).fields} for name in SCHEMA.names()}


def test_descriptions_are_short_sentences() -> None:
    unlike = [
        (name, field, text)
        for name, fields in DESCRIPTIONS.items()
        for field, text in fields.items()
        if not SENTENCES.fullmatch(text) or len(text) > 320
    ]
    assert unlike == []


def test_what_is_not_in_the_table_has_no_description() -> None:
    assert describe("io.k8s.api.batch.v1.Nothing") == ""


def is_refused(**spec: Any) -> bool:
    return bool(demands_of({"containers": [], **spec}).unsupported)


@pytest.mark.parametrize(
    "kind", sorted(SCHEMA.type(f"{CORE}Volume").fields.keys() - {"name", "persistentVolumeClaim"})
)
def test_volumes_are_said_to_be_here_exactly_if_they_are(kind: str) -> None:
    source = SCHEMA.type(f"{CORE}Volume").fields[kind].type.name
    refused = is_refused(volumes=[{"name": "v", kind: {}}])
    assert (REFUSED in describe(source)) is refused
    assert ("not here" in describe(f"{CORE}Volume", kind)) is refused


@pytest.mark.parametrize("kind", sorted(SCHEMA.type(f"{CORE}VolumeProjection").fields))
def test_projections_are_said_to_be_here_exactly_if_they_are(kind: str) -> None:
    refused = is_refused(volumes=[{"name": "v", "projected": {"sources": [{kind: {}}]}}])
    assert ("not here" in describe(f"{CORE}VolumeProjection", kind)) is refused


@pytest.mark.parametrize(
    ("type_name", "container"),
    [
        ("Probe", {"livenessProbe": {"exec": {"command": ["true"]}}}),
        ("GRPCAction", {"livenessProbe": {"grpc": {"port": 1}}}),
        ("LifecycleHandler", {"lifecycle": {"preStop": {"sleep": {"seconds": 1}}}}),
        ("VolumeDevice", {"volumeDevices": [{"name": "v", "devicePath": "/d"}]}),
    ],
)
def test_what_is_refused_says_so(type_name: str, container: dict[str, Any]) -> None:
    refused = is_refused(containers=[container])
    assert (REFUSED in describe(f"{CORE}{type_name}")) is refused
