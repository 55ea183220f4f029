"""What was said in stored sessions, for redaction: an event keeps its number and its lines, so that citations hold.

Its key stays too: without it the next import of the same log would bring the text back.
"""

import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from dreamfs_tools.redaction import Copy, Redaction, event_text
from dreamfs_tools.sought import Sought
from dreamfs_tools.transcript import Event, render

_HOLDING = """
SELECT t.session_id, e.event_id, e.transcript_id, e.n, e.line, e.role, e.kind, e.text, e.tool, e.call_id, e.speaker
FROM event AS e JOIN transcript AS t USING (transcript_id)
WHERE instr(e.text, :probe) OR instr(e.tool, :probe) OR instr(e.call_id, :probe)
   OR instr(e.speaker, :probe)
ORDER BY t.session_id, e.line
"""
_REWRITE = "UPDATE event SET text = ?, tool = ?, call_id = ?, speaker = ? WHERE event_id = ?"
_RESIZE = "UPDATE transcript SET size_bytes = size_bytes + ? WHERE transcript_id = ?"


def copies(c: sqlite3.Connection, sought: Sought) -> list[Copy]:
    """The lines of transcripts that hold what is sought."""
    found: list[Copy] = []
    for session_id, _, _, event in _events(c, sought):
        spots = [(event.line + 1 + line, lines) for line, lines in sought.spots(event.text)]
        if (lines := sought.lines_in(event.tool, event.call_id, event.speaker)) is not None:
            spots.insert(0, (event.line, lines))
        found += [Copy("transcript", f"/transcripts/{session_id} line {line}", lines=lines) for line, lines in spots]
    return list(dict.fromkeys(found))


def rewrite(c: sqlite3.Connection, sought: Sought, redaction: Redaction) -> None:
    """Take what is sought out of every event, but lines from transcripts that are to keep them."""
    for session_id, event_id, transcript_id, event in _events(c, sought):
        lines = not redaction.leaves(Copy("transcript", f"/transcripts/{session_id}"))
        names = (event.tool, event.call_id, event.speaker)
        tool, call_id, speaker = (sought.replaced_by_line(text, lines=lines) for text in names)
        text = event_text(event, event.text, sought, lines=lines)
        new = replace(event, text=text, tool=tool, call_id=call_id, speaker=speaker)
        if new != event:
            c.execute(_REWRITE, (new.text, new.tool, new.call_id, new.speaker, event_id))
            c.execute(_RESIZE, (len(render(new).encode()) - len(render(event).encode()), transcript_id))


def texts(c: sqlite3.Connection) -> Iterator[str]:
    """Everything that was said."""
    for row in c.execute("SELECT text, tool, call_id, speaker FROM event").fetchall():
        yield from row


def _events(c: sqlite3.Connection, sought: Sought) -> list[tuple[str, int, int, Event]]:
    rows: list[tuple[Any, ...]] = c.execute(_HOLDING, {"probe": sought.probe}).fetchall()
    return [
        (
            *(session_id, event_id, transcript_id),
            Event(n, role, kind, text, tool=tool, call_id=call_id, speaker=speaker, line=line),
        )
        for session_id, event_id, transcript_id, n, line, role, kind, text, tool, call_id, speaker in rows
    ]
