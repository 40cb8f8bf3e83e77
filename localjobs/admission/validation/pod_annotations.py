"""Annotations that mean something to a pod (core/validation, ValidatePodSpecificAnnotations)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import msgspec

from localjobs.admission.validation.containers import containers_of, names_of
from localjobs.admission.validation.formats import Errors
from localjobs.admission.validation.security_profiles import (
    APPARMOR_CONTAINER,
    check_apparmor_agreement,
    check_seccomp_agreement,
    validate_profile_annotations,
)
from localjobs.admission.validation.tolerations import validate_tolerations
from localjobs.api import objects
from localjobs.api.field import forbidden, invalid
from localjobs.api.objects import Object

MIRROR = "kubernetes.io/config.mirror"
TOLERATIONS = "scheduler.alpha.kubernetes.io/tolerations"
DELETION_COST = "controller.kubernetes.io/pod-deletion-cost"
_cost = re.compile(r"-[+0-9]*|0|[1-9][0-9]*").fullmatch


def validate_pod_annotations(pod: Object, path: str) -> Errors:
    """Annotations that the API server reads, of a pod or template. `path` is the annotations'."""
    found = objects.annotations(pod)
    if not found:
        return
    spec = pod.get("spec") or {}
    if MIRROR in found and not spec.get("nodeName"):
        detail = "must set spec.nodeName if mirror pod annotation is set"
        yield invalid(f"{path}[{MIRROR}]", found[MIRROR], detail)
    if found.get(TOLERATIONS):
        yield from _validate_tolerations(found[TOLERATIONS], path)
    if DELETION_COST in found and not _is_deletion_cost(found[DELETION_COST]):
        detail = "must be a 32bit integer"
        yield invalid(f"{path}[{DELETION_COST}]", found[DELETION_COST], detail)
    containers = frozenset(names_of(containers_of(spec, "")))
    yield from validate_profile_annotations(found, containers, path)


def _validate_tolerations(text: str, path: str) -> Errors:
    try:
        tolerations: Any = msgspec.json.decode(text, type=list[dict[str, Any]])
    except msgspec.DecodeError as error:
        yield invalid(path, TOLERATIONS, str(error))
        return
    yield from validate_tolerations(tolerations, f"{path}.{TOLERATIONS}")


def _is_deletion_cost(text: str) -> bool:
    if not _cost(text):
        return False
    try:
        return -(2**31) <= int(text) < 2**31
    except ValueError:
        return False


def check_profile_agreement(pod: Object, path: str) -> Errors:
    """Old annotations and fields that name a profile say the same. `path` is the spec's."""
    found: Mapping[str, str] = objects.annotations(pod)
    if not found:
        return
    spec = pod.get("spec") or {}
    containers = containers_of(spec, path)
    yield from check_seccomp_agreement(found, spec, containers, path)
    yield from check_apparmor_agreement(found, spec, containers)


def check_annotation_updates(new: Object, old: Object) -> Errors:
    """Annotations that may not come, go or change, and the rules for all others."""
    found, before = objects.annotations(new), objects.annotations(old)
    for key in sorted(before):
        if found.get(key) != before[key]:
            yield from _refuse_annotation(key, "may not remove or update")
    for key in sorted(found.keys() - before.keys()):
        yield from _refuse_annotation(key, "may not add")
    yield from validate_pod_annotations(new, "metadata.annotations")


def _refuse_annotation(key: str, refusal: str) -> Errors:
    here = f"metadata.annotations[{key}]"
    if key.startswith(APPARMOR_CONTAINER):
        yield forbidden(here, f"{refusal} AppArmor annotations")
    if key == MIRROR:
        yield forbidden(here, f"{refusal} mirror pod annotation")
