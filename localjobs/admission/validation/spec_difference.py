"""What differs between two specs, for people: the lines of their JSON that came and went."""

from __future__ import annotations

import difflib
import json
from typing import Any


def difference(old: Any, new: Any) -> str:
    """A unified difference of both as indented JSON, with a line of context and no headings."""
    compared = difflib.unified_diff(_lines(old), _lines(new), n=1, lineterm="")
    return "\n".join(line for line in compared if not line.startswith(("---", "+++", "@@")))


def _lines(value: Any) -> list[str]:
    return json.dumps(value, indent=2, sort_keys=True).splitlines()
