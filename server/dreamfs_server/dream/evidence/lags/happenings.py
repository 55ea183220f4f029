"""Events whose times stand inside tool output: when, of what type, and on which line.

Times in a log of a conversation say when somebody looked, not when something happened; that stands in what tools
print. Read are Alertmanager and other JSON (`documents.py`), Kubernetes event tables with times or ages (`tables.py`), log lines
with a time in any usual form (`times.py`), CSV with a time column, and where a measured series leaves its level (`series.py`).
"""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from dreamfs_server.dream.evidence.lags import documents, tables
from dreamfs_server.dream.evidence.lags.naming import DROPPED_KEYS, Told, type_of, words
from dreamfs_server.dream.evidence.lags.times import clock_shown, seconds_of, shows_a_time, stamp, year_shown
from dreamfs_server.dream.material import Gathered, cite
from dreamfs_tools.transcript import Event

chatter_count_max = 80
"""A type that occurs more often in one session is a heartbeat: nothing can be said to follow it."""
text_characters_max = 2_000_000
line_characters_max = 2_000
undated_year = 2000

_REQUEST = re.compile(r'"([A-Z]{3,8}) (\S+)[^"]*" ([1-5]\d\d)\b')
_OF_A_JOB = re.compile(r"[^\t]+\t[^\t]+\t\ufeff?\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{7}Z ")
"""A line of a CI job's log (`gh run view --log`): what a workflow's steps print, in the order that the workflow gives them."""


_BEGINS = re.compile(r'\s*(?:\{(?=\s*["}])|\[(?=\s*[\[{]))')
"""Where a line may begin a document: an object, or a list of objects or lists."""
_ASKS_THE_TIME = re.compile(r"\bdate\b|\bnow\b")


@dataclass(frozen=True, slots=True)
class Happening:
    """One event that some tool output shows."""

    at: float
    """Seconds, UTC."""
    type: str
    session_id: str
    lines: tuple[int, int]
    quote: str
    output: int = 0
    """Number of the transcript's event that shows it."""
    within: float = 0.0
    """Seconds by which it may have been earlier or later."""


def happenings(gathered: Gathered) -> tuple[list[Happening], float]:
    """What happened according to a session's tool outputs, each event once, and until when the session looked.

    Undated sessions give times too, comparable within the session only.
    """
    found: dict[tuple[int, str], Happening] = {}
    until: list[float] = [0.0, 0.0]
    year = _year(gathered)
    asking: set[str] = set()
    for event in gathered.events:
        if event.kind == "tool_call" and _ASKS_THE_TIME.search(event.text):
            asking.add(event.call_id)
        if event.kind != "tool_result" or event.origin == "self" or len(event.text) > text_characters_max:
            continue
        aged = tables.may_have_ages(event.text)
        if not aged and not shows_a_time(event.text):
            continue
        printed = tables.Printed(event, list(_line_spans(event.text)) if aged else (), asked=event.call_id in asking)
        for one in _read(event, year, printed):
            type_ = type_of(one.words)
            if not type_ or not -1e10 < one.at < 1e10:
                continue
            key = (int(one.at), type_)
            if key not in found:
                lines, quote = _cited(event, one.start, one.end)
                if quote:
                    session_id = gathered.session.session_id
                    found[key] = Happening(one.at, type_, session_id, lines, quote, event.n, one.within)
        if event.at is not None:
            until[0] = max(until[0], event.at.timestamp())
        until[1] = max(until[1], printed.latest())
    often = Counter(one.type for one in found.values())
    kept = sorted(
        (one for one in found.values() if often[one.type] <= chatter_count_max), key=lambda one: (one.at, one.type)
    )
    latest = kept[-1].at if kept else 0.0
    # A log's own times may be of another day than what it shows; a clock in what it shows is not.
    return kept, next((at for at in until if 0 <= at - latest < 6 * 3600), latest)


def _year(gathered: Gathered) -> int:
    """The year that the lines of an undated session leave out, from the first full time that the session shows."""
    for event in gathered.events:
        if event.kind == "tool_result" and (year := year_shown(event.text[:20_000])) is not None:
            return year
    return undated_year


def _read(event: Event, year: int, printed: tables.Printed) -> Iterator[Told]:
    text = event.text
    first = text[: text.find("\n")] if "\n" in text else ""
    if (column := _time_column(first)) >= 0:
        yield from _csv(text, first, column)
        return
    year = event.at.year if event.at is not None else year
    table: tables.Table | None = None
    read = 0
    for start, end in _line_spans(text, 0):
        if start < read:
            continue
        if (document := _document(text, start)) is not None:
            read = document[1]
            yield from _told(document, text, start, end)
            continue
        if end - start > line_characters_max:
            continue
        line = text[start:end]
        if (head := tables.head(line)) is not None:
            table = head
        elif table is not None and (row := tables.row(line, start, table, printed.at(start))) is not None:
            yield row
        elif _OF_A_JOB.match(line) is None and (found := stamp(line, year, event.at)) is not None:
            yield from _line(line, found, start)


def _document(text: str, start: int) -> tuple[Any, int] | None:
    """The JSON document that begins on this line, and where it ends."""
    begin = _BEGINS.match(text, start)
    return None if begin is None else documents.parsed(text, begin.end() - 1)


def _told(document: tuple[Any, int], text: str, start: int, end: int) -> Iterator[Told]:
    """The events of a document; one that is a line of a log is quoted whole."""
    alone = document[1] <= end and end - start <= line_characters_max
    for told in documents.told_in(document[0], text[start : document[1]]):
        yield replace(told, start=start if alone else told.start + start, end=end if alone else told.end + start)


def _line(line: str, found: tuple[float, int, int], start: int) -> Iterator[Told]:
    at, begin, finish = found
    request = _REQUEST.search(line, finish)
    named = _request(request) if request else words(line[:begin] + " " + line[finish:])
    if len(named) > 3 or clock_shown(line) is None:
        yield Told(at, named, start, start + len(line))


def _request(found: re.Match[str]) -> list[str]:
    """What names a line of an access log: the request and how it went, not who asked or how many bytes it took."""
    went = {"4": ["client", "error"], "5": ["server", "error"]}.get(found[3][0], [])
    # A request's name begins as orders do; "request" before it says what it is.
    return ["request", found[1], found[2].partition("?")[0], *went]


def _line_spans(text: str, length_max: int = line_characters_max) -> Iterator[tuple[int, int]]:
    at = 0
    while at < len(text):
        end = text.find("\n", at)
        end = len(text) if end < 0 else end
        if not length_max or end - at <= length_max:
            yield at, end
        at = end + 1


def _time_column(header: str) -> int:
    if header.count(",") < 1 or len(header) > 400:
        return -1
    names = [name.strip().strip('"').lower() for name in header.split(",")]
    return next(
        (
            i
            for i, name in enumerate(names)
            if name in {"time", "timestamp", "ts", "date", "datetime", "at", "when", "created_at", "start", "starts_at"}
        ),
        -1,
    )


def _csv(text: str, header: str, column: int) -> Iterator[Told]:
    names = [name.strip().lower() for name in header.split(",")]
    for start, end in _line_spans(text):
        cells = text[start:end].split(",")
        if len(cells) <= column or start == 0:
            continue
        at = seconds_of(cells[column].strip().strip('"'))
        if at is not None:
            told = [c for i, c in enumerate(cells) if i != column and (i >= len(names) or names[i] not in DROPPED_KEYS)]
            yield Told(at, [word for cell in told for word in words(cell)], start, end)


def _cited(event: Event, start: int, end: int) -> tuple[tuple[int, int], str]:
    evidence = cite("", event, start, end)
    return evidence.lines, evidence.quote
