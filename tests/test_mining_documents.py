"""Events in JSON as log stores and event APIs answer it."""

import json
from datetime import UTC, datetime

import pytest

from dreamfs_server.dream.evidence.lags.happenings import Happening, happenings
from dreamfs_tools.transcript import render
from mined_sessions import bash, session

AT = datetime(2026, 11, 1, 10, 0, 0, tzinfo=UTC)
SECONDS = 1793527200
ISO = "2026-11-01T10:00:00.250Z"
MESSAGE = "pool of 12 exhausted"
TYPE = "pool of exhausted"


def shown(text: str) -> list[Happening]:
    return happenings(session(1, [bash("look", text)], day=-1))[0]


SHAPES: dict[str, tuple[object, str]] = {
    "journald": ({"__CURSOR": "s=ab;i=cd", "__REALTIME_TIMESTAMP": f"{SECONDS}250000", "_HOSTNAME": "web-east", "PRIORITY": "4", "SYSLOG_IDENTIFIER": "ledger", "_SYSTEMD_UNIT": "ledger.service", "_CMDLINE": "/usr/bin/ledger --port 80", "MESSAGE": MESSAGE}, f"ledger {TYPE}"),
    "journald, its unit alone": ({"__REALTIME_TIMESTAMP": f"{SECONDS}250000", "_SYSTEMD_UNIT": "ledger.service", "_BOOT_ID": "abcdef", "MESSAGE": MESSAGE}, f"ledger.service {TYPE}"),
    "journald, bytes": ({"__REALTIME_TIMESTAMP": f"{SECONDS}250000", "SYSLOG_IDENTIFIER": "ledger", "MESSAGE": list(f"\x1b[31m{MESSAGE}\x1b[0m".encode())}, f"ledger {TYPE}"),
    "CloudWatch": ({"events": [{"logStreamName": "shop/ledger", "timestamp": SECONDS * 1000 + 250, "message": f"{ISO} WARN {MESSAGE}\n\tat line 3", "ingestionTime": SECONDS * 1000 + 900, "eventId": "3847"}]}, f"{TYPE} ledger"),
    "Google Cloud, text": ([{"insertId": "abcdef", "textPayload": MESSAGE, "timestamp": ISO, "severity": "WARNING", "resource": {"type": "k8s_container", "labels": {"container_name": "ledger", "pod_name": "ledger-x"}}, "labels": {"k8s-pod/app": "ledger"}, "logName": "projects/p/logs/stderr"}], f"ledger {TYPE}"),
    "Google Cloud, JSON": ([{"jsonPayload": {"message": MESSAGE, "level": "warn", "user": "ann"}, "timestamp": ISO, "resource": {"labels": {"service_name": "ledger"}}}], f"ledger {TYPE}"),
    "Elastic": ({"hits": {"hits": [{"_index": "logs", "_source": {"@timestamp": ISO, "log.level": "warn", "message": MESSAGE, "ecs.version": "one", "service": {"name": "ledger"}, "labels": {"team": "core"}, "host": {"name": "web-east"}}}]}}, f"ledger {TYPE}"),
    "Docker": ({"log": f"{ISO} {MESSAGE}\n", "stream": "stderr", "time": "2026-11-01T10:00:00.250123456Z"}, TYPE),
    "Vector": ({"timestamp": ISO, "message": MESSAGE, "source_type": "file", "stream": "stdout"}, f"{TYPE} file"),
    "OpenTelemetry": ({"resourceLogs": [{"resource": {"attributes": [{"key": "service.name", "value": {"stringValue": "ledger"}}]}, "scopeLogs": [{"logRecords": [{"timeUnixNano": f"{SECONDS}250000000", "observedTimeUnixNano": f"{SECONDS + 9}000000000", "severityText": "WARN", "body": {"stringValue": MESSAGE}, "traceId": "abcdef"}]}]}]}, f"ledger {TYPE}"),
    "OpenTelemetry, observed only": ({"logRecords": [{"timeUnixNano": "0", "observedTimeUnixNano": f"{SECONDS}250000000", "body": {"stringValue": MESSAGE}}]}, TYPE),
    "Sentry": ([{"eventID": "3847aa", "dateCreated": ISO, "title": MESSAGE, "culprit": "ledger.pool"}], f"{TYPE} ledger.pool"),
    "Datadog": ({"data": [{"id": "AAA", "type": "log", "attributes": {"timestamp": ISO, "status": "warn", "service": "ledger", "message": MESSAGE, "host": "i-0abc"}}]}, f"ledger {TYPE}"),
    "Datadog events": ({"events": [{"date_happened": SECONDS, "title": MESSAGE}]}, TYPE),
    "GitHub Actions": ({"jobs": [{"id": 7, "status": "completed", "conclusion": "failure", "created_at": "2026-11-01T09:58:00Z", "started_at": "2026-11-01T10:00:00Z", "completed_at": "2026-11-01T10:09:00Z", "name": "slow tests", "html_url": "https://example.test/x", "steps": [{"name": "Set up job", "conclusion": "success", "started_at": "2026-11-01T10:00:01Z"}]}]}, "slow tests failure"),
    "Prometheus alerts": ({"data": {"alerts": [{"labels": {"alertname": "PoolExhausted", "service": "ledger", "severity": "page"}, "annotations": {"summary": "x"}, "state": "firing", "activeAt": ISO, "value": "1e+00"}]}}, "PoolExhausted ledger"),
    "zap": ({"level": "warn", "ts": SECONDS + 0.25, "caller": "pool/pool.go:31", "msg": MESSAGE}, f"{TYPE} pool.go"),
    "Serilog": ({"@t": ISO, "@mt": MESSAGE, "@l": "Warning"}, TYPE),
    "Log4j": ({"instant": {"epochSecond": SECONDS, "nanoOfSecond": 250}, "thread": "main", "level": "WARN", "loggerName": "ledger.Pool", "message": MESSAGE}, f"{TYPE} ledger.Pool"),
    "MongoDB": ({"t": {"$date": ISO}, "s": "W", "c": "NETWORK", "msg": MESSAGE}, f"{TYPE} NETWORK W"),
}  # fmt: skip


@pytest.mark.parametrize("name", SHAPES)
@pytest.mark.parametrize("written", ["compact", "indented", "after a line"])
def test_an_event_is_read_with_its_time_and_what_names_it(name: str, written: str) -> None:
    document, type_ = SHAPES[name]
    text = json.dumps(document, indent=2 if written == "indented" else None)
    text = f"HTTP/1.1 200 OK\n\n{text}\n" if written == "after a line" else text
    [event] = shown(text)
    assert event.type == type_
    assert int(event.at) == AT.timestamp()


@pytest.mark.parametrize("indent", [None, 1])
def test_documents_one_after_the_other_are_read_each_with_its_own_lines(indent: int | None) -> None:
    entries = [
        {"__REALTIME_TIMESTAMP": f"{SECONDS + n}000000", "MESSAGE": f"{word} lost"} for n, word in enumerate("abc")
    ]
    text = "\n".join(json.dumps(entry, indent=indent) for entry in entries)
    looked = session(1, [bash("journalctl -o json", text)], day=-1)
    events, _ = happenings(looked)
    assert [(event.at - SECONDS, event.type) for event in events] == [(0, "a lost"), (1, "b lost"), (2, "c lost")]
    lines = "".join(map(render, looked.events)).split("\n")
    for n, event in enumerate(events):
        assert f"{SECONDS + n}000000" in "\n".join(lines[event.lines[0] - 1 : event.lines[1]])
        assert event.quote in "\n".join(lines)


def test_what_is_whole_in_a_document_that_was_cut_off_is_read() -> None:
    entries = [{"timestamp": SECONDS * 1000 + 60000 * n, "message": f"{word} lost"} for n, word in enumerate("abc")]
    text = json.dumps({"events": entries}, indent=1)
    assert [event.type for event in shown(text[: text.index("c lost")])] == ["a lost", "b lost"]


@pytest.mark.parametrize(
    "document",
    [
        {"__REALTIME_TIMESTAMP": f"{SECONDS}000000", "MESSAGE": [[1, 2], "x"]},
        {"__REALTIME_TIMESTAMP": f"{SECONDS}000000", "MESSAGE": None},
        {"__REALTIME_TIMESTAMP": "soon", "MESSAGE": MESSAGE},
        {"timeUnixNano": "0", "body": {"stringValue": MESSAGE}},
        {"timestamp": True, "message": MESSAGE},
        {"time": 12.5, "message": MESSAGE},
        {"started_at": None, "conclusion": None, "name": "slow tests"},
    ],
)
def test_what_has_no_time_or_no_name_is_no_event(document: object) -> None:
    assert shown(json.dumps(document)) == []
