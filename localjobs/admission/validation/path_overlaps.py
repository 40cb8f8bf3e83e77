"""Files of one volume that lie in each other's way (pkg/api/pod/warnings.go)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from localjobs.admission.validation.volumes.files import paths_of
from localjobs.api.field import quoted
from localjobs.api.objects import Object


def overlap_warnings(volumes: Iterable[Object]) -> Iterator[str]:
    """Warnings about every volume whose files are listed one by one."""
    for volume in volumes:
        name = quoted(volume.get("name", ""))
        for key, shown, reference in (
            ("configMap", "ConfigMap", "name"),
            ("secret", "Secret", "secretName"),
        ):
            source = volume.get(key) or {}
            title = f"volume {name} ({shown} {quoted(source.get(reference, ''))})"
            yield from _overlaps(paths_of(source.get("items")), title)
        fields = volume.get("downwardAPI") or {}
        yield from _overlaps(paths_of(fields.get("items")), f"volume {name} (DownwardAPI)")
        sources = (volume.get("projected") or {}).get("sources") or ()
        yield from _projection_overlaps(sources, name)


def _projection_overlaps(sources: Iterable[Object], name: str) -> Iterator[str]:
    """Within each source, then with the sources before it."""
    known: set[str] = set()
    title, paths = "", list[str]()
    for source in sources:
        if not source:
            yield f"volume {name} (Projected) has no sources provided"
            continue
        # A source without paths of its own is taken for the one before, as upstream does.
        title, paths = _paths(source, name) or (title, paths)
        if not paths:
            continue
        yield from _overlaps(paths, title)
        yield from _overlaps(sorted([*set(paths), *known]), title)
        known.update(paths)


def _paths(source: Object, name: str) -> tuple[str, list[str]] | None:
    for key, shown in (("configMap", "ConfigMap"), ("secret", "Secret")):
        content = source.get(key)
        if content is not None and content.get("items") is not None:
            title = f"volume {name} (Projected {shown} {quoted(content.get('name', ''))})"
            return title, paths_of(content["items"])
    fields = source.get("downwardAPI")
    if fields is not None and fields.get("items") is not None:
        return f"volume {name} (Projected DownwardAPI)", paths_of(fields["items"])
    token = source.get("serviceAccountToken")
    if token is not None:
        return f"volume {name} (Projected ServiceAccountToken)", [token.get("path", "")]
    return None


def _overlaps(paths: Iterable[str], title: str) -> Iterator[str]:
    known: list[str] = []
    for path in paths:
        normal = path.rstrip("/")
        collision = _collision(known, normal)
        if collision:
            shown = f"{quoted(normal)} with {quoted(collision)}"
            yield f"{title}: overlapping paths: {shown}"
        if normal not in known:
            known.append(normal)


def _collision(known: Iterable[str], path: str) -> str:
    """A path that is the same, or above or below it; upstream compares without word borders."""
    for other in known:
        if not other or not path:
            return ""
        if f"{other}/".startswith(path) or f"{path}/".startswith(other):
            return other
    return ""
