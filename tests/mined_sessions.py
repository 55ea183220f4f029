"""Small sessions for tests of the miners, written as an archive would hold them."""

import json
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from dreamfs_server.dream.material import Gathered, Material, Memory, numbered
from dreamfs_tools.transcript import Event, Origin, Session

START = datetime(2026, 11, 1, 9, 0, tzinfo=UTC)
NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)

Call = tuple[str, dict[str, object], str, bool]
"""Tool, arguments, result, whether it failed."""


def session(
    number: int,
    calls: Iterable[Call],
    *,
    day: int | None = None,
    task: str = "",
    outcome: str = "",
    parent: str = "",
    origin: Origin = "imported",
    before: Iterable[Event] = (),
) -> Gathered:
    """A session on day `day` of the month (by default one day each), or undated for a day below 0."""
    day = number if day is None else day
    at = START + timedelta(days=day, minutes=number) if day >= 0 else None
    events = list(before)
    for n, (tool, given, answer, failed) in enumerate(calls):
        then = at + timedelta(seconds=10 * n) if at else None
        call_id = f"call-{number}-{n}"
        events.append(Event(0, "assistant", "tool_call", json.dumps(given), then, tool, call_id=call_id, origin=origin))
        events.append(Event(0, "tool", "tool_result", answer, then, tool, failed, origin=origin, call_id=call_id))
    stored = Session("memories", f"s-{number:03}", "claude-code", at, at, task, outcome, parent=parent)
    return Gathered(stored, numbered(events))


def talk(number: int, said: Iterable[tuple[str, str]], *, day: int | None = None) -> Gathered:
    """A session of texts: (role, text)."""
    at = START + timedelta(days=number if day is None else day, minutes=number)
    events = [
        Event(0, "user" if role == "user" else "assistant", "text", text, at + timedelta(minutes=n))
        for n, (role, text) in enumerate(said)
    ]
    return Gathered(Session("memories", f"s-{number:03}", "claude-code", at, at), numbered(events))


def bash(command: str, answer: str = "ok", *, failed: bool = False) -> Call:
    return ("Bash", {"command": command}, answer, failed)


def memory(path: str, text: str, version: int = 1, *, by_dream: bool = False, pinned: bool = False) -> Memory:
    return Memory(f"/memories/{path}", text, version, START + timedelta(days=version), "session s-1", by_dream, pinned)


def material(sessions: Iterable[Gathered] = (), memories: Iterable[Memory] = ()) -> Material:
    return Material("memories", "/memories", NOW, list(sessions), list(memories), snapshot_version=9)
