"""Plain text: a chat saved by hand, an incident's thread, notes.

A line such as `User:` or `2026-03-01 10:02 Assistant:` begins an event. A text without speakers is taken paragraph by
paragraph, as what a person said.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from dreamfs_server.transcripts.messages import ROLES
from dreamfs_server.transcripts.reading import (
    About,
    Keys,
    Malformed,
    Reading,
    Said,
    digest_of,
    moment,
    session_segment,
    shortened,
    title_of,
)
from dreamfs_tools.transcript import Event, Kind, Role, Session

FORMAT = "text"
_SPEAKERS: dict[str, Role] = {**ROLES, "claude": "assistant", "chatgpt": "assistant", "bot": "assistant", "me": "user"}
_SPEAKER = re.compile(
    r"^(?:#{1,4} {0,3})?(?:\[?(?P<at>\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d)?(?:\.\d{1,9})?(?:Z|[+-]\d\d:?\d\d)?)\]? {1,3})?"
    r"\*{0,2}(?P<who>[A-Za-z]{2,12})\*{0,2} ?:\*{0,2}(?: |$)(?P<rest>.*)$"
)


@dataclass(slots=True)
class _Part:
    role: Role
    lines: list[str]
    spoken: bool
    at: str = ""


def read(lines: Iterable[str | Malformed], name: str) -> Reading:
    """Read the lines of a text."""
    session_id, keys, titled = session_segment(name), Keys(), False
    yield About(Session("", session_id, FORMAT))
    for part in _parts(lines):
        if isinstance(part, Malformed):
            yield part
            continue
        text = "\n".join(part.lines).strip("\n")
        if not text:
            continue
        if not titled:
            titled = True
            yield About(Session("", session_id, FORMAT, title=title_of(text)))
        key = keys.name(digest_of([part.role, part.at, text]))
        kind: Kind = "tool_result" if part.role == "tool" else "text"
        is_error = part.role == "tool" and text.startswith("Error")
        event = Event(0, part.role, kind, shortened(text), moment(part.at), is_error=is_error, raw_key=key)
        yield Said(session_id, event)


def _parts(lines: Iterable[str | Malformed]) -> Iterator[_Part | Malformed]:
    part = _Part("user", [], spoken=False)
    size = 0
    for line in lines:
        if isinstance(line, Malformed):
            yield line
            continue
        size += len(line)
        match = _SPEAKER.match(line)
        role = _SPEAKERS.get(match["who"].lower()) if match else None
        if match and role:
            yield part
            part, size = _Part(role, [match["rest"]], spoken=True, at=match["at"] or ""), 0
        elif (not part.spoken and not line.strip() and part.lines) or size > 1_000_000:
            yield part
            part, size = _Part(part.role, [line], part.spoken, part.at), 0
        else:
            part.lines.append(line)
    yield part
