from __future__ import annotations

from localjobs.api.resources import ALL
from localjobs.api.schema import QUANTITY, SCHEMA, FieldType, Kind

CORE = "io.k8s.api.core.v1."


def test_every_served_resource_is_in_the_table() -> None:
    for resource in ALL:
        assert {"apiVersion", "kind", "metadata"} <= SCHEMA.type(resource.type_name).fields.keys()


def test_every_type_that_a_field_names_is_in_the_table() -> None:
    def check(field_type: FieldType) -> None:
        if field_type.element is not None:
            check(field_type.element)
        if field_type.kind in (Kind.STRUCT, Kind.SPECIAL):
            assert field_type.name in SCHEMA

    for name in SCHEMA.names():
        for field in SCHEMA.type(name).fields.values():
            check(field.type)


def test_list_keys_and_merge_keys_are_fields_of_the_items() -> None:
    for name in SCHEMA.names():
        for field in SCHEMA.type(name).fields.values():
            element = field.type.element
            if element is not None and element.kind is Kind.STRUCT:
                keys = {*field.list_map_keys, *filter(None, [field.patch_merge_key])}
                assert keys <= SCHEMA.type(element.name).fields.keys()


def test_a_field_knows_how_it_is_patched_printed_and_named() -> None:
    ports = SCHEMA.type(CORE + "Container").fields["ports"]
    assert ports.list_type == "map"
    assert ports.list_map_keys == ("containerPort", "protocol")
    assert (ports.patch_strategy, ports.patch_merge_key) == (("merge",), "containerPort")
    assert ports.type.go_name == "[]v1.ContainerPort"
    limits = SCHEMA.type(CORE + "ResourceRequirements").fields["limits"]
    assert limits.type.element == FieldType(Kind.SPECIAL, QUANTITY, None, "resource.Quantity")
    assert limits.type.go_name == "v1.ResourceList"
    spec = SCHEMA.type(CORE + "PodSpec")
    assert spec.fields["priority"].pointer
    assert not spec.fields["hostNetwork"].pointer
    assert [field.name for field in spec.always] == ["containers"]


def test_required_fields_are_always_printed() -> None:
    for name in SCHEMA.names():
        schema = SCHEMA.type(name)
        assert {f.name for f in schema.fields.values() if f.required} <= {
            field.name for field in schema.always
        }
