"""`dreamfs edit`: change a file in your editor, or one string in it."""

import os
import tempfile

import click

from dreamfs_server.commands.context import (
    Command,
    Context,
    Opened,
    json_option,
    message_option,
    pass_context,
    print_result,
)
from dreamfs_tools.call import Answer
from dreamfs_tools.errors import Refusal
from dreamfs_tools.filesystem import Snapshot
from dreamfs_tools.mounts import tree_of


@click.command(cls=Command)
@click.argument("path")
@click.option("--old", default=None, help="Without an editor: replace this string, which must occur once …")
@click.option("--new", default="", help="… by this one.")
@message_option
@json_option
@pass_context
def command(context: Context, path: str, old: str | None, new: str, message: str, as_json: bool) -> None:
    """Edit PATH in $VISUAL or $EDITOR, or make it; --old and --new replace one string instead.

    If somebody else changed the file meanwhile, both edits are merged where they do not meet; where they do, nothing is
    written and your text is kept in a file that the answer names.
    """
    if old is not None:
        from dreamfs_tools.str_replace import str_replace

        answer = context.call(lambda call: str_replace(call, path, old, new, message=message))
        print_result(answer, as_json=as_json)
        return
    text, version = context.run(lambda opened: _read(context, opened, path))
    edited = click.edit(text, extension=os.path.splitext(path)[1] or ".md")  # noqa: PTH122  # not a path of this machine
    if edited is None or edited == text:
        click.echo("Nothing was changed.", err=True)
        return
    print_result(_write(context, path, edited, version, message), as_json=as_json)


async def _read(context: Context, opened: Opened, path: str) -> tuple[str, int]:
    def query(snapshot: Snapshot) -> tuple[str, int]:
        place = context.mounts.writable_place(snapshot, path)
        assert place.mount is not None
        tree = tree_of(snapshot, place.mount)
        entry = tree.entry(place.path)
        if entry is None:
            return "", 0
        if entry.kind != "file":
            raise Refusal("invalid_argument", f"{place.shown} is a folder, not a file.")
        text = tree.text(entry)
        if text is None:
            raise Refusal("unavailable", f"The content of {place.shown} was redacted.")
        return text, entry.version

    return await opened.filesystem.read(query)


def _write(context: Context, path: str, text: str, version: int, message: str) -> Answer:
    from dreamfs_tools.create import create

    try:
        return context.call(
            lambda call: create(
                call,
                path,
                text,
                expected_version=version,
                message=message,
                on_conflict="merge" if version else "fail",
            )
        )
    except Refusal as refusal:
        with tempfile.NamedTemporaryFile("w", prefix="dreamfs-", suffix=".txt", delete=False, encoding="utf-8") as kept:
            kept.write(text)
        raise Refusal(refusal.code, f"{refusal.sentence}\nYour text is kept in {kept.name}.", **refusal.data) from None
