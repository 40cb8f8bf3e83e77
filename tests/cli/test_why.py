import json
from typing import Any

from tests.cli.conftest import Localjobs
from tests.cli.manifests import manifest, manifest_of
from tests.daemon.served import Served, until


def test_a_failed_job_names_its_end_the_rule_and_its_events(
    served: Served, localjobs: Localjobs
) -> None:
    rule = {"action": "FailJob", "onExitCodes": {"operator": "In", "values": [42]}}
    served.drop("why-42.json", manifest("why-42", "exit 42", podFailurePolicy={"rules": [rule]}))
    served.finished("why-42.json")
    lines = localjobs("why", "why-42").stdout.splitlines()
    assert lines[0].startswith("job default/why-42: Failed: PodFailurePolicy: Container c for pod")
    assert lines[1] == "failures: 1 failure of 6 that backoffLimit allows"
    assert lines[2] == "pods: 1 Failed"
    assert lines[3].endswith(
        "Failed: exit code 42 (Error); counted: podFailurePolicy rule 0 says FailJob"
    )
    reasons = [line.split()[3] for line in lines[lines.index("events:") + 1 :]]
    assert reasons == ["SuccessfulCreate", "PodFailurePolicy"]


def test_a_job_that_waits_says_what_for(served: Served, localjobs: Localjobs) -> None:
    huge = {
        "name": "c",
        "image": "busybox",
        "resources": {"requests": {"cpu": "900"}},
    }
    lost = {
        "name": "c",
        "image": "busybox",
        "envFrom": [{"configMapRef": {"name": "not-there"}}],
    }
    served.drop("why-huge.json", manifest_of("why-huge", [huge]))
    served.drop("why-lost.json", manifest_of("why-lost", [lost]))

    def says(name: str, *texts: str) -> bool | None:
        told = localjobs("why", name).stdout
        return all(text in told for text in texts) or None

    until(lambda: says("why-huge", "Unschedulable: 0/1 nodes", "FailedScheduling"), "the node")
    missing = 'CreateContainerConfigError: configmap "not-there" not found'
    until(lambda: says("why-lost", missing, "Warning   Failed"), "the ConfigMap")


def test_json_has_times_and_pods(served: Served, localjobs: Localjobs) -> None:
    served.drop("why-json.json", manifest("why-json", "exit 1"))

    def look() -> Any | None:
        told = json.loads(localjobs("why", "why-json", "-o", "json").stdout)
        return told if told["nextRetry"] else None

    told = until(look, "a retry")
    assert told["status"] == "Running"
    assert told["formula"] == told["retries"][0]["formula"]
    (pod,) = told["pods"]
    assert (pod["phase"], pod["failedContainers"]) == ("Failed", ["c"])
    (event,) = told["events"]
    assert event["reason"] == "SuccessfulCreate"
