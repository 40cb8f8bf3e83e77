from __future__ import annotations

import pytest

from localjobs.admission.images import is_latest

DIGEST = "sha256:" + "a" * 64


@pytest.mark.parametrize(
    ("image", "latest"),
    [
        ("busybox", True),
        ("busybox:latest", True),
        ("busybox:1.36", False),
        ("library/busybox", True),
        ("localhost:5000/busybox", True),
        ("localhost:5000/busybox:1", False),
        ("registry.io/a/b", True),
        ("Registry/a", True),
        (f"busybox@{DIGEST}", False),
        (f"busybox:latest@{DIGEST}", True),
        # what is no image name has no tag
        ("", False),
        ("Busybox", False),
        ("a:b:c", False),
        ("-", False),
        ("a" * 64, False),
    ],
)
def test_latest_is_what_has_that_tag_or_none(image: str, latest: bool) -> None:
    assert is_latest(image) is latest
