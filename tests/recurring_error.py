"""A few sessions in which the same mistake is made and put right: material that the embedded curator makes a rule of."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from dreamfs_server.dream.material import numbered
from dreamfs_tools.transcript import Event, Session
from mined_sessions import Call, session

ERROR = "<tool_use_error>File has not been read yet. Read it first before writing to it.</tool_use_error>"


def recurring_error(store: str = "memories", sessions: int = 5) -> Iterator[tuple[Session, Sequence[Event]]]:
    """Sessions on different days, of different tasks, as an archive would store them."""
    for number in range(1, sessions + 1):
        edit: dict[str, object] = {"file_path": f"/repo/f{number}.py", "old_string": "a", "new_string": "b"}
        calls: list[Call] = [
            ("Edit", edit, ERROR, True),
            ("Edit", edit, ERROR, True),
            ("Read", {"file_path": f"/repo/f{number}.py"}, "1 a", False),
            ("Edit", edit, "done", False),
        ]
        found = session(number, calls, task=f"change file {number}")
        events = [replace(event, raw_key=f"{number}-{event.n}") for event in found.events]
        lines = sum(event.lines for event in events)
        yield replace(found.session, store=store, events=len(events), lines=lines), events


def numbered_session(session: Session, events: Sequence[Event]) -> tuple[Session, Sequence[Event]]:
    """A session as an archive would store it."""
    counted = numbered(events)
    return replace(session, events=len(counted), lines=sum(event.lines for event in counted)), counted
