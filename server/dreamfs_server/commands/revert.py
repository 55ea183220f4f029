"""`dreamfs revert`: take back what a session, a dream, an actor, a source or some versions led to."""

import re
from datetime import UTC, datetime
from typing import Any

import click

from dreamfs_server.commands.context import (
    Command,
    Context,
    json_option,
    message_option,
    pass_context,
    print_json,
)
from dreamfs_server.commands.narrowing import named
from dreamfs_server.commands.persons_choice import persons_acceptance
from dreamfs_server.commands.times import read_time
from dreamfs_tools.answers import moment, plural, revision_line
from dreamfs_tools.inverse import Undone
from dreamfs_tools.revert import Reverted, blocked_words
from dreamfs_tools.selection import Selection
from dreamfs_tools.shapes import change_shape, old_path_of

_VERSIONS = re.compile(r"([0-9]{1,15})(?:\.\.([0-9]{1,15})?)?")


@click.command(cls=Command)
@click.argument("path", default="/")
@click.option("--session", default="", callback=named, metavar="ID", help="What this session changed.")
@click.option(
    "--dream", "dream_id", default="", callback=named, metavar="ID", help="What this dream changed, once accepted."
)
@click.option(
    "--actor", default="", callback=named, metavar="A", help="What this actor changed: user:ada, token:ci, dream:drm_1."
)
@click.option(
    "--source",
    default="",
    callback=named,
    metavar="S",
    help="What dreams made of this session's transcript, or of this memory.",
)
@click.option(
    "--version",
    "versions",
    default="",
    callback=named,
    metavar="N[..M]",
    help="What these versions of a store changed.",
)
@click.option(
    "--since",
    default="",
    callback=named,
    metavar="TIME",
    help="Only since; 2026-11-22, RFC 3339, or how long ago: 12h, 7d.",
)
@click.option("--until", default="", callback=named, metavar="TIME", help="Only until; likewise.")
@click.option("--store", default="", callback=named, metavar="NAME", help="Only in this store; the same as PATH /NAME.")
@click.option("--dry-run", is_flag=True, help="Only show what it would take back, and what stands in the way.")
@message_option
@click.option("--as-session", default="", metavar="ID", help="The session to attribute the revert to.")
@json_option
@pass_context
def command(
    context: Context,
    path: str,
    session: str,
    dream_id: str,
    actor: str,
    source: str,
    versions: str,
    since: str,
    until: str,
    store: str,
    dry_run: bool,
    message: str,
    as_session: str,
    as_json: bool,
) -> None:
    """Take back what a session, dream, actor, source or range of versions changed, all in one new version.

    What others wrote since is kept, by a three-way merge of each file. Where that is not safe nothing is changed, and
    what overlaps is shown. PATH narrows it to a store, a folder or a file. A revert can be reverted by its version.
    """
    from dreamfs_tools.revert import revert

    if not (session or dream_id or actor or source or versions or since):
        raise click.UsageError("Say what to take back: --session, --dream, --actor, --source, --version or --since.")
    if store and path != "/":
        raise click.UsageError("Give PATH or --store, not both.")
    now = datetime.now(UTC)
    first, last = _range(versions)
    selection = Selection(
        path=f"/{store}" if store else path,
        session=session,
        actor=actor,
        dream_id=dream_id,
        source=source,
        first=first,
        last=last,
        since=read_time("--since", since, now),
        until=read_time("--until", until, now, end=True),
    )

    def reverted(*, dry_run: bool) -> Reverted:
        return context.run(
            lambda opened: revert(context.caller(opened, as_session), selection, message=message, dry_run=dry_run)
        )

    if not dry_run:
        persons_acceptance(lambda: reverted(dry_run=True).changes)
    found = reverted(dry_run=dry_run)
    if as_json:
        print_json(_document(found))
    else:
        _say(found, dry_run=dry_run)


def _range(text: str) -> tuple[int, int | None]:
    if not text:
        return 0, None
    found = _VERSIONS.fullmatch(text)
    first = int(found[1]) if found else 0
    last = None if text.endswith("..") else int(found[2] or first) if found else 0
    if found is None or not first or (last is not None and last < first):
        raise click.UsageError(f"--version {text} is not a version or a range: write 12, 12..15 or 12.. for all since.")
    return first, last


def _say(found: Reverted, *, dry_run: bool) -> None:
    count, files = len(found.changes), len(found.inverse.files)
    if not dry_run:
        click.echo(
            f"Took back {found.selection.words}: {plural(count, 'change')}, now undone in {plural(files, 'file')}."
        )
        for file in found.inverse.files:
            click.echo(f"  {_did(found, file)}")
        for store, revision in found.revisions.items():
            click.echo(f"/{found.mounts[store].name} {revision_line(revision)}")
        return
    click.echo(f"{plural(count, 'change').capitalize()} fit: {found.selection.words}.")
    _list(found)
    if files:
        click.echo(f"\nReverting would change {plural(files, 'file')}:\n")
        click.echo(found.diff.removesuffix("\n"))
    elif not found.inverse.blocked:
        click.echo("\nNothing is left to take back: it was undone or written over since.")
    if found.inverse.blocked:
        click.echo(f"\nIt is refused as it stands: {plural(len(found.inverse.blocked), 'file')} in the way.\n")
        for line in blocked_words(found):
            click.echo(line)


def _list(found: Reverted) -> None:
    from dreamfs_server.commands.tables import print_table

    by_name = {mount.name: mount for mount in found.mounts.values()}
    came = {id(one): old_path_of(one, found.mounts[one.store], by_name) for one in found.changes}
    rows = [
        [
            str(change.version),
            moment(change.revision.created_at).removesuffix(" UTC"),
            change.revision.author.label,
            change.operation,
            f"+{change.added} −{change.removed}",
            f"{came[id(change)]} → " * bool(came[id(change)]) + found.shown(change.store, change.path),
            change.revision.message,
        ]
        for change in found.changes
    ]
    print_table(["version", "when", "who", "did", "lines", "path", "why"], rows, right={"version"})


def _did(found: Reverted, file: Undone) -> str:
    """`renamed /memories/b.md back to /memories/a.md`."""
    now, then = file.now, file.then
    if now is None or then is None:
        word = "deleted" if then is None else "brought back"
        return f"{word} {found.shown(file.held.store, file.held.path)}"
    shown, goes = found.shown(now.store, now.path), found.shown(then.store, then.path)
    how = "" if file.is_exact else ", keeping what others wrote since"
    if goes != shown:
        return f"renamed {shown} back to {goes}{', with its text of then' if now.text != then.text else ''}{how}"
    return f"changed {shown} back{how}"


def _document(found: Reverted) -> dict[str, Any]:
    by_name = {mount.name: mount for mount in found.mounts.values()}
    return {
        "reverts": found.selection.words,
        "changes": [
            change_shape(change, found.mounts[change.store], old_path_of(change, found.mounts[change.store], by_name))
            for change in found.changes
        ],
        "files": [
            {
                "path": found.shown(file.now.store, file.now.path) if file.now else None,
                "new_path": found.shown(file.then.store, file.then.path) if file.then else None,
                "diff": found.difference(file),
            }
            for file in found.inverse.files
        ],
        "blocked": [
            {
                "path": found.shown(one.store, one.path),
                "why": one.why,
                "since": [change.version for change in one.since],
                "overlaps": [
                    {"lines": [overlap.start + 1, overlap.end], "now": overlap.ours, "then": overlap.theirs}
                    for overlap in one.overlaps
                ],
            }
            for one in found.inverse.blocked
        ],
        "versions": {found.mounts[store].name: revision.number for store, revision in found.revisions.items()},
    }
