"""The recorded answers of upstream to sequences of requests, as far as the registry gives them.

What belongs to HTTP alone (media types, tables, bodies that are no JSON) is not asked here.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from localjobs.admission.deletion import DeleteOptions
from localjobs.admission.options import WriteOptions, parse_write_options
from localjobs.admission.patching.patch import Patch, PatchKind
from localjobs.api import objects
from localjobs.api.objects import Object
from localjobs.api.resources import JOBS
from localjobs.clock import VirtualClock
from localjobs.errors import ApiError
from localjobs.identities import RandomIdentities
from localjobs.store.answer import Answer
from localjobs.store.list_options import ListOptions
from localjobs.store.namespaces import Namespaces
from localjobs.store.registry import Registry
from localjobs.store.store import Store

RECORDED = Path(__file__).parents[1] / "conformance" / "operations.json"
ELSEWHERE = ("errors", "patch-type", "partial-metadata", "pretty", "table-", "watch-")
VERBS = {"POST": "Create", "PUT": "Update", "PATCH": "Patch"}
Step = dict[str, Any]


def sequences() -> list[Any]:
    recorded = json.loads(RECORDED.read_text())
    names = [one for one in recorded if not one["name"].startswith(ELSEWHERE)]
    return [pytest.param(one["steps"], id=one["name"]) for one in names]


class Client:
    """Sends recorded requests to a registry."""

    def __init__(self) -> None:
        self.clock = VirtualClock()
        identities = RandomIdentities(1)
        self.store = Store.open(None, clock=self.clock)
        Namespaces(self.store, self.clock, identities).start()
        self.registry = Registry(self.store, self.clock, identities)
        self.jobs: list[Object] = []
        self.token = ""

    def send(self, step: Step) -> tuple[int, list[str], Any]:
        try:
            answer = self.answer(step)
        except ApiError as error:
            return error.code, list(error.warnings), error.to_status()
        self.token = objects.metadata(answer.object).get("continue", self.token)
        if answer.object.get("kind") == "Job":
            self.jobs.append(answer.object)
        return answer.code, list(answer.warnings), answer.object

    def answer(self, step: Step) -> Answer:
        place, _, subresource = step["path"].partition("/jobs")[2].strip("/").partition("/")
        query = {**(step.get("query") or {})}
        if query.get("continue") == "@CONTINUE@":
            query["continue"] = self.token
        if step["method"] == "GET":
            return self.read(place, query)
        if step["method"] == "DELETE":
            return self.delete(place, query, step.get("body") or {})
        options = parse_write_options(VERBS[step["method"]], {k: [v] for k, v in query.items()})
        options = replace(options, field_manager=options.field_manager or "AGENT")
        return self.write(step, place, subresource, options)

    def read(self, name: str, query: dict[str, str]) -> Answer:
        if name:
            version = query.get("resourceVersion", "")
            return Answer(self.registry.get(JOBS, "default", name, version))
        page = self.registry.list(JOBS, "default", ListOptions.parse(query))
        assert json.loads(page.encode()) == page.to_object()
        return Answer(page.to_object())

    def write(self, step: Step, name: str, subresource: str, options: WriteOptions) -> Answer:
        body = self.body(step["body"])
        if step["method"] == "POST":
            return self.registry.create(JOBS, "default", body, options)
        if step["method"] == "PUT":
            return self.registry.update(JOBS, "default", name, body, options, subresource)
        patch = Patch(PatchKind.of(step["content_type"]), body)
        return self.registry.patch(JOBS, "default", name, patch, options, subresource)

    def delete(self, name: str, query: dict[str, str], body: Object) -> Answer:
        in_query = {name: query[name] for name in ("propagationPolicy",) if name in query}
        options = DeleteOptions.of(body or in_query)  # a body takes the place of the query
        if name:
            return self.registry.delete(JOBS, "default", name, options)
        selected = ListOptions.parse(query)
        page, warnings = self.registry.delete_collection(JOBS, "default", options, selected)
        return Answer(page.to_object(), warnings)

    def body(self, body: Any) -> Any:
        """`@LAST@+parallelism` and the like: a Job that was answered, changed."""
        if isinstance(body, dict) and set(body) == {"text"}:
            return json.loads(body["text"])
        if not isinstance(body, str):
            return body
        base, *changes = re.split(r"(?=[+-])", body)
        job: Object = json.loads(json.dumps(self.jobs[0 if base == "@FIRST@" else -1]))
        for change in changes:
            self.change(job, change)
        return job

    def change(self, job: Object, change: str) -> None:
        match change:
            case "+suspend":
                job["spec"]["suspend"] = True
            case "+parallelism":
                job["spec"]["parallelism"] = 4
            case "+template":
                job["spec"]["template"]["spec"]["containers"][0]["image"] = "zzz"
            case "+status":
                job["status"] = {"active": 9}
            case "-rv":
                del job["metadata"]["resourceVersion"]
            case _:
                raise AssertionError(change)


UID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")


def masked(value: Any, key: str = "", *, with_managers: bool = False) -> Any:
    """The value with what differs at every run replaced, as the recordings have it."""
    if isinstance(value, dict):
        return {
            name: masked(one, name, with_managers=with_managers)
            for name, one in value.items()
            if name != "managedFields" or with_managers
        }
    if isinstance(value, list):
        return [masked(one, with_managers=with_managers) for one in value]
    if not isinstance(value, str):
        return value
    if key in ("resourceVersion", "continue"):
        return "RV"
    text = TIME.sub("TIME", UID.sub("UID", value))
    text = re.sub(r"^gen-\w{5}$", "gen-#####", text)
    text = re.sub(r"current: \d+", "current: N", text)
    text = re.sub(r"Invalid value: .*: field is immutable", _no_value, text, flags=re.DOTALL)
    return "NS" if key == "namespace" else text


def _no_value(found: re.Match[str]) -> str:
    return "Invalid value: <value>: field is immutable"


def reduced(response: Any, keep: str | None) -> Any:
    if keep == "names":
        meta = response["metadata"]
        return {
            "continue": "continue" in meta,
            "kind": response["kind"],
            "names": [objects.name(item) for item in response["items"]],
            "remaining": meta.get("remainingItemCount"),
        }
    return {"parallelism": response["spec"]["parallelism"]} if keep == "parallelism" else response


@pytest.mark.parametrize("steps", sequences())
def test_requests_are_answered_as_recorded(steps: list[Step]) -> None:
    client = Client()
    for step in steps:
        if "Table" in (step.get("accept") or "") or "text" in (step.get("content_type") or ""):
            continue
        code, warnings, response = client.send(step)
        with_managers = "managedFields" in json.dumps(step["response"])
        found = masked(reduced(response, step.get("keep")), with_managers=with_managers)
        expected = masked(step["response"], with_managers=with_managers)
        assert (code, found) == (step["code"], expected), step
        assert [f'299 - "{text}"' for text in warnings] == (step.get("warnings") or [])
