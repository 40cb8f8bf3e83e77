"""`$(VAR)` references in commands, arguments and values of environment variables.

`$(A)` is the value of A; a name that is not there stays as it is written, and so does what is no
reference; `$$` is one `$`, so that `$$(A)` is the text `$(A)`.
Upstream: third_party/forked/golang/expansion.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

# At a "$": an escaped dollar, a closed reference, or anything else, taken as it is.
_DOLLAR = re.compile(r"\$(?:(\$)|\(([^)]*)\))", re.DOTALL)


def expand(text: str, variables: Mapping[str, str]) -> str:
    """The text with its references replaced."""
    if "$" not in text:
        return text

    def value(found: re.Match[str]) -> str:
        if found[1]:
            return "$"
        return variables.get(found[2], found[0])

    return _DOLLAR.sub(value, text)
