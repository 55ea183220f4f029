"""`dreamfs log`: who changed what, when and why."""

from typing import Any

import click

from dreamfs_server.commands.context import Command, Context, json_option, pass_context, print_json
from dreamfs_server.commands.pages import all_pages


@click.command(cls=Command)
@click.argument("path", default="/")
@click.option("--session", default="", metavar="ID", help="Only what this session changed.")
@click.option("-n", "--limit", default=50, show_default=True, help="At most this many rows; 0 for all.")
@json_option
@pass_context
def command(context: Context, path: str, session: str, limit: int, as_json: bool) -> None:
    """Show the history of a file, a folder or everything, newest first, through renames."""
    from dreamfs_tools.history import history

    page = min(limit, 1000) or 1000
    rows = all_pages(
        context,
        "revisions",
        lambda call, cursor: history(call, path, session, page, cursor, format="json"),
        limit or None,
    )
    if as_json:
        print_json(rows)
    else:
        _table(rows)


def _table(rows: list[dict[str, Any]]) -> None:
    from dreamfs_server.commands.tables import person_time, print_table

    print_table(
        ["version", "when", "who", "did", "lines", "path", "why"],
        [
            [
                str(row["version"]),
                person_time(row["created_at"]),
                row["session_id"] or row["actor"] or "",
                row["operation"],
                f"+{row['added']} −{row['removed']}",
                f"{row['old_path']} → {row['path']}" if row["operation"] == "renamed" else row["path"],
                row["message"] or "",
            ]
            for row in rows
        ],
        right={"version"},
    )
