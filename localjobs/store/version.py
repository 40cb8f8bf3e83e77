"""One version of one object: as a dict while it is in use, then as JSON, at rest compressed.

Finished pods and events are many and hardly ever read, and resemble each other: compressed
together with others, a pod of 4 KB takes some 150 bytes.
"""

from __future__ import annotations

import json
import sys
import zlib
from collections.abc import Sequence
from itertools import accumulate
from typing import Any

import msgspec

from localjobs.api.objects import Object

_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder()

_LEVEL = 3


def encode(value: Any) -> bytes:
    """JSON bytes, compact. Half of a surrogate pair becomes U+FFFD, as Go reads it."""
    try:
        return _encoder.encode(value)
    except UnicodeEncodeError:
        text = json.dumps(
            value, ensure_ascii=False, separators=(",", ":"), default=msgspec.to_builtins
        )
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace").encode()


def decode(body: bytes) -> Any:
    """The value of JSON bytes."""
    return _decoder.decode(body)


class Block:
    """The JSON of several objects, compressed as one: each is small beside those like it."""

    __slots__ = ("_ends", "_packed")

    def __init__(self, bodies: Sequence[bytes]) -> None:
        self._packed = zlib.compress(b"".join(bodies), _LEVEL)
        self._ends = tuple(accumulate(map(len, bodies)))

    def body(self, place: int) -> bytes:
        """The JSON of the object at that place."""
        start = self._ends[place - 1] if place else 0
        return _unpacked(self)[start : self._ends[place]]

    def unpack(self) -> bytes:
        """All of it."""
        return zlib.decompress(self._packed)


_last_unpacked: list[tuple[Block, bytes]] = []


def _unpacked(block: Block) -> bytes:
    # The last one stays at hand: lists go through a block object by object.
    if not _last_unpacked or _last_unpacked[0][0] is not block:
        _last_unpacked[:] = [(block, block.unpack())]
    return _last_unpacked[0][1]


_NO_LABELS: dict[str, str] = {}


class Version(msgspec.Struct, eq=False, gc=False):
    """An immutable version of an object, made of it, of its JSON, or of both."""

    # There are hundreds of thousands, in no cycle: the garbage collector need not look at them.

    _object: Object | None
    _body: bytes | Block | None = None
    _place: int = 0
    """Where in the block it is, once `_body` is one."""
    _labels: dict[str, str] | tuple[Any, ...] | None = None
    """Set once it is at rest; (names, value, value, ...) once it is compressed."""

    @classmethod
    def at_rest(cls, body: bytes) -> Version:
        """Of an object without labels that is at rest from the start."""
        return cls(None, body, 0, _NO_LABELS)

    @property
    def is_at_rest(self) -> bool:
        """Whether it has to be decoded to be read."""
        return self._labels is not None

    @property
    def is_packed(self) -> bool:
        """Whether it is compressed."""
        return isinstance(self._body, Block)

    @property
    def object(self) -> Object:
        """The object. One at rest is decoded when it is asked for: nobody holds on to it here."""
        if self._object is not None:
            return self._object
        if self._labels is not None:
            return _decoded(self)
        found: Object = decode(self.body)
        self._object = found
        return found

    @property
    def body(self) -> bytes:
        """Its JSON, made once."""
        body = self._body
        if body is None:
            body = self._body = encode(self._object)
        elif isinstance(body, Block):
            return body.body(self._place)
        return body

    @property
    def labels(self) -> dict[str, str]:
        """`metadata.labels`, at no cost for an object at rest."""
        known = self._labels
        if known is None:
            found: dict[str, str] = self.object["metadata"].get("labels") or {}
            return found
        if isinstance(known, tuple):
            return dict(zip(known[0], known[1:], strict=True))
        return known

    def is_of(self, obj: Object) -> bool:
        """Whether it is this very object."""
        return self._object is obj

    def rest(self) -> None:
        """Keep no more than its JSON, and its labels, which selectors read."""
        if self._labels is None:
            self._labels = self.labels
            self._body = self.body
            self._object = None

    @staticmethod
    def pack(versions: Sequence[Version]) -> None:
        """Compress what is at rest, together."""
        loose = [version for version in versions if not version.is_packed]
        block = Block([version.body for version in loose])
        for place, version in enumerate(loose):
            version._labels = _labels_at_rest(version.labels)
            version._object, version._body, version._place = None, block, place


_last_decoded: list[tuple[Version, Object]] = []


def _decoded(version: Version) -> Object:
    # The last one stays at hand: what is deleted is read by everyone who has a part in it.
    if not _last_decoded or _last_decoded[0][0] is not version:
        _last_decoded[:] = [(version, decode(version.body))]
    return _last_decoded[0][1]


_NO_PACKED_LABELS: tuple[Any, ...] = ((),)
_label_names: dict[tuple[str, ...], tuple[str, ...]] = {}
_MANY_LABEL_NAMES = 1000


def _labels_at_rest(labels: dict[str, str]) -> tuple[Any, ...]:
    if not labels:
        return _NO_PACKED_LABELS
    names = tuple(map(sys.intern, labels))
    return (_shared(names), *map(sys.intern, labels.values()))


def _shared(names: tuple[str, ...]) -> tuple[str, ...]:
    if len(_label_names) > _MANY_LABEL_NAMES:
        _label_names.clear()
    return _label_names.setdefault(names, names)
