"""How the daemon is: `/healthz`, `/livez`, `/readyz`, and each of their checks by itself.

Upstream: apiserver/pkg/server/healthz/healthz.go. A failed check's reason is told here, since
nobody but the machine's own user is there to read it.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence

from msgspec import Struct

from localjobs.apiserver.answers import respond
from localjobs.apiserver.response import Response

Health = Callable[[], str | None]
"""Says why the daemon is not well, or None."""

_PING, _STORAGE = "ping", "etcd"
"""Upstream's names: that the server answers at all, and that what is written is kept."""
_CHECKS: Mapping[str, tuple[str, ...]] = {
    "healthz": (_PING, _STORAGE),
    "livez": (_PING,),  # no restart mends a full disk
    "readyz": (_PING, _STORAGE),
}
_TEXT = "text/plain; charset=utf-8"


class _Asked(Struct, frozen=True):
    """A path that asks how the daemon is: `check` is "" for all of the endpoint's."""

    endpoint: str
    check: str

    @classmethod
    def of(cls, path: str) -> "_Asked | None":
        """Read `/readyz` or `/readyz/etcd`; None if it is another path."""
        endpoint, _, check = path.rstrip("/").removeprefix("/").partition("/")
        known = _CHECKS.get(endpoint, ()) if path.startswith("/") else ()
        return cls(endpoint, check) if known and check in ("", *known) else None


def is_health(path: str) -> bool:
    """Whether a path asks how the daemon is: whoever can reach the port may."""
    return _Asked.of(path) is not None


def respond_to(path: str, query: Mapping[str, Sequence[str]], health: Health) -> Response:
    """The answer to a path that `is_health`; `verbose` and `exclude` may be in the query."""
    asked = _Asked.of(path)
    assert asked is not None, "the path was looked at before"
    if asked.check:
        problem = _problem(asked.check, health)
        if problem is None:
            return respond(b"ok", _TEXT)
        return respond(f"internal server error: {problem}\n".encode(), _TEXT, code=500)
    return _all_checks(asked.endpoint, query, health)


def _all_checks(endpoint: str, query: Mapping[str, Sequence[str]], health: Health) -> Response:
    excluded = [name for name in query.get("exclude", ()) if name]
    checks = _CHECKS[endpoint]
    problems = {name: _problem(name, health) for name in checks if name not in excluded}
    lines = [*_lines(checks, problems), *_unknown(excluded, checks)]
    if any(problems.values()):
        text = "\n".join((*lines, f"{endpoint} check failed\n"))
        return respond(text.encode(), _TEXT, code=500)
    if "verbose" not in query:
        return respond(b"ok", _TEXT)
    return respond("\n".join((*lines, f"{endpoint} check passed\n")).encode(), _TEXT)


def _problem(check: str, health: Health) -> str | None:
    return health() if check == _STORAGE else None


def _lines(checks: Iterable[str], problems: Mapping[str, str | None]) -> Iterable[str]:
    for name in checks:
        if name not in problems:
            yield f"[+]{name} excluded: ok"
        elif (problem := problems[name]) is not None:
            yield f"[-]{name} failed: {problem}"
        else:
            yield f"[+]{name} ok"


def _unknown(excluded: Iterable[str], checks: Sequence[str]) -> Iterable[str]:
    unknown = sorted({name for name in excluded if name not in checks})
    if unknown:
        quoted = ",".join(f'"{name}"' for name in unknown)
        yield f"warn: some health checks cannot be excluded: no matches for {quoted}"
