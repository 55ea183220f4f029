"""Whether a quote is where a claim says it is: byte for byte, on the cited lines, inside the dream's scope."""

from collections.abc import Sequence
from dataclasses import dataclass

from dreamfs_tools.dreaming import Dream, Evidence
from dreamfs_tools.filesystem import ChangeFilter, Entry, Snapshot, Tree
from dreamfs_tools.text import split_lines
from dreamfs_tools.transcript import Event, Session, render

QUOTE_CHARACTERS_MIN = 3
QUOTE_CHARACTERS_MAX = 2_000
CITED_LINES_MAX = 200
TRANSCRIPTS = "/transcripts/"
_CHANGES_READ_MAX = 1_000


class Uncited(Exception):  # noqa: N818  # becomes one line of a refusal
    """A quote does not resolve; the text says why and where to look."""


@dataclass(frozen=True, slots=True)
class Cited:
    """A quote that is where it should be."""

    evidence: Evidence
    session: Session | None = None
    events: Sequence[Event] = ()
    """Those that the quote touches."""
    memory: Entry | None = None
    by_dream: bool = False
    """A dream wrote that memory, or a part of it."""

    @property
    def supports(self) -> bool:
        """Whether it counts: imported or recorded by the host, and not an agent's own words."""
        return any(event.origin in {"imported", "host"} and not own_words(event) for event in self.events)


def own_words(event: Event) -> bool:
    """What an agent says, thinks or sums up is its claim; what it does and what comes back is not."""
    return (event.role == "assistant" and event.kind in {"text", "thinking"}) or event.kind == "summary"


def resolve(snapshot: Snapshot, dream: Dream, base: Tree, evidence: Evidence) -> Cited:
    """Find a quote.

    Raises:
        Uncited: it is too short or long, its source or lines do not exist or are outside the dream's scope, or the
            lines say something else.
    """
    if len("".join(evidence.quote.split())) < QUOTE_CHARACTERS_MIN:
        raise Uncited(f"the quote {evidence.quote!r} is too short; quote at least {QUOTE_CHARACTERS_MIN} characters.")
    if len(evidence.quote) > QUOTE_CHARACTERS_MAX:
        raise Uncited(f"a quote has {len(evidence.quote):,} characters; at most {QUOTE_CHARACTERS_MAX:,} are allowed.")
    if false := next((one for one in snapshot.dreams.disbeliefs(dream.store) if one.source == evidence.source), None):
        raise Uncited(f"{evidence.source} is false, as {false.by} said; it supports nothing. Leave it out.")
    if evidence.source.startswith(TRANSCRIPTS):
        return _in_transcript(snapshot, dream, evidence)
    return _in_memory(snapshot, dream, base, evidence)


def in_scope(dream: Dream, session: Session) -> bool:
    """Whether a dream may cite a session."""
    if dream.sessions and session.session_id not in dream.sessions:
        return False
    ended = session.ended_at or session.started_at
    return dream.since is None or ended is None or ended >= dream.since


def _in_transcript(snapshot: Snapshot, dream: Dream, evidence: Evidence) -> Cited:
    session_id = evidence.source.removeprefix(TRANSCRIPTS)
    session = snapshot.transcripts.session(dream.store, session_id)
    if session is None or not in_scope(dream, session):
        raise Uncited(f"{evidence.source} is not among the transcripts of this dream.")
    first, last = _range(evidence, session.lines)
    events = list(snapshot.transcripts.events(dream.store, session_id, lines=(first, last)))
    numbered = [
        (number, line, event)
        for event in events
        for number, line in enumerate(render(event).removesuffix("\n").split("\n"), event.line)
        if first <= number <= last
    ]
    text = "\n".join(line for _, line, _ in numbered)
    start = text.find(evidence.quote)
    if start < 0:
        raise Uncited(_elsewhere(evidence, _transcript_lines(snapshot, dream.store, session_id)))
    top = text.count("\n", 0, start)
    touched = {event.n: event for _, _, event in numbered[top : top + evidence.quote.count("\n") + 1]}
    return Cited(evidence, session, list(touched.values()))


def _in_memory(snapshot: Snapshot, dream: Dream, base: Tree, evidence: Evidence) -> Cited:
    prefix = f"/{dream.store}/"
    entry = base.entry(evidence.source.removeprefix(prefix)) if evidence.source.startswith(prefix) else None
    if entry is None or entry.kind == "folder":
        raise Uncited(f"{evidence.source} is neither a transcript nor a memory of this dream's store.")
    content = base.text(entry)
    if content is None:
        raise Uncited(f"{evidence.source} was redacted.")
    lines = split_lines(content)
    first, last = _range(evidence, len(lines))
    if evidence.quote not in "\n".join(lines[first - 1 : last]):
        raise Uncited(_elsewhere(evidence, lines))
    return Cited(evidence, memory=entry, by_dream=_by_dream(snapshot, entry))


def _range(evidence: Evidence, lines: int) -> tuple[int, int]:
    first, last = evidence.lines
    if not 1 <= first <= last <= lines:
        raise Uncited(f"{evidence.source} has no lines {first}-{last}; it has {lines}.")
    if last - first >= CITED_LINES_MAX:
        raise Uncited(f"{evidence.source} lines {first}-{last} are too many; cite at most {CITED_LINES_MAX} lines.")
    return first, last


def _elsewhere(evidence: Evidence, lines: Sequence[str]) -> str:
    first, last = evidence.lines
    said = f"the quote {_short(evidence.quote)} is not on lines {first}-{last} of {evidence.source}"
    text = "\n".join(lines)
    start = text.find(evidence.quote)
    if start < 0:
        return f"{said}, nor anywhere in it; quote it exactly as view shows it, without the line numbers."
    top = text.count("\n", 0, start) + 1
    return f"{said}; it is on lines {top}-{top + evidence.quote.count(chr(10))}."


def _transcript_lines(snapshot: Snapshot, store: str, session_id: str) -> list[str]:
    events = snapshot.transcripts.events(store, session_id)
    return [line for event in events for line in render(event).removesuffix("\n").split("\n")]


def _by_dream(snapshot: Snapshot, entry: Entry) -> bool:
    written = snapshot.changes(
        entry.store, ChangeFilter(memory_id=entry.memory_id, up_to_version=entry.version), _CHANGES_READ_MAX
    )
    return any(change.revision.author.actor.startswith("dream:") for change in written)


def _short(quote: str) -> str:
    return repr(quote if len(quote) <= 80 else quote[:79] + "…")
