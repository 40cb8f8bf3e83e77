"""The recorded answers to Jobs sent to be created, as they come over the wire."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.apiserver.serving import Client, serve
from tests.conformance.masking import masked, without_managers
from tests.conformance.test_admission import entries, in_any_map_order

JOBS = "/apis/batch/v1/namespaces/default/jobs"


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    with serve(tmp_path_factory.mktemp("admission")) as served, served.client() as client:
        yield client


def comparable(answer: Any) -> Any:
    """With one spelling of what is masked: the recording writes `<uid>`."""
    text = json.dumps(masked(answer), sort_keys=True)
    return json.loads(text.replace("<uid>", "UID").replace("<time>", "TIME"))


@pytest.mark.parametrize("entry", entries("admission.json") + entries("admission-random.json"))
def test_a_job_is_answered_as_upstream_answers_it(entry: Any, client: Client) -> None:
    query = {"dryRun": "All", **entry["query"]}
    reply = client.send("POST", JOBS, entry["body"], query=query)
    assert (reply.code, reply.type) == (entry["code"], "application/json")
    assert reply.warnings == entry["warnings"]
    found = in_any_map_order(comparable(without_managers(reply.value)))
    assert found == in_any_map_order(comparable(entry["response"]))
