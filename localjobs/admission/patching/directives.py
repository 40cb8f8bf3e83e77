"""The directives of strategic merge patches, and the errors of patches that misuse them.

apimachinery/pkg/util/strategicpatch/patch.go and util/mergepatch/errors.go. An error is
answered as interpretStrategicMergePatchError has it (apiserver, handlers/patch.go): a wrong
format is a 400, what upstream does not classify a 500 without a reason.
"""

from __future__ import annotations

from typing import Any

from localjobs.admission.patching.gotext import printed, type_of
from localjobs.admission.patching.json_patch import unprocessable
from localjobs.errors import BadRequest, Invalid, UnknownError

PATCH = "$patch"
RETAIN_KEYS = "$retainKeys"
DELETE_FROM_LIST = "$deleteFromPrimitiveList"
SET_ELEMENT_ORDER = "$setElementOrder"

DELETE, REPLACE, MERGE = "delete", "replace", "merge"


def named_field(directive: str, prefix: str, error: BadRequest) -> str:
    """The field that `$setElementOrder/containers` is about; raises `error` without one."""
    head, slash, name = directive.partition("/")
    if not slash or head != prefix:
        raise error
    return name


def has_directive(item: Any) -> bool:
    """Whether a list item is about a directive, and not an item to merge."""
    return isinstance(item, dict) and PATCH in item


def bad_primitive_list() -> BadRequest:
    """`$deleteFromPrimitiveList` is not written as it must be."""
    return BadRequest("invalid patch format of primitive list")


def bad_element_order() -> BadRequest:
    """`$setElementOrder` is not written as it must be, or not for this list."""
    return BadRequest("invalid patch format of setElementOrder list")


def bad_retain_keys() -> BadRequest:
    """`$retainKeys` is no list, or leaves out a member that the patch sets."""
    return BadRequest("invalid patch format of retainKeys")


def lists_of_lists() -> Invalid:
    """A list to merge holds lists."""
    return unprocessable()


def no_merge_key(item: dict[str, Any], key: str) -> UnknownError:
    """A list item lacks the member that tells it from others."""
    return UnknownError(f"map: {printed(item)} does not contain declared merge key: {key}")


def bad_patch_type(directive: Any, patch: dict[str, Any]) -> UnknownError:
    """`$patch` asks for something unheard of."""
    text = directive if isinstance(directive, str) else f"%!s({printed(directive)})"
    return UnknownError(f"unknown patch type: {text} in map: {printed(patch)}")


def bad_argument(expected: Any, actual: Any) -> UnknownError:
    """A value is of another type than the directive needs."""
    return UnknownError(f"expected a {type_of(expected)}, but received a {type_of(actual)}")


def without_directives(value: Any) -> Any:
    """`value` without the maps that hold `$patch`: the object never had what they are about."""
    if isinstance(value, dict):
        kept = {key: one for key, one in value.items() if not has_directive(one)}
        return {key: without_directives(one) for key, one in kept.items()}
    if isinstance(value, list):
        return [without_directives(one) for one in value if not has_directive(one)]
    return value
