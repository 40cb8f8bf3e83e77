from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from localjobs.admission.text import (
    Complained,
    MalformedYaml,
    Repeated,
    WrittenNumber,
    decode_json,
    decode_yaml,
    read_yaml,
)
from localjobs.errors import BadRequest

PREFIX = "the object provided is unrecognized (must be of type Job): "


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "unexpected end of JSON input (<empty>)"),
        ("{bad", "invalid character 'b' looking for beginning of object key string ({bad)"),
        ('{"a":1', 'unexpected end of JSON input ({"a":1)'),
        ('{"a" 1}', "invalid character '1' after object key ({\"a\" 1})"),
        ('{"a":1 "b"}', "invalid character '\"' after object key:value pair ({\"a\":1 \"b\"})"),
        ("{'a':1}", "invalid character '\\'' looking for beginning of object key string ({'a':1})"),
        ("{} x", "invalid character 'x' after top-level value ({} x)"),
        ("[1 2]", "invalid character '2' after array element (5b3120325d)"),
        ("trux", "invalid character 'x' in literal true (expecting 'e') (74727578)"),
        ("1.x", "invalid character 'x' after decimal point in numeric literal (312e78)"),
        ("1ex", "invalid character 'x' in exponent of numeric literal (316578)"),
        ("-x", "invalid character 'x' in numeric literal (2d78)"),
        ('"\n"', "invalid character '\\n' in string literal (220a22)"),
        ('"\\x"', "invalid character 'x' in string escape code (225c7822)"),
        ('"\\ux"', "invalid character 'x' in \\u hexadecimal character escape (225c757822)"),
        ('{"a":NaN}', "invalid character 'N' looking for beginning of value ({\"a\":NaN})"),
        (
            '{"kind": "Job", "spec": {"parallelism": 1,}}',
            ("invalid character '}' looking for beginning of object key string "
            '({"kind": "Job", "spec": {"para ...)'),
        ),
    ],
)  # fmt: skip
def test_what_is_no_json_is_refused_in_go_s_words(text: str, complaint: str) -> None:
    with pytest.raises(BadRequest) as caught:
        decode_json(text.encode(), "Job")
    problem = f"couldn't get version/kind; json parse error: {complaint}"
    assert caught.value.message == PREFIX + problem


def test_names_that_stand_twice_are_remembered() -> None:
    value = decode_json(b'{"a": 1, "b": 2, "a": 3}', "Job")
    assert value == {"a": 3, "b": 2}
    assert isinstance(value, Repeated)
    assert value.repeated == {"a"}
    assert type(decode_json(b'{"a": {}}', "Job")["a"]) is dict


def test_numbers_remember_how_they_were_written() -> None:
    value = decode_json(b"[1.50, 1e3, 7]", "Job")
    assert [number.text for number in value[:2]] == ["1.50", "1e3"]
    assert value == [1.5, 1000.0, 7]
    assert type(value[2]) is int
    huge = decode_json(b"9" * 5000, "Job")
    assert isinstance(huge, WrittenNumber)


def test_broken_characters_become_replacement_characters() -> None:
    assert decode_json(b'"\xff"', "Job") == "\ufffd"
    assert decode_json(b'"\\ud83d\\ude00 \\ud83d \\\\ud83d"', "Job") == "\U0001f600 \ufffd \\ud83d"


def test_nesting_without_end_is_refused() -> None:
    with pytest.raises(BadRequest, match="exceeded max depth"):
        decode_json(b"[" * 200_000, "Job")


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=10,
)


@settings(max_examples=100, deadline=None)
@given(json_values)
def test_json_reads_as_python_reads_it(value: Any) -> None:
    assert decode_json(json.dumps(value).encode(), "Job") == value


@settings(max_examples=100, deadline=None)
@given(st.text(alphabet='{}[]",:0123456789.eE+-truefalsn\\ u', max_size=12))
def test_every_text_is_read_or_refused_for_a_reason(text: str) -> None:
    try:
        expected = json.loads(text, parse_constant=lambda _: json.loads(""))
    except ValueError:
        with pytest.raises(BadRequest) as caught:
            decode_json(text.encode(), "Job")
        assert "invalid JSON" not in caught.value.message
    else:
        assert decode_json(text.encode(), "Job") == expected


def test_yaml_is_read_as_kubectl_reads_it() -> None:
    text = b"a: yes\nb: 010\nc: 1.0\nd: &x {e: 2026-01-01}\nf: *x\n"
    value = decode_yaml(text, "Job")
    assert value == {"a": True, "b": 8, "c": 1, "d": {"e": "2026-01-01"}, "f": {"e": "2026-01-01"}}
    assert decode_yaml(b"", "Job") is None


def test_a_yaml_key_that_stands_twice_is_left_to_strict_decoding() -> None:
    value = decode_yaml(b"a: 1\nb: 2\na: 3\n", "Job")
    assert value == {"a": 3, "b": 2}
    assert isinstance(value, Complained)
    assert value.complaint == 'yaml: unmarshal errors:\n  line 3: key "a" already set in map'


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("a: [", "line 1: did not find expected node content"),
        ("a: b: c", "mapping values are not allowed in this context"),
        ("a: 1\nb: c: d", "line 2: mapping values are not allowed in this context"),
        ("a:\n  - b\n c: d", "line 2: did not find expected key"),
        ("a: 'x", "found unexpected end of stream"),
        ("\tx", "found character that cannot start any token"),
    ],
)
def test_what_is_no_yaml_is_refused_in_go_s_words(text: str, complaint: str) -> None:
    with pytest.raises(MalformedYaml) as caught:
        read_yaml(text.encode())
    assert str(caught.value) == f"yaml: {complaint}"
    with pytest.raises(BadRequest) as refused:
        decode_yaml(text.encode(), "Job")
    expected = f"{PREFIX}error converting YAML to JSON: yaml: {complaint} ("
    assert refused.value.message.startswith(expected)
