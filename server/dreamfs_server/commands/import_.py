"""`dreamfs import`: a folder or a zip archive into memory, as one revision, with the plan shown first."""

import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

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
from dreamfs_server.commands.printing import say
from dreamfs_tools.errors import Refusal
from dreamfs_tools.tree_import import ImportPlan, Unfit, plan_import, reason_lines, refused_sentence, run_import

SHOWN = 20


@click.command(cls=Command)
@click.argument("source", type=click.Path(path_type=Path))
@click.argument("path")
@click.option("--dry-run", is_flag=True, help="Only show the plan.")
@click.option("--yes", is_flag=True, help="Do not ask before files are replaced or deleted.")
@click.option("--mirror", is_flag=True, help="Also delete what is below PATH and not in SOURCE.")
@click.option("--skip", is_flag=True, help="Leave out what cannot be taken, instead of taking nothing.")
@message_option
@session_option
@json_option
@pass_context
def command(
    context: Context,
    source: Path,
    path: str,
    dry_run: bool,
    yes: bool,
    mirror: bool,
    skip: bool,
    message: str,
    session: str,
    as_json: bool,
) -> None:
    """Take the files of SOURCE, a folder or a zip archive, in below PATH: all as one revision, or nothing."""
    from dreamfs_server.exchange.inward import read_source

    found = read_source(source)
    texts = found.texts
    spared: list[str] = list(found.problems)

    async def plan(opened: Opened) -> ImportPlan:
        return await plan_import(context.caller(opened, session), path, texts, mirror=mirror, spared=spared)

    shown = context.run(plan)
    refused = {**found.problems, **{name.removeprefix(f"{shown.path}/"): why for name, why in shown.refused.items()}}
    if skip and shown.refused:
        spared = list(refused)
        texts = {name: text for name, text in texts.items() if name not in refused}
        shown = context.run(plan)
    if dry_run:
        _show(shown, refused, found.ignored, as_json=as_json)
        return
    if refused and not skip:
        raise Refusal("invalid_argument", f"{refused_sentence(refused)}\nTo leave them out, add --skip.")
    if not as_json:
        _show(shown, refused, found.ignored, as_json=False)
    _ask(shown, yes=yes)

    why = message or f"Import {source.resolve().name}"

    async def work(opened: Opened) -> ImportPlan:
        made = await run_import(
            context.caller(opened, session), path, texts, shown, mirror=mirror, spared=spared, message=why
        )
        if made.replaced or made.deleted:
            with suppress(Refusal):  # it is imported, whether what was replaced could be made small or not
                await opened.rest()
        return made

    done = context.run(work)
    if as_json:
        _show(done, refused, found.ignored, as_json=True)
    elif done.version:
        click.echo(f"Imported as version {done.version}.")
    else:
        click.echo("Everything is so already; nothing was written.")


def _ask(plan: ImportPlan, *, yes: bool) -> None:
    if yes or not (plan.replaced or plan.deleted):
        return
    if not sys.stdin.isatty():
        raise Refusal("not_allowed", "Files would be replaced or deleted. Nothing was written; add --yes to mean it.")
    if not click.confirm("Replace and delete these?", default=False):
        raise Refusal("not_allowed", "Nothing was written.")


def _show(plan: ImportPlan, refused: Mapping[str, Unfit], ignored: Sequence[str], *, as_json: bool) -> None:
    if as_json:
        print_json(
            {
                "path": plan.path,
                "version": plan.version or None,
                "created": list(plan.created),
                "replaced": dict(plan.replaced),
                "deleted": dict(plan.deleted),
                "unchanged": len(plan.unchanged),
                "refused": {name: str(why) for name, why in refused.items()},
                "ignored": list(ignored),
            }
        )
        return
    _rows("create ", plan.created)
    _rows("replace", [f"{path} (version {version})" for path, version in plan.replaced.items()])
    _rows("delete ", [f"{path} (version {version})" for path, version in plan.deleted.items()])
    for line in reason_lines(refused):
        say(f"cannot   {line}")
    for name in ignored:
        say(f"ignore   {name}, which belongs to git")
    click.echo(
        f"{len(plan.created):,} to create, {len(plan.replaced):,} to replace, {len(plan.deleted):,} to delete, "
        f"{len(plan.unchanged):,} unchanged, {len(refused):,} that cannot be taken."
    )


def _rows(what: str, rows: Sequence[str]) -> None:
    for row in rows[:SHOWN]:
        say(f"{what}  {row}")
    if len(rows) > SHOWN:
        click.echo(f"{what}  … and {len(rows) - SHOWN:,} more; --json lists all")
