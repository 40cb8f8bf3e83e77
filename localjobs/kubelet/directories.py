"""Where the kubelet keeps what: logs by Job, volumes and messages by pod.

    <root>/logs/<namespace>/<owner name>_<owner uid>/<pod>_<container>_<attempt>.log
    <root>/pods/<pod uid>/...

The owner is the pod's Job, or the pod itself if it has none. All logs of a Job are in one folder:
they outlive its pods and go with the Job.
"""

from __future__ import annotations

from localjobs.api.objects import Object


def log_folder(root: str, owner: Object) -> str:
    """The folder with the logs of a Job, or of a pod that belongs to none.

    `owner` is the Job's or the pod's metadata, or an owner reference beside a namespace.
    """
    # Whoever makes a pod of its own writes what he likes into its owner references.
    name = f"{owner['name']}_{owner['uid']}".replace("/", "_")
    return f"{root}/logs/{owner['namespace']}/{name}"


def log_path(root: str, pod: Object, container: str, attempt: int) -> str:
    """The log of one attempt of one container."""
    meta = pod["metadata"]
    owner = meta
    for reference in meta.get("ownerReferences") or ():
        if reference.get("controller"):
            owner = {**reference, "namespace": meta.get("namespace", "")}
            break
    return f"{log_folder(root, owner)}/{meta['name']}_{container}_{attempt}.log"


def pod_folder(root: str, uid: str) -> str:
    """The folder with the volumes of a pod and the files its containers write messages to."""
    return f"{root}/pods/{uid}"


def message_file(root: str, uid: str, container: str, attempt: int) -> str:
    """The file that a container's attempt sees at its terminationMessagePath."""
    return f"{pod_folder(root, uid)}/messages/{container}_{attempt}"


def telling_log(root: str, pod: Object) -> str:
    """The log to look at first: of the container that failed, else of the first one."""
    status = pod.get("status") or {}
    statuses = [
        *(status.get("initContainerStatuses") or ()),
        *(status.get("containerStatuses") or ()),
    ]
    failed = (one for one in statuses if _exit_code(one) not in (None, 0))
    first = pod["spec"]["containers"][0]["name"]
    shown = next(failed, next((one for one in statuses if one["name"] == first), None))
    if shown is None:
        return log_path(root, pod, first, 0)
    return log_path(root, pod, shown["name"], shown.get("restartCount", 0))


def _exit_code(container_status: Object) -> int | None:
    ended = (container_status.get("state") or {}).get("terminated") or {}
    code: int | None = ended.get("exitCode")
    return code
