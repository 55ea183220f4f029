"""`dreamfs cat`: a file's bytes, nothing added."""

from typing import Any

import click

from dreamfs_server.commands.context import Command, Context, Opened, json_option, pass_context, print_json
from dreamfs_server.commands.printing import say
from dreamfs_tools.errors import Refusal
from dreamfs_tools.filesystem import Snapshot
from dreamfs_tools.lookup import newest_change
from dreamfs_tools.mounts import tree_of
from dreamfs_tools.shapes import entry_shape


@click.command(cls=Command)
@click.argument("path")
@click.option("--version", type=int, default=None, help="As it was then; -1: before the last change.")
@json_option
@pass_context
def command(context: Context, path: str, version: int | None, as_json: bool) -> None:
    """Print a file exactly as it is, or as it was. With --json, what `ls --json` says of it, and its `content`.

    The pages below /dreams and the transcripts below /transcripts are files too.
    """

    def query(snapshot: Snapshot) -> dict[str, Any]:
        place = context.showing(path).mounts.resolve(snapshot, path)
        if place.mount is None:
            raise Refusal("invalid_argument", "/ is the list of mounts, not a file; `dreamfs ls` shows them.")
        last = newest_change(snapshot, place) if version == -1 and place.store else None
        wanted = last.version - 1 if last else version
        tree = tree_of(snapshot, place.mount, wanted)
        entry = tree.entry(place.path)
        if entry is None:
            at = f" at version {wanted}" if wanted is not None else ""
            raise Refusal("not_found", f"The path {place.shown} does not exist{at}. `dreamfs log` shows its history.")
        if entry.kind != "file":
            raise Refusal("invalid_argument", f"{place.shown} is a folder; `dreamfs ls {place.shown}` lists it.")
        text = tree.text(entry)
        if text is None:
            raise Refusal(
                "unavailable", f"The content of {place.shown} at version {entry.version} was redacted or pruned."
            )
        return {**entry_shape(entry, place.mount), "content": text}

    async def work(opened: Opened) -> dict[str, Any]:
        return await opened.filesystem.read(query)

    found = context.run(work)
    if as_json:
        print_json(found)
    else:
        say(found["content"], nl=False)
