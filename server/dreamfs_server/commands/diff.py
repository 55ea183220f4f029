"""`dreamfs diff`: what changed between two versions."""

import click

from dreamfs_server.commands.context import Command, Context, pass_context


@click.command(cls=Command)
@click.argument("path")
@click.option("--from", "from_version", type=int, default=None, help="-1: before the last change.")
@click.option("--to", "to_version", type=int, default=None)
@pass_context
def command(context: Context, path: str, from_version: int | None, to_version: int | None) -> None:
    """Show a unified diff of a file or folder; without versions, its last change."""
    from dreamfs_tools.diff import diff

    click.echo(context.call(lambda call: diff(call, path, from_version, to_version)).text)
