"""Continue tokens: where the next page of a list begins, and at which version.

The token of apiserver/pkg/storage/continue.go: unpadded base64 of
`{"v": "meta.k8s.io/v1", "rv": <version>, "start": <key>}`. Version -1 asks for whatever is there.
"""

from __future__ import annotations

import base64
import binascii
import posixpath

import msgspec
from msgspec import Struct

from localjobs.api.field import quoted
from localjobs.errors import BadRequest

ANY_VERSION = -1
_FORMAT = "meta.k8s.io/v1"
_ALPHABET = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")


class _Token(msgspec.Struct, rename={"format": "v", "resource_version": "rv"}):
    format: str = ""
    resource_version: int = 0
    start: str = ""


class Continuation(Struct, frozen=True):
    """The list goes on with the first key that is not before `start`."""

    resource_version: int
    start: str

    def encode(self) -> str:
        """The token."""
        token = _Token(_FORMAT, self.resource_version, self.start)
        return base64.urlsafe_b64encode(msgspec.json.encode(token)).rstrip(b"=").decode()

    @classmethod
    def decode(cls, text: str) -> Continuation:
        """Read a token. Raises `BadRequest`."""
        try:
            token = _read(text)
        except _InvalidToken as error:
            raise BadRequest(
                f"invalid continue token: continue key is not valid: {error}"
            ) from None
        return cls(token.resource_version, token.start.removeprefix("/"))


class _InvalidToken(ValueError):
    pass


def _read(text: str) -> _Token:
    data = _base64(text)
    try:
        token = msgspec.json.decode(data, type=_Token)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise _InvalidToken(_json_problem(data, error)) from None
    if token.format != _FORMAT:
        given = quoted(token.format)
        raise _InvalidToken(f"server does not recognize this encoded version {given}")
    if token.resource_version == 0:
        raise _InvalidToken(f"incorrect encoded start resourceVersion (version {_FORMAT})")
    if not token.start:
        raise _InvalidToken(f"encoded start key empty (version {_FORMAT})")
    key = "/" + token.start.removeprefix("/")
    if posixpath.normpath(key) != key:
        raise _InvalidToken(token.start)
    return token


def _base64(text: str) -> bytes:
    data = text.encode()
    position = next((i for i, byte in enumerate(data) if byte not in _ALPHABET), None)
    if position is None and len(data) % 4 == 1:
        position = len(data) - 1
    if position is not None:
        raise _InvalidToken(f"illegal base64 data at input byte {position}")
    try:
        return base64.urlsafe_b64decode(data + b"=" * (-len(data) % 4))
    except binascii.Error as error:
        raise _InvalidToken(str(error)) from None


def _json_problem(data: bytes, error: Exception) -> str:
    """What Go's decoder says of these bytes, at least where it gives up on the first."""
    stripped = data.lstrip(b" \t\r\n")
    if not stripped:
        return "unexpected end of JSON input"
    if stripped[0] not in b'{["-0123456789tfn':
        return f"invalid character {_quoted_byte(stripped[0])} looking for beginning of value"
    return str(error)


def _quoted_byte(byte: int) -> str:
    # Go takes the byte for a code point and prints it as %q does.
    if byte == ord("'"):
        return "'\\''"
    character = chr(byte)
    if character.isprintable():
        return f"'{character}'"
    named = {7: "\\a", 8: "\\b", 9: "\\t", 10: "\\n", 11: "\\v", 12: "\\f", 13: "\\r"}
    if byte in named:
        return f"'{named[byte]}'"
    return f"'\\x{byte:02x}'" if byte < 0x80 else f"'\\u{byte:04x}'"
