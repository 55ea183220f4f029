"""`dreamfs store fork` and `merge`: try something in a copy, and bring back what came of it."""

from dataclasses import replace
from typing import Any

import click

from dreamfs_server.commands.context import (
    Command,
    Context,
    Opened,
    json_option,
    message_option,
    pass_context,
    print_json,
    print_result,
    session_option,
)
from dreamfs_server.commands.persons_choice import persons_choice, persons_settings
from dreamfs_server.commands.store_settings import (
    settings_options,
    store_lines,
    store_named,
    store_shape,
    with_settings,
)
from dreamfs_tools.errors import Refusal
from dreamfs_tools.filesystem import Store
from dreamfs_tools.stores import slug_of


@click.command(cls=Command)
@click.argument("base")
@click.argument("new")
@click.option(
    "--at", type=click.IntRange(min=0), default=None, metavar="VERSION", help="As it was then; by default now."
)
@settings_options
@json_option
@pass_context
def fork(context: Context, /, base: str, new: str, at: int | None, as_json: bool, **given: Any) -> None:
    """Make the store NEW that starts as BASE is, or was. No content is copied; numbers and history go on from there.

    It has BASE's settings, but can be written. Transcripts and dreams stay with BASE.
    """
    slug = slug_of(new)
    if not slug:
        raise Refusal(
            "invalid_argument",
            f"The name {new!r} gives no slug: it has no letter from a to z and no digit. Nothing was made; choose another.",
        )
    persons_settings(given)
    persons_choice(context, base)

    async def work(opened: Opened) -> Store:
        found = await opened.filesystem.read(lambda snapshot: store_named(snapshot, base))
        start = replace(found, slug=slug, name=new, access="rw", project="")
        await opened.stores.fork_store(found.slug, with_settings(start, given), at, context.author())
        return await opened.filesystem.read(lambda snapshot: store_named(snapshot, slug))

    store = context.run(work)
    if as_json:
        print_json(store_shape(store))
    else:
        click.echo("\n".join(store_lines(store)))


@click.command(cls=Command)
@click.argument("source", metavar="FORK")
@click.argument("target", metavar="INTO")
@click.option("--dry-run", is_flag=True, help="Only say what would change.")
@message_option
@session_option
@json_option
@pass_context
def merge(
    context: Context, source: str, target: str, message: str, session: str, *, dry_run: bool, as_json: bool
) -> None:
    """Bring what changed in FORK since the two parted into INTO, as one version.

    What only one of them changed is taken; a file that both changed is merged line by line. Where their changes overlap,
    nothing is changed and the overlaps are shown. FORK stays as it is, and can be merged again later.
    """
    from dreamfs_tools.merging_stores import merge_stores

    if not dry_run:
        persons_choice(context, source, target)
    answer = context.call(lambda call: merge_stores(call, source, target, message, dry_run=dry_run), session)
    print_result(answer, as_json=as_json)
