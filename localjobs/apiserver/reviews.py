"""Reviews: who somebody is and what they may do (pkg/registry/authentication, authorization).

There is one user, the holder of the token, who may do everything; nobody else may do anything.
"""

from collections.abc import Callable

from msgspec.structs import replace

from localjobs.admission.create import in_namespace
from localjobs.admission.validation.access_review import KINDS, SELF, validate_access_review
from localjobs.api.field import invalid_object
from localjobs.api.objects import Object
from localjobs.api.resources import Resource
from localjobs.errors import BadRequest

USER = {"username": "localjobs", "groups": ["system:masters", "system:authenticated"]}
AUDIENCE = "https://kubernetes.default.svc.cluster.local"
"""What a token is for that is asked for by nobody else: this API."""
_EVERYTHING = [
    {"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]},
]


def review(
    resource: Resource, namespace: str, body: Object, is_token: Callable[[str], bool]
) -> Object:
    """The review with its status filled in; `is_token` knows the one token.

    Raises `BadRequest`, `Invalid`.
    """
    asked = in_namespace(body, namespace)
    if resource.kind in KINDS:
        _check_access_review(resource, asked)
    return {**asked, "status": _status(resource.kind, asked.get("spec") or {}, is_token)}


def _check_access_review(resource: Resource, asked: Object) -> None:
    errors = validate_access_review(resource.kind, asked)
    if errors:
        # Upstream names the kind by a field that decoding has emptied.
        raise invalid_object(replace(resource, kind=""), "", errors)


def _status(kind: str, spec: Object, is_token: Callable[[str], bool]) -> Object:
    match kind:
        case "SelfSubjectReview":
            return {"userInfo": USER}
        case "SelfSubjectRulesReview":
            return _rules(spec)
        case "TokenReview":
            return _identity(spec, is_token)
    return _access(kind == SELF or _is_privileged(spec))


def _access(allowed: bool) -> Object:
    if not allowed:
        return {"allowed": False}
    return {"allowed": True, "reason": "whoever holds the token may do everything"}


def _is_privileged(spec: Object) -> bool:
    groups = spec.get("groups") or ()
    return spec.get("user") == USER["username"] or "system:masters" in groups


def _rules(spec: Object) -> Object:
    if not spec.get("namespace"):
        raise BadRequest("no namespace on request")
    rules = [{"verbs": ["*"], "nonResourceURLs": ["*"]}]
    return {"resourceRules": _EVERYTHING, "nonResourceRules": rules, "incomplete": False}


def _identity(spec: Object, is_token: Callable[[str], bool]) -> Object:
    token = spec.get("token")
    if not token:
        raise BadRequest("token is required for TokenReview in authentication")
    if not is_token(token):
        return {"user": {}, "error": "invalid bearer token"}
    if AUDIENCE not in (spec.get("audiences") or [AUDIENCE]):
        return {"user": {}}
    return {"authenticated": True, "user": USER, "audiences": [AUDIENCE]}
