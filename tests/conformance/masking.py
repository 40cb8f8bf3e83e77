"""Values that differ at every run, replaced on both sides as the recordings have them."""

import re
from typing import Any

from localjobs.api import objects

_UID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
_AGE = re.compile(r"(\d+s|<invalid>)")
_GENERATED = re.compile(r"^gen-[bcdfghjklmnpqrstvwxz2456789]{5}$")
_IMMUTABLE = re.compile(r"Invalid value: .*?: field is immutable", re.DOTALL)
_VERSIONS = ("resourceVersion", "continue")


def masked(value: Any, namespace: str = "", key: str = "") -> Any:
    """A recorded or found answer, comparable; managed fields only where they are recorded."""
    if isinstance(value, dict):
        if value.get("kind") == "Table":
            value = _without_ages(value)
        return {name: masked(one, namespace, name) for name, one in value.items()}
    if isinstance(value, list):
        return [masked(one, namespace) for one in value]
    if not isinstance(value, str):
        return value
    if key in _VERSIONS:
        return "RV"
    if namespace:
        value = value.replace(namespace, "NS")
    text = _TIME.sub("TIME", _UID.sub("UID", value))
    text = _GENERATED.sub("gen-#####", text)
    text = re.sub(r"current: \d+", "current: N", text)
    text = re.sub(r"(too old resource version: \d+) \(\d+\)", r"\1 (N)", text)
    return _IMMUTABLE.sub("Invalid value: <value>: field is immutable", text)


def _without_ages(table: dict[str, Any]) -> dict[str, Any]:
    names = [column["name"] for column in table.get("columnDefinitions") or ()]
    if "Age" not in names:
        return table
    at = names.index("Age")
    rows = [
        {**row, "cells": [*row["cells"][:at], "<age>", *row["cells"][at + 1 :]]}
        for row in table["rows"]
    ]
    return {**table, "rows": rows}


def without_managers(value: Any) -> Any:
    """An answer without what most recordings leave out."""
    if isinstance(value, dict):
        return {k: without_managers(v) for k, v in value.items() if k != "managedFields"}
    return [without_managers(one) for one in value] if isinstance(value, list) else value


def reduced(response: Any, keep: str | None) -> Any:
    """What was kept of an answer when it was recorded."""
    if keep == "names":
        meta = response["metadata"]
        return {
            "continue": "continue" in meta,
            "kind": response["kind"],
            "names": [objects.name(item) for item in response["items"]],
            "remaining": meta.get("remainingItemCount"),
        }
    return {"parallelism": response["spec"]["parallelism"]} if keep == "parallelism" else response
