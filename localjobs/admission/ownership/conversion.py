"""From what an apply made of an object to an object of its kind.

The merged value becomes a struct without a detour over JSON text, as a strategic merge patch's
result does. Nobody classified the errors of that (apimachinery/pkg/util/managedfields/internal,
structuredmerge.go), and what the configuration repeats is found last (apiserver, patch.go).
"""

from __future__ import annotations

from typing import Any

from localjobs.admission.decoding import Decoded, decode
from localjobs.admission.options import FieldValidation
from localjobs.admission.ownership.apply import described
from localjobs.admission.patching.patch import decoding_reason
from localjobs.admission.patching.restoring import Mismatch, restored
from localjobs.admission.text import Complained
from localjobs.api.objects import Object
from localjobs.api.resources import Resource
from localjobs.api.schema import FieldType, Kind
from localjobs.errors import BadRequest, UnknownError


def converted(
    resource: Resource, merged: Object, config: Any, validation: FieldValidation
) -> Decoded:
    """The merged object as its kind, with the warnings of the configuration that was applied.

    Raises UnknownError for a value that its field cannot hold, BadRequest in strict requests for
    names that the configuration gives twice.
    """
    try:
        typed = restored(merged, FieldType(Kind.STRUCT, resource.type_name))
        obj = decode(resource, typed, FieldValidation.IGNORE).object
    except Mismatch as mismatch:
        raise _inconvertible(resource, config, str(mismatch)) from None
    except BadRequest as error:
        raise _inconvertible(resource, config, decoding_reason(error)) from None
    return Decoded(obj, _complaints(config, validation))


def _inconvertible(resource: Resource, config: Any, reason: str) -> UnknownError:
    kind = f"{resource.api_version}, Kind={resource.kind}"
    return UnknownError(
        f"failed to convert new object ({described(config)}) to proper version:"
        f" unable to convert unstructured object to {kind}: {reason}"
    )


def _complaints(config: Any, validation: FieldValidation) -> tuple[str, ...]:
    if validation is FieldValidation.IGNORE or not isinstance(config, Complained):
        return ()
    if validation is FieldValidation.STRICT:
        problem = f"error converting YAML to JSON: {config.complaint}"
        raise BadRequest(f"error strict decoding YAML: {problem}")
    return (config.complaint,)
