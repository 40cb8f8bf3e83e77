"""What is wrong with a manifest, one entry per problem, each at its place in the file.

The API's errors name fields; here they are taken apart and given the line and column that the
field has in the manifest. Texts stay the API's own.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from msgspec import Struct

from localjobs.errors import ApiError, LocaljobsError, ManifestError
from localjobs.manifests.parse import Document

# The forms of decoding errors that name a field (sigs.k8s.io/json, encoding/json).
_STRICT = re.compile(r'(?:unknown|duplicate) field "((?:[^"\\]|\\.)*)"')
_WRONG_TYPE = re.compile(r"cannot unmarshal (\w+).* into Go struct field [^.\s]*\.(\S+) of type ")
_GO_NOUNS: dict[str, type | tuple[type, ...]] = {
    "string": str,
    "bool": bool,
    "number": (int, float),
    "array": list,
    "object": dict,
}


class Problem(Struct, frozen=True):
    """One thing that is wrong; `line` and `column` count from 1, 0 is unknown."""

    message: str
    line: int = 0
    column: int = 0
    field: str = ""

    def to_object(self) -> dict[str, Any]:
        """The entry as the status file and `validate` show it: what is unknown is left out."""
        members = {"line": self.line, "column": self.column, "field": self.field}
        return {"message": self.message, **{k: v for k, v in members.items() if v}}


def in_document(document: Document, message: str, field: str = "") -> Problem:
    """A problem with a field of a document, or with all of it."""
    place = document.position(field)
    return Problem(message, place.line, place.column, field)


def of_file(error: ManifestError) -> Problem:
    """The problem of a file that cannot be read."""
    return Problem(error.message, error.line, error.column)


def of_document(document: Document, error: LocaljobsError) -> tuple[Problem, ...]:
    """The problems with a document that this refusal of it names."""
    if isinstance(error, ManifestError):
        return (of_file(error),)
    if isinstance(error, ApiError):
        return tuple(_of_answer(document, error))
    return (in_document(document, str(error)),)


def _of_answer(document: Document, error: ApiError) -> Iterator[Problem]:
    causes = [cause for cause in (error.details.causes if error.details else ()) if cause.field]
    for cause in causes:
        yield in_document(document, f"{cause.field}: {cause.message}", cause.field)
    if causes:
        return
    strict = list(_STRICT.finditer(error.message)) if "strict decoding" in error.message else []
    for match in strict:
        yield in_document(document, match[0], match[1])
    if not strict:
        yield _wrong_type(document, error.message)


def _wrong_type(document: Document, message: str) -> Problem:
    found = _WRONG_TYPE.search(message)
    if found is None:
        return in_document(document, message)
    noun, field = found.groups()

    def fits(value: Any) -> bool:
        is_truth = isinstance(value, bool)
        return is_truth if noun == "bool" else not is_truth and isinstance(value, _types(noun))

    place = document.position(field, fits)
    return Problem(message, place.line, place.column, field)


def _types(noun: str) -> type | tuple[type, ...]:
    return _GO_NOUNS.get(noun, ())
