"""Query parameters of the writing verbs (apimachinery/pkg/apis/meta/v1/types.go)."""

from msgspec.structs import replace

from localjobs.admission.deletion import DeleteOptions
from localjobs.admission.options import WriteOptions, parse_write_options
from localjobs.apiserver.request import Request
from localjobs.store.list_options import parse_integer

_LONGEST_MANAGER = 128


def write_options(verb: str, request: Request) -> WriteOptions:
    """The options of a `Create`, `Update` or `Patch`.

    A request that names no field manager gets the first part of its User-Agent. Raises `Invalid`.
    """
    options = parse_write_options(verb, request.query_lists)
    if options.field_manager:
        return options
    return replace(options, field_manager=default_manager(request.header(b"user-agent")))


def default_manager(user_agent: str) -> str:
    """The User-Agent up to its first slash, printable and at most 128 bytes."""
    name = user_agent.partition("/")[0]
    printable = "".join(one for one in name if one.isprintable())
    return printable.encode()[:_LONGEST_MANAGER].decode(errors="ignore") or "unknown"


def truth(text: str | None) -> bool:
    """Only what is not given, "false" and "0" are no (apimachinery/pkg/runtime/conversion.go)."""
    return text is not None and text.lower() not in ("false", "0")


def delete_options(request: Request) -> DeleteOptions:
    """DeleteOptions from the query, for a request without a body. Raises `BadRequest`."""
    query = request.query
    orphan, grace = query.get("orphanDependents"), query.get("gracePeriodSeconds")
    return DeleteOptions(
        grace_period_seconds=parse_integer(grace) if grace else None,
        propagation_policy=query.get("propagationPolicy"),
        orphan_dependents=None if orphan is None else truth(orphan),
        dry_run=tuple(one for one in request.query_lists.get("dryRun", ()) if one),
    )
