"""A quote with the lines around it, so that a reviewer sees what was said before and after."""

from collections.abc import Sequence
from dataclasses import dataclass

from dreamfs_tools.dream_pages import citation
from dreamfs_tools.dreaming import Dream, Evidence, Proposal
from dreamfs_tools.filesystem import Snapshot
from dreamfs_tools.text import split_lines
from dreamfs_tools.transcript import Event, render

LINES_AROUND = 2
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
    span = (max(1, first - around), last + around)
    said = ""
    if evidence.source.startswith(_TRANSCRIPTS):
        events = list(snapshot.transcripts.events(dream.store, evidence.source.removeprefix(_TRANSCRIPTS), lines=span))
        numbered = [row for event in events for row in _rendered(event)]
        speaker = next((event for event in events if event.line <= first < event.line + event.lines), None)
        said = _said(speaker) if speaker is not None else "no longer stored"
    else:
        numbered = list(enumerate(_memory(snapshot, dream, proposal, evidence), 1))
        said = "" if numbered else "no longer stored"
    lines = [
        QuotedLine(number, text, first <= number <= last) for number, text in numbered if span[0] <= number <= span[1]
    ]
    if not any(line.cited for line in lines):
        lines = [QuotedLine(number, text, True) for number, text in enumerate(evidence.quote.split("\n"), first)]
    return Passage(evidence, " · ".join(part for part in (citation(evidence), said) if part), lines)


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
