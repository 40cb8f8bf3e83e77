"""Strategic merge patches: lists are merged by the keys the schema table names.

apimachinery/pkg/util/strategicpatch/patch.go (mergeMap and below), without its mutation: the
object and the patch are left as they are. Directives: `$patch` (delete, replace), `$retainKeys`,
`$deleteFromPrimitiveList/<field>` and `$setElementOrder/<field>`.
"""

from __future__ import annotations

from typing import Any

from localjobs.admission.patching.directives import (
    DELETE,
    DELETE_FROM_LIST,
    MERGE,
    PATCH,
    REPLACE,
    RETAIN_KEYS,
    SET_ELEMENT_ORDER,
    bad_argument,
    bad_element_order,
    bad_patch_type,
    bad_primitive_list,
    bad_retain_keys,
    lists_of_lists,
    named_field,
    without_directives,
)
from localjobs.admission.patching.element_order import check_order, identity, in_order
from localjobs.admission.patching.gotext import kind_of, printed
from localjobs.admission.patching.merge import without_nulls
from localjobs.api.schema import SCHEMA, FieldSchema, FieldType, Kind
from localjobs.errors import UnknownError

_Map = dict[str, Any]
_List = list[Any]


def strategic_merge(original: _Map, patch: _Map, type_name: str) -> _Map:
    """`original`, an object of this type of the schema table, with `patch` merged in.

    Raises BadRequest for misused directives, Invalid for lists of lists, and UnknownError for
    what upstream answers with a bare error: a list item without its merge key, say.
    """
    return _merge_map(original, patch, FieldType(Kind.STRUCT, type_name))


def _merge_map(original: _Map, patch: _Map, of: FieldType) -> _Map:
    if PATCH in patch:
        return _replace_or_delete(patch)
    merged, rest = _retain_keys(original, patch)
    for key in [one for one in rest if one.startswith(SET_ELEMENT_ORDER)]:
        _merge_ordered(merged, rest, key, of)
    for key, value in rest.items():
        if key.startswith(DELETE_FROM_LIST):
            _delete_items(merged, key, value, of)
        elif value is None:
            merged.pop(key, None)
        else:
            _merge_member(merged, key, value, of)
    return merged


def _replace_or_delete(patch: _Map) -> _Map:
    if patch[PATCH] == REPLACE:
        return {key: value for key, value in patch.items() if key != PATCH}
    if patch[PATCH] == DELETE:
        return {}
    raise bad_patch_type(patch[PATCH], patch)


def _retain_keys(original: _Map, patch: _Map) -> tuple[_Map, _Map]:
    """A copy of the object with the members to keep, and one of the patch without the directive."""
    merged, rest = dict(original), dict(patch)
    if RETAIN_KEYS not in rest:
        return merged, rest
    retained = rest.pop(RETAIN_KEYS)
    if not isinstance(retained, list):
        raise bad_retain_keys()
    for key, value in rest.items():
        is_list_directive = key.startswith((DELETE_FROM_LIST, SET_ELEMENT_ORDER))
        if value is not None and not is_list_directive and key not in retained:
            raise bad_retain_keys()
    return {key: value for key, value in merged.items() if key in retained}, rest


def _merge_member(merged: _Map, key: str, value: Any, of: FieldType) -> None:
    current: Any = merged.get(key)
    if kind_of(current) != kind_of(value):
        _take(merged, key, value)
    elif isinstance(value, dict):
        merged[key] = _merge_map(current, value, _field(of, key).type)
    elif isinstance(value, list):
        merged[key] = _merge_list(current, value, _field(of, key))
    else:
        merged[key] = value


def _take(merged: _Map, key: str, value: Any) -> None:
    # What the object did not have, or had in another type, is taken as it is.
    if isinstance(value, dict) and PATCH in value:
        merged.pop(key, None)
    else:
        merged[key] = without_directives(without_nulls(value))


def _field(of: FieldType, key: str) -> FieldSchema:
    """What the table says about member `key` of a map of this type."""
    if of.kind is Kind.STRUCT:
        schema = SCHEMA.type(of.name)
        if key in schema.fields:
            return schema.fields[key]
        raise UnknownError(
            f'unable to find api field in struct {schema.short_name} for the json field "{key}"'
        )
    if of.kind is Kind.MAP and of.element is not None:
        return FieldSchema(key, of.element)
    # Types with a JSON form of their own have no members that could be merged.
    return FieldSchema(key, FieldType(Kind.SPECIAL))


def _merge_list(original: _List, patch: _List, field: FieldSchema) -> _List:
    if MERGE not in field.patch_strategy:
        return patch
    if not original and not patch:
        return original
    if not _hold_maps(original, patch):
        merged = _unique([*original, *patch])
        return in_order(merged, patch, original, "")
    return _merge_items(original, patch, field)


def _hold_maps(*lists: _List) -> bool:
    """Whether these lists, which are not all empty, hold maps and not scalars."""
    items = [item for one in lists for item in one]
    kinds = {kind_of(item) for item in items}
    if isinstance(items[0], list):
        raise lists_of_lists()
    if len(kinds) > 1:
        raise UnknownError(f"list element types are not identical: {printed(list(lists))}")
    return kinds == {"map"}


def _unique(items: _List) -> _List:
    seen: dict[Any, Any] = {}
    for item in items:
        seen.setdefault(identity(item, ""), item)
    return list(seen.values())


def _merge_items(original: _List, patch: _List, field: FieldSchema) -> _List:
    key = field.patch_merge_key
    if not key:
        raise UnknownError("cannot merge lists without merge key for type struct")
    live, items = _obey_items(original, patch, key)
    element = field.type.element
    assert element is not None
    merged = list(live)
    for item in items:
        wanted = identity(item, key)
        found = _index_of(merged, wanted, key)
        if found is None:
            merged.append(item)
        else:
            merged[found] = _merge_map(merged[found], item, element)
    return in_order(merged, items, live, key)


def _obey_items(original: _List, patch: _List, key: str) -> tuple[_List, _List]:
    """The live items after `$patch` items, and the patch's other items."""
    live, items, replace = original, [], False
    for item in patch:
        directive = item.get(PATCH)
        if PATCH not in item:
            items.append(item)
        elif directive == DELETE:
            gone = identity(item, key)
            live = [one for one in live if key not in one or identity(one, key) != gone]
        elif directive == REPLACE:
            replace = True
        elif directive == MERGE:
            raise UnknownError("merging lists cannot yet be specified in the patch")
        else:
            raise bad_patch_type(directive, item)
    return (items, []) if replace else (live, items)


def _index_of(items: _List, wanted: Any, key: str) -> int | None:
    for index, item in enumerate(items):
        if key in item and identity(item, key) == wanted:
            return index
    return None


def _delete_items(merged: _Map, directive: str, value: Any, of: FieldType) -> None:
    """Obey `$deleteFromPrimitiveList/<name>`."""
    name = named_field(directive, DELETE_FROM_LIST, bad_primitive_list())
    if value is None:
        merged.pop(name, None)
    elif name in merged and kind_of(merged[name]) == kind_of(value):
        if not isinstance(value, list):
            merged[name] = value
            return
        field = _field(of, name)
        gone = {identity(one, "") for one in value}
        if MERGE not in field.patch_strategy:
            merged[name] = value
        elif not _hold_any_map(merged[name], value):
            merged[name] = [one for one in merged[name] if identity(one, "") not in gone]
        else:
            merged[name] = _merge_items(merged[name], value, field)


def _hold_any_map(*lists: _List) -> bool:
    return any(lists) and _hold_maps(*lists)


def _merge_ordered(merged: _Map, rest: _Map, directive: str, of: FieldType) -> None:
    """Obey `$setElementOrder/<name>`: merge that list, then put it in the order given."""
    order = rest.pop(directive)
    if not isinstance(order, list):
        raise bad_argument([], order)
    name = named_field(directive, SET_ELEMENT_ORDER, bad_element_order())
    live, patch = _list_of(merged, name), _list_of(rest, name)
    field = _field(of, name)
    check_order(patch or [], order, field.patch_merge_key)
    if live is None and patch is None:
        return
    contents = _contents(live, patch, field)
    if not live and not patch:
        raise UnknownError("no elements in any of the given slices")
    merged[name] = in_order(contents, order, live or [], field.patch_merge_key)
    rest.pop(name, None)


def _list_of(members: _Map, name: str) -> _List | None:
    if name not in members:
        return None
    if not isinstance(members[name], list):
        raise bad_argument([], members[name])
    found: _List = members[name]
    return found


def _contents(live: _List | None, patch: _List | None, field: FieldSchema) -> _List:
    if patch is None:
        return live or []
    added: _List = without_directives(patch)
    return added if live is None else _merge_list(live, patch, field)
