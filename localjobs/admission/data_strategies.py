"""How ConfigMaps and Secrets are written: their keys, their size, and what may not change.

The rules of ValidateConfigMap and ValidateSecret (pkg/apis/core/validation/validation.go).
"""

from __future__ import annotations

import base64
from collections.abc import Iterable

from localjobs.admission.strategies import Strategy
from localjobs.admission.text import MalformedJson, read_json
from localjobs.admission.validation.metadata import validate_object_metadata
from localjobs.api import names, objects
from localjobs.api.field import FieldError, forbidden, invalid, required, too_long
from localjobs.api.objects import Object

LARGEST = 1024 * 1024
"""Bytes that the data of one object may hold."""
_FROZEN = "field is immutable when `immutable` is set"


class ConfigMapStrategy(Strategy):
    """ConfigMaps. With `immutable`, their data stays."""

    def validate(self, obj: Object) -> Iterable[FieldError]:
        yield from validate_object_metadata(obj)
        data, binary = obj.get("data") or {}, obj.get("binaryData") or {}
        for key in data:
            yield from _check_key(key, "data")
            if key in binary:
                yield invalid(f"data[{key}]", key, "duplicate of key present in binaryData")
        for key in binary:
            yield from _check_key(key, "binaryData")
        size = sum(len(text.encode()) for text in data.values()) + _decoded_size(binary)
        if size > LARGEST:
            yield too_long("", LARGEST)

    def validate_update(self, new: Object, old: Object) -> Iterable[FieldError]:
        yield from _check_frozen(new, old, ("data", "binaryData"))
        yield from super().validate_update(new, old)


class SecretStrategy(Strategy):
    """Secrets. Their type stays, and asks for certain keys."""

    def validate(self, obj: Object) -> Iterable[FieldError]:
        yield from validate_object_metadata(obj)
        data = obj.get("data") or {}
        for key in data:
            yield from _check_key(key, "data")
        if _decoded_size(data) > LARGEST:
            yield too_long("data", LARGEST)
        yield from _check_type(obj, data)

    def prepare_for_update(self, new: Object, old: Object) -> Object:
        return new if new.get("type") else {**new, "type": old.get("type")}

    def validate_update(self, new: Object, old: Object) -> Iterable[FieldError]:
        if new.get("type") != old.get("type"):
            yield invalid("type", new.get("type"), "field is immutable")
        yield from _check_frozen(new, old, ("data",))
        yield from super().validate_update(new, old)


def _check_key(key: str, member: str) -> Iterable[FieldError]:
    for problem in names.config_map_key_errors(key):
        yield invalid(f"{member}[{key}]", key, problem)


def _decoded_size(data: dict[str, str]) -> int:
    return sum(len(text) // 4 * 3 - text[-2:].count("=") for text in data.values())


def _check_frozen(new: Object, old: Object, members: Iterable[str]) -> Iterable[FieldError]:
    if not old.get("immutable"):
        return
    if not new.get("immutable"):
        yield forbidden("immutable", _FROZEN)
    for member in members:
        if (new.get(member) or {}) != (old.get(member) or {}):
            yield forbidden(member, _FROZEN)


_SERVICE_ACCOUNT = "kubernetes.io/service-account.name"
_JSON_KEYS = {
    "kubernetes.io/dockercfg": ".dockercfg",
    "kubernetes.io/dockerconfigjson": ".dockerconfigjson",
}
_NEEDED_KEYS = {
    "kubernetes.io/ssh-auth": ("ssh-privatekey",),
    "kubernetes.io/tls": ("tls.crt", "tls.key"),
}


def _check_type(secret: Object, data: dict[str, str]) -> Iterable[FieldError]:
    kind = secret.get("type", "")
    if kind == "kubernetes.io/service-account-token":
        if not objects.annotations(secret).get(_SERVICE_ACCOUNT):
            yield required(f"metadata.annotations[{_SERVICE_ACCOUNT}]")
    elif kind in _JSON_KEYS:
        yield from _check_json(data, _JSON_KEYS[kind])
    elif kind == "kubernetes.io/basic-auth" and not {"username", "password"} & data.keys():
        yield required("data[username]")
        yield required("data[password]")
    for key in _NEEDED_KEYS.get(kind, ()):
        if key not in data:
            yield required(f"data[{key}]")


def _check_json(data: dict[str, str], key: str) -> Iterable[FieldError]:
    if key not in data:
        yield required(f"data[{key}]")
        return
    try:
        read_json(base64.b64decode(data[key]))
    except MalformedJson as error:
        yield invalid(f"data[{key}]", "<secret contents redacted>", str(error))
