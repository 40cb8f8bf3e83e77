"""All that a container's process needs: words, environment, directory, user.

Upstream: GenerateRunContainerOptions in pkg/kubelet/kubelet_pods.go, verifyRunAsNonRoot in
pkg/kubelet/kuberuntime/security_context.go.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from localjobs.api.objects import Object
from localjobs.kubelet.command import command_line
from localjobs.kubelet.downward import NodeFacts
from localjobs.kubelet.environment import (
    CannotStart,
    Sources,
    declared_environment,
    hostname,
)
from localjobs.kubelet.image import ImageMeaning, meaning_of
from localjobs.kubelet.pod_template import ContainerTemplate


@dataclass(frozen=True, slots=True)
class NodeContext:
    """What containers get from the node that they run on."""

    facts: NodeFacts
    environment: Mapping[str, str] = field(repr=False)
    images: Sequence[ImageMeaning] = ()
    working_directory: str = "/"
    user: int = 0


@dataclass(frozen=True, slots=True)
class Launch:
    """What to run, and how."""

    command: tuple[str, ...]
    environment: dict[str, str] = field(repr=False)
    working_directory: str
    user: int | None = None
    group: int | None = None
    root: str = ""
    checks_directory: bool = False
    """The working directory was asked for by name and has to be there."""


class NoCommand(Exception):
    """Neither the container nor its image says what to run."""


def launch_of(
    container: ContainerTemplate, pod: Object, sources: Sources, node: NodeContext
) -> Launch:
    """Decide what the container runs. Raises `CannotStart` (it waits) or `NoCommand`."""
    spec = container.spec
    declared = declared_environment(spec, pod, sources, node.facts)
    meaning = meaning_of(container.image, tuple(node.images))
    user, group = _identity(container, pod, node)
    command = command_line(spec, meaning, declared)
    if not command:
        raise NoCommand(
            f'container "{container.name}" has no command, and image "{container.image}" means '
            "nothing here: say what it runs in [[images]] of localjobs.toml"
        )
    working_directory = spec.get("workingDir")
    return Launch(
        command,
        _environment(pod, declared, meaning, node),
        working_directory or meaning.working_directory or node.working_directory,
        user,
        group,
        meaning.root,
        bool(working_directory),
    )


def _environment(
    pod: Object, declared: Mapping[str, str], meaning: ImageMeaning, node: NodeContext
) -> dict[str, str]:
    base = dict(node.environment)
    if meaning.path:
        base["PATH"] = ":".join((*meaning.path, base.get("PATH", ""))).rstrip(":")
    base.update(meaning.env)
    base["HOSTNAME"] = hostname(pod)
    base.update(declared)
    return base


def _identity(
    container: ContainerTemplate, pod: Object, node: NodeContext
) -> tuple[int | None, int | None]:
    """The user and group to run as; None is the daemon's own."""
    pod_level = pod["spec"].get("securityContext")
    own = container.spec.get("securityContext")
    if not pod_level and not own:
        return None, None
    effective = {**(pod_level or {}), **(own or {})}
    user, group = effective.get("runAsUser"), effective.get("runAsGroup")
    if effective.get("runAsNonRoot"):
        _check_not_root(container, pod, user, node.user)
    return (None if user == node.user else user), group


def _check_not_root(
    container: ContainerTemplate, pod: Object, user: int | None, image_user: int
) -> None:
    if user:
        return
    meta = pod["metadata"]
    described = f"{meta['name']}_{meta.get('namespace', '')}({meta['uid']})"
    where = f'(pod: "{described}", container: {container.name})'
    if user == 0:
        raise CannotStart(f"container's runAsUser breaks non-root policy {where}")
    if image_user == 0:
        raise CannotStart(f"container has runAsNonRoot and image will run as root {where}")
