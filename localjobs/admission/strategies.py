"""What each kind's writes do beside storing: what is reset, what is checked, what is warned of.

One strategy per resource and subresource, as upstream's registries have
(apiserver/pkg/registry/rest/create.go, update.go; pkg/registry/**/strategy.go).
"""

from __future__ import annotations

from collections.abc import Iterable

from localjobs.admission.options import Stamp
from localjobs.admission.validation.metadata import (
    NameFormat,
    validate_object_metadata,
    validate_object_metadata_update,
    validate_registry_update,
)
from localjobs.api import names
from localjobs.api.field import FieldError
from localjobs.api.objects import Object, with_metadata


class Strategy:
    """The rules of a kind without rules of its own: metadata is checked, nothing is reset."""

    namespaced = True
    name_format: NameFormat = staticmethod(names.dns1123_subdomain_errors)

    def prepare_for_create(self, obj: Object, stamp: Stamp) -> Object:
        """The object without what a client may not set."""
        return obj

    def validate(self, obj: Object) -> Iterable[FieldError]:
        """What is wrong with a new object."""
        return validate_object_metadata(obj, self.name_format, namespaced=self.namespaced)

    def warnings_on_create(self, obj: Object) -> Iterable[str]:
        """What the writer of a new, valid object should know."""
        return ()

    def canonicalize(self, obj: Object) -> Object:
        """The valid object as it is read back from storage."""
        return obj

    def prepare_for_update(self, new: Object, old: Object) -> Object:
        """The new object without changes that this way of writing does not make."""
        return keeping(new, old, "status")

    def validate_update(self, new: Object, old: Object) -> Iterable[FieldError]:
        """What is wrong with a change."""
        yield from validate_registry_update(new, old, namespaced=self.namespaced)
        yield from validate_object_metadata_update(new, old)
        yield from self.validate(new)

    def warnings_on_update(self, new: Object, old: Object) -> Iterable[str]:
        """What the writer of a valid change should know."""
        return ()


class StatusStrategy(Strategy):
    """Writes through `/status`: the spec stays as it is."""

    def prepare_for_update(self, new: Object, old: Object) -> Object:
        return keeping(new, old, "spec")

    def validate_update(self, new: Object, old: Object) -> Iterable[FieldError]:
        yield from validate_registry_update(new, old, namespaced=self.namespaced)
        yield from validate_object_metadata_update(new, old)


def keeping(new: Object, old: Object, *members: str) -> Object:
    """The new object with these members as they were."""
    kept = {name: old[name] for name in members if name in old}
    return {name: value for name, value in new.items() if name not in members} | kept


def with_next_generation(new: Object, old: Object) -> Object:
    """The new object, its generation one higher if its spec changed."""
    generation = (old["metadata"].get("generation") or 0) + (new["spec"] != old["spec"])
    return with_metadata(new, generation=generation)


def listed(texts: Iterable[str]) -> str:
    """Texts as Go prints a list of strings."""
    return f"[{' '.join(texts)}]"
