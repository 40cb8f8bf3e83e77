"""Handlers: the hooks of a container's life, and what a probe does (core/validation)."""

from __future__ import annotations

from collections.abc import Callable

from localjobs.admission.validation.formats import Errors, malformed
from localjobs.admission.validation.ports import check_port
from localjobs.api import names
from localjobs.api.field import forbidden, invalid, not_supported, required
from localjobs.api.objects import Object

HTTP_SCHEMES = ("HTTP", "HTTPS")
PROBE_HANDLERS = ("exec", "httpGet", "tcpSocket", "grpc")
HOOK_HANDLERS = ("exec", "httpGet", "tcpSocket", "sleep")


def validate_lifecycle(lifecycle: Object, grace_period: int | None, path: str) -> Errors:
    """The hooks after the start and before the stop."""
    for hook in ("postStart", "preStop"):
        handler = lifecycle.get(hook)
        if handler is not None:
            yield from validate_handler(handler, HOOK_HANDLERS, grace_period, f"{path}.{hook}")


def validate_handler(
    handler: Object, kinds: tuple[str, ...], grace_period: int | None, path: str
) -> Errors:
    """Exactly one of these kinds of handler, well formed. Seconds of grace bound a sleep."""
    count = 0
    for kind in kinds:
        action = handler.get(kind)
        if action is None:
            continue
        here = f"{path}.{kind}"
        if count:
            yield forbidden(here, "may not specify more than 1 handler type")
            continue
        count += 1
        if kind == "sleep":
            yield from _validate_sleep(action, grace_period, here)
        else:
            yield from _ACTIONS[kind](action, here)
    if not count:
        yield required(path, "must specify a handler type")


def _validate_exec(action: Object, path: str) -> Errors:
    if not action.get("command"):
        yield required(f"{path}.command")


def _validate_http_get(action: Object, path: str) -> Errors:
    if not action.get("path"):
        yield required(f"{path}.path")
    yield from check_port(action.get("port"), f"{path}.port")
    scheme = action.get("scheme", "")
    if scheme not in HTTP_SCHEMES:
        yield not_supported(f"{path}.scheme", scheme, HTTP_SCHEMES)
    for header in action.get("httpHeaders") or ():
        name = header.get("name", "")
        yield from malformed(f"{path}.httpHeaders", name, names.http_header_name_errors(name))


def _validate_port(action: Object, path: str) -> Errors:
    return check_port(action.get("port"), f"{path}.port")


def _validate_sleep(action: Object, grace_period: int | None, path: str) -> Errors:
    seconds = action.get("seconds", 0)
    if grace_period is not None and not 0 <= seconds <= grace_period:
        detail = (
            f"must be non-negative and less than terminationGracePeriodSeconds ({grace_period})"
        )
        yield invalid(path, seconds, detail)


_ACTIONS: dict[str, Callable[[Object, str], Errors]] = {
    "exec": _validate_exec,
    "httpGet": _validate_http_get,
    "tcpSocket": _validate_port,
    "grpc": _validate_port,
}
