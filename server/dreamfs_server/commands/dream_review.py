"""`dreamfs dream review`: a person decides about proposals, one by one or several at once."""

import os
import sys

import click

from dreamfs_server.commands.context import Command, Context, Opened, json_option, pass_context, print_json
from dreamfs_server.settings import login
from dreamfs_tools.dreaming import Dream, Proposal, Review
from dreamfs_tools.errors import Refusal
from dreamfs_tools.filesystem import Snapshot

OPEN = ("pending", "quarantined")


@click.command("review", cls=Command)
@click.argument("dream_id", default="")
@click.argument("selection", default="")
@click.option("--accept", is_flag=True, help="Accept the selected proposals, each as one new version.")
@click.option("--reject", is_flag=True, help="Reject them; they come back only with new evidence.")
@click.option("--as", "named", default="", metavar="NAME", help="Who decided, for scripts.")
@click.option("--reason", default="", help="Why.")
@json_option
@pass_context
def command(
    context: Context,
    dream_id: str,
    selection: str,
    accept: bool,
    reject: bool,
    named: str,
    reason: str,
    as_json: bool,
) -> None:
    """Decide about a dream's proposals: SELECTION is a number, ranges such as 1,3-5, or all.

    Without --accept or --reject each open proposal is shown with its diff and evidence, and you are asked. Without an id
    it is the newest dream that has open proposals.
    """
    from dreamfs_server.commands.review_answer import decide, outcome
    from dreamfs_server.dream.review import selection as selected
    from dreamfs_server.dream.reviewer import reviewer_of
    from dreamfs_tools.dream_shape import verdict_shape

    if accept and reject:
        raise click.UsageError("Say either --accept or --reject.")
    reviewer = reviewer_of(named, login(), os.environ, is_terminal=sys.stdin.isatty())
    dream, proposals = context.run(lambda opened: _open(opened, dream_id))
    numbers = [proposal.number for proposal in proposals]
    if not (accept or reject):
        from dreamfs_server.commands.review_dialogue import Dialogue

        chosen = selected(selection, numbers) if selection else numbers
        waiting = [one for one in proposals if one.number in chosen and one.status in OPEN]
        Dialogue(context, dream, waiting, reviewer).run()
        return
    if not selection:
        raise Refusal("invalid_argument", "Say which proposals: a number, ranges such as 1,3-5, or all.")
    results = [
        decide(context, Review(dream.dream_id, number, accept, reviewer, "terminal", reason))
        for number in selected(selection, numbers)
    ]
    if as_json:
        shapes = [verdict_shape(done) for done in results]
        print_json(shapes[0] if len(shapes) == 1 else shapes)
    else:
        for done in results:
            click.echo(outcome(done))


async def _open(opened: Opened, dream_id: str) -> tuple[Dream, list[Proposal]]:
    def query(snapshot: Snapshot) -> tuple[Dream, list[Proposal]]:
        dreams = [snapshot.dreams.dream(dream_id)] if dream_id else snapshot.dreams.dreams()
        for dream in dreams:
            if dream is None:
                raise Refusal("not_found", f"There is no dream {dream_id}; `dreamfs dream list` shows those there are.")
            proposals = list(snapshot.dreams.proposals(dream.dream_id))
            if dream_id or any(proposal.status in OPEN for proposal in proposals):
                return dream, proposals
        raise Refusal("not_found", "No dream has open proposals. `dreamfs dream run` makes a new one.")

    return await opened.filesystem.read(query)
