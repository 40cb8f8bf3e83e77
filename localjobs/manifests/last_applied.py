"""The annotation by which `kubectl apply`, and this directory, know what they applied last."""

from __future__ import annotations

import json

from localjobs.api import objects
from localjobs.api.objects import Object

LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"
# What Go's encoder escapes in strings; none of it stands anywhere else in JSON.
_ESCAPES = str.maketrans({one: f"\\u{ord(one):04x}" for one in "&<>\u2028\u2029"})


def with_last_applied(body: Object) -> Object:
    """The object to send, annotated with itself (kubectl's GetModifiedConfiguration)."""
    annotations = body["metadata"].get("annotations")
    kept = dict(annotations) if isinstance(annotations, dict) else {}
    kept.pop(LAST_APPLIED, None)
    if annotations is not None and not isinstance(annotations, dict):
        return body  # it will be refused for that
    plain = {**body, "metadata": {**body["metadata"], "annotations": kept}}
    text = json.dumps(plain, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return objects.with_metadata(
        plain, annotations={**kept, LAST_APPLIED: text.translate(_ESCAPES) + "\n"}
    )


def last_applied(live: Object) -> Object:
    """What was applied last to a live object; {} if nothing, or nothing that can be read."""
    try:
        found = json.loads(objects.annotations(live).get(LAST_APPLIED, "{}"))
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
