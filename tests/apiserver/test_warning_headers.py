from hypothesis import given, settings
from hypothesis import strategies as st

from localjobs.apiserver.warning_headers import CUT_TO, MOST_CHARACTERS, warning_headers


def test_a_warning_is_quoted() -> None:
    assert warning_headers(['unknown field "a\\b"']) == [b'299 - "unknown field \\"a\\\\b\\""']


def test_text_beyond_ascii_is_utf_8() -> None:
    assert warning_headers(["größer"]) == ['299 - "größer"'.encode()]


def test_a_warning_is_given_once() -> None:
    assert len(warning_headers(["a", "b", "a"])) == 2


def test_the_complaints_of_a_yaml_body_come_one_by_one() -> None:
    told = 'yaml: unmarshal errors:\n  line 3: key "a" already set\n  line 4: key "b" already set'
    assert warning_headers([told]) == [
        b'299 - "line 3: key \\"a\\" already set"',
        b'299 - "line 4: key \\"b\\" already set"',
    ]


def test_control_characters_cannot_be_sent() -> None:
    assert warning_headers(["a\r\nset-cookie: x", "b"]) == [b'299 - "b"']


def test_too_much_is_cut() -> None:
    headers = warning_headers([f"{number:04}{'x' * 1000}" for number in range(20)])
    assert {len(header) for header in headers} == {CUT_TO + len('299 - ""')}
    assert len(headers) == MOST_CHARACTERS // CUT_TO


@given(st.lists(st.text(max_size=600), max_size=30))
@settings(max_examples=50)
def test_headers_are_of_one_line_and_not_too_many(texts: list[str]) -> None:
    headers = warning_headers(texts)
    assert not any(byte < 0x20 or byte == 0x7F for header in headers for byte in header)
    unquoted = [header.decode()[7:-1].replace("\\", "") for header in headers]
    assert sum(map(len, unquoted)) <= MOST_CHARACTERS + sum(text.count("\\") for text in texts)
