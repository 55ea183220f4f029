"""`dreamfs blame`: who wrote each line, when and why."""

import click

from dreamfs_server.commands.context import Command, Context, json_option, pass_context, print_json
from dreamfs_server.commands.printing import say
from dreamfs_tools.annotation import Annotated
from dreamfs_tools.answers import session_of, who
from dreamfs_tools.blame import by_version


@click.command(cls=Command, context_settings={"ignore_unknown_options": True})
@click.argument("path")
@click.option("--version", type=int, default=None, help="As the file was at this version; -1: before its last change.")
@json_option
@pass_context
def command(context: Context, path: str, version: int | None, as_json: bool) -> None:
    """Show for each line of PATH the version that wrote it and by whom, through renames, merges, restores
    and moves between stores.
    """
    from dreamfs_tools.annotation import annotate

    found = context.run(lambda opened: annotate(context.caller(opened), path, version))
    if as_json:
        print_json(found.shapes())
    else:
        _say(found)


def _say(found: Annotated) -> None:
    from dreamfs_server.commands.tables import person_time, print_table

    if not found.blame.lines:
        click.echo(f"{found.found.shown} is empty.")
    else:
        rows = [
            [
                found.label(line.change),
                person_time(line.change.revision.created_at.isoformat()),
                session_of(line.change.revision.author) or line.change.revision.author.actor,
                str(line.number),
                line.text,
            ]
            for line in found.blame.lines
        ]
        print_table(["version", "when", "who", "line", "text"], rows, right={"version", "line"})
        click.echo()
        for change in by_version(found.blame.lines).values():
            say(f"{found.words(change)}: {change.operation} by {who(change.revision)}")
    for gap in found.blame.gaps:
        click.echo(f"The content of {found.words(gap)} was removed for good; its lines are put down to the next one.")
