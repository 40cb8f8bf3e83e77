"""Volumes on block devices over a network: iSCSI, Fibre Channel (core/validation)."""

from __future__ import annotations

import re

from localjobs.admission.validation.formats import Errors, range_error
from localjobs.admission.validation.volumes.network import require
from localjobs.api.field import invalid, required
from localjobs.api.objects import Object

_NAMES = {
    "iqn": re.compile(r"iqn\.[0-9]{4}-[0-9]{2}\.[0-9A-Za-z.-]+:[^,;*&$|\t\n\f\r ]+\Z").search,
    "eui": re.compile(r"eui.[0-9A-Za-z]{16}").fullmatch,
    "naa": re.compile(r"naa.[0-9A-Za-z]{32}").fullmatch,
}
"""The formats of iSCSI names, by their first three letters."""


def validate_iscsi(source: Object, path: str) -> Errors:
    """An iSCSI disk."""
    yield from require(source, path, "targetPortal", "iqn")
    if source.get("iqn"):
        yield from _check_name(source["iqn"], f"{path}.iqn")
    yield from _check_unit(source.get("lun", 0), f"{path}.lun")
    needs_secret = source.get("chapAuthDiscovery") or source.get("chapAuthSession")
    if needs_secret and source.get("secretRef") is None:
        yield required(f"{path}.secretRef")
    initiator = source.get("initiatorName")
    if initiator is not None:
        yield from _check_name(initiator, f"{path}.initiatorname")


def _check_name(name: str, path: str) -> Errors:
    matches = _NAMES.get(name[:3])
    if matches is None:
        yield invalid(path, name, "must be valid format starting with iqn, eui, or naa")
    elif not matches(name):
        yield invalid(path, name, "must be valid format")


def _check_unit(number: int, path: str) -> Errors:
    if not 0 <= number <= 255:
        yield invalid(path, number, range_error(0, 255))


def validate_fibre_channel(source: Object, path: str) -> Errors:
    """A Fibre Channel disk."""
    targets, identifiers = source.get("targetWWNs") or [], source.get("wwids") or []
    if not targets and not identifiers:
        detail = "must specify either targetWWNs or wwids, but not both"
        yield required(f"{path}.targetWWNs", detail)
    if targets and identifiers:
        detail = "targetWWNs and wwids can not be specified simultaneously"
        yield invalid(f"{path}.targetWWNs", targets, detail)
    if not targets:
        return
    if source.get("lun") is None:
        yield required(f"{path}.lun", "lun is required if targetWWNs is specified")
    else:
        yield from _check_unit(source["lun"], f"{path}.lun")
