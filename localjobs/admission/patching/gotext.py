"""How Go prints values in error texts of patches (`fmt`'s %v, %#v, %T, and kinds)."""

from __future__ import annotations

from typing import Any

from localjobs.api.field import quoted

# Ordered: a bool is an int in Python.
_NAMES: tuple[tuple[type, str, str, str], ...] = (
    (str, "string", "string", "string"),
    (bool, "bool", "bool", "bool"),
    (int, "int64", "int64", "number"),
    (float, "float64", "float64", "number"),
    (list, "slice", "[]interface {}", "array"),
    (dict, "map", "map[string]interface {}", "object"),
)
# Above this, %v turns to exponents.
_PLAIN_FLOAT = 1e21


def printed(value: Any) -> str:
    """A JSON value as %v prints it: `map[a:1 b:[x y]]`, keys sorted."""
    if value is None:
        return "<nil>"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict):
        return "map[" + " ".join(f"{key}:{printed(value[key])}" for key in sorted(value)) + "]"
    if isinstance(value, list):
        return "[" + " ".join(map(printed, value)) + "]"
    if isinstance(value, float) and value.is_integer() and abs(value) < _PLAIN_FLOAT:
        return str(int(value))
    return str(value)


def go_syntax(value: Any) -> str:
    """A JSON value as %#v prints it: `map[string]interface {}{"a":1}`, keys sorted."""
    if value is None:
        return "interface {}(nil)"
    if isinstance(value, str):
        return quoted(value)
    if isinstance(value, dict):
        members = ", ".join(f"{quoted(key)}:{go_syntax(value[key])}" for key in sorted(value))
        return f"{type_of(value)}{{{members}}}"
    if isinstance(value, list):
        return f"{type_of(value)}{{{', '.join(map(go_syntax, value))}}}"
    return printed(value)


def kind_of(value: Any) -> str:
    """The reflect.Kind of a decoded JSON value: `map`, `slice`, `int64`."""
    return next((kind for one, kind, _, _ in _NAMES if isinstance(value, one)), "invalid")


def type_of(value: Any) -> str:
    """The Go type of a decoded JSON value, as %T prints it."""
    return next((name for one, _, name, _ in _NAMES if isinstance(value, one)), "<nil>")


def json_noun(value: Any) -> str:
    """What encoding/json calls a value that does not fit its target: `object`, `number`."""
    return next((noun for one, _, _, noun in _NAMES if isinstance(value, one)), "null")
