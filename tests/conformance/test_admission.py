"""Every recorded answer to a Job that was sent to be created, word for word.

`admission.json` holds one entry per rule, `admission-random.json` specs drawn at random.
Values that differ at every run are masked on both sides.
"""

from __future__ import annotations

import itertools
import json
import re
from pathlib import Path
from typing import Any

import pytest

from localjobs.admission.create import admit_create
from localjobs.admission.options import Stamp, parse_write_options
from localjobs.api.resources import JOBS
from localjobs.errors import ApiError

HERE = Path(__file__).parent
STAMP = Stamp(now=1_700_000_000.0, uid="8a3e0d4e-3c3a-4a57-9a53-1f0c7b1f2d11", suffix="bcdfg")


def entries(name: str) -> list[Any]:
    recorded: list[Any] = json.loads((HERE / name).read_text())
    return [pytest.param(entry, id=entry["name"]) for entry in recorded]


def masked(answer: Any) -> Any:
    text = json.dumps(answer, sort_keys=True)
    text = text.replace(STAMP.uid, "<uid>").replace("2023-11-14T22:13:20Z", "<time>")
    text = text.replace("gen-bcdfg", "gen-#####")
    return json.loads(re.sub(r"current: \d+", "current: N", text))


def answer(entry: Any) -> dict[str, Any]:
    query = {name: [value] for name, value in entry["query"].items()} | {"dryRun": ["All"]}
    try:
        admitted = admit_create(
            JOBS, "default", entry["body"], parse_write_options("Create", query), STAMP
        )
    except ApiError as error:
        found: dict[str, Any] = {"code": error.code, "response": error.to_status()}
        return {**found, "warnings": list(error.warnings)}
    warnings = [f"299 - {json.dumps(text, ensure_ascii=False)}" for text in admitted.warnings]
    return {"code": 201, "response": admitted.object, "warnings": warnings}


_IN_A_MAP = re.compile(r"(.*\.(?:requests|limits|overhead))\[[^]]*\]")


def in_any_map_order(response: dict[str, Any]) -> dict[str, Any]:
    """Upstream checks the members of some maps in no fixed order: sort what it says of them."""
    causes = response.get("details", {}).get("causes", [])
    assert response.get("message", "").endswith(listed(causes))
    groups = itertools.groupby(causes, key=lambda cause: _IN_A_MAP.sub(r"\1", cause["field"]))
    ordered = [cause for _, group in groups for cause in sorted(group, key=json.dumps)]
    if causes == ordered:
        return response
    prefix = response["message"].removesuffix(listed(causes))
    details = {**response["details"], "causes": ordered}
    return {**response, "details": details, "message": prefix + listed(ordered)}


def listed(causes: list[dict[str, str]]) -> str:
    texts = list(dict.fromkeys(f"{cause['field']}: {cause['message']}" for cause in causes))
    return f"[{', '.join(texts)}]" if len(texts) > 1 else "".join(texts)


@pytest.mark.parametrize("entry", entries("admission.json") + entries("admission-random.json"))
def test_a_created_job_is_answered_as_upstream_answers_it(entry: Any) -> None:
    found = masked(answer(entry))
    assert (found["code"], found["warnings"]) == (entry["code"], entry["warnings"])
    assert in_any_map_order(found["response"]) == in_any_map_order(entry["response"])
