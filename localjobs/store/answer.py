"""What a verb of the API answers when it succeeds."""

from __future__ import annotations

from dataclasses import dataclass, field

from localjobs.api.objects import Object


@dataclass(frozen=True, slots=True)
class Answer:
    """The object (or list, or `Status`) to send, the warnings beside it, and the HTTP code."""

    object: Object = field(repr=False)
    warnings: tuple[str, ...] = ()
    code: int = 200
