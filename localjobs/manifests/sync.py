"""What to do about a directory of manifests: which files to read, and what a file's content
asks for, given what is known of it.

The law, for every file:
1. A name that is no manifest's is left alone (`is_manifest`).
2. A file that cannot be read changes nothing: what it made before stays as it is.
3. An object belongs to one file. A second file, or document, that names it is refused. A file
   that has disappeared passes its objects on to the file that names them now: it was renamed.
4. A document that was applied before, and did not change, is never applied again, whatever
   became of its object.
5. An object that its file no longer names is deleted, once every document of the file can be
   told; so is all of a file that stays away for longer than a rewrite takes.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
from collections.abc import Collection, Container, Mapping, Sequence
from typing import Any

from msgspec import Struct

from localjobs.errors import ManifestError
from localjobs.manifests.parse import Document
from localjobs.manifests.problems import Problem, in_document, of_file
from localjobs.manifests.records import Applied
from localjobs.manifests.targets import Target, target_of

SETTINGS_FILE = "localjobs.toml"
STATUS_ENDING = ".status.yaml"
# In order of precedence: who has the status file `pi.status.yaml` if there is a pi of each.
ENDINGS = (".yaml", ".yml", ".json", ".toml")
REMOVAL_GRACE = 0.5
"""Seconds for which a manifest must be missing before it counts as removed.

Editors and version control remove a file for a moment while they rewrite it.
"""


def is_manifest(name: str) -> bool:
    """Whether a file of this name is a manifest."""
    if name.startswith(".") or name.endswith(STATUS_ENDING) or name == SETTINGS_FILE:
        return False
    # A name that is no UTF-8 can be neither told nor remembered.
    return name.endswith(ENDINGS) and name.isprintable()


def status_name(name: str, names: Container[str]) -> str:
    """The status file of a manifest among these: `pi.status.yaml` for `pi.yaml`.

    Where manifests differ only in their ending, the others' is `pi.json.status.yaml`.
    """
    others = siblings(name)
    if any(other in names for other in others[: others.index(name)]):
        return name + STATUS_ENDING
    return name.removesuffix(_ending(name)) + STATUS_ENDING


def siblings(name: str) -> tuple[str, ...]:
    """The names that differ only in their ending, this one too, in order of precedence."""
    stem = name.removesuffix(_ending(name))
    return tuple(stem + ending for ending in ENDINGS)


def _ending(name: str) -> str:
    return next(ending for ending in ENDINGS if name.endswith(ending))


class Look(Struct, frozen=True):
    """What a listing asks for."""

    read: tuple[str, ...]
    """Files that are new or changed, in the order of their names."""
    removed: tuple[str, ...]
    """Files whose removal has lasted."""
    missing: dict[str, float]
    """Files that are not there, and since when."""
    wake_at: float | None
    """When to list again to see whether the missing ones stay away."""


def compare(
    listing: Mapping[str, Any],
    known: Mapping[str, Any],
    hinted: Collection[str],
    missing: Mapping[str, float],
    now: float,
) -> Look:
    """Compare a listing (name -> signature of the file) with what was known.

    `known` maps names to the signature they were read with, or None; `hinted` are files that
    changed however they look; `missing` is what the previous look found missing.
    """
    read = sorted(
        name
        for name, signature in listing.items()
        if name not in known or known[name] != signature or name in hinted
    )
    away = {name: missing.get(name, now) for name in known if name not in listing}
    removed = sorted(name for name, since in away.items() if now >= since + REMOVAL_GRACE)
    waiting = {name: since for name, since in away.items() if name not in removed}
    wake_at = min(waiting.values()) + REMOVAL_GRACE if waiting else None
    return Look(tuple(read), tuple(removed), waiting, wake_at)


class Apply(Struct, frozen=True):
    """Bring an object in line with its document."""

    target: Target
    document: Document
    content: str
    source: str


class FilePlan(Struct, frozen=True):
    """What a file's content asks for."""

    apply: tuple[Apply, ...] = ()
    delete: tuple[Applied, ...] = ()
    problems: tuple[Problem, ...] = ()
    claims: frozenset[Target] = frozenset()
    """The objects that are this file's."""
    refused: frozenset[Target] = frozenset()
    """The objects that it names and another file has."""


def digest(data: bytes) -> str:
    """The digest of a manifest, as its status file shows it."""
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


def plan_unreadable(error: ManifestError, applied: Mapping[Target, Applied]) -> FilePlan:
    """The plan for a file that cannot be read: it keeps what it has."""
    return FilePlan(problems=(of_file(error),), claims=frozenset(applied))


def named_targets(documents: Sequence[Document]) -> set[Target]:
    """The objects that documents name, as far as that can be told."""
    targets = set()
    for document in documents:
        with contextlib.suppress(ManifestError):
            targets.add(target_of(document))
    return targets


def plan_file(
    name: str,
    documents: Sequence[Document],
    source: str,
    applied: Mapping[Target, Applied],
    holders: Mapping[Target, str],
) -> FilePlan:
    """The plan for the file `name` with these documents and the digest `source`.

    `applied` is what it made before, `holders` which file has which object.
    """
    others = {
        target: file
        for target in named_targets(documents)
        if (file := holders.get(target, name)) != name
    }
    named, problems, refused, everything_told = _identify(documents, others)
    alone = source if len(documents) == 1 else ""
    wanted = [
        Apply(target, document, content_digest(document), alone)
        for target, document in named.items()
    ]
    gone = (
        [one for target, one in applied.items() if target not in named] if everything_told else []
    )
    kept = set(applied) - {one.target for one in gone}
    return FilePlan(
        apply=tuple(one for one in wanted if not is_applied(one, applied.get(one.target))),
        delete=tuple(gone),
        problems=tuple(problems),
        claims=frozenset(named) | kept,
        refused=frozenset(refused),
    )


def content_digest(document: Document) -> str:
    """The digest of what a document says, whatever its form."""
    text = json.dumps(document.object, sort_keys=True, separators=(",", ":"))
    return digest(text.encode())


def is_applied(wanted: Apply, before: Applied | None) -> bool:
    """Whether the document was applied as it is.

    A file of one document is compared byte by byte, so that any edit runs a deleted Job anew;
    with more in the file, an edit of one document is none of the others.
    """
    if before is None or before.content != wanted.content:
        return False
    return not before.source or not wanted.source or before.source == wanted.source


def _identify(
    documents: Sequence[Document], holders: Mapping[Target, str]
) -> tuple[dict[Target, Document], list[Problem], set[Target], bool]:
    named: dict[Target, Document] = {}
    problems: list[Problem] = []
    refused: set[Target] = set()
    everything_told = True
    for document in documents:
        try:
            target = target_of(document)
        except ManifestError as error:
            problems.append(of_file(error))
            everything_told = False
            continue
        if target in named:
            line = named[target].position().line
            problems.append(_taken(document, f"{target} is already named on line {line}"))
        elif target in holders:
            refused.add(target)
            problems.append(_taken(document, f"{target} is already held by {holders[target]}"))
        else:
            named[target] = document
    return named, problems, refused, everything_told


def _taken(document: Document, message: str) -> Problem:
    return in_document(document, message, "metadata.name")
