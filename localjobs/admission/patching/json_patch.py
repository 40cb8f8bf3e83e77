"""JSON patches (RFC 6902), with the answers of upstream's handler.

apiserver/pkg/endpoints/handlers/patch.go: a patch that is no list of operations is a 400, a
patch that does not apply is a 422 that says nothing more.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import jsonpatch
import jsonpointer

from localjobs.admission.patching.gotext import json_noun, kind_of
from localjobs.errors import BadRequest, Details, Invalid, TooLarge

MOST_OPERATIONS = 10_000
_OPERATION = "handlers.jsonPatchOp"
_TEXT_MEMBERS = ("op", "path", "from")
_KNOWN_MEMBERS = (*_TEXT_MEMBERS, "value")
# Answered to whatever does not apply (apimachinery/pkg/api/errors, NewGenericServerResponse).
_REJECTED = "the server rejected our request due to an error in our request"


def json_patch(original: Any, operations: Sequence[dict[str, Any] | None]) -> Any:
    """`original` after these operations, each as `check_operations` lets it pass.

    Raises TooLarge for too many of them, Invalid for one that does not apply.
    """
    if len(operations) > MOST_OPERATIONS:
        raise TooLarge(
            f"The allowed maximum operations in a JSON patch is {MOST_OPERATIONS}, "
            f"got {len(operations)}"
        )
    document = _copied(original)
    try:
        for operation in operations:
            document = _apply(document, operation or {})
    except (jsonpatch.JsonPatchException, jsonpointer.JsonPointerException, TypeError) as error:
        raise unprocessable() from error
    return document


def unprocessable() -> Invalid:
    """The 422 that answers a patch that does not apply; it names no reason."""
    return Invalid(_REJECTED, Details())


def check_operations(body: Any) -> None:
    """Raise BadRequest, in encoding/json's words, unless `body` is a list of operations."""
    if not isinstance(body, list):
        raise _undecodable(f"{json_noun(body)} into Go value of type []{_OPERATION}")
    for operation in body:
        if operation is None:
            continue  # nothing to decode; it does not apply, either
        if not isinstance(operation, dict):
            raise _undecodable(f"{json_noun(operation)} into Go value of type {_OPERATION}")
        for member in _TEXT_MEMBERS:
            if not isinstance(operation.get(member, ""), str | None):
                noun = json_noun(operation[member])
                raise _undecodable(
                    f"{noun} into Go struct field jsonPatchOp.{member} of type string"
                )


def unknown_members(body: Sequence[dict[str, Any] | None]) -> list[str]:
    """What strict decoding says about members that no operation has."""
    return [
        f'json patch unknown field "[{index}].{member}"'
        for index, operation in enumerate(body)
        for member in operation or ()
        if member not in _KNOWN_MEMBERS
    ]


def _undecodable(what: str) -> BadRequest:
    return BadRequest(f"error decoding patch: json: cannot unmarshal {what}")


def _apply(document: Any, operation: dict[str, Any]) -> Any:
    path = operation.get("path")
    if path == "" and operation.get("op") in ("replace", "test"):
        return _apply_to_all(document, operation)
    if not path or not path.startswith("/"):
        raise unprocessable()  # anything else is done to members of the object
    if operation.get("op") == "test":
        _test(document, path, operation.get("value"))
        return document
    adds = operation.get("op") in ("add", "move", "copy")
    complete = {"value": None, **operation, "path": _counted(document, path, int(adds))}
    if operation.get("from"):
        complete["from"] = _counted(document, operation["from"], 0)
    return jsonpatch.JsonPatch([complete]).apply(document, in_place=True)


def _apply_to_all(document: Any, operation: dict[str, Any]) -> Any:
    value = operation.get("value")
    if operation["op"] == "test":
        _test(document, "", value)
        return document
    if not isinstance(value, dict | list):
        raise unprocessable()
    return _copied(value)


def _counted(document: Any, path: str, room: int) -> str:
    """The path with an index from the end of a list counted from its start.

    The RFC has no such indexes, upstream's library does: `-1` is the last item, or, with `room`
    for one more, the place after it.
    """
    parent, slash, last = path.rpartition("/")
    if not slash or not last.startswith("-") or not last[1:].isdigit():
        return path
    holder = jsonpointer.resolve_pointer(document, parent, None)
    index = len(holder) + room + int(last) if isinstance(holder, list) else -1
    return f"{parent}/{index}" if index >= 0 else path


def _test(document: Any, path: str, expected: Any) -> None:
    found = jsonpointer.resolve_pointer(document, path, None)
    if not _same(found, _copied(expected)):
        raise unprocessable()


def _same(left: Any, right: Any) -> bool:
    # In Python True == 1 and 1 == 1.0; in JSON none of these are the same text.
    if kind_of(left) != kind_of(right):
        return False
    if isinstance(left, dict):
        return left.keys() == right.keys() and all(_same(left[key], right[key]) for key in left)
    if isinstance(left, list):
        return len(left) == len(right) and all(map(_same, left, right))
    return bool(left == right)


def _copied(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _copied(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_copied(one) for one in value]
    return value
