"""Reviews of oneself: what `kubectl auth` asks. Whoever holds the token may do everything."""

from localjobs.api.objects import Object

USER = {"username": "localjobs", "groups": ["system:masters", "system:authenticated"]}
_EVERYTHING = [
    {"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]},
]


def review(kind: str, body: Object) -> Object:
    """The review with its status filled in."""
    return {**body, "status": _status(kind, body)}


def _status(kind: str, body: Object) -> Object:
    match kind:
        case "SelfSubjectAccessReview":
            return {"allowed": True, "reason": "whoever holds the token may do everything"}
        case "SelfSubjectRulesReview":
            rules = [{"verbs": ["*"], "nonResourceURLs": ["*"]}]
            return {
                "resourceRules": _EVERYTHING,
                "nonResourceRules": rules,
                "incomplete": False,
            }
        case "SelfSubjectReview":
            return {"userInfo": USER}
    raise AssertionError(f"no review: {kind}")
