"""A command-line flag for every setting, made from the settings themselves."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from localjobs.config import flags

_Command = TypeVar("_Command", bound=Callable[..., Any])


def settings_flags(command: _Command) -> _Command:
    """Add `--config` and the flags; they arrive as the keyword arguments `config` and others."""
    for flag in reversed(flags()):
        command = _option(flag.name, flag.help, flag.default)(command)
    return click.option(
        "--config",
        type=click.Path(dir_okay=False, path_type=Path),
        help="The settings' file; else DIR/localjobs.toml, else ./localjobs.toml.",
    )(command)


def _option(name: str, text: str, default: Any) -> Callable[[_Command], _Command]:
    shown = text if default in (None, (), False) else f"{text} [default: {default}]"
    if isinstance(default, bool):
        return click.option(f"--{name}/--no-{name}", default=None, help=shown)
    if isinstance(default, tuple):
        return click.option(f"--{name}", multiple=True, help=f"{text} May be repeated.")
    return click.option(f"--{name}", default=None, help=shown, metavar="VALUE")


def given_flags(values: dict[str, Any]) -> dict[str, Any]:
    """What was given on the command line, under the names that `config.load` knows."""
    return {
        name.replace("_", "-"): value for name, value in values.items() if value not in (None, ())
    }
