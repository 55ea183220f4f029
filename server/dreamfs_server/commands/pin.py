"""`dreamfs pin`: what every agent is told of when it connects."""

import os
from collections.abc import Sequence

import click

from dreamfs_server.commands.context import Command, Context, Opened, json_option, pass_context, print_json
from dreamfs_tools.errors import Refusal
from dreamfs_tools.filesystem import Snapshot
from dreamfs_tools.pins import Pin


@click.command(cls=Command)
@click.argument("path", default="")
@click.option("--off", is_flag=True, help="No longer.")
@json_option
@pass_context
def command(context: Context, path: str, off: bool, as_json: bool) -> None:
    """Pin a file: agents are told its text when they connect, at most 2,000 characters for all. Without PATH list them.

    A dream does not edit what is pinned.
    """
    from dreamfs_server.dream.reviewer import only_a_person

    if path:
        only_a_person(os.environ, "what every agent is told")
        changed = context.run(lambda opened: _pin(context, opened, path, pinned=not off))
        state = "pinned" if not off else "not pinned"
        if as_json:
            print_json({"path": path, "pinned": not off, "changed": changed})
        else:
            click.echo(f"{path} is {state}{'' if changed else ' already'}.")
            _warn(context)
        return
    pins = context.run(_all)
    if as_json:
        print_json(
            [
                {
                    "path": f"/{pin.store}/{pin.path}",
                    "pinned_by": pin.pinned_by,
                    "pinned_at": pin.pinned_at.isoformat() if pin.pinned_at else None,
                }
                for pin in pins
            ]
        )
        return
    from dreamfs_server.commands.tables import person_time, print_table

    print_table(
        ["pinned", "by", "path"],
        [
            [
                person_time(pin.pinned_at.isoformat()) if pin.pinned_at else "",
                pin.pinned_by,
                f"/{pin.store}/{pin.path}",
            ]
            for pin in pins
        ],
    )


async def _pin(context: Context, opened: Opened, path: str, *, pinned: bool) -> bool:
    place = await opened.filesystem.read(lambda snapshot: context.mounts.resolve(snapshot, path))
    if place.mount is None or place.mount.store is None:
        raise Refusal("invalid_argument", f"{place.shown} is no file of a store; only such a file can be pinned.")
    return await opened.pins.pin(place.store, place.path, context.author(), pinned=pinned)


async def _all(opened: Opened) -> Sequence[Pin]:
    stores = await opened.filesystem.read(lambda snapshot: [store.slug for store in snapshot.stores()])
    return [pin for store in stores for pin in await opened.pins.pins(store)]


def _warn(context: Context) -> None:
    from dreamfs_server.instructions import PINNED_CHARACTERS_MAX

    def query(snapshot: Snapshot) -> int:
        return sum(
            len(snapshot.tree(store.slug).text(entry) or "")
            for store in snapshot.stores()
            for entry in snapshot.pinned(store.slug)
        )

    async def count(opened: Opened) -> int:
        return await opened.filesystem.read(query)

    characters = context.run(count)
    if characters > PINNED_CHARACTERS_MAX:
        click.echo(
            f"All that is pinned has {characters:,} characters; agents are told at most {PINNED_CHARACTERS_MAX:,}, in order "
            "of path.",
            err=True,
        )
