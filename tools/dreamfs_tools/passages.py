"""A quote with what stands around it, so that a reviewer sees what was said before and after.

Of a transcript that is text: an event of one line stands between its own header and that of the next, which tell nothing. So
the events before and after it speak, each with who says it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from dreamfs_tools.dream_pages import citation
from dreamfs_tools.dreaming import Dream, Evidence, Proposal
from dreamfs_tools.filesystem import Snapshot
from dreamfs_tools.text import split_lines
from dreamfs_tools.transcript import Event, render

LINES_AROUND = 2
EVENT_LINES_LOOKED_AT = 12
"""How far before and after a quote the next event that says something is looked for."""
_TRANSCRIPTS = "/transcripts/"


@dataclass(frozen=True, slots=True)
class QuotedLine:
    """One line as `view` shows it."""

    number: int
    text: str
    cited: bool
    """Whether the claim cites it, or it only stands around."""


@dataclass(frozen=True, slots=True)
class Passage:
    """Where a quote stands."""

    evidence: Evidence
    place: str
    """`s-17#L40-L44`, with who said it and when."""
    lines: Sequence[QuotedLine]
    """Those of the quote alone where its source is gone."""


def passage(
    snapshot: Snapshot, dream: Dream, proposal: Proposal, evidence: Evidence, around: int = LINES_AROUND
) -> Passage:
    """Read a quote's lines and those around it: a transcript's, or a memory's at the version that the proposal was made of.

    Args:
        snapshot: the present.
        dream: the one that proposes.
        proposal: whose evidence it is.
        evidence: the quote.
        around: how many lines before and after.
    """
    first, last = evidence.lines
    said = ""
    if evidence.source.startswith(_TRANSCRIPTS):
        looked = (max(1, first - EVENT_LINES_LOOKED_AT), last + EVENT_LINES_LOOKED_AT)
        session = evidence.source.removeprefix(_TRANSCRIPTS)
        events = list(snapshot.transcripts.events(dream.store, session, lines=looked))
        lines = _said_around(events, first, last, around)
        speaker = next((event for event in events if event.line <= first < event.line + event.lines), None)
        said = _said(speaker) if speaker is not None else "no longer stored"
    else:
        numbered = list(enumerate(_memory(snapshot, dream, proposal, evidence), 1))
        said = "" if numbered else "no longer stored"
        lines = [
            QuotedLine(number, text, first <= number <= last)
            for number, text in numbered
            if first - around <= number <= last + around
        ]
    if not any(line.cited for line in lines):
        lines = [QuotedLine(number, text, True) for number, text in enumerate(evidence.quote.split("\n"), first)]
    return Passage(evidence, " · ".join(part for part in (citation(evidence), said) if part), lines)


def _said_around(events: Sequence[Event], first: int, last: int, around: int) -> list[QuotedLine]:
    """The cited lines, and before and after them so many of the same event; what is missing to that, its neighbours say."""
    own = [
        row for event in events if event.line <= last and event.line + event.lines > first for row in _rendered(event)
    ]
    cited = [QuotedLine(number, text, True) for number, text in own if first <= number <= last]
    before = [QuotedLine(number, text, False) for number, text in own[1:] if first - around <= number < first]
    after = [QuotedLine(number, text, False) for number, text in own if last < number <= last + around and text.strip()]
    told = [event for event in events if event.kind != "meta"]
    earlier = next((event for event in reversed(told) if event.line + event.lines <= first), None)
    later = next((event for event in told if event.line > last), None)
    if earlier is not None and own and (missing := around - len(before)) > 0:
        before = [*_voiced(earlier)[-missing:], *before]
    if later is not None and own and (missing := around - len(after)) > 0:
        after = [*after, *_voiced(later)[:missing]]
    return [*before, *cited, *after]


def _voiced(event: Event) -> list[QuotedLine]:
    """An event's lines without its header, each with whose they are."""
    posted = event.kind == "tool_result" and event.call_id in {"", event.tool}
    kind = {"tool_call": " call", "tool_result": "" if posted else " result"}.get(event.kind, "")
    who = event.speaker or f"{event.tool}{kind}" if event.tool or event.speaker else event.role
    return [QuotedLine(number, f"{who}: {text}", False) for number, text in _rendered(event)[1:] if text.strip()]


def _rendered(event: Event) -> list[tuple[int, str]]:
    return list(enumerate(render(event).removesuffix("\n").split("\n"), event.line))


def _said(event: Event) -> str:
    kind = event.kind.replace("_", " ") if event.kind != "text" else ""
    words = [kind if kind.startswith(event.role) else f"{event.role} {kind}".rstrip(), event.tool]
    words += ["error"] if event.is_error else []
    told = " ".join(word for word in words if word)
    return f"{told} · {event.at:%Y-%m-%d %H:%M}" if event.at is not None else told


def _memory(snapshot: Snapshot, dream: Dream, proposal: Proposal, evidence: Evidence) -> Sequence[str]:
    tree = snapshot.tree(dream.store, proposal.base_version)
    entry = tree.entry(evidence.source.removeprefix(f"/{dream.store}/"))
    text = tree.text(entry) if entry is not None and entry.kind == "file" else None
    return split_lines(text) if text is not None else ()
