from typing import Any

import pytest

from localjobs.admission.validation.metadata import (
    validate_object_metadata,
    validate_object_metadata_update,
    validate_registry_update,
    validate_stored_metadata,
)
from localjobs.api import names
from localjobs.api.objects import Object
from tests.admission.validation.written import texts

OWNER = {"apiVersion": "batch/v1", "kind": "Job", "name": "j", "uid": "u"}


def errors_of(**meta: Any) -> list[str]:
    obj = {"metadata": {"name": "a", "namespace": "n", **meta}}
    return texts(validate_object_metadata(obj))


@pytest.mark.parametrize(
    ("meta", "expected"),
    [
        ({"labels": {"a/b": "c"}, "annotations": {"A/B": "anything at all"}}, []),
        ({"generateName": "a-"}, []),
        ({"finalizers": ["kubernetes", "a/b"], "ownerReferences": [OWNER]}, []),
        ({"name": ""}, ["metadata.name: Required value: name or generateName is required"]),
        ({"namespace": ""}, ["metadata.namespace: Required value"]),
        ({"namespace": "a.b"}, ['metadata.namespace: Invalid value: "a.b": must not contain dots']),
        (
            {"generation": -1},
            ["metadata.generation: Invalid value: -1: must be greater than or equal to 0"],
        ),
        (
            {"labels": {"a": "b" * 64, "c/d/e": ""}},
            [
                f'metadata.labels: Invalid value: "{"b" * 64}": must be no more than 63 bytes',
                (
                    'metadata.labels: Invalid value: "c/d/e": a valid label key must consist of '
                    "alphanumeric characters, '-', '_' or '.', and must start and end with an "
                    "alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex "
                    "used "
                    "for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]') with an "
                    "optional "
                    "DNS subdomain prefix and '/' (e.g. 'example.com/MyName')"
                ),
            ],
        ),
        (
            {"annotations": {"a": "x" * (256 * 1024)}},
            ["metadata.annotations: Too long: may not be more than 262144 bytes"],
        ),
        (
            {"ownerReferences": [{"apiVersion": "a/b/c", "kind": "", "name": "", "uid": ""}]},
            [
                (
                    'metadata.ownerReferences.apiVersion: Invalid value: "a/b/c": version must not '
                    "be "
                    "empty"
                ),
                'metadata.ownerReferences.kind: Invalid value: "": must not be empty',
                'metadata.ownerReferences.name: Invalid value: "": must not be empty',
                'metadata.ownerReferences.uid: Invalid value: "": must not be empty',
            ],
        ),
        (
            {"ownerReferences": [{"apiVersion": "v1", "kind": "Event", "name": "e", "uid": "u"}]},
            [
                (
                    'metadata.ownerReferences: Invalid value: {"apiVersion":"v1","kind":"Event",'
                    '"name":"e","uid":"u"}: /v1, Kind=Event is disallowed from being an owner'
                )
            ],
        ),
        (
            {"finalizers": ["foregroundDeletion", "orphan"]},
            [
                (
                    'metadata.finalizers: Invalid value: ["foregroundDeletion","orphan"]: '
                    "finalizer "
                    "orphan and foregroundDeletion cannot be both set"
                )
            ],
        ),
        (
            {"finalizers": ["mine"]},
            [
                (
                    'metadata.finalizers[0]: Invalid value: "mine": name is neither a standard '
                    "finalizer name nor is it fully qualified"
                )
            ],
        ),
        (
            {"managedFields": [{"operation": "Set", "fieldsType": "V2", "manager": "m" * 129}]},
            [
                (
                    'metadata.managedFields[0].operation: Invalid value: "Set": must be `Apply` or '
                    "`Update`"
                ),
                'metadata.managedFields[0].fieldsType: Invalid value: "V2": must be `FieldsV1`',
                "metadata.managedFields[0].manager: Too long: may not be more than 128 bytes",
            ],
        ),
    ],
)
def test_a_new_object(meta: Object, expected: list[str]) -> None:
    assert errors_of(**meta) == expected


def test_a_prefix_is_checked_as_the_name_it_will_make() -> None:
    found = errors_of(generateName="Ab-")
    assert len(found) == 1
    assert found[0].startswith('metadata.generateName: Invalid value: "Ab-": a lowercase RFC 1123')


def test_an_object_has_one_controller() -> None:
    owners = [{**OWNER, "controller": True}, {**OWNER, "name": "k", "controller": True}]
    (error,) = errors_of(ownerReferences=owners)
    assert error.endswith(
        'Only one reference can have Controller set to true. Found "true" in references for '
        "Job/j and Job/k"
    )


def test_field_managers_are_printable() -> None:
    entry = {"operation": "Update", "manager": "é\n"}
    (error,) = errors_of(managedFields=[entry])
    assert error.endswith("invalid character U+000A (at position 2)")


def test_kinds_without_namespaces_and_with_names_of_another_form() -> None:
    obj = {"metadata": {"name": "a.b", "namespace": "n"}}
    found = validate_object_metadata(obj, names.dns1123_label_errors, namespaced=False)
    assert texts(found) == [
        'metadata.name: Invalid value: "a.b": must not contain dots',
        "metadata.namespace: Forbidden: not allowed on this type",
    ]


@pytest.mark.parametrize(
    ("name", "problems"),
    [
        ("A:b", []),
        ("..", ["may not be '..'"]),
        ("a/b%", ["may not contain '/'", "may not contain '%'"]),
    ],
)
def test_every_name_can_stand_in_a_path(name: str, problems: list[str]) -> None:
    found = validate_stored_metadata({"metadata": {"name": name, "namespace": "n"}})
    assert texts(found) == [f'metadata.name: Invalid value: "{name}": {one}' for one in problems]


OLD: Object = {"name": "a", "namespace": "n", "uid": "u", "resourceVersion": "1", "generation": 2}


def update_errors(new: Object, old: Object) -> list[str]:
    return texts(validate_object_metadata_update({"metadata": new}, {"metadata": old}))


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"labels": {"a": "b"}, "finalizers": ["a/b"]}, []),
        (
            {"resourceVersion": ""},
            ['resourceVersion: Invalid value: "": must be specified for an update'],
        ),
        ({"generation": 1}, ["generation: Invalid value: 1: must not be decremented"]),
        ({"uid": "v"}, ['uid: Invalid value: "v": field is immutable']),
        (
            {"creationTimestamp": "2026-01-01T00:00:00Z"},
            ['creationTimestamp: Invalid value: "2026-01-01T00:00:00Z": field is immutable'],
        ),
        (
            {"finalizers": ["mine"]},
            [
                (
                    'finalizers[0]: Invalid value: "mine": name is neither a standard finalizer '
                    "name "
                    "nor is it fully qualified"
                )
            ],
        ),
    ],
)
def test_an_update(change: Object, expected: list[str]) -> None:
    assert update_errors({**OLD, **change}, OLD) == [f"metadata.{text}" for text in expected]


def test_what_is_being_deleted_gets_no_new_finalizers() -> None:
    old = {**OLD, "deletionTimestamp": "2026-01-01T00:00:00Z", "finalizers": ["a/b"]}
    assert update_errors({**old, "finalizers": []}, old) == []
    assert update_errors({**old, "finalizers": ["a/b", "c/e", "c/d"]}, old) == [
        (
            "metadata.finalizers: Forbidden: no new finalizers can be added if the object is being "
            'deleted, found new finalizers []string{"c/d", "c/e"}'
        )
    ]


def test_the_registry_checks_the_new_object_then_the_change() -> None:
    new = {**OLD, "labels": {"a": "-"}}
    found = list(validate_registry_update({"metadata": new}, {"metadata": OLD}))
    assert [error.field for error in found] == ["metadata.labels", "metadata.labels"]
