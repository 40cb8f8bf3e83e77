"""One version of one object: as a dict while it is in use, as compressed JSON once at rest.

Finished pods and events are many and hardly ever read, and resemble each other: compressed
against an earlier one as dictionary, a pod of 3 KB takes some 200 bytes.
"""

from __future__ import annotations

import sys
import zlib
from typing import Any

import msgspec

from localjobs.api.objects import Object

_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder()

# zlib: raw deflate; a window that holds dictionary and object, and small working memory, so that
# setting up costs less than compressing.
_LEVEL = 1
_WINDOW = -13
_MEMORY = 5


def encode(value: Any) -> bytes:
    """JSON bytes, compact."""
    return _encoder.encode(value)


def decode(body: bytes) -> Any:
    """The value of JSON bytes."""
    return _decoder.decode(body)


class Packer:
    """Compresses the JSON of one resource's objects against one of them.

    When the dictionary no longer fits what is packed (another Job's pods, say), the latest
    object becomes the next one; what was packed keeps the dictionary it needs.
    """

    # An object that shares its template with the dictionary packs ten times smaller, or better.
    POOR_RATIO = 6

    def __init__(self) -> None:
        self._dictionary = b""
        self._poor = 0

    def pack(self, body: bytes) -> tuple[bytes, bytes]:
        """The compressed body, and the dictionary to unpack it with."""
        dictionary = self._dictionary
        packed = _compress(body, dictionary)
        if len(packed) * self.POOR_RATIO > len(body):
            self._poor += 1
            if self._poor > 2 or not dictionary:
                self._dictionary, self._poor = body, 0
        return packed, dictionary


def _compress(body: bytes, dictionary: bytes) -> bytes:
    compressor = zlib.compressobj(
        _LEVEL, zlib.DEFLATED, _WINDOW, _MEMORY, zlib.Z_DEFAULT_STRATEGY, dictionary
    )
    return compressor.compress(body) + compressor.flush()


class Version:
    """An immutable version of an object, in whatever forms are at hand."""

    __slots__ = ("_body", "_dictionary", "_labels", "_object")

    def __init__(self, obj: Object | None, body: bytes | None = None) -> None:
        """Of an object, its JSON, or both."""
        self._object = obj
        self._body = body
        self._dictionary: bytes | None = None
        """Set once `_body` is compressed."""
        self._labels: tuple[Any, ...] | None = None
        """(names, value, value, ...): set with it."""

    @property
    def is_packed(self) -> bool:
        """Whether it is at rest."""
        return self._dictionary is not None

    @property
    def object(self) -> Object:
        """The object. One at rest is decoded at every call: nobody holds on to it here."""
        if self._object is not None:
            return self._object
        found: Object = decode(self.body)
        if self._dictionary is None:
            self._object = found
        return found

    @property
    def body(self) -> bytes:
        """Its JSON, made once."""
        if self._body is None:
            self._body = encode(self._object)
        if self._dictionary is None:
            return self._body
        decompressor = zlib.decompressobj(_WINDOW, self._dictionary)
        return decompressor.decompress(self._body)

    @property
    def labels(self) -> dict[str, str]:
        """`metadata.labels`, at no cost for an object at rest."""
        if self._labels is not None:
            return dict(zip(self._labels[0], self._labels[1:], strict=True))
        found: dict[str, str] = self.object["metadata"].get("labels") or {}
        return found

    def is_of(self, obj: Object) -> bool:
        """Whether it is this very object."""
        return self._object is obj

    def pack(self, packer: Packer) -> None:
        """Put it at rest."""
        if self._dictionary is not None:
            return
        labels = self.labels
        names = tuple(map(sys.intern, labels))
        self._labels = (_shared(names), *map(sys.intern, labels.values()))
        self._body, self._dictionary = packer.pack(self.body)
        self._object = None


_label_names: dict[tuple[str, ...], tuple[str, ...]] = {}
_MANY_LABEL_NAMES = 1000


def _shared(names: tuple[str, ...]) -> tuple[str, ...]:
    if len(_label_names) > _MANY_LABEL_NAMES:
        _label_names.clear()
    return _label_names.setdefault(names, names)
