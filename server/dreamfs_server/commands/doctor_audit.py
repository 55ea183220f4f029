"""`dreamfs doctor --verify`, `--anchor` and `--repair`."""

import json
from pathlib import Path
from typing import Any, TypeGuard

import click

from dreamfs_server.commands.context import Context, print_json
from dreamfs_server.commands.progress import spinner
from dreamfs_tools.answers import plural
from dreamfs_tools.errors import Refusal

SHOWN_MAX = 50
"""More problems than this are counted; --json has all."""


def verify(context: Context, anchor_file: str | None, *, as_json: bool) -> None:
    """Check everything, against an anchor where one is named; exit code 1 when something is wrong."""
    anchor = _read(anchor_file) if anchor_file else None
    with spinner("Verifying …"):
        found = context.run(lambda opened: opened.integrity.verify(anchor))
    if as_json:
        print_json(dict(found))
    else:
        checked = f"{plural(found['revisions'], 'revision')} and {plural(found['contents'], 'content')}"
        _say(found["problems"], f"Verified {checked}: everything is as it was written.")
        if anchor is not None and not found["problems"]:
            click.echo(f"It has all that the anchor of {anchor.get('written_at', '')} has.")
        elif not found["problems"]:
            click.echo("Whether the end was cut off shows only against an anchor: --anchor-file FILE.")
    if found["problems"]:
        raise SystemExit(1)


def write_anchor(context: Context, target: str) -> None:
    """Write an anchor. One that is there is held against the history first, so that no proof is written over."""
    path = None if target == "-" else Path(target)
    if path is not None and path.exists():
        before = _read(target)
        lost = context.run(lambda opened: opened.integrity.compare(before))
        if lost:
            raise Refusal("not_allowed", "\n".join([f"{target} was kept: it is the proof of this.", *lost]))
    anchor = context.run(lambda opened: opened.integrity.anchor())
    if path is None:
        print_json(dict(anchor))
        return
    try:
        path.write_text(json.dumps(anchor, indent=2) + "\n", encoding="utf-8")
    except OSError as error:
        raise Refusal("unavailable", f"{target} cannot be written: {error.strerror}.") from None
    click.echo(
        f"{target} holds the heads of {plural(len(anchor['stores']), 'store')}. Keep it where nobody who can write "
        "the database can write it."
    )


def repair(context: Context, *, yes: bool, as_json: bool) -> None:
    """Rebuild what is derived, after a word about backups."""
    if not yes:
        click.echo(
            "Make a backup first: dreamfs backup FILE. History and contents are not touched by a repair.", err=True
        )
        click.confirm("Rebuild folders, totals and indexes from the history?", abort=True, err=True)
    with spinner("Rebuilding …"):
        found = context.run(lambda opened: opened.integrity.repair())
    if as_json:
        print_json(dict(found))
    else:
        click.echo(f"Rebuilt {plural(found['stores'], 'store')} from the history.")
        _say(found["problems"], "Everything is as it was written.")
    if found["problems"]:
        raise SystemExit(1)


def _say(problems: list[dict[str, Any]], sound: str) -> None:
    if not problems:
        click.echo(sound)
        return
    click.echo(f"{plural(len(problems), 'problem')} found:")
    for problem in problems[:SHOWN_MAX]:
        click.echo(f"- {problem['sentence']}")
    if len(problems) > SHOWN_MAX:
        click.echo(f"… and {len(problems) - SHOWN_MAX:,} more; --json shows all.")
    if {problem["kind"] for problem in problems} == {"state"}:
        click.echo("The history is whole: dreamfs doctor --repair rebuilds the rest from it.")


def _is_document(found: object) -> TypeGuard[dict[str, Any]]:
    return isinstance(found, dict)


def _read(target: str) -> dict[str, Any]:
    try:
        found: object = json.loads(Path(target).read_text(encoding="utf-8"))
    except OSError as error:
        raise Refusal("not_found", f"{target} cannot be read: {error.strerror}.") from None
    except ValueError:
        found = None
    if not _is_document(found):
        raise Refusal("invalid_argument", f"{target} is not an anchor; `dreamfs doctor --anchor FILE` writes one.")
    return found
