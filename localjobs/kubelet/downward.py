"""The downward API: fields of the pod, and resources of its containers, as text.

Upstream: pkg/fieldpath, podFieldSelectorRuntimeValue in pkg/kubelet/kubelet_pods.go and
ExtractContainerResourceValue in pkg/api/v1/resource/helpers.go.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from msgspec import Struct

from localjobs.api import quantity
from localjobs.api.objects import Object
from localjobs.api.quantity import ZERO, Quantity

_SUBSCRIPT = re.compile(r"(metadata\.(?:annotations|labels))\['(.*)'\]", re.DOTALL)


class FieldPathError(ValueError):
    """A path that names no field that the downward API offers."""


class NodeFacts(Struct, frozen=True):
    """What the downward API tells of the node: its addresses and what it has to give."""

    name: str
    host_ip: str
    allocatable: Mapping[str, Quantity]


def field_value(path: str, pod: Object, node: NodeFacts) -> str:
    """The text of a field of the pod; "" for a label or annotation that is not there."""
    meta, spec = pod["metadata"], pod["spec"]
    subscript = _SUBSCRIPT.fullmatch(path)
    if subscript is not None:
        part = subscript[1].removeprefix("metadata.")
        return str((meta.get(part) or {}).get(subscript[2], ""))
    if path in ("metadata.labels", "metadata.annotations"):
        return _listed(meta.get(path.removeprefix("metadata.")) or {})
    simple = {
        "metadata.name": meta.get("name"),
        "metadata.namespace": meta.get("namespace"),
        "metadata.uid": meta.get("uid"),
        "spec.nodeName": spec.get("nodeName") or node.name,
        "spec.serviceAccountName": spec.get("serviceAccountName") or "default",
        "status.hostIP": node.host_ip,
        "status.hostIPs": node.host_ip,
        "status.podIP": node.host_ip,
        "status.podIPs": node.host_ip,
    }
    if path not in simple:
        raise FieldPathError(f"unsupported fieldPath: {path}")
    return str(simple[path] or "")


def _listed(pairs: Mapping[str, str]) -> str:
    return "\n".join(f"{key}={_quoted(value)}" for key, value in sorted(pairs.items()))


_GO_ESCAPES = {"\a": "\\a", "\b": "\\b", "\f": "\\f", "\n": "\\n", "\r": "\\r", "\t": "\\t"}
_GO_ESCAPES |= {"\v": "\\v", "\\": "\\\\", '"': '\\"'}


def _quoted(text: str) -> str:
    """A text as Go's %q prints it."""
    return '"' + "".join(_escaped(character) for character in text) + '"'


def _escaped(character: str) -> str:
    if character in _GO_ESCAPES:
        return _GO_ESCAPES[character]
    if character.isprintable():
        return character
    code = ord(character)
    if code < 0x80:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def resource_value(reference: Object, container: Object, node: NodeFacts) -> str:
    """The text of a container's request or limit, in units of the reference's divisor."""
    which, _, name = reference["resource"].partition(".")
    declared = (container.get("resources") or {}).get(which) or {}
    amount = quantity.parse(str(declared[name])) if name in declared else ZERO
    if not amount and which == "limits":
        amount = node.allocatable.get(name, ZERO)
    divisor = quantity.parse(str(reference.get("divisor") or "1")) or quantity.parse("1")
    if name == "cpu":
        return str(-(-amount.milli_value // max(divisor.milli_value, 1)))
    return str(-(-amount.value // max(divisor.value, 1)))
