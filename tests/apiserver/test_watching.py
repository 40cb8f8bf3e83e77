"""Watches over HTTPS."""

import json
from collections.abc import Iterator

import pytest
import yaml

from localjobs.api import resources
from localjobs.apiserver import watching
from localjobs.store import watch_hub
from tests.apiserver.samples import JOBS, config_map, job
from tests.apiserver.serving import Client, Served
from tests.apiserver.watches import Watching, brief

MAPS = "/api/v1/namespaces/watched/configmaps"
MERGE = "application/merge-patch+json"


@pytest.fixture(autouse=True)
def namespace(client: Client) -> Iterator[None]:
    """A namespace for each test, with what is always in it."""
    made = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "watched"}}
    assert client.send("POST", "/api/v1/namespaces", made).code == 201
    yield
    client.send("DELETE", "/api/v1/namespaces/watched")
    assert client.get("/api/v1/namespaces/watched").code == 404


def create(client: Client, name: str, **labels: str) -> str:
    """Make a ConfigMap; returns its resourceVersion."""
    made = config_map(name)
    made["metadata"]["labels"] = labels
    reply = client.send("POST", MAPS, made)
    assert reply.code == 201, reply.text
    return str(reply.value["metadata"]["resourceVersion"])


def label(client: Client, name: str, **labels: str | None) -> None:
    patch = {"metadata": {"labels": labels}}
    assert client.send("PATCH", f"{MAPS}/{name}", patch, content_type=MERGE).code == 200


def test_a_watch_goes_on_from_a_list(served: Served, client: Client) -> None:
    version = client.get(MAPS).value["metadata"]["resourceVersion"]
    create(client, "a")
    with Watching(served, MAPS, resourceVersion=version) as watch:
        assert brief(watch.next()) == ("ADDED", "a")
        create(client, "b")
        label(client, "a", x="1")
        client.send("DELETE", f"{MAPS}/b")
        assert [brief(watch.next()) for _ in range(3)] == [
            ("ADDED", "b"),
            ("MODIFIED", "a"),
            ("DELETED", "b"),
        ]


def test_every_event_can_be_gone_on_from(served: Served, client: Client) -> None:
    with Watching(served, MAPS) as watch:
        watch.until(lambda event: event["object"]["metadata"]["name"] == "kube-root-ca.crt")
        for name in "abc":
            create(client, name)
        label(client, "a", x="1")
        client.send("DELETE", f"{MAPS}/b")
        events = [watch.next() for _ in range(5)]
    versions = [event["object"]["metadata"]["resourceVersion"] for event in events]
    assert versions == sorted(versions, key=int)
    for position, version in enumerate(versions[:-1]):
        with Watching(served, MAPS, resourceVersion=version) as watch:
            left = [watch.next() for _ in events[position + 1 :]]
        assert left == events[position + 1 :]


def test_a_version_that_is_forgotten_is_expired(served: Served) -> None:
    with Watching(served, MAPS, resourceVersion="1") as watch:
        (event,) = watch.rest()
    assert (event["type"], event["object"]["code"], event["object"]["reason"]) == (
        "ERROR",
        410,
        "Expired",
    )


def test_an_object_that_is_selected_no_more_is_deleted(served: Served, client: Client) -> None:
    with Watching(served, MAPS, labelSelector="app=web") as watch:
        create(client, "a", app="web")
        create(client, "b", app="db")
        label(client, "a", app="db")
        label(client, "b", app="web")
        found = [watch.next() for _ in range(3)]
    assert list(map(brief, found)) == [("ADDED", "a"), ("DELETED", "a"), ("ADDED", "b")]
    assert found[1]["object"]["metadata"]["labels"] == {"app": "web"}, "as it was when it matched"


@pytest.mark.parametrize(
    "path",
    [
        f"{MAPS}?fieldSelector=metadata.name%3Da",
        "/api/v1/watch/namespaces/watched/configmaps/a?",
        "/api/v1/watch/namespaces/watched/configmaps?fieldSelector=metadata.name%3Da",
        "/api/v1/configmaps?fieldSelector=metadata.name%3Da,metadata.namespace%3Dwatched",
    ],
)
def test_one_object_is_watched(served: Served, client: Client, path: str) -> None:
    with served.client() as other:
        response = other.open("GET", f"{path}&watch=1&timeoutSeconds=60")
        create(client, "b")
        create(client, "a")
        assert brief(json.loads(response.readline())) == ("ADDED", "a")


def test_all_namespaces_are_watched_at_once(served: Served, client: Client) -> None:
    version = client.get(JOBS).value["metadata"]["resourceVersion"]
    with Watching(served, "/apis/batch/v1/jobs", resourceVersion=version) as watch:
        client.send("POST", JOBS, job("here"))
        client.send("POST", "/apis/batch/v1/namespaces/watched/jobs", job("there"))
        found = [watch.next()["object"]["metadata"]["namespace"] for _ in range(2)]
    assert found == ["default", "watched"]
    client.send("DELETE", f"{JOBS}/here", {"propagationPolicy": "Background"})


def test_a_watch_with_initial_events_says_when_they_end(served: Served, client: Client) -> None:
    create(client, "a")
    options = {
        "sendInitialEvents": "true",
        "resourceVersionMatch": "NotOlderThan",
        "allowWatchBookmarks": "true",
    }
    with Watching(served, MAPS, **options) as watch:
        initial = watch.until(lambda event: event["type"] == "BOOKMARK")
        create(client, "b")
        assert brief(watch.next()) == ("ADDED", "b")
    assert list(map(brief, initial[:-1])) == [("ADDED", "a"), ("ADDED", "kube-root-ca.crt")]
    end = initial[-1]["object"]
    assert end["kind"] == "ConfigMap"
    assert end["metadata"]["annotations"] == {"k8s.io/initial-events-end": "true"}
    with Watching(served, MAPS, resourceVersion=end["metadata"]["resourceVersion"]) as watch:
        assert brief(watch.next()) == ("ADDED", "b")


def test_a_silent_watch_is_told_how_far_it_is(
    served: Served, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watching, "BOOKMARK_SECONDS", 0.2)
    version = create(client, "a")
    options = {"resourceVersion": version, "labelSelector": "app=none", "timeoutSeconds": "60"}
    with Watching(served, MAPS, allowWatchBookmarks="true", **options) as watch:
        later = create(client, "b")
        bookmarks = watch.until(
            lambda event: int(event["object"]["metadata"]["resourceVersion"]) >= int(later)
        )
    assert {event["type"] for event in bookmarks} == {"BOOKMARK"}
    assert bookmarks[-1]["object"]["apiVersion"] == "v1"


def test_who_wants_no_bookmarks_gets_none(
    served: Served, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watching, "BOOKMARK_SECONDS", 0.05)
    version = create(client, "a")
    with Watching(served, MAPS, resourceVersion=version, timeoutSeconds="1") as watch:
        assert watch.rest() == []


def test_a_watch_ends_when_its_time_is_over(served: Served, client: Client) -> None:
    began = served.clock.now()
    with Watching(served, MAPS, timeoutSeconds="1") as watch:
        watch.rest()
    assert 0.9 < served.clock.now() - began < 10


def test_a_client_that_leaves_is_forgotten(served: Served, client: Client) -> None:
    with Watching(served, MAPS, labelSelector="leaves=soon"):
        assert open_watches(client) == 1
    while open_watches(client):
        pass


def open_watches(client: Client) -> int:
    text = client.get("/metrics").text
    line = next(
        line
        for line in text.splitlines()
        if line.startswith("apiserver_longrunning_requests{")
        and 'resource="configmaps"' in line
        and 'scope="namespace"' in line
    )
    return int(float(line.rpartition(" ")[2]))


def test_metadata_alone_can_be_watched(served: Served, client: Client) -> None:
    form = "application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io"
    create(client, "a")
    with Watching(served, MAPS, accept=form) as watch:
        event = watch.next()
    assert (event["object"]["kind"], event["object"]["apiVersion"]) == (
        "PartialObjectMetadata",
        "meta.k8s.io/v1",
    )
    assert "data" not in event["object"]


def test_columns_come_once(served: Served, client: Client) -> None:
    create(client, "a")
    form = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json"
    with Watching(served, MAPS, accept=form, allowWatchBookmarks="true") as watch:
        first, second = watch.next(), watch.next()
    assert [column["name"] for column in first["object"]["columnDefinitions"]] == [
        "Name",
        "Data",
        "Age",
    ]
    assert not second["object"].get("columnDefinitions")
    assert [first["object"]["rows"][0]["cells"][0], second["object"]["rows"][0]["cells"][0]] == [
        "a",
        "kube-root-ca.crt",
    ]


def test_a_bookmark_is_a_table_where_events_are(served: Served, client: Client) -> None:
    create(client, "a")
    options = {
        "sendInitialEvents": "true",
        "resourceVersionMatch": "NotOlderThan",
        "allowWatchBookmarks": "true",
    }
    form = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json"
    with Watching(served, MAPS, accept=form, **options) as watch:
        events = watch.until(lambda event: event["type"] == "BOOKMARK")
    end = events[-1]["object"]
    assert (end["kind"], end["rows"][0]["cells"][0]) == ("Table", "")
    metadata = end["rows"][0]["object"]["metadata"]
    assert metadata["annotations"] == {"k8s.io/initial-events-end": "true"}
    assert metadata["resourceVersion"] == end["metadata"]["resourceVersion"]


def test_a_watch_can_be_yaml(served: Served, client: Client) -> None:
    create(client, "a")
    with served.client() as other:
        response = other.open(
            "GET", MAPS, query={"watch": "true", "timeoutSeconds": 1}, accept="application/yaml"
        )
        events = list(yaml.safe_load_all(response.read()))
    assert response.headers["content-type"] == "application/yaml"
    assert [brief(event) for event in events] == [("ADDED", "a"), ("ADDED", "kube-root-ca.crt")]


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ({"labelSelector": "a in b"}, 400),
        ({"fieldSelector": "data.a=b"}, 400),
        ({"timeoutSeconds": "soon"}, 400),
        ({"resourceVersionMatch": "Exact"}, 422),
        ({"resourceVersion": "x"}, 500),
        ({"includeObject": "Some"}, 400),
    ],
)
def test_a_watch_that_makes_no_sense_is_refused(
    client: Client, query: dict[str, str], code: int
) -> None:
    form = "application/json;as=Table;v=v1;g=meta.k8s.io"
    reply = client.get(MAPS, query={"watch": "true", **query}, accept=form)
    assert (reply.code, reply.type, reply.value["kind"]) == (code, "application/json", "Status")


def test_an_event_is_no_list(client: Client) -> None:
    form = "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io"
    reply = client.get(MAPS, query={"watch": "true"}, accept=form)
    assert (reply.code, reply.value["reason"]) == (406, "NotAcceptable")


def test_watch_of_a_name_without_the_old_form_is_a_get(client: Client) -> None:
    create(client, "a")
    assert client.get(f"{MAPS}/a", query={"watch": "true"}).value["kind"] == "ConfigMap"


def test_a_crowd_is_told_together_and_misses_nothing(
    served: Served, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What follows on news to a crowd waits; a watch that joins meanwhile gets it once."""
    monkeypatch.setattr(watch_hub, "CROWD", 1)
    monkeypatch.setattr(watch_hub, "SHORTEST_REST_SECONDS", 0.2)
    with Watching(served, MAPS, labelSelector="crowd") as early:
        create(client, "first", crowd="1")
        assert brief(early.next()) == ("ADDED", "first")
        version = create(client, "second", crowd="1")
        with Watching(served, MAPS, labelSelector="crowd") as late:
            assert [brief(late.next()) for _ in range(2)] == [
                ("ADDED", "first"),
                ("ADDED", "second"),
            ]
            with Watching(served, MAPS, labelSelector="crowd", resourceVersion=version) as last:
                create(client, "third", crowd="1")
                assert brief(early.next()) == ("ADDED", "second")
                assert {brief(one.next()) for one in (early, late, last)} == {("ADDED", "third")}


def test_the_events_of_the_store_are_events_of_watches(served: Served) -> None:
    """Whoever writes, and however: what the daemon does itself is seen too."""
    with Watching(served, "/api/v1/nodes") as watch:
        node = {"metadata": {"name": "n", "uid": "u"}, "spec": {}, "status": {}}
        served.call(lambda: served.store.insert(resources.NODES, node))
        assert brief(watch.next()) == ("ADDED", "n")
        served.call(lambda: served.store.remove(resources.NODES, "", "n"))
        assert brief(watch.next()) == ("DELETED", "n")
