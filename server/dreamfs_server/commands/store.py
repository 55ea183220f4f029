"""`dreamfs store`: set stores up, look at them, take them down and bring them back."""

import sys
from collections.abc import Callable, Coroutine, Sequence
from pathlib import Path
from typing import Any

import click

from dreamfs_server.commands.context import Context, Group, Opened, json_option, pass_context, print_json
from dreamfs_server.commands.persons_choice import persons_choice, persons_settings
from dreamfs_server.commands.store_copies import fork, merge
from dreamfs_server.commands.store_log import change_words, list_deleted, log, undelete
from dreamfs_server.commands.store_settings import (
    settings_options,
    store_lines,
    store_named,
    store_shape,
    with_settings,
)
from dreamfs_tools.answers import plural
from dreamfs_tools.errors import Refusal
from dreamfs_tools.filesystem import Snapshot, Store
from dreamfs_tools.store_log import StoreChange
from dreamfs_tools.stores import slug_of


@click.group(cls=Group)
def command() -> None:
    """Create, list, change, fork, merge, archive and delete stores."""


command.add_command(fork)
command.add_command(merge)
command.add_command(log)
command.add_command(undelete)


@command.command()
@click.argument("name")
@click.option("--slug", default="", help="What its path is to be; by default made from NAME.")
@settings_options
@json_option
@pass_context
def create(context: Context, /, name: str, slug: str, as_json: bool, **given: Any) -> None:
    """Make an empty store called NAME. Agents reach it as /SLUG."""
    slug = slug or slug_of(name)
    if not slug:
        raise Refusal(
            "invalid_argument",
            f"The name {name!r} gives no slug: it has no letter from a to z and no digit. Add --slug.",
        )
    persons_settings(given)
    store = with_settings(Store(slug, name), given)
    _change(context, slug, lambda opened: opened.stores.create_store(store, context.author()), as_json=as_json)


@command.command("list")
@click.option("--deleted", is_flag=True, help="Those that were deleted and can be brought back.")
@json_option
@pass_context
def list_(context: Context, deleted: bool, as_json: bool) -> None:
    """List all stores, archived ones too."""
    if deleted:
        list_deleted(context, as_json=as_json)
        return

    async def work(opened: Opened) -> list[Store]:
        return await opened.filesystem.read(lambda snapshot: list(snapshot.stores()))

    stores = context.run(work)
    if as_json:
        print_json([store_shape(store) for store in stores])
        return
    from dreamfs_server.commands.tables import print_table

    rows = [
        [
            f"/{store.slug}",
            "archived" if store.archived_at else store.access,
            f"{store.head:,}",
            f"{store.files:,}",
            store.description or store.name,
        ]
        for store in stores
    ]
    print_table(["store", "access", "version", "files", "what it is for"], rows, right={"version", "files"})


@command.command()
@click.argument("store")
@json_option
@pass_context
def show(context: Context, store: str, as_json: bool) -> None:
    """Show a store's settings, what it holds, and who last changed them."""

    async def work(opened: Opened) -> tuple[Store, Sequence[StoreChange]]:
        found = await opened.filesystem.read(lambda snapshot: store_named(snapshot, store))
        return found, await opened.stores.store_log(found.slug)

    found, changes = context.run(work)
    _say(found, as_json=as_json)
    if changes and not as_json:
        click.echo(f"  {'changed':<9} {change_words(changes[0])}")


@command.command("set")
@click.argument("store")
@click.option("--name", default=None, help="For people. The path stays as it is.")
@click.option(
    "--project",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    default=None,
    metavar="DIR",
    help="Make it the memory of the repository that DIR is in, as after that has moved.",
)
@settings_options
@json_option
@pass_context
def set_(context: Context, /, store: str, project: Path | None, as_json: bool, **given: Any) -> None:
    """Change a store's settings. What is already stored stays, also where it is over a new limit."""
    from dreamfs_server.commands.project import repository_of

    persons_settings(given)
    if given["access"] == "rw":
        persons_choice(context, store)
    given["project"] = str(repository_of(project)) if project else None

    async def work(opened: Opened) -> None:
        found = await opened.filesystem.read(lambda snapshot: store_named(snapshot, store))
        await opened.stores.change_store(found.slug, lambda now: with_settings(now, given), context.author())

    _change(context, store, work, as_json=as_json)


@command.command()
@click.argument("store")
@click.option("--yes", is_flag=True, help="Do not ask.")
@json_option
@pass_context
def archive(context: Context, store: str, yes: bool, as_json: bool) -> None:
    """Make a store read-only for good. It can be read, forked and deleted; to go on writing, fork it."""
    now = context.run(lambda opened: opened.filesystem.read(lambda snapshot: store_named(snapshot, store)))
    if now.archived_at is None and not yes:
        _ask(f"/{now.slug} becomes read-only for good; only a fork of it can be written.", "Archive", as_json=as_json)

    async def work(opened: Opened) -> None:
        found = await opened.filesystem.read(lambda snapshot: store_named(snapshot, store))
        await opened.stores.archive_store(found.slug, context.author())

    _change(context, store, work, as_json=as_json)


@command.command()
@click.argument("store")
@click.option("--yes", is_flag=True, help="Do not ask.")
@json_option
@pass_context
def delete(context: Context, store: str, yes: bool, as_json: bool) -> None:
    """Hide a store with its history, transcripts and dreams, and free its slug; forks of it stay.

    `dreamfs store undelete` brings it back: deleting removes no bytes. To remove something for good, redact it first.
    """
    found, goes = context.run(lambda opened: opened.filesystem.read(lambda snapshot: _what_goes(snapshot, store)))
    if not yes:
        _ask(goes, "Delete", as_json=as_json)
    context.run(lambda opened: opened.stores.delete_store(found.slug, context.author()))
    if as_json:
        print_json({"code": "ok", "slug": found.slug})
    else:
        click.echo(f"Deleted /{found.slug}. Its bytes stay: dreamfs store undelete {found.slug} brings it back.")


def _ask(what_happens: str, verb: str, *, as_json: bool) -> None:
    if as_json or not sys.stdin.isatty():
        raise Refusal("invalid_argument", f"{what_happens} There is nobody here to ask: add --yes if that is wanted.")
    click.confirm(f"{what_happens} {verb} it?", abort=True, err=True)


def _what_goes(snapshot: Snapshot, name: str) -> tuple[Store, str]:
    store = store_named(snapshot, name)
    sessions = sum(1 for _ in snapshot.transcripts.sessions(store.slug))
    parts = [
        plural(store.files, "file"),
        f"{plural(store.head, 'version')} of history",
        plural(sessions, "transcript"),
        plural(len(snapshot.dreams.dreams(store.slug)), "dream"),
    ]
    forks = [f"/{other.slug}" for other in snapshot.stores() if other.forked_from == store.slug]
    stays = f" Its forks stay: {', '.join(forks)}." if forks else ""
    return store, f"/{store.slug} goes with {', '.join(parts[:-1])} and {parts[-1]}: hidden, not erased.{stays}"


def _change(context: Context, name: str, work: Callable[[Opened], Coroutine[Any, Any, None]], *, as_json: bool) -> None:
    """Do something to a store, and say what it is then."""

    async def done(opened: Opened) -> Store:
        await work(opened)
        return await opened.filesystem.read(lambda snapshot: store_named(snapshot, name))

    _say(context.run(done), as_json=as_json)


def _say(store: Store, *, as_json: bool) -> None:
    if as_json:
        print_json(store_shape(store))
    else:
        click.echo("\n".join(store_lines(store)))
