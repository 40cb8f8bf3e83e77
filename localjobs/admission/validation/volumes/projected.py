"""Projected volumes: several sources in one directory (core/validation)."""

from __future__ import annotations

from localjobs.admission.validation.formats import Errors
from localjobs.admission.validation.paths import check_file_name, check_mode
from localjobs.admission.validation.volumes.files import (
    validate_downward_file,
    validate_key_to_path,
)
from localjobs.api.field import forbidden, invalid, required
from localjobs.api.objects import Object

_CONFLICT = "conflicting duplicate paths"
_SHORTEST_TOKEN = 600
_LONGEST_TOKEN = 2**32


def validate_projected(source: Object, path: str) -> Errors:
    """Each source is of one type; no two make the same file, tokens aside."""
    yield from check_mode(source.get("defaultMode"), f"{path}.defaultMode")
    taken: set[str] = set()
    for index, projection in enumerate(source.get("sources") or ()):
        here = f"{path}.sources[{index}]"
        yield from _validate_projection(projection, taken, path, here)
        kinds = ("secret", "configMap", "downwardAPI", "serviceAccountToken")
        if sum(projection.get(kind) is not None for kind in kinds) > 1:
            yield forbidden(here, "may not specify more than 1 volume type per source")


def _validate_projection(projection: Object, taken: set[str], path: str, here: str) -> Errors:
    for kind in ("secret", "configMap"):
        if projection.get(kind) is not None:
            yield from _validate_keys(projection[kind], taken, path, f"{here}.{kind}")
    for file in (projection.get("downwardAPI") or {}).get("items") or ():
        yield from validate_downward_file(file, f"{here}.downwardAPI")
        name = file.get("path", "")
        yield from _take(name, name, taken, path)
    token = projection.get("serviceAccountToken")
    if token is not None:
        yield from _validate_token(token, path, f"{here}.serviceAccountToken")


def _validate_keys(source: Object, taken: set[str], path: str, here: str) -> Errors:
    name = source.get("name", "")
    if not name:
        yield required(f"{here}.name")
    for index, item in enumerate(source.get("items") or ()):
        yield from validate_key_to_path(item, f"{here}.items[{index}]")
        yield from _take(item.get("path", ""), name, taken, path)


def _take(file: str, culprit: str, taken: set[str], path: str) -> Errors:
    if file in taken:
        yield invalid(path, culprit, _CONFLICT)
    elif file:
        taken.add(file)


def _validate_token(token: Object, path: str, here: str) -> Errors:
    seconds, file = token.get("expirationSeconds", 0), token.get("path", "")
    if seconds < _SHORTEST_TOKEN:
        detail = "may not specify a duration less than 10 minutes"
        yield invalid(f"{here}.expirationSeconds", seconds, detail)
    if seconds > _LONGEST_TOKEN:
        detail = "may not specify a duration larger than 2^32 seconds"
        yield invalid(f"{here}.expirationSeconds", seconds, detail)
    if not file:
        yield required(f"{path}.path")
    else:
        yield from check_file_name(file, f"{path}.path")
