"""The material of one dream: what the miners and the embedded curator look at, gathered once at one snapshot.

Everything here is data: sessions with their events (secrets already redacted), memories as their mount shows them, and
what the access log says. The miners are pure functions over it, so that the same material gives the same findings,
whatever the order in which sessions are listed. A finding cites a *span*: a place in an event or a memory that turns into
an `Evidence` whose quote is, byte for byte, what `view` shows on those lines.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from dreamfs_tools.dreaming import Evidence
from dreamfs_tools.filesystem import AccessNote
from dreamfs_tools.transcript import Event, Session, line_count

quote_characters_max = 240
UNDATED = "undated"
_ODD_BREAK = re.compile("[\r\x0b\x0c\x1c-\x1e\x85\u2028\u2029]")


@dataclass(frozen=True, slots=True)
class Gathered:
    """One session with its events in order, each with the `line` of its header in the session's rendering."""

    session: Session
    events: Sequence[Event]

    @property
    def root(self) -> str:
        """The session that a person started: a sub-agent's work is not a second, independent observation."""
        return self.session.parent or self.session.session_id

    @property
    def day(self) -> str:
        """The UTC day it began, `undated` where the log has no times (all undated sessions count as one day)."""
        started = self.session.started_at or next((e.at for e in self.events if e.at is not None), None)
        return started.strftime("%Y-%m-%d") if started is not None else UNDATED


@dataclass(frozen=True, slots=True)
class Memory:
    """A live memory at the dream's snapshot."""

    path: str
    """As its mount shows it, `/memories/…`."""
    text: str
    version: int
    revised_at: datetime | None = None
    """When its last revision was made, UTC."""
    author: str = ""
    by_dream: bool = False
    """A dream wrote its last revision: it may be merged, but it supports nothing."""
    pinned: bool = False
    read_only: bool = False
    written_at: Sequence[datetime | None] = ()
    """For each line, when it was written, None where that is not known; what a relative date on it was relative to.
    Filled in for texts that may have relative dates."""


@dataclass(frozen=True, slots=True)
class AcceptedRule:
    """An accepted statement about an error, whose effect can be measured."""

    dream_id: str
    proposal: int
    signature: str
    paths: Sequence[str]
    """The files that have it, inside the store."""
    version: int
    """The revision that accepted it."""
    at: datetime


@dataclass(frozen=True, slots=True)
class Material:
    """All that one dream looks at."""

    store: str
    mount: str
    """Where proposals put new files, `/memories`; without a slash at the end."""
    now: datetime
    """The time of the snapshot."""
    sessions: Iterable[Gathered] = ()
    """Read once, by `mine`; may be lazy."""
    memories: Sequence[Memory] = ()
    access: Sequence[AccessNote] | None = None
    """What was read, searched and missed; None where the store keeps no access log."""
    snapshot_version: int = 0
    accepted: Sequence[AcceptedRule] = ()
    """What earlier dreams proposed about errors and a person accepted."""
    offered_by: str = ""
    """An earlier dream over these very inputs that made as many proposals as one may; "" where there is none."""
    made: Mapping[str, str] = field(default_factory=dict[str, str])
    """Earlier proposals, whatever became of them: fingerprint → evidence key. The same is not proposed again on the same
    evidence."""


def numbered(events: Sequence[Event], line: int = 1) -> list[Event]:
    """Events with `n`, `line` and `lines` given as an archive would give them, for material that was never stored."""
    result: list[Event] = []
    for n, event in enumerate(events, 1):
        lines = line_count(event)
        result.append(replace(event, n=n, line=line, lines=lines))
        line += lines
    return result


def cite(session_id: str, event: Event, start: int, end: int) -> Evidence:
    """Quote `event.text[start:end]` with the lines on which it is rendered.

    The quote is shortened to `quote_characters_max`, to what stands before an odd line break, and trimmed of blanks at its
    ends; what remains is an exact substring of the cited lines.
    """
    first, quote = _exact(event.text, start, end)
    above = event.line + 1
    return Evidence(f"/transcripts/{session_id}", _lines(event.text, above, first, quote), quote)


def cite_memory(memory: Memory, start: int, end: int) -> Evidence:
    """Quote `memory.text[start:end]` with its line numbers; shortened as in `cite`."""
    first, quote = _exact(memory.text, start, end)
    return Evidence(memory.path, _lines(memory.text, 1, first, quote), quote)


def _exact(text: str, start: int, end: int) -> tuple[int, str]:
    piece = text[start : min(end, start + quote_characters_max)]
    if odd := _ODD_BREAK.search(piece):
        piece = piece[: odd.start()] if piece[: odd.start()].strip() else _ODD_BREAK.split(piece.strip(), maxsplit=1)[0]
    stripped = piece.lstrip()
    return text.find(stripped.rstrip(), start), stripped.rstrip()


def _lines(text: str, above: int, first: int, quote: str) -> tuple[int, int]:
    begin = above + text.count("\n", 0, first)
    return begin, begin + quote.count("\n")
