"""Every kubectl of this machine does with Jobs what people do with them."""

import json
import shlex
import sys
from pathlib import Path
from typing import Any

from tests.kubectl.client import Kubectl, minor_version


def job(name: str, script: str = "true", **spec: Any) -> str:
    """A Job that runs a shell script, as a manifest."""
    container = {"name": "main", "image": "busybox:1", "command": ["sh", "-c", script]}
    pod = {"restartPolicy": "Never", "terminationGracePeriodSeconds": 1, "containers": [container]}
    return json.dumps(
        {
            "apiVersion": "batch/v1",
            "kind": "Job",
            "metadata": {"name": name, "labels": {"team": "a"}},
            "spec": {**spec, "template": {"spec": pod}},
        }
    )


ENDLESS = "echo begun; exec sleep 600"
INDEXED = {"completions": 2, "parallelism": 2, "completionMode": "Indexed"}


def applied(kubectl: Kubectl, *manifests: str) -> None:
    listed = {"apiVersion": "v1", "kind": "List", "items": [json.loads(one) for one in manifests]}
    kubectl("apply", "-f", "-", stdin=json.dumps(listed))


def read(kubectl: Kubectl, name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(kubectl("get", "job", name, "-o", "json"))
    return found


def test_apply_follow_and_look(kubectl: Kubectl) -> None:
    manifest = job("ok", "echo hello $JOB_COMPLETION_INDEX", **INDEXED)
    assert kubectl("apply", "-f", "-", stdin=manifest) == "job.batch/ok created"
    assert kubectl("apply", "-f", "-", stdin=manifest) == "job.batch/ok unchanged"
    waited = kubectl("wait", "--for=condition=complete", "job/ok", "--timeout=30s")
    assert waited == "job.batch/ok condition met"

    heading, row = kubectl("get", "jobs").splitlines()
    assert heading.split() == ["NAME", "STATUS", "COMPLETIONS", "DURATION", "AGE"]
    assert row.split()[:3] == ["ok", "Complete", "2/2"]
    assert kubectl("get", "jobs", "-o", "wide").splitlines()[1].split()[5:7] == [
        "main",
        "busybox:1",
    ]
    assert "completedIndexes: 0,1\n" in kubectl("get", "job", "ok", "-o", "yaml")
    path = "jsonpath={.status.succeeded} {.status.conditions[*].type}"
    assert kubectl("get", "job", "ok", "-o", path) == "2 SuccessCriteriaMet Complete"
    columns = "custom-columns=N:.metadata.name,P:.status.phase"
    pods = kubectl("get", "pods", "-l", "job-name=ok", "-o", columns, "--no-headers")
    assert [line.split()[1] for line in pods.splitlines()] == ["Succeeded", "Succeeded"]
    assert kubectl("get", "jobs", "-l", "team notin (b)", "-o", "name") == "job.batch/ok"
    logs = kubectl("logs", "-l", "batch.kubernetes.io/job-completion-index=1")
    assert logs == "hello 1"


def test_describe_and_events(kubectl: Kubectl) -> None:
    applied(kubectl, job("bad", "exit 3", backoffLimit=0))
    kubectl("wait", "--for=condition=failed", "job/bad", "--timeout=30s")
    described = kubectl("describe", "job", "bad")
    assert "Pods Statuses:    0 Active (0 Ready) / 0 Succeeded / 1 Failed" in described
    events = described.partition("Events:\n")[2].splitlines()[2:]
    assert [line.split()[1] for line in events] == ["SuccessfulCreate", "BackoffLimitExceeded"]
    pod = kubectl("describe", "pod", "-l", "job-name=bad")
    assert "Controlled By:  Job/bad" in pod
    assert "Exit Code:    3" in pod
    told = kubectl("events", "--for", "job/bad", "--types=Warning")
    assert told.splitlines()[1].endswith("Job has reached the specified backoff limit")
    selector = "involvedObject.kind=Job,reason=BackoffLimitExceeded"
    found = kubectl("get", "events", "--field-selector", selector, "-o", "name")
    assert found.startswith("event/bad.")


def test_describe_the_namespace_and_the_node(kubectl: Kubectl) -> None:
    lines = kubectl("describe", "namespace", kubectl.namespace).splitlines()
    assert f"Name:         {kubectl.namespace}" in lines
    assert lines[-3:] == ["No resource quota.", "", "No LimitRange resource."]
    assert kubectl("get", "quota,limits") == ""
    node = kubectl("describe", "node")
    assert "Ready            True" in node
    assert "Unschedulable:      false" in node


def test_create_and_its_refusals(kubectl: Kubectl) -> None:
    create = ("create", "-f", "-")
    dry = kubectl(*create, "--dry-run=server", "-o", "name", stdin=job("a"))
    assert dry == "job.batch/a"
    assert kubectl(*create, stdin=job("a")) == "job.batch/a created"
    assert 'jobs.batch "a" already exists' in kubectl.refused(*create, stdin=job("a"))
    assert 'strict decoding error: unknown field "spec.completionz"' in kubectl.refused(
        *create, stdin=job("b", completionz=1)
    )
    assert kubectl.refused(*create, stdin=job("b", parallelism=-1)) == (
        'The Job "b" is invalid: spec.parallelism: '
        "Invalid value: -1: must be greater than or equal to 0"
    )
    made = kubectl("create", "job", "made", "--image=busybox:1", "--", "echo", "made it")
    assert made == "job.batch/made created"
    kubectl("wait", "--for=condition=complete", "job/made", "--timeout=30s")
    assert kubectl("logs", "job/made") == "made it"
    other = job("x").replace("batch/v1", "batch/v9")
    assert 'no matches for kind "Job" in version "batch/v9"' in kubectl.refused(
        *create, stdin=other
    )


def test_change_what_is_there(kubectl: Kubectl) -> None:
    applied(kubectl, job("run", ENDLESS))
    assert kubectl("label", "job", "run", "x=1") == "job.batch/run labeled"
    said = kubectl("annotate", "job", "run", "why=test")
    assert said.startswith("job.batch/run annotate")  # 1.27 drops the "d"
    strategic = kubectl("patch", "job", "run", "-p", '{"spec":{"parallelism":2}}')
    assert strategic == "job.batch/run patched"
    kubectl("patch", "job", "run", "--type=merge", "-p", '{"spec":{"backoffLimit":3}}')
    operations = '[{"op":"replace","path":"/spec/ttlSecondsAfterFinished","value":50}]'
    refused = kubectl.refused("patch", "job", "run", "--type=json", "-p", operations)
    assert "the server rejected our request" in refused
    kubectl("patch", "job", "run", "--type=json", "-p", operations.replace("replace", "add"))
    changed = read(kubectl, "run")
    assert changed["metadata"]["labels"] == {"team": "a", "x": "1"}
    assert changed["metadata"]["annotations"]["why"] == "test"
    spec = {key: changed["spec"].get(key) for key in ("parallelism", "backoffLimit")}
    assert spec == {"parallelism": 2, "backoffLimit": 3}
    assert changed["spec"]["ttlSecondsAfterFinished"] == 50
    kubectl("patch", "job", "run", "-p", '{"spec":{"suspend":true}}')
    kubectl("wait", "--for=condition=suspended", "job/run", "--timeout=30s")
    assert "field is immutable" in kubectl.refused(
        "patch", "job", "run", "-p", '{"spec":{"completions":5}}'
    )


def test_edit(kubectl: Kubectl, tmp_path: Path) -> None:
    applied(kubectl, job("run", ENDLESS))
    script = tmp_path / "edit.py"
    script.write_text(
        "import pathlib, sys\n"
        "file = pathlib.Path(sys.argv[-1])\n"
        "file.write_text(file.read_text().replace('backoffLimit: 6', 'backoffLimit: 2'))\n"
    )
    editor = shlex.join((sys.executable, str(script)))
    edited = kubectl("edit", "job", "run", environment={"KUBE_EDITOR": editor})
    assert edited == "job.batch/run edited"
    assert read(kubectl, "run")["spec"]["backoffLimit"] == 2


def test_apply_changes_and_show_them_first(kubectl: Kubectl) -> None:
    applied(kubectl, job("run", ENDLESS))
    changed = job("run", ENDLESS, activeDeadlineSeconds=500).replace('"team": "a"', '"team": "b"')
    shown = kubectl.run("diff", "-f", "-", stdin=changed)
    assert shown.code == 1, shown
    lines = [line for line in shown.out.splitlines() if line[:2] in ("+ ", "- ")]
    assert [line.split() for line in lines if "generation" not in line] == [
        ["-", "team:", "a"],
        ["+", "team:", "b"],
        ["+", "activeDeadlineSeconds:", "500"],
    ]
    assert kubectl("apply", "-f", "-", stdin=changed) == "job.batch/run configured"
    assert kubectl.run("diff", "-f", "-", stdin=changed).code == 0
    assert kubectl("apply", "-f", "-", stdin=job("run", ENDLESS)) == "job.batch/run configured"
    assert "activeDeadlineSeconds" not in read(kubectl, "run")["spec"]


def test_replace(kubectl: Kubectl) -> None:
    applied(kubectl, job("run", ENDLESS))
    assert "spec.selector: Required value" in kubectl.refused(
        "replace", "-f", "-", stdin=job("run", "true")
    )
    current = read(kubectl, "run")
    current["spec"]["parallelism"] = 0
    assert kubectl("replace", "-f", "-", stdin=json.dumps(current)) == "job.batch/run replaced"
    forced = kubectl("replace", "--force", "-f", "-", stdin=job("run", "true"))
    assert forced.splitlines() == ['job.batch "run" deleted', "job.batch/run replaced"]
    kubectl("wait", "--for=condition=complete", "job/run", "--timeout=30s")


def test_apply_on_the_server(kubectl: Kubectl) -> None:
    apply = ("apply", "--server-side", "-f", "-")
    assert kubectl(*apply, stdin=job("own", suspend=True)) == "job.batch/own serverside-applied"
    kubectl("patch", "job", "own", "-p", '{"spec":{"backoffLimit":1}}')
    mine = job("own", suspend=True, backoffLimit=4)
    refused = kubectl.refused(*apply, stdin=mine)
    assert refused.startswith(
        'error: Apply failed with 1 conflict: conflict with "kubectl-patch" using batch/v1:'
        " .spec.backoffLimit"
    )
    kubectl(*apply, "--force-conflicts", stdin=mine)
    assert read(kubectl, "own")["spec"]["backoffLimit"] == 4
    kubectl(*apply, stdin=job("own", suspend=True))
    assert read(kubectl, "own")["spec"]["backoffLimit"] == 6


def test_watch(kubectl: Kubectl) -> None:
    applied(kubectl, job("run", ENDLESS))
    words = ("get", "jobs", "--watch", "-o", "custom-columns=N:.metadata.name,S:.spec.suspend")
    with kubectl.following(*words) as lines:
        assert next(lines).split() == ["N", "S"]
        assert next(lines).split() == ["run", "false"]
        kubectl("patch", "job", "run", "-p", '{"spec":{"suspend":true}}')
        assert any(line.split() == ["run", "true"] for line in lines)
    with kubectl.following("get", "jobs", "--watch") as lines:
        assert next(lines).split()[:2] == ["NAME", "STATUS"]
        assert next(lines).split()[:2] == ["run", "Suspended"]
        kubectl("create", "job", "new", "--image=busybox:1", "--", "true")
        assert any(line.split()[:3] == ["new", "Complete", "1/1"] for line in lines)


def test_follow_logs(kubectl: Kubectl, tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    until_then = f"until [ -e {gate} ]; do sleep 0.02; done"
    applied(kubectl, job("run", f"echo one; echo two >&2; {until_then}; echo three"))
    kubectl("wait", "--for=jsonpath={.status.ready}=1", "job/run", "--timeout=30s")
    with kubectl.following("logs", "--follow", "job/run") as lines:
        assert [next(lines), next(lines)] == ["one\n", "two\n"]
        gate.touch()
        assert list(lines) == ["three\n"]
    assert kubectl("logs", "job/run", "--tail=1") == "three"
    stamped = kubectl("logs", "job/run", "--timestamps", "--limit-bytes=20")
    assert stamped[4] == stamped[7] == "-"
    assert "previous terminated container" in kubectl.refused("logs", "job/run", "--previous")


def test_explain(kubectl: Kubectl) -> None:
    explained = kubectl("explain", "job.spec.backoffLimit")
    assert "How many pods may fail before the Job does." in explained
    assert "FIELD: backoffLimit <integer>" in explained
    recursive = kubectl("explain", "job.spec.podFailurePolicy", "--recursive")
    assert "onExitCodes\t<PodFailurePolicyOnExitCodesRequirement>" in recursive
    assert 'field "nope" does not exist' in kubectl.refused("explain", "job.spec.nope")
    assert "DESCRIPTION:" in kubectl("explain", "pods")


def test_rights_and_discovery(kubectl: Kubectl) -> None:
    assert kubectl("auth", "can-i", "create", "jobs") == "yes"
    assert kubectl("auth", "can-i", "--list").splitlines()[0].split()[0] == "Resources"
    if minor_version(kubectl.binary) != "1.27":  # it knows the beta of the review alone
        assert "system:masters" in kubectl("auth", "whoami")
    names = kubectl("api-resources", "-o", "name").splitlines()
    assert {"jobs.batch", "cronjobs.batch", "pods", "events"} <= set(names)
    assert "batch/v1" in kubectl("api-versions").splitlines()
    assert "Server Version" in kubectl("version")
    assert kubectl("get", "all") == ""
    assert kubectl("get", "--raw", "/readyz") == "ok"


def test_delete(kubectl: Kubectl) -> None:
    policies = ("background", "foreground", "orphan")
    applied(kubectl, *(job(policy, ENDLESS) for policy in (*policies, "other")))
    kubectl("wait", "--for=jsonpath={.status.active}=1", "jobs", "--all", "--timeout=30s")
    for policy in policies:
        deleted = kubectl("delete", "job", policy, f"--cascade={policy}")
        assert deleted.startswith(f'job.batch "{policy}" deleted')
    assert kubectl("get", "jobs", "-o", "name") == "job.batch/other"
    deleted = "job-name in (background, foreground)"
    kubectl("wait", "--for=delete", "pods", "-l", deleted, "--timeout=30s")
    assert kubectl("get", "pods", "-l", "job-name=orphan", "-o", "name").startswith("pod/orphan-")
    assert kubectl("delete", "jobs", "--all").startswith('job.batch "other" deleted')
    kubectl("delete", "pods", "--all", "--grace-period=0", "--force")
    assert "not found" in kubectl.refused("delete", "job", "other")
    assert kubectl("delete", "job", "other", "--ignore-not-found") == ""
    deleted = kubectl("delete", "services", "--all", "-n", "default")
    assert deleted.startswith('service "kubernetes" deleted')


def test_try_without_doing(kubectl: Kubectl) -> None:
    applied(kubectl, job("kept", suspend=True))
    for words in (
        ("label", "job", "kept", "x=1"),
        ("patch", "job", "kept", "-p", '{"spec":{"backoffLimit":1}}'),
        ("delete", "job", "kept"),
    ):
        assert kubectl(*words, "--dry-run=server")
    kept = read(kubectl, "kept")
    assert kept["metadata"]["labels"] == {"team": "a"}
    assert kept["spec"]["backoffLimit"] == 6


def test_wait_in_vain(kubectl: Kubectl) -> None:
    applied(kubectl, job("held", suspend=True))
    wait = ("wait", "--for=condition=complete", "--timeout=1s")
    assert kubectl.refused(*wait, "job/held").endswith(
        "timed out waiting for the condition on jobs/held"
    )
    assert 'jobs.batch "nope" not found' in kubectl.refused(*wait, "job/nope")
    assert "no matching resources found" in kubectl.refused(*wait, "jobs", "-l", "x=nope")


def test_what_was_applied_last(kubectl: Kubectl) -> None:
    applied(kubectl, job("one", suspend=True), job("two", suspend=True))
    viewed = kubectl("apply", "view-last-applied", "job/one", "-o", "json")
    assert json.loads(viewed)["spec"]["suspend"] is True
    prune = ("apply", "-f", "-", "--prune", "-l", "team=a", "--prune-allowlist=batch/v1/Job")
    said = kubectl(*prune, stdin=job("one", suspend=True))
    assert said.splitlines() == ["job.batch/one unchanged", "job.batch/two pruned"]


def test_a_cordoned_node_takes_no_pods(kubectl: Kubectl) -> None:
    node = kubectl("get", "nodes", "-o", "jsonpath={.items[0].metadata.name}")
    assert kubectl("cordon", node) == f"node/{node} cordoned"
    try:
        applied(kubectl, job("later"))
        reason = "jsonpath={.status.conditions[0].reason}=Unschedulable"
        kubectl("wait", f"--for={reason}", "pods", "-l", "job-name=later", "--timeout=30s")
    finally:
        assert kubectl("uncordon", node) == f"node/{node} uncordoned"
    kubectl("wait", "--for=condition=complete", "job/later", "--timeout=30s")


def test_health_is_told_check_by_check(kubectl: Kubectl) -> None:
    told = kubectl("get", "--raw", "/readyz?verbose")
    assert told.splitlines() == ["[+]ping ok", "[+]etcd ok", "readyz check passed"]
    assert kubectl("get", "--raw", "/readyz/etcd") == "ok"
