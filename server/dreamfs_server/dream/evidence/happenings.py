"""Events whose times stand inside tool output: when, of what type, and on which line.

Times in a log of a conversation say when somebody looked, not when something happened; that stands in what tools
print. Read are Alertmanager and other JSON, Kubernetes event tables (with times or ages), RFC 3339 and syslog lines, and
CSV with a time column. The *type* of an event is what stays constant when numbers, identifiers and log levels vary.
"""

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, cast

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
_ISO = re.compile(r"(\d{4})-(\d\d)-(\d\d)[T ](\d\d):(\d\d):(\d\d)(?:[.,]\d{1,9})?\s?(Z|UTC|[+-]\d\d:?\d\d)?(?![\d:])")
_SYSLOG = re.compile(
    r"^(?:<\d+>)?(Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) {1,2}(\d{1,2}) (\d\d):(\d\d):(\d\d)\s+(\S+)\s+(.*)$"
)
_MONTHS = {name: n for n, name in enumerate("Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(), 1)}  # noqa: SIM905
_AGE = re.compile(r"^(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?$")
_ANY_TIME = re.compile(r"\d\d:\d\d:\d\d|\b1[5-9]\d{8}(?:\d{3})?\b|LAST SEEN|\bAGE\b")
_TABLE_HEAD = re.compile(
    r"^(?=.*\b(?:REASON|MESSAGE)\b)(?:NAMESPACE\s+)?(?:LAST SEEN|TIME|AGE|FIRST SEEN|LASTSEEN)\b.*$", re.MULTILINE
)
_LEVEL = re.compile(
    r"^\[?(?:TRACE|DEBUG|INFO|NOTICE|WARN|WARNING|ERROR|ERR|CRIT|CRITICAL|FATAL|Warning|Normal|level=\w+|severity=\w+)\]?:?$"
)
_POD_HASH = re.compile(r"-(?=[a-z0-9]*\d)[a-z0-9]{5,10}-[a-z0-9]{5}\b|-(?=[a-z0-9]*\d)[a-z0-9]{8,10}\b")
_PART = re.compile(r"[^\W\d_]+")
_SPLIT = re.compile(r"[^\w.-]+")
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
        if not _ANY_TIME.search(event.text):
            continue
        for at, name, start, end in _read(event, year):
            type_ = _type(name)
            if not type_ or not -1e10 < at < 1e10:
                continue
            key = (int(at), type_)
            if key not in found:
                lines, quote = _cited(event, start, end)
                if quote:
                    found[key] = Happening(at, type_, gathered.session.session_id, lines, quote)
        if event.at is not None:
            until = max(until, event.at.timestamp())
    often = Counter(one.type for one in found.values())
    kept = sorted(
        (one for one in found.values() if often[one.type] <= chatter_count_max), key=lambda one: (one.at, one.type)
    )
    latest = kept[-1].at if kept else 0.0
    return kept, until if 0 <= until - latest < 6 * 3600 else latest


def _year(gathered: Gathered) -> int:
    """The year that syslog lines of an undated session leave out, from the first full time that the session shows."""
    for event in gathered.events:
        if event.kind == "tool_result" and (found := _ISO.search(event.text[:20_000])) is not None:
            return int(found[1])
        if event.kind == "tool_result" and (epoch := re.search(r"\b1[5-9]\d{8}\b", event.text[:20_000])) is not None:
            return datetime.fromtimestamp(int(epoch.group()), UTC).year
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
    head = _TABLE_HEAD.search(text)
    if head is not None:
        yield from _table(text, head, event)
        return
    first = text[: text.find("\n")] if "\n" in text else ""
    if (column := _time_column(first)) >= 0:
        yield from _csv(text, first, column)
        return
    year = event.at.year if event.at is not None else year
    for start, end in _line_spans(text):
        line = text[start:end]
        if line[:1] == "{" and (document := _json(line)) is not None:
            for at, name, _, _ in _json_events(document, line):
                yield at, name, start, end
        elif (iso := _ISO.search(line, 0, 80)) is not None:
            seconds = _iso_seconds(iso)
            if seconds is not None:
                yield seconds, _words(line[: iso.start()] + " " + line[iso.end() :]), start, end
        elif (old := _SYSLOG.match(line)) is not None:
            moment = _moment(year, _MONTHS[old[1]], int(old[2]), int(old[3]), int(old[4]), int(old[5]))
            if moment is not None:
                if event.at is not None and moment - event.at > timedelta(days=2):
                    moment = moment.replace(year=year - 1) if (moment.month, moment.day) != (2, 29) else moment
                yield moment.timestamp(), _words(old[7]), start, end


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
            stamp = next(((key, mapping[key]) for key in _TIME_KEYS if mapping.get(key)), None)
            at = _any_seconds(stamp[1]) if stamp else None
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
            or _ISO.match(value)
        ):
            continue
        words += _words(value)
    return words


def _any_seconds(value: object) -> float | None:
    if isinstance(value, str):
        found = _ISO.search(value)
        if found is not None:
            return _iso_seconds(found)
        return _epoch(float(value)) if re.fullmatch(r"\d{10}(?:\d{3})?(?:\.\d+)?", value) else None
    if isinstance(value, int | float) and not isinstance(value, bool):
        return _epoch(float(value))
    return None


def _epoch(value: float) -> float | None:
    seconds = value / 1000 if value > 1e11 else value
    return seconds if 1e9 < seconds < 3e9 else None


def _table(text: str, head: re.Match[str], event: Event) -> Iterator[_Read]:
    columns = [(found.group(), found.start()) for found in re.finditer(r"\S+(?: \S+)*", head.group())]
    names = [name for name, _ in columns]
    starts = [at for _, at in columns]
    when = next(i for i, name in enumerate(names) if name in {"LAST SEEN", "TIME", "AGE", "FIRST SEEN", "LASTSEEN"})
    told = [i for i, name in enumerate(names) if name in {"REASON", "OBJECT", "MESSAGE", "NAME", "SOURCE", "KIND"}]
    for start, end in _line_spans(text[head.end() :]):
        begin, finish = start + head.end(), end + head.end()
        line = text[begin:finish]
        cells = [line[a:b].strip() for a, b in zip(starts, [*starts[1:], len(line)], strict=True)]
        at = _any_seconds(cells[when]) if when < len(cells) else None
        if (
            at is None
            and event.at is not None
            and cells[when]
            and (age := _AGE.match(cells[when].split(" ", 1)[0])) is not None
        ):
            days, hours, minutes, seconds = (int(part or 0) for part in age.groups())
            at = event.at.timestamp() - (((days * 24 + hours) * 60 + minutes) * 60 + seconds)
        if at is not None:
            yield at, [word for i in told for word in _words(cells[i])], begin, finish


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
        at = _any_seconds(cells[column].strip().strip('"'))
        if at is not None:
            told = [
                c for i, c in enumerate(cells) if i != column and (i >= len(names) or names[i] not in _DROPPED_KEYS)
            ]
            yield at, [word for cell in told for word in _words(cell)], start, end


def _iso_seconds(found: re.Match[str]) -> float | None:
    year, month, day, hour, minute, second = (int(part) for part in found.groups()[:6])
    moment = _moment(year, month, day, hour, minute, second)
    if moment is None:
        return None
    zone = found[7]
    seconds = moment.timestamp()
    if zone and zone[0] in "+-":
        digits = zone[1:].replace(":", "")
        offset = int(digits[:2]) * 3600 + int(digits[2:]) * 60
        seconds -= offset if zone[0] == "+" else -offset
    return seconds


def _moment(year: int, month: int, day: int, hour: int, minute: int, second: int) -> datetime | None:
    try:
        return datetime(year, month, day, hour, minute, min(second, 59), tzinfo=UTC)
    except ValueError:
        return None


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
