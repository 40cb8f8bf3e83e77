"""Formats of names, label keys and values, ports: what is wrong with a text, in upstream's words.

Every function returns the broken rules of one text, [] if it is well formed
(apimachinery/pkg/util/validation/validation.go and api/validate/content). Lengths are bytes.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

_QUALIFIED = "([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]"
_LABEL_VALUE = f"({_QUALIFIED})?"
_DNS1123_LABEL = "[a-z0-9]([-a-z0-9]*[a-z0-9])?"
_DNS1123_SUBDOMAIN = rf"{_DNS1123_LABEL}(\.{_DNS1123_LABEL})*"
_DNS1035_LABEL = "[a-z]([-a-z0-9]*[a-z0-9])?"
_C_IDENTIFIER = "[A-Za-z_][A-Za-z0-9_]*"
_ENV_VAR_NAME = "[-._a-zA-Z][-._a-zA-Z0-9]*"
_CONFIG_MAP_KEY = "[-._a-zA-Z0-9]+"
_HTTP_HEADER_NAME = "[-A-Za-z0-9]+"
_PERCENT = "[0-9]+%"
_HTTP_PATH = r"[A-Za-z0-9/\-._~%!$&'()*+,;=:]+"

_qualified = re.compile(_QUALIFIED).fullmatch
_label_value = re.compile(_LABEL_VALUE).fullmatch
_dns1123_label = re.compile(_DNS1123_LABEL).fullmatch
_dns1123_subdomain = re.compile(_DNS1123_SUBDOMAIN).fullmatch
_dns1035_label = re.compile(_DNS1035_LABEL).fullmatch
_c_identifier = re.compile(_C_IDENTIFIER).fullmatch
_env_var_name = re.compile(_ENV_VAR_NAME).fullmatch
_config_map_key = re.compile(_CONFIG_MAP_KEY).fullmatch
_http_header_name = re.compile(_HTTP_HEADER_NAME).fullmatch
_percent = re.compile(_PERCENT).fullmatch
_http_path = re.compile(_HTTP_PATH).fullmatch
_port_name_characters = re.compile("[-a-z0-9]+").fullmatch

EMPTY = "must be non-empty"
_OUTER = "and must start and end with an alphanumeric character"


def length_error(most: int) -> str:
    """The text for a name of more than `most` bytes."""
    return f"must be no more than {most} bytes"


def _pattern_error(rule: str, pattern: str, *examples: str) -> str:
    if not examples:
        return f"{rule} (regex used for validation is '{pattern}')"
    listed = " or ".join(f"'{example}', " for example in examples)
    return f"{rule} (e.g. {listed}regex used for validation is '{pattern}')"


def _too_long(text: str, most: int) -> list[str]:
    return [length_error(most)] if len(text.encode()) > most else []


def dns1123_label_errors(text: str) -> list[str]:
    """RFC 1123 label: at most 63 of a-z, 0-9 and inner hyphens."""
    errors = _too_long(text, 63)
    if _dns1123_label(text):
        return errors
    if _dns1123_subdomain(text):
        return [*errors, "must not contain dots"]
    rule = (
        "a lowercase RFC 1123 label must consist of lower case alphanumeric characters "
        f"or '-', {_OUTER}"
    )
    return [*errors, _pattern_error(rule, _DNS1123_LABEL, "my-name", "123-abc")]


def dns1123_subdomain_errors(text: str) -> list[str]:
    """RFC 1123 subdomain: labels joined by dots, at most 253 bytes."""
    errors = _too_long(text, 253)
    if _dns1123_subdomain(text):
        return errors
    rule = (
        "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, "
        f"'-' or '.', {_OUTER}"
    )
    return [*errors, _pattern_error(rule, _DNS1123_SUBDOMAIN, "example.com")]


def dns1035_label_errors(text: str) -> list[str]:
    """RFC 1035 label: as RFC 1123, and it starts with a letter (Service names)."""
    errors = _too_long(text, 63)
    if _dns1035_label(text):
        return errors
    rule = (
        "a DNS-1035 label must consist of lower case alphanumeric characters or '-', "
        "start with an alphabetic character, and end with an alphanumeric character"
    )
    return [*errors, _pattern_error(rule, _DNS1035_LABEL, "my-name", "abc-123")]


def qualified_name_errors(text: str) -> list[str]:
    """A name with an optional DNS subdomain prefix: label and annotation keys, resource names."""
    return list(_qualified_name_errors(text))


@lru_cache(maxsize=4096)
def _qualified_name_errors(text: str) -> Sequence[str]:
    # Cached: the same few keys stand in every object, and are checked at every write.
    parts = text.split("/")
    rule = f"must consist of alphanumeric characters, '-', '_' or '.', {_OUTER}"
    if len(parts) > 2:
        return [
            _pattern_error(f"a valid label key {rule}", _QUALIFIED, "MyName", "my.name", "123-abc")
            + " with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')"
        ]
    errors: list[str] = []
    name = parts[-1]
    if len(parts) == 2:
        prefix = dns1123_subdomain_errors(parts[0]) if parts[0] else [EMPTY]
        errors += [f"prefix part {error}" for error in prefix]
    if not name:
        errors.append(f"name part {EMPTY}")
    errors += [f"name part {error}" for error in _too_long(name, 63)]
    if not _qualified(name):
        errors.append(
            _pattern_error(f"name part {rule}", _QUALIFIED, "MyName", "my.name", "123-abc")
        )
    return errors


def label_value_errors(text: str) -> list[str]:
    """The value of a label: empty, or at most 63 alphanumerics with inner '-', '_' and '.'."""
    errors = _too_long(text, 63)
    if _label_value(text):
        return errors
    rule = (
        "a valid label must be an empty string or consist of alphanumeric characters, "
        f"'-', '_' or '.', {_OUTER}"
    )
    return [*errors, _pattern_error(rule, _LABEL_VALUE, "MyValue", "my_value", "12345")]


def c_identifier_errors(text: str) -> list[str]:
    """An identifier of the C language."""
    if _c_identifier(text):
        return []
    rule = (
        "a valid C identifier must start with alphabetic character or '_', "
        "followed by a string of alphanumeric characters or '_'"
    )
    return [_pattern_error(rule, _C_IDENTIFIER, "my_name", "MY_NAME", "MyName")]


def env_var_name_errors(text: str) -> list[str]:
    """The strict form of an environment variable's name."""
    errors: list[str] = []
    if not _env_var_name(text):
        rule = (
            "a valid environment variable name must consist of alphabetic characters, digits, "
            "'_', '-', or '.', and must not start with a digit"
        )
        examples = ("my.env-name", "MY_ENV.NAME", "MyEnvName1")
        errors.append(_pattern_error(rule, _ENV_VAR_NAME, *examples))
    return errors + _dot_errors(text)


def relaxed_env_var_name_errors(text: str) -> list[str]:
    """An environment variable's name: printable ASCII without '='."""
    errors = [] if text else [f"environment variable name {EMPTY}"]
    if any(not " " <= character <= "~" or character == "=" for character in text):
        errors.append(
            "a valid environment variable name must consist only of printable ASCII characters "
            "other than '='"
        )
    return errors


def config_map_key_errors(text: str) -> list[str]:
    """A key of a ConfigMap or Secret: a file name."""
    errors = _too_long(text, 253)
    if not _config_map_key(text):
        rule = "a valid config key must consist of alphanumeric characters, '-', '_' or '.'"
        examples = ("key.name", "KEY_NAME", "key-name")
        errors.append(_pattern_error(rule, _CONFIG_MAP_KEY, *examples))
    return errors + _dot_errors(text)


def _dot_errors(text: str) -> list[str]:
    if text in {".", ".."}:
        return [f"must not be '{text}'"]
    return ["must not start with '..'"] if text.startswith("..") else []


def http_header_name_errors(text: str) -> list[str]:
    """The name of an HTTP header."""
    if _http_header_name(text):
        return []
    rule = "a valid HTTP header must consist of alphanumeric characters or '-'"
    return [_pattern_error(rule, _HTTP_HEADER_NAME, "X-Header-Name")]


def percent_errors(text: str) -> list[str]:
    """A percentage such as `25%`."""
    if _percent(text):
        return []
    rule = "a valid percent string must be a numeric string followed by an ending '%'"
    return [_pattern_error(rule, _PERCENT, "1%", "93%")]


def http_path_errors(text: str) -> list[str]:
    """The path behind a domain prefix, as in `acme.io/foo`."""
    return [] if _http_path(text) else [_pattern_error("Invalid path", _HTTP_PATH)]


def path_segment_errors(text: str) -> list[str]:
    """A name that can be a part of a URL's path: the least that is asked of every name."""
    if text in {".", ".."}:
        return [f"may not be '{text}'"]
    return [f"may not contain '{character}'" for character in "/%" if character in text]


def port_number_errors(number: int) -> list[str]:
    """A TCP or UDP port."""
    return [] if 1 <= number <= 65535 else ["must be between 1 and 65535, inclusive"]


def port_name_errors(text: str) -> list[str]:
    """The name of a port (RFC 6335): at most 15 of a-z, 0-9 and inner hyphens, with a letter."""
    errors = _too_long(text, 15)
    if not _port_name_characters(text):
        errors.append("must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)")
    if not re.search("[a-z]", text):
        errors.append("must contain at least one letter (a-z)")
    if "--" in text:
        errors.append("must not contain consecutive hyphens")
    if text.startswith("-") or text.endswith("-"):
        errors.append("must not begin or end with a hyphen")
    return errors
