"""JSON as monitoring systems, log stores and event APIs answer it: what happened, wherever in the document it stands."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, cast

from dreamfs_server.dream.evidence.lags.naming import Told, words
from dreamfs_server.dream.evidence.lags.series import departures
from dreamfs_server.dream.evidence.lags.shapes import names, service_of, time_of
from dreamfs_server.dream.evidence.lags.times import seconds_of
from dreamfs_server.dream.material import quote_characters_max

_decoder = json.JSONDecoder()


def parsed(text: str, start: int = 0) -> tuple[Any, int] | None:
    """The JSON document that begins there, and where it ends; None where there is none."""
    try:
        return _decoder.raw_decode(text, start)
    except (ValueError, RecursionError):
        return None


def told_in(document: Any, text: str) -> Iterator[Told]:
    """The events of a document, with where in its text each stands."""
    searched: dict[str, int] = {}
    waiting: list[tuple[Any, Sequence[str]]] = [(document, ())]
    while waiting:
        node, who = waiting.pop()
        if isinstance(node, list):
            waiting.extend((one, who) for one in cast("Sequence[Any]", node)[::-1])
        elif isinstance(node, dict):
            mapping = cast("dict[str, Any]", node)
            if (series := _series(mapping)) is not None:
                yield from _series_events(mapping, series, text)
                continue
            if (found := time_of(mapping)) is None:
                inner = service_of(mapping) or who
                waiting.extend((one, inner) for one in reversed(list(mapping.values())))
                continue
            key, token, at = found
            name = [*who, *names(mapping)]
            start = text.find(token, searched.get(token, 0))
            if start < 0 or not name:
                continue
            searched[token] = start + 1
            begin = text.rfind(f'"{key}"', 0, start)
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
    name = names({"labels": labels}) if isinstance(labels, dict) and labels else []
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
