from __future__ import annotations

from collections.abc import Mapping, Sequence

import pytest

from localjobs.admission.options import FieldValidation, WriteOptions, parse_write_options
from localjobs.errors import Invalid


@pytest.mark.parametrize(
    ("query", "options"),
    [
        ({}, WriteOptions()),
        ({"fieldValidation": [""]}, WriteOptions(field_validation=FieldValidation.WARN)),
        (
            {"fieldValidation": ["Strict"], "dryRun": ["All"], "fieldManager": ["me"]},
            WriteOptions("me", FieldValidation.STRICT, dry_run=True),
        ),
        ({"dryRun": [""]}, WriteOptions()),
        ({"force": ["true"]}, WriteOptions(force=True)),
        ({"force": ["False"]}, WriteOptions(force=False)),
    ],
)
def test_options_are_read(query: Mapping[str, Sequence[str]], options: WriteOptions) -> None:
    assert parse_write_options("Create", query) == options


@pytest.mark.parametrize(
    ("query", "message"),
    [
        (
            {"fieldValidation": ["Bogus"]},
            ('fieldValidation: Unsupported value: "Bogus": '
            'supported values: "", "Ignore", "Strict", "Warn"'),
        ),
        (
            {"dryRun": ["Bogus"]},
            'dryRun: Unsupported value: ["Bogus"]: supported values: "All"',
        ),
        ({"fieldManager": ["m" * 129]}, "fieldManager: Too long: may not be more than 128 bytes"),
    ],
)  # fmt: skip
def test_unknown_options_are_refused(query: Mapping[str, Sequence[str]], message: str) -> None:
    with pytest.raises(Invalid) as caught:
        parse_write_options("Update", query)
    assert caught.value.message == f'UpdateOptions.meta.k8s.io "" is invalid: {message}'
