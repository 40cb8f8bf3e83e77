"""From a manifest's bytes to its documents, each knowing where its parts stand.

The law: any bytes become documents or a ManifestError, nothing else. A file with one thing
that cannot be read has no documents at all, so that half of what it says is never taken for
the whole.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from msgspec import Struct

from localjobs.api.objects import Object
from localjobs.errors import ManifestError
from localjobs.manifests import json_text, toml_text, yaml_text
from localjobs.manifests.places import Place, Position, Step, steps_of

MOST_BYTES = 3 * 1024 * 1024
"""The largest manifest: as large as a request to a Kubernetes API server may be."""


class Document(Struct, frozen=True):
    """One object of a manifest."""

    object: Object
    place: Place
    path: tuple[Step, ...] = ()
    """Where in the document of the file it is: `("items", 2)` of a List."""

    def position(self, field: str = "", fits: Callable[[Any], bool] | None = None) -> Position:
        """Where `field`, a path such as `spec.parallelism`, is written, or its nearest part.

        Of the places that an ambiguous path may mean, the first whose value `fits`.
        """
        return self.place.locate((*self.path, *steps_of(field, self.object, fits)))

    def error(self, message: str, field: str = "") -> ManifestError:
        """An error about a field of this document."""
        position = self.position(field)
        return ManifestError(message, line=position.line, column=position.column)


def parse(data: bytes, name: str = "") -> tuple[Document, ...]:
    """The documents of a manifest; what language it is in, its name's ending says.

    Anything but `.json` and `.toml` is YAML, or JSON if it begins as JSON does. Lists are
    taken apart. Raises ManifestError, with line and column where there are any.
    """
    text = decode(data)
    documents: list[Document] = []
    try:
        for value, place in _read(text, name):
            documents.extend(_flatten(value, place, ()))
    except ManifestError as error:
        raise _within(text, error) from error
    return tuple(documents)


def _within(text: str, error: ManifestError) -> ManifestError:
    """The error with a place inside the text: libyaml has the end on a line of its own."""
    lines = text.split("\n")
    if error.line <= len(lines):
        return error
    return ManifestError(error.message, line=len(lines), column=len(lines[-1]) + 1)


def decode(data: bytes) -> str:
    """The text of a manifest; ManifestError if it is too large or no UTF-8."""
    if len(data) > MOST_BYTES:
        raise ManifestError(f"the file is too large: {len(data)} bytes, at most {MOST_BYTES}")
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        before = data[: error.start].decode("utf-8", "replace")
        place = json_text.position_of(before, len(before))
        message = f"not UTF-8 text: byte 0x{data[error.start]:02x}"
        raise ManifestError(message, line=place.line, column=place.column) from error
    return text.removeprefix("\ufeff")


def _read(text: str, name: str) -> Iterable[tuple[Any, Place]]:
    if name.endswith(".toml"):
        return toml_text.read(text)
    if name.endswith(".json"):
        return json_text.read(text)
    if text.lstrip().startswith("{"):
        try:
            return list(json_text.read(text))
        except ManifestError:
            # A flow mapping of YAML begins the same way.
            return yaml_text.read(text)
    return yaml_text.read(text)


def _flatten(value: Any, place: Place, path: tuple[Step, ...]) -> Iterator[Document]:
    if not isinstance(value, dict):
        raise _misplaced(place, path, f"expected an object, found {_kind_of(value)}")
    document = Document(value, place, path)
    if not str(value.get("kind", "")).endswith("List") or not isinstance(value.get("items"), list):
        yield document
        return
    for index, item in enumerate(value["items"]):
        yield from _flatten(item, place, (*path, "items", index))


def _misplaced(place: Place, path: Sequence[Step], message: str) -> ManifestError:
    position = place.locate(path)
    return ManifestError(message, line=position.line, column=position.column)


def _kind_of(value: Any) -> str:
    names = {bool: "a boolean", int: "a number", float: "a number", str: "a string", list: "a list"}
    return names.get(type(value), "nothing")
