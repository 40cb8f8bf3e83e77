import pytest

from localjobs.api.field import (
    FieldError,
    duplicate,
    invalid,
    invalid_object,
    not_supported,
    quoted,
    rendered,
    required,
    too_many,
)
from localjobs.api.resources import JOBS


@pytest.mark.parametrize(
    ("text", "printed"),
    [
        ("plain", '"plain"'),
        ('a"b\\c', '"a\\"b\\\\c"'),
        ("tab\tline\n", '"tab\\tline\\n"'),
        ("bell\a\x00\x7f", '"bell\\a\\x00\\x7f"'),
        ("é ☃", '"é ☃"'),
        ("\u200b\U000e0001", '"\\u200b\\U000e0001"'),
        ("<&>", '"<&>"'),
    ],
)
def test_strings_are_quoted_as_go_quotes_them(text: str, printed: str) -> None:
    assert quoted(text) == printed
    assert rendered(text) == printed


@pytest.mark.parametrize(
    ("value", "printed"),
    [
        (None, "null"),
        (-1, "-1"),
        (True, "true"),
        ([], "[]"),
        ({"a": ["<b>"]}, '{"a":["\\u003cb\\u003e"]}'),
    ],
)
def test_other_values_are_go_json(value: object, printed: str) -> None:
    assert rendered(value) == printed


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (required("a"), "a: Required value"),
        (required("a", "why"), "a: Required value: why"),
        (invalid("a", "x", "why"), 'a: Invalid value: "x": why'),
        (duplicate("a", 1), "a: Duplicate value: 1"),
        (
            not_supported("a", "x", ("y", "z")),
            'a: Unsupported value: "x": supported values: "y", "z"',
        ),
        (too_many("a", 3, 1), "a: Too many: 3: must have at most 1 item"),
    ],
)
def test_an_error_reads_as_upstreams(error: FieldError, text: str) -> None:
    assert str(error) == text


def test_repeated_errors_are_causes_each_and_one_text() -> None:
    error = required("spec.a")
    status = invalid_object(JOBS, "j", [error, error, required("spec.b")]).to_status()
    assert status["message"] == (
        'Job.batch "j" is invalid: [spec.a: Required value, spec.b: Required value]'
    )
    assert [cause["field"] for cause in status["details"]["causes"]] == [
        "spec.a",
        "spec.a",
        "spec.b",
    ]
