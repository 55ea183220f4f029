"""`dreamfs log`: who changed what, when and why."""

from datetime import UTC, datetime
from typing import Any, get_args

import click

from dreamfs_server.commands.context import Command, Context, json_option, pass_context, print_json
from dreamfs_server.commands.narrowing import named
from dreamfs_server.commands.pages import all_pages
from dreamfs_server.commands.times import read_time
from dreamfs_tools.filesystem import ChangeFilter, Operation


@click.command(cls=Command)
@click.argument("path", default="/")
@click.option(
    "--session",
    default="",
    callback=named,
    metavar="ID",
    help="Only what this session changed (claimed, host's or connection).",
)
@click.option(
    "--actor", default="", callback=named, metavar="A", help="Only this actor: user:ada, token:ci, dream:drm_1."
)
@click.option("--operation", type=click.Choice(get_args(Operation)), default=None, help="Only this kind of change.")
@click.option("--dream", "dream_id", default="", callback=named, metavar="ID", help="Only what came of this dream.")
@click.option(
    "--since", default="", callback=named, metavar="TIME", help="2026-11-22, RFC 3339, or how long ago: 12h, 7d."
)
@click.option("--until", default="", callback=named, metavar="TIME", help="Likewise; a date counts to its end.")
@click.option(
    "--merged/--no-merged",
    "merged",
    default=None,
    help="Also what merges brought, as it was done in the store that was merged in; so with --session, --actor, --dream.",
)
@click.option(
    "-n",
    "--limit",
    type=click.IntRange(min=0),
    default=50,
    show_default=True,
    help="At most this many rows; 0 for all.",
)
@json_option
@pass_context
def command(
    context: Context,
    path: str,
    session: str,
    actor: str,
    operation: str | None,
    dream_id: str,
    since: str,
    until: str,
    merged: bool | None,
    limit: int,
    as_json: bool,
) -> None:
    """Show the history of a file, a folder or everything, newest first, through renames."""
    from dreamfs_tools.history import log

    now = datetime.now(UTC)
    which = ChangeFilter(
        session=session,
        actor=actor,
        operation=operation or "",
        dream_id=dream_id,
        since=read_time("--since", since, now),
        until=read_time("--until", until, now, end=True),
    )
    page = min(limit, 1000) or 1000
    rows = all_pages(
        context,
        "revisions",
        lambda call, cursor: log(call, path, which, page, cursor, "json", merged=merged),
        limit or None,
    )
    if as_json:
        print_json(rows)
    elif rows:
        _table(rows)
        if len(rows) == limit:
            click.echo(f"The newest {limit:,}; --limit 0 shows all.", err=True)
        if not any((merged is not None, session, actor, dream_id)) and any("merged_from" in row for row in rows):
            click.echo("← came by a merge of another store; --merged shows what was done there.", err=True)
        if any("merged_into" in row for row in rows):
            click.echo("⇒ was merged into that version of another store.", err=True)
    else:
        click.echo("No changes." if which == ChangeFilter() else "No changes fit.", err=True)


def _route(row: dict[str, Any]) -> str:
    """`/memories/a.md → /memories/b.md ← experiment@7`: where it was, and what a merge took it from or into."""
    route = f"{row['old_path']} → {row['path']}" if row["old_path"] else row["path"]
    if "merged_from" in row:
        route += f" ← {row['merged_from'][1:]}@{row['merged_from_version']}"
    into = ", ".join(f"{merge['store'][1:]}@{merge['version']}" for merge in row.get("merged_into", ()))
    return f"{route} ⇒ {into}" if into else route


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
                _route(row),
                row["message"] or "",
            ]
            for row in rows
        ],
        right={"version"},
    )
