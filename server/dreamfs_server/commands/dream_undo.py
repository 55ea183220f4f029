"""`dreamfs dream revert` and `unbelieve`: take back what dreams did, as one change that a person reviews."""

import os
import sys

import click

from dreamfs_server.commands.context import Command, Context, Opened, json_option, pass_context, print_json
from dreamfs_server.settings import login
from dreamfs_tools.dreaming import Dream, Proposal


@click.command(cls=Command)
@click.argument("dream_id")
@click.argument("selection", default="")
@json_option
@pass_context
def revert(context: Context, dream_id: str, selection: str, as_json: bool) -> None:
    """Propose to undo what accepting a dream's proposals did: all of them, or a SELECTION such as 2 or 1,3-5.

    Nothing is undone until you accept it. What others wrote since is kept.
    """

    async def work(opened: Opened) -> Dream:
        numbers: list[int] = []
        if selection:
            from dreamfs_server.dream.review import selection as selected

            proposals = await opened.filesystem.read(lambda snapshot: snapshot.dreams.proposals(dream_id))
            numbers = selected(selection, [proposal.number for proposal in proposals])
        return await opened.dreams.revert(dream_id, context.author().actor, numbers)

    _told(context, context.run(work), as_json=as_json)


@click.command(cls=Command)
@click.argument("source")
@click.option("--store", default="memories", show_default=True, help="The store whose dreams read it.")
@click.option("--reason", default="", help="Why it is false.")
@click.option("--undo", is_flag=True, help="Believe it again; what was taken back stays so.")
@click.option("--as", "named", default="", metavar="NAME", help="Who says so, for scripts.")
@json_option
@pass_context
def unbelieve(context: Context, source: str, store: str, reason: str, undo: bool, named: str, as_json: bool) -> None:
    """Call a source false: a session, as /transcripts/ID or its ID, or a memory's path.

    No later dream reads or cites it. All that was accepted because of it becomes one proposal to take back, which you
    review; open proposals that cite it go stale.
    """
    from dreamfs_server.dream.reviewer import reviewer_of

    person = reviewer_of(named, login(), os.environ, is_terminal=sys.stdin.isatty())
    path = source if source.startswith("/") else f"/transcripts/{source}"

    async def work(opened: Opened) -> Dream | None:
        if undo:
            await opened.dreams.believe(store, path)
            return None
        return await opened.dreams.unbelieve(store, path, person, reason)

    dream = context.run(work)
    if dream is not None:
        _told(context, dream, as_json=as_json)
    elif as_json:
        print_json({"source": path, "believed": undo, "dream_id": None})
    else:
        rest = (
            "Dreams read it again." if undo else "Nothing that was accepted rests on it. No dream reads it from now on."
        )
        click.echo(f"{path}: {rest}")


def _told(context: Context, dream: Dream, *, as_json: bool) -> None:
    from dreamfs_tools.dream_measures import Measured
    from dreamfs_tools.dream_shape import dream_document

    async def work(opened: Opened) -> list[Proposal]:
        return list(await opened.filesystem.read(lambda snapshot: snapshot.dreams.proposals(dream.dream_id)))

    proposals = context.run(work)
    if as_json:
        print_json(dream_document(dream, proposals, Measured("", {})))
        return
    for proposal in proposals:
        click.echo(proposal.title)
        click.echo(proposal.rationale)
        for flag in proposal.flags:
            click.echo(f"Look twice: {flag}")
    click.echo(f"Nothing has changed yet. Decide with: dreamfs dream review {dream.dream_id}")
