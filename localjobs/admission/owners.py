"""Owner references given more than once (apiserver/pkg/endpoints/handlers/create.go)."""

from __future__ import annotations

from localjobs.api.objects import Object, metadata, with_metadata

_WARNING = (
    ".metadata.ownerReferences contains duplicate entries; API server dedups owner references in "
    "1.20+, and may reject such requests as early as 1.24; please fix your requests; "
    "duplicate UID(s) observed: {uids}"
)


def without_repeated_owners(obj: Object) -> tuple[Object, list[str]]:
    """The object with each owner reference once, and a warning if one was there again."""
    owners = metadata(obj).get("ownerReferences")
    if not owners or len(owners) == 1:
        return obj, []
    kept: list[Object] = []
    repeated: dict[str, None] = {}
    for owner in owners:
        if owner in kept:
            repeated[owner.get("uid", "")] = None
        else:
            kept.append(owner)
    if not repeated:
        return obj, []
    return with_metadata(obj, ownerReferences=kept), [_WARNING.format(uids=", ".join(repeated))]
