"""The conversation of `dreamfs dream review`: shows one proposal after the other and asks."""

import os
import shutil
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial

import click

from dreamfs_server.commands.context import Context, Opened
from dreamfs_server.commands.review_answer import decide, outcome
from dreamfs_server.commands.review_page import (
    Line,
    diff_lines,
    evidence_lines,
    one_line,
    overview,
    summary,
)
from dreamfs_tools.answers import plural
from dreamfs_tools.dreaming import Claim, Dream, EditedFile, Proposal, Review
from dreamfs_tools.errors import Refusal
from dreamfs_tools.filesystem import Snapshot
from dreamfs_tools.passages import Passage, passage
from dreamfs_tools.text import unified_diff

WIDTH_MAX = 110
"""Columns; longer lines of prose are hard to read."""
HELP = """\
a  accept it as one new version       r  reject it; it comes back only with new evidence
e  edit the text, then accept yours   s  skip it for now
d  the whole change                   v  all evidence, with the lines around each quote
l  list what is open                  q  quit
1,3-5 or all: decide about several at once"""

Passages = Sequence[tuple[Claim, Sequence[Passage]]]


@dataclass
class Dialogue:
    """One review.

    Args:
        context: the database.
        dream: whose proposals.
        waiting: the open ones, in order.
        reviewer: who answers.
    """

    context: Context
    dream: Dream
    waiting: list[Proposal]
    reviewer: str
    _done: dict[str, int] = field(default_factory=dict[str, int])
    _texts: dict[str, str] = field(default_factory=dict[str, str])
    """What the reviewer wrote and was not accepted, by path: the next edit goes on from it."""

    def run(self) -> None:
        """Ask about each proposal until all are answered or skipped, or the person quits."""
        if not self.waiting:
            click.echo(f"Dream {self.dream.dream_id} has no open proposals.")
            return
        if len(self.waiting) > 1:
            show(overview(self.dream, self.waiting, width()))
        queue = list(self.waiting)
        while queue:
            proposal = queue[0]
            passages = self.context.run(partial(self._passages, proposal))
            show(summary(self.dream, proposal, passages, width(), height()))
            try:
                if not self._ask(proposal, passages):
                    break
            except click.Abort:  # the end of the input, or Ctrl-C: what was answered stands
                click.echo()
                break
            queue = [one for one in queue[1:] if one in self.waiting]
            click.echo()
        self._close()

    def _ask(self, proposal: Proposal, passages: Passages) -> bool:
        """Ask until this proposal is answered or skipped; False to quit."""
        while proposal in self.waiting:
            word = click.prompt(
                f"\nProposal {proposal.number}: [a]ccept [r]eject [e]dit [s]kip [q]uit, ? for more",
                default="s",
                show_default=False,
                prompt_suffix=" > ",
            ).strip()
            match word.casefold():
                case "q" | "quit":
                    return False
                case "s" | "skip":
                    return True
                case "a" | "accept" | "y" | "yes":
                    self._decide(proposal, accept=True)
                case "r" | "reject" | "n" | "no":
                    self._decide(proposal, accept=False, reason=_why())
                case "e" | "edit":
                    self._edit(proposal)
                case "d" | "diff":
                    page(diff_lines(proposal.diff))
                case "v" | "evidence":
                    page(evidence_lines(passages, width()))
                case "l" | "list":
                    show(overview(self.dream, self.waiting, width()))
                case selection if selection[:1].isdigit() or selection == "all":
                    self._several(selection)
                case _:
                    click.echo(HELP)
        return True

    def _decide(self, proposal: Proposal, *, accept: bool, reason: str = "", edited: Sequence[EditedFile] = ()) -> bool:
        review = Review(self.dream.dream_id, proposal.number, accept, self.reviewer, "terminal", reason, edited)
        try:
            done = decide(self.context, review)
        except Refusal as refusal:
            click.echo(refusal.sentence.removeprefix("Error: "), err=True)
            if refusal.code in {"stale", "conflict", "not_found"} and not edited:  # it is settled, if not by us
                self.waiting.remove(proposal)
            return False
        self.waiting.remove(proposal)
        self._done[done.status] = self._done.get(done.status, 0) + 1
        click.echo(outcome(done))
        return True

    def _several(self, selection: str) -> None:
        from dreamfs_server.dream.review import selection as selected

        try:
            numbers = selected(selection, [one.number for one in self.waiting])
        except Refusal as refusal:
            click.echo(refusal.sentence, err=True)
            return
        chosen = [one for one in self.waiting if one.number in numbers]
        show([("", f"  {one.number:>2}. {one_line(one.title)}  [risk {one.risk}]") for one in chosen])
        word = click.prompt(
            f"[a]ccept or [r]eject {plural(len(chosen), 'proposal')}? Anything else: neither", default="-"
        )
        if word not in {"a", "r"}:
            return
        reason = _why() if word == "r" else ""
        for proposal in chosen:
            if word == "a" and (proposal.risk == "high" or proposal.status == "quarantined"):
                click.echo(f"Proposal {proposal.number} is of high risk: look at it and decide about it alone.")
            else:
                self._decide(proposal, accept=word == "a", reason=reason)

    def _edit(self, proposal: Proposal) -> None:
        """Open each resulting text in the editor; what the person saves is what is accepted."""
        try:
            files = self.context.run(lambda opened: _results(opened, self.dream.dream_id, proposal.number))
        except Refusal as refusal:
            click.echo(refusal.sentence, err=True)
            return
        edited: list[EditedFile] = []
        for file in files:
            start = self._texts.get(file.path, file.text)
            try:
                text = click.edit(start, extension=os.path.splitext(file.path)[1] or ".md")  # noqa: PTH122  # no path of this machine
            except click.ClickException as error:  # the review goes on without it
                click.echo(f"{error.format_message()}. Set $EDITOR to an editor that is there.", err=True)
                return
            text = start if text is None else text
            if text != file.text:
                self._texts[file.path] = text
                edited.append(EditedFile(file.path, text, file.version))
                show(diff_lines(unified_diff(file.text, text, f"proposed {file.path}", f"yours {file.path}")))
        if not edited:
            click.echo("You changed nothing. The proposal is still open." if files else "It writes no text to edit.")
        elif click.confirm("Accept the proposal with your text?"):
            self._decide(proposal, accept=True, edited=edited)

    def _close(self) -> None:
        done = [f"{count} {status}" for status, count in self._done.items()]
        left = [f"{len(self.waiting)} still open"] if self.waiting else []
        click.echo(f"Dream {self.dream.dream_id}: {', '.join([*done, *left]) or 'nothing decided'}.")

    async def _passages(self, proposal: Proposal, opened: Opened) -> Passages:
        def query(snapshot: Snapshot) -> Passages:
            return [
                (claim, [passage(snapshot, self.dream, proposal, evidence) for evidence in claim.evidence])
                for claim in proposal.claims
            ]

        return await opened.filesystem.read(query)


def show(lines: Sequence[Line]) -> None:
    """Print lines, with their styles on a terminal and plain in a pipe."""
    from rich.console import Console
    from rich.text import Text

    console = Console(highlight=False, soft_wrap=True)
    for style, line in lines:
        if console.is_terminal:
            console.print(Text(line, style=style))
        else:
            click.echo(line)


def page(lines: Sequence[Line]) -> None:
    """Show what may be long: in the pager where it does not fit on the terminal."""
    if sys.stdout.isatty() and len(lines) >= height():
        click.echo_via_pager("\n".join(line for _, line in lines))
    else:
        show(lines)


def width() -> int:
    """The columns to fill."""
    return min(shutil.get_terminal_size((100, 40)).columns, WIDTH_MAX)


def height() -> int:
    """The lines of the terminal."""
    return shutil.get_terminal_size((100, 40)).lines


def _why() -> str:
    return str(click.prompt("Why? (shown to later dreams' reviewers; may be empty)", default="", show_default=False))


async def _results(opened: Opened, dream_id: str, number: int) -> list[EditedFile]:
    from dreamfs_server.dream.review import results

    return await opened.filesystem.read(lambda snapshot: results(snapshot, dream_id, number))
