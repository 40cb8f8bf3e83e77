"""Query parameters of the writing verbs (apimachinery/pkg/apis/meta/v1/types.go)."""

from collections.abc import Mapping, Sequence

from localjobs.admission.deletion import DeleteOptions, validate_dry_run
from localjobs.admission.options import FieldValidation, WriteOptions
from localjobs.api import field
from localjobs.api.field import FieldError
from localjobs.errors import BadRequest
from localjobs.store.list_options import invalid_options

_LONGEST_MANAGER = 128


def write_options(
    kind: str, query: Mapping[str, str], dry_run: Sequence[str], user_agent: str
) -> WriteOptions:
    """The options of a create, update or patch; `kind` names them in errors.

    A request that names no field manager gets the first part of its User-Agent.
    Raises `Invalid`, `BadRequest`.
    """
    manager, validation = query.get("fieldManager", ""), query.get("fieldValidation", "")
    errors = [*_manager_errors(manager), *validate_dry_run(tuple(dry_run))]
    known = {one.value: one for one in FieldValidation}
    if validation not in ("", *known):
        errors.append(field.not_supported("fieldValidation", validation, sorted(("", *known))))
    if errors:
        raise invalid_options(kind, errors)
    return WriteOptions(
        field_manager=manager or default_manager(user_agent),
        field_validation=known.get(validation, FieldValidation.WARN),
        dry_run=bool(dry_run),
        force=truth(query["force"]) if "force" in query else None,
    )


def default_manager(user_agent: str) -> str:
    """The User-Agent up to its first slash, printable and at most 128 bytes."""
    name = user_agent.partition("/")[0]
    printable = "".join(one for one in name if one.isprintable())
    return printable.encode()[:_LONGEST_MANAGER].decode(errors="ignore") or "unknown"


def _manager_errors(manager: str) -> list[FieldError]:
    errors = []
    if len(manager) > _LONGEST_MANAGER:
        errors.append(field.too_long("fieldManager", _LONGEST_MANAGER))
    if not manager.isprintable():
        detail = "should only contain printable characters"
        errors.append(field.invalid("fieldManager", manager, detail))
    return errors


def truth(text: str) -> bool:
    """Anything but a "no" counts as given (apimachinery/pkg/runtime/conversion.go)."""
    return text.lower() not in ("", "0", "f", "false")


def delete_options(query: Mapping[str, str], dry_run: Sequence[str]) -> DeleteOptions:
    """DeleteOptions from the query; a body takes their place. Raises `BadRequest`."""
    orphan = query.get("orphanDependents")
    grace = query.get("gracePeriodSeconds")
    return DeleteOptions(
        grace_period_seconds=_seconds(grace) if grace else None,
        propagation_policy=query.get("propagationPolicy"),
        orphan_dependents=None if orphan is None else truth(orphan),
        dry_run=tuple(dry_run),
    )


def _seconds(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        quoted = field.quoted(text)
        raise BadRequest(f"strconv.ParseInt: parsing {quoted}: invalid syntax") from None
