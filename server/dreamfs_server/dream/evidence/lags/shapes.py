"""The shapes in which log stores and event APIs give an event as JSON: where its time stands, and what names it.

Known are Alertmanager and Prometheus, Kubernetes, journald, Docker, CloudWatch, Google Cloud, Elastic (ECS), OpenTelemetry, GitHub Actions,
Datadog, Sentry, Vector and what logging libraries print. Of any other object the strings name the event, those under usual names first.
"""

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, cast

from dreamfs_server.dream.evidence.lags.naming import DROPPED_KEYS, NAME_KEYS, words
from dreamfs_server.dream.evidence.lags.times import after_a_time, seconds_of, starts_with_a_time

_TIME_KEYS = {
    key: rank
    for rank, key in enumerate(
        (
            *("startsat", "activeat", "lasttimestamp", "eventtime", "firsttimestamp", "timestamp", "ts", "time", "datetime", "date"),
            *("runstartedat", "startedat", "createdat", "datecreated", "datehappened", "triggeredat", "occurredat", "lastseen", "at"),
            *("realtimetimestamp", "sourcerealtimetimestamp", "timeunixnano", "observedtimeunixnano", "starttimeunixnano"),
            *("timemillis", "instant", "timegenerated", "receivetimestamp", "stateupdatedtimestamp", "t"),
        )
    )
}  # fmt: skip
"""Plain names of fields that hold when something happened, the surest first."""
_MESSAGE_KEYS = frozenset(("message", "msg", "log", "text", "content", "line", "raw", "body", "textpayload"))
_NEVER_NAMES = DROPPED_KEYS | frozenset(
    (
        *("severitytext", "loglevel", "lvl", "priority", "l", "hostname", "stream", "thread", "threadname", "logname"),
        *("insertid", "trace", "traceid", "spanid", "requestid", "eventid", "cursor", "bootid", "machineid", "version"),
    )
)
_NAMED_KEYS = frozenset(("involvedObject", "service", "app", "job"))
"""Fields that may hold an object with a name."""
_RESOURCE_KEYS = ("container_name", "service_name", "function_name", "job_name", "module_id", "app", "service", "job")
_NAME_CHARACTERS_MAX = 200
_COLOUR = re.compile("\x1b\\[[0-9;]*m")


@lru_cache(maxsize=4096)
def plain(key: str) -> str:
    """A field's name as any writing of it: `@timestamp`, `Timestamp`; `created_at`, `createdAt`; `log.level`, `level`."""
    return re.sub(r"[^a-z0-9]", "", key.rpartition(".")[2].lower())


def time_of(mapping: Mapping[str, Any]) -> tuple[str, str, float] | None:
    """The field that holds when it happened: its name, its value as text, and seconds since 1970; None where there is none."""
    ranked = sorted((rank, key) for key in mapping if (rank := _TIME_KEYS.get(plain(key))) is not None)
    for _, key in ranked:
        value = mapping[key]
        if isinstance(value, dict):
            # MongoDB's extended JSON, and Log4j's instant.
            inner = cast("dict[str, Any]", value)
            value = inner.get("$date", inner.get("epochSecond"))
        if value and (at := seconds_of(value)) is not None:
            return key, str(value), at
    return None


def names(mapping: Mapping[str, Any]) -> list[str]:
    """What names the event of an object."""
    for shape in (_journald, _google, _opentelemetry, _run, _alert):
        if (found := shape(mapping)) is not None:
            return found
    return _any(mapping)


def service_of(mapping: Mapping[str, Any]) -> list[str]:
    """What an object says of all objects within it: the service whose records these are (OpenTelemetry)."""
    return _attribute(_within(mapping, "resource"), "service.name")


def _journald(mapping: Mapping[str, Any]) -> list[str] | None:
    if "MESSAGE" not in mapping:
        return None
    who = next((mapping[key] for key in ("SYSLOG_IDENTIFIER", "_SYSTEMD_UNIT", "_COMM") if mapping.get(key)), "")
    message = mapping["MESSAGE"]
    if isinstance(message, list):
        # What is no UTF-8, or has control characters, comes as its bytes.
        message = _decoded(cast("Sequence[Any]", message))
    return [*_text(who), *_text(message)]


def _decoded(numbers: Sequence[Any]) -> str:
    if not all(isinstance(number, int) and 0 <= number < 256 for number in numbers):
        return ""
    return bytes(numbers).decode("utf-8", "replace")


def _google(mapping: Mapping[str, Any]) -> list[str] | None:
    payload = mapping.get("textPayload") or mapping.get("jsonPayload") or mapping.get("protoPayload")
    if not payload:
        return None
    labels = _within(_within(mapping, "resource"), "labels")
    who = next((labels[key] for key in _RESOURCE_KEYS if labels.get(key)), "")
    if isinstance(payload, dict):
        fields = cast("dict[str, Any]", payload)
        said = next((fields[key] for key in ("message", "msg", "event", "methodName") if fields.get(key)), None)
        return [*_text(who), *(_text(said) if said else _any(fields))]
    return [*_text(who), *_text(payload)]


def _opentelemetry(mapping: Mapping[str, Any]) -> list[str] | None:
    body = _within(mapping, "body")
    said = body.get("stringValue") or body.get("string_value")
    if said is None and not ("startTimeUnixNano" in mapping and "name" in mapping):
        return None
    return [*_attribute(mapping, "service.name"), *_text(said or mapping["name"])]


def _run(mapping: Mapping[str, Any]) -> list[str] | None:
    """A run, a job or a check of GitHub Actions: which, and how it ended."""
    if "conclusion" not in mapping or "name" not in mapping:
        return None
    return [*_text(mapping.get("workflow_name")), *_text(mapping["name"]), *_text(mapping["conclusion"])]


def _alert(mapping: Mapping[str, Any]) -> list[str] | None:
    """What has labels is named by them; of what has words of its own as well they say whose it is."""
    labels = _within(mapping, "labels")
    if "alertname" not in labels and any(plain(key) in _MESSAGE_KEYS for key in mapping):
        who = next((labels[key] for key in _RESOURCE_KEYS if labels.get(key)), "")
        return [*_text(who), *_any(mapping)]
    return _any(labels) if labels else None


def _any(mapping: Mapping[str, Any]) -> list[str]:
    result: list[str] = []
    for key in (*NAME_KEYS, *sorted(set(mapping) - set(NAME_KEYS))):
        value = mapping.get(key)
        if isinstance(value, dict) and key in _NAMED_KEYS:
            value = cast("dict[str, Any]", value).get("name")
        if not isinstance(value, str) or plain(key) in _NEVER_NAMES or plain(key) in _TIME_KEYS:
            continue
        if plain(key) in _MESSAGE_KEYS:
            result += _text(value)
        elif len(value) <= _NAME_CHARACTERS_MAX and not starts_with_a_time(value):
            result += words(value)
    return result


def _text(value: object) -> list[str]:
    """The words of a message: its first line, without the time and the colours that a program put into it."""
    if not isinstance(value, str):
        return []
    line = _COLOUR.sub("", value).strip().partition("\n")[0]
    return words(after_a_time(line)[:_NAME_CHARACTERS_MAX])


def _within(mapping: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    inner = mapping.get(key)
    return cast("dict[str, Any]", inner) if isinstance(inner, dict) else {}


def _attribute(mapping: Mapping[str, Any], name: str) -> list[str]:
    """An OpenTelemetry attribute that is a string."""
    attributes = mapping.get("attributes")
    for pair in cast("Sequence[Any]", attributes) if isinstance(attributes, list) else ():
        if isinstance(pair, dict) and cast("dict[str, Any]", pair).get("key") == name:
            return _text(_within(cast("dict[str, Any]", pair), "value").get("stringValue"))
    return []
