"""YAML documents as nodes, and the JSON values they stand for.

libyaml composes the nodes; what they mean is decided here and in `yaml_scalars`, by the rules
of the library kubectl uses. Two guards keep hostile input cheap: nesting is bounded while
composing, and what aliases expand to is counted before anybody expands it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import yaml
from yaml._yaml import CParser
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode
from yaml.parser import ParserError
from yaml.reader import ReaderError
from yaml.scanner import ScannerError

from localjobs.api.yaml_scalars import MERGE, PLAIN, STRING, ScalarError, key, scalar
from localjobs.errors import ManifestError

# Kubernetes objects nest less than 30 deep; the bound keeps recursion within Python's stack.
MOST_DEPTH = 100
# go-yaml's guard against alias bombs (decode.go): how much of a document aliases may make up.
_FEW_NODES, _MANY_NODES = 400_000, 4_000_000
_SHARE_OF_FEW, _SHARE_OF_MANY = 0.99, 0.10
_NODES_BEFORE_GUARD = 100
# An API request holds 3 MiB at most, so an expanded document that is larger is of no use.
MOST_EXPANDED = 3 * 1024 * 1024


def build(node: Node) -> Any:
    """The value of a document's root node; ManifestError where it has none, or a key twice."""
    builder = _Builder()
    value = builder.value(node)
    if builder.repeated:
        name, first = builder.repeated[0]
        text = key(name.tag, name.value)
        raise _at(name, f'yaml: key "{text}" already set in map, on line {first}')
    return value


def build_leniently(node: Node) -> tuple[Any, list[str]]:
    """As `build`, but a key that stands again wins, and is complained of as go-yaml does."""
    builder = _Builder()
    value = builder.value(node)
    return value, [
        f'line {name.start_mark.line + 1}: key "{key(name.tag, name.value)}" already set in map'
        for name, _ in builder.repeated
    ]


def compose(text: str) -> Iterator[Node]:
    """The root node of each document; ManifestError where the text is no YAML."""
    composer = _Composer(text)
    try:
        while composer.check_node():
            node = composer.get_node()
            assert node is not None
            yield node
    except yaml.MarkedYAMLError as error:
        raise _syntax_error(error) from error
    except ReaderError as error:
        raise _unreadable(text, error) from error


class _Composer(CParser):
    """libyaml's composer with our resolution of tags and a bound on nesting."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self._depth = 0

    def resolve(self, kind: type[Node], value: Any, implicit: Any) -> str:
        return PLAIN if kind is ScalarNode and implicit[0] else STRING

    def descend_resolver(self, parent: Node | None, index: Any) -> None:
        self._depth += 1
        if self._depth > MOST_DEPTH:
            mark = parent.start_mark if parent is not None else None
            raise yaml.MarkedYAMLError(
                problem=f"nested more than {MOST_DEPTH} deep", problem_mark=mark
            )

    def ascend_resolver(self) -> None:
        self._depth -= 1


def _syntax_error(error: yaml.MarkedYAMLError) -> ManifestError:
    mark = error.problem_mark or error.context_mark
    parts = [part for part in (error.context, error.problem) if part]
    message = f"yaml: {': '.join(parts)}"
    if mark is None:
        return ManifestError(message)
    return ManifestError(message, line=mark.line + 1, column=mark.column + 1)


def go_complaint(error: ManifestError) -> str:
    """What Go's YAML library says of a text that `compose` refused (yaml.v2, parser.fail).

    It tells of the problem alone, and counts lines from 0 where the parser found it and from 1
    where the scanner did, the first line being none in either case.
    """
    cause = error.__cause__
    if not isinstance(cause, ScannerError | ParserError):
        place = f"line {error.line}: " if error.line else ""
        return f"yaml: {place}{error.message.removeprefix('yaml: ')}"
    marks = (cause.context_mark, cause.problem_mark)
    line = next((mark.line for mark in marks if mark is not None and mark.line), 0)
    if line and isinstance(cause, ScannerError):
        line += 1
    return f"yaml: {f'line {line}: ' if line else ''}{cause.problem}"


def _unreadable(text: str, error: ReaderError) -> ManifestError:
    # The position counts bytes of the UTF-8 text.
    before = text.encode()[: error.position].decode(errors="replace")
    message = f"yaml: {error.reason}"
    if isinstance(error.character, int):
        message += f" (#x{error.character:04x})"
    line = before.count("\n") + 1
    return ManifestError(message, line=line, column=len(before) - before.rfind("\n"))


def _at(node: Node, message: str) -> ManifestError:
    mark = node.start_mark
    return ManifestError(message, line=mark.line + 1, column=mark.column + 1)


@dataclass(slots=True)
class _Built:
    value: Any
    nodes: int
    size: int


class _Builder:
    """Builds one document's value from its nodes; aliased parts are built once and shared."""

    def __init__(self) -> None:
        self._built: dict[Node, _Built] = {}
        self._open: set[Node] = set()
        self.repeated: list[tuple[ScalarNode, int]] = []
        self._nodes = self._aliased = self._size = 0

    def value(self, node: Node) -> Any:
        if (built := self._built.get(node)) is not None:
            return self._alias(node, built)
        if node in self._open:
            raise _at(node, "yaml: anchor value contains itself")
        nodes, size = self._nodes, self._size
        self._nodes += 1
        self._open.add(node)
        value = self._make(node)
        self._open.discard(node)
        self._built[node] = _Built(value, self._nodes - nodes, self._size - size)
        return value

    def _alias(self, node: Node, built: _Built) -> Any:
        self._nodes += built.nodes
        self._aliased += built.nodes
        self._size += built.size
        share = self._aliased / self._nodes
        if self._nodes > _NODES_BEFORE_GUARD and share > _allowed_share(self._nodes):
            raise _at(node, "yaml: document contains excessive aliasing")
        if self._size > MOST_EXPANDED:
            raise _at(node, f"yaml: document expands to over {MOST_EXPANDED} bytes")
        return built.value

    def _make(self, node: Node) -> Any:
        if isinstance(node, ScalarNode):
            self._size += len(node.value) + 1
            try:
                return scalar(node.tag, node.value)
            except ScalarError as error:
                raise _at(node, f"yaml: {error}") from error
        self._size += 2
        if isinstance(node, SequenceNode):
            return [self.value(item) for item in node.value]
        return self._mapping(node)

    def _mapping(self, node: Node) -> dict[str, Any]:
        members: dict[str, Any] = {}
        written: dict[str, Node] = {}
        for name, value in node.value:
            if is_merge(name):
                # As go-yaml does: a merge sets what it brings where it stands.
                for one in reversed(merged(value)):
                    members.update(self.value(one))
                continue
            text = self._key(name)
            if text in written:
                self.repeated.append((name, written[text].start_mark.line + 1))
            written[text] = name
            members[text] = self.value(value)
        return members

    def _key(self, name: Node) -> str:
        if not isinstance(name, ScalarNode):
            raise _at(name, "yaml: invalid map key: a key must be a scalar")
        self._size += len(name.value) + 1
        try:
            return key(name.tag, name.value)
        except ScalarError as error:
            raise _at(name, f"yaml: {error}") from error


def _allowed_share(nodes: int) -> float:
    if nodes <= _FEW_NODES:
        return _SHARE_OF_FEW
    if nodes >= _MANY_NODES:
        return _SHARE_OF_MANY
    way = (nodes - _FEW_NODES) / (_MANY_NODES - _FEW_NODES)
    return _SHARE_OF_FEW - (_SHARE_OF_FEW - _SHARE_OF_MANY) * way


def is_merge(name: Node) -> bool:
    """Whether a key merges other mappings into its own."""
    return isinstance(name, ScalarNode) and (
        name.tag == MERGE or (name.tag == PLAIN and name.value == "<<")
    )


def merged(value: Node) -> list[Node]:
    """The mappings that a merge key's value names."""
    nodes = value.value if isinstance(value, SequenceNode) else [value]
    for node in nodes:
        if not isinstance(node, MappingNode):
            raise _at(node, "yaml: map merge requires map or sequence of maps as the value")
    return list(nodes)


def key_of(name: ScalarNode) -> str:
    """The member name a key becomes; its text if it can become none."""
    try:
        return key(name.tag, name.value)
    except ScalarError:
        return str(name.value)
