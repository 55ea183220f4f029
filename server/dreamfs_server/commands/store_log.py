"""`dreamfs store log`, `list --deleted` and `undelete`: who did what to a store itself, and taking a deletion back."""

from datetime import datetime

import click

from dreamfs_server.commands.context import Command, Context, Opened, json_option, pass_context, print_json
from dreamfs_server.commands.printing import printable
from dreamfs_server.commands.store_settings import store_lines, store_named, store_shape
from dreamfs_tools.answers import rfc3339
from dreamfs_tools.errors import Refusal
from dreamfs_tools.filesystem import Store
from dreamfs_tools.store_log import StoreChange, settings_words

BEFORE_RECORDS = "Nothing was recorded of this store itself: it is older than that is kept."


@click.command(cls=Command)
@click.argument("store")
@json_option
@pass_context
def log(context: Context, store: str, as_json: bool) -> None:
    """Show who made, changed, archived, deleted or brought back a store, newest first. For its files: dreamfs log."""
    slug = store.removeprefix("/")
    changes = context.run(lambda opened: opened.stores.store_log(slug))
    if as_json:
        print_json([_shape(change) for change in changes])
        return
    from dreamfs_server.commands.tables import person_time, print_table

    if not changes:
        click.echo(BEFORE_RECORDS, err=True)
        return
    rows = [
        [person_time(rfc3339(change.at)), _by(change), change.operation, settings_words(change)] for change in changes
    ]
    print_table(["when", "who", "did", "settings"], rows)


@click.command(cls=Command)
@click.argument("store")
@click.option(
    "--deleted-at",
    type=datetime.fromisoformat,
    default=None,
    metavar="TIME",
    help="Which one, as list --deleted says it; by default the last.",
)
@json_option
@pass_context
def undelete(context: Context, store: str, deleted_at: datetime | None, as_json: bool) -> None:
    """Bring a deleted store back, with all that it held."""
    slug = store.removeprefix("/")
    if deleted_at is not None and deleted_at.tzinfo is None:
        raise Refusal(
            "invalid_argument", "The time needs its zone, as `dreamfs store list --deleted --json` writes it."
        )

    async def work(opened: Opened) -> Store:
        await opened.stores.undelete_store(slug, deleted_at, context.author())
        return await opened.filesystem.read(lambda snapshot: store_named(snapshot, slug))

    found = context.run(work)
    if as_json:
        print_json(store_shape(found))
    else:
        click.echo("\n".join(store_lines(found)))


def list_deleted(context: Context, *, as_json: bool) -> None:
    """Print the stores that are hidden."""
    stores = context.run(lambda opened: opened.stores.deleted_stores())
    if as_json:
        print_json(
            [
                {
                    "slug": store.slug,
                    "name": store.name,
                    "description": store.description,
                    "version": store.head,
                    "files": store.files,
                    "deleted_at": rfc3339(store.deleted_at),
                    "deleted_by": store.deleted_by or None,
                }
                for store in stores
            ]
        )
        return
    from dreamfs_server.commands.tables import print_table

    rows = [
        [
            f"/{store.slug}",
            rfc3339(store.deleted_at) or "",
            store.deleted_by,
            f"{store.head:,}",
            f"{store.files:,}",
            store.description or store.name,
        ]
        for store in stores
    ]
    columns = ["store", "deleted", "by", "version", "files", "what it is for"]
    print_table(columns, rows, right={"version", "files"})


def change_words(change: StoreChange) -> str:
    """One change on a line: `set by user:ada at 2026-11-22T11:03:00.000Z: access rw → ro`."""
    by = _by(change)
    settings = settings_words(change)
    words = (
        f"{change.operation}{f' by {by}' if by else ''} at {rfc3339(change.at)}{f': {settings}' if settings else ''}"
    )
    return printable(words)


def _by(change: StoreChange) -> str:
    session = change.author.session_id
    return f"{change.author.actor} in session {session}" if session and change.author.actor else change.author.actor


def _shape(change: StoreChange) -> dict[str, object]:
    author = change.author
    return {
        "number": change.number,
        "at": rfc3339(change.at),
        "operation": change.operation,
        "actor": author.actor or None,
        "session_id": author.session_id or None,
        "client": author.client or None,
        "settings": {name: {"from": was, "to": now} for name, (was, now) in change.settings.items()},
    }
