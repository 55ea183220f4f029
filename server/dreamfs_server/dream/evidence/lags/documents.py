"""JSON as monitoring systems, log stores and event APIs answer it: what happened, wherever in the document it stands."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, cast

from dreamfs_server.dream.evidence.lags.naming import DROPPED_KEYS, NAME_KEYS, Told, words
from dreamfs_server.dream.evidence.lags.series import departures
from dreamfs_server.dream.evidence.lags.times import seconds_of, starts_with_a_time
from dreamfs_server.dream.material import quote_characters_max

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


def parsed(text: str) -> Any:
    """A JSON document; None where it is none."""
    try:
        return json.loads(text)
    except ValueError:
        return None


def told_in(document: Any, text: str) -> Iterator[Told]:
    """The events of a document, with where in its text each stands."""
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
            name = _name(mapping)
            token = str(stamp[1])
            start = text.find(token, searched.get(token, 0))
            if start < 0 or not name:
                continue
            searched[token] = start + 1
            begin = text.rfind(f'"{stamp[0]}"', 0, start)
            yield Told(at, name, start if begin < 0 else begin, start + quote_characters_max)


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


def _series_events(mapping: Mapping[str, Any], series: Sequence[tuple[float, Any]], text: str) -> Iterator[Told]:
    labels = mapping.get("metric") or mapping.get("stream")
    name = _name({"labels": labels}) if isinstance(labels, dict) and labels else []
    try:
        told = (
            [(at, [*name, way]) for at, way in departures([(at, float(value)) for at, value in series])] if name else []
        )
    except (TypeError, ValueError):
        told = [(at, [*name, *words(value)]) for at, value in series if isinstance(value, str)]
    stamps = dict(zip((at for at, _ in series), (str(pair[0]) for pair in mapping["values"]), strict=True))
    begin = 0
    for at, named in told:
        start = text.find(stamps[at], begin)
        if start >= 0:
            begin = start + 1
            yield Told(at, named, start, start + quote_characters_max)


def _name(mapping: Mapping[str, Any]) -> list[str]:
    labels = mapping.get("labels")
    source = cast("dict[str, Any]", labels) if isinstance(labels, dict) and labels else mapping
    named: list[str] = []
    for key in (*NAME_KEYS, *sorted(set(source) - set(NAME_KEYS))):
        value = source.get(key)
        if isinstance(value, dict) and key == "involvedObject":
            value = cast("dict[str, Any]", value).get("name")
        if (
            key in DROPPED_KEYS
            or key in _TIME_KEYS
            or not isinstance(value, str)
            or len(value) > 200
            or starts_with_a_time(value)
        ):
            continue
        named += words(value)
    return named
