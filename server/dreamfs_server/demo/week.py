"""The recorded sessions of the week: thirty alerts, as the tools of an on-call agent would have shown them.

Made from a seed so that every demonstration is the same but for its dates. Times appear only inside tool output, as in
life. What a dream finds in here nobody tells it.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import Any

SESSIONS = 30
AGENTS = ("ada", "ben", "cleo", "dan")
ALERTS = {
    "CheckoutLatencyHigh": "checkout",
    "PaymentErrorsHigh": "payments",
    "SearchTimeouts": "search",
}
NOISE = (
    "catalog-api deploy finished revision={n}",
    "ingress-nginx reload done worker={n}",
    "payments gc pause {n}ms",
    "search index refresh took {n}ms",
    "cert-manager renewed certificate order={n}",
)

RecordedEvent = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Recording:
    """One session as the host's recorder saw it."""

    session_id: str
    events: list[RecordedEvent]


def recordings(monday: datetime) -> Iterator[Recording]:
    """The week's sessions.

    Args:
        monday: midnight, UTC, at the start of the week.
    """
    random = Random(20)  # noqa: S311  # a story, not a secret
    for number in range(SESSIONS):
        at = monday + timedelta(days=number % 5, hours=8 + number // 5, minutes=random.randrange(50))
        name = random.choice(list(ALERTS))
        agent = AGENTS[number % len(AGENTS)]
        yield Recording(f"{agent}-{at:%a-%H%M}".lower(), _session(random, at, name, number))


def _session(random: Random, at: datetime, alert: str, number: int) -> list[RecordedEvent]:
    service = ALERTS[alert]
    fired = at - timedelta(seconds=random.randrange(60, 240))
    steps = _Steps(at, random)
    steps.say("user", f"Alert {alert} is firing. Find out why, do what the runbook allows, and note what you learn.")
    steps.tool("alerts", {"active": True}, json.dumps([_alert(alert, service, fired)]))
    steps.tool("events", {"minutes": 30}, "\n".join(_log(random, fired)))
    if number % 3 != 2:  # two sessions in three look at the logs, and meet the same wall
        command = f"kubectl logs deploy/{service} --tail 50"
        forbidden = (
            'Error from server (Forbidden): pods is forbidden: User "oncall" cannot list resource "pods" '
            'in API group "" in the namespace "prod"'
        )
        steps.tool("bash", {"command": command}, forbidden, is_error=True)
        if random.random() < 0.3:
            steps.tool("bash", {"command": command.replace("50", "20")}, forbidden, is_error=True)
        lines = "\n".join(f"{service} upstream catalog-db slow {random.randrange(800, 4000)}ms" for _ in range(3))
        steps.tool("bash", {"command": f"{command} --as oncall-reader"}, lines)
    if number % 4 == 1:
        steps.tool("restart", {"service": service}, f"{service} restarted; the alert is still firing")
    steps.say(
        "assistant", f"{alert}: {service} waits for catalog-db. It cleared by itself when the database calmed down."
    )
    return steps.events


def _alert(name: str, service: str, fired: datetime) -> dict[str, Any]:
    return {
        "status": "firing",
        "labels": {"alertname": name, "service": service, "severity": "page"},
        "startsAt": fired.strftime("%Y-%m-%dT%H:%M:%SZ"),
    }


def _log(random: Random, fired: datetime) -> list[str]:
    lines = [
        (fired - timedelta(seconds=random.randrange(10, 1700)), random.choice(NOISE).format(n=random.randrange(9000)))
        for _ in range(7)
    ]
    if random.random() < 0.85:
        spike = fired - timedelta(seconds=random.gauss(60, 5))
        lines.append((spike, f"catalog-db cpu saturated at {random.randrange(91, 100)} percent"))
    return [f"{at:%Y-%m-%dT%H:%M:%SZ} {text}" for at, text in sorted(lines)]


class _Steps:
    """Collects the events of one session, a few seconds apart."""

    def __init__(self, at: datetime, random: Random) -> None:
        self.events: list[RecordedEvent] = []
        self._at = at
        self._random = random

    def say(self, role: str, text: str, **more: Any) -> None:
        self._at += timedelta(seconds=self._random.randrange(3, 20))
        number = len(self.events) + 1
        self.events.append(
            {"role": role, "text": text, "id": f"e{number}", "at": f"{self._at:%Y-%m-%dT%H:%M:%SZ}", **more}
        )

    def tool(self, tool: str, arguments: dict[str, Any], output: str, *, is_error: bool = False) -> None:
        self.say("assistant", "", tool=tool, input=arguments)
        self.say("tool", output, tool=tool, is_error=is_error)
