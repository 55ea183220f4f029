"""`dreamfs grep`: search contents."""

from typing import Literal

import click

from dreamfs_server.commands.context import Command, Context, json_option, pass_context, print_json
from dreamfs_server.commands.pages import all_pages
from dreamfs_server.commands.printing import say


@click.command(cls=Command)
@click.argument("pattern")
@click.argument("path", default="/")
@click.option("--glob", default="", help="Only files whose path matches.")
@click.option("-i", "--ignore-case", is_flag=True)
@click.option("-F", "--literal", is_flag=True, help="The pattern is plain text, not an RE2 expression.")
@click.option("-C", "--context", "around", default=0, help="Lines around each match.")
@click.option("-l", "--files", is_flag=True, help="Only the names of files that match.")
@click.option("-c", "--count", is_flag=True, help="Only the number of matching lines a file.")
@json_option
@pass_context
def command(
    context: Context,
    pattern: str,
    path: str,
    glob: str,
    ignore_case: bool,
    literal: bool,
    around: int,
    files: bool,
    count: bool,
    as_json: bool,
) -> None:
    """Search the contents of files with a regular expression (RE2)."""
    from dreamfs_tools.grep import grep

    output: Literal["lines", "files", "count"] = "files" if files else "count" if count else "lines"
    matches = all_pages(
        context.showing(path),
        "matches",
        lambda call, cursor: grep(
            call, pattern, path, glob, ignore_case, literal, around, output, 1000, cursor, format="json"
        ),
    )
    if as_json:
        print_json(matches)
        return
    for match in matches:
        if output == "files":
            say(match["path"])
        elif output == "count":
            say(f"{match['path']}:{match['count']}")
        else:
            first = match["line"] - len(match["before"])
            for number, text in enumerate(match["before"], first):
                say(f"{match['path']}-{number}-{text}")
            say(f"{match['path']}:{match['line']}:{match['text']}")
            for number, text in enumerate(match["after"], match["line"] + 1):
                say(f"{match['path']}-{number}-{text}")
    if not matches:
        click.echo("No matches.", err=True)
