"""What a pod that waits behind scheduling gates may still be told (KEP-3838)."""

from __future__ import annotations

from typing import Any

from localjobs.admission.validation.affinity import REQUIRED
from localjobs.admission.validation.formats import Errors
from localjobs.admission.validation.internal_form import NODE_SELECTOR_TERM, internal_form
from localjobs.api.field import invalid
from localjobs.api.objects import Object


def validate_gated_scheduling(new: Object, old: Object) -> Errors:
    """Node selectors and node affinity only become narrower. Both are pod specs."""
    selector, before = new.get("nodeSelector") or {}, old.get("nodeSelector") or {}
    if any(selector.get(key) != value for key, value in before.items()):
        detail = "only additions to spec.nodeSelector are allowed (no mutations or deletions)"
        yield invalid("spec.nodeSelector", dict(sorted(selector.items())), detail)
    path = f"spec.affinity.nodeAffinity.{REQUIRED}.nodeSelectorTerms"
    terms, known = _terms(new), _terms(old)
    if known and len(known) != len(terms):
        detail = "no additions/deletions to non-empty NodeSelectorTerms list are allowed"
        forms = [internal_form(term, NODE_SELECTOR_TERM) for term in terms]
        yield invalid(path, forms or None, detail)
        return
    for index, (term, former) in enumerate(zip(terms, known, strict=False)):
        if not _only_adds(term, former):
            detail = "only additions are allowed (no mutations or deletions)"
            form = internal_form(term, NODE_SELECTOR_TERM)
            yield invalid(f"{path}[{index}]", form, detail)


def _terms(spec: Object) -> list[Object]:
    node = (spec.get("affinity") or {}).get("nodeAffinity") or {}
    found: list[Object] = (node.get(REQUIRED) or {}).get("nodeSelectorTerms") or []
    return found


def _only_adds(new: Object, old: Object) -> bool:
    keys = ("matchExpressions", "matchFields")
    if not any(old.get(key) for key in keys):
        return not any(new.get(key) for key in keys)
    return all(_starts_with(new.get(key) or [], old.get(key) or []) for key in keys)


def _starts_with(new: list[Any], old: list[Any]) -> bool:
    return new[: len(old)] == old
