"""`dreamfs diff`: what changed between two versions."""

import click

from dreamfs_server.commands.context import Command, Context, json_option, pass_context, print_json
from dreamfs_server.commands.printing import say


@click.command(cls=Command)
@click.argument("path")
@click.option("--from", "from_version", type=int, default=None, help="-1: before the last change.")
@click.option("--to", "to_version", type=int, default=None)
@json_option
@pass_context
def command(context: Context, path: str, from_version: int | None, to_version: int | None, as_json: bool) -> None:
    """Show a unified diff of a file or folder; without versions, its last change."""
    from dreamfs_tools.diff import compare

    answer = context.call(lambda call: compare(call, path, from_version, to_version))
    if as_json:
        print_json({**answer.data, "text": answer.text})
    else:
        say(answer.text)
