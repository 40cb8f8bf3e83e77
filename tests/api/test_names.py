from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from localjobs.api import names

LABEL = (
    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and "
    "must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used "
    "for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')"
)


@pytest.mark.parametrize(
    ("text", "errors"),
    [
        ("a-1", []),
        ("a" * 63, []),
        ("a" * 64, ["must be no more than 63 bytes"]),
        ("a.b", ["must not contain dots"]),
        ("A_b", [LABEL]),
        ("-" * 64, ["must be no more than 63 bytes", LABEL]),
        ("", [LABEL]),
        ("a\n", [LABEL]),
    ],
)
def test_a_dns_label(text: str, errors: list[str]) -> None:
    assert names.dns1123_label_errors(text) == errors


def test_a_qualified_name_says_which_part_is_wrong() -> None:
    assert names.qualified_name_errors("example.com/My.name") == []
    assert names.qualified_name_errors("/a") == ["prefix part must be non-empty"]
    assert names.qualified_name_errors("a/")[0] == "name part must be non-empty"
    assert names.qualified_name_errors("A/b")[0].startswith("prefix part a lowercase RFC 1123")
    assert names.qualified_name_errors("a/" + "b" * 64) == [
        "name part must be no more than 63 bytes"
    ]
    assert names.qualified_name_errors("a/b/c")[0].endswith(
        "with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')"
    )


def test_lengths_are_counted_in_bytes() -> None:
    assert names.label_value_errors("é" * 32)[0] == "must be no more than 63 bytes"


@pytest.mark.parametrize(
    ("text", "errors"),
    [
        ("http", []),
        ("a-1", []),
        ("1234", ["must contain at least one letter (a-z)"]),
        ("a--b", ["must not contain consecutive hyphens"]),
        ("-a", ["must not begin or end with a hyphen"]),
        ("a" * 16, ["must be no more than 15 bytes"]),
        ("A", [
            "must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)",
            "must contain at least one letter (a-z)",
        ]),
    ],
)  # fmt: skip
def test_a_port_name(text: str, errors: list[str]) -> None:
    assert names.port_name_errors(text) == errors


@pytest.mark.parametrize(
    ("text", "errors"),
    [
        ("key.name", []),
        ("..data", ["must not start with '..'"]),
        ("..", ["must not be '..'"]),
        (".", ["must not be '.'"]),
    ],
)
def test_a_config_map_key_is_a_file_name(text: str, errors: list[str]) -> None:
    assert names.config_map_key_errors(text) == errors


def test_an_environment_variable_is_printable_ascii_without_an_equals_sign() -> None:
    assert names.relaxed_env_var_name_errors("any thing!") == []
    assert names.relaxed_env_var_name_errors("") == ["environment variable name must be non-empty"]
    for text in ("a=b", "é", "a\tb"):
        assert len(names.relaxed_env_var_name_errors(text)) == 1


def test_ports_are_between_1_and_65535() -> None:
    assert [names.port_number_errors(port) == [] for port in (0, 1, 65535, 65536)] == [
        False,
        True,
        True,
        False,
    ]


@settings(max_examples=100, deadline=None)
@given(st.text(alphabet="ab1-._/A", max_size=12))
def test_each_format_is_within_the_wider_one(text: str) -> None:
    if not names.dns1035_label_errors(text):
        assert not names.dns1123_label_errors(text)
    if not names.dns1123_label_errors(text):
        assert not names.dns1123_subdomain_errors(text)
        assert not names.qualified_name_errors(text)
        assert not names.label_value_errors(text)
        assert not names.path_segment_errors(text)
