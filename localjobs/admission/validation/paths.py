"""Rules about file paths inside volumes (core/validation, validateLocalDescendingPath and kin)."""

from __future__ import annotations

from localjobs.admission.validation.formats import Errors
from localjobs.api.field import invalid

FILE_MODE = "must be a number between 0 and 0777 (octal), both inclusive"


def has_backsteps(text: str) -> bool:
    """Whether an element of the path is `..`."""
    return ".." in text and ".." in text.split("/")


def check_no_backsteps(text: str, path: str) -> Errors:
    """No element is `..`."""
    if has_backsteps(text):
        yield invalid(path, text, "must not contain '..'")


def check_descending(text: str, path: str) -> Errors:
    """A relative path that never steps back."""
    if text.startswith("/"):
        yield invalid(path, text, "must be a relative path")
    yield from check_no_backsteps(text, path)


def check_file_name(text: str, path: str) -> Errors:
    """A descending path whose first element does not start with `..`."""
    yield from check_descending(text, path)
    if text.startswith("..") and not text.startswith("../"):
        yield invalid(path, text, "must not start with '..'")


def check_mode(mode: int | None, path: str) -> Errors:
    """Permission bits of a file, if given."""
    if mode is not None and not 0 <= mode <= 0o777:
        yield invalid(path, mode, FILE_MODE)
