"""Objects as controllers would build them."""

from __future__ import annotations

from typing import Any

from localjobs.api.objects import Object

TIME = "2026-01-01T00:00:00Z"


def job(name: str = "j", namespace: str = "default", **metadata: Any) -> Object:
    meta = {"name": name, "namespace": namespace, "uid": f"uid-{namespace}-{name}", **metadata}
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"generation": 1, "creationTimestamp": TIME, **meta},
        "spec": {"parallelism": 1, "completions": 1},
        "status": {},
    }


def pod(name: str = "p", namespace: str = "default", **metadata: Any) -> Object:
    meta = {"name": name, "namespace": namespace, "uid": f"pod-{namespace}-{name}", **metadata}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"creationTimestamp": TIME, **meta},
        "spec": {"containers": [{"name": "c", "image": "busybox"}]},
        "status": {"phase": "Pending"},
    }


def config_map(name: str = "c", namespace: str = "default", **data: str) -> Object:
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": name, "namespace": namespace, "uid": f"cm-{namespace}-{name}"},
        "data": data,
    }


def namespace(name: str = "default") -> Object:
    return {
        "apiVersion": "v1",
        "kind": "Namespace",
        "metadata": {"name": name, "uid": f"uid-{name}"},
        "spec": {"finalizers": ["kubernetes"]},
        "status": {"phase": "Active"},
    }


def owner(obj: Object) -> Object:
    return {
        "apiVersion": obj["apiVersion"],
        "kind": obj["kind"],
        "name": obj["metadata"]["name"],
        "uid": obj["metadata"]["uid"],
        "controller": True,
    }
