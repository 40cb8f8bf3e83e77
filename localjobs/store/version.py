"""One version of one object: as a dict while it is in use, as compressed JSON once at rest.

Finished pods and events are many and hardly ever read, and resemble each other: compressed
against earlier ones as dictionary, a pod of 3 KB takes some 200 bytes.
"""

from __future__ import annotations

import json
import sys
import zlib
from collections import deque
from typing import Any

import msgspec

from localjobs.api.objects import Object

_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder()

# zlib: raw deflate, with a window for dictionary and object.
_LEVEL = 3
_WINDOW = -14
_MEMORY = 6


def encode(value: Any) -> bytes:
    """JSON bytes, compact. Half of a surrogate pair becomes U+FFFD, as Go reads it."""
    try:
        return _encoder.encode(value)
    except UnicodeEncodeError:
        text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace").encode()


def decode(body: bytes) -> Any:
    """The value of JSON bytes."""
    return _decoder.decode(body)


class Dictionary:
    """Earlier objects, which others are compressed against."""

    __slots__ = ("_compressor", "_decompressor")

    # Copying a primed (de)compressor is several times cheaper than priming one.

    def __init__(self, text: bytes) -> None:
        self._compressor = zlib.compressobj(
            _LEVEL, zlib.DEFLATED, _WINDOW, _MEMORY, zlib.Z_DEFAULT_STRATEGY, text
        )
        self._decompressor = zlib.decompressobj(_WINDOW, text)

    def pack(self, body: bytes) -> bytes:
        compressor = self._compressor.copy()
        return compressor.compress(body) + compressor.flush()

    def unpack(self, packed: bytes) -> bytes:
        return self._decompressor.copy().decompress(packed)


class Packer:
    """Compresses the JSON of one resource's objects, against the latest ones as dictionary.

    The dictionary is made anew early on, and again when objects of another make (another Job's
    pods, say) no longer pack as well against it; what was packed keeps the one that it needs.
    """

    SAMPLES = 8
    MOST_BYTES = 12_000
    FIRST_REVIEWS = (1, 8, 64)
    REVIEW_EVERY = 256
    TOLERANCE = 1.5

    def __init__(self) -> None:
        self._samples: deque[bytes] = deque(maxlen=self.SAMPLES)
        self._dictionary = Dictionary(b"")
        self._count = 0
        self._read = self._written = 0
        self._usual = 0.0
        """The ratio that the dictionary reached when it was new; 0 until that is known."""

    def pack(self, body: bytes) -> tuple[bytes, Dictionary]:
        """The compressed body, and the dictionary to unpack it with."""
        dictionary = self._dictionary
        packed = dictionary.pack(body)
        self._samples.append(body)
        self._count += 1
        self._read += len(body)
        self._written += len(packed)
        if self._count in self.FIRST_REVIEWS:
            self._renew()
        elif self._count % self.REVIEW_EVERY == 0:
            self._review()
        return packed, dictionary

    def _review(self) -> None:
        ratio = self._written / self._read
        self._read = self._written = 0
        if not self._usual:
            self._usual = ratio
        elif ratio > self._usual * self.TOLERANCE:
            self._renew()

    def _renew(self) -> None:
        text = b"".join(dict.fromkeys(self._samples))[-self.MOST_BYTES :]
        self._dictionary = Dictionary(text)
        self._read = self._written = 0
        self._usual = 0.0


class Version:
    """An immutable version of an object, in whatever forms are at hand."""

    __slots__ = ("_body", "_dictionary", "_labels", "_object")

    def __init__(self, obj: Object | None, body: bytes | None = None) -> None:
        """Of an object, its JSON, or both."""
        self._object = obj
        self._body = body
        self._dictionary: Dictionary | None = None
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
        return self._dictionary.unpack(self._body)

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
        self._labels = _labels_at_rest(self.labels)
        self._body, self._dictionary = packer.pack(self.body)
        self._object = None


_NO_LABELS: tuple[Any, ...] = ((),)
_label_names: dict[tuple[str, ...], tuple[str, ...]] = {}
_MANY_LABEL_NAMES = 1000


def _labels_at_rest(labels: dict[str, str]) -> tuple[Any, ...]:
    if not labels:
        return _NO_LABELS
    names = tuple(map(sys.intern, labels))
    return (_shared(names), *map(sys.intern, labels.values()))


def _shared(names: tuple[str, ...]) -> tuple[str, ...]:
    if len(_label_names) > _MANY_LABEL_NAMES:
        _label_names.clear()
    return _label_names.setdefault(names, names)
