"""Questions about access are whole and are about one thing.

pkg/apis/authorization/validation/validation.go.
"""

from localjobs.api import field
from localjobs.api.field import FieldError
from localjobs.api.objects import Object

SELF = "SelfSubjectAccessReview"
LOCAL = "LocalSubjectAccessReview"
KINDS = (SELF, LOCAL, "SubjectAccessReview")


def validate_access_review(kind: str, review: Object) -> list[FieldError]:
    """What is wrong with a review of one of the `KINDS`; its namespace is the request's."""
    spec = review.get("spec") or {}
    errors = _validate_attributes(spec)
    if kind != SELF and not spec.get("user") and not spec.get("groups"):
        errors.append(
            field.invalid("spec.user", "", "at least one of user or group must be specified")
        )
    errors += _validate_metadata(kind, review)
    return errors + (_validate_place(review, spec) if kind == LOCAL else [])


def _validate_attributes(spec: Object) -> list[FieldError]:
    on_a_path, on_a_resource = spec.get("nonResourceAttributes"), spec.get("resourceAttributes")
    if on_a_path is not None and on_a_resource is not None:
        detail = "cannot be specified in combination with resourceAttributes"
        return [field.invalid("spec.nonResourceAttributes", on_a_path, detail)]
    if on_a_path is None and on_a_resource is None:
        detail = "exactly one of nonResourceAttributes or resourceAttributes must be specified"
        return [field.invalid("spec.resourceAttributes", None, detail)]
    return []


def _validate_metadata(kind: str, review: Object) -> list[FieldError]:
    metadata = review.get("metadata") or {}
    allowed = {"managedFields", "namespace"} if kind == LOCAL else {"managedFields"}
    if metadata.keys() <= allowed:
        return []
    detail = "must be empty except for namespace" if kind == LOCAL else "must be empty"
    return [field.invalid("metadata", metadata, detail)]


def _validate_place(review: Object, spec: Object) -> list[FieldError]:
    errors = []
    attributes = spec.get("resourceAttributes")
    if attributes is not None:
        place = attributes.get("namespace", "")
        if place != review["metadata"]["namespace"]:
            where = "spec.resourceAttributes.namespace"
            errors.append(field.invalid(where, place, "must match metadata.namespace"))
    on_a_path = spec.get("nonResourceAttributes")
    if on_a_path is not None:
        detail = "disallowed on this kind of request"
        errors.append(field.invalid("spec.nonResourceAttributes", on_a_path, detail))
    return errors
