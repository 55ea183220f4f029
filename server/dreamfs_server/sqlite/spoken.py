"""What was said in stored sessions, for redaction: an event keeps its number and its lines, so that citations hold.

Its key stays too: without it the next import of the same log would bring the text back.
"""

import sqlite3
from dataclasses import replace
from typing import Any

from dreamfs_tools.needle import Needle
from dreamfs_tools.redaction import Copy, event_text
from dreamfs_tools.transcript import Event, render

_HOLDING = """
SELECT t.session_id, e.event_id, e.transcript_id, e.n, e.line, e.role, e.kind, e.text, e.tool, e.call_id
FROM event AS e JOIN transcript AS t USING (transcript_id)
WHERE instr(e.text, :probe) OR instr(e.tool, :probe) OR instr(e.call_id, :probe)
ORDER BY t.session_id, e.line
"""
_REWRITE = "UPDATE event SET text = ?, tool = ?, call_id = ? WHERE event_id = ?"
_RESIZE = "UPDATE transcript SET size_bytes = size_bytes + ? WHERE transcript_id = ?"


def copies(c: sqlite3.Connection, needle: Needle) -> list[Copy]:
    """The lines of transcripts that hold a text."""
    found: list[Copy] = []
    for session_id, _, _, event in _events(c, needle):
        if needle.is_in(event.tool) or needle.is_in(event.call_id):
            found.append(Copy("transcript", f"/transcripts/{session_id} line {event.line}"))
        for spot in sorted(needle.spots(event.text)):
            line = event.line + 1 + event.text.count("\n", 0, spot)
            found.append(Copy("transcript", f"/transcripts/{session_id} line {line}"))
    return list(dict.fromkeys(found))


def rewrite(c: sqlite3.Connection, needle: Needle) -> None:
    """Take a text out of every event."""
    for _, event_id, transcript_id, event in _events(c, needle):
        tool, call_id = needle.replaced_by_line(event.tool), needle.replaced_by_line(event.call_id)
        new = replace(event, text=event_text(event, event.text, needle), tool=tool, call_id=call_id)
        if new != event:
            c.execute(_REWRITE, (new.text, new.tool, new.call_id, event_id))
            c.execute(_RESIZE, (len(render(new).encode()) - len(render(event).encode()), transcript_id))


def _events(c: sqlite3.Connection, needle: Needle) -> list[tuple[str, int, int, Event]]:
    rows: list[tuple[Any, ...]] = c.execute(_HOLDING, {"probe": needle.probe}).fetchall()
    return [
        (session_id, event_id, transcript_id, Event(n, role, kind, text, tool=tool, call_id=call_id, line=line))
        for session_id, event_id, transcript_id, n, line, role, kind, text, tool, call_id in rows
    ]
