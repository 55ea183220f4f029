"""`dreamfs prune`: let old contents go; history stays."""

from datetime import UTC, datetime, timedelta

import click

from dreamfs_server.commands.context import Command, Context, Opened, json_option, pass_context, print_json
from dreamfs_server.commands.redact import ask, show_outcome
from dreamfs_tools.errors import Refusal
from dreamfs_tools.redaction import Erased, ErasurePlan, Pruning, plan_shape


@click.command(cls=Command)
@click.option("--store", default="", help="Only this store; otherwise all.")
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

    Never the live version of a file, never a row of history, and never a content that a kept version has.
    """
    if days is None and keep is None:
        raise click.UsageError("Give --older-than, --keep or both.")
    before = None if days is None else datetime.now(UTC) - timedelta(days=days)
    pruning = Pruning(store.strip("/"), before, keep)

    async def look(opened: Opened) -> ErasurePlan:
        known = await opened.filesystem.read(lambda snapshot: [found.slug for found in snapshot.stores()])
        if pruning.store and pruning.store not in known:
            raise Refusal("not_found", f"There is no store {store}; there are {', '.join(known)}.")
        return await opened.eraser.plan_pruning(pruning)

    plan = context.run(look)
    if dry_run or not plan.copies:
        _show(plan, as_json=as_json)
        return
    if not as_json:
        _show(plan, as_json=False)
    ask("Let them go?", yes=yes)

    async def work(opened: Opened) -> Erased:
        return await opened.eraser.prune(pruning, context.author())

    show_outcome(context.run(work), as_json=as_json)


def _show(plan: ErasurePlan, *, as_json: bool) -> None:
    if as_json:
        print_json({"status": "planned", **plan_shape(plan)})
        return
    if not plan.copies:
        click.echo("No version is to go.")
    for copy in plan.copies:
        click.echo(copy.where)
