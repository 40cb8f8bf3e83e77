"""Looks at this machine, once: what its Node is made of."""

from __future__ import annotations

import os
import platform
import shutil
import socket
from pathlib import Path

import psutil

from localjobs.config import ImageRule, Settings
from localjobs.kubelet.environment import base_environment
from localjobs.kubelet.image import ImageMeaning, busybox_images
from localjobs.kubelet.node import Machine, NodeSettings

VERSION = "v1.36.0"
"""The Kubernetes version whose kubelet this one behaves as."""

_NODE_NAME_LENGTH = 63


def look(directory: Path) -> Machine:
    """What the machine is and has; disk space is that of the directory's file system."""
    uname = platform.uname()
    return Machine(
        hostname=socket.gethostname(),
        cpus=os.cpu_count() or 1,
        memory_bytes=psutil.virtual_memory().total,
        disk_bytes=shutil.disk_usage(directory).total,
        architecture=uname.machine,
        operating_system=uname.system.lower(),
        kernel_version=uname.release,
        os_image=_os_image() or uname.system,
        machine_id=_line(Path("/etc/machine-id")),
        boot_id=_line(Path("/proc/sys/kernel/random/boot_id")),
    )


def _os_image() -> str:
    try:
        return platform.freedesktop_os_release().get("PRETTY_NAME", "")
    except OSError:
        return ""  # not every system says


def _line(path: Path) -> str:
    try:
        return path.read_text().strip()
    except OSError:
        return ""  # not every system has it


def node_settings(settings: Settings, directory: Path) -> NodeSettings:
    """The node that the settings make of this machine."""
    machine = look(directory)
    given = {"cpu": settings.node.cpu, "memory": settings.node.memory}
    return NodeSettings(
        name=settings.node.name or node_name(machine.hostname),
        machine=machine,
        version=VERSION,
        max_pods=settings.node.pods,
        capacity={name: amount for name, amount in given.items() if amount is not None},
        environment=base_environment(os.environ, settings.pass_environment),
        user=os.getuid(),
    )


def node_name(hostname: str) -> str:
    """A host name as a Node can bear it: a DNS label."""
    kept = "".join(one if one.isalnum() and one.isascii() else "-" for one in hostname.lower())
    return kept[:_NODE_NAME_LENGTH].strip("-") or "localhost"


def image_meanings(rules: tuple[ImageRule, ...]) -> tuple[ImageMeaning, ...]:
    """What image names mean here: the settings' [[images]], then what the machine's bash adds."""
    said = tuple(
        ImageMeaning(
            pattern=rule.pattern,
            command=rule.command or (),
            env=tuple(rule.env.items()),
            path=rule.path,
            shell=(rule.shell,) if rule.shell else (),
            working_directory=rule.working_directory or "",
            root=rule.root or "",
        )
        for rule in rules
    )
    return said + busybox_images(shutil.which("bash"))
