"""`dreamfs prune`: let old contents go; history stays."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import click

from dreamfs_server.commands.context import Command, Context, Opened, json_option, pass_context, print_json
from dreamfs_server.commands.narrowing import named
from dreamfs_server.commands.printing import say
from dreamfs_server.commands.redact import ask, show_outcome
from dreamfs_server.commands.store_settings import store_named
from dreamfs_tools.answers import plural
from dreamfs_tools.errors import Refusal
from dreamfs_tools.filesystem import Snapshot
from dreamfs_tools.redaction import ROWS_SHOWN_MAX, Copy, Erased, ErasurePlan, Pruning, plan_shape


@click.command(cls=Command)
@click.option("--store", default="", callback=named, help="Only this store; otherwise all.")
@click.option(
    "--older-than", "days", type=click.IntRange(min=0), default=None, metavar="DAYS", help="Superseded so long ago."
)
@click.option(
    "--keep", type=click.IntRange(min=1), default=None, metavar="N", help="Keep the newest N versions of each file."
)
@click.option("--dry-run", is_flag=True, help="Only list what would go.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@json_option
@pass_context
def command(
    context: Context, store: str, days: int | None, keep: int | None, dry_run: bool, yes: bool, as_json: bool
) -> None:
    """Let the contents of old versions go, by age, by number, or where both rules agree.

    Without --older-than and --keep, each store's own settings say what goes: dreamfs store set STORE --keep-days N
    --keep-versions N. A store without them keeps everything.

    Never the live version of a file, never a row of history, never a content that a kept version has, and never what a
    fork or a pending proposal may still be merged against.
    """
    now = datetime.now(UTC)

    def rules(snapshot: Snapshot) -> list[Pruning]:
        named = store_named(snapshot, store) if store else None
        if days is not None or keep is not None:
            return [Pruning(named.slug if named else "", _before(now, days), keep)]
        return [
            Pruning(found.slug, _before(now, found.keep_days), found.keep_versions)
            for found in ([named] if named else snapshot.stores())
            if found.keep_days or found.keep_versions
        ]

    async def look(opened: Opened) -> tuple[list[Pruning], ErasurePlan]:
        prunings = await opened.filesystem.read(rules)
        if not prunings:
            which = f"The store {store.removeprefix('/')} keeps" if store else "Every store keeps"
            raise Refusal(
                "invalid_argument",
                f"{which} all versions for ever. Give --older-than, --keep or both, or set it once: "
                f"dreamfs store set {store.removeprefix('/') or 'STORE'} --keep-days N --keep-versions N.",
            )
        return prunings, await opened.eraser.plan_pruning(prunings)

    prunings, plan = context.run(look)
    if dry_run or not plan.copies:
        _show(plan, "would go", as_json=as_json)
        return
    if not as_json:
        _show(plan, "go", as_json=False)
    ask("Let them go?", yes=yes)

    async def work(opened: Opened) -> Erased:
        return await opened.eraser.prune(prunings, context.author())

    show_outcome(context.run(work), as_json=as_json)


def _before(now: datetime, days: int | None) -> datetime | None:
    return None if days is None else now - timedelta(days=days)


def _show(plan: ErasurePlan, verb: str, *, as_json: bool) -> None:
    if as_json:
        print_json({"status": "planned", **plan_shape(plan)})
        return
    if not plan.copies:
        click.echo("No version is to go.")
    else:
        click.echo(f"The contents of {plural(len(plan.copies), 'old version')} {verb}; their history stays:")
        _list(plan.copies)
    if plan.spared:
        count = plural(len(plan.spared), "old version")
        click.echo(f"{count} would go by the rules and stay: a fork or a proposal may still be merged against them:")
        _list(plan.spared)


def _list(copies: Sequence[Copy]) -> None:
    for copy in copies[:ROWS_SHOWN_MAX]:
        say(f"  {copy.where}")
    if len(copies) > ROWS_SHOWN_MAX:
        click.echo(f"  … and {len(copies) - ROWS_SHOWN_MAX:,} more: --json lists them all")
