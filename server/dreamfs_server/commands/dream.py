"""`dreamfs dream`: run a dream, look at it, and decide about its proposals."""

import sys
from datetime import datetime
from functools import partial
from typing import Literal

import click

from dreamfs_server.commands.context import Context, Group, Opened, json_option, pass_context, print_json
from dreamfs_server.commands.dream_allow import command as allow_command
from dreamfs_server.commands.dream_estimate import show_estimate
from dreamfs_server.commands.dream_measure import measure
from dreamfs_server.commands.dream_review import command as review_command
from dreamfs_server.commands.dream_undo import revert, unbelieve
from dreamfs_server.commands.terms import in_terminal_terms
from dreamfs_tools.answers import rfc3339
from dreamfs_tools.dreaming import Dream, DreamRequest
from dreamfs_tools.errors import Code, Refusal
from dreamfs_tools.filesystem import Snapshot


@click.group(cls=Group)
def command() -> None:
    """Dream over stored transcripts; review what was proposed. Nothing changes until a person accepts it."""


@command.command()
@click.option("--store", default="memories", show_default=True, help="The store to dream about.")
@click.option("--curator", default="auto", show_default=True, help="Who turns evidence into proposals.")
@click.option("--since", default="", metavar="TIME", help="Only sessions that ended since; `2026-11-20`, or RFC 3339.")
@click.option("--session", "sessions", multiple=True, metavar="ID", help="Only this session. Repeatable.")
@click.option("--instructions", default="", help="What to look for, in words; for curators that read.")
@click.option("--output", type=click.Choice(["propose", "fork"]), default="propose", show_default=True)
@click.option("--dry-run", is_flag=True, help="Say what a model would be sent and what it would cost; send nothing.")
@click.option("--if-due", is_flag=True, help="Only when enough new sessions and hours have passed; for cron.")
@click.option("--resume", "dream_id", default="", metavar="ID", help="Run on a dream whose process ended.")
@json_option
@pass_context
def run(
    context: Context,
    store: str,
    curator: str,
    since: str,
    sessions: tuple[str, ...],
    instructions: str,
    output: Literal["propose", "fork"],
    dry_run: bool,
    if_due: bool,
    dream_id: str,
    as_json: bool,
) -> None:
    """Dream now: mine the transcripts for evidence, and propose changes, each with the lines that support it."""
    request = DreamRequest(
        store=store,
        curator=curator,
        sessions=sessions,
        since=_time(since),
        instructions=instructions,
        output=output,
        requested_by=context.author().actor,
    )

    if dry_run:
        show_estimate(context, request, as_json=as_json)
        return

    async def work(opened: Opened) -> Dream | str:
        if dream_id:
            return await opened.dreams.resume(dream_id)
        if if_due:
            return await opened.dreams.start_if_due(request)
        return await opened.dreams.start(request)

    from dreamfs_server.commands.progress import spinner

    try:
        with spinner("Dreaming …"):
            dream = context.run(work)
    except KeyboardInterrupt:
        click.echo(context.run(partial(_interrupted, store=store)), err=True)
        sys.exit(1)
    if isinstance(dream, str):
        why = in_terminal_terms(dream)
        if as_json:
            print_json({"due": False, "reason": why})
        elif sys.stdout.isatty():  # cron mails whatever is printed
            click.echo(f"Not due: {why}")
        return
    if dream.status in {"failed", "canceled"}:
        code: Code = "unavailable" if dream.status == "failed" else "conflict"
        raise Refusal(
            code, f"Dream {dream.dream_id} is {dream.status}. {dream.error}".rstrip(), dream_id=dream.dream_id
        )
    _show(context, dream.dream_id, as_json=as_json, whole=False)


@command.command("list")
@click.option("--store", default="", help="Only dreams of this store.")
@json_option
@pass_context
def list_(context: Context, store: str, as_json: bool) -> None:
    """List the dreams, newest first."""

    def query(snapshot: Snapshot) -> list[tuple[Dream, int, int]]:
        rows: list[tuple[Dream, int, int]] = []
        for dream in snapshot.dreams.dreams(store):
            proposals = snapshot.dreams.proposals(dream.dream_id)
            rows.append((dream, len(proposals), sum(proposal.status == "pending" for proposal in proposals)))
        return rows

    async def work(opened: Opened) -> list[tuple[Dream, int, int]]:
        return await opened.filesystem.read(query)

    rows = context.run(work)
    if as_json:
        print_json(
            [
                {
                    "id": dream.dream_id,
                    "status": dream.status,
                    "curator": dream.curator,
                    "store": dream.store,
                    "created_at": rfc3339(dream.created_at),
                    "proposals": count,
                    "pending": pending,
                }
                for dream, count, pending in rows
            ]
        )
        return
    from dreamfs_server.commands.tables import person_time, print_table

    print_table(
        ["dream", "began", "store", "curator", "status", "proposals", "pending"],
        [
            [
                dream.dream_id,
                person_time(dream.created_at.isoformat()),
                dream.store,
                dream.curator,
                dream.status,
                str(count),
                str(pending),
            ]
            for dream, count, pending in rows
        ],
        right={"proposals", "pending"},
    )


@command.command()
@click.argument("dream_id", default="")
@click.option("--calls", is_flag=True, help="Print instead what a model was asked and what it answered, as JSON.")
@json_option
@pass_context
def show(context: Context, dream_id: str, calls: bool, as_json: bool) -> None:
    """Show a dream with its proposals and their evidence; without an id the newest."""
    dream_id = dream_id or context.run(_newest)
    if calls:
        print_json(context.run(partial(_calls, dream_id=dream_id)))
    else:
        _show(context, dream_id, as_json=as_json)


@command.command()
@click.argument("dream_id")
@json_option
@pass_context
def cancel(context: Context, dream_id: str, as_json: bool) -> None:
    """End a running dream, from any process. What it proposed stays."""

    async def work(opened: Opened) -> Dream:
        return await opened.dreams.cancel(dream_id)

    status = context.run(work).status
    if as_json:
        _show(context, dream_id, as_json=True)
    else:
        click.echo(f"Dream {dream_id} is {status}.")


command.add_command(review_command)
command.add_command(revert)
command.add_command(measure)
command.add_command(unbelieve)
command.add_command(allow_command)


async def _interrupted(opened: Opened, store: str) -> str:
    dreams = await opened.filesystem.read(lambda snapshot: snapshot.dreams.dreams(store))
    left = next((dream.dream_id for dream in dreams if dream.status == "pending" and not dream.owner), "")
    if not left:
        return "Interrupted. Nothing was changed."
    return (
        f"Interrupted; nothing was changed. `dreamfs dream run --resume {left}` goes on with dream {left}, "
        f"`dreamfs dream cancel {left}` ends it."
    )


def _show(context: Context, dream_id: str, *, as_json: bool, whole: bool = True) -> None:
    """Print a dream: its report and, where it is wanted whole, each proposal; then what waits for a person."""
    from dreamfs_tools.dream_measures import newest_measures
    from dreamfs_tools.dream_pages import proposal_page, report
    from dreamfs_tools.dream_shape import dream_document
    from dreamfs_tools.dream_waiting import decide_on, waiting_before

    def query(snapshot: Snapshot) -> tuple[dict[str, object], str]:
        dream = snapshot.dreams.dream(dream_id)
        if dream is None:
            raise Refusal("not_found", f"There is no dream {dream_id}; `dreamfs dream list` shows those there are.")
        proposals = snapshot.dreams.proposals(dream_id)
        measured = newest_measures(snapshot, dream)
        pages = ["\n".join([proposal_page(dream, proposal), *measured.page(proposal.number)]) for proposal in proposals]
        steps = [*decide_on(dream, proposals), *waiting_before(snapshot, dream)]
        if proposals and not whole:
            steps.append(f"All of it, with every quote: `dreamfs dream show {dream_id}`.")
        cards = snapshot.dreams.cards(dream_id)
        if cards and not proposals:
            steps.insert(0, f"What it saw, and why that is no rule yet: `dreamfs ls -r /dreams/{dream_id}/cards`.")
        shown = [report(dream, cards, proposals), *(pages if whole else ())]
        text = "\n".join([*shown, *steps])
        return dream_document(dream, proposals, measured), text

    async def work(opened: Opened) -> tuple[dict[str, object], str]:
        return await opened.filesystem.read(query)

    document, text = context.run(work)
    if as_json:
        print_json(document)
    else:
        click.echo(text)


async def _calls(opened: Opened, dream_id: str) -> list[dict[str, object]]:
    """Every call exactly as the model saw it."""
    from dreamfs_tools.model_call import MICROUSD, whole_request

    calls = await opened.books.of(dream_id)
    return [
        {
            "number": call.number,
            "purpose": call.purpose,
            "model": call.model,
            "request": whole_request(calls, call.number),
            "response": dict(call.response) or None,
            "usd": call.cost_microusd / MICROUSD,
            "error": call.error,
            "created_at": call.created_at.isoformat() if call.created_at else None,
            "finished_at": call.finished_at.isoformat() if call.finished_at else None,
        }
        for call in calls
    ]


async def _newest(opened: Opened) -> str:
    dreams = await opened.filesystem.read(lambda snapshot: snapshot.dreams.dreams())
    if not dreams:
        raise Refusal("not_found", "There are no dreams yet; `dreamfs dream run` makes one.")
    return dreams[0].dream_id


def _time(text: str) -> datetime | None:
    if not text:
        return None
    from datetime import UTC

    from dateutil import parser

    try:
        at = parser.isoparse(text)
    except ValueError:
        raise Refusal("invalid_argument", f"--since {text} is not a date; write 2026-11-20 or RFC 3339.") from None
    return at if at.tzinfo else at.replace(tzinfo=UTC)
