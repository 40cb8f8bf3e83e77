"""Every error that localjobs raises on purpose, in one tree.

    LocaljobsError
    ├── ApiError                 an answer of the API server: HTTP code, reason, details
    │   ├── BadRequest           400
    │   ├── Unauthorized         401
    │   ├── Forbidden            403
    │   ├── NotFound             404
    │   ├── MethodNotAllowed     405
    │   ├── NotAcceptable        406
    │   ├── AlreadyExists        409
    │   ├── Conflict             409
    │   ├── Expired              410
    │   ├── TooLarge             413
    │   ├── UnsupportedMediaType 415
    │   ├── Invalid              422  with one cause per field
    │   ├── TooManyRequests      429
    │   ├── InternalError        500
    │   ├── UnknownError         500  without a reason: what upstream never classified
    │   └── Timeout              504  not known here yet: a version from the future
    ├── ManifestError            a manifest that cannot be read: file, line, column
    ├── ConfigError              localjobs.toml or a flag
    ├── DirectoryBusy            another daemon serves this directory
    └── RuntimeUnavailable       the process that owns the pods is gone

Each `ApiError` renders itself as the `Status` object that upstream answers
(apimachinery/pkg/api/errors/errors.go).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, ClassVar


class LocaljobsError(Exception):
    """The root: anything localjobs raises on purpose."""


@dataclass(frozen=True, slots=True)
class Cause:
    """One entry of `Status.details.causes`: what is wrong with which field."""

    reason: str
    message: str
    field: str = ""

    def to_object(self) -> dict[str, Any]:
        rendered = {"reason": self.reason, "message": self.message}
        return {**rendered, "field": self.field} if self.field else rendered


@dataclass(frozen=True, slots=True)
class Details:
    """`Status.details`: the object the answer is about. Empty members are left out."""

    name: str = ""
    group: str = ""
    kind: str = ""
    uid: str = ""
    causes: tuple[Cause, ...] = ()
    retry_after_seconds: int = 0

    def to_object(self) -> dict[str, Any]:
        rendered: dict[str, Any] = {
            key: value for key in ("name", "group", "kind", "uid") if (value := getattr(self, key))
        }
        if self.causes:
            rendered["causes"] = [cause.to_object() for cause in self.causes]
        if self.retry_after_seconds:
            rendered["retryAfterSeconds"] = self.retry_after_seconds
        return rendered


@dataclass(eq=False)
class ApiError(LocaljobsError):
    """An answer of the API server that is not a success."""

    message: str
    details: Details | None = None
    warnings: Sequence[str] = field(default=(), kw_only=True)

    code: ClassVar[int] = 500
    reason: ClassVar[str] = "InternalError"

    def __str__(self) -> str:
        return self.message

    def to_status(self) -> dict[str, Any]:
        """Render the `v1.Status` that a client reads this error from."""
        status: dict[str, Any] = {
            "kind": "Status",
            "apiVersion": "v1",
            "metadata": {},
            "status": "Failure",
            "message": self.message,
            "reason": self.reason,
        }
        if not self.reason:
            del status["reason"]
        if self.details is not None:
            status["details"] = self.details.to_object()
        status["code"] = self.code
        return status


@contextmanager
def warning(warnings: Sequence[str]) -> Iterator[None]:
    """An `ApiError` raised in the block is answered with these warnings too."""
    try:
        yield
    except ApiError as error:
        error.warnings = (*warnings, *error.warnings)
        raise


class BadRequest(ApiError):
    """400: the request cannot be understood."""

    code, reason = 400, "BadRequest"


class Unauthorized(ApiError):
    """401: no credentials, or wrong ones."""

    code, reason = 401, "Unauthorized"


class Forbidden(ApiError):
    """403: understood, and refused whoever asks."""

    code, reason = 403, "Forbidden"


class NotFound(ApiError):
    """404: no such object, or no such path."""

    code, reason = 404, "NotFound"


class MethodNotAllowed(ApiError):
    """405: the path exists, the verb does not."""

    code, reason = 405, "MethodNotAllowed"


class NotAcceptable(ApiError):
    """406: none of the media types the client accepts is served."""

    code, reason = 406, "NotAcceptable"


class AlreadyExists(ApiError):
    """409: the name is taken."""

    code, reason = 409, "AlreadyExists"


class Conflict(ApiError):
    """409: the object changed since the client read it, or a precondition failed."""

    code, reason = 409, "Conflict"


class Expired(ApiError):
    """410: the history or list that the client wants to go on with is gone."""

    code, reason = 410, "Expired"


class TooLarge(ApiError):
    """413: the body is over the limit."""

    code, reason = 413, "RequestEntityTooLarge"


class UnsupportedMediaType(ApiError):
    """415: the body's Content-Type is not served."""

    code, reason = 415, "UnsupportedMediaType"


class Invalid(ApiError):
    """422: understood, but the object breaks rules; `details.causes` says which."""

    code, reason = 422, "Invalid"


class TooManyRequests(ApiError):
    """429: try again later."""

    code, reason = 429, "TooManyRequests"


class InternalError(ApiError):
    """500: a defect of localjobs, or a disk that takes no more."""

    code, reason = 500, "InternalError"


class UnknownError(ApiError):
    """500 without a reason: how upstream answers an error that it never classified."""

    code, reason = 500, ""


class Timeout(ApiError):
    """504: the server waited in vain, as for a resourceVersion that it has not reached."""

    code, reason = 504, "Timeout"


@dataclass(eq=False)
class ManifestError(LocaljobsError):
    """A manifest that cannot be read. `line` and `column` count from 1; 0 is unknown."""

    message: str
    path: str = ""
    line: int = 0
    column: int = 0

    def __str__(self) -> str:
        place = ":".join(str(part) for part in (self.path, self.line, self.column) if part)
        return f"{place}: {self.message}" if place else self.message


class ConfigError(LocaljobsError):
    """A setting in localjobs.toml, or a flag, that cannot be used."""


class DirectoryBusy(LocaljobsError):
    """Another daemon serves this directory."""


class RuntimeUnavailable(LocaljobsError):
    """The process that owns the pods' processes cannot be started or is gone."""
