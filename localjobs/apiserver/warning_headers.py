"""Warnings as headers (RFC 7234), as upstream sends them.

apiserver/pkg/endpoints/filters/warning.go, apimachinery/pkg/util/net/http.go.
"""

from collections.abc import Iterable, Iterator, Sequence

MOST_CHARACTERS = 4096
"""Of all warnings together; beyond that each is cut."""
CUT_TO = 256

_YAML_ERRORS = "yaml: unmarshal errors:\n"


def warning_headers(warnings: Sequence[str]) -> list[bytes]:
    """The value of a `Warning` header for each, without repetitions."""
    if not warnings:
        return []
    texts = list(dict.fromkeys(_lines(warnings)))
    if sum(map(len, texts)) > MOST_CHARACTERS:
        texts = list(_cut(texts))
    return [_quoted(text) for text in texts if not any(map(_is_control, text))]


def _lines(warnings: Iterable[str]) -> Iterator[str]:
    """A YAML body's complaints come in one text; clients are told them one by one."""
    for warning in warnings:
        if warning.startswith(_YAML_ERRORS):
            yield from map(str.strip, warning.removeprefix(_YAML_ERRORS).splitlines())
        else:
            yield warning


def _cut(texts: Iterable[str]) -> Iterator[str]:
    written = 0
    for text in texts:
        short = text[:CUT_TO]
        written += len(short)
        if written > MOST_CHARACTERS:
            return
        yield short


def _is_control(character: str) -> bool:
    return character < " " or "\x7f" <= character < "\xa0"


def _quoted(text: str) -> bytes:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'299 - "{escaped}"'.encode()
