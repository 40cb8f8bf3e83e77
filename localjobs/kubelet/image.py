"""What an image name means on a machine that has no images.

An `ImageMeaning` says it for the names that match its pattern: the settings' come first, the
first that matches holds, then the built-in ones for what people use most.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fnmatch import fnmatchcase
from functools import lru_cache

from msgspec import Struct
from msgspec.structs import replace


class ImageMeaning(Struct, frozen=True):
    """One `[[images]]` table of localjobs.toml.

    `pattern` is a shell pattern. It is compared with the image as written, with and without its
    tag or digest, and with the same without registry and folder: `python:3.*`, `*/tools/*`.
    """

    pattern: str
    command: tuple[str, ...] = ()
    """What runs if the container says no `command`: an image's entrypoint."""
    args: tuple[str, ...] = ()
    """What follows it if the container says neither `command` nor `args`: an image's CMD."""
    env: tuple[tuple[str, str], ...] = ()
    path: tuple[str, ...] = ()
    """Directories put in front of PATH."""
    shell: tuple[str, ...] = ()
    """What runs where the container's command begins with `sh` or `bash`."""
    richer_shell: tuple[str, ...] = ()
    """What runs instead if the container's script says what a plain sh does not know."""
    working_directory: str = ""
    """Where it runs if the container says no `workingDir`."""
    root: str = ""
    """The unpacked root filesystem that it sees as `/`."""


NO_MEANING = ImageMeaning("")

_PAUSE = "trap 'exit 0' TERM INT; while :; do sleep 3600 & wait $!; done"

BUILT_IN: tuple[ImageMeaning, ...] = (
    ImageMeaning("pause", command=("/bin/sh", "-c", _PAUSE, "pause")),
    ImageMeaning("bash", args=("bash",)),
    ImageMeaning("debian", args=("bash",)),
    ImageMeaning("ubuntu", args=("bash",)),
    ImageMeaning("python", args=("python3",)),
    ImageMeaning("perl", args=("perl", "-de0")),
    ImageMeaning("node", args=("node",)),
)


_BUSYBOX: tuple[ImageMeaning, ...] = (
    ImageMeaning("busybox", args=("sh",)),
    ImageMeaning("alpine", args=("/bin/sh",)),
    ImageMeaning("agnhost"),
)


def busybox_images(bash: str | None) -> tuple[ImageMeaning, ...]:
    """The images whose sh is busybox's, on a machine whose bash is at this path, if it has one.

    busybox's sh knows `[[`, `$RANDOM` and substrings, as bash does. Many machines' own sh, dash,
    does not: a script written for such an image would fail there. In all else dash is closer to
    busybox's: bash ignores SIGQUIT, and tells of children that a signal ended.
    """
    shell = (bash,) if bash else ()
    return tuple(replace(meaning, richer_shell=shell) for meaning in _BUSYBOX)


def meaning_of(image: str, meanings: Sequence[ImageMeaning] = ()) -> ImageMeaning:
    """What the image means: the first of `meanings` that matches, or a built-in, or nothing."""
    return _lookup(image, tuple(meanings))


@lru_cache(maxsize=1024)
def _lookup(image: str, meanings: tuple[ImageMeaning, ...]) -> ImageMeaning:
    names = tuple(_names(image))
    for meaning in (*meanings, *BUILT_IN, *_BUSYBOX):
        if any(fnmatchcase(name, meaning.pattern) for name in names):
            return meaning
    return NO_MEANING


def _names(image: str) -> Iterable[str]:
    """The ways to write an image's name, from the most exact one."""
    untagged = _without_tag(image)
    yield image
    yield untagged
    yield image.rpartition("/")[2]
    yield untagged.rpartition("/")[2]


def _without_tag(image: str) -> str:
    name = image.partition("@")[0]
    # A colon in front of the last slash is a registry's port, not a tag.
    folder, slash, last = name.rpartition("/")
    return folder + slash + last.partition(":")[0]
