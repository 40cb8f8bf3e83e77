"""Manifests named on a command line: a file, a directory of files, or - for standard input."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from localjobs.manifests.check import Report
    from localjobs.manifests.problems import Problem

STDIN = "-"


def expanded(files: Sequence[str]) -> Iterator[str]:
    """The files, each directory replaced by the manifests in it."""
    from localjobs.manifests.sync import is_manifest

    for name in files:
        path = Path(name)
        if name != STDIN and path.is_dir():
            yield from (str(one) for one in sorted(path.iterdir()) if is_manifest(one.name))
        else:
            yield name


def read(name: str) -> bytes:
    """What is in a file. Raises `ManifestError`."""
    from localjobs.errors import ManifestError
    from localjobs.manifests.listing import read_manifest
    from localjobs.manifests.parse import MOST_BYTES

    if name == STDIN:
        return sys.stdin.buffer.read(MOST_BYTES + 1)
    content = read_manifest(Path(name))
    if content is None:
        raise ManifestError("no such file")
    return content.data


def report_on(name: str, data: bytes | None = None) -> Report:
    """What the API server would say of a file, whose content may be read already."""
    from localjobs.clock import SystemClock
    from localjobs.errors import ManifestError
    from localjobs.manifests.check import Report, check
    from localjobs.manifests.problems import of_file

    try:
        data = read(name) if data is None else data
    except ManifestError as error:
        return Report(errors=(of_file(error),))
    return check(data, name, SystemClock().now())


def shown_name(name: str) -> str:
    """A file's name in messages."""
    return "<stdin>" if name == STDIN else name


def line(name: str, severity: str, problem: Problem) -> str:
    """A problem in one line, its place first, as compilers write it."""
    place = ":".join(str(part) for part in (name, problem.line, problem.column) if part)
    return f"{place}: {severity}: {problem.message}"
