"""Clients that read protobuf and nothing else, over HTTPS."""

from collections.abc import Iterator

from localjobs.api.protobuf import PREFIX, decode
from localjobs.api.protobuf import message as read
from localjobs.api.protobuf_wire import fields
from tests.apiserver.samples import JOBS, config_map, job
from tests.apiserver.serving import Client, Served

PROTOBUF = "application/vnd.kubernetes.protobuf"
MAPS = "/api/v1/namespaces/default/configmaps"
META = "io.k8s.apimachinery.pkg.apis.meta.v1"


def parts(data: bytes) -> dict[int, list[bytes]]:
    """The fields of a message by their numbers."""
    found: dict[int, list[bytes]] = {}
    for tag, _, value in fields(data):
        assert isinstance(value, bytes)
        found.setdefault(tag, []).append(value)
    return found


def unwrapped(body: bytes) -> tuple[list[bytes], bytes]:
    """apiVersion and kind, and the message, of what is in the envelope."""
    assert body.startswith(PREFIX)
    envelope = parts(body[len(PREFIX) :])
    type_meta = parts(envelope[1][0])
    return [type_meta[1][0], type_meta[2][0]], envelope[2][0]


def test_an_object_says_the_same_as_in_json(client: Client) -> None:
    created = client.send("POST", JOBS, job("proto"), accept=PROTOBUF)
    assert (created.code, created.type) == (201, PROTOBUF)
    assert decode(created.data)["metadata"]["name"] == "proto"
    # Finished or not, it is the same at one resourceVersion.
    as_json = client.get("/api/v1/namespaces/default").value
    assert decode(client.get("/api/v1/namespaces/default", accept=PROTOBUF).data) == as_json


def test_a_list_has_its_items(client: Client) -> None:
    client.send("POST", MAPS, config_map("listed"))
    reply = client.get(MAPS, accept=PROTOBUF, query={"fieldSelector": "metadata.name=listed"})
    type_meta, message = unwrapped(reply.data)
    assert type_meta == [b"v1", b"ConfigMapList"]
    (head,), (item,) = parts(message)[1], parts(message)[2]
    assert int(read(head, f"{META}.ListMeta")["resourceVersion"]) > 0
    assert read(item, "io.k8s.api.core.v1.ConfigMap")["metadata"]["name"] == "listed"


def test_metadata_alone(client: Client) -> None:
    form = f"{PROTOBUF};as=PartialObjectMetadata;g=meta.k8s.io;v=v1"
    type_meta, message = unwrapped(client.get("/api/v1/namespaces/default", accept=form).data)
    assert type_meta == [b"meta.k8s.io/v1", b"PartialObjectMetadata"]
    assert read(parts(message)[1][0], f"{META}.ObjectMeta")["name"] == "default"


def test_an_error_is_a_status(client: Client) -> None:
    reply = client.get(f"{JOBS}/absent", accept=PROTOBUF)
    assert (reply.code, reply.type) == (404, PROTOBUF)
    status = decode(reply.data)
    assert (status["kind"], status["reason"], status["code"]) == ("Status", "NotFound", 404)
    assert status["details"]["name"] == "absent"


def test_a_watch_sends_events_after_their_length(served: Served, client: Client) -> None:
    client.send("POST", MAPS, config_map("watched"))
    watcher = served.client()
    query = {"watch": "true", "timeoutSeconds": "1", "fieldSelector": "metadata.name=watched"}
    response = watcher.open("GET", MAPS, query=query, accept=f"{PROTOBUF};stream=watch")
    assert response.headers["Content-Type"] == f"{PROTOBUF};stream=watch"
    ((kind, obj),) = events(response.read())
    watcher.close()
    assert (kind, obj["metadata"]["name"]) == ("ADDED", "watched")


def events(data: bytes) -> Iterator[tuple[str, dict[str, dict[str, str]]]]:
    """The type and the object of each event of a stream."""
    while data:
        end = 4 + int.from_bytes(data[:4], "big")
        event = parts(data[4:end])
        yield event[1][0].decode(), decode(parts(event[2][0])[1][0])
        data = data[end:]


def test_documents_stay_json(client: Client) -> None:
    assert client.get("/apis", accept=PROTOBUF).value["kind"] == "APIGroupList"
