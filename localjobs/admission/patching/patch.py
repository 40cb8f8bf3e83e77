"""A PATCH request: what kind it is, what it makes of an object, and how it is refused.

apiserver/pkg/endpoints/handlers/patch.go. Server-side apply is a patch of its own kind and lives
in `admission.ownership`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from enum import Enum
from typing import Any

import msgspec
from msgspec import Struct

from localjobs.admission.patching.gotext import json_noun, printed
from localjobs.admission.patching.json_patch import check_operations, json_patch, unknown_members
from localjobs.admission.patching.merge import merge_patch
from localjobs.admission.patching.restoring import Mismatch, restored
from localjobs.admission.patching.strategic_merge import strategic_merge
from localjobs.admission.text import Repeated
from localjobs.api.field import FieldError, forbidden, invalid, required
from localjobs.api.objects import Object
from localjobs.api.resources import Resource
from localjobs.api.schema import FieldType, Kind
from localjobs.errors import ApiError, BadRequest, Details, Invalid, UnsupportedMediaType

# Decoding names the object's type before the reason; the answer to a patch has the reason alone.
_DECODING = re.compile(r'^\w+ in version "[^"]*" cannot be handled as a \w+: ')
_STRICT = "strict decoding error: "


class PatchKind(Enum):
    """The kinds of patch, by the Content-Type that asks for them."""

    JSON = "application/json-patch+json"
    MERGE = "application/merge-patch+json"
    STRATEGIC = "application/strategic-merge-patch+json"
    APPLY = "application/apply-patch+yaml"

    @classmethod
    def of(cls, content_type: str) -> PatchKind:
        """The kind that a Content-Type header asks for; UnsupportedMediaType for another."""
        media_type = content_type.partition(";")[0]
        try:
            return cls(media_type)
        except ValueError:
            raise UnsupportedMediaType("415: Unsupported Media Type", Details()) from None

    def unreadable(self, reason: str) -> BadRequest:
        """The 400 for a body of this kind that is no JSON (or YAML), in the decoder's words."""
        return BadRequest(_UNREADABLE[self] + reason)


_UNREADABLE = {
    PatchKind.JSON: "error decoding patch: ",
    PatchKind.MERGE: "error decoding patch: ",
    PatchKind.STRATEGIC: "",
    PatchKind.APPLY: "error decoding YAML: ",
}


class Patch(Struct, frozen=True):
    """A patch as it was sent."""

    kind: PatchKind
    body: Any
    """The decoded JSON (or YAML, for apply), as `admission.text` reads it."""


class Patched(Struct, frozen=True):
    """What a patch made of an object, before decoding and defaulting."""

    body: Object
    strict_errors: tuple[str, ...] = ()
    """What a strict request refuses, and another is warned of, in the patch itself."""


def apply_patch(resource: Resource, old: Object, patch: Patch) -> Patched:
    """`old` with a JSON, merge or strategic merge patch applied; both are left as they are.

    Raises BadRequest for a patch that cannot be read, Invalid for one that does not fit, TooLarge
    for one with too many operations, and UnknownError for what upstream leaves unclassified.
    """
    repeated = tuple(_repeated_fields(patch.body))
    body = _plain(patch.body)
    if patch.kind is PatchKind.JSON:
        return _json_patched(old, body, repeated)
    _check_map(patch)
    if patch.kind is PatchKind.MERGE:
        return Patched(merge_patch(old, body), repeated)
    merged = strategic_merge(old, body or {}, resource.type_name)
    try:
        return Patched(restored(merged, FieldType(Kind.STRUCT, resource.type_name)), repeated)
    except Mismatch as mismatch:
        raise _refused(printed(patch.body), str(mismatch)) from mismatch


def _json_patched(old: Object, body: Any, repeated: tuple[str, ...]) -> Patched:
    operations = [] if body is None else body
    check_operations(operations)
    in_patch = [f"json patch {error}" for error in repeated]
    return Patched(json_patch(old, operations), (*in_patch, *unknown_members(operations)))


def _repeated_fields(value: Any, path: str = "") -> Iterator[str]:
    """What strict decoding says about names that the text gave twice."""
    if isinstance(value, list):
        for index, one in enumerate(value):
            yield from _repeated_fields(one, f"{path}[{index}]")
    if isinstance(value, dict):
        repeated = value.repeated if isinstance(value, Repeated) else ()
        for key, one in value.items():
            place = f"{path}.{key}" if path else key
            if key in repeated:
                yield f'duplicate field "{place}"'
            yield from _repeated_fields(one, place)


def _plain(value: Any) -> Any:
    # Without the decoder's notes on how the text was written: they are dealt with here.
    if isinstance(value, dict):
        return {key: _plain(one) for key, one in value.items()}
    return [_plain(one) for one in value] if isinstance(value, list) else value


def _check_map(patch: Patch) -> None:
    if patch.body is None and patch.kind is PatchKind.MERGE:
        raise BadRequest("Invalid JSON Patch")
    if patch.body is not None and not isinstance(patch.body, dict):
        raise patch.kind.unreadable(
            f"json: cannot unmarshal {json_noun(patch.body)} "
            "into Go value of type map[string]interface {}"
        )


def undecodable(patch: Patch, patched: Patched, error: ApiError) -> Invalid:
    """The 422 for a patch whose result decoding refuses with `error`."""
    reason = decoding_reason(error)
    if reason.startswith(_STRICT) and patched.strict_errors:
        reason = _STRICT + ", ".join([*patched.strict_errors, reason.removeprefix(_STRICT)])
    return _refused(_shown(patch, patched), reason)


def decoding_reason(error: ApiError) -> str:
    """Why decoding refused an object, without what it calls the object."""
    return _DECODING.sub("", error.message)


def check_strictly(patch: Patch, patched: Patched) -> None:
    """Raise Invalid if the patch has strict errors: for a strict request whose result decodes."""
    if patched.strict_errors:
        reason = _STRICT + ", ".join(patched.strict_errors)
        raise _refused(_shown(patch, patched), reason)


def _shown(patch: Patch, patched: Patched) -> str:
    """The value that the answer blames: the patch as Go prints it, or the patched JSON."""
    if patch.kind is PatchKind.STRATEGIC:
        return printed(patch.body)
    # numbers that keep how they were written are floats all the same
    return msgspec.json.encode(patched.body, enc_hook=float).decode()


def _refused(value: str, reason: str) -> Invalid:
    return _invalid("", invalid("patch", value, reason))


def check_options(kind: PatchKind, field_manager: str, force: bool | None) -> None:
    """Raise Invalid for query parameters that do not go with this kind of patch.

    apimachinery/pkg/apis/meta/v1/validation, ValidatePatchOptions: apply names its manager, and
    only apply can be forced.
    """
    if kind is PatchKind.APPLY and not field_manager:
        error = required("fieldManager", "is required for apply patch")
    elif kind is not PatchKind.APPLY and force is not None:
        error = forbidden("force", "may not be specified for non-apply patch")
    else:
        return
    raise _invalid("PatchOptions", error)


def _invalid(kind: str, error: FieldError) -> Invalid:
    group = "meta.k8s.io" if kind else ""
    qualified = f"{kind}.{group}" if group else ""
    details = Details(group=group, kind=kind, causes=(error.to_cause(),))
    return Invalid(f'{qualified} "" is invalid: {error}', details)
