"""Seccomp and AppArmor profiles: the fields, the old annotations, and both agreeing."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from localjobs.admission.validation.formats import Errors
from localjobs.admission.validation.internal_form import SECCOMP_PROFILE, internal_form
from localjobs.admission.validation.paths import check_descending
from localjobs.api.field import forbidden, invalid, not_supported, quoted, required, too_long
from localjobs.api.objects import Object

PROFILE_TYPES = ("Localhost", "RuntimeDefault", "Unconfined")
SECCOMP_POD = "seccomp.security.alpha.kubernetes.io/pod"
SECCOMP_CONTAINER = "container.seccomp.security.alpha.kubernetes.io/"
APPARMOR_CONTAINER = "container.apparmor.security.beta.kubernetes.io/"
_LOCALHOST = "localhost/"
_LONGEST_PROFILE = 4095


def validate_seccomp(profile: Object, path: str) -> Errors:
    """The field `seccompProfile`."""
    kind, local = profile.get("type", ""), profile.get("localhostProfile")
    if not kind:
        yield required(f"{path}.type", "type is required when seccompProfile is set")
    elif kind not in PROFILE_TYPES:
        yield not_supported(f"{path}.type", kind, PROFILE_TYPES)
    here = f"{path}.localhostProfile"
    if kind != "Localhost":
        if local is not None:
            form = internal_form(profile, SECCOMP_PROFILE)
            yield invalid(here, form, "can only be set when seccomp type is Localhost")
    elif local is None:
        yield required(here, "must be set when seccomp type is Localhost")
    else:
        yield from check_descending(local, here)


def validate_apparmor(profile: Object, path: str) -> Errors:
    """The field `appArmorProfile`."""
    kind, local = profile.get("type", ""), profile.get("localhostProfile")
    here = f"{path}.localhostProfile"
    if not kind:
        yield required(f"{path}.type", "type is required when appArmorProfile is set")
    elif kind not in PROFILE_TYPES:
        yield not_supported(f"{path}.type", kind, PROFILE_TYPES)
    elif kind == "Localhost":
        yield from _validate_local_apparmor(local, here)
    elif local is not None:
        yield invalid(here, local, "can only be set when AppArmor type is Localhost")


def _validate_local_apparmor(profile: str | None, path: str) -> Errors:
    missing = required(path, "must be set when AppArmor type is Localhost")
    if profile is None:
        yield missing
        return
    if profile.strip() != profile:
        yield invalid(path, profile, "must not be padded with whitespace")
    elif not profile:
        yield missing
    if len(profile.encode()) > _LONGEST_PROFILE:
        yield too_long(path, _LONGEST_PROFILE)


def validate_profile_annotations(
    annotations: Mapping[str, str], container_names: frozenset[str], path: str
) -> Errors:
    """The annotations that came before the fields. `path` is the annotations'."""
    if SECCOMP_POD in annotations:
        value = annotations[SECCOMP_POD]
        yield from _validate_seccomp_annotation(value, f"{path}.{SECCOMP_POD}")
    for key in sorted(annotations):
        if key.startswith(SECCOMP_CONTAINER):
            yield from _validate_seccomp_annotation(annotations[key], f"{path}.{key}")
    for key in sorted(annotations):
        if key.startswith(APPARMOR_CONTAINER):
            here, name = f"{path}[{key}]", key.removeprefix(APPARMOR_CONTAINER)
            if name not in container_names:
                yield invalid(here, name, "container not found")
            yield from _validate_apparmor_annotation(annotations[key], here)


def _validate_seccomp_annotation(value: str, path: str) -> Errors:
    if value in {"runtime/default", "docker/default", "unconfined"}:
        return
    if value.startswith(_LOCALHOST):
        yield from check_descending(value.removeprefix(_LOCALHOST), path)
    else:
        yield invalid(path, value, "must be a valid seccomp profile")


def _validate_apparmor_annotation(value: str, path: str) -> Errors:
    if value not in {"", "runtime/default", "unconfined"} and not value.startswith(_LOCALHOST):
        yield invalid(path, value, f"invalid AppArmor profile name: {quoted(value)}")


def check_seccomp_agreement(
    annotations: Mapping[str, str],
    spec: Object,
    containers: Iterable[tuple[str, Object]],
    path: str,
) -> Errors:
    """Where both the annotation and the field are set they say the same."""
    profile = (spec.get("securityContext") or {}).get("seccompProfile")
    if profile is not None and SECCOMP_POD in annotations:
        here = f"{path}.securityContext.seccompProfile"
        yield from _check_agreement("seccomp", annotations[SECCOMP_POD], profile, here)
    for place, container in containers:
        profile = (container.get("securityContext") or {}).get("seccompProfile")
        annotation = annotations.get(SECCOMP_CONTAINER + container.get("name", ""))
        if profile is not None and annotation is not None:
            here = f"{place}.securityContext.seccompProfile"
            yield from _check_agreement("seccomp", annotation, profile, here)


def check_apparmor_agreement(
    annotations: Mapping[str, str], spec: Object, containers: Iterable[tuple[str, Object]]
) -> Errors:
    """As for seccomp; a container without a profile has its pod's."""
    if (spec.get("os") or {}).get("name") == "windows":
        return
    pod_profile = (spec.get("securityContext") or {}).get("appArmorProfile")
    for place, container in containers:
        profile = (container.get("securityContext") or {}).get("appArmorProfile") or pod_profile
        annotation = annotations.get(APPARMOR_CONTAINER + container.get("name", ""))
        if profile is not None and annotation is not None:
            here = f"{place}.securityContext.appArmorProfile"
            yield from _check_agreement("apparmor", annotation, profile, here)


def _check_agreement(kind: str, annotation: str, profile: Object, path: str) -> Errors:
    local = profile.get("localhostProfile")
    agrees = _AGREES.get(profile.get("type", ""))
    if agrees is not None and not agrees(kind, annotation):
        yield forbidden(f"{path}.type", f"{kind} type in annotation and field must match")
    elif profile.get("type") == "Localhost" and annotation.removeprefix(_LOCALHOST) != local:
        detail = f"{kind} profile in annotation and field must match"
        yield forbidden(f"{path}.localhostProfile", detail)


def _is_default(kind: str, annotation: str) -> bool:
    return annotation == "runtime/default" or (kind == "seccomp" and annotation == "docker/default")


_AGREES: dict[str, Callable[[str, str], bool]] = {
    "Unconfined": lambda _, annotation: annotation == "unconfined",
    "RuntimeDefault": _is_default,
    "Localhost": lambda _, annotation: annotation.startswith(_LOCALHOST),
}
