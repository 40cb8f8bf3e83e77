"""Values as upstream prints them in errors when they are structures.

Upstream validates its internal types, which carry no JSON names: a structure is printed with its
Go field names, in the type's order, members that are not set included (field/errors.go).
"""

from __future__ import annotations

from typing import Any, NamedTuple

from localjobs.api.objects import Object


class Member(NamedTuple):
    """One member of an internal type: its JSON name, its Go name, what it is when not set."""

    key: str
    name: str
    empty: Any = None
    members: tuple[Any, ...] = ()
    """The members of the structure, or of each item of the list, that it holds."""


def internal_form(value: Object, members: tuple[Member, ...]) -> Object:
    """The structure with Go names, to be printed as JSON."""
    return {member.name: _form_of(value.get(member.key), member) for member in members}


def _form_of(value: Any, member: Member) -> Any:
    if value is None:
        return member.empty
    if not member.members:
        return value
    if isinstance(value, list):
        return [internal_form(one, member.members) for one in value]
    return internal_form(value, member.members)


SECCOMP_PROFILE = (Member("type", "Type", ""), Member("localhostProfile", "LocalhostProfile"))
POD_RESOURCE_CLAIM = (
    Member("name", "Name", ""),
    Member("resourceClaimName", "ResourceClaimName"),
    Member("resourceClaimTemplateName", "ResourceClaimTemplateName"),
)
SECURITY_CONTEXT = (
    Member("capabilities", "Capabilities", None, (Member("add", "Add"), Member("drop", "Drop"))),
    Member("privileged", "Privileged"),
    Member(
        "seLinuxOptions",
        "SELinuxOptions",
        None,
        (
            Member("user", "User", ""),
            Member("role", "Role", ""),
            Member("type", "Type", ""),
            Member("level", "Level", ""),
        ),
    ),
    Member(
        "windowsOptions",
        "WindowsOptions",
        None,
        (
            Member("gmsaCredentialSpecName", "GMSACredentialSpecName"),
            Member("gmsaCredentialSpec", "GMSACredentialSpec"),
            Member("runAsUserName", "RunAsUserName"),
            Member("hostProcess", "HostProcess"),
        ),
    ),
    Member("runAsUser", "RunAsUser"),
    Member("runAsGroup", "RunAsGroup"),
    Member("runAsNonRoot", "RunAsNonRoot"),
    Member("readOnlyRootFilesystem", "ReadOnlyRootFilesystem"),
    Member("allowPrivilegeEscalation", "AllowPrivilegeEscalation"),
    Member("procMount", "ProcMount"),
    Member("seccompProfile", "SeccompProfile", None, SECCOMP_PROFILE),
    Member("appArmorProfile", "AppArmorProfile", None, SECCOMP_PROFILE),
)
SUCCESS_POLICY = (
    Member(
        "rules",
        "Rules",
        None,
        (
            Member("succeededIndexes", "SucceededIndexes"),
            Member("succeededCount", "SucceededCount"),
        ),
    ),
)
UNCOUNTED_PODS = (Member("succeeded", "Succeeded"), Member("failed", "Failed"))
_NODE_REQUIREMENT = (
    Member("key", "Key", ""),
    Member("operator", "Operator", ""),
    Member("values", "Values"),
)
NODE_SELECTOR_TERM = (
    Member("matchExpressions", "MatchExpressions", None, _NODE_REQUIREMENT),
    Member("matchFields", "MatchFields", None, _NODE_REQUIREMENT),
)
ADDRESS = (Member("ip", "IP", ""),)
