"""Replays a recorded sequence of requests over HTTPS, in a namespace of its own."""

import json
import re
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from localjobs.api import objects
from localjobs.api.objects import Object
from tests.apiserver.serving import Client, Reply, Served
from tests.conformance.masking import masked, reduced, without_managers

Step = dict[str, Any]
_AGENT = "AGENT/1.0"


@dataclass
class Outcome:
    """What was found where the recording says something, step by step."""

    found: list[Any] = field(default_factory=list)
    expected: list[Any] = field(default_factory=list)


class Replay:
    """One sequence."""

    def __init__(self, served: Served, name: str) -> None:
        self._served = served
        self._client = served.client(agent=_AGENT)
        self.namespace = "ops-" + re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")
        self._jobs: list[Object] = []
        self._token = ""

    def run(self, steps: list[Step]) -> Outcome:
        """Send the steps in order."""
        outcome = Outcome()
        with self._client:
            made = self._client.send("POST", "/api/v1/namespaces", self._namespace_object())
            assert made.code == 201, made.text
            for step in steps:
                found, expected = self._watched(step) if "do" in step else self._sent(step)
                outcome.found.append(found)
                outcome.expected.append(expected)
        return outcome

    def _namespace_object(self) -> Object:
        return {"metadata": {"name": self.namespace}, "apiVersion": "v1", "kind": "Namespace"}

    def _sent(self, step: Step) -> tuple[Any, Any]:
        reply = self._send(self._client, step, step["method"])
        if reply.type == "application/json":
            self._remember(reply.value)
        found = reply.value
        if reply.code < 400:
            found = reduced(found, step.get("keep"))
        if "managedFields" not in json.dumps(step["response"]):
            found = without_managers(found)
        return (
            (reply.code, reply.warnings, masked(found, self.namespace), reply.type),
            (
                step["code"],
                step.get("warnings") or [],
                masked(step["response"]),
                step.get("type") or "application/json",
            ),
        )

    def _send(self, client: Client, step: Step, method: str) -> Reply:
        return client.send(
            method,
            self._path(step["path"]),
            self._body(step.get("body")),
            query=self._query(step),
            content_type=step.get("content_type") or "application/json",
            accept=step.get("accept"),
        )

    def _path(self, path: str) -> str:
        return quote(path.replace("{ns}", self.namespace))

    def _query(self, step: Step) -> dict[str, Any]:
        query = dict(step.get("query") or {})
        if query.get("continue") == "@CONTINUE@":
            query["continue"] = self._token
        return query

    def _remember(self, answer: Object) -> None:
        self._token = objects.metadata(answer).get("continue", self._token)
        if answer.get("kind") == "Job":
            self._jobs.append(answer)

    # Watches

    def _watched(self, step: Step) -> tuple[Any, Any]:
        with self._served.client(agent=_AGENT) as other:
            response = other.open(
                "GET", self._path(step["path"]), query=step["query"], accept=step.get("accept")
            )
            for method, path, body, content_type in step["do"]:
                self._client.send(method, self._path(path), body, content_type=content_type)
            lines = response.read().splitlines()
        events = [_shown(json.loads(line)) for line in lines]
        found = masked(events, self.namespace), response.status, response.headers["content-type"]
        return found, (masked(step["response"]), step["code"], step["type"])

    # Bodies

    def _body(self, body: Any) -> Any:
        """`@LAST@+parallelism` and the like: a Job that was answered, changed."""
        if isinstance(body, dict) and set(body) == {"text"}:
            return str(body["text"]).encode()
        if not isinstance(body, str):
            return body
        base, *changes = re.split(r"(?=[+-])", body)
        job: Object = json.loads(json.dumps(self._jobs[0 if base == "@FIRST@" else -1]))
        for change in changes:
            _change(job, change)
        return job


def _change(job: Object, change: str) -> None:
    match change:
        case "+suspend":
            job["spec"]["suspend"] = True
        case "+parallelism":
            job["spec"]["parallelism"] = 4
        case "+template":
            job["spec"]["template"]["spec"]["containers"][0]["image"] = "zzz"
        case "+status":
            job["status"] = {**job["status"], "active": 9}
        case "-rv":
            del job["metadata"]["resourceVersion"]
        case _:
            raise AssertionError(f"an unknown change: {change}")


def _shown(event: Object) -> list[Any]:
    """An event as the recordings have it."""
    obj = event.get("object", event)
    if obj["kind"] == "Status":
        return [event.get("type"), "Status", obj["code"], obj.get("reason"), obj["message"]]
    if obj["kind"] == "Table":
        columns = [one["name"] for one in obj.get("columnDefinitions") or ()]
        return [event["type"], "Table", columns, [row["cells"][:3] for row in obj["rows"]]]
    meta = obj["metadata"]
    return [
        event["type"],
        obj["kind"],
        meta.get("name"),
        objects.labels(obj).get("p"),
        sorted(meta.get("annotations", ())),
    ]
