"""`dreamfs redact`: remove a text for good."""

import sys

import click

from dreamfs_server.commands.context import Command, Context, Opened, json_option, pass_context, print_json
from dreamfs_tools.errors import Refusal
from dreamfs_tools.filesystem import Snapshot
from dreamfs_tools.redaction import Erased, ErasurePlan, Redaction, outcome_of, plan_shape, plan_text


@click.command(cls=Command)
@click.argument("path")
@click.option("--version", "versions", type=int, multiple=True, help="The whole content of this version. Repeatable.")
@click.option("--all", "all_versions", is_flag=True, help="The whole content of every version.")
@click.option("--text", default=None, help="This text, wherever it is; - reads it from standard input.")
@click.option("--replace", "replacement", default="[redacted]", show_default=True, help="What to put in its place.")
@click.option("--everywhere", is_flag=True, help="Also every copy outside the history of PATH.")
@click.option(
    "--take", multiple=True, metavar="PLACE", help="Also copies at this place, as the list names it. Repeatable."
)
@click.option(
    "--leave",
    multiple=True,
    metavar="PLACE",
    help="Leave lines that stand at this place for themselves; / for all such places. Repeatable.",
)
@click.option("--reason", default="", help="Why; shown in the history.")
@click.option("--dry-run", is_flag=True, help="Only list what would be removed.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@json_option
@pass_context
def command(
    context: Context,
    path: str,
    versions: tuple[int, ...],
    all_versions: bool,
    text: str | None,
    replacement: str,
    everywhere: bool,
    take: tuple[str, ...],
    leave: tuple[str, ...],
    reason: str,
    dry_run: bool,
    yes: bool,
    as_json: bool,
) -> None:
    """Remove a text, or whole versions of PATH, for good: from every version, fork, proposal, transcript and log.

    First lists every copy in the database, then asks. History keeps who changed what and when. Backups, snapshots and
    exports are out of reach.
    """
    if (text is not None) + bool(versions) + all_versions != 1:
        raise click.UsageError("Give one of --text, --version and --all.")
    if text is not None and leave:
        raise click.UsageError("--leave is for lines of whole versions; a --text goes wherever it is.")
    if text == "-":
        text = sys.stdin.read()

    def query(snapshot: Snapshot) -> Redaction:
        place = context.mounts.resolve(snapshot, path)
        if not place.store:
            raise Refusal("invalid_argument", f"{place.shown} is not in a store. Name a file such as /memories/a.md.")
        return Redaction(place.store, place.path, text, versions, replacement, everywhere, reason, take, leave)

    async def look(opened: Opened) -> tuple[Redaction, ErasurePlan]:
        redaction = await opened.filesystem.read(query)
        return redaction, await opened.eraser.plan(redaction)

    redaction, plan = context.run(look)
    if dry_run:
        show_plan(plan, as_json=as_json)
        return
    if not as_json:
        click.echo(plan_text(plan), err=True)
    if all(redaction.takes(copy) for copy in plan.copies):
        ask("Remove all of them for good?", yes=yes)

    async def work(opened: Opened) -> Erased:
        return await opened.eraser.erase(redaction, context.author())

    show_outcome(context.run(work), as_json=as_json)


def ask(question: str, *, yes: bool) -> None:
    """Ask a person at a terminal; elsewhere `--yes` has to say it.

    Raises:
        Refusal: `not_allowed` where nobody can be asked, or the answer is no.
    """
    if yes:
        return
    if not sys.stdin.isatty():
        raise Refusal("not_allowed", "Nobody can be asked here. Nothing was changed. Add --yes to go on.")
    if not click.confirm(question, err=True):
        raise Refusal("not_allowed", "Nothing was changed.")


def show_plan(plan: ErasurePlan, *, as_json: bool) -> None:
    """Print what would be removed."""
    if as_json:
        print_json({"status": "planned", **plan_shape(plan)})
    else:
        click.echo(plan_text(plan))


def show_outcome(erased: Erased, *, as_json: bool) -> None:
    """Print what was removed, and whether the bytes are gone."""
    outcome = outcome_of(erased)
    if as_json:
        print_json({"status": outcome, "versions": dict(erased.revisions), **plan_shape(erased.plan)})
        return
    count = len(erased.plan.copies)
    click.echo(f"{outcome}: {count:,} {'copy' if count == 1 else 'copies'}")
    for store, version in erased.revisions.items():
        click.echo(f"live files of /{store} were replaced in version {version}")
    if not erased.is_erased:
        click.echo("Nobody can read it any more, but its bytes may still be in the file, since others are using it.")
        click.echo("dreamfs doctor goes on with it when they rest.")
