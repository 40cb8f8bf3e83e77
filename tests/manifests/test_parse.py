import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from localjobs.errors import ManifestError
from localjobs.manifests.parse import MOST_BYTES, Document, parse
from localjobs.manifests.places import Position

JOB = b"""\
apiVersion: batch/v1
kind: Job
metadata: {name: pi, labels: {a.b/c: "yes"}}
spec:
  template:
    spec:
      containers:
      - name: a
        image: one
      - image: two
        env:
        - {name: A, value: "1"}
        name: b
"""


def one(data: bytes, name: str = "x.yaml") -> Document:
    (document,) = parse(data, name)
    return document


def objects(data: bytes, name: str = "x.yaml") -> list[Any]:
    return [document.object for document in parse(data, name)]


def refusal(data: bytes, name: str = "x.yaml") -> str:
    with pytest.raises(ManifestError) as caught:
        parse(data, name)
    return str(caught.value)


# Several documents, lists, languages


def test_documents_of_a_file_are_in_order_and_empty_ones_are_nothing() -> None:
    data = b"# only a comment\n---\n---\nkind: A\n---\nnull\n---\nkind: B\n...\n"
    assert objects(data) == [{"kind": "A"}, {"kind": "B"}]
    assert objects(b"") == objects(b"\n# nothing\n") == objects(b"", "x.json") == []
    assert objects(b"", "x.toml") == []


def test_json_values_in_a_row_are_documents() -> None:
    assert objects(b'{"kind": "A"}\n{"kind": "B"} null {"kind": "C"}', "x.json") == [
        {"kind": "A"},
        {"kind": "B"},
        {"kind": "C"},
    ]


def test_lists_are_taken_apart_and_keep_their_places() -> None:
    data = b"kind: List\nitems:\n- kind: A\n- kind: JobList\n  items:\n  - {kind: B, x: 1}\n"
    first, second = parse(data, "x.yaml")
    assert (first.object, second.object) == ({"kind": "A"}, {"kind": "B", "x": 1})
    assert first.position("kind") == Position(3, 3)
    assert second.position("x") == Position(6, 15)
    assert second.position() == Position(6, 5)


def test_a_yaml_file_may_hold_json_and_a_flow_mapping() -> None:
    assert objects(b'{"a": 1.0}\t{"b": 1e2}') == [{"a": 1.0}, {"b": 100.0}]
    assert objects(b"{a: yes}\n---\n{b: 1.0}") == [{"a": True}, {"b": 1}]


def test_toml_is_one_document_or_a_list() -> None:
    data = b'kind = "List"\n[[items]]\nkind = "A"\nd = 2026-01-02\n[[items]]\nkind = "B"\n'
    assert objects(data, "x.toml") == [{"kind": "A", "d": "2026-01-02"}, {"kind": "B"}]


def test_a_byte_order_mark_is_no_content() -> None:
    document = one(b"\xef\xbb\xbfkind: A")
    assert (document.object, document.position("kind")) == ({"kind": "A"}, Position(1, 1))


# YAML 1.1 as kubectl reads it


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("yes", True),
        ("Off", False),
        ("y", True),
        ("N", False),
        ("nO", "nO"),
        ("'yes'", "yes"),
        ("~", None),
        ("", None),
        ("017", 15),
        ("0o17", 15),
        ("0x1F", 31),
        ("0b11", 3),
        ("-0b11", -3),
        ("08", 8),
        ("1_000", 1000),
        ("_1", "_1"),
        ("+5", 5),
        ("1.0", 1),
        ("1.5", 1.5),
        (".5", 0.5),
        ("1e3", 1000),
        ("1e-3", 0.001),
        ("1e21", 1e21),
        ("1e400", "1e400"),
        ("1:30", "1:30"),
        ("18446744073709551615", 2**64 - 1),
        ("18446744073709551616", 18446744073709551616),
        ("9" * 40, 1e40),
        ("2001-12-14", "2001-12-14"),
        ("2001-12-14 21:59:43.10 -5", "2001-12-14 21:59:43.10 -5"),
        ("!!binary aGk=", "hi"),
        ("!!str 5", "5"),
        ("!!int '5'", 5),
        ("!!float 2", 2),
        ("!custom 5", "5"),
        ("! yes", True),
    ],
)
def test_scalars(text: str, value: Any) -> None:
    found = one(f"a: {text}".encode()).object["a"]
    assert (found, type(found)) == (value, type(value))


def test_keys_become_texts() -> None:
    data = b"yes: 1\n5: 2\n1.0: 3\n1.5: 4\n'off': 5"
    assert one(data).object == {"true": 1, "5": 2, "1": 3, "1.5": 4, "off": 5}


def test_anchors_and_merges() -> None:
    data = b"a: &a {p: 1, q: 1}\nb: &b {q: 2, r: 2}\nc: {<<: [*a, *b], r: 3}\nd: *a\n"
    assert one(data).object["c"] == {"p": 1, "q": 1, "r": 3}
    assert one(data).object["d"] == {"p": 1, "q": 1}
    assert one(data).position("c.p") == Position(1, 8)


def test_a_merge_sets_what_it_brings_where_it_stands() -> None:
    assert one(b"a: &a {x: 1}\nb: {x: 2, <<: *a}\n").object["b"] == {"x": 1}


# What is refused


@pytest.mark.parametrize(
    ("data", "name", "message"),
    [
        (b"a: [1\n", "x.yaml", "2:1: yaml: while parsing a flow sequence: did not find expected"),
        (b"a: 1\n b: 2", "x.yaml", "2:3: yaml: mapping values are not allowed in this context"),
        (b"a: 1\nb: 2\na: 3", "x.yaml", '3:1: yaml: key "a" already set in map, on line 1'),
        (b"1: a\n'1': b", "x.yaml", '2:1: yaml: key "1" already set in map, on line 1'),
        (b"a: *b", "x.yaml", "1:4: yaml: found undefined alias"),
        (b"a: &a [*a]", "x.yaml", "1:4: yaml: anchor value contains itself"),
        (b"a: .nan", "x.yaml", "1:4: yaml: NaN is no JSON number"),
        (b"~: 1", "x.yaml", "1:1: yaml: a key may not be null"),
        (b"? [a]\n: 1", "x.yaml", "1:3: yaml: invalid map key"),
        (b"a: !!int b", "x.yaml", "1:4: yaml: cannot decode `b` as a !!int"),
        (b"a: !!int yes", "x.yaml", "1:4: yaml: cannot decode `yes` as a !!int"),
        (b"a: !!binary '*'", "x.yaml", "1:4: yaml: !!binary value contains invalid base64 data"),
        (b"a: {<<: 1}", "x.yaml", "1:9: yaml: map merge requires map or sequence of maps"),
        (b"kind: A\n---\nhello", "x.yaml", "3:1: expected an object, found a string"),
        (b"kind: List\nitems: [1]", "x.yaml", "2:9: expected an object, found a number"),
        (b"a: \xff", "x.yaml", "1:4: not UTF-8 text: byte 0xff"),
        ("ä: 1\nö: \x01".encode(), "x.yaml", "2:4: yaml: control characters are not allowed"),
        (b"\x00\x01\x02ELF", "x.yaml", "1:1: yaml: control characters are not allowed (#x0000)"),
        (b'{"a": 1,\n "b": {"c": 1, "c": 2}}', "x.json", '2:16: json: key "c" already set in map'),
        (b'\n {"a": 1, "a": 2}', "x.json", '2:11: json: key "a" already set in map, on line 2'),
        (b'{"a": NaN}', "x.json", "1:7: json: NaN is no JSON number"),
        (b'{"a": 1e999}', "x.json", "1:7: json: 1e999 is no JSON number"),
        (b'{"a"', "x.json", "1:5: json: Expecting ':' delimiter"),
        (b'["a"]', "x.json", "1:1: expected an object, found a list"),
        (b"a = 1\nb", "x.toml", "2:1: toml: Expected '=' after a key"),
        (b"[a]\nb = [1.0, inf]", "x.toml", "2:1: toml: inf is no JSON number"),
    ],
)
def test_what_cannot_be_read_says_where(data: bytes, name: str, message: str) -> None:
    assert refusal(data, name).startswith(message)


@pytest.mark.parametrize("name", ["x.yaml", "x.json", "x.toml"])
def test_nesting_without_end_is_refused(name: str) -> None:
    opening = b"a = " if name == "x.toml" else b""
    assert "nested" in refusal(opening + b"[" * 100_000, name)
    assert "nested" in refusal(opening + b"[" * 150 + b"]" * 150, name)


def test_a_file_may_not_be_larger_than_a_request() -> None:
    assert refusal(b"#" * (MOST_BYTES + 1)) == (
        "the file is too large: 3145729 bytes, at most 3145728"
    )


def test_aliases_may_not_explode() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 10)]
    assert "excessive aliasing" in refusal("\n".join(lines).encode())
    long = "a: &a " + "x" * 100_000 + "\nb: [" + ", ".join(["*a"] * 60) + "]"
    assert "expands to over 3145728 bytes" in refusal(long.encode())


# Places


@pytest.mark.parametrize(
    ("field", "position"),
    [
        ("", Position(1, 1)),
        ("kind", Position(2, 1)),
        ("metadata.labels", Position(3, 22)),
        ("metadata.labels[a.b/c]", Position(3, 31)),
        ("metadata.labels.a.b/c", Position(3, 31)),
        ("spec.template.spec.containers[1].name", Position(13, 9)),
        ("spec.template.spec.containers[1]", Position(10, 9)),
        ("spec.template.spec.containers[1].env[0].value", Position(12, 21)),
        ("spec.template.spec.containers[1].ports[0]", Position(10, 9)),
        ("spec.template.spec.containers[7].name", Position(7, 7)),
        ("spec.template.spec.containers.env.value", Position(12, 21)),
        ("spec.template.spec.restartPolicy", Position(6, 5)),
        ("nowhere[3].at.all", Position(1, 1)),
    ],
)
def test_a_field_is_found_or_its_nearest_part(field: str, position: Position) -> None:
    assert one(JOB).position(field) == position


def test_places_in_json_count_from_the_start_of_the_file() -> None:
    data = b'{"kind": "A"}\n\n  {"a":\t["\\ud83d\\ude00",\n {"b": 2}]}'
    _, second = parse(data, "x.json")
    assert second.object == {"a": ["\U0001f600", {"b": 2}]}
    assert second.position() == Position(3, 3)
    assert second.position("a") == Position(3, 4)
    assert second.position("a[1].b") == Position(4, 3)


def test_half_a_character_in_json_becomes_the_replacement_character() -> None:
    assert one(b'{"a": "\\ud83d!"}', "x.json").object == {"a": "\ufffd!"}


def test_places_in_toml_are_those_of_headers_and_keys() -> None:
    data = b"""\
kind = "Job"
[metadata]
  name = "pi"
labels."a.b" = "c"
[[spec.template.spec.containers]]
name = "a"
[[spec.template.spec.containers]]
[[spec.template.spec.containers.env]]
name = "A"
"""
    document = one(data, "x.toml")
    assert document.position("metadata.name") == Position(3, 3)
    assert document.position("metadata.labels[a.b]") == Position(4, 1)
    assert document.position("spec.template.spec.containers[0].name") == Position(6, 1)
    assert document.position("spec.template.spec.containers[1].image") == Position(7, 1)
    assert document.position("spec.template.spec.containers[1].env[0].name") == Position(9, 1)
    assert document.position("nowhere") == Position(1, 1)


# Laws

# Escaped characters beyond the basic plane have no place as keys: YAML cannot say them.
KEYS = st.text(st.characters(max_codepoint=0xFFFF, exclude_categories=["Cs"]), max_size=6)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner),
    max_leaves=12,
)
OBJECTS = st.dictionaries(KEYS, JSON, min_size=1, max_size=4).filter(
    lambda value: "items" not in value
)


def paths(value: Any) -> list[tuple[str | int, ...]]:
    if isinstance(value, dict):
        return [()] + [(k, *rest) for k, v in value.items() for rest in paths(v)]
    if isinstance(value, list):
        return [()] + [(i, *rest) for i, v in enumerate(value) for rest in paths(v)]
    return [()]


@settings(max_examples=100, deadline=None)
@given(OBJECTS, st.sampled_from([None, 1, 3]))
def test_json_is_read_as_written_and_places_are_where_members_begin(
    value: dict[str, Any], indent: int | None
) -> None:
    text = json.dumps(value, indent=indent)
    document = one(text.encode(), "x.json")
    assert document.object == value
    lines = text.split("\n")
    for path in paths(value):
        place = document.place.locate(path)
        rest = lines[place.line - 1][place.column - 1 :]
        if path and isinstance(path[-1], str):
            assert rest.startswith(json.dumps(path[-1]) + ":")


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=60), st.sampled_from(["x.yaml", "x.json", "x.toml"]))
def test_any_bytes_are_documents_or_a_manifest_error(data: bytes, name: str) -> None:
    check_total(data, name)


PIECES = ["a", ": ", "- ", "\n", "  ", "[", "]", "{", "}", ", ", "&x ", "*x", "<<", "!!int "]
PIECES += ["? ", "| ", "> ", "'", '"', "#", "---\n", "...\n", "1", "yes", "~", "\t", "%", "!"]
PIECES += ["kind: List\nitems:\n", '{"a":1}', " = ", "[[a]]\n", "\\u00e4", "\x85", "\U0001f600"]
ENDINGS = [".yaml", ".json", ".toml"]


@settings(max_examples=100, deadline=None)
@given(st.lists(st.sampled_from(PIECES), max_size=25), st.sampled_from(ENDINGS))
def test_any_pieces_of_manifests_are_documents_or_a_manifest_error(
    pieces: list[str], ending: str
) -> None:
    check_total("".join(pieces).encode(), "x" + ending)


def check_total(data: bytes, name: str) -> None:
    try:
        documents = parse(data, name)
    except ManifestError:
        return
    for document in documents:
        assert isinstance(document.object, dict)
        json.dumps(document.object, allow_nan=False)
        for path in paths(document.object):
            assert document.place.locate((*document.path, *path)).line >= 1
