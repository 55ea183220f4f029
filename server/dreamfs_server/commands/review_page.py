"""One proposal as a reviewer reads it at a terminal: what, why, the change, and what it rests on.

Lines with a style each; nothing here prints. What transcripts and memories hold is shown with its control characters made
visible, so that no text can move the cursor, hide itself or pose as ours.
"""

import textwrap
from collections.abc import Sequence

from dreamfs_server.commands.printing import printable
from dreamfs_tools.answers import plural
from dreamfs_tools.dreaming import Claim, Dream, Evidence, Proposal
from dreamfs_tools.passages import Passage

DIFF_LINES_MIN = 12
LINES_BESIDE = 28
"""What a page has besides the diff, about; the diff gets what is left of the terminal's height."""
CLAIMS_SHOWN_MAX = 2
PASSAGE_LINES_MAX = 9
_RISKS = {"low": "green", "medium": "yellow", "high": "bold red"}
_DIFF = {"+": "green", "-": "red", "@": "cyan"}

Line = tuple[str, str]
"""A style of rich's, and a text without a line break."""


def overview(dream: Dream, proposals: Sequence[Proposal], width: int) -> list[Line]:
    """What is open, one proposal a line."""
    lines = [("bold", f"Dream {dream.dream_id} of /{dream.store}: {plural(len(proposals), 'open proposal')}")]
    for proposal in proposals:
        look = ", look twice" if proposal.flags else ""
        text = f"  {proposal.number:>2}. {one_line(proposal.title)}  [{_state(proposal)}{look}]"
        lines.append(("red" if proposal.risk == "high" else "", _cut(text, width)))
    return [*lines, ("", "")]


def summary(
    dream: Dream, proposal: Proposal, passages: Sequence[tuple[Claim, Sequence[Passage]]], width: int, height: int
) -> list[Line]:
    """A proposal on a page: long diffs and lists of quotes are cut, and say how to see the rest."""
    lines = _wrapped(f"Proposal {proposal.number}: {one_line(proposal.title)}", width, "bold")
    state = f"{_state(proposal)} · /{dream.store} at version {proposal.base_version}"
    lines += [(_RISKS[proposal.risk], state)]
    lines += [
        line for flag in _told_flags(proposal) for line in _wrapped(f"Look twice: {one_line(flag)}", width, "yellow")
    ]
    lines += [("", ""), *(line for part in proposal.rationale.split("\n") for line in _wrapped(part, width))]
    lines += [("", ""), *diff_lines(proposal.diff, max(DIFF_LINES_MIN, height - LINES_BESIDE))]
    lines += [("", "")]
    for claim, shown in passages[:CLAIMS_SHOWN_MAX]:
        telling = _telling(shown)
        lines += _claim(claim, telling, width)
        more = len(claim.evidence) - len(telling)
        lines += [("dim", f"    … {plural(more, 'more quote')}: v")] if more else []
    more = len(proposal.claims) - min(len(passages), CLAIMS_SHOWN_MAX)
    lines += [("dim", f"  … {plural(more, 'more claim')}: v")] if more else []
    if proposal.dropped:
        lines += [("", ""), ("bold", "Left out of the new text")]
        for drop in proposal.dropped:
            lines += _wrapped(f"  “{one_line(drop.text)}”: {one_line(drop.reason)}", width)
    return lines


def evidence_lines(passages: Sequence[tuple[Claim, Sequence[Passage]]], width: int) -> list[Line]:
    """Every claim with all its quotes."""
    return [line for claim, shown in passages for line in [*_claim(claim, shown, width), ("", "")]]


def diff_lines(diff: str, most: int | None = None) -> list[Line]:
    """A unified diff; at most `most` lines of it."""
    lines = diff.rstrip("\n").split("\n")
    shown = lines if most is None or len(lines) <= most + 3 else lines[:most]
    styled = [("bold" if _heads(line) else _DIFF.get(line[:1], ""), printable(line)) for line in shown]
    left = len(lines) - len(shown)
    return [*styled, ("dim", f"… {plural(left, 'more line')} of the change: d")] if left else styled


def one_line(text: str) -> str:
    """A text in one printable line."""
    return printable(" ".join(text.split()))


def _state(proposal: Proposal) -> str:
    words = f"risk {proposal.risk}"
    if proposal.status == "quarantined":
        words += ", quarantined"
    support = [claim.support for claim in proposal.claims]
    sessions = max((one.sessions for one in support), default=0)
    if not sessions:
        return words
    most = next(one for one in support if one.sessions == sessions)
    words += f" · {plural(sessions, 'session')} on {plural(most.days, 'day')}"
    return words + (f", {plural(most.tasks, 'task')}" if most.tasks else "")


def _told_flags(proposal: Proposal) -> list[str]:
    """Without those that only repeat a claim which is shown as a hypothesis anyway."""
    return [flag for flag in proposal.flags if not any(flag.endswith(claim.text) for claim in proposal.claims)]


def _claim(claim: Claim, passages: Sequence[Passage], width: int) -> list[Line]:
    lines = _wrapped(f"{claim.kind}: {one_line(claim.text)}", width, "bold", "  ")
    for shown in passages:
        lines.append(("cyan", f"    {one_line(shown.place)}"))
        lines += _passage(shown, width)
    return lines


def _telling(passages: Sequence[Passage]) -> list[Passage]:
    """The first quote, and the first of another role: an error as a tool told it, and the call that got past it."""
    other = (one for one in passages[1:] if _role(one) != _role(passages[0]))
    return [*passages[:1], *list(other)[:1]]


def _role(passage: Passage) -> str:
    """Whose words they are, as the place of the quote says: `s-17#L40 · tool result Edit error`."""
    return passage.place.partition(" · ")[2].partition(" ")[0]


def _passage(shown: Passage, width: int) -> list[Line]:
    digits = len(str(shown.lines[-1].number)) if shown.lines else 1
    first = next((at for at, line in enumerate(shown.lines) if line.cited), 0)
    chosen = [line for line in shown.lines[max(0, first - 2) :] if line.cited or line.text.strip()][:PASSAGE_LINES_MAX]
    lines: list[Line] = []
    for line in chosen:
        mark = ">" if line.cited else " "
        head = f"    {mark} {line.number:>{digits}} │ "
        room = max(20, width - len(head))
        text = _around_quote(line.text, shown.evidence, room) if line.cited else _cut(printable(line.text), room)
        lines.append(("" if line.cited else "dim", head + text))
    left = len(shown.lines) - (shown.lines.index(chosen[-1]) + 1 if chosen else 0)
    return [*lines, ("dim", f"      {' ' * digits} │ … {plural(left, 'more line')}")] if left else lines


def _around_quote(text: str, evidence: Evidence, room: int) -> str:
    """A long line is cut so that what is quoted of it stays in sight."""
    whole = printable(text)
    if len(whole) <= room:
        return whole
    quoted = next((part for part in evidence.quote.split("\n") if part and part in text), "")
    start = max(0, len(printable(text[: text.find(quoted)])) - 10) if quoted else 0
    start = max(0, min(start, len(whole) - room + 1))
    return _cut(("…" if start else "") + whole[start + bool(start) :], room)


def _cut(text: str, room: int) -> str:
    return text if len(text) <= room else text[: room - 1] + "…"


def _wrapped(text: str, width: int, style: str = "", indent: str = "") -> list[Line]:
    wrapped = textwrap.wrap(
        printable(text), width, initial_indent=indent, subsequent_indent=indent + ("  " if indent else "")
    )
    return [(style, line) for line in wrapped or [""]]


def _heads(line: str) -> bool:
    return line.startswith(("--- ", "+++ ", "rename "))
