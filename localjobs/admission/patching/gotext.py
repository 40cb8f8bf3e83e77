"""How Go prints values in the error texts that patches can cause (`fmt`'s %v, %T, and kinds)."""

from __future__ import annotations

from typing import Any

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


def kind_of(value: Any) -> str:
    """The reflect.Kind of a decoded JSON value: `map`, `slice`, `int64`."""
    return next((kind for one, kind, _, _ in _NAMES if isinstance(value, one)), "invalid")


def type_of(value: Any) -> str:
    """The Go type of a decoded JSON value, as %T prints it."""
    return next((name for one, _, name, _ in _NAMES if isinstance(value, one)), "<nil>")


def json_noun(value: Any) -> str:
    """What encoding/json calls a value that does not fit its target: `object`, `number`."""
    return next((noun for one, _, _, noun in _NAMES if isinstance(value, one)), "null")
