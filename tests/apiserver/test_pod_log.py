"""The `log` subresource: its parameters, and logs of real pods."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from localjobs.api import timestamps
from localjobs.apiserver.pod_log import LogOptions, parse_options
from localjobs.errors import ApiError
from tests.apiserver.plane import serve_plane
from tests.apiserver.samples import PODS, pod
from tests.apiserver.serving import Client, Served, serving
from tests.apiserver.watches import Watching

NOW = 1_700_000_000.0


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({}, LogOptions()),
        ({"container": "c", "follow": "true"}, LogOptions(container="c", follow=True)),
        ({"follow": "false", "timestamps": "0", "previous": ""}, LogOptions(previous=True)),
        ({"tailLines": "0"}, LogOptions(tail_lines=0)),
        ({"tailLines": ""}, LogOptions()),
        ({"limitBytes": "7"}, LogOptions(limit_bytes=7)),
        ({"sinceSeconds": "60"}, LogOptions(since_time=NOW - 60)),
        (
            {"sinceTime": "2026-01-02T03:04:05Z"},
            LogOptions(since_time=timestamps.parse("2026-01-02T03:04:05Z")),
        ),
        ({"sinceSeconds": str(2**62)}, LogOptions(since_time=0.0)),
        ({"sinceTime": "0001-01-01T00:00:00Z"}, LogOptions(since_time=0.0)),
        ({"insecureSkipTLSVerifyBackend": "true", "unknown": "x"}, LogOptions()),
    ],
)
def test_parameters_are_read(query: dict[str, str], expected: LogOptions) -> None:
    assert parse_options(query, NOW, "p") == expected


@pytest.mark.parametrize(
    ("query", "code", "text"),
    [
        ({"tailLines": "x"}, 400, 'strconv.ParseInt: parsing "x": invalid syntax'),
        ({"tailLines": "-1"}, 422, "tailLines: Invalid value: -1: must be greater than or equal"),
        ({"limitBytes": "0"}, 422, "limitBytes: Invalid value: 0: must be greater than 0"),
        ({"sinceSeconds": "0"}, 422, "sinceSeconds: Invalid value: 0: must be greater than 0"),
        ({"sinceTime": "yesterday"}, 400, "yesterday"),
        (
            {"sinceSeconds": "1", "sinceTime": "2026-01-02T03:04:05Z"},
            422,
            "at most one of `sinceTime` or `sinceSeconds` may be specified",
        ),
    ],
)
def test_parameters_that_make_no_sense_are_refused(
    query: dict[str, str], code: int, text: str
) -> None:
    with pytest.raises(ApiError) as raised:
        parse_options(query, NOW, "p")
    assert raised.value.code == code
    assert text in raised.value.message
    if code == 422:
        assert raised.value.message.startswith('PodLogOptions "p" is invalid: ')


def test_a_log_is_plain_text(client: Client, served: Served) -> None:
    client.send("POST", PODS, pod("logged"))
    reply = client.get(f"{PODS}/logged/log", query={"tailLines": 5, "container": "c"})
    assert (reply.code, reply.type, reply.text) == (200, "text/plain", "one\ntwo\n")
    assert served.logs.asked[-1] == LogOptions(container="c", tail_lines=5)
    assert client.get(f"{PODS}/nobody/log").code == 404
    refused = client.get(f"{PODS}/logged/log", query={"container": "none"})
    assert (refused.code, refused.type) == (400, "application/json")


def test_a_follower_that_leaves_is_forgotten(client: Client, served: Served) -> None:
    client.send("POST", PODS, pod("followed"))
    served.logs.ended.clear()
    with served.client() as other:
        response = other.open("GET", f"{PODS}/followed/log", query={"follow": "true"})
        assert response.read(8) == b"one\ntwo\n"
        assert not served.logs.ended.is_set()
    assert served.logs.ended.wait(10)


def test_a_server_that_stops_ends_what_is_followed(tmp_path: Path) -> None:
    served = Served(tmp_path)
    with serving(served), served.client() as client, served.client() as watcher:
        client.send("POST", PODS, pod("followed"))
        log = client.open("GET", f"{PODS}/followed/log", query={"follow": "true"})
        watch = watcher.open("GET", PODS, query={"watch": "true"})
        served.stop()
        assert log.read() == b"one\ntwo\n", "the answer has an end"
        assert watch.read().count(b"\n") == 1


# Real pods


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serve_plane(tmp_path_factory.mktemp("plane")) as served:
        yield served


def shell(name: str, *scripts: str, **spec: Any) -> dict[str, Any]:
    names = [f"c{number}" for number in range(len(scripts))] if len(scripts) > 1 else ["c"]
    containers = [
        {"name": one, "image": "busybox", "command": ["sh", "-c", script]}
        for one, script in zip(names, scripts, strict=True)
    ]
    meta = {"name": name, "namespace": "default"}
    spec = {"restartPolicy": "Never", "containers": containers, **spec}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": meta, "spec": spec}


def run(served: Served, made: dict[str, Any], *phases: str) -> None:
    """Create the pod, and wait until it is in one of these phases."""
    name = made["metadata"]["name"]
    with Watching(served, PODS, fieldSelector=f"metadata.name={name}") as watch:
        with served.client() as client:
            assert client.send("POST", PODS, made).code == 201
        watch.until(lambda event: event["object"].get("status", {}).get("phase") in phases)


def test_the_log_of_a_pod_that_ended(running: Served) -> None:
    script = "echo one; echo two >&2; printf three"
    run(running, shell("ended", script), "Succeeded")
    path = f"{PODS}/ended/log"
    with running.client() as client:
        assert sorted(client.get(path).text.splitlines()) == ["one", "three", "two"]
        assert len(client.get(path, query={"tailLines": 1}).text.splitlines()) == 1
        assert len(client.get(path, query={"limitBytes": 4}).data) == 4
        assert client.get(path, query={"tailLines": 0}).data == b""
        ever = client.get(path, query={"sinceSeconds": 2**62})
        assert (ever.code, ever.text) == (200, client.get(path).text)
        assert client.get(path, query={"sinceTime": "9999-12-31T23:59:59Z"}).data == b""
        stamped = client.get(path, query={"timestamps": "true"}).text.splitlines()
        assert all(timestamps.parse(line.split(" ")[0]) > 0 for line in stamped)
        assert client.get(path, query={"follow": "true"}).text == client.get(path).text
        previous = client.get(path, query={"previous": "true"})
    assert (previous.code, previous.value["message"]) == (
        400,
        'previous terminated container "c" in pod "ended" not found',
    )


def test_the_container_of_a_log_is_named_where_there_are_several(running: Served) -> None:
    run(running, shell("pair", "echo zero", "echo one"), "Succeeded")
    path = f"{PODS}/pair/log"
    with running.client() as client:
        unnamed = client.get(path)
        assert (unnamed.code, unnamed.value["message"]) == (
            400,
            "a container name must be specified for pod pair, choose one of: [c0 c1]",
        )
        assert client.get(path, query={"container": "c1"}).text == "one\n"
        wrong = client.get(path, query={"container": "x"})
    assert (wrong.code, wrong.value["message"]) == (400, "container x is not valid for pod pair")


def test_a_log_is_followed_to_its_end(running: Served, tmp_path: Path) -> None:
    go = tmp_path / "go"
    script = f"echo first; until [ -e {go} ]; do sleep 0.05; done; echo last"
    run(running, shell("talks", script), "Running")
    with running.client() as client:
        response = client.open("GET", f"{PODS}/talks/log", query={"follow": "true"})
        assert response.readline() == b"first\n"
        go.touch()
        assert response.read() == b"last\n"
        assert client.get(f"{PODS}/talks/log").text == "first\nlast\n"


def test_a_container_that_waits_has_no_log(running: Served) -> None:
    missing = {"name": "A", "valueFrom": {"configMapKeyRef": {"name": "none", "key": "k"}}}
    made = shell("waits", "true")
    made["spec"]["containers"][0]["env"] = [missing]
    selected = Watching(running, PODS, fieldSelector="metadata.name=waits")
    with selected as watch, running.client() as client:
        assert client.send("POST", PODS, made).code == 201
        watch.until(lambda event: "CreateContainerConfigError" in str(event["object"]))
        reply = client.get(f"{PODS}/waits/log")
        client.send("DELETE", f"{PODS}/waits", {"gracePeriodSeconds": 0})
    assert (reply.code, reply.value["message"]) == (
        400,
        'container "c" in pod "waits" is waiting to start: CreateContainerConfigError',
    )


def test_a_pod_without_a_node_has_nothing_to_wait_for(running: Served) -> None:
    gated = shell("gated", "true", schedulingGates=[{"name": "tests/never"}])
    with running.client() as client:
        assert client.send("POST", PODS, gated).code == 201
        for option in ("follow", "previous", "timestamps"):
            reply = client.get(f"{PODS}/gated/log", query={option: "true"})
            assert (reply.code, reply.data) == (200, b"")
        client.send("DELETE", f"{PODS}/gated")
