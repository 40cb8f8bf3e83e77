"""The recorded PATCH requests: each with the object it met and the answer it got."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from localjobs.admission.patching.patch import PatchKind

_OPERATIONS = Path(__file__).parents[2] / "conformance" / "operations.json"
_KINDS = {kind.value: kind for kind in PatchKind}


@dataclass(frozen=True)
class Exchange:
    """One PATCH of a sequence: what was there, what was asked, what came back."""

    name: str
    kind: PatchKind
    old: dict[str, Any]
    body: Any
    query: dict[str, str]
    code: int
    response: dict[str, Any]


def exchanges() -> Iterator[Exchange]:
    """Every PATCH of an object's main resource whose body is JSON."""
    for sequence in json.loads(_OPERATIONS.read_text()):
        old: dict[str, Any] = {}
        for number, step in enumerate(sequence["steps"]):
            answer = step["response"]
            main = step["method"] == "PATCH" and step["path"].endswith("/jobs/j")
            kind = _KINDS.get(step["content_type"] or "")
            if main and kind and "text" not in (step["body"] or {}):
                name = f"{sequence['name']}-{number}"
                query = step["query"] or {}
                yield Exchange(name, kind, old, step["body"], query, step["code"], answer)
            if isinstance(answer, dict) and answer.get("kind") == "Job":
                old = answer


def status(code: int, answer: dict[str, Any]) -> dict[str, Any]:
    """What of a recorded Status is compared."""
    return {"code": code, **{k: answer.get(k) for k in ("message", "reason", "details")}}
