"""Relative dates in memories: `yesterday` is true for one day only.

What a relative date was relative to is the day that its line or the heading above it names, else the day on which the line
was written. A file that says at its head when it was written (`Written 2026-02-02`, `date: 2026-02-02`) was written then,
also where it came into the store later; what was added to it since was written when it was added. Only words that mean one day, week or month are read; habits (`every day exports yesterday's data`) are not.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from dreamfs_server.dream.evidence.memories.statements import Statement, statements
from dreamfs_server.dream.material import Memory, cite_memory
from dreamfs_tools.dreaming import Card, Claim

line_characters_max = 2_000
"""A longer line is data, not prose."""

_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_NUMBERS = {
    "a": 1,
    "an": 1,
    "one": 1,
    "two": 2,
    "three": 3,
    "four": 4,
    "five": 5,
    "six": 6,
    "seven": 7,
    "eight": 8,
    "nine": 9,
    "ten": 10,
}
_COUNT = rf"(\d{{1,3}}|{'|'.join(_NUMBERS)})"
_RELATIVE = re.compile(
    rf"\b(?:(?P<day>yesterday|today|tomorrow|tonight|last night|this (?:morning|afternoon|evening))"
    rf"|(?P<ago>{_COUNT}) (?P<ago_unit>day|week)s? ago|in (?P<ahead>{_COUNT}) (?P<ahead_unit>day|week)s?"
    rf"|(?P<which>last|next|this) (?P<weekday>{'|'.join(_DAYS)})"
    rf"|(?P<side>last|next|this) (?P<unit>week|month))\b(?!['’]s)",
    re.IGNORECASE,
)
_HABIT = re.compile(r"(?i)\b(?:every|each|always|usually|daily|nightly|weekly|whenever|if|when|per)\b")
_CODE = re.compile(r"`[^`\n]*`|\"[^\"\n]*\"|“[^”\n]*”")
_ISO = re.compile(r"\b(\d{4})-(\d\d)-(\d\d)\b")
_HEAD_LINES_MAX = 12
_HEAD_DAY = re.compile(
    r"(?i)^[\W_]*(?:(?:written|created|recorded|noted|dated?|day|as of|status as of|(?:last )?(?:updated?|edited|changed|modified|reviewed))\b[\W_]*(?:(?:on|at|day|date)\b[\W_]*)?|#\s.*\b|(?=\d{4}-\d\d-\d\d\W*$))"
    r"(?P<day>\d{4}-\d\d-\d\d)(?!\d)"
)
_PREPOSITION = re.compile(r"(?i)\b(?:since|until|till|by|from|of|for|on|before|after|through|to)\s+$")


@dataclass(frozen=True, slots=True)
class Dated:
    """A relative date and what it means."""

    start: int
    end: int
    """Offsets in the memory's text."""
    words: str
    absolute: str


def date_cards(memories: Sequence[Memory]) -> list[Card]:
    """One card a memory with relative dates whose day is known; archived memories are left as they were."""
    cards: list[Card] = []
    for memory in sorted(memories, key=lambda m: m.path):
        if "/archive/" in memory.path:
            continue
        lines = [(statement, found) for statement in statements(memory) if (found := relative(statement))]
        if not lines:
            continue
        found_all = [one for _, found in lines for one in found]
        told = ", ".join(f"“{one.words}” is {one.absolute.removeprefix('on ')}" for one in found_all[:6])
        text = f"`{memory.path}` says {told}, counted from the day that its heading, its line or its revision names."
        cards.append(
            Card(
                number=0,
                miner="dates",
                title=f"Relative dates in {memory.path}",
                body=text,
                claims=[
                    Claim(
                        text=text,
                        kind="observed",
                        evidence=[cite_memory(memory, s.start, s.end) for s, _ in lines[:10]],
                    )
                ],
                weight=2.0 + len(found_all),
                data={"path": memory.path, "dates": found_all},
            )
        )
    return cards


def speaks_of_days(text: str) -> bool:
    """Whether a text may have relative dates, so that it matters when each of its lines was written."""
    return _RELATIVE.search(text) is not None


def relative(statement: Statement) -> list[Dated]:
    """The relative dates of a statement, with what they mean; empty where the day is not known."""
    if statement.fenced or statement.heading:
        return []
    line = statement.memory.text[statement.start : statement.end]
    base = _base(statement, line)
    if base is None or len(line) > line_characters_max or line.lstrip().startswith(">"):
        return []
    covered = [found.span() for found in _CODE.finditer(line)]
    result: list[Dated] = []
    for found in _RELATIVE.finditer(line):
        if any(a <= found.start() < b for a, b in covered) or _HABIT.search(line[: found.start()]):
            continue
        words = _absolute(found, base)
        if words and _PREPOSITION.search(line[: found.start()]):
            words = re.sub(
                r"^(?:on|in) (?:the (?=week|night))?", "the " if "week" in words or "night" in words else "", words
            )
        elif words and not line[: found.start()].strip(" -*+0123456789.#>"):
            words = words[0].upper() + words[1:]
        if words:
            result.append(Dated(statement.start + found.start(), statement.start + found.end(), found.group(), words))
    return result


def _base(statement: Statement, line: str) -> date | None:
    """The day of the line itself, of the heading above, or on which the line was written."""
    for text in (line, " ".join(statement.under)):
        if (found := _ISO.search(text)) is not None:
            try:
                return date(*(int(part) for part in found.groups()))
            except ValueError:
                return None
    memory = statement.memory
    number = memory.text.count("\n", 0, statement.start)
    written = _written(memory, number)
    if written is None:
        return None
    at, said = _head_day(memory)
    return said if said is not None and said <= written.date() and _written(memory, at) == written else written.date()


def _written(memory: Memory, number: int) -> datetime | None:
    return memory.written_at[number] if number < len(memory.written_at) else memory.revised_at


def _head_day(memory: Memory) -> tuple[int, date | None]:
    """The line at a file's head that says when it was written, and the day."""
    for number, line in enumerate(memory.text.split("\n", _HEAD_LINES_MAX)[:_HEAD_LINES_MAX]):
        if found := _HEAD_DAY.match(line):
            try:
                return number, date.fromisoformat(found["day"])
            except ValueError:
                return number, None
        if line.startswith("##"):
            break  # what follows speaks of one part
    return 0, None


def _absolute(found: re.Match[str], base: date) -> str:
    day = (found["day"] or "").lower()
    if day:
        shift = {"yesterday": -1, "tomorrow": 1, "last night": -1}.get(day, 0)
        at = (base + timedelta(days=shift)).isoformat()
        part = {"tonight": "night", "last night": "night"}.get(day, day.partition("this ")[2])
        return f"on the {part} of {at}" if part else f"on {at}"
    if found["ago"] or found["ahead"]:
        count, unit, sign = (
            (found["ago"], found["ago_unit"], -1) if found["ago"] else (found["ahead"], found["ahead_unit"], 1)
        )
        number = int(count) if count.isdigit() else _NUMBERS[count.lower()]
        return f"on {(base + sign * timedelta(days=number * (7 if unit.lower() == 'week' else 1))).isoformat()}"
    if found["weekday"]:
        wanted, which = _DAYS.index(found["weekday"].lower()), found["which"].lower()
        if which == "last":
            return f"on {(base - timedelta(days=(base.weekday() - wanted - 1) % 7 + 1)).isoformat()}"
        ahead = (wanted - base.weekday() - (which == "next")) % 7 + (which == "next")
        return f"on {(base + timedelta(days=ahead)).isoformat()}"
    side = {"last": -1, "this": 0, "next": 1}[found["side"].lower()]
    if found["unit"].lower() == "week":
        monday = base - timedelta(days=base.weekday()) + timedelta(weeks=side)
        return f"in the week of {monday.isoformat()}"
    month = base.year * 12 + base.month - 1 + side
    return f"in {month // 12}-{month % 12 + 1:02d}"
