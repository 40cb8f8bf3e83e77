from __future__ import annotations

from typing import Any

import pytest

from localjobs.admission.decoding import decode
from localjobs.admission.defaulting import default
from localjobs.admission.options import FieldValidation
from localjobs.api.objects import Object
from localjobs.api.resources import JOBS, NAMESPACES, NODES, PODS, SECRETS, SERVICES, Resource
from tests.admission import samples


def defaulted(resource: Resource, body: Any) -> Object:
    return default(resource, decode(resource, body, FieldValidation.STRICT).object)


def job_spec(**spec: Any) -> Object:
    result: Object = defaulted(JOBS, samples.job(**spec))["spec"]
    return {name: value for name, value in result.items() if name != "template"}


def pod_spec(**spec: Any) -> Object:
    job = defaulted(JOBS, {"spec": {"template": {"spec": spec}}})
    result: Object = job["spec"]["template"]["spec"]
    return result


def container(**members: Any) -> Object:
    (only,) = pod_spec(containers=[{"name": "c", **members}])["containers"]
    result: Object = only
    return result


def test_an_empty_job() -> None:
    assert job_spec() == {
        "parallelism": 1,
        "completions": 1,
        "backoffLimit": 6,
        "completionMode": "NonIndexed",
        "suspend": False,
        "manualSelector": False,
        "podReplacementPolicy": "TerminatingOrFailed",
    }


def test_completions_stay_unset_only_when_parallelism_is_given() -> None:
    assert "completions" not in job_spec(parallelism=3)
    assert job_spec(completions=3)["parallelism"] == 1


def test_limits_and_replacement_follow_the_policies() -> None:
    assert job_spec(backoffLimitPerIndex=1)["backoffLimit"] == 2**31 - 1
    pattern = {"action": "Count", "onPodConditions": [{"type": "a"}]}
    spec = job_spec(podFailurePolicy={"rules": [pattern]})
    assert spec["podReplacementPolicy"] == "Failed"
    (rule,) = spec["podFailurePolicy"]["rules"]
    assert rule["onPodConditions"] == [{"type": "a", "status": "True"}]


def test_a_job_without_labels_has_its_template_s() -> None:
    body = samples.job()
    body["spec"]["template"]["metadata"] = {"labels": {"a": "b"}}
    assert defaulted(JOBS, body)["metadata"]["labels"] == {"a": "b"}
    body["metadata"]["labels"] = {"mine": "1"}
    assert defaulted(JOBS, body)["metadata"]["labels"] == {"mine": "1"}


def test_a_template_s_spec() -> None:
    assert pod_spec(containers=[], serviceAccount="sa") == {
        "containers": [],
        "dnsPolicy": "ClusterFirst",
        "restartPolicy": "Always",
        "schedulerName": "default-scheduler",
        "securityContext": {},
        "serviceAccount": "sa",
        "serviceAccountName": "sa",
        "terminationGracePeriodSeconds": 30,
    }


def test_a_container() -> None:
    assert container(image="busybox", ports=[{"containerPort": 80}]) == {
        "name": "c",
        "image": "busybox",
        "imagePullPolicy": "Always",
        "ports": [{"containerPort": 80, "protocol": "TCP"}],
        "resources": {},
        "terminationMessagePath": "/dev/termination-log",
        "terminationMessagePolicy": "File",
    }
    assert container(image="busybox:1")["imagePullPolicy"] == "IfNotPresent"


def test_probes_and_hooks() -> None:
    probe = container(livenessProbe={"httpGet": {"port": 80}, "periodSeconds": 5})["livenessProbe"]
    assert probe == {
        "httpGet": {"port": 80, "path": "/", "scheme": "HTTP"},
        "timeoutSeconds": 1,
        "periodSeconds": 5,
        "successThreshold": 1,
        "failureThreshold": 3,
    }
    assert container(startupProbe={"grpc": {"port": 1}})["startupProbe"]["grpc"]["service"] == ""
    hook = container(lifecycle={"preStop": {"httpGet": {"port": "http"}}})["lifecycle"]
    assert hook["preStop"]["httpGet"] == {"port": "http", "path": "/", "scheme": "HTTP"}


def test_references_in_the_environment() -> None:
    field = {"name": "A", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}}
    file = {"key": "k", "path": "p", "volumeName": "v"}
    env = container(env=[field, {"name": "B", "valueFrom": {"fileKeyRef": file}}])["env"]
    assert env[0]["valueFrom"]["fieldRef"]["apiVersion"] == "v1"
    assert env[1]["valueFrom"]["fileKeyRef"] == {**file, "optional": False}


def test_amounts_are_rounded_up_to_thousandths() -> None:
    resources = container(resources={"limits": {"cpu": "0.0001", "memory": "1.5Gi"}})["resources"]
    assert resources == {"limits": {"cpu": "1m", "memory": "1536Mi"}}


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ({}, {"emptyDir": {}}),
        ({"hostPath": {"path": "/a"}}, {"hostPath": {"path": "/a", "type": ""}}),
        ({"secret": {"secretName": "s"}}, {"secret": {"secretName": "s", "defaultMode": 420}}),
        (
            {"downwardAPI": {"items": [{"path": "a", "fieldRef": {"fieldPath": "b"}}]}},
            {
                "downwardAPI": {
                    "defaultMode": 420,
                    "items": [{"path": "a", "fieldRef": {"apiVersion": "v1", "fieldPath": "b"}}],
                }
            },
        ),
        (
            {"projected": {"sources": [{"serviceAccountToken": {"path": "t"}}]}},
            {
                "projected": {
                    "defaultMode": 420,
                    "sources": [{"serviceAccountToken": {"path": "t", "expirationSeconds": 3600}}],
                }
            },
        ),
        ({"projected": {}}, {"projected": {"defaultMode": 420, "sources": None}}),
        ({"projected": {"sources": []}}, {"projected": {"defaultMode": 420, "sources": None}}),
        (
            {"azureDisk": {"diskName": "d", "diskURI": "u"}},
            {
                "azureDisk": {
                    "diskName": "d",
                    "diskURI": "u",
                    "cachingMode": "ReadWrite",
                    "fsType": "ext4",
                    "kind": "Shared",
                    "readOnly": False,
                }
            },
        ),
        ({"image": {"reference": "a"}}, {"image": {"reference": "a", "pullPolicy": "Always"}}),
        (
            {"ephemeral": {"volumeClaimTemplate": {"spec": {}}}},
            {
                "ephemeral": {
                    "volumeClaimTemplate": {
                        "metadata": {},
                        "spec": {"resources": {}, "volumeMode": "Filesystem"},
                    }
                }
            },
        ),
    ],
)  # fmt: skip
def test_volumes(source: Any, expected: Any) -> None:
    (volume,) = pod_spec(containers=[], volumes=[{"name": "v", **source}])["volumes"]
    assert volume == {"name": "v", **expected}


def test_only_a_pod_itself_gets_requests_from_limits_and_host_ports() -> None:
    body = samples.pod(hostNetwork=True)
    body["spec"]["containers"][0] |= {
        "ports": [{"containerPort": 80}],
        "resources": {"limits": {"cpu": "1", "memory": "1Gi"}, "requests": {"cpu": "500m"}},
    }
    spec = defaulted(PODS, body)["spec"]
    assert spec["enableServiceLinks"] is True
    (first,) = spec["containers"]
    assert first["ports"] == [{"containerPort": 80, "hostPort": 80, "protocol": "TCP"}]
    assert first["resources"]["requests"] == {"cpu": "500m", "memory": "1Gi"}
    (in_template,) = pod_spec(**body["spec"])["containers"]
    assert in_template["resources"]["requests"] == {"cpu": "500m"}
    assert "hostPort" not in in_template["ports"][0]


def test_the_kinds_around_jobs() -> None:
    namespace = defaulted(NAMESPACES, {"metadata": {"name": "n"}})
    assert namespace["metadata"]["labels"] == {"kubernetes.io/metadata.name": "n"}
    assert namespace["status"] == {"phase": "Active"}
    secret = defaulted(SECRETS, {"data": {"a": "YQ=="}, "stringData": {"b": "b"}})
    assert secret["type"] == "Opaque"
    assert secret["data"] == {"a": "YQ==", "b": "Yg=="}
    assert "stringData" not in secret
    node = defaulted(NODES, {"status": {"capacity": {"cpu": "2"}}})
    assert node["status"]["allocatable"] == {"cpu": "2"}
    service = defaulted(
        SERVICES, {"spec": {"ports": [{"port": 80}], "sessionAffinity": "ClientIP"}}
    )
    assert service["spec"] == {
        "internalTrafficPolicy": "Cluster",
        "ports": [{"port": 80, "protocol": "TCP", "targetPort": 80}],
        "sessionAffinity": "ClientIP",
        "sessionAffinityConfig": {"clientIP": {"timeoutSeconds": 10800}},
        "type": "ClusterIP",
    }


@pytest.mark.parametrize(
    ("resource", "body"),
    [
        (JOBS, samples.job(backoffLimitPerIndex=1, podFailurePolicy={"rules": []})),
        (PODS, samples.pod(volumes=[{"name": "v"}], hostNetwork=True)),
        (SERVICES, {"spec": {"type": "LoadBalancer", "ports": [{"port": 1}]}}),
        (NAMESPACES, {"metadata": {"name": "n"}}),
    ],
)
def test_defaulting_twice_changes_nothing(resource: Resource, body: Any) -> None:
    once = defaulted(resource, body)
    assert default(resource, once) == once
