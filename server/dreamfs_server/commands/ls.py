"""`dreamfs ls`: what is in memory."""

from typing import Any

import click

from dreamfs_server.commands.context import Command, Context, json_option, pass_context, print_json
from dreamfs_server.commands.pages import all_pages


@click.command(cls=Command)
@click.argument("path", default="/")
@click.option("-r", "--recursive", is_flag=True, help="All files below, not only the folder's own entries.")
@click.option("--pattern", default="", help="A glob: * stays within a segment, ** crosses.")
@json_option
@pass_context
def command(context: Context, path: str, recursive: bool, pattern: str, as_json: bool) -> None:
    """List files and folders with version, size, when and by whom they were changed.

    /dreams and /transcripts can be listed too.
    """
    from dreamfs_tools.list import list_

    depth = 0 if recursive or pattern else 1
    entries = all_pages(
        context.showing(path),
        "entries",
        lambda call, cursor: list_(call, path, pattern, depth, 1000, cursor, format="json"),
    )
    if as_json:
        print_json(entries)
    else:
        _table(entries)


def _table(entries: list[dict[str, Any]]) -> None:
    from dreamfs_server.commands.tables import person_time, print_table

    print_table(
        ["version", "size", "changed", "by", "path"],
        [
            [
                str(entry["version"]),
                f"{entry['size_bytes']:,}" if entry["size_bytes"] is not None else "",
                person_time(entry["updated_at"]),
                entry["session_id"] or "",
                entry["path"] + ("/" if entry["kind"] != "file" else "") + (" (pinned)" if "pinned" in entry else ""),
            ]
            for entry in entries
        ],
        right={"version", "size"},
    )
