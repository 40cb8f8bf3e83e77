"""YAML documents with the places of their parts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from functools import lru_cache
from typing import Any

from msgspec import Struct
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from localjobs.api.yaml_nodes import build, compose, is_merge, key_of, merged
from localjobs.errors import ManifestError
from localjobs.manifests.places import Position, Step


class YamlPlace(Struct, frozen=True):
    """The layout of one YAML document: the text, and which of its documents it is.

    Nodes take many times the room of their text, and few are asked where they are: they are
    composed again for that.
    """

    text: str
    number: int

    def locate(self, path: Sequence[Step]) -> Position:
        return locate(_roots(self.text)[self.number], path)


def locate(root: Node, path: Sequence[Step]) -> Position:
    """Where a path leads, or the part of it that exists."""
    node, mark = root, root.start_mark
    for step in path:
        found = _member(node, step)
        if found is None:
            break
        name, node = found
        mark = name.start_mark
    return Position(mark.line + 1, mark.column + 1)


@lru_cache(maxsize=1)  # whoever asks about one part of a file asks about others
def _roots(text: str) -> Sequence[Node]:
    """The documents' nodes, up to what cannot be read."""
    roots: list[Node] = []
    with suppress(ManifestError):
        roots.extend(compose(text))
    return roots


def _member(node: Node, step: Step) -> tuple[Node, Node] | None:
    """The node to point at for the step, and the node it leads to."""
    if isinstance(node, SequenceNode):
        inside = isinstance(step, int) and step < len(node.value)
        return (node.value[step], node.value[step]) if inside else None
    if not isinstance(node, MappingNode):
        return None
    for name, value in reversed(node.value):
        if is_merge(name):
            found = next(filter(None, (_member(one, step) for one in merged(value))), None)
            if found:
                return found
        elif isinstance(name, ScalarNode) and key_of(name) == step:
            return name, value
    return None


def read(text: str) -> Iterator[tuple[Any, YamlPlace]]:
    """The documents of a YAML text that are not empty, with their places.

    Raises ManifestError at the first thing that cannot be read.
    """
    for number, node in enumerate(compose(text)):
        value = build(node)
        if value is not None:
            yield value, YamlPlace(text, number)
