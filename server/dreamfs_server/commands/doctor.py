"""`dreamfs doctor`: where the data lives and whether it is sound."""

from pathlib import Path
from typing import Any

import click

from dreamfs_server.commands.context import Command, Context, Opened, json_option, pass_context, print_json
from dreamfs_server.settings import package_version
from dreamfs_tools.errors import Refusal
from dreamfs_tools.filesystem import Snapshot


@click.command(cls=Command)
@click.option("--verify", is_flag=True, help="Recompute every content, delta, link of the chain, folder and index.")
@click.option(
    "--anchor-file", default=None, metavar="FILE", help="With --verify: also against an anchor written before."
)
@click.option(
    "--anchor", default=None, metavar="FILE", help="Write the newest link of each chain to FILE; - prints it."
)
@click.option(
    "--repair", is_flag=True, help="Rebuild from the history what is derived from it: folders, totals, indexes."
)
@click.option("--yes", is_flag=True, help="With --repair: there is a backup; do not ask.")
@json_option
@pass_context
def command(
    context: Context, verify: bool, anchor_file: str | None, anchor: str | None, repair: bool, yes: bool, as_json: bool
) -> None:
    """Say where the database is, which SQLite keeps it and how, and what is in it; verify it, anchor it, repair it."""
    path = context.database
    is_new = not path.exists()
    if verify or anchor_file or anchor or repair:
        from dreamfs_server.commands import doctor_audit

        if is_new:
            raise Refusal("not_found", f"There is no database at {path}.")
        if sum((bool(verify or anchor_file), bool(anchor), repair)) > 1:
            raise click.UsageError("Verify, anchor or repair: one at a time.")
        if anchor:
            doctor_audit.write_anchor(context, anchor)
        elif repair:
            doctor_audit.repair(context, yes=yes, as_json=as_json)
        else:
            doctor_audit.verify(context, anchor_file, as_json=as_json)
        return
    findings: dict[str, Any] = {"version": package_version(), "database": str(path), "is_new": is_new}
    findings["size_bytes"] = _size(path)
    try:
        findings |= context.run(_examine)
    except Refusal as refusal:
        if not as_json:
            click.echo(f"dreamfs {findings['version']}\ndatabase  {path} ({findings['size_bytes']:,} bytes)")
        raise Refusal(refusal.code, f"{refusal.sentence} The database is {path}.", **refusal.data) from None
    findings["size_bytes"] = _size(path)
    if as_json:
        print_json(findings)
        return
    _say(findings)


async def _examine(opened: Opened) -> dict[str, Any]:
    def query(snapshot: Snapshot) -> list[dict[str, Any]]:
        return [
            {
                "store": store.slug,
                "access": store.access,
                "files": store.files,
                "version": store.head,
                "transcripts": sum(1 for _ in snapshot.transcripts.sessions(store.slug)),
                "archived": store.archived_at is not None,
            }
            for store in snapshot.stores()
        ]

    return {**await opened.health(), "stores": await opened.filesystem.read(query)}


def _size(path: Path) -> int:
    """Of the database and its log; by name and size alone, since opening the files here would drop their locks."""
    return sum(part.stat().st_size for part in (path, Path(f"{path}-wal")) if part.exists())


def _say(findings: dict[str, Any]) -> None:
    click.echo(f"dreamfs {findings['version']}")
    click.echo(
        f"database  {findings['database']} ({findings['size_bytes']:,} bytes{', new' if findings['is_new'] else ''})"
    )
    click.echo(f"engine    SQLite {findings['sqlite']}, journal {findings['journal']}, synchronous FULL")
    problems = findings["problems"]
    click.echo(f"health    {'sound' if not problems else f'{len(problems)} problems'}")
    for problem in problems:
        click.echo(f"          - {problem}")
    for store in findings["stores"]:
        click.echo(
            f"store     /{store['store']} {store['access']}{' archived' if store['archived'] else ''}: "
            f"{store['files']:,} files, version {store['version']:,}, {store['transcripts']:,} transcripts"
        )
    click.echo("connect   dreamfs attach prints the line for your client")
