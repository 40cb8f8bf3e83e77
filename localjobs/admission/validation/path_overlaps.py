"""Files of one volume that lie in each other's way (pkg/api/pod/warnings.go)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from localjobs.admission.validation.volumes.files import paths_of
from localjobs.api.field import quoted
from localjobs.api.objects import Object


class _File(NamedTuple):
    path: str
    source: str = ""
    """The projection that it comes from; "" in a volume of one source."""

    def __str__(self) -> str:
        return f"{quoted(self.path)} ({self.source})" if self.source else quoted(self.path)


def overlap_warnings(volumes: Iterable[Object]) -> Iterator[str]:
    """Warnings about every volume whose files are listed one by one."""
    for volume in volumes:
        name = quoted(volume.get("name", ""))
        for key, kind, reference in (
            ("configMap", "ConfigMap ", "name"),
            ("secret", "Secret ", "secretName"),
            ("downwardAPI", "DownwardAPI", ""),
        ):
            source = volume.get(key) or {}
            title = kind + (quoted(source.get(reference, "")) if reference else "")
            yield from _overlaps(_files(source), [], f"volume {name} ({title})")
        known: list[_File] = []
        for source in (volume.get("projected") or {}).get("sources") or ():
            if not source:
                yield f"volume {name} (Projected) has no sources provided"
            yield from _overlaps(_projected_files(source), known, f"volume {name} (Projected)")


def _files(source: Object, shown: str = "") -> list[_File]:
    return [_File(path, shown) for path in paths_of(source.get("items"))]


def _projected_files(source: Object) -> list[_File]:
    """The files of a projection. Its first source counts; no other is valid beside it."""
    for key, kind in (("configMap", "ConfigMap"), ("secret", "Secret")):
        content = source.get(key)
        if content is not None and content.get("items") is not None:
            return _files(content, f"{kind} {quoted(content.get('name', ''))}")
    fields = source.get("downwardAPI")
    if fields is not None and fields.get("items") is not None:
        return _files(fields, "DownwardAPI")
    token = source.get("serviceAccountToken")
    return [] if token is None else [_File(token.get("path", ""), "ServiceAccountToken")]


def _overlaps(files: Iterable[_File], known: list[_File], title: str) -> Iterator[str]:
    """Each file with every known one that is the same, or above or below it; then it is known."""
    for listed in files:
        file = listed._replace(path=listed.path.rstrip("/"))
        for other in known:
            if _collide(file.path, other.path):
                yield f"{title}: overlapping paths: {file} with {other}"
        known.append(file)


def _collide(path: str, other: str) -> bool:
    if not path or not other:
        return False
    return f"{path}/".startswith(f"{other}/") or f"{other}/".startswith(f"{path}/")
