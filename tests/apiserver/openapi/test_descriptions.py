import pkgutil
import re

import msgspec

from localjobs.api.schema import SCHEMA
from localjobs.apiserver.openapi.schemas import describe

TEXT = pkgutil.get_data("localjobs.apiserver.openapi.schemas", "descriptions.json")
SENTENCES = re.compile(r"[A-Z`\"].*\.")
DESCRIPTIONS: dict[str, dict[str, str]] = msgspec.json.decode(TEXT or b"")


def test_each_type_is_described_and_each_of_its_fields_but_no_other() -> None:
    told = {name: set(fields) for name, fields in DESCRIPTIONS.items()}
    assert told == {name: {"", *SCHEMA.type(name).fields} for name in SCHEMA.names()}


def test_descriptions_are_short_sentences() -> None:
    unlike = [
        (name, field, text)
        for name, fields in DESCRIPTIONS.items()
        for field, text in fields.items()
        if not SENTENCES.fullmatch(text) or len(text) > 320
    ]
    assert unlike == []


def test_what_is_not_in_the_table_has_no_description() -> None:
    assert describe("io.k8s.api.batch.v1.Nothing") == ""
