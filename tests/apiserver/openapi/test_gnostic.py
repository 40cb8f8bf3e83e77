from collections.abc import Iterator
from typing import Any

import msgspec
import pytest

from localjobs.api.protobuf_wire import fields
from localjobs.apiserver.openapi import documents, gnostic

WHOLE: dict[str, Any] = msgspec.json.decode(documents.whole_json().body)
ENCODED = documents.whole_protobuf().body


def below(data: bytes, *numbers: int) -> Iterator[bytes]:
    """The messages or texts at the end of a path of field numbers."""
    if not numbers:
        yield data
        return
    for number, _, value in fields(data):
        if number == numbers[0]:
            assert isinstance(value, bytes)
            yield from below(value, *numbers[1:])


def text(data: bytes, *numbers: int) -> str:
    (found,) = below(data, *numbers)
    return found.decode()


def named(data: bytes, *numbers: int) -> dict[str, bytes]:
    """The entries of what stands for a map."""
    return {text(one, 1): next(below(one, 2)) for one in below(data, *numbers)}


def flags(data: bytes, number: int) -> list[int]:
    return [value for field, _, value in fields(data) if field == number and value == 1]


def schema(data: bytes) -> dict[str, Any]:
    """A Schema message as the JSON it was made from."""
    found: dict[str, Any] = {}
    for key, number in (("$ref", 1), ("format", 2), ("description", 4)):
        found |= {key: one.decode() for one in below(data, number)}  # noqa: B035 - one at most
    if required := [one.decode() for one in below(data, 19)]:
        found["required"] = required
    for key, number in (("additionalProperties", 21), ("items", 23)):
        found |= {key: schema(one) for one in below(data, number, 1)}  # noqa: B035 - one at most
    for one in below(data, 22, 1):
        found["type"] = one.decode()
    if properties := {key: schema(one) for key, one in named(data, 25, 1).items()}:
        found["properties"] = properties
    extensions = named(data, 31).items()
    found.update({key: msgspec.json.decode(next(below(one, 2))) for key, one in extensions})
    return found


def test_every_schema_is_there_with_all_that_it_says() -> None:
    decoded = {name: schema(one) for name, one in named(ENCODED, 9, 1).items()}
    assert decoded == WHOLE["definitions"]


def test_every_path_is_there_with_its_operations() -> None:
    numbers = {"get": 2, "put": 3, "post": 4, "delete": 5, "patch": 8}
    decoded = {
        path: {
            method: text(item, number, 5)
            for method, number in numbers.items()
            if list(below(item, number))
        }
        for path, item in named(ENCODED, 8, 2).items()
    }
    assert decoded == {
        path: {method: one["operationId"] for method, one in item.items() if method in numbers}
        for path, item in WHOLE["paths"].items()
    }


def test_parameters_stand_where_their_place_says() -> None:
    path = "/apis/batch/v1/namespaces/{namespace}/jobs/{name}"
    item = named(ENCODED, 8, 2)[path]
    in_path = {text(one, 4): text(one, 5) for one in below(item, 9, 1, 2, 4)}
    assert in_path == {"namespace": "string", "name": "string"}
    assert all(flags(one, 1) and flags(one, 19) for one in below(item, 9, 1, 2, 4))
    in_query = {text(one, 4): text(one, 6) for one in below(item, 8, 8, 1, 2, 3)}
    assert in_query["fieldValidation"] == "string"
    assert in_query["force"] == "boolean"
    assert all(flags(one, 20) for one in below(item, 8, 8, 1, 2, 3))
    (body,) = below(item, 3, 8, 1, 1)
    assert schema(next(below(body, 5))) == {"$ref": "#/definitions/io.k8s.api.batch.v1.Job"}


def test_answers_name_their_code() -> None:
    item = named(ENCODED, 8, 2)["/apis/batch/v1/namespaces/{namespace}/jobs"]
    answers = named(next(below(item, 4)), 9, 1)
    assert set(answers) == {"201", "401"}
    answer = schema(next(below(answers["201"], 1, 2, 1)))
    assert answer == {"$ref": "#/definitions/io.k8s.api.batch.v1.Job"}


def test_operations_say_which_kind_they_are_about() -> None:
    item = named(ENCODED, 8, 2)["/apis/batch/v1/namespaces/{namespace}/jobs/{name}"]
    extensions = named(next(below(item, 8)), 13)
    kind = msgspec.json.decode(next(below(extensions["x-kubernetes-group-version-kind"], 2)))
    assert kind == {"group": "batch", "version": "v1", "kind": "Job"}


@pytest.mark.parametrize(
    "document",
    [{"host": "x"}, {"x-own": 1}, {"definitions": {"A": {"enum": ["a"]}}}],
)
def test_what_is_not_expected_is_not_dropped_unseen(document: dict[str, Any]) -> None:
    with pytest.raises(KeyError):
        gnostic.encode(document)
