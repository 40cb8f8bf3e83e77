import pytest

from localjobs.admission.validation.pod_spec import validate_pod_spec
from localjobs.admission.validation.pod_template import validate_pod_template
from localjobs.api.objects import Object
from tests.admission.validation.written import CONTAINER, job, pod_spec, spec_errors, texts

DNS = "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters"


def test_an_ordinary_spec_breaks_no_rule() -> None:
    assert spec_errors() == []


@pytest.mark.parametrize(
    ("members", "path", "start"),
    [
        ({"serviceAccountName": "A"}, "serviceAccountName", f'Invalid value: "A": {DNS}'),
        ({"serviceAccount": "A"}, "serviceAccountName", f'Invalid value: "A": {DNS}'),
        ({"nodeName": "A"}, "nodeName", f'Invalid value: "A": {DNS}'),
        ({"priorityClassName": "A"}, "priorityClassName", f'Invalid value: "A": {DNS}'),
        ({"runtimeClassName": ""}, "runtimeClassName", f'Invalid value: "": {DNS}'),
        ({"hostname": "a.b"}, "hostname", 'Invalid value: "a.b": must not contain dots'),
        ({"subdomain": "a.b"}, "subdomain", 'Invalid value: "a.b": must not contain dots'),
        (
            {"activeDeadlineSeconds": 0},
            "activeDeadlineSeconds",
            "Invalid value: 0: must be between 1 and 2147483647, inclusive",
        ),
        (
            {"preemptionPolicy": "Maybe"},
            "preemptionPolicy",
            'Unsupported value: "Maybe": supported values: "PreemptLowerPriority", "Never"',
        ),
        (
            {"dnsPolicy": "Local"},
            "dnsPolicy",
            (
                'Unsupported value: "Local": supported values: "ClusterFirstWithHostNet", '
                '"ClusterFirst", "Default", "None"'
            ),
        ),
        (
            {"nodeSelector": {"a": "-"}},
            "nodeSelector",
            'Invalid value: "-": a valid label must be an empty string',
        ),
        (
            {"overhead": {"gpu": "1"}},
            "overhead.limits[gpu]",
            'Invalid value: "gpu": must be a standard resource type or fully qualified',
        ),
        (
            {"readinessGates": [{"conditionType": "a b"}]},
            "readinessGates[0].conditionType",
            'Invalid value: "a b": name part must consist of',
        ),
        (
            {"schedulingGates": [{"name": "a"}, {"name": "a"}]},
            "schedulingGates[1]",
            'Duplicate value: "a"',
        ),
    ],
)
def test_a_member(members: Object, path: str, start: str) -> None:
    found = spec_errors(**members)
    assert found
    assert found[0].startswith(f"spec.{path}: {start}")


def test_a_spec_that_was_not_defaulted() -> None:
    bare = {"containers": [CONTAINER]}
    assert texts(validate_pod_spec(bare, "s")) == [
        "s.terminationGracePeriodSeconds: Required value",
        "s.containers[0].terminationMessagePolicy: Required value",
        "s.containers[0].imagePullPolicy: Required value",
        "s.restartPolicy: Required value",
        "s.dnsPolicy: Required value",
    ]
    empty = {**pod_spec(), "preemptionPolicy": ""}
    assert texts(validate_pod_spec(empty, "s")) == ["s.preemptionPolicy: Required value"]


def test_rules_come_in_upstreams_order() -> None:
    found = spec_errors(
        hostAliases=[{"ip": "x"}],
        tolerations=[{}],
        affinity={"podAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [{}]}},
        dnsPolicy="X",
        volumes=[{"name": "", "emptyDir": {}}],
        containers=[],
        runtimeClassName="A",
        os={"name": "x"},
    )
    order = list(dict.fromkeys(text.split(":")[0].split("[")[0].split(".")[1] for text in found))
    assert order == [
        "volumes",
        "containers",
        "dnsPolicy",
        "affinity",
        "tolerations",
        "hostAliases",
        "runtimeClassName",
        "os",
    ]


def test_a_template_has_no_ephemeral_containers_and_its_labels_lack_metadata_in_their_path() -> (
    None
):
    template = {
        "metadata": {"labels": {"a": "-"}, "annotations": {"a b": ""}},
        "spec": {"ephemeralContainers": [{"name": "e", "image": "i"}]},
    }
    found = texts(validate_pod_template(job(template=template)["spec"]["template"], "t"))
    assert [text.partition(": ")[0] for text in found] == [
        "t.labels",
        "t.annotations",
        "t.spec.ephemeralContainers",
    ]
    assert found[-1].endswith("Forbidden: ephemeral containers not allowed in pod template")
