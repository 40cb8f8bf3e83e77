"""Names of resources: standard, extended, huge pages (core/helper/helpers.go)."""

from __future__ import annotations

from functools import lru_cache

from localjobs.api import names, quantity

HUGE_PAGES = "hugepages-"

CONTAINER_RESOURCES = frozenset({"cpu", "memory", "ephemeral-storage"})
_COUNTED = frozenset(
    {
        "pods",
        "resourcequotas",
        "services",
        "replicationcontrollers",
        "secrets",
        "configmaps",
        "persistentvolumeclaims",
        "services.nodeports",
        "services.loadbalancers",
    }
)
_STANDARD = (
    CONTAINER_RESOURCES
    | _COUNTED
    | {f"{side}.{name}" for side in ("requests", "limits") for name in CONTAINER_RESOURCES}
    | {"storage", "requests.storage"}
)
POD_RESOURCES = ("cpu", "memory")
"""Resources that a pod as a whole can ask for, beside huge pages."""


def is_huge_page(name: str) -> bool:
    """Whether it is memory in pages of one size."""
    return name.startswith(HUGE_PAGES)


def is_native(name: str) -> bool:
    """Whether Kubernetes itself defines it."""
    return "/" not in name or "kubernetes.io/" in name


@lru_cache(maxsize=1024)
def is_extended(name: str) -> bool:
    """Whether a vendor defines it, such as `acme.io/gpu`."""
    if is_native(name) or name.startswith("requests."):
        return False
    return not names.qualified_name_errors(f"requests.{name}")


def is_counted(name: str) -> bool:
    """Whether it comes in whole numbers only."""
    return name in _COUNTED or is_extended(name)


def is_overcommit_allowed(name: str) -> bool:
    """Whether a request may be lower than the limit."""
    return is_native(name) and not is_huge_page(name)


def is_divisible(name: str, amount: quantity.Quantity) -> bool:
    """Whether the amount is a whole number of the huge pages that the name tells."""
    try:
        page = quantity.parse(name.removeprefix(HUGE_PAGES))
    except quantity.QuantityError:
        return False
    if page.nanos <= 0 or page.milli_value % 1000:
        return False
    return amount.value % page.value == 0


@lru_cache(maxsize=1024)
def resource_name_errors(name: str) -> tuple[str, ...]:
    """What is wrong with the name of any resource."""
    problems = names.qualified_name_errors(name)
    if problems:
        return tuple(problems)
    is_standard = name in _STANDARD or name.startswith((HUGE_PAGES, f"requests.{HUGE_PAGES}"))
    if "/" in name or is_standard:
        return ()
    return ("must be a standard resource type or fully qualified",)


@lru_cache(maxsize=1024)
def container_resource_name_errors(name: str) -> tuple[str, ...]:
    """What is wrong with the name of a resource that a container asks for."""
    problems = resource_name_errors(name)
    if name.count("/") == 0:
        if name not in CONTAINER_RESOURCES and not is_huge_page(name):
            return (*problems, "must be a standard resource for containers")
    elif not is_native(name) and not is_extended(name):
        return (*problems, "doesn't follow extended resource name standard")
    return problems
