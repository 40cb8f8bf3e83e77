"""OpenAPI v2 as protobuf: the one form in which kubectl before 1.29 reads it.

The messages and their numbers are those of `openapiv2/OpenAPIv2.proto` in google/gnostic. Each
table below lists the members that our documents use; a document with another one is a KeyError,
so that nothing is dropped unseen.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import msgspec

from localjobs.api.objects import Object

_Member = Callable[[Any], bytes]

_BYTES = 2
_PLACES = {"query": 3, "path": 4}
"""Where a parameter stands -> the member of NonBodyParameter."""
_UNIQUE_ITEMS = {"query": 20, "path": 19}
_EXTENSIONS = {"query": 23, "path": 22}


def encode(document: Object) -> bytes:
    """A document as bytes. Raises KeyError for a member that is not expected."""
    return _message(document, _DOCUMENT)


def _varint(value: int) -> bytes:
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])


def _chunk(number: int, data: bytes) -> bytes:
    return _varint(number << 3 | _BYTES) + _varint(len(data)) + data


def _message(value: Object, members: Mapping[str, _Member], extension: int = 0) -> bytes:
    """A message of these members; what begins with `x-` goes to the one numbered `extension`."""
    return b"".join(
        _extension(extension, key, one) if key.startswith("x-") else members[key](one)
        for key, one in value.items()
    )


def _extension(number: int, key: str, value: Any) -> bytes:
    """NamedAny with an Any of YAML text, which JSON is."""
    if not number:
        raise KeyError(key)
    return _named(number, key, _chunk(2, msgspec.json.encode(value)))


def _named(number: int, key: str, value: bytes) -> bytes:
    """One entry of what stands for a map."""
    return _chunk(number, _chunk(1, key.encode()) + _chunk(2, value))


def _text(number: int) -> _Member:
    return lambda value: _chunk(number, value.encode())


def _texts(number: int) -> _Member:
    return lambda values: b"".join(_chunk(number, value.encode()) for value in values)


def _flag(number: int) -> _Member:
    return lambda value: _varint(number << 3) + _varint(1) if value else b""


def _entries(values: Mapping[str, Any], number: int, write: _Member) -> bytes:
    return b"".join(_named(number, key, write(value)) for key, value in values.items())


def _all(values: Iterable[Any], number: int, write: _Member) -> bytes:
    return b"".join(_chunk(number, write(value)) for value in values)


def _schema(value: Object) -> bytes:
    return _message(value, _SCHEMA, extension=31)


def _parameter(value: Object) -> bytes:
    """ParametersItem, Parameter and, below it, the message for the parameter's place."""
    place = value["in"]
    if place == "body":
        return _chunk(1, _chunk(1, _message(value, _BODY)))
    members = {**_PARAMETER, "uniqueItems": _flag(_UNIQUE_ITEMS[place])}
    if place == "query":  # it may be empty, which moves what follows by one
        members["type"] = _text(6)
    body = _message(value, members, extension=_EXTENSIONS[place])
    return _chunk(1, _chunk(2, _chunk(_PLACES[place], body)))


def _response(value: Object) -> bytes:
    return _chunk(1, _message(value, _RESPONSE))


def _operation(number: int) -> _Member:
    return lambda value: _chunk(number, _message(value, _OPERATION, extension=13))


_SCHEMA: dict[str, _Member] = {
    "$ref": _text(1),
    "format": _text(2),
    "description": _text(4),
    "required": _texts(19),
    "additionalProperties": lambda value: _chunk(21, _chunk(1, _schema(value))),
    "type": lambda value: _chunk(22, _chunk(1, value.encode())),
    "items": lambda value: _chunk(23, _chunk(1, _schema(value))),
    "properties": lambda value: _chunk(25, _entries(value, 1, _schema)),
}
_BODY: dict[str, _Member] = {
    "description": _text(1),
    "name": _text(2),
    "in": _text(3),
    "required": _flag(4),
    "schema": lambda value: _chunk(5, _schema(value)),
}
_PARAMETER: dict[str, _Member] = {
    "required": _flag(1),
    "in": _text(2),
    "description": _text(3),
    "name": _text(4),
    "type": _text(5),
}
_RESPONSE: dict[str, _Member] = {
    "description": _text(1),
    "schema": lambda value: _chunk(2, _chunk(1, _schema(value))),
}
_OPERATION: dict[str, _Member] = {
    "tags": _texts(1),
    "description": _text(3),
    "operationId": _text(5),
    "produces": _texts(6),
    "consumes": _texts(7),
    "parameters": lambda values: _all(values, 8, _parameter),
    "responses": lambda value: _chunk(9, _entries(value, 1, _response)),
}
_PATH_ITEM: dict[str, _Member] = {
    "get": _operation(2),
    "put": _operation(3),
    "post": _operation(4),
    "delete": _operation(5),
    "patch": _operation(8),
    "parameters": lambda values: _all(values, 9, _parameter),
}
_INFO: dict[str, _Member] = {"title": _text(1), "version": _text(2)}
_API_KEY: dict[str, _Member] = {
    "type": _text(1),
    "name": _text(2),
    "in": _text(3),
    "description": _text(4),
}
_DOCUMENT: dict[str, _Member] = {
    "swagger": _text(1),
    "info": lambda value: _chunk(2, _message(value, _INFO)),
    "paths": lambda value: _chunk(8, _entries(value, 2, lambda one: _message(one, _PATH_ITEM))),
    "definitions": lambda value: _chunk(9, _entries(value, 1, _schema)),
    "security": lambda values: _all(
        values, 12, lambda value: _entries(value, 1, lambda scopes: _texts(1)(scopes))
    ),
    "securityDefinitions": lambda value: _chunk(
        13, _entries(value, 1, lambda one: _chunk(2, _message(one, _API_KEY)))
    ),
}
