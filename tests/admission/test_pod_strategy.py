from __future__ import annotations

from typing import Any

import pytest

from localjobs.admission.create import admit_create
from localjobs.api.objects import with_status
from localjobs.api.resources import PODS
from localjobs.errors import Forbidden, Invalid
from tests.admission.samples import NOW_TEXT, OPTIONS, STAMP, changed, created, pod, updated


def refusal(**spec: Any) -> Forbidden:
    with pytest.raises(Forbidden) as caught:
        created(PODS, pod(**spec))
    return caught.value


def test_a_new_pod_is_pending_with_what_a_cluster_fills_in() -> None:
    made = created(PODS, {**pod(), "status": {"phase": "Running"}})
    assert made["status"] == {"phase": "Pending", "qosClass": "BestEffort"}
    assert made["metadata"]["generation"] == 1
    spec = {name: value for name, value in made["spec"].items() if name != "containers"}
    assert spec == {
        "dnsPolicy": "ClusterFirst",
        "enableServiceLinks": True,
        "preemptionPolicy": "PreemptLowerPriority",
        "priority": 0,
        "restartPolicy": "Never",
        "schedulerName": "default-scheduler",
        "securityContext": {},
        "serviceAccount": "default",
        "serviceAccountName": "default",
        "terminationGracePeriodSeconds": 30,
        "tolerations": [
            {
                "key": f"node.kubernetes.io/{taint}",
                "operator": "Exists",
                "effect": "NoExecute",
                "tolerationSeconds": 300,
            }
            for taint in ("not-ready", "unreachable")
        ],
    }


def test_tolerations_that_cover_a_taint_are_not_doubled() -> None:
    everything = [{"operator": "Exists"}]
    assert created(PODS, pod(tolerations=everything))["spec"]["tolerations"] == everything
    mine = {"key": "node.kubernetes.io/not-ready", "operator": "Exists"}
    tolerations = created(PODS, pod(tolerations=[mine]))["spec"]["tolerations"]
    assert [one["key"] for one in tolerations] == [mine["key"], "node.kubernetes.io/unreachable"]


def test_a_gated_pod_says_so() -> None:
    made = created(PODS, pod(schedulingGates=[{"name": "acme.io/g"}]))
    (condition,) = made["status"]["conditions"]
    assert condition["reason"] == "SchedulingGated"
    assert condition["lastTransitionTime"] == NOW_TEXT


def test_spread_keys_become_part_of_the_selector() -> None:
    constraint = {
        "maxSkew": 1,
        "topologyKey": "zone",
        "whenUnsatisfiable": "DoNotSchedule",
        "labelSelector": {"matchLabels": {"a": "b"}},
        "matchLabelKeys": ["hash", "missing"],
    }
    body = pod(topologySpreadConstraints=[constraint])
    body["metadata"]["labels"] = {"hash": "1"}
    (made,) = created(PODS, body)["spec"]["topologySpreadConstraints"]
    assert made["labelSelector"]["matchExpressions"] == [
        {"key": "hash", "operator": "In", "values": ["1"]}
    ]


def test_what_the_plugins_refuse() -> None:
    error = refusal(priorityClassName="gold")
    assert error.message == 'pods "p" is forbidden: no PriorityClass with name gold was found'
    assert error.details is not None
    assert (error.details.name, error.details.kind) == ("p", "pods")
    assert "(5) must not be provided in pod spec" in refusal(priority=5).message
    assert "(Never) must not be provided" in refusal(preemptionPolicy="Never").message
    assert 'RuntimeClass "kata" not found' in refusal(runtimeClassName="kata").message
    critical = created(PODS, pod(priorityClassName="system-node-critical"))
    assert critical["spec"]["priority"] == 2_000_001_000


def test_nearly_all_of_a_spec_stays() -> None:
    old = created(PODS, pod())
    with pytest.raises(Invalid, match="pod updates may not change fields other than"):
        updated(PODS, old, changed(old, "spec", "nodeSelector", to={"a": "b"}))
    new = updated(PODS, old, changed(old, "spec", "activeDeadlineSeconds", to=5))
    assert new["metadata"]["generation"] == 2


def test_a_status_keeps_owners_class_and_spec() -> None:
    old = created(PODS, pod())
    body = changed(with_status(old, {"phase": "Running"}), "spec", "nodeName", to="elsewhere")
    owner = {"apiVersion": "v1", "kind": "Pod", "name": "p", "uid": "u"}
    new = updated(PODS, old, changed(body, "metadata", "ownerReferences", to=[owner]), "status")
    assert new["status"] == {"phase": "Running", "qosClass": "BestEffort"}
    assert new["spec"] == old["spec"]
    assert "ownerReferences" not in new["metadata"]


def test_a_name_that_is_no_label_is_warned_of() -> None:
    warnings = admit_create(PODS, "default", pod("a.b"), OPTIONS, STAMP).warnings
    assert warnings == (
        (
            "metadata.name: this is used in the Pod's hostname, which can result in surprising "
            "behavior; a DNS label is recommended: [must not contain dots]"
        ),
    )
