"""Which Kubernetes this is like, and which localjobs it is."""

import platform
from importlib import metadata

from localjobs.api.objects import Object

MAJOR, MINOR = "1", "36"
GIT_VERSION = f"v{MAJOR}.{MINOR}.0"


def version() -> Object:
    """`/version` (apimachinery/pkg/version/types.go). Clients compare it with their own."""
    own = metadata.version("localjobs")
    return {
        "major": MAJOR,
        "minor": MINOR,
        "gitVersion": f"{GIT_VERSION}+localjobs.{own}",
        "gitCommit": "",
        "gitTreeState": "clean",
        "buildDate": "1970-01-01T00:00:00Z",
        "goVersion": f"python{platform.python_version()}",
        "compiler": platform.python_implementation().lower(),
        "platform": f"{platform.system().lower()}/{_architecture()}",
    }


def _architecture() -> str:
    machine = platform.machine().lower()
    return {"x86_64": "amd64", "aarch64": "arm64"}.get(machine, machine)
