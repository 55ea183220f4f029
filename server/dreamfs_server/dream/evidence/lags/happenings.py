"""Events whose times stand inside tool output: when, of what type, and on which line.

Times in a log of a conversation say when somebody looked, not when something happened; that stands in what tools
print. Read are Alertmanager and other JSON, Kubernetes event tables (with times or ages), log lines with a time in any usual
form (`times.py`), CSV with a time column, and where a measured series leaves its level (`series.py`). The *type* of an event is what stays constant when numbers, identifiers and log levels vary.
"""

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from dreamfs_server.dream.evidence.lags.series import departures
from dreamfs_server.dream.evidence.lags.times import seconds_of, shows_a_time, stamp, starts_with_a_time, year_shown
from dreamfs_server.dream.material import Gathered, cite, quote_characters_max
from dreamfs_tools.transcript import Event

chatter_count_max = 80
"""A type that occurs more often in one session is a heartbeat: nothing can be said to follow it."""
text_characters_max = 2_000_000
undated_year = 2000

_TIME_KEYS = (
    "startsAt",
    "lastTimestamp",
    "eventTime",
    "firstTimestamp",
    "timestamp",
    "@timestamp",
    "ts",
    "time",
    "date",
    "created_at",
    "at",
)
_NAME_KEYS = (
    "alertname", "event", "event_type", "reason", "type", "name", "title", "service", "source", "app", "job", "namespace", "component",
    "kind", "object", "host", "msg", "message", "summary", "text",
)  # fmt: skip
_DROPPED_KEYS = frozenset(
    (
        "severity",
        "level",
        "instance",
        "pod",
        "fingerprint",
        "status",
        "prometheus",
        "monitor",
        "endpoint",
        "container",
        "uid",
        "id",
    )
)
_AGE = re.compile(r"^(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?$")
_TABLE_WORDS = re.compile(r"LAST SEEN|\b(?:AGE|Age)\b")
_WHEN = (
    "last seen",
    "lastseen",
    "last",
    "lasttimestamp",
    "timestamp",
    "time",
    "age",
    "when",
    "first seen",
    "firstseen",
)
_TOLD = frozenset(("reason", "object", "message", "name", "source", "kind", "event", "msg", "obj"))
_REQUEST = re.compile(r'"([A-Z]{3,8}) (\S+)[^"]*" ([1-5]\d\d)\b')
_LEVEL = re.compile(
    r"^\[?(?:TRACE|DEBUG|INFO|NOTICE|WARN|WARNING|ERROR|ERR|CRIT|CRITICAL|FATAL|Warning|Normal|level=\w+|severity=\w+)\]?:?$"
    r"|^(?i:\[(?:trace|debug|info|notice|warn|warning|error|crit|critical|alert|emerg|fatal)\]:?|(?:trace|debug|info|notice|warn|warning|error):)$"
)
_POD_HASH = re.compile(r"-(?=[a-z0-9]*\d)[a-z0-9]{5,10}-[a-z0-9]{5}\b|-(?=[a-z0-9]*\d)[a-z0-9]{8,10}\b")
_PART = re.compile(r"[^\W\d_]+")
_SPLIT = re.compile(r"[^\w.-]+")
_OF_A_JOB = re.compile(r"[^\t]+\t[^\t]+\t\ufeff?\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{7}Z ")
"""A line of a CI job's log (`gh run view --log`): what a workflow's steps print, in the order that the workflow gives them."""
_HEX_WORD = re.compile(r"^[a-f]{5,}$")


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


def happenings(gathered: Gathered) -> tuple[list[Happening], float]:
    """What happened according to a session's tool outputs, each event once, and until when the session looked.

    Undated sessions give times too, comparable within the session only.
    """
    found: dict[tuple[int, str], Happening] = {}
    until = 0.0
    year = _year(gathered)
    for event in gathered.events:
        if event.kind != "tool_result" or event.origin == "self" or len(event.text) > text_characters_max:
            continue
        if not shows_a_time(event.text) and not _TABLE_WORDS.search(event.text):
            continue
        for at, name, start, end in _read(event, year):
            type_ = _type(name)
            if not type_ or not -1e10 < at < 1e10:
                continue
            key = (int(at), type_)
            if key not in found:
                lines, quote = _cited(event, start, end)
                if quote:
                    found[key] = Happening(at, type_, gathered.session.session_id, lines, quote, event.n)
        if event.at is not None:
            until = max(until, event.at.timestamp())
    often = Counter(one.type for one in found.values())
    kept = sorted(
        (one for one in found.values() if often[one.type] <= chatter_count_max), key=lambda one: (one.at, one.type)
    )
    latest = kept[-1].at if kept else 0.0
    return kept, until if 0 <= until - latest < 6 * 3600 else latest


def _year(gathered: Gathered) -> int:
    """The year that the lines of an undated session leave out, from the first full time that the session shows."""
    for event in gathered.events:
        if event.kind == "tool_result" and (year := year_shown(event.text[:20_000])) is not None:
            return year
    return undated_year


_Read = tuple[float, Sequence[str], int, int]
"""Seconds, what names the event, offsets of its text."""


def _read(event: Event, year: int) -> Iterator[_Read]:
    text = event.text
    stripped = text.lstrip()
    if stripped[:1] in "[{":
        document = _json(text)
        if document is not None:
            yield from _json_events(document, text)
            return
    first = text[: text.find("\n")] if "\n" in text else ""
    if (column := _time_column(first)) >= 0:
        yield from _csv(text, first, column)
        return
    year = event.at.year if event.at is not None else year
    table: _Table | None = None
    for start, end in _line_spans(text):
        line = text[start:end]
        if (head := _table_head(line)) is not None:
            table = head
        elif table is not None and (row := _table_row(line, table, event)) is not None:
            yield row[0], row[1], start, end
        elif line[:1] == "{" and (document := _json(line)) is not None:
            for at, name, _, _ in _json_events(document, line):
                yield at, name, start, end
        elif _OF_A_JOB.match(line) is None and (found := stamp(line, year, event.at)) is not None:
            at, begin, finish = found
            request = _REQUEST.search(line, finish)
            yield at, _request(request) if request else _words(line[:begin] + " " + line[finish:]), start, end


def _request(found: re.Match[str]) -> list[str]:
    """What names a line of an access log: the request and how it went, not who asked or how many bytes it took."""
    went = {"4": ["client", "error"], "5": ["server", "error"]}.get(found[3][0], [])
    # A request's name begins as orders do; "request" before it says what it is.
    return ["request", found[1], found[2].partition("?")[0], *went]


def _line_spans(text: str) -> Iterator[tuple[int, int]]:
    at = 0
    while at < len(text):
        end = text.find("\n", at)
        end = len(text) if end < 0 else end
        if end - at <= 2000:
            yield at, end
        at = end + 1


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return None


def _json_events(document: Any, text: str) -> Iterator[_Read]:
    searched: dict[str, int] = {}
    waiting: list[Any] = [document]
    while waiting:
        node = waiting.pop()
        if isinstance(node, list):
            waiting.extend(cast("Sequence[Any]", node)[::-1])
        elif isinstance(node, dict):
            mapping = cast("dict[str, Any]", node)
            if (series := _series(mapping)) is not None:
                yield from _series_events(mapping, series, text)
                continue
            stamp = next(((key, mapping[key]) for key in _TIME_KEYS if mapping.get(key)), None)
            at = seconds_of(stamp[1]) if stamp else None
            if stamp is None or at is None:
                waiting.extend(reversed(list(mapping.values())))
                continue
            name = _json_name(mapping)
            token = str(stamp[1])
            start = text.find(token, searched.get(token, 0))
            if start < 0 or not name:
                continue
            searched[token] = start + 1
            begin = text.rfind(f'"{stamp[0]}"', 0, start)
            yield at, name, start if begin < 0 else begin, start + quote_characters_max


def _series(mapping: Mapping[str, Any]) -> list[tuple[float, Any]] | None:
    """The `values` of a range query's answer: pairs of a time and a measured value, or a line of a log."""
    pairs: Any = mapping.get("values")
    if not isinstance(pairs, list) or not pairs:
        return None
    result: list[tuple[float, Any]] = []
    for pair in cast("Sequence[Any]", pairs):
        parts = cast("Sequence[Any]", pair) if isinstance(pair, list) else ()
        if len(parts) != 2 or (at := seconds_of(parts[0])) is None:
            return None
        result.append((at, parts[1]))
    return result


def _series_events(mapping: Mapping[str, Any], series: Sequence[tuple[float, Any]], text: str) -> Iterator[_Read]:
    labels = mapping.get("metric") or mapping.get("stream")
    name = _json_name({"labels": labels}) if isinstance(labels, dict) and labels else []
    try:
        told = (
            [(at, [*name, way]) for at, way in departures([(at, float(value)) for at, value in series])] if name else []
        )
    except (TypeError, ValueError):
        told = [(at, [*name, *_words(value)]) for at, value in series if isinstance(value, str)]
    stamps = dict(zip((at for at, _ in series), (str(pair[0]) for pair in mapping["values"]), strict=True))
    begin = 0
    for at, words in told:
        start = text.find(stamps[at], begin)
        if start >= 0:
            begin = start + 1
            yield at, words, start, start + quote_characters_max


def _json_name(mapping: Mapping[str, Any]) -> list[str]:
    labels = mapping.get("labels")
    source = cast("dict[str, Any]", labels) if isinstance(labels, dict) and labels else mapping
    words: list[str] = []
    for key in (*_NAME_KEYS, *sorted(set(source) - set(_NAME_KEYS))):
        value = source.get(key)
        if isinstance(value, dict) and key == "involvedObject":
            value = cast("dict[str, Any]", value).get("name")
        if (
            key in _DROPPED_KEYS
            or key in _TIME_KEYS
            or not isinstance(value, str)
            or len(value) > 200
            or starts_with_a_time(value)
        ):
            continue
        words += _words(value)
    return words


_Table = tuple[Sequence[int], int, Sequence[int]]
"""Where columns begin, which one has the time, which ones name the event."""


def _table_head(line: str) -> _Table | None:
    """The columns of an event table, from a line that is its head: names apart by two spaces, or in capitals."""
    if "  " not in line.strip() or len(line) > 400 or any(letter.isdigit() for letter in line):
        return None
    columns = [(found.group().lower(), found.start()) for found in re.finditer(r"\S+(?: \S+)*", line)]
    names = [name for name, _ in columns]
    when = next((names.index(name) for name in _WHEN if name in names), -1)
    if when < 0 or not {"reason", "message"} & set(names):
        return None
    return [at for _, at in columns], when, [i for i, name in enumerate(names) if name in _TOLD]


def _table_row(line: str, table: _Table, event: Event) -> tuple[float, list[str]] | None:
    starts, when, told = table
    cells = [line[a:b].strip() for a, b in zip(starts, [*starts[1:], len(line)], strict=True)]
    at = seconds_of(cells[when])
    if at is None and event.at is not None and cells[when]:
        age = _AGE.match(cells[when].split(" ", 1)[0])
        if age is not None:
            days, hours, minutes, seconds = (int(part or 0) for part in age.groups())
            at = event.at.timestamp() - (((days * 24 + hours) * 60 + minutes) * 60 + seconds)
    return None if at is None else (at, [word for i in told for word in _words(cells[i])])


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


def _csv(text: str, header: str, column: int) -> Iterator[_Read]:
    names = [name.strip().lower() for name in header.split(",")]
    for start, end in _line_spans(text):
        cells = text[start:end].split(",")
        if len(cells) <= column or start == 0:
            continue
        at = seconds_of(cells[column].strip().strip('"'))
        if at is not None:
            told = [
                c for i, c in enumerate(cells) if i != column and (i >= len(names) or names[i] not in _DROPPED_KEYS)
            ]
            yield at, [word for cell in told for word in _words(cell)], start, end


def _words(text: str) -> list[str]:
    return text[:400].split()


def _type(words: Sequence[str]) -> str:
    """What stays constant: the words without levels, numbers and identifiers; a service keeps its name, a pod loses its hash."""
    kept: list[str] = []
    for word in words:
        if _LEVEL.match(word):
            continue
        name = word.partition("=")[0] if "=" in word else word
        if "=" in word and name.lower() not in _NAME_KEYS:
            continue
        word_ = _POD_HASH.sub("", word.partition("=")[2] or word)
        word_ = re.sub(r"\[\d+\]|^\w+/(?=[a-z])", "", word_)
        for part in _SPLIT.split(word_):
            plain = part.strip(".-_")
            if (
                not plain
                or any(letter.isdigit() for letter in plain)
                or _HEX_WORD.match(plain)
                or not _PART.search(plain)
            ):
                continue
            if plain not in kept:
                kept.append(plain)
    return " ".join(kept[:14])


def _cited(event: Event, start: int, end: int) -> tuple[tuple[int, int], str]:
    evidence = cite("", event, start, end)
    return evidence.lines, evidence.quote
