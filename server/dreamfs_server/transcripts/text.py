"""Plain text: a chat saved by hand, an incident's thread, letters, notes.

Three kinds are told apart by the beginning of the text. A *dialogue* has lines such as `User:` or `2026-03-01 10:02
Assistant:`; whatever stands between them belongs to the speaker, pasted logs too. A *thread* has lines that name somebody and
mostly a time (`chat_lines.py`), or the headers of letters. Anything else is taken paragraph by paragraph, as what a person
said. Front matter, headings and the file's name say on which day and in which zone it was, where the lines do not.
"""

import re
from collections import Counter, deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from itertools import chain, islice

from dreamfs_server.transcripts.chat_lines import Opening, names_in, opening
from dreamfs_server.transcripts.clock import Clock, day_in, zone_of, zone_said
from dreamfs_server.transcripts.front_matter import Head, front_matter, letter_head, sender
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
from dreamfs_server.transcripts.speakers import ROLES, voice
from dreamfs_tools.transcript import Event, Kind, Role, Session

FORMAT = "text"
HEAD_LINES = 600
"""By which it is decided how a text is to be read."""
PART_CHARACTERS_MAX = 1_000_000
_AHEAD_LINES = 8
_BEGUN = ("date", "day", "started", "started_at", "start", "start_time", "opened", "opened_at", "occurred_at", "created", "created_at",
          "detected", "detected_at", "time", "when")  # fmt: skip
_PEOPLE = ("participants", "people", "responders", "authors", "author", "attendees", "on_call", "oncall", "members")
_SPEAKERS: dict[str, Role] = {**ROLES, "claude": "assistant", "chatgpt": "assistant", "bot": "assistant", "me": "user"}
_SPEAKER = re.compile(
    r"^(?:#{1,4} {0,3})?(?:\[?(?P<at>\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d)?(?:\.\d{1,9})?(?:Z|[+-]\d\d:?\d\d)?)\]? {1,3})?"
    r"\*{0,2}(?P<who>[A-Za-z]{2,12})\*{0,2} ?:\*{0,2}(?: |$)(?P<rest>.*)$"
)
_HEADING = re.compile(r"^ {0,3}#{1,6}\s")
_FENCE = re.compile(r"^\s{0,3}(?:```|~~~)")


@dataclass(slots=True)
class _Part:
    role: Role
    lines: list[str] = field(default_factory=list[str])
    spoken: bool = False
    """Goes on until somebody else speaks, over empty lines."""
    at: str = ""
    tool: str = ""
    speaker: str = ""
    written: str = ""
    """The line that began it, where its time could not be understood: nothing of it may be lost."""


@dataclass(slots=True)
class _Style:
    """How a text is to be read."""

    head: Head
    clock: Clock
    is_thread: bool
    known: frozenset[str]
    forms: frozenset[str]
    """The forms of time that stand beside names; a line that begins with another one is pasted."""
    title: str


def read(lines: Iterable[str | Malformed], name: str) -> Reading:
    """Read the lines of a text."""
    lines = iter(lines)
    begins = list(islice(lines, HEAD_LINES))
    style, skipped = _style([line for line in begins if isinstance(line, str)], name)
    session_id, keys, titled, dated = session_segment(name), Keys(), bool(style.title), False
    yield About(Session("", session_id, FORMAT, title=style.title), by_name=True)
    day = style.clock.day
    everything = chain(begins, lines)
    parts = _thread(everything, style, skipped) if style.is_thread else _paragraphs(everything, skipped)
    for part in parts:
        if isinstance(part, Malformed):
            yield part
            continue
        text = "\n".join(part.lines).strip("\n")
        if not text:
            continue
        if not titled:
            titled = True
            yield About(Session("", session_id, FORMAT, title=title_of(text)))
        at = (style.clock.read(part.at) if style.is_thread else moment(part.at)) if part.at else None
        if part.at and at is None and part.written:
            text = f"{part.written}\n{text}" if text not in part.written else part.written
        dated = dated or at is not None
        key = keys.name(digest_of([part.role, part.at, text, *filter(None, (part.tool, part.speaker))]))
        kind: Kind = "tool_result" if part.role == "tool" else "text"
        is_error = part.role == "tool" and text.startswith("Error")
        yield Said(
            session_id,
            Event(0, part.role, kind, shortened(text), at, part.tool, is_error, raw_key=key, speaker=part.speaker),
        )
    if not dated and (started := style.clock.read(style.head.first(*_BEGUN)) or _midnight(day)):
        yield About(Session("", session_id, FORMAT, started_at=started))


def _style(lines: Sequence[str], name: str) -> tuple[_Style, int]:
    head, skipped = front_matter(lines)
    listed = [person for person in head.all(*_PEOPLE) if len(person) < 60]
    body = [line for line, fenced in _fenced(lines[skipped:]) if not fenced]
    zone = zone_of(head.first("timezone", "tz", "time_zone", "zone")) or zone_said(lines[:60])
    days = [
        head.first(*_BEGUN),
        *(line for line in body[:5]),
        *(line for line in body[:60] if _HEADING.match(line)),
        name,
    ]
    clock = Clock(next(filter(None, map(day_in, days)), None), zone)
    known = names_in(body, listed)
    is_dialogue = _is_dialogue(body, known)
    opened = [one for line in body if (one := opening(line, known)) is not None]
    named = [one for one in opened if one.who]
    letters = any(letter_head(body[n : n + _AHEAD_LINES])[1] for n, line in enumerate(body) if line.startswith("From:"))
    is_thread = not is_dialogue and (bool(named) or len(opened) >= 3 or letters)
    forms = frozenset(form for form, _ in Counter(_form(one.at) for one in named or opened).most_common(3))
    title = title_of(head.first("title", "subject", "summary", "name"))
    return _Style(head, clock, is_thread, known, forms, title), skipped


def _is_dialogue(lines: Sequence[str], known: frozenset[str]) -> bool:
    """Whether the first line that marks a speaker marks a role, not a name: what is said later may hold lines of either form."""
    for number, line in enumerate(lines):
        if letter_head(lines[number : number + _AHEAD_LINES])[1]:
            return False
        found = _SPEAKER.match(line)
        if found and not found["at"] and found["who"].lower() in _SPEAKERS:
            return True
        if (opened := opening(line, known)) and opened.who and opened.who.lower() not in _SPEAKERS:
            return False
    return False


def _paragraphs(lines: Iterable[str | Malformed], skipped: int) -> Iterator[_Part | Malformed]:
    """A dialogue speaker by speaker, or else paragraphs."""
    part = _Part("user")
    size = 0
    for number, line in enumerate(lines):
        if isinstance(line, Malformed):
            yield line
            continue
        if number < skipped:
            continue
        size += len(line)
        match = _SPEAKER.match(line)
        role = _SPEAKERS.get(match["who"].lower()) if match else None
        if match and role:
            yield part
            part, size = _Part(role, [match["rest"]], spoken=True, at=match["at"] or ""), 0
        elif (not part.spoken and not line.strip() and part.lines) or size > PART_CHARACTERS_MAX:
            yield part
            part, size = _Part(part.role, [line], part.spoken, part.at), 0
        else:
            part.lines.append(line)
    yield part


def _thread(lines: Iterable[str | Malformed], style: _Style, skipped: int) -> Iterator[_Part | Malformed]:
    """A thread message by message; headings and what stands before the first message paragraph by paragraph."""
    part = _Part("user")
    size = header_lines = 0
    fenced = False
    subjects: set[str] = set()
    for number, (line, following) in enumerate(_ahead(lines)):
        if isinstance(line, Malformed):
            yield line
            continue
        if number < skipped or header_lines:
            header_lines = max(0, header_lines - 1)
            continue
        size += len(line)
        if _FENCE.match(line):
            fenced = not fenced
            part.lines.append(line)
            continue
        letter, taken = letter_head([line, *following] if line.startswith("From:") and not fenced else [])
        if taken:
            yield part
            role, tool, speaker = voice(sender(letter["from"]))
            subject = letter.get("subject", "")
            plain = re.sub(r"(?i)^(?:(?:re|fwd?|aw|wg):\s*)+", "", subject)
            told, subjects = [subject] if plain and plain not in subjects else [], {*subjects, plain}
            part, size = _Part(role, told, True, letter.get("date", ""), tool, speaker), 0
            header_lines = taken - 1
        elif not fenced and (opened := opening(line, style.known)) and (opened.who or _form(opened.at) in style.forms):
            yield part
            part, size = _spoken(opened, line), 0
        elif not fenced and (_HEADING.match(line) or _is_divider(line)):
            yield part
            if day := day_in(line):
                style.clock.turn_to(day)
            part, size = _Part("user", [line]), 0
        elif (not part.spoken and not line.strip() and part.lines) or size > PART_CHARACTERS_MAX:
            yield part
            part, size = _Part(part.role, [line], part.spoken, part.at, part.tool, part.speaker), 0
        else:
            part.lines.append(line)
    yield part


def _spoken(opened: Opening, line: str) -> _Part:
    role, tool, speaker = voice(opened.who) if opened.who else ("user", "", "")
    return _Part(role, [opened.rest], True, opened.at, tool, speaker, line)


def _form(at: str) -> str:
    """What a written time looks like: digits alike, without its zone."""
    return re.sub(
        r"[A-Za-z]{3,}", "Mon", re.sub(r"\d+", "0", re.sub(r"(?:\s?\(?[A-Z]{2,4}\)?|Z|[+-]\d\d:?\d\d)$", "", at))
    )


def _is_divider(line: str) -> bool:
    """A line with nothing but a day: `--- Tuesday, 3 November 2026 ---`."""
    return (
        len(line) < 60
        and day_in(line) is not None
        and not re.search(r"\d:\d\d", line)
        and len(line.split()) <= 8
        and (re.fullmatch(r"[\W_]*(?:[A-Za-z]+day,?\s+)?[\d./\sA-Za-z,-]{6,24}[\W_]*", line) is not None)
    )


def _midnight(day: date | None) -> datetime | None:
    return datetime(day.year, day.month, day.day, tzinfo=UTC) if day else None


def _fenced(lines: Iterable[str]) -> Iterator[tuple[str, bool]]:
    fenced = False
    for line in lines:
        if _FENCE.match(line):
            fenced = not fenced
        yield line, fenced


def _ahead(lines: Iterable[str | Malformed]) -> Iterator[tuple[str | Malformed, list[str]]]:
    """Each line with those that follow."""
    lines = iter(lines)
    window = deque(islice(lines, _AHEAD_LINES + 1))
    while window:
        line = window.popleft()
        yield line, [one for one in window if isinstance(one, str)]
        window.extend(islice(lines, 1))
