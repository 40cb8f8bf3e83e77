"""The words that a container runs: its command and args, and what its image adds.

Upstream: ExpandContainerCommandAndArgs in pkg/kubelet/container/helpers.go; how command and args
replace an image's entrypoint and CMD is the OCI image rule.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from localjobs.api.objects import Object
from localjobs.kubelet.expansion import expand
from localjobs.kubelet.image import ImageMeaning

_SHELLS = frozenset({"sh", "/bin/sh", "bash", "/bin/bash"})
_RICHER = re.compile(
    r"""\[\[\s | \bRANDOM\b | \$\{\w+(:(\d|\s-\d)|/)
    | \$' | &> | <<< | \b(source|function|let)\s""",
    re.VERBOSE,
)
"""What bash and busybox's sh know and POSIX has not: tests, random numbers, parts of strings,
escapes, both outputs at once, strings as input, and some words."""


def command_line(
    container: Object, meaning: ImageMeaning, variables: Mapping[str, str]
) -> tuple[str, ...]:
    """The words to run; empty if neither the container nor its image says any.

    `variables` are those that the container declares: `$(VAR)` knows no others.
    """
    words = _expanded(container.get("command"), variables)
    args = _expanded(container.get("args"), variables)
    if not words:
        words = meaning.command
        args = args or meaning.args
    words += args
    if words and words[0] in _SHELLS:
        return (_shell(meaning, words) or words[:1]) + words[1:]
    return words


def _shell(meaning: ImageMeaning, words: tuple[str, ...]) -> tuple[str, ...]:
    if meaning.richer_shell and any(_RICHER.search(word) for word in words[1:]):
        return meaning.richer_shell
    return meaning.shell


def _expanded(words: list[str] | None, variables: Mapping[str, str]) -> tuple[str, ...]:
    return tuple(expand(word, variables) for word in words or ())
