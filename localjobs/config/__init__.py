"""The settings of localjobs: localjobs.toml, and a flag of the same name for each setting.

Every setting is one field of `Settings`, `Node` or `ImageRule`, with its help and its reader
beside it (`readers`): the file, the flags and the error texts are all derived from these.
Sizes are bytes and durations seconds; both may be written as people write them (`10Mi`, `1h`).
"""

from __future__ import annotations

import dataclasses
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from localjobs.config.readers import (
    Reader,
    one_of,
    read_command,
    read_duration,
    read_quantity,
    read_size,
    read_text,
    read_texts,
    read_truth,
    read_variable_names,
    read_variables,
    suggestion,
    whole,
)
from localjobs.errors import ConfigError

FILE_NAME = "localjobs.toml"
"""The name of the settings' file; a file of this name is never a manifest."""

_T = TypeVar("_T")


def _setting(default: Any, read: Reader, text: str) -> Any:
    return field(default=default, metadata={"read": read, "help": text})


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """The table [node]: what the one Node says it has. None is what the machine has."""

    name: str | None = _setting(None, read_text, "The node's name; the host name if unset.")
    cpu: str | None = _setting(None, read_quantity, "CPUs that pods may request together.")
    memory: str | None = _setting(None, read_quantity, "Memory that pods may request together.")
    pods: int = _setting(110, whole(1, 1_000_000), "How many pods may run at once.")


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageRule:
    """One table [[images]]: what images whose name matches `pattern` mean here.

    The first rule that matches is taken, before the built-in ones.
    """

    pattern: str = _setting("", read_text, "The image's name, with * and ? as wildcards.")
    command: tuple[str, ...] | None = _setting(None, read_command, "Run if a container names none.")
    env: dict[str, str] = field(
        default_factory=dict,
        metadata={"read": read_variables, "help": "Variables that the image brings."},
    )
    path: tuple[str, ...] = _setting((), read_texts, "Directories put before PATH.")
    shell: str | None = _setting(None, read_text, "What sh and bash mean in this image.")
    working_directory: str | None = _setting(
        None, read_text, "Where a container starts that names no workingDir."
    )
    root: str | None = _setting(None, read_text, "An unpacked root filesystem to run in.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Everything that can be set, with its default."""

    bind: str = _setting("127.0.0.1", read_text, "The address the API is served on.")
    port: int = _setting(0, whole(0, 65535), "The port of the API; 0 is any that is free.")
    history: int = _setting(
        10_000, whole(100, 10_000_000), "How many changes are kept for watches to go on from."
    )
    event_ttl: float = _setting(3600.0, read_duration, "How long events are kept.")
    log_max_size: int = _setting(
        10 * 1024 * 1024, read_size, "The size at which a container's log file is rotated."
    )
    log_max_files: int = _setting(5, whole(1, 20), "How many log files are kept of one container.")
    log_level: str = _setting(
        "info", one_of("debug", "info", "warning", "error"), "How much the daemon says."
    )
    pass_environment: tuple[str, ...] = _setting(
        (), read_variable_names, "Variables of the daemon that pods get too; NAME or PREFIX*."
    )
    shutdown_timeout: float = _setting(
        30.0, read_duration, "How long a stop waits for pods to end before they are killed."
    )
    detach_on_exit: bool = _setting(
        False, read_truth, "Leave pods running when the daemon stops, for its next start."
    )
    node: Node = field(default_factory=Node)
    images: tuple[ImageRule, ...] = ()


@dataclass(frozen=True, slots=True)
class Flag:
    """A setting as a command line sees it: `--node-cpu` sets `cpu` in [node]."""

    name: str
    """The flag without dashes in front, which is also the key that `load` takes."""
    help: str
    default: Any
    read: Reader


def flags() -> tuple[Flag, ...]:
    """Every setting that has a flag, in order: all but the tables [[images]]."""
    found: list[Flag] = []
    for prefix, type_ in (("", Settings), ("node-", Node)):
        for one in dataclasses.fields(type_):
            if "read" in one.metadata:
                name = prefix + _key(one)
                found.append(Flag(name, one.metadata["help"], one.default, one.metadata["read"]))
    return tuple(found)


def find(directory: Path, explicit: Path | None = None) -> Path | None:
    """The settings' file: `explicit`, else the directory's, else the current directory's."""
    if explicit is not None:
        return explicit
    candidates = (directory / FILE_NAME, Path(FILE_NAME))
    return next((path for path in candidates if path.is_file()), None)


def load(path: Path | None, given: Mapping[str, Any] | None = None) -> Settings:
    """The settings of a file, with `given` (flag name -> value; None is not given) over them.

    Raises ConfigError naming the file or flag, the setting, and what is allowed.
    """
    settings = Settings() if path is None else _from_file(path)
    for flag in flags():
        value = (given or {}).get(flag.name)
        if value is not None:
            settings = _with_flag(settings, flag, value)
    return settings


def _with_flag(settings: Settings, flag: Flag, value: Any) -> Settings:
    read = _read(flag.read, value, f"--{flag.name}")
    if flag.name.startswith("node-"):
        member = flag.name.removeprefix("node-")
        node = dataclasses.replace(settings.node, **{member: read})
        return dataclasses.replace(settings, node=node)
    return dataclasses.replace(settings, **{flag.name.replace("-", "_"): read})


def _from_file(path: Path) -> Settings:
    try:
        table = tomllib.loads(path.read_bytes().decode("utf-8"))
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path}: not UTF-8 text") from error
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{path}: {error}") from error
    settings = _from_table(Settings, table, f"{path}: ", special=("node", "images"))
    node = _table(table.get("node", {}), f"{path}: node")
    return dataclasses.replace(
        settings,
        node=_from_table(Node, node, f"{path}: node."),
        images=tuple(_images(table.get("images", []), f"{path}: images")),
    )


def _images(tables: Any, where: str) -> Iterable[ImageRule]:
    if not isinstance(tables, list):
        raise ConfigError(f"{where}: expected tables: write [[images]] before each")
    for index, table in enumerate(tables):
        rule = _from_table(ImageRule, _table(table, f"{where}[{index}]"), f"{where}[{index}].")
        if not rule.pattern:
            raise ConfigError(f'{where}[{index}].pattern: must be set, such as "python:*"')
        yield rule


def _table(value: Any, where: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise ConfigError(f"{where}: expected a table")
    return value


def _from_table(
    type_: type[_T], table: Mapping[str, Any], where: str, special: tuple[str, ...] = ()
) -> _T:
    readers = {_key(one): one for one in dataclasses.fields(type_) if "read" in one.metadata}  # type: ignore[arg-type]  # every type given is a dataclass
    allowed = sorted((*readers, *special))
    for key in table:
        if key not in allowed:
            hint = suggestion(key, allowed)
            raise ConfigError(f"{where}{key}: unknown setting{hint}; allowed: {', '.join(allowed)}")
    values = {
        one.name: _read(one.metadata["read"], table[key], f"{where}{key}")
        for key, one in readers.items()
        if key in table
    }
    return type_(**values)


def _read(read: Reader, value: Any, where: str) -> Any:
    try:
        return read(value)
    except ValueError as error:
        raise ConfigError(f"{where}: {error}; found {value!r}") from error


def _key(one: dataclasses.Field[Any]) -> str:
    return one.name.replace("_", "-")
