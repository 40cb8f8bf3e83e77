from __future__ import annotations

from typing import Any

import pytest

from localjobs.api.selectors import (
    FieldSelector,
    FieldTerm,
    SelectorError,
    label_selector_of,
    parse_field_selector,
    parse_label_selector,
)

LABELS = {"app": "web", "tier": "1", "empty": ""}


@pytest.mark.parametrize(
    ("text", "is_selected"),
    [
        ("", True),
        ("app=web", True),
        ("app==web", True),
        ("app!=web", False),
        ("other!=x", True),
        ("app in (web, db)", True),
        ("app notin (web)", False),
        ("other notin (web)", True),
        ("app,tier", True),
        ("!app", False),
        ("! other", True),
        ("empty=", True),
        ("app in ()", False),
        ("tier>0", True),
        ("tier<1", False),
        ("app>0", False),
        ("app=web,tier=2", False),
        ("in in (in)", False),
    ],
)
def test_labels_are_selected(text: str, is_selected: bool) -> None:
    assert parse_label_selector(text).matches(LABELS) is is_selected


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("p in odd", "unable to parse requirement: found 'odd' expected: '('"),
        ("a=b=c", "found '=', expected: ',' or 'end of string'"),
        ("=a", "found '=', expected: !, identifier, or 'end of string'"),
        ("a,", "found '', expected: identifier after ','"),
        ("a b", "unable to parse requirement: found 'b', expected: in, notin, =, ==, !=, gt, lt"),
    ],
)
def test_what_is_no_label_selector_is_refused_in_upstream_s_words(text: str, message: str) -> None:
    with pytest.raises(SelectorError) as caught:
        parse_label_selector(text)
    assert str(caught.value) == message


def test_keys_and_values_are_checked() -> None:
    with pytest.raises(SelectorError, match='<nil>: Invalid value: "-a": name part must consist'):
        parse_label_selector("-a=b")
    with pytest.raises(SelectorError, match=r'values\[0\]\[a\]: Invalid value: "-b": a valid'):
        parse_label_selector("a=-b")


@pytest.mark.parametrize(
    ("selector", "is_selected"),
    [
        (None, False),
        ({}, True),
        ({"matchLabels": {"app": "web"}}, True),
        ({"matchExpressions": [{"key": "app", "operator": "Exists"}]}, True),
        ({"matchExpressions": [{"key": "app", "operator": "DoesNotExist"}]}, False),
        ({"matchExpressions": [{"key": "app", "operator": "NotIn", "values": ["web"]}]}, False),
    ],
)
def test_selector_objects(selector: dict[str, Any] | None, is_selected: bool) -> None:
    assert label_selector_of(selector).matches(LABELS) is is_selected


def test_an_unknown_operator_is_refused() -> None:
    with pytest.raises(SelectorError, match='"Within" is not a valid label selector operator'):
        label_selector_of({"matchExpressions": [{"key": "a", "operator": "Within"}]})


def test_field_selectors() -> None:
    selector = parse_field_selector("metadata.name=x,status.phase!=Failed,a==b\\,c")
    assert selector == FieldSelector(
        (
            FieldTerm("a", "b,c"),
            FieldTerm("metadata.name", "x"),
            FieldTerm("status.phase", "Failed", is_equal=False),
        )
    )
    assert selector.matches({"metadata.name": "x", "status.phase": "Running", "a": "b,c"})
    assert not selector.matches({"metadata.name": "x", "status.phase": "Failed", "a": "b,c"})
    assert selector.exact("metadata.name") == "x"
    assert selector.exact("status.phase") is None


def test_what_is_no_field_selector_is_refused() -> None:
    with pytest.raises(SelectorError) as caught:
        parse_field_selector("metadata.name")
    assert (
        str(caught.value) == "invalid selector: 'metadata.name'; can't understand 'metadata.name'"
    )


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("a=b=c", "unescaped character in value: 61"),
        ("a=\\x", "invalid escape sequence: \\x"),
        ("z=\\x,a=b\\", "invalid escape sequence: \\"),
    ],
)
def test_what_is_escaped_wrongly_is_refused(text: str, problem: str) -> None:
    with pytest.raises(SelectorError) as caught:
        parse_field_selector(text)
    assert str(caught.value) == f"invalid field selector: {problem}"


@pytest.mark.parametrize("value", ["x", "", "1.5", "9223372036854775808"])
def test_only_integers_are_greater_or_less(value: str) -> None:
    with pytest.raises(SelectorError) as caught:
        parse_label_selector(f"a>{value}")
    assert str(caught.value) == (
        f'unable to parse requirement: values[0]: Invalid value: "{value}":'
        " for 'Gt', 'Lt' operators, the value must be an integer"
    )


def test_every_wrong_value_is_told_in_order() -> None:
    with pytest.raises(SelectorError) as caught:
        parse_label_selector("p in (-b,-a)")
    text = str(caught.value)
    assert text.startswith('unable to parse requirement: [values[0][p]: Invalid value: "-a": ')
    assert ', values[1][p]: Invalid value: "-b": ' in text
    assert text.endswith("]")
