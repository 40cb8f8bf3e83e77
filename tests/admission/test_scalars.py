from __future__ import annotations

import base64

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from localjobs.admission.scalars import normalized_base64


@pytest.mark.parametrize(
    ("text", "offset"),
    [
        ("a", 0),
        ("YQ", 0),
        ("YWJj!", 4),
        ("YQ=", 3),
        ("YQ=x", 2),
        ("YQ==x", 4),
        ("YWI=x", 4),
        ("=", 0),
        ("Y===", 1),
        ("é", 0),
    ],
)
def test_what_is_no_base64_is_refused_where_go_gives_up(text: str, offset: int) -> None:
    with pytest.raises(ValueError, match=f"^illegal base64 data at input byte {offset}$"):
        normalized_base64(text)


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=40), st.integers(1, 9))
def test_line_breaks_in_base64_do_not_count(data: bytes, width: int) -> None:
    text = base64.b64encode(data).decode()
    broken = "\r\n".join(text[at : at + width] for at in range(0, len(text), width))
    assert normalized_base64(broken) == text
