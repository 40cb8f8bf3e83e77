from __future__ import annotations

import json
from typing import Any

import pytest

from localjobs.admission.decoding import DecodeError, decode, decode_type
from localjobs.admission.options import FieldValidation
from localjobs.admission.text import decode_json
from localjobs.api.objects import Object
from localjobs.api.resources import EVENTS, JOBS, PODS, SECRETS, Resource
from localjobs.errors import BadRequest

WARN, STRICT, IGNORE = FieldValidation.WARN, FieldValidation.STRICT, FieldValidation.IGNORE


def refusal(resource: Resource, body: Any, validation: FieldValidation = WARN) -> str:
    with pytest.raises(BadRequest) as caught:
        decode(resource, body, validation)
    return caught.value.message


def decoded(resource: Resource, body: Any) -> Object:
    return decode(resource, body, IGNORE).object


def spec_of(**spec: Any) -> dict[str, Any]:
    return {"spec": {"template": {"spec": spec}}}


def container(**members: Any) -> dict[str, Any]:
    return spec_of(containers=[{"name": "c", **members}])


PREFIX = 'Job in version "v1" cannot be handled as a Job: '


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        ({"spec": "x"}, "string into Go struct field Job.spec of type v1.JobSpec"),
        ({"spec": []}, "array into Go struct field Job.spec of type v1.JobSpec"),
        ({"spec": {"suspend": 1}}, "number into Go struct field JobSpec.spec.suspend of type bool"),
        (
            {"spec": {"parallelism": 2.0}},
            "number 2.0 into Go struct field JobSpec.spec.parallelism of type int32",
        ),
        (
            {"spec": {"parallelism": True}},
            "bool into Go struct field JobSpec.spec.parallelism of type int32",
        ),
        (
            {"spec": {"activeDeadlineSeconds": 2**63}},
            ("number 9223372036854775808 into Go struct field "
            "JobSpec.spec.activeDeadlineSeconds of type int64"),
        ),
        (
            spec_of(restartPolicy=1),
            ("number into Go struct field PodSpec.spec.template.spec.restartPolicy "
            "of type v1.RestartPolicy"),
        ),
        (
            container(resources={"limits": []}),
            ("array into Go struct field ResourceRequirements.spec.template.spec.containers."
            "resources.limits of type v1.ResourceList"),
        ),
        (
            spec_of(containers=["x"]),
            ("string into Go struct field PodSpec.spec.template.spec.containers "
            "of type v1.Container"),
        ),
        (
            {"metadata": {"creationTimestamp": 5}},
            "number into Go struct field ObjectMeta.metadata.creationTimestamp of type string",
        ),
        (
            container(livenessProbe={"httpGet": {"port": True}}),
            ("bool into Go struct field HTTPGetAction.spec.template.spec.containers.livenessProbe."
            "httpGet.port of type int32"),
        ),
    ],
)  # fmt: skip
def test_a_value_of_the_wrong_type_is_refused_in_go_s_words(body: Any, problem: str) -> None:
    assert refusal(JOBS, body) == f"{PREFIX}json: cannot unmarshal {problem}"


def test_the_first_mismatch_is_reported_but_a_quantity_stops_at_once() -> None:
    first = container(image=1, command="x")
    assert "Container.spec.template.spec.containers.image of" in refusal(JOBS, first)
    quantity = container(image=1, resources={"limits": {"cpu": "1x"}})
    assert refusal(JOBS, quantity).startswith(PREFIX + "quantities must match the regular")


def test_a_time_is_refused_in_go_s_words() -> None:
    assert refusal(JOBS, {"metadata": {"creationTimestamp": "x"}}) == (
        PREFIX + 'parsing time "x" as "2006-01-02T15:04:05Z07:00": cannot parse "x" as "2006"'
    )


def test_unknown_fields_are_errors_warnings_or_nothing() -> None:
    body = container(cmd=["x"], env=[{"nme": "B"}])
    complaints = (
        'unknown field "spec.template.spec.containers[0].cmd"',
        'unknown field "spec.template.spec.containers[0].env[0].nme"',
    )
    assert decode(JOBS, body, WARN).warnings == complaints
    assert decode(JOBS, body, IGNORE).warnings == ()
    assert refusal(JOBS, body, STRICT) == f"{PREFIX}strict decoding error: {', '.join(complaints)}"
    assert "cmd" not in decode(JOBS, body, WARN).object["spec"]["template"]["spec"]["containers"][0]


def test_names_are_case_sensitive() -> None:
    result = decode(JOBS, {"spec": {"Parallelism": 3}}, WARN)
    assert result.warnings == ('unknown field "spec.Parallelism"',)
    assert "parallelism" not in result.object["spec"]


def test_fields_given_twice_are_complained_of_once_each() -> None:
    text = b'{"spec": {"suspend": true, "suspend": false, "suspend": true}, "metadata": '
    text += b'{"labels": {"a": "1", "a": "2"}}}'
    result = decode(JOBS, decode_json(text, "Job"), WARN)
    assert result.warnings == (
        'duplicate field "spec.suspend"',
        'duplicate field "metadata.labels.a"',
    )
    assert result.object["metadata"]["labels"] == {"a": "2"}


def test_no_more_than_a_hundred_complaints_are_kept() -> None:
    body = {"spec": {f"x{number}": 1 for number in range(150)}}
    assert len(decode(JOBS, body, WARN).warnings) == 100


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ({"hostNetwork": False, "nodeName": "", "volumes": [], "nodeSelector": {}}, {}),
        ({"priority": None, "affinity": None}, {}),
        ({"priority": 0, "hostUsers": False}, {"priority": 0, "hostUsers": False}),
        ({"affinity": {}, "securityContext": {}}, {"affinity": {}, "securityContext": {}}),
        ({"nodeSelector": {"a": None}}, {"nodeSelector": {"a": ""}}),
        ({"imagePullSecrets": [None, {"name": ""}]}, {"imagePullSecrets": [{}, {}]}),
        (
            {"overhead": {"cpu": 0.5, "memory": None}},
            {"overhead": {"cpu": "500m", "memory": "0"}},
        ),
    ],
)  # fmt: skip
def test_zero_values_are_printed_as_go_prints_them(given: Any, kept: Any) -> None:
    spec = decoded(PODS, {"spec": {"containers": [], **given}})["spec"]
    assert spec == {"containers": [], **kept}


def test_what_go_always_prints_is_filled_in() -> None:
    assert decoded(PODS, {}) == {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {},
        "spec": {"containers": None},
        "status": {},
    }
    event = decoded(EVENTS, {})
    assert event["firstTimestamp"] is None
    assert event["reportingComponent"] == ""
    variable = {"valueFrom": {"resourceFieldRef": {"resource": "limits.cpu"}}}
    pod = decoded(PODS, {"spec": {"containers": [{"env": [variable]}]}})
    (first,) = pod["spec"]["containers"]
    assert first["name"] == ""
    assert first["resources"] == {}
    assert first["env"][0]["valueFrom"]["resourceFieldRef"]["divisor"] == "0"


def test_bytes_are_base64() -> None:
    assert decoded(SECRETS, {"data": {"a": "YQ==", "b": None}})["data"] == {"a": "YQ==", "b": ""}
    prefix = 'Secret in version "v1" cannot be handled as a Secret: '
    assert refusal(SECRETS, {"data": {"a": "!"}}) == f"{prefix}illegal base64 data at input byte 0"
    assert refusal(SECRETS, {"data": {"a": 1}}).endswith("Secret.data of type []uint8")


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (
            {"apiVersion": "batch/v2", "kind": "Job"},
            ('Job in version "v2" cannot be handled as a Job: no kind "Job" is registered for '
            'version "batch/v2" in scheme "pkg/api/legacyscheme/scheme.go:30"'),
        ),
        (
            {"kind": "Jop"},
            ('Jop in version "v1" cannot be handled as a Job: no kind "Jop" is registered for '
            'version "batch/v1" in scheme "pkg/api/legacyscheme/scheme.go:30"'),
        ),
        (
            {"apiVersion": "v1", "kind": "Pod", "spec": {"template": {}}},
            ('Pod in version "v1" cannot be handled as a Job: '
            "converting (v1.Pod) to (batch.Job): unknown conversion"),
        ),
        (
            {"apiVersion": "apps/v1", "kind": "Deployment"},
            ('Deployment in version "v1" cannot be handled as a Job: '
            "converting (v1.Deployment) to (batch.Job): unknown conversion"),
        ),
        (
            {"apiVersion": "a/b/c"},
            ("the object provided is unrecognized (must be of type Job): "
            'unexpected GroupVersion string: a/b/c ({"apiVersion":"a/b/c"})'),
        ),
        (
            {"kind": 5},
            ("the object provided is unrecognized (must be of type Job): "
            "couldn't get version/kind; json parse error: "
            "json: cannot unmarshal number into Go struct field .kind of type "
            'string ({"kind":5})'),
        ),
        (
            [],
            ("the object provided is unrecognized (must be of type Job): "
            "couldn't get version/kind; json parse error: "
            "json: cannot unmarshal array into Go value of type struct "
            '{ APIVersion string "json:\\"apiVersion,omitempty\\""; '
            'Kind string "json:\\"kind,omitempty\\"" } (5b5d)'),
        ),
    ],
)  # fmt: skip
def test_another_kind_is_refused(body: Any, message: str) -> None:
    assert refusal(JOBS, body) == message


def test_kind_and_version_may_be_left_out() -> None:
    for body in (None, {}, {"kind": "Job"}, {"apiVersion": "batch/v1"}):
        job = decoded(JOBS, body)
        assert (job["apiVersion"], job["kind"]) == ("batch/v1", "Job")


def test_other_types_are_decoded_by_the_same_rules() -> None:
    name = "io.k8s.apimachinery.pkg.apis.meta.v1.DeleteOptions"
    value, complaints = decode_type(name, {"gracePeriodSeconds": 0, "bogus": 1})
    assert value == {"gracePeriodSeconds": 0}
    assert complaints == ['unknown field "bogus"']
    with pytest.raises(DecodeError, match=r"Go value of type v1\.DeleteOptions"):
        decode_type(name, [])


def test_decoding_what_was_decoded_changes_nothing() -> None:
    body = container(resources={"limits": {"cpu": 0.5}}, ports=[{"containerPort": 1}], tty=False)
    once = decoded(JOBS, body)
    assert decoded(JOBS, json.loads(json.dumps(once))) == once
