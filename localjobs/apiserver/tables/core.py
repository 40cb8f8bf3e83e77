"""The small kinds of the core group as rows (printers.go)."""

from collections.abc import Iterable

from localjobs.api.objects import Object, labels, metadata, name
from localjobs.apiserver.tables.table import AGE, NAME, NONE, UNKNOWN, Column, Printer, Row, age

_ROLE_PREFIX = "node-role.kubernetes.io/"
_OLD_ROLE = "kubernetes.io/role"


def _namespace(obj: Object, now: float) -> Row:
    phase = obj.get("status", {}).get("phase", "")
    return Row((name(obj), phase, age(obj, now)))


def _node(obj: Object, now: float) -> Row:
    status = obj.get("status", {})
    info = status.get("nodeInfo") or {}
    addresses = {one["type"]: one["address"] for one in status.get("addresses") or ()}
    return Row(
        (
            name(obj),
            _node_status(obj),
            ",".join(_roles(obj)) or NONE,
            age(obj, now),
            info.get("kubeletVersion", ""),
            addresses.get("InternalIP", NONE),
            addresses.get("ExternalIP", NONE),
            info.get("osImage") or UNKNOWN,
            info.get("kernelVersion") or UNKNOWN,
            info.get("containerRuntimeVersion") or UNKNOWN,
        )
    )


def _node_status(node: Object) -> str:
    conditions = node.get("status", {}).get("conditions") or ()
    ready = next((one for one in conditions if one["type"] == "Ready"), None)
    words = ["Unknown" if ready is None else "Ready" if ready["status"] == "True" else "NotReady"]
    if node.get("spec", {}).get("unschedulable"):
        words.append("SchedulingDisabled")
    return ",".join(words)


def _roles(node: Object) -> Iterable[str]:
    """What labels say of the node's part, in the usual form or in the old one."""
    held = labels(node)
    found = {key.removeprefix(_ROLE_PREFIX) for key in held if key.startswith(_ROLE_PREFIX)}
    return sorted(filter(None, {*found, held.get(_OLD_ROLE, "")}))


def _configmap(obj: Object, now: float) -> Row:
    count = len(obj.get("data") or ()) + len(obj.get("binaryData") or ())
    return Row((name(obj), count, age(obj, now)))


def _secret(obj: Object, now: float) -> Row:
    count = len(obj.get("data") or ())
    return Row((name(obj), obj.get("type", ""), count, age(obj, now)))


def _service_account(obj: Object, now: float) -> Row:
    return Row((name(obj), len(obj.get("secrets") or ()), age(obj, now)))


def _service(obj: Object, now: float) -> Row:
    spec = obj.get("spec", {})
    ports = ",".join(f"{one['port']}/{one.get('protocol', 'TCP')}" for one in spec.get("ports", ()))
    selector = ",".join(f"{k}={v}" for k, v in sorted((spec.get("selector") or {}).items()))
    return Row(
        (
            name(obj),
            spec.get("type", "ClusterIP"),
            spec.get("clusterIP") or NONE,
            NONE,
            ports or NONE,
            age(obj, now),
            selector or NONE,
        )
    )


def _any(obj: Object, now: float) -> Row:
    return Row((name(obj), metadata(obj).get("creationTimestamp", "")))


NAMESPACE = Printer((NAME, Column("Status", "The status of the namespace"), AGE), _namespace)
NODE = Printer(
    (
        NAME,
        Column("Status", "The status of the node"),
        Column("Roles", "The roles of the node"),
        AGE,
        Column("Version", "The version of the node's kubelet."),
        Column("Internal-IP", "The node's address inside.", priority=1),
        Column("External-IP", "The node's address outside.", priority=1),
        Column("OS-Image", "The node's operating system.", priority=1),
        Column("Kernel-Version", "The node's kernel.", priority=1),
        Column("Container-Runtime", "What runs the node's containers.", priority=1),
    ),
    _node,
)
CONFIGMAP = Printer((NAME, Column("Data", "How many keys it holds."), AGE), _configmap)
SECRET = Printer(
    (
        NAME,
        Column("Type", "What the secret is for."),
        Column("Data", "How many keys it holds."),
        AGE,
    ),
    _secret,
)
SERVICEACCOUNT = Printer(
    (NAME, Column("Secrets", "How many secrets its pods may use."), AGE), _service_account
)
SERVICE = Printer(
    (
        NAME,
        Column("Type", "How the service is exposed."),
        Column("Cluster-IP", "Its address inside."),
        Column("External-IP", "Its address outside."),
        Column("Port(s)", "Its ports."),
        AGE,
        Column("Selector", "The pods behind it.", priority=1),
    ),
    _service,
)
ANY = Printer((NAME, Column("Created At", AGE.description, type="date")), _any)
