"""The command line: `localjobs VERB`. Each verb is one file of this package.

Only the verb that is called is imported, so that help and mistakes are answered at once; what
help says of each verb therefore stands here.
"""

from __future__ import annotations

import importlib
from typing import Any

import click

VERBS = {
    "serve": "Run the Jobs in a directory, and serve the Kubernetes API for them.",
    "run": "Run Jobs to their end, without a daemon.",
    "validate": "Check manifests as the API server would, without running anything.",
    "ps": "List the Jobs of a running daemon.",
    "logs": "Show what a Job's pods wrote.",
    "why": "Say what ended a Job, or what it waits for.",
    "suspend": "Stop Jobs until they are resumed.",
    "resume": "Go on with suspended Jobs.",
    "delete": "Delete Jobs, and stop their pods.",
    "kubeconfig": "Print the path of a daemon's kubeconfig, for kubectl and other clients.",
}
"""Each verb's file in this package, which holds its `command`, and its help in one line."""


class Verbs(click.Group):
    """A group whose commands are imported when they are called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in VERBS:
            return None
        module = importlib.import_module(f"localjobs.cli.{cmd_name.replace('-', '_')}")
        command: click.Command = module.command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(VERBS.items()))

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and not args[0].startswith("-") and args[0] not in VERBS:
            ctx.fail(f"No such command {args[0]!r}.{_suggestion(args[0])}")
        return super().resolve_command(ctx, args)


def _suggestion(verb: str) -> str:
    # Only a mistake pays for the import.
    import difflib

    close = difflib.get_close_matches(verb, VERBS, n=1)
    return f" Did you mean {close[0]!r}?" if close else ""


def _print_version(ctx: click.Context, _: click.Parameter, wanted: Any) -> None:
    if wanted and not ctx.resilient_parsing:
        import importlib.metadata

        click.echo(f"localjobs {importlib.metadata.version('localjobs')}")
        ctx.exit()


@click.group(cls=Verbs, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--version",
    is_flag=True,
    expose_value=False,
    is_eager=True,
    callback=_print_version,
    help="Show the version and exit.",
)
def main() -> None:
    """Run Kubernetes Jobs on this machine, as ordinary processes."""
