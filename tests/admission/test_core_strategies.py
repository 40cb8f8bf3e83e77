from __future__ import annotations

from typing import Any

import pytest

from localjobs.api.objects import with_metadata
from localjobs.api.resources import EVENTS, NAMESPACES, NODES, SERVICES
from localjobs.errors import Invalid
from tests.admission.samples import NOW_TEXT, changed, created, updated


def test_a_namespace_is_active_and_held_by_a_finalizer() -> None:
    namespace = created(NAMESPACES, {"metadata": {"name": "n"}, "status": {"phase": "Odd"}})
    assert namespace["spec"] == {"finalizers": ["kubernetes"]}
    assert namespace["status"] == {"phase": "Active"}
    with pytest.raises(Invalid, match="must not contain dots"):
        created(NAMESPACES, {"metadata": {"name": "a.b"}})


def test_a_namespace_s_phase_follows_from_its_deletion() -> None:
    old = created(NAMESPACES, {"metadata": {"name": "n"}})
    with pytest.raises(Invalid, match="may only be 'Active' if `deletionTimestamp` is empty"):
        updated(NAMESPACES, old, changed(old, "status", "phase", to="Terminating"), "status")
    ending = with_metadata(old, deletionTimestamp=NOW_TEXT)
    new = changed(ending, "status", "phase", to="Terminating")
    assert updated(NAMESPACES, ending, new, "status")["status"]["phase"] == "Terminating"
    with pytest.raises(Invalid, match="may only be 'Terminating'"):
        updated(NAMESPACES, ending, ending, "status")


def test_an_event_lives_with_what_it_is_about() -> None:
    def event(namespace: str) -> Any:
        return {"metadata": {"name": "e"}, "involvedObject": {"namespace": namespace}}

    assert created(EVENTS, event("default"))
    assert created(EVENTS, event(""))
    with pytest.raises(Invalid, match=r"does not match event\.namespace"):
        created(EVENTS, event("other"))
    with pytest.raises(Invalid, match=r"does not match event\.namespace"):
        created(EVENTS, event(""), "n")


def test_a_service_without_an_address() -> None:
    body = {"metadata": {"name": "s"}, "spec": {"clusterIP": "None", "ports": [{"port": 80}]}}
    service = created(SERVICES, body)
    assert service["spec"]["clusterIPs"] == ["None"]
    assert service["status"] == {"loadBalancer": {}}
    with pytest.raises(Invalid, match="must be between 1 and 65535, inclusive"):
        created(SERVICES, changed(body, "spec", "ports", to=[{"port": 0}]))
    with pytest.raises(Invalid, match="a DNS-1035 label"):
        created(SERVICES, changed(body, "metadata", "name", to="1s"))


def test_a_node_keeps_its_provider() -> None:
    old = created(NODES, {"metadata": {"name": "n"}, "spec": {"providerID": "a"}})
    with pytest.raises(Invalid, match="node updates may not change providerID"):
        updated(NODES, old, changed(old, "spec", "providerID", to="b"))
    status = {"nodeInfo": old["status"]["nodeInfo"], "phase": "Running"}
    assert updated(NODES, old, changed(old, "status", to=status))["status"] == old["status"]
    assert updated(NODES, old, changed(old, "status", "phase", to="Running"), "status")["status"][
        "phase"
    ] == ("Running")
