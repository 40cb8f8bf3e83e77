"""What is served besides Jobs, and every form of body and answer."""

import base64
import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from localjobs.api import resources
from localjobs.apiserver import discovery
from tests.apiserver.samples import JOBS, PODS, config_map, job, managed_job, namespace, pod
from tests.apiserver.serving import Client, Served
from tests.apiserver.watches import Watching
from tests.conformance.masking import masked

MAPS = "/api/v1/namespaces/default/configmaps"
NAMESPACES = "/api/v1/namespaces"
APPLY, MERGE = "application/apply-patch+yaml", "application/merge-patch+json"
JSON_PATCH, STRATEGIC = "application/json-patch+json", "application/strategic-merge-patch+json"
TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json"


# Every resource


@pytest.mark.parametrize("resource", resources.ALL, ids=lambda one: one.plural)
def test_every_resource_is_listed(client: Client, resource: Any) -> None:
    root = f"/apis/{resource.group}" if resource.group else "/api"
    path = f"{root}/{resource.version}/{resource.plural}"
    reply = client.get(path)
    assert (reply.code, reply.type) == (200, "application/json")
    assert (reply.value["kind"], reply.value["apiVersion"]) == (
        f"{resource.kind}List",
        resource.api_version,
    )
    table = client.get(path, accept=TABLE).value
    assert table["kind"] == "Table"
    assert len(table["rows"]) == len(reply.value["items"])
    for row in table["rows"]:
        assert len(row["cells"]) == len(table["columnDefinitions"])


def test_thirteen_operations_on_one_config_map(client: Client) -> None:
    """Create, get, list, replace, three patches, apply, watch, delete; and a collection's."""
    one = f"{MAPS}/thirteen"
    assert client.send("POST", MAPS, config_map("thirteen", a="1")).code == 201
    assert client.get(one).value["data"] == {"a": "1"}
    names = [item["metadata"]["name"] for item in client.get(MAPS).value["items"]]
    assert "thirteen" in names
    replaced = client.send("PUT", one, config_map("thirteen", a="2"))
    assert (replaced.code, replaced.value["data"]) == (200, {"a": "2"})
    add = [{"op": "add", "path": "/data/b", "value": "3"}]
    for patch, kind, data in (
        ({"data": {"b": "1"}}, MERGE, {"a": "2", "b": "1"}),
        ({"data": {"b": "2"}}, STRATEGIC, {"a": "2", "b": "2"}),
        (add, JSON_PATCH, {"a": "2", "b": "3"}),
    ):
        reply = client.send("PATCH", one, patch, content_type=kind)
        assert (reply.code, reply.value["data"]) == (200, data)
    applied = client.send(
        "PATCH",
        one,
        config_map("thirteen", c="1"),
        content_type=APPLY,
        query={"fieldManager": "me"},
    )
    assert (applied.code, applied.value["data"]["c"]) == (200, "1")
    gone = client.send("DELETE", one)
    assert (gone.code, gone.value["status"]) == (200, "Success")
    assert client.get(one).code == 404
    client.send("POST", MAPS, config_map("thirteen"))
    several = client.send("DELETE", MAPS, query={"fieldSelector": "metadata.name=thirteen"})
    assert [item["metadata"]["name"] for item in several.value["items"]] == ["thirteen"]
    assert client.get(one).code == 404


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/apis/batch/v1/jobs"),
        ("POST", "/api/v1/nodes"),
        ("DELETE", "/api/v1/nodes/n"),
        ("DELETE", NAMESPACES),
        ("POST", "/api/v1/namespaces/default/services"),
        ("PUT", JOBS),
        ("PATCH", JOBS),
        ("POST", f"{JOBS}/j"),
        ("POST", f"{JOBS}/j/status"),
        ("DELETE", f"{JOBS}/j/status"),
        ("GET", f"{PODS}/p/eviction"),
        ("POST", f"{PODS}/p/log"),
        ("GET", "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"),
        ("POST", "/apis/batch/v1"),
        ("POST", "/version"),
    ],
)
def test_what_a_path_cannot_do_is_405(client: Client, method: str, path: str) -> None:
    reply = client.send(method, path, {} if method != "GET" else None, content_type=MERGE)
    assert (reply.code, reply.type, reply.value["reason"]) == (
        405,
        "application/json",
        "MethodNotAllowed",
    )


@pytest.mark.parametrize(
    "path", [f"{JOBS}/j/scale", f"{PODS}/p/exec", "/api/v1/replicationcontrollers"]
)
def test_what_is_not_served_is_404(client: Client, path: str) -> None:
    reply = client.get(path)
    assert (reply.code, reply.value["message"]) == (
        404,
        "the server could not find the requested resource",
    )


# Bodies and answers


def test_a_yaml_body_is_read_and_yaml_is_answered(client: Client) -> None:
    body = yaml.safe_dump(job("from-yaml")).encode()
    reply = client.send(
        "POST", JOBS, body, content_type="application/yaml", accept="application/yaml"
    )
    assert (reply.code, reply.type) == (201, "application/yaml")
    assert yaml.safe_load(reply.data)["metadata"]["name"] == "from-yaml"
    assert reply.text.startswith("apiVersion: batch/v1\nkind: Job\n")


def test_a_yaml_body_with_a_name_twice_is_told_of_it(client: Client) -> None:
    body = yaml.safe_dump(job("twice")).replace("kind: Job", "kind: Job\nkind: Job").encode()
    reply = client.send(
        "POST", JOBS, body, content_type="application/yaml", query={"dryRun": "All"}
    )
    assert reply.code == 201
    assert reply.warnings == ['299 - "line 3: key \\"kind\\" already set in map"']


def test_a_review_is_no_table(client: Client) -> None:
    path = "/apis/authentication.k8s.io/v1/selfsubjectreviews"
    assert client.send("POST", path, {}, accept=TABLE).value["kind"] == "SelfSubjectReview"
    refused = client.send("POST", path, {}, accept=TABLE.partition(",")[0])
    assert (refused.code, refused.value["reason"]) == (406, "NotAcceptable")


RECORDED = json.loads((Path(__file__).parents[1] / "api" / "kubectl-protobuf.json").read_text())


@pytest.mark.parametrize("recorded", RECORDED, ids=lambda one: one["command"])
def test_protobuf_bodies_of_kubectl_are_read(client: Client, recorded: Any) -> None:
    kind = recorded["object"]["kind"]
    path = {
        "Job": JOBS,
        "Pod": PODS,
        "SelfSubjectAccessReview": "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews",
        "SelfSubjectRulesReview": "/apis/authorization.k8s.io/v1/selfsubjectrulesreviews",
        "SelfSubjectReview": "/apis/authentication.k8s.io/v1/selfsubjectreviews",
        "DeleteOptions": f"{JOBS}/nobody",
        "Eviction": f"{PODS}/nobody/eviction",
    }[kind]
    method = "DELETE" if kind == "DeleteOptions" else "POST"
    forms: dict[str, Any] = {
        "application/vnd.kubernetes.protobuf": base64.b64decode(recorded["body"]),
        "application/json": recorded["object"],
    }
    replies = [
        client.send(
            method,
            path,
            body,
            content_type=content_type,
            accept="application/vnd.kubernetes.protobuf,application/json",
            query={"dryRun": "All"},
        )
        for content_type, body in forms.items()
    ]
    assert {reply.type for reply in replies} == {"application/json"}
    assert replies[0].code == replies[1].code
    assert replies[0].code not in (400, 415, 500)
    assert masked(replies[0].value) == masked(replies[1].value)


def test_an_unknown_media_type_is_415(client: Client) -> None:
    reply = client.send("POST", JOBS, job("x"), content_type="text/plain")
    assert (reply.code, reply.value["reason"]) == (415, "UnsupportedMediaType")
    reply = client.send("DELETE", f"{JOBS}/x", {}, content_type="text/plain")
    assert reply.code == 415


def test_an_unacceptable_answer_is_406_and_nothing_is_done(client: Client) -> None:
    reply = client.send("POST", JOBS, job("unseen"), accept="text/html")
    assert (reply.code, reply.type, reply.value["reason"]) == (
        406,
        "application/json",
        "NotAcceptable",
    )
    assert client.get(f"{JOBS}/unseen").code == 404


def test_metadata_alone_of_a_list_is_406_and_the_other_way_round(client: Client) -> None:
    form = "application/json;as={};v=v1;g=meta.k8s.io"
    client.send("POST", JOBS, job("partial"))
    reply = client.get(JOBS, accept=form.format("PartialObjectMetadata"))
    assert (reply.code, reply.value["message"]) == (
        406,
        "you requested PartialObjectMetadata, but the requested object is a list (*batch.JobList)",
    )
    reply = client.get(f"{JOBS}/partial", accept=form.format("PartialObjectMetadataList"))
    message = (
        "you requested PartialObjectMetadataList, but the requested object is not a list"
        " (*batch.Job)"
    )
    assert (reply.code, reply.value["message"]) == (406, message)


@pytest.mark.parametrize(
    ("agent", "query", "is_pretty"),
    [
        ("curl/8", {}, True),
        ("curl/8", {"pretty": "false"}, False),
        ("kubectl/1", {}, False),
        ("kubectl/1", {"pretty": "1"}, True),
        ("kubectl/1", {"pretty": "yes"}, False),
    ],
)
def test_people_get_their_answers_indented(
    served: Served, agent: str, query: dict[str, str], *, is_pretty: bool
) -> None:
    with served.client(agent=agent) as client:
        reply = client.get("/api/v1/namespaces/default", query=query)
    assert (b'\n  "kind"' in reply.data) is is_pretty
    assert reply.value["metadata"]["name"] == "default"


def test_a_table_says_what_its_rows_carry(client: Client) -> None:
    client.send("POST", JOBS, job("tabled"))
    for wanted, kinds in (
        ("", {"PartialObjectMetadata"}),
        ("Metadata", {"PartialObjectMetadata"}),
        ("Object", {"Job"}),
        ("None", {None}),
    ):
        reply = client.get(JOBS, accept=TABLE, query={"includeObject": wanted})
        assert {(row.get("object") or {}).get("kind") for row in reply.value["rows"]} == kinds
    refused = client.get(JOBS, accept=TABLE, query={"includeObject": "Some"})
    assert refused.code == 400
    assert refused.value["message"] == (
        'Unable to convert to Table as requested: includeObject: Invalid value: "Some":'
        " must be 'Metadata', 'Object', 'None', or empty"
    )


@pytest.mark.parametrize(
    ("accept", "query", "form", "is_pretty"),
    [
        (None, {}, "application/json", False),
        (None, {"pretty": "true"}, "application/json", True),
        ("application/yaml", {}, "application/yaml", False),
        (TABLE, {}, "application/json", False),
        ("application/json;as=Table;v=v1;g=meta.k8s.io", {}, "application/json", True),
    ],
)
def test_an_error_is_written_as_the_client_reads(
    client: Client, accept: str | None, query: dict[str, str], form: str, *, is_pretty: bool
) -> None:
    reply = client.get(f"{JOBS}/absent", accept=accept, query=query)
    assert (reply.code, reply.type) == (404, form)
    assert yaml.safe_load(reply.data)["message"] == 'jobs.batch "absent" not found'
    assert reply.data.startswith(b'{\n  "kind"') is is_pretty


def test_yaml_refers_to_nothing(client: Client) -> None:
    reply = client.send("POST", JOBS, job("plain"), accept="application/yaml")
    assert (reply.code, "&id" in reply.text) == (201, False)


def test_a_field_manager_is_the_first_part_of_the_user_agent(served: Served) -> None:
    with served.client(agent="walrus/7 (linux)") as client:
        made = client.send("POST", MAPS, config_map("managed", a="1"), query={"dryRun": "All"})
    assert [one["manager"] for one in made.value["metadata"]["managedFields"]] == ["walrus"]


def test_the_body_of_a_deletion_takes_the_place_of_its_query(client: Client) -> None:
    client.send("POST", JOBS, job("foreground"))
    background = {"propagationPolicy": "Background"}
    reply = client.send(
        "DELETE", f"{JOBS}/foreground", background, query={"propagationPolicy": "Bogus"}
    )
    assert (reply.code, reply.warnings) == (200, [])
    assert client.get(f"{JOBS}/foreground").code == 404


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"{", "couldn't get version/kind; json parse error: unexpected end of JSON input"),
        (
            b'{"gracePeriodSeconds":"x"}',
            (
                "json: cannot unmarshal string into Go struct field"
                " DeleteOptions.gracePeriodSeconds of type int64"
            ),
        ),
    ],
)
def test_delete_options_that_cannot_be_read_are_an_unclassified_error(
    client: Client, body: bytes, message: str
) -> None:
    client.send("POST", JOBS, job("kept"))
    reply = client.send("DELETE", f"{JOBS}/kept", body)
    assert (reply.code, reply.value["message"]) == (500, message)
    assert client.get(f"{JOBS}/kept").code == 200


# Namespaces


def test_a_namespace_is_furnished_and_goes_with_what_is_in_it(served: Served) -> None:
    with served.client() as client:
        assert client.send("POST", NAMESPACES, namespace("team")).code == 201
        inside = f"{NAMESPACES}/team"
        assert client.get(f"{inside}/serviceaccounts/default").code == 200
        assert client.get(f"{inside}/configmaps/kube-root-ca.crt").code == 200
        made = client.send("POST", "/apis/batch/v1/namespaces/team/jobs", job("j"))
        assert made.code == 201
        with Watching(served, NAMESPACES, fieldSelector="metadata.name=team") as watching:
            reply = client.send("DELETE", inside)
            assert (reply.code, reply.value["status"]["phase"]) == (200, "Terminating")
            watching.until(lambda event: event["type"] == "DELETED")
        assert client.get(inside).code == 404
        assert client.get("/apis/batch/v1/namespaces/team/jobs/j").code == 404
        refused = client.send("POST", "/apis/batch/v1/namespaces/team/jobs", job("j"))
        assert (refused.code, refused.value["details"]["kind"]) == (404, "namespaces")


def test_a_namespace_that_ends_takes_nothing_new(client: Client) -> None:
    held = {"metadata": {"name": "held", "finalizers": ["example.com/hold"]}}
    assert client.send("POST", NAMESPACES, namespace("ending")).code == 201
    inside = "/api/v1/namespaces/ending/configmaps"
    assert client.send("POST", inside, held).code == 201
    client.send("DELETE", f"{NAMESPACES}/ending")
    refused = client.send("POST", inside, config_map("late"))
    assert (refused.code, refused.value["reason"]) == (403, "Forbidden")
    assert "because it is being terminated" in refused.value["message"]
    assert client.get(f"{NAMESPACES}/ending").value["status"]["phase"] == "Terminating"
    free = {"metadata": {"finalizers": None}}
    client.send("PATCH", f"{inside}/held", free, content_type=MERGE)
    assert client.get(f"{NAMESPACES}/ending").code == 404


@pytest.mark.parametrize("name", ["default", "kube-system", "kube-public"])
def test_some_namespaces_stay(client: Client, name: str) -> None:
    assert client.send("DELETE", f"{NAMESPACES}/{name}").code == 403


# What is not of here


def test_the_api_is_a_service(served: Served, client: Client) -> None:
    service = client.get("/api/v1/namespaces/default/services/kubernetes").value
    host, port = served.address
    assert (service["spec"]["clusterIP"], service["spec"]["ports"][0]["port"]) == (host, port)
    assert service["metadata"]["labels"] == {"component": "apiserver", "provider": "kubernetes"}


def test_the_service_of_the_api_comes_back(client: Client) -> None:
    """As it must for `kubectl delete all --all` in the namespace where everybody begins."""
    path = "/api/v1/namespaces/default/services"
    [before] = client.get(path).value["items"]
    assert client.send("DELETE", f"{path}/kubernetes").value["kind"] == "Service"
    [after] = client.get(path).value["items"]
    assert after["metadata"]["uid"] != before["metadata"]["uid"]
    assert after["spec"] == before["spec"]
    assert client.send("DELETE", path).code == 200
    assert len(client.get(path).value["items"]) == 1
    assert client.send("POST", path, {}).code == 405


def test_cron_jobs_can_be_read_and_not_made(client: Client) -> None:
    path = "/apis/batch/v1/namespaces/default/cronjobs"
    empty = client.get(path)
    assert (empty.code, empty.value["items"]) == (200, [])
    assert empty.value["kind"] == "CronJobList"
    table = client.get(path, accept=TABLE).value
    assert table["rows"] == []
    assert [one["name"] for one in table["columnDefinitions"]][1:4] == [
        "Schedule",
        "Timezone",
        "Suspend",
    ]
    assert client.send("DELETE", path).value["items"] == []
    assert client.get(path, query={"labelSelector": "a b"}).code == 400
    assert client.get(f"{path}/c").code == 404
    cron = {
        "apiVersion": "batch/v1",
        "kind": "CronJob",
        "metadata": {"name": "c"},
        "spec": {"schedule": "* * * * *", "jobTemplate": {"spec": managed_job("j")["spec"]}},
    }
    for refused in (
        client.send("POST", path, cron),
        client.send("PATCH", f"{path}/c", cron, content_type=APPLY, query={"fieldManager": "m"}),
    ):
        assert (refused.code, refused.value["reason"]) == (403, "Forbidden")
        assert 'cronjobs.batch "c" is forbidden: CronJobs are not run' in refused.value["message"]
    assert client.send("POST", path, {**cron, "spec": 3}).code == 400


def test_whoever_holds_the_token_may_do_everything(client: Client) -> None:
    root = "/apis/authorization.k8s.io/v1"
    attributes = {"verb": "create", "group": "batch", "resource": "jobs", "namespace": "default"}
    access = client.send(
        "POST",
        f"{root}/selfsubjectaccessreviews",
        {
            "kind": "SelfSubjectAccessReview",
            "apiVersion": "authorization.k8s.io/v1",
            "spec": {"resourceAttributes": attributes},
        },
    )
    assert access.code == 201
    assert access.value["status"]["allowed"] is True
    assert access.value["spec"]["resourceAttributes"] == attributes
    rules = client.send(
        "POST",
        f"{root}/selfsubjectrulesreviews",
        {
            "kind": "SelfSubjectRulesReview",
            "apiVersion": "authorization.k8s.io/v1",
            "spec": {"namespace": "default"},
        },
    )
    assert rules.value["status"]["resourceRules"][0]["verbs"] == ["*"]
    who = client.send(
        "POST",
        "/apis/authentication.k8s.io/v1/selfsubjectreviews",
        {"kind": "SelfSubjectReview", "apiVersion": "authentication.k8s.io/v1"},
    )
    assert "system:authenticated" in who.value["status"]["userInfo"]["groups"]
    wrong = client.send("POST", f"{root}/selfsubjectaccessreviews", {"kind": "Job"})
    assert wrong.code == 400


def test_a_pod_is_evicted_once(client: Client) -> None:
    assert client.send("POST", PODS, pod("moved")).code == 201
    eviction = {
        "apiVersion": "policy/v1",
        "kind": "Eviction",
        "metadata": {"name": "moved", "namespace": "default"},
    }
    path = f"{PODS}/moved/eviction"
    rehearsed = client.send("POST", path, eviction, query={"dryRun": "All"})
    assert (rehearsed.code, rehearsed.value["status"]) == (201, "Success")
    assert client.get(f"{PODS}/moved").code == 200
    assert client.send("POST", path, eviction).code == 201
    assert client.send("POST", path, eviction).code == 404
    assert client.send("POST", path, {"kind": "Job", "apiVersion": "batch/v1"}).code == 400


# Discovery


def test_every_verb_that_discovery_names_is_one(client: Client) -> None:
    """A verb that is named is answered with anything but 405, and the other way round."""
    methods = {"get": "GET", "update": "PUT", "patch": "PATCH", "delete": "DELETE"}
    for served in discovery.SERVED:
        resource = served.resource
        root = f"/apis/{resource.group}" if resource.group else "/api"
        place = (
            f"/namespaces/default/{resource.plural}"
            if resource.namespaced
            else f"/{resource.plural}"
        )
        for verb, method in methods.items():
            body: Any = {} if method in ("PUT", "PATCH") else None
            reply = client.send(method, f"{root}/v1{place}/nobody", body, content_type=MERGE)
            assert (reply.code != 405) is (verb in served.verbs), (resource.plural, verb)
        created = client.send("POST", f"{root}/v1{place}", {})
        assert (created.code != 405) is ("create" in served.verbs), resource.plural


def test_discovery_is_plain_unless_asked(client: Client) -> None:
    plain = client.get("/apis")
    assert (plain.type, plain.value["kind"]) == ("application/json", "APIGroupList")
    form = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"
    aggregated = client.get("/apis", accept=f"{form},application/json")
    assert (aggregated.type, aggregated.value["kind"]) == (form, "APIGroupDiscoveryList")
    assert client.get("/api/v1").value["kind"] == "APIResourceList"
    root = client.get("/").value["paths"]
    assert {"/api/v1", "/apis/batch/v1", "/metrics", "/version"} <= set(root)
    for path in root:
        assert client.get(path).code == 200, path
