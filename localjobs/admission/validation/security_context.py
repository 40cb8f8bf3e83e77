"""Security contexts of pods and containers (core/validation)."""

from __future__ import annotations

import re

from localjobs.admission.validation.formats import Errors, check_identity
from localjobs.admission.validation.internal_form import SECURITY_CONTEXT, internal_form
from localjobs.admission.validation.security_profiles import validate_apparmor, validate_seccomp
from localjobs.admission.validation.windows import validate_windows_options
from localjobs.api.field import duplicate, forbidden, invalid, not_supported, required
from localjobs.api.objects import Object

PROC_MOUNTS = ("Default", "Unmasked")
GROUP_CHANGE_POLICIES = ("Always", "OnRootMismatch")
GROUPS_POLICIES = ("Merge", "Strict")
SELINUX_POLICIES = ("Recursive",)
"""`MountOption` is behind a feature gate that is off (SELinuxMount)."""
_SYSCTL = r"^([a-z0-9]([-_a-z0-9]*[a-z0-9])?[\./])*[a-z0-9]([-_a-z0-9]*[a-z0-9])?$"
_LONGEST_SYSCTL = 253
_sysctl = re.compile(_SYSCTL[1:-1]).fullmatch
_SLASHED = str.maketrans("./", "/.")


def validate_security_context(context: Object, path: str, *, host_users: bool) -> Errors:
    """A container's security context. Privileged containers are allowed."""
    for key in ("runAsUser", "runAsGroup"):
        if context.get(key) is not None:
            yield from check_identity(context[key], f"{path}.{key}")
    mount = context.get("procMount")
    if mount is not None:
        if mount not in PROC_MOUNTS:
            yield not_supported(f"{path}.procMount", mount, PROC_MOUNTS)
        if host_users and mount == "Unmasked":
            detail = "`hostUsers` must be false to use `Unmasked`"
            yield invalid(f"{path}.procMount", mount, detail)
    if context.get("seccompProfile") is not None:
        yield from validate_seccomp(context["seccompProfile"], f"{path}.seccompProfile")
    if context.get("allowPrivilegeEscalation") is False:
        yield from _check_no_escalation(context, path)
    if context.get("windowsOptions") is not None:
        yield from validate_windows_options(context["windowsOptions"], f"{path}.windowsOptions")
    if context.get("appArmorProfile") is not None:
        yield from validate_apparmor(context["appArmorProfile"], f"{path}.appArmorProfile")


def _check_no_escalation(context: Object, path: str) -> Errors:
    form = internal_form(context, SECURITY_CONTEXT)
    refusal = "cannot set `allowPrivilegeEscalation` to false and"
    if context.get("privileged"):
        yield invalid(path, form, f"{refusal} `privileged` to true")
    for capability in (context.get("capabilities") or {}).get("add") or ():
        if capability == "CAP_SYS_ADMIN":
            yield invalid(path, form, f"{refusal} `capabilities.Add` CAP_SYS_ADMIN")


def validate_pod_security_context(spec: Object, path: str) -> Errors:
    """`spec.securityContext`, with the host namespaces that v1 keeps beside it."""
    context: Object | None = spec.get("securityContext")
    if not context and not spec.get("shareProcessNamespace"):
        return
    context = context or {}
    for key in ("fsGroup", "runAsUser", "runAsGroup"):
        if context.get(key) is not None:
            yield from check_identity(context[key], f"{path}.{key}")
    for index, group in enumerate(context.get("supplementalGroups") or ()):
        yield from check_identity(group, f"{path}.supplementalGroups[{index}]")
    if spec.get("shareProcessNamespace") and spec.get("hostPID"):
        detail = "ShareProcessNamespace and HostPID cannot both be enabled"
        yield invalid(f"{path}.shareProcessNamespace", True, detail)
    yield from _validate_sysctls(spec, f"{path}.sysctls")
    yield from _validate_policy(context, "fsGroupChangePolicy", GROUP_CHANGE_POLICIES, path)
    yield from _validate_profiles(context, path)
    yield from _validate_policy(context, "supplementalGroupsPolicy", GROUPS_POLICIES, path)
    yield from _validate_policy(context, "seLinuxChangePolicy", SELINUX_POLICIES, path)


def _validate_policy(context: Object, key: str, supported: tuple[str, ...], path: str) -> Errors:
    policy = context.get(key)
    if policy is not None and policy not in supported:
        yield not_supported(f"{path}.{key}", policy, supported)


def _validate_profiles(context: Object, path: str) -> Errors:
    if context.get("seccompProfile") is not None:
        yield from validate_seccomp(context["seccompProfile"], f"{path}.seccompProfile")
    if context.get("windowsOptions") is not None:
        yield from validate_windows_options(context["windowsOptions"], f"{path}.windowsOptions")
    if context.get("appArmorProfile") is not None:
        yield from validate_apparmor(context["appArmorProfile"], f"{path}.appArmorProfile")


def _validate_sysctls(spec: Object, path: str) -> Errors:
    taken: set[str] = set()
    for index, sysctl in enumerate((spec.get("securityContext") or {}).get("sysctls") or ()):
        here, name = f"{path}[{index}].name", sysctl.get("name", "")
        if not name:
            yield required(here)
        elif len(name) > _LONGEST_SYSCTL or not _sysctl(name):
            detail = f"must have at most {_LONGEST_SYSCTL} characters and match regex {_SYSCTL}"
            yield invalid(here, name, detail)
        elif name in taken:
            yield duplicate(here, name)
        taken.add(name)
        namespace = sysctl_namespace(name)
        if namespace == "net" and spec.get("hostNetwork"):
            yield invalid(here, name, "may not be specified when 'hostNetwork' is true")
        if namespace == "ipc" and spec.get("hostIPC"):
            yield invalid(here, name, "may not be specified when 'hostIPC' is true")


def sysctl_namespace(name: str) -> str:
    """The kernel namespace that a sysctl belongs to: `ipc`, `net`, or "" (sysctl/namespace.go)."""
    first = re.search(r"[./]", name)
    if first and first[0] == "/":
        name = name.translate(_SLASHED)
    if name == "kernel.sem" or name.startswith(("kernel.shm", "kernel.msg", "fs.mqueue.")):
        return "ipc"
    return "net" if name.startswith("net.") else ""


def validate_host_users(spec: Object, containers: list[tuple[str, Object]], path: str) -> Errors:
    """A user namespace of its own (`hostUsers: false`) goes with no host namespace."""
    if spec.get("hostUsers") is not False:
        return
    refusal = "when `hostUsers` is false"
    for key, name in (
        ("hostNetwork", "hostNetwork"),
        ("hostPID", "HostPID"),
        ("hostIPC", "HostIPC"),
    ):
        if spec.get(key):
            yield forbidden(f"{path}.{name}", refusal)
    for place, container in containers:
        if container.get("volumeDevices"):
            yield forbidden(f"{place}.volumeDevices", refusal)
