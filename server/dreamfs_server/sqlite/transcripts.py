"""Stored sessions in SQLite: appending, and reading in order or from a cited line.

An event's place is settled when it is stored: its number, its first line and how many lines it has. Nothing is ever
inserted before it, so that a citation stays true. Appending is one transaction for each call, whatever it holds.
"""

import hashlib
import hmac
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, cast

import anyio.to_thread

from dreamfs_server.sqlite.connection import Database
from dreamfs_server.sqlite.rows import milliseconds, moment
from dreamfs_tools.errors import Refusal
from dreamfs_tools.secrets import redact_secrets
from dreamfs_tools.transcript import Added, Event, Kind, Origin, Role, Session, line_count, normal_text, render

KEY_BYTES = 16
"""Of an event's HMAC: enough that two raw events of one session never share one."""

LINES_MAX = 2**62

Rows = Callable[[str, Any], Iterator[Sequence[Any]]]
"""Runs a query and gives its rows one after the other."""

SQL_STORE = "SELECT store_id FROM store WHERE slug = ? AND deleted_at IS NULL"
SQL_ARCHIVED = "SELECT 1 FROM store WHERE slug = ? AND deleted_at IS NULL AND archived_at IS NOT NULL"
SQL_SECRET = "SELECT secret FROM transcript_key"  # noqa: S105  # SQL, not a password
SQL_ID = """
SELECT t.transcript_id FROM transcript AS t JOIN store AS s USING (store_id)
WHERE s.slug = ? AND s.deleted_at IS NULL AND t.session_id = ?
"""
SQL_TOTALS = "SELECT events, lines, size_bytes FROM transcript WHERE transcript_id = ?"
SQL_KNOWN = "SELECT 1 FROM event WHERE transcript_id = ? AND key = ?"
SQL_NEW = """
INSERT INTO transcript (store_id, session_id, source, task, outcome, title, parent, events, lines, size_bytes)
VALUES (?, ?, ?, '', '', '', '', 0, 0, 0) RETURNING transcript_id
"""
SQL_APPEND = """
INSERT INTO event (transcript_id, n, line, lines, at, role, kind, tool, is_error, origin, call_id, key, text, speaker)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
"""
# What is set replaces what is empty; a later source never overwrites what an earlier one knew. The scalar min() and
# max() of SQLite give NULL as soon as one argument is, hence the coalesce.
SQL_ABOUT = """
UPDATE transcript SET
    events = :events, lines = :lines, size_bytes = :size_bytes,
    started_at = min(coalesce(started_at, :started_at), coalesce(:started_at, started_at)),
    ended_at = max(coalesce(ended_at, :ended_at), coalesce(:ended_at, ended_at)),
    task = CASE task WHEN '' THEN :task ELSE task END,
    outcome = CASE outcome WHEN '' THEN :outcome ELSE outcome END,
    title = CASE title WHEN '' THEN :title ELSE title END,
    parent = CASE parent WHEN '' THEN :parent ELSE parent END
WHERE transcript_id = :transcript_id
"""
SQL_REMOVE = "DELETE FROM transcript WHERE transcript_id = ?"
SQL_SESSIONS = """
SELECT s.slug, t.session_id, t.source, t.started_at, t.ended_at, t.task, t.outcome, t.title, t.parent, t.events,
       t.lines, t.size_bytes
FROM transcript AS t JOIN store AS s USING (store_id)
WHERE s.slug = :store AND s.deleted_at IS NULL AND t.session_id > :after
  AND (:since IS NULL OR t.ended_at IS NULL OR t.ended_at >= :since)
ORDER BY t.session_id
"""
SQL_SESSION = """
SELECT s.slug, t.session_id, t.source, t.started_at, t.ended_at, t.task, t.outcome, t.title, t.parent, t.events,
       t.lines, t.size_bytes
FROM transcript AS t JOIN store AS s USING (store_id)
WHERE s.slug = ? AND s.deleted_at IS NULL AND t.session_id = ?
"""
SQL_EVENTS = """
SELECT n, role, kind, text, at, tool, is_error, origin, call_id, line, lines, speaker
FROM event WHERE transcript_id = ? AND line BETWEEN ? AND ? ORDER BY line
"""
SQL_FIRST_LINE = "SELECT max(line) FROM event WHERE transcript_id = ? AND line <= ?"


class SqliteArchive:
    """The `TranscriptArchive` of a database."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._secret: bytes | None = None

    async def add(self, session: Session, events: Sequence[Event], *, expected_events: int | None = None) -> Added:
        """Append what is new of a session, in one transaction; see `TranscriptArchive.add`."""
        if self._secret is None:
            self._secret = await self._database.read(_secret)
        secret = self._secret
        keys = [_key(secret, event.raw_key) for event in events]
        kept, known = await self._database.read(lambda c: _known(c, session, keys))
        new = [(event, key) for event, key in zip(events, keys, strict=True) if key is None or key not in known]
        if not new and kept is not None and not _tells_more(session, kept):
            return Added(session.session_id, 0, len(events), 0, kept.events)
        # Off the event loop: a batch may be megabytes, and nothing of it may be stored before this.
        about, clean, redactions = await anyio.to_thread.run_sync(_redacted, session, new)
        added = await self._database.write(lambda c: _append(c, about, clean, expected_events))
        return replace(added, skipped=added.skipped + len(events) - len(new), redactions=redactions)

    async def met(self, store: str, session_id: str, raw_keys: Sequence[str]) -> tuple[int, int]:
        """How many of these raw events a session has, and how many events in all; see `TranscriptArchive.met`."""
        if self._secret is None:
            self._secret = await self._database.read(_secret)
        keys = [_key(self._secret, raw_key) for raw_key in raw_keys]
        kept, known = await self._database.read(lambda c: _known(c, Session(store, session_id, ""), keys))
        return len(known), kept.events if kept is not None else 0

    async def remove(self, store: str, session_id: str) -> bool:
        """Forget a session; False when there was none."""
        return await self._database.write(lambda c: _remove(c, store, session_id))


class SqliteTranscriptReader:
    """The `TranscriptReader` of one snapshot."""

    def __init__(self, rows: Rows) -> None:
        """Read through `rows`, which a snapshot closes when it ends."""
        self._rows = rows

    def sessions(self, store: str, *, since: datetime | None = None, after: str = "") -> Iterator[Session]:
        """A store's sessions sorted by id; undated ones are never filtered out."""
        values = {"store": store, "after": after, "since": _stamp(since)}
        return map(_session, self._rows(SQL_SESSIONS, values))

    def session(self, store: str, session_id: str) -> Session | None:
        """One session; None where there is none."""
        return next(map(_session, self._rows(SQL_SESSION, (store, session_id))), None)

    def events(self, store: str, session_id: str, *, lines: tuple[int, int] | None = None) -> Iterator[Event]:
        """A session's events in order, all or those whose rendering touches lines [a, b]."""
        first, last = (1, LINES_MAX) if lines is None else lines
        for (transcript_id,) in self._rows(SQL_ID, (store, session_id)):
            (start,) = next(self._rows(SQL_FIRST_LINE, (transcript_id, first)))
            for event in map(_event, self._rows(SQL_EVENTS, (transcript_id, start or first, last))):
                if event.line + event.lines > first:
                    yield event


def _secret(c: sqlite3.Connection) -> bytes:
    return cast("bytes", c.execute(SQL_SECRET).fetchone()[0])


def _key(secret: bytes, raw_key: str) -> bytes | None:
    if not raw_key:
        return None
    return hmac.digest(secret, raw_key.encode("utf-8", "surrogatepass"), hashlib.sha256)[:KEY_BYTES]


def _known(c: sqlite3.Connection, session: Session, keys: Sequence[bytes | None]) -> tuple[Session | None, set[bytes]]:
    transcript_id = _transcript_id(c, session.store, session.session_id)
    if transcript_id is None:
        return None, set()
    kept = _session(c.execute(SQL_SESSION, (session.store, session.session_id)).fetchone())
    return kept, {key for key in keys if key is not None and c.execute(SQL_KNOWN, (transcript_id, key)).fetchone()}


def _tells_more(session: Session, kept: Session) -> bool:
    fills = any(getattr(session, name) and not getattr(kept, name) for name in ("task", "outcome", "title", "parent"))
    begins = session.started_at is not None and (kept.started_at is None or session.started_at < kept.started_at)
    return fills or begins


def _redacted(
    session: Session, new: Iterable[tuple[Event, bytes | None]]
) -> tuple[Session, list[tuple[Event, bytes | None]], int]:
    count = 0

    def clean(text: str) -> str:
        nonlocal count
        result, found = redact_secrets(normal_text(text))
        count += found
        return result

    events = [
        (
            replace(
                event,
                text=clean(event.text),
                tool=clean(event.tool),
                call_id=clean(event.call_id),
                speaker=clean(event.speaker),
            ),
            key,
        )
        for event, key in new
    ]
    # A title or a task repeats what events say, so that only the events are counted.
    task, title = (redact_secrets(normal_text(text))[0] for text in (session.task, session.title))
    return replace(session, task=task, title=title), events, count


def _append(
    c: sqlite3.Connection, session: Session, new: Sequence[tuple[Event, bytes | None]], expected_events: int | None
) -> Added:
    if c.execute(SQL_ARCHIVED, (session.store,)).fetchone():
        raise Refusal(
            "read_only", f"The store /{session.store} is archived: it takes no transcripts. Nothing was recorded."
        )
    transcript_id = _transcript_id(c, session.store, session.session_id) or _create(c, session)
    events, lines, size_bytes = c.execute(SQL_TOTALS, (transcript_id,)).fetchone()
    before, skipped = events, 0
    rows: list[tuple[object, ...]] = []
    times = [at for at in (session.started_at, session.ended_at) if at is not None]
    keys: set[bytes] = set()
    for event, key in new:
        if key is not None and (key in keys or c.execute(SQL_KNOWN, (transcript_id, key)).fetchone()):
            skipped += 1
            continue
        if key is not None:
            keys.add(key)
        events += 1
        numbered = replace(event, n=events, line=lines + 1)
        count = line_count(numbered)
        rows.append(_row(transcript_id, numbered, count, key))
        lines += count
        size_bytes += len(render(numbered).encode())
        if event.at is not None:
            times.append(event.at)
    if expected_events is not None and expected_events != before and rows:
        raise Refusal(
            "conflict",
            f"The transcript of session {session.session_id} has {before:,} events, not {expected_events:,}. Nothing was "
            f"recorded. View /transcripts/{session.session_id} from where you left off, then send expected_version={before}.",
            path=f"/transcripts/{session.session_id}",
            expected_version=expected_events,
            version=before,
            current=before,
        )
    c.executemany(SQL_APPEND, rows)
    values = {
        "transcript_id": transcript_id,
        "events": events,
        "lines": lines,
        "size_bytes": size_bytes,
        "started_at": _stamp(min(times, default=None)),
        "ended_at": _stamp(max(times, default=None)),
        "task": session.task,
        "outcome": session.outcome,
        "title": session.title,
        "parent": session.parent,
    }
    c.execute(SQL_ABOUT, values)
    return Added(session.session_id, len(rows), skipped, 0, events)


def _create(c: sqlite3.Connection, session: Session) -> int:
    store = c.execute(SQL_STORE, (session.store,)).fetchone()
    if store is None:
        raise Refusal(
            "not_found", f"There is no store {session.store}; `dreamfs store list` shows the stores there are."
        )
    return int(c.execute(SQL_NEW, (store[0], session.session_id, session.source)).fetchone()[0])


def _remove(c: sqlite3.Connection, store: str, session_id: str) -> bool:
    transcript_id = _transcript_id(c, store, session_id)
    if transcript_id is not None:
        c.execute(SQL_REMOVE, (transcript_id,))
    return transcript_id is not None


def _transcript_id(c: sqlite3.Connection, store: str, session_id: str) -> int | None:
    row = c.execute(SQL_ID, (store, session_id)).fetchone()
    return None if row is None else int(row[0])


def _row(transcript_id: int, event: Event, lines: int, key: bytes | None) -> tuple[object, ...]:
    at = _stamp(event.at)
    return (
        *(transcript_id, event.n, event.line, lines, at, event.role, event.kind, event.tool),
        *(int(event.is_error), event.origin, event.call_id, key, event.text, event.speaker),
    )


def _session(row: Sequence[Any]) -> Session:
    store, session_id, source, started, ended, task, outcome, title, parent, events, lines, size = row
    return Session(
        *(store, session_id, source, _time(started), _time(ended), task, outcome, title, parent),
        events=events,
        lines=lines,
        size_bytes=size,
    )


def _event(row: Sequence[Any]) -> Event:
    n, role, kind, text, at, tool, is_error, origin, call_id, line, lines, speaker = row
    return Event(
        n=n,
        role=cast("Role", role),
        kind=cast("Kind", kind),
        text=text,
        at=_time(at),
        tool=tool,
        is_error=bool(is_error),
        origin=cast("Origin", origin),
        call_id=call_id,
        speaker=speaker,
        line=line,
        lines=lines,
    )


def _stamp(at: datetime | None) -> int | None:
    return None if at is None else milliseconds(at)


def _time(stamp: int | None) -> datetime | None:
    return None if stamp is None else moment(stamp)
