"""What Claude Code notes beside the messages: which commands had begun to run and when, and whether people are asked.

Not every version notes both; what a log does not say is unknown.
"""

import re
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from dreamfs_tools.transcript import Event

ASKS_NOBODY = frozenset(("bypassPermissions", "auto", "dontAsk"))
"""Modes in which every call, or all but few, is permitted or refused without a person."""
EDITS_FREELY = "acceptEdits"
"""The mode in which nobody is asked about changes of files."""
_PROGRESS = "progress {"
_TAIL_CHARACTERS = 400
_ELAPSED = re.compile(r'"elapsedTimeSeconds": (\d{1,6})\b.*"parentToolUseID": "([^"]{1,100})"[^"]*$')
_MODE_NOTE = "permission-mode {"
_MODE = re.compile(r'permission-mode \{.*"permissionMode": "(\w+)"')


def began(events: Iterable[Event]) -> dict[str, datetime]:
    """When shell commands began to run, by the ids of their calls."""
    result: dict[str, datetime] = {}
    for event in events:
        if event.kind != "meta" or event.origin == "self" or event.at is None or not event.text.startswith(_PROGRESS):
            continue
        if '"bash_progress"' in event.text[:80] and (found := _ELAPSED.search(event.text[-_TAIL_CHARACTERS:])):
            at = event.at - timedelta(seconds=int(found[1]))
            result[found[2]] = min(at, result.get(found[2], at))
    return result


def modes(events: Iterable[Event]) -> list[tuple[int, str]]:
    """From which event on which permission mode holds."""
    return [
        (event.n, found[1])
        for event in events
        if event.kind == "meta"
        and event.origin != "self"
        and event.text.startswith(_MODE_NOTE)
        and (found := _MODE.match(event.text[:300]))
    ]


def mode_at(noted: Sequence[tuple[int, str]], n: int) -> str:
    """The mode that holds at an event; "" where it is not known."""
    return next((mode for since, mode in reversed(noted) if since < n), "")
