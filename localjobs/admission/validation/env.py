"""The environment of a container: `env` and `envFrom` (core/validation)."""

from __future__ import annotations

from collections.abc import Iterable

from localjobs.admission.validation.formats import (
    Errors,
    malformed,
    masked_prefix,
)
from localjobs.admission.validation.references import (
    ENV_FIELDS,
    validate_field_ref,
    validate_file_key_ref,
    validate_key_ref,
    validate_resource_field_ref,
)
from localjobs.api import names
from localjobs.api.field import invalid, not_found, required
from localjobs.api.objects import Object

_NO_SOURCE = (
    "must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef`, `secretKeyRef` "
    "or `fileKeyRef`"
)
_TWO_SOURCES = "may not have more than one field specified at a time"


def validate_env(variables: Iterable[Object], path: str) -> Errors:
    """The variables set one by one. The same name may come twice: the later wins."""
    for index, variable in enumerate(variables):
        here = f"{path}[{index}]"
        name = variable.get("name", "")
        if not name:
            yield required(f"{here}.name")
        else:
            yield from malformed(f"{here}.name", name, names.relaxed_env_var_name_errors(name))
        source = variable.get("valueFrom")
        if source is not None:
            has_value = bool(variable.get("value"))
            yield from _validate_value_from(source, f"{here}.valueFrom", has_value=has_value)


def _validate_value_from(source: Object, path: str, *, has_value: bool) -> Errors:
    count = 0
    for key in ("fieldRef", "resourceFieldRef", "configMapKeyRef", "secretKeyRef", "fileKeyRef"):
        reference = source.get(key)
        if reference is not None:
            count += 1
            yield from _validate_reference(key, reference, f"{path}.{key}")
    if count == 0:
        yield invalid(path, "", _NO_SOURCE)
    elif has_value:
        yield invalid(path, "", "may not be specified when `value` is not empty")
    elif count > 1:
        yield invalid(path, "", _TWO_SOURCES)


def _validate_reference(key: str, reference: Object, path: str) -> Errors:
    if key == "fieldRef":
        return validate_field_ref(reference, ENV_FIELDS, path)
    if key == "resourceFieldRef":
        return validate_resource_field_ref(reference, path, in_volume=False)
    if key == "fileKeyRef":
        return validate_file_key_ref(reference, path)
    return validate_key_ref(reference, path)


def validate_env_from(sources: Iterable[Object], path: str) -> Errors:
    """Whole ConfigMaps and Secrets. Errors about the choice are put to the list as a whole."""
    for index, source in enumerate(sources):
        here = f"{path}[{index}]"
        prefix = source.get("prefix", "")
        if prefix:
            problems = names.relaxed_env_var_name_errors(prefix)
            yield from malformed(f"{here}.prefix", prefix, problems)
        count = 0
        for key in ("configMapRef", "secretRef"):
            reference = source.get(key)
            if reference is not None:
                count += 1
                yield from _validate_source_name(reference.get("name", ""), f"{here}.{key}.name")
        if count == 0:
            yield invalid(path, "", "must specify one of: `configMapRef` or `secretRef`")
        elif count > 1:
            yield invalid(path, "", _TWO_SOURCES)


def _validate_source_name(name: str, path: str) -> Errors:
    if not name:
        yield required(path)
    else:
        problems = names.dns1123_subdomain_errors(masked_prefix(name))
        yield from malformed(path, name, problems)


def check_file_key_volumes(spec: Object, containers: Iterable[tuple[str, Object]]) -> Errors:
    """A fileKeyRef reads from an emptyDir of the pod. `containers` come with their paths."""
    volumes = {volume.get("name", ""): volume for volume in spec.get("volumes") or ()}
    for path, container in containers:
        for index, variable in enumerate(container.get("env") or ()):
            reference = (variable.get("valueFrom") or {}).get("fileKeyRef")
            if reference is not None:
                here = f"{path}.env[{index}].valueFrom.fileKeyRef.volumeName"
                yield from _check_volume(reference.get("volumeName", ""), volumes, here)


def _check_volume(name: str, volumes: dict[str, Object], path: str) -> Errors:
    if name not in volumes:
        yield not_found(path, name)
    elif volumes[name].get("emptyDir") is None:
        yield invalid(path, name, "referenced volume must be of type emptyDir")
