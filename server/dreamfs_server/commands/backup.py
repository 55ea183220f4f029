"""`dreamfs backup`: a copy of the whole database while others write."""

from pathlib import Path

import click

from dreamfs_server.commands.context import Command, Context, Opened, json_option, pass_context, print_json


@click.command(cls=Command)
@click.argument("target", type=click.Path(path_type=Path))
@json_option
@pass_context
def command(context: Context, target: Path, as_json: bool) -> None:
    """Write a backup to TARGET, a new file. It opens as a database: dreamfs --db TARGET ls.

    What is redacted later stays in backups: remove those yourself.
    """
    place = target.absolute()

    async def work(opened: Opened) -> None:
        await opened.backup(place)

    context.run(work)
    size = target.stat().st_size
    if as_json:
        print_json({"backup": str(target), "size_bytes": size})
    else:
        click.echo(
            f"{target} holds everything up to now ({size:,} bytes). To look into it: dreamfs --db {target} ls -r"
        )
