"""`dreamfs apply`: a file of changes as one revision."""

import json
from typing import Any, BinaryIO, cast

import click

from dreamfs_server.commands.context import (
    Command,
    Context,
    Opened,
    json_option,
    message_option,
    pass_context,
    print_json,
    session_option,
)
from dreamfs_tools.dreaming import ProposedChange
from dreamfs_tools.errors import Refusal
from dreamfs_tools.filesystem import Planned, Snapshot


@click.command(cls=Command, takes_arguments=True)
@click.argument("file", type=click.File("rb"), default="-")
@click.option("--dry-run", is_flag=True, help="Only show the diff.")
@message_option
@session_option
@json_option
@pass_context
def command(context: Context, file: BinaryIO, dry_run: bool, message: str, session: str, as_json: bool) -> None:
    """Apply the changes of FILE (JSON; by default standard input) as one revision, all or nothing.

    A change is {"operation": "create"|"replace"|"edit"|"rename"|"retire", "path", "file_text", "old_str", "new_str",
    "new_path", "expected_version"}; the file holds a list of them, or {"changes": […], "message": "why"}.
    """
    changes, said = _read(file.read())

    async def work(opened: Opened) -> tuple[str, int]:
        def plan(snapshot: Snapshot) -> Planned[str]:
            return _plan(context, snapshot, changes, message or said, context.author(session).label)

        if dry_run:
            return (await opened.filesystem.read(plan)).value, 0
        diff, committed = await opened.filesystem.write(plan, context.author(session))
        return diff, max((revision.number for revision in committed.revisions.values()), default=0) if committed else 0

    diff, version = context.run(work)
    if as_json:
        print_json({"version": version or None, "diff": diff})
    else:
        click.echo(diff, nl=False)
        click.echo(f"Applied as version {version}." if version else "Nothing was written.", err=True)


def _read(text: bytes) -> tuple[list[ProposedChange], str]:
    from dreamfs_tools.dream_propose import parse_change

    try:
        value: Any = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise Refusal("invalid_argument", f"The file is not JSON: {error}. Nothing was written.") from None
    message = ""
    if isinstance(value, dict):
        document = cast("dict[str, Any]", value)
        if unknown := sorted(set(document) - {"changes", "message"}):
            raise Refusal("invalid_argument", f"{unknown[0]} is not a field; the fields are: changes, message.")
        value, message = document.get("changes"), str(document.get("message") or "")
    if not isinstance(value, list) or not value:
        raise Refusal("invalid_argument", 'The file holds no changes; it is a list of them, or {"changes": […]}.')
    return [parse_change(f"change {at}", item) for at, item in enumerate(cast("list[object]", value), 1)], message


def _plan(context: Context, snapshot: Snapshot, changes: list[ProposedChange], message: str, by: str) -> Planned[str]:
    from dreamfs_server.dream.apply import fold, rebase, retirement_note
    from dreamfs_tools.admission import admit
    from dreamfs_tools.mounts import tree_of

    place = context.mounts.writable_place(snapshot, changes[0].path)
    assert place.mount is not None
    tree = tree_of(snapshot, place.mount)
    mount = f"/{place.mount.name}"
    for number, change in enumerate(changes, 1):
        for path in filter(None, (change.path, change.new_path)):
            if not path.startswith(f"{mount}/"):
                raise Refusal(
                    "invalid_argument",
                    f"Change {number}: {path} is not in {mount}, as change 1 is. One file of changes is for one store. "
                    "Nothing was written; make a file for each.",
                )
    folded = fold(tree, mount, changes, note=retirement_note(snapshot.now, by))
    if folded.failures:
        lines = "\n".join(f"  {failure}" for failure in folded.failures)
        raise Refusal("conflict", f"These changes cannot be applied. Nothing was written.\n{lines}")
    edits = rebase(folded.files, tree, place.store)
    return Planned(folded.diff(mount), edits, admit(snapshot, edits, message, {place.store: place.mount.name}))
