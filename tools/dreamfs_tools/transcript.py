"""Transcripts: the normalised session and its events, and what an engine keeps of them.

A session is one conversation of one agent. Whatever log it came from, it becomes a `Session` and numbered `Event`s,
secrets redacted before anything is stored. Its rendering to text has stable line numbers, so that
`session#L40-L44` is a citation which anyone can open; `render` is that rule and nothing else may restate it.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal, Protocol

Origin = Literal["imported", "host", "self"]
Role = Literal["user", "assistant", "tool", "system"]
Kind = Literal["text", "thinking", "tool_call", "tool_result", "summary", "image", "attachment", "meta"]


@dataclass(frozen=True, slots=True)
class Session:
    """One stored conversation."""

    store: str
    session_id: str
    """One legal path segment of at most 200 bytes; the file name under `/transcripts`."""
    source: str
    """The reader that understood it: `claude-code`, `openai`, … or `record`."""
    started_at: datetime | None = None
    """In UTC; None where the log has no times (undated sessions count as one day)."""
    ended_at: datetime | None = None
    task: str = ""
    """What the session was about, where known; sessions of one task share it word for word."""
    outcome: str = ""
    """`success`, `failure` or "" where unknown."""
    title: str = ""
    parent: str = ""
    """The session that started this one, for sub-agents."""
    events: int = 0
    lines: int = 0
    """Number of lines of the rendering."""
    size_bytes: int = 0
    """Of the rendering, UTF-8."""


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that was said or done in a session."""

    n: int
    """From 1, in order of the log."""
    role: Role
    kind: Kind
    text: str
    at: datetime | None = None
    tool: str = ""
    """The tool's name, for calls and results."""
    is_error: bool = False
    origin: Origin = "imported"
    call_id: str = ""
    """Ties a tool's result to its call."""
    raw_key: str = ""
    """What identifies the raw event in its log; stored only as an HMAC, so that importing again adds nothing."""
    speaker: str = ""
    """Who said it, where several people speak; "" where the role says all that is known."""
    line: int = 0
    """Line of its header in the rendering, from 1; 0 before it is stored."""
    lines: int = 0


HEADER_MARK = "── "


def render(event: Event) -> str:
    """An event as text, ending in a newline: a header line, the lines of its text, and an empty line.

    The header is `── <n> <role>[ <kind>][ <tool>][ <speaker>][ ERROR][ <time in UTC>]`. A line of the text that begins like a
    header gets a space before it, so that no tool output can pose as an event. The number of lines depends on the
    text alone, and earlier events never change when others are appended.
    """
    words = [f"{HEADER_MARK}{event.n} {event.role}"]
    if event.kind != "text":
        words.append(event.kind)
    if event.tool:
        words.append(" ".join(event.tool.split()))
    if event.speaker:
        words.append(" ".join(event.speaker.split()))
    if event.is_error:
        words.append("ERROR")
    if event.at is not None:
        words.append(event.at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S"))
    header = " ".join(words)
    body = event.text.removesuffix("\n")
    if HEADER_MARK in body:
        body = "\n".join(f" {line}" if line.startswith(HEADER_MARK) else line for line in body.split("\n"))
    return f"{header}\n{body}\n\n" if body else f"{header}\n\n"


def normal_text(text: str) -> str:
    """A text as it can be stored and cited: one kind of line break, no NUL, no half of a surrogate pair."""
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    if "\0" in text:
        text = text.replace("\0", "\N{REPLACEMENT CHARACTER}")
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")  # joins the halves that match
    return text


def line_count(event: Event) -> int:
    """How many lines `render` makes of an event."""
    return render(event).count("\n")


@dataclass(frozen=True, slots=True)
class Added:
    """What an import or a `record` call did to one session."""

    session_id: str
    events: int
    """Newly stored."""
    skipped: int
    """Already there."""
    redactions: int
    """Secrets replaced before storing."""
    total: int
    """Events of the session now."""


class TranscriptReader(Protocol):
    """Reads of stored sessions at one snapshot. Synchronous."""

    def sessions(self, store: str, *, since: datetime | None = None, after: str = "") -> Iterable[Session]:
        """A store's sessions sorted by id; `since` keeps those that ended then or later, and undated ones."""
        ...

    def session(self, store: str, session_id: str) -> Session | None: ...

    def events(self, store: str, session_id: str, *, lines: tuple[int, int] | None = None) -> Iterable[Event]:
        """A session's events in order, all or only those whose rendering touches lines [a, b]."""
        ...


class TranscriptArchive(Protocol):
    """Keeps sessions. Appending is idempotent by `Event.raw_key` and incremental."""

    async def add(self, session: Session, events: Sequence[Event], *, expected_events: int | None = None) -> Added:
        """Append what is new of a session, in one transaction.

        Secrets are replaced before anything is stored. Events whose `raw_key` is already stored in that session are
        skipped, those with an empty one never; `n` and `line` are given by the archive. Fields of `session` that are
        set replace empty ones, and its times widen to those of its events.

        Raises:
            Refusal: `conflict` when `expected_events` is given, is not the number stored, and something is new; `not_found` for an
                unknown store.
        """
        ...

    async def met(self, store: str, session_id: str, raw_keys: Sequence[str]) -> tuple[int, int]:
        """How many of these raw events a session has, and how many events it has in all; zeros for an unknown session."""
        ...

    async def remove(self, store: str, session_id: str) -> bool:
        """Forget a session; False when there was none."""
        ...
