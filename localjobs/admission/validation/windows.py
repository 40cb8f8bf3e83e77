"""Windows: security options, host process containers, and what each system refuses."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from localjobs.admission.validation.formats import Errors, check_dns_subdomain
from localjobs.api.field import forbidden, invalid
from localjobs.api.objects import Object

_CREDENTIAL_KIB = 64
_LONGEST_DOMAIN = 256
_LONGEST_USER = 104
_control = re.compile(r"[\x00-\x1f\x7f]").search
_net_bios = re.compile(r'[^\\/:*?"<>|.][^\\/:*?"<>|]{0,14}').fullmatch
_DNS_LABEL = "[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?"
_dns_domain = re.compile(rf"{_DNS_LABEL}(?:\.{_DNS_LABEL})*").fullmatch
_bad_user = re.compile(r'["/\\:;|=,+*?<>@\[\]]').search
_only_dots = re.compile(r"[. ]+").fullmatch

_REFUSED = "cannot be set for a windows pod"
_POD_OPTIONS = ("appArmorProfile", "seLinuxOptions")
_POD_FLAGS = ("hostUsers", "hostPID", "hostIPC")
_LATER_POD_OPTIONS = ("seccompProfile", "fsGroup", "fsGroupChangePolicy", "sysctls")
_LAST_POD_OPTIONS = (
    "runAsUser",
    "runAsGroup",
    "supplementalGroups",
    "supplementalGroupsPolicy",
    "seLinuxChangePolicy",
)
_CONTAINER_OPTIONS = (
    "appArmorProfile",
    "seLinuxOptions",
    "seccompProfile",
    "capabilities",
    "readOnlyRootFilesystem",
    "privileged",
    "allowPrivilegeEscalation",
    "procMount",
    "runAsUser",
    "runAsGroup",
)


def validate_windows_options(options: Object, path: str) -> Errors:
    """`securityContext.windowsOptions` of a pod or container."""
    spec_name, spec = options.get("gmsaCredentialSpecName"), options.get("gmsaCredentialSpec")
    user = options.get("runAsUserName")
    if spec_name is not None:
        yield from check_dns_subdomain(spec_name, f"{path}.gmsaCredentialSpecName")
    if spec is not None:
        here = f"{path}.gmsaCredentialSpec"
        if not spec:
            yield invalid(here, spec, "gmsaCredentialSpec cannot be an empty string")
        elif len(spec.encode()) > _CREDENTIAL_KIB * 1024:
            detail = f"gmsaCredentialSpec size must be under {_CREDENTIAL_KIB} KiB"
            yield invalid(here, spec, detail)
    if user is not None:
        for problem in _user_name_errors(user):
            yield invalid(f"{path}.runAsUserName", user, f"runAsUserName{problem}")


def _user_name_errors(text: str) -> list[str]:
    if not text:
        return [" cannot be an empty string"]
    if _control(text):
        return [" cannot contain control characters"]
    parts = text.split("\\")
    if len(parts) > 2:
        return [" cannot contain more than one backslash"]
    domain = _domain_errors(parts[0]) if len(parts) == 2 else []
    return domain + _user_errors(parts[-1])


def _domain_errors(domain: str) -> list[str]:
    errors = []
    if len(domain.encode()) >= _LONGEST_DOMAIN:
        errors.append(f"'s Domain length must be under {_LONGEST_DOMAIN} characters")
    if not _net_bios(domain) and not _dns_domain(domain):
        errors.append("'s Domain doesn't match the NetBios nor the DNS format")
    return errors


def _user_errors(user: str) -> list[str]:
    errors = []
    if not user:
        errors.append("'s User cannot be empty")
    elif len(user.encode()) > _LONGEST_USER:
        errors.append(f"'s User length must not be longer than {_LONGEST_USER} characters")
    if _only_dots(user):
        errors.append("'s User cannot contain only periods or spaces")
    if _bad_user(user):
        errors.append("'s User cannot contain the following characters: \"/\\:;|=,+*?<>@[]")
    return errors


def _host_process(context: Object | None) -> bool | None:
    found: bool | None = ((context or {}).get("windowsOptions") or {}).get("hostProcess")
    return found


def validate_host_process(
    spec: Object, containers: Sequence[tuple[str, Object]], path: str
) -> Errors:
    """Host process containers: all of a pod's or none, and on the host's network."""
    pod = _host_process(spec.get("securityContext"))
    count = 0
    for place, container in containers:
        own = _host_process(container.get("securityContext"))
        if pod is not None and own is not None and pod != own:
            said = str(pod).lower()
            detail = f"pod hostProcess value must be identical if both are specified, was {said}"
            yield invalid(f"{place}.securityContext.windowsOptions.hostProcess", own, detail)
        count += bool(pod if own is None else own)
    if not count:
        return
    if count != len(containers):
        detail = (
            "If pod contains any hostProcess containers then all containers must be "
            "HostProcess containers"
        )
        yield invalid(path, "", detail)
    if not spec.get("hostNetwork"):
        detail = "hostNetwork must be true if pod contains any hostProcess containers"
        yield invalid(f"{path}.hostNetwork", False, detail)


def validate_linux_pod(spec: Object, containers: Sequence[tuple[str, Object]], path: str) -> Errors:
    """`os.name: linux` refuses the options of Windows."""
    for place, owner in ((path, spec), *containers):
        if (owner.get("securityContext") or {}).get("windowsOptions") is not None:
            here = f"{place}.securityContext.windowsOptions"
            yield forbidden(here, "windows options cannot be set for a linux pod")


def validate_windows_pod(
    spec: Object, containers: Sequence[tuple[str, Object]], path: str
) -> Errors:
    """`os.name: windows` refuses the options of Linux, in upstream's order."""
    context = spec.get("securityContext") or {}
    options = f"{path}.securityContext"
    yield from _refuse(context, _POD_OPTIONS, options)
    yield from _refuse(spec, _POD_FLAGS, path)
    yield from _refuse(context, _LATER_POD_OPTIONS, options)
    yield from _refuse(spec, ("shareProcessNamespace",), path)
    yield from _refuse(context, _LAST_POD_OPTIONS, options)
    for place, container in containers:
        own = container.get("securityContext") or {}
        yield from _refuse(own, _CONTAINER_OPTIONS, f"{place}.securityContext")


def _refuse(owner: Object, keys: Sequence[str], path: str) -> Errors:
    for key in keys:
        if _is_set(key, owner.get(key)):
            yield forbidden(f"{path}.{key}", _REFUSED)


def _is_set(key: str, value: Any) -> bool:
    """Flags and lists that are off or empty are as good as absent; pointers are not."""
    return bool(value) if key in {"hostPID", "hostIPC", "sysctls"} else value is not None
