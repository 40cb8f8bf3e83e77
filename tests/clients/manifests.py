"""Objects that the clients create, as the JSON they send."""

from typing import Any


def shell(script: str, **container: Any) -> dict[str, Any]:
    """A pod spec that runs a script once."""
    one = {"name": "main", "image": "busybox", "command": ["sh", "-c", script], **container}
    return {"restartPolicy": "Never", "containers": [one]}


def job(name: str, pod_spec: dict[str, Any], **spec: Any) -> dict[str, Any]:
    """A Job of such pods."""
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": name, "labels": {"made-by": "a-client"}},
        "spec": {"backoffLimit": 0, **spec, "template": {"spec": pod_spec}},
    }


def paused_job(name: str, **labels: str) -> dict[str, Any]:
    """A Job that stays as it is until somebody resumes it."""
    found = job(name, shell("true"), suspend=True)
    found["metadata"]["labels"] = labels
    return found


WAITS = "trap 'exit 0' TERM; while :; do sleep 0.05; done"
"""Runs until it is asked to stop, and then stops at once."""
