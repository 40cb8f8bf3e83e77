"""Whatever the OpenAPI documents allow, and much that they do not, gets an answer of Kubernetes.

The documents are fetched from the daemon, so this also holds that what it says of itself can be
read by a generic tool.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
import schemathesis
import yaml
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode

from localjobs.apiserver import discovery
from tests.clients.manifests import job, paused_job, shell
from tests.daemon.served import Served, until

SECONDS = 60
EXAMPLES = 10
SERVED = [
    (f"apis/{one.resource.api_version}" if one.resource.group else "api/v1", one.resource.plural)
    for one in discovery.SERVED
    if one.resource.group in ("", "batch")
]
NAMES = {"namespace": "default", "name": "fuzzed"}
KEPT = {
    "io.k8s.api.core.v1.PodSpec": ("containers", "restartPolicy", "nodeSelector", "hostname"),
    "io.k8s.api.core.v1.Container": ("name", "image", "command", "env", "resources", "ports"),
    "io.k8s.api.core.v1.PodStatus": ("phase", "conditions", "reason", "startTime", "podIPs"),
    "io.k8s.api.core.v1.NodeStatus": ("allocatable", "capacity", "conditions", "addresses"),
}
"""What is drawn of the largest types: all of them would take minutes, and the tests of admission
draw bodies in their full breadth."""


class Api:
    """A session that trusts the daemon and shows its token."""

    def __init__(self, kubeconfig: Path) -> None:
        found = yaml.safe_load(kubeconfig.read_text())
        self.url: str = found["clusters"][0]["cluster"]["server"]
        self.session = requests.Session()
        self.session.trust_env = False  # the environment's authorities would replace this one
        self.session.verify = str(kubeconfig.with_name("ca.crt"))
        self.session.headers["Authorization"] = f"Bearer {found['users'][0]['user']['token']}"

    def get(self, path: str) -> Any:
        answer = self.session.get(f"{self.url}/{path}", timeout=SECONDS)
        answer.raise_for_status()
        return answer.json()

    def create(self, path: str, body: dict[str, Any]) -> None:
        self.session.post(f"{self.url}/{path}", json=body, timeout=SECONDS)


@pytest.fixture(scope="module")
def api(kubeconfig: Path) -> Iterator[Api]:
    connected = Api(kubeconfig)
    yield connected
    connected.session.close()


def stock(api: Api) -> None:
    """Make sure that there is something to read, change and delete."""
    named = {"metadata": {"name": NAMES["name"]}}
    api.create("apis/batch/v1/namespaces/default/jobs", paused_job(NAMES["name"]))
    gated = {**shell("true"), "schedulingGates": [{"name": "fuzzed.example/never"}]}
    api.create("api/v1/namespaces/default/pods", {**named, "spec": gated})
    for plural in ("configmaps", "secrets", "serviceaccounts"):
        api.create(f"api/v1/namespaces/default/{plural}", named)


def trimmed(document: Any) -> Any:
    """The document, in place, with less of its largest types."""
    schemas = document["components"]["schemas"]
    for name, kept in KEPT.items():
        if name in schemas:
            properties = schemas[name]["properties"]
            schemas[name]["properties"] = {key: properties[key] for key in kept}
    return document


@st.composite
def aimed(draw: st.DrawFn, operation: Any, modes: tuple[GenerationMode, ...]) -> Any:
    """A case of the operation, often aimed at objects that exist."""
    case = draw(operation.as_strategy(generation_mode=draw(st.sampled_from(modes))))
    if draw(st.integers(0, 3)):
        case.path_parameters = {
            name: NAMES.get(name, value) for name, value in (case.path_parameters or {}).items()
        }
    if draw(st.booleans()):
        case.query = {}  # most of what is drawn is refused, and hides what comes after it
    if isinstance(case.body, dict) and draw(st.integers(0, 3)):
        metadata = case.body.get("metadata")
        kept = metadata if isinstance(metadata, dict) else {}
        name = draw(st.sampled_from(("fuzzed", "another")))
        case.body = {**case.body, "metadata": {**kept, "name": name, "namespace": "default"}}
    return case


def check(api: Api, case: Any) -> None:
    """Send the case: it is answered, and a refusal is a Status that is nobody's defect."""
    request = {**case.as_transport_kwargs(base_url=api.url), "stream": True, "timeout": SECONDS}
    with api.session.request(**request) as answer:
        if answer.status_code < 400:
            if not {"watch", "follow"} & set(case.query or ()):
                assert answer.content is not None  # it is read to its end
            return
        status = answer.json()
    told = f"{status}\n{case.as_curl_command()}"
    assert (status["kind"], status["code"]) == ("Status", answer.status_code), told
    assert answer.status_code < 500 or is_asked_for(answer.request, status), told


def is_asked_for(request: requests.PreparedRequest, status: Any) -> bool:
    """Whether upstream, too, calls this request's defect its own.

    It does so with a version that is still to come, with one that is no number (in a body,
    too), with DeleteOptions that it cannot read and with strategic patches that name no element.
    """
    query = parse_qs(urlsplit(str(request.url)).query, keep_blank_values=True)
    version, message = query.get("resourceVersion", [""])[0], status["message"]
    if status.get("reason") == "Timeout":
        told = re.fullmatch(r"Too large resource version: (\d+), current: (\d+)", message)
        return told is not None and int(told[1]) == int(version) > int(told[2])
    if "reason" in status or status["code"] != 500:
        return False
    match request.method:
        case "GET":
            return not version.isdecimal() and "strconv.ParseUint" in message
        case "PUT":
            return str(message).startswith("strconv.ParseUint")
        case "DELETE":
            return bool(request.body)
        case "PATCH":
            return "strategic" in request.headers["Content-Type"] and (
                "does not contain declared merge key" in message or "unknown patch type" in message
            )
    return False


@pytest.mark.parametrize(("document", "plural"), SERVED)
def test_every_operation_of_a_resource_is_answered(
    api: Api, served: Served, document: str, plural: str
) -> None:
    schema = schemathesis.openapi.from_dict(trimmed(api.get(f"openapi/v3/{document}")))
    found: Any = schema.get_all_operations()
    operations = [one for one in (each.ok() for each in found) if is_of(one.path, plural)]
    assert len(operations) >= 3
    for operation in operations:
        stock(api)
        fuzz(api, operation)
        assert api.session.get(f"{api.url}/readyz", timeout=SECONDS).text == "ok"
    assert "Traceback" not in served.log.read_text()


def is_of(path: str, plural: str) -> bool:
    """Whether a path of the document is the resource's, or below it."""
    _, _, below = path.partition("/v1/")
    return below.removeprefix("namespaces/{namespace}/").split("/")[0] == plural


def fuzz(api: Api, operation: Any) -> None:
    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(aimed(operation, (GenerationMode.POSITIVE, GenerationMode.NEGATIVE)))
    def run(case: Any) -> None:
        check(api, case)

    run()


def test_the_daemon_still_runs_jobs(api: Api) -> None:
    path = "apis/batch/v1/namespaces/default/jobs"
    api.create(path, job("afterwards", shell("true")))

    def succeeded() -> Any:
        return api.get(f"{path}/afterwards")["status"].get("succeeded")

    assert until(succeeded, "a Job to run") == 1
