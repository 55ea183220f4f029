"""How tools print what happened: the only place where an event's time can be read."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from random import Random
from typing import Literal

from bench.corpora.names import identifier

Form = Literal["alertmanager", "kubernetes", "kubernetes-age", "rfc3339", "syslog", "csv", "csv-epoch", "jsonl"]
FORMS: tuple[Form, ...] = (
    "alertmanager",
    "kubernetes",
    "kubernetes-age",
    "rfc3339",
    "syslog",
    "csv",
    "csv-epoch",
    "jsonl",
)


@dataclass(frozen=True, slots=True)
class Kind:
    """A type of event: what stays the same when its numbers and identifiers vary."""

    form: Form
    service: str
    name: str
    """Constant words: an alert's or a reason's name, or a message; `{n}` where a number goes."""

    @property
    def words(self) -> tuple[str, ...]:
        """What every line that shows it has in common."""
        return (self.name.split("{n}", 1)[0].strip(" :=v"), self.service)


@dataclass(frozen=True, slots=True, order=True)
class Shown:
    """One event as a session sees it."""

    at: datetime
    kind: Kind = Kind("rfc3339", "", "")


def command(form: Form) -> str:
    """What an agent runs to see events in this form."""
    return {
        "alertmanager": "curl -s http://alertmanager:9093/api/v2/alerts",
        "kubernetes": "kubectl get events -A -o custom-columns=TIME:.lastTimestamp,TYPE:.type,REASON:.reason,OBJECT:.involvedObject.name,MESSAGE:.message",
        "kubernetes-age": "kubectl get events -A",
        "rfc3339": "kubectl logs -l tier=platform --timestamps",
        "syslog": "journalctl --no-pager -o short",
        "csv": "cat /var/metrics/events.csv",
        "csv-epoch": "cat /var/metrics/raw.csv",
        "jsonl": "tail -n 500 /var/log/platform/events.jsonl",
    }[form]


def printed(form: Form, events: Sequence[Shown], now: datetime, rng: Random) -> str:
    """The tool's output for these events, sorted by time, asked for at `now`."""
    return _PRINTERS[form](sorted(events, key=lambda event: event.at), now, rng)


def _alertmanager(events: Sequence[Shown], now: datetime, rng: Random) -> str:
    alerts = [
        {
            "annotations": {"summary": f"{e.kind.name} on {e.kind.service} ({rng.randint(2, 98)}% over threshold)"},
            "endsAt": _z(now + timedelta(minutes=4), "milliseconds"),
            "fingerprint": identifier(rng, 16),
            "startsAt": _z(e.at + timedelta(milliseconds=rng.randint(0, 999)), "milliseconds"),
            "status": {"inhibitedBy": [], "silencedBy": [], "state": "active"},
            "labels": {
                "alertname": e.kind.name,
                "instance": f"10.{rng.randint(0, 9)}.{rng.randint(0, 255)}.{rng.randint(1, 254)}:9100",
                "service": e.kind.service,
                "severity": "page",
            },
        }
        for e in events
    ]
    return json.dumps(alerts, indent=rng.choice([None, 2]))


def _kubernetes(events: Sequence[Shown], _now: datetime, rng: Random) -> str:
    rows = [("TIME", "TYPE", "REASON", "OBJECT", "MESSAGE")]
    rows += [(_z(e.at), "Warning", e.kind.name, _pod(e.kind, rng), _reason_text(e.kind, rng)) for e in events]
    return _table(rows)


def _kubernetes_age(events: Sequence[Shown], now: datetime, rng: Random) -> str:
    rows = [("LAST SEEN", "TYPE", "REASON", "OBJECT", "MESSAGE")]
    rows += [
        (_age(now - e.at), "Warning", e.kind.name, f"pod/{_pod(e.kind, rng)}", _reason_text(e.kind, rng))
        for e in events
    ]
    return _table(rows)


def _rfc3339(events: Sequence[Shown], _now: datetime, rng: Random) -> str:
    zone = rng.choice([UTC, timezone(timedelta(hours=2)), timezone(-timedelta(hours=5))])
    return "\n".join(
        f"{e.at.astimezone(zone).isoformat(timespec='seconds').replace('+00:00', 'Z')} {rng.choice(['INFO', 'WARN'])} "
        f"{e.kind.service} {_filled(e.kind, rng)} request={identifier(rng)}"
        for e in events
    )


def _syslog(events: Sequence[Shown], _now: datetime, rng: Random) -> str:
    host = f"node-{rng.randint(1, 40)}"
    return "\n".join(
        f"{e.at.strftime('%b')} {e.at.day:2d} {e.at.strftime('%H:%M:%S')} {host} {e.kind.service}[{rng.randint(200, 32000)}]: "
        f"{_filled(e.kind, rng)}"
        for e in events
    )


def _csv(events: Sequence[Shown], _now: datetime, rng: Random) -> str:
    rows = [
        f"{e.at.strftime('%Y-%m-%d %H:%M:%S')},{e.kind.service},{_filled(e.kind, rng)},{rng.randint(1, 999)}"
        for e in events
    ]
    return "\n".join(["time,service,event,value", *rows])


def _csv_epoch(events: Sequence[Shown], _now: datetime, rng: Random) -> str:
    rows = [f"{int(e.at.timestamp())},{e.kind.service},{_filled(e.kind, rng)},{rng.random():.3f}" for e in events]
    return "\n".join(["timestamp,source,event,score", *rows])


def _jsonl(events: Sequence[Shown], _now: datetime, rng: Random) -> str:
    return "\n".join(
        json.dumps({
            "ts": _z(e.at), "level": "warn", "service": e.kind.service, "msg": _filled(e.kind, rng), "trace_id": identifier(rng, 16),
        })
        for e in events
    )  # fmt: skip


_PRINTERS: dict[Form, Callable[[Sequence[Shown], datetime, Random], str]] = {
    "alertmanager": _alertmanager,
    "kubernetes": _kubernetes,
    "kubernetes-age": _kubernetes_age,
    "rfc3339": _rfc3339,
    "syslog": _syslog,
    "csv": _csv,
    "csv-epoch": _csv_epoch,
    "jsonl": _jsonl,
}


def _filled(kind: Kind, rng: Random) -> str:
    return kind.name.replace("{n}", str(rng.randint(11, 997)))


def _pod(kind: Kind, rng: Random) -> str:
    return f"{kind.service}-{identifier(rng, 9)}-{identifier(rng, 5)}"


def _reason_text(kind: Kind, rng: Random) -> str:
    return f"{kind.name} reported for container {kind.service.split('-')[0]} ({rng.randint(1, 60)} times)"


def _table(rows: Sequence[tuple[str, ...]]) -> str:
    widths = [max(len(row[column]) for row in rows) + 3 for column in range(len(rows[0]))]
    return "\n".join(
        "".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    )


def _age(age: timedelta) -> str:
    """As kubectl prints an age: seconds below two minutes, then ever coarser."""
    seconds = int(age.total_seconds())
    if seconds < 120:
        return f"{seconds}s"
    minutes, rest = divmod(seconds, 60)
    if minutes < 10:
        return f"{minutes}m{rest}s" if rest else f"{minutes}m"
    if minutes < 180:
        return f"{minutes}m"
    hours, rest = divmod(minutes, 60)
    return f"{hours}h{rest}m" if rest and hours < 8 else f"{hours}h"


def _z(at: datetime, timespec: Literal["seconds", "milliseconds"] = "seconds") -> str:
    return at.isoformat(timespec=timespec).replace("+00:00", "Z")
