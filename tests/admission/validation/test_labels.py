import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from localjobs.admission.validation.labels import (
    selector_form,
    selects,
    validate_label_selector,
)
from localjobs.api.objects import Object
from tests.admission.validation.written import texts

LABELS = {"a": "1", "b": "2"}


@pytest.mark.parametrize(
    ("selector", "verdict"),
    [
        (None, False),
        ({}, True),
        ({"matchLabels": {"a": "1"}}, True),
        ({"matchLabels": {"a": "2"}}, False),
        ({"matchExpressions": [{"key": "a", "operator": "In", "values": ["1", "3"]}]}, True),
        ({"matchExpressions": [{"key": "c", "operator": "NotIn", "values": ["1"]}]}, True),
        ({"matchExpressions": [{"key": "c", "operator": "Exists"}]}, False),
        ({"matchExpressions": [{"key": "c", "operator": "DoesNotExist"}]}, True),
        ({"matchExpressions": [{"key": "c", "operator": "Is"}]}, None),
        ({"matchLabels": {"a b": "1"}}, None),
    ],
)
def test_what_a_selector_selects(selector: Object | None, verdict: bool | None) -> None:
    assert selects(selector, LABELS) is verdict


def test_a_malformed_selector() -> None:
    selector = {
        "matchLabels": {"a": "-"},
        "matchExpressions": [
            {"key": "", "operator": "In"},
            {"key": "b", "operator": "Exists", "values": ["-"]},
        ],
    }
    assert [text.partition(": ")[0] for text in texts(validate_label_selector(selector, "s"))] == [
        "s.matchLabels",
        "s.matchExpressions[0].values",
        "s.matchExpressions[0].key",
        "s.matchExpressions[0].key",
        "s.matchExpressions[1].values",
        "s.matchExpressions[1].values[0]",
    ]


def test_a_selector_is_printed_in_the_types_order() -> None:
    expression = {"values": ["x"], "operator": "In", "key": "a"}
    form = selector_form({"matchExpressions": [expression], "matchLabels": {"b": "", "a": ""}})
    assert form is not None
    assert list(form) == ["matchLabels", "matchExpressions"]
    assert list(form["matchLabels"]) == ["a", "b"]
    assert list(form["matchExpressions"][0]) == ["key", "operator", "values"]


WORDS = st.from_regex(r"[a-z]{1,3}", fullmatch=True)


@settings(max_examples=50, deadline=None)
@given(st.dictionaries(WORDS, WORDS, max_size=3))
def test_labels_select_themselves(labels: dict[str, str]) -> None:
    assert selects({"matchLabels": labels}, labels) is True
