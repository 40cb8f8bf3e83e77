"""Jobs for the verbs to talk about, as manifests."""

import json
from typing import Any


def manifest(name: str, script: str, restart: str = "Never", **spec: Any) -> str:
    """A Job of one container that runs a shell script."""
    container = {"name": "c", "image": "busybox", "command": ["sh", "-c", script]}
    return manifest_of(name, [container], restart, **spec)


def manifest_of(
    name: str, containers: list[dict[str, Any]], restart: str = "Never", **spec: Any
) -> str:
    """A Job of these containers."""
    pod = {
        "restartPolicy": restart,
        "terminationGracePeriodSeconds": 1,
        "containers": containers,
    }
    return json.dumps(
        {
            "apiVersion": "batch/v1",
            "kind": "Job",
            "metadata": {"name": name, "namespace": spec.pop("namespace", "default")},
            "spec": {"template": {"spec": pod}, **spec},
        }
    )
