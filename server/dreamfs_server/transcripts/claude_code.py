"""Claude Code's own logs: one JSON row for each message, sub-agents in the same file or in files of their own.

A row names its session. Rows without one (summaries, snapshots) belong to the session of the rows around them. What
a sub-agent in the same file does stays in that session, in the order of the log; what has a file of its own
(`agent-….jsonl`) is a session whose parent is the one that started it. Agents that the client starts for itself (to make a summary,
to guess the next prompt) repeat their parent's rows and are left out; of a question asked aside the question and its answer are kept.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from dreamfs_server.transcripts.claude_code_rows import asked_aside, own_agent, row_events, title_in
from dreamfs_server.transcripts.reading import (
    About,
    Keys,
    Malformed,
    OpenCalls,
    Reading,
    Record,
    Repeated,
    Said,
    digest_of,
    items,
    mapping,
    session_segment,
    string,
)
from dreamfs_tools.transcript import Session

FORMAT = "claude-code"
WAITING_ROWS_MAX = 1_000
"""Rows before the first that names a session; after so many the file's name does."""


@dataclass(slots=True)
class _Open:
    """A session of this file while it is read."""

    keys: Keys = field(default_factory=Keys)
    calls: OpenCalls = field(default_factory=OpenCalls)
    titled: bool = False
    is_told: bool = False
    """Something of it was kept."""
    is_aside: bool = False
    """A person's question beside the conversation has come; what stood before repeats the conversation."""


def read(records: Iterable[Record | Malformed], name: str) -> Reading:
    """Read the rows of one log file; `name` serves where no row names a session."""
    sessions: dict[str, _Open] = {}
    waiting: list[Record] = []
    current = ""
    for record in _rows(records):
        if isinstance(record, Malformed):
            yield record
            continue
        waiting.append(record)
        current = _session_id(record.value) or current
        if not current and len(waiting) == WAITING_ROWS_MAX:
            current = session_segment(name)
        if current:
            yield from _session_rows(current, waiting, sessions)
            waiting = []
    yield from _session_rows(session_segment(name), waiting, sessions)


def _rows(records: Iterable[Record | Malformed]) -> Iterator[Record | Malformed]:
    """Each row an object; a document that holds its rows in `loglines` is taken apart."""
    for record in records:
        if isinstance(record, Malformed):
            yield record
            continue
        row = mapping(record.value)
        if not row:
            yield Malformed(record.position, "not a row but a bare value")
        elif "loglines" in row:
            numbered = enumerate(items(row["loglines"]), 1)
            yield from _rows(Record(number, row, digest_of(row)) for number, row in numbered)
        else:
            yield record


def _session_id(row: dict[str, Any]) -> str:
    session = string(row.get("sessionId") or row.get("session_id"))
    agent = string(row.get("agentId"))
    if not session:
        return ""
    return session_segment(f"{session}-agent-{agent}" if agent and row.get("isSidechain") is True else session)


def _session_rows(session_id: str, records: Iterable[Record], sessions: dict[str, _Open]) -> Reading:
    for record in records:
        row: dict[str, Any] = record.value
        session = sessions.setdefault(session_id, _Open())
        if own := own_agent(row):
            asked = asked_aside(row)
            session.is_aside = session.is_aside or bool(asked)
            if own != "side_question" or not session.is_aside:
                yield Repeated(record.position)
                continue
            row = row | {"message": {"role": "user", "content": asked}, "isSidechain": False} if asked else row
        if not session.is_told:
            session.is_told = True
            named = string(row.get("sessionId") or row.get("session_id"))
            parent = session_segment(named) if named else session_id
            yield About(Session("", session_id, FORMAT, parent=parent if parent != session_id else ""))
        key = session.keys.name(record.digest)
        for position, event in enumerate(row_events(row, session.calls)):
            if not session.titled and (title := title_in(event)):
                session.titled = True
                yield About(Session("", session_id, FORMAT, title=title))
            yield Said(session_id, replace(event, raw_key=f"{key}:{position}"))
