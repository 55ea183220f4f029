"""Associations in time: found where planted, silent where there is nothing, and counted once."""

import json
import random
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta

import pytest

from dreamfs_server.dream.curators.embedded import curate
from dreamfs_server.dream.evidence import mine
from dreamfs_server.dream.evidence.lags.happenings import happenings
from dreamfs_server.dream.material import Gathered
from dreamfs_tools.dreaming import Card
from dreamfs_tools.transcript import render
from mined_sessions import bash, material, session

DAY = datetime(2026, 11, 1, 6, 0, tzinfo=UTC)
Shown = tuple[datetime, str]


def log(events: Sequence[Shown]) -> str:
    return "\n".join(
        f"{at:%Y-%m-%dT%H:%M:%SZ} INFO {what} request={n}f3a" for n, (at, what) in enumerate(sorted(events))
    )


def week(
    rng: random.Random, follow: Callable[[datetime], datetime | None], *, sessions: int = 24, leads: int = 3
) -> list[list[Shown]]:
    """For each session three hours of leads, what `follow` makes of each, and unrelated restarts."""
    result: list[list[Shown]] = []
    for n in range(sessions):
        start = DAY + timedelta(days=n // 3, hours=4 * (n % 3))
        events: list[Shown] = []
        for _ in range(leads):
            at = start + timedelta(seconds=rng.randrange(9000))
            events.append((at, f"ledger-db cpu spike detected: {rng.randrange(50, 99)} percent"))
            if (then := follow(at)) is not None:
                events.append((then, "checkout-api latency alert fired"))
            events.append((start + timedelta(seconds=rng.randrange(10800)), "mailer restarted"))
        result.append(events)
    return result


def held(shown: Sequence[Sequence[Shown]]) -> list[Gathered]:
    return [session(n, [bash("logs", log(events))], day=n // 3) for n, events in enumerate(shown)]


def found(sessions: Sequence[Gathered]) -> list[Card]:
    return [card for card in mine(material(sessions)) if card.miner == "lags"]


def sixty(rng: random.Random) -> Callable[[datetime], datetime | None]:
    return lambda at: at + timedelta(seconds=rng.gauss(60, 5)) if rng.random() < 0.85 else None


def anywhere(rng: random.Random) -> Callable[[datetime], datetime | None]:
    return lambda at: at.replace(minute=0, second=0) + timedelta(seconds=rng.randrange(9000))


def test_an_alert_sixty_seconds_after_a_spike_is_found_with_its_numbers() -> None:
    rng = random.Random(5)
    shown = week(rng, sixty(rng))
    [card] = found(held(shown))
    [claim] = card.claims
    numbers = claim.statistics
    assert claim.kind == "association"
    assert (numbers["lead"], numbers["follow"]) == (
        "ledger-db cpu spike detected percent",
        "checkout-api latency alert fired",
    )
    assert 55 <= numbers["lag_seconds"] <= 65
    assert 0.7 <= numbers["hits"] / numbers["trials"] <= 1
    assert numbers["sessions"] >= 20
    assert numbers["q_value"] < 0.001
    assert "not a cause" in claim.text


@pytest.mark.parametrize("seed", range(6))
def test_unrelated_events_give_nothing(seed: int) -> None:
    rng = random.Random(seed)
    assert found(held(week(rng, anywhere(rng)))) == []


def test_the_order_of_sessions_changes_nothing() -> None:
    rng = random.Random(5)
    sessions = held(week(rng, sixty(rng)))
    backwards = list(reversed(sessions))
    assert found(backwards) == found(sessions)


def test_sessions_that_look_at_the_same_hours_are_counted_once() -> None:
    rng = random.Random(5)
    shown = week(rng, sixty(rng))
    [once] = found(held(shown))
    [twice] = found(held([*shown, *shown]))
    assert twice.claims[0].statistics["hits"] == once.claims[0].statistics["hits"]


def test_what_keeps_to_the_clock_is_named_a_schedule_and_not_proposed() -> None:
    rng = random.Random(1)
    shown: list[list[Shown]] = []
    for n in range(24):
        start = DAY + timedelta(days=n // 3, hours=4 * (n % 3))
        events = [
            (start + timedelta(hours=h, minutes=5, seconds=rng.randrange(5)), "ledger backup began") for h in range(3)
        ]
        events += [
            (start + timedelta(hours=h, minutes=12, seconds=rng.randrange(5)), "ledger rotation began")
            for h in range(3)
        ]
        events += [(start + timedelta(seconds=rng.randrange(10800)), "mailer restarted") for _ in range(3)]
        shown.append(events)
    stuff = material(held(shown))
    cards = [card for card in mine(stuff) if card.miner == "lags"]
    assert cards
    assert all("schedule" in card.body for card in cards)
    assert curate(stuff, cards) == []


def pairs_told(shown: Sequence[Sequence[Shown]]) -> dict[tuple[str, str], str]:
    statistics = [card.claims[0].statistics for card in found(held(shown))]
    return {(one["lead"], one["follow"]): one["notes"].partition(":")[0] for one in statistics}


def three_events(seed: int, second_from_first: bool) -> list[list[Shown]]:
    """A door opens, a lamp lights 100 s later, and a fan starts 240 s after the door or 140 s after the lamp."""
    rng = random.Random(seed)
    shown = week(rng, lambda _: None, sessions=40, leads=0)
    for n, events in enumerate(shown):
        events.append((DAY + timedelta(days=n // 3, hours=4 * (n % 3) + 3, seconds=rng.randrange(1800)), "shift over"))
        for _ in range(2):
            door = DAY + timedelta(days=n // 3, hours=4 * (n % 3), seconds=rng.randrange(9000))
            lamp = door + timedelta(seconds=rng.gauss(100, 5))
            events.append((door, "door opened"))
            lit = rng.random() < 0.85
            events.extend([(lamp, "lamp lit")] * lit)
            if second_from_first or lit:
                started = (
                    door + timedelta(seconds=rng.gauss(240, 8))
                    if second_from_first
                    else lamp + timedelta(seconds=rng.gauss(140, 8))
                )
                events.append((started, "fan started"))
    return shown


@pytest.mark.parametrize("seed", range(3))
def test_of_three_events_in_a_row_the_links_are_told_and_not_the_ends(seed: int) -> None:
    told = pairs_told(three_events(seed, second_from_first=False))
    assert told["door opened", "lamp lit"] == told["lamp lit", "fan started"] == ""
    assert told["door opened", "fan started"] == "chain"


@pytest.mark.parametrize("seed", range(3))
def test_of_two_events_that_follow_one_neither_is_said_to_follow_the_other(seed: int) -> None:
    told = pairs_told(three_events(seed, second_from_first=True))
    assert told["door opened", "lamp lit"] == told["door opened", "fan started"] == ""
    assert told["lamp lit", "fan started"] == "common cause"


def test_what_comes_in_a_burst_in_either_order_is_not_said_to_follow() -> None:
    rng = random.Random(8)
    shown = week(rng, lambda _: None, sessions=40, leads=0)
    for n, events in enumerate(shown):
        at = DAY + timedelta(days=n // 3, hours=4 * (n % 3), seconds=rng.randrange(9000))
        events.extend([(at + timedelta(seconds=rng.uniform(0, 30)), f"{what} alert") for what in ("disk", "target")])
    assert set(pairs_told(shown).values()) <= {"burst"}


def test_a_spike_in_a_measured_series_is_an_event_and_a_counter_is_none() -> None:
    start = 1793527200
    usual = [[start + 15 * n, f"{0.3 + 0.01 * (n % 5):.2f}"] for n in range(120)]
    spike = [[at, "0.97" if 40 <= n < 46 else value] for n, (at, value) in enumerate(usual)]
    counter = [[at, str(1000 * n)] for n, (at, _) in enumerate(usual)]
    answer = {"data": {"resultType": "matrix", "result": [
        {"metric": {"__name__": "cpu_busy", "instance": "a:9100"}, "values": spike}, {"metric": {"__name__": "load"}, "values": usual},
        {"metric": {"__name__": "requests_total"}, "values": counter},
    ]}}  # fmt: skip
    events, _ = happenings(session(1, [bash("curl", json.dumps(answer))], day=0))
    assert [(event.at, event.type) for event in events] == [(start + 15 * 40, "cpu_busy rises")]
    assert str(start + 15 * 40) in events[0].quote


def test_a_pair_that_goes_through_a_third_event_is_named_a_chain() -> None:
    rng = random.Random(3)
    shown = week(rng, sixty(rng))
    for events in shown:
        alerts = [at for at, what in events if "latency" in what]
        events += [(at + timedelta(seconds=rng.gauss(300, 10)), "pager woke the owner") for at in alerts]
    cards = {
        (card.claims[0].statistics["lead"].split()[0], card.claims[0].statistics["follow"].split()[0]): card
        for card in found(held(shown))
    }
    assert "chain: it goes through checkout-api latency alert fired" in cards["ledger-db", "pager"].body
    assert "chain" not in cards["checkout-api", "pager"].body
    assert "chain" not in cards["ledger-db", "checkout-api"].body


def test_every_hit_is_cited_at_both_ends() -> None:
    rng = random.Random(5)
    sessions = held(week(rng, sixty(rng)))
    lines = {f"/transcripts/{g.session.session_id}": "".join(map(render, g.events)).split("\n") for g in sessions}
    [card] = found(sessions)
    quotes = card.claims[0].evidence
    assert len(quotes) == 12
    for quote in quotes:
        a, b = quote.lines
        assert quote.quote in "\n".join(lines[quote.source][a - 1 : b])
    assert ["cpu spike" in quote.quote for quote in quotes] == [True, False] * 6


ALERTS = [
    {"startsAt": "2026-11-01T10:00:00.123Z", "endsAt": "2026-11-01T11:00:00Z", "labels": {"alertname": "TargetDown", "service": "api", "instance": "10.1.2.3:9100", "severity": "page"}},
    {"startsAt": "2026-11-01T10:00:30Z", "labels": {"alertname": "TargetDown", "service": "api", "instance": "10.1.9.9:9100", "severity": "warn"}},
]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "names"),
    [
        (json.dumps(ALERTS), {"TargetDown api"}),
        (json.dumps(ALERTS, indent=2), {"TargetDown api"}),
        (
            ("LAST SEEN   TYPE      REASON    OBJECT                        MESSAGE\n"
            "12m         Warning   BackOff   pod/api-worker-7f9c6d5b4-x2kqp   Back-off restarting (3 times)\n"
            "2m5s        Warning   BackOff   pod/api-worker-5d8b7c6f4-bzzkp   Back-off restarting (9 times)\n"),
            {"BackOff api-worker Back-off restarting times"},
        ),
        ("2026-11-01T10:00:00Z WARN api pool exhausted: 12 waiting\n2026-11-01T12:05:00+02:00 INFO api pool exhausted: 7 waiting", {"api pool exhausted waiting"}),
        ("Nov  1 10:00:00 node-7 api[311]: gc pause of 12 ms\nNov  1 10:05:00 node-9 api[400]: gc pause of 9 ms", {"api gc pause of ms"}),
        ("time,service,event,value\n2026-11-01 10:00:00,api,cache flushed: 8 keys,12\n2026-11-01 10:05:00,api,cache flushed: 3 keys,99", {"api cache flushed keys"}),
        ("timestamp,source,event\n1793527200,api,cache flushed: 8 keys\n1793527500,api,cache flushed: 3 keys", {"api cache flushed keys"}),
        (('{"ts": "2026-11-01T10:00:00Z", "level": "warn", "service": "api", "msg": "pool at 9", "trace_id": "9f8e"}\n'
         '{"ts": "2026-11-01T10:05:00Z", "level": "info", "service": "api", "msg": "pool at 7", "trace_id": "1a2b"}'), {"api pool at"}),
        (("Name:   api\nEvents:\n  Type     Reason     Age                From     Message\n  ----     ------     ----               ----     -------\n"
          "  Warning  Unhealthy  3m12s (x4 over 20m)  kubelet  Readiness probe failed\n  Warning  Unhealthy  9m                 kubelet  Readiness probe failed\n"), {"Unhealthy Readiness probe failed"}),
        ("REASON      TIME                   MESSAGE\nUnhealthy   2026-11-01T10:00:00Z   Readiness probe failed\nUnhealthy   2026-11-01T10:05:00Z   Readiness probe failed", {"Unhealthy Readiness probe failed"}),
        (('10.1.2.3 - - [01/Nov/2026:10:00:00 +0000] "POST /import/31?dry=1 HTTP/1.1" 502 12 "-" "curl/8.1"\n'
          '10.1.2.9 - ann [01/Nov/2026:12:05:00 +0200] "POST /import/32 HTTP/2.0" 503 99 "-" "wget"'), {"request POST import server error"}),
        ("I1101 10:00:00.123456       1 pool.go:42] gc pause of 12 ms\nE1101 10:05:00.000001       1 pool.go:42] gc pause of 9 ms", {"pool.go gc pause of ms"}),
        ("2026/11/01 10:00:00 [error] 31#31: upstream timed out\n2026/11/01 10:05:00 [error] 8#8: upstream timed out", {"upstream timed out"}),
        ("[Sun Nov  1 10:00:00 2026] oom-kill in slice\n[Sun Nov  1 10:05:00 2026] oom-kill in slice", {"oom-kill in slice"}),
        ("12:M 01 Nov 2026 10:00:00.123 * Background saving\n14:M 01 Nov 2026 10:05:00.123 * Background saving", {"M Background saving"}),
        ("var/log/syslog:7:Nov  1 10:00:00 web api[3]: gc pause\nvar/log/syslog:9:Nov  1 10:05:00 web api[3]: gc pause", {"log syslog api gc pause"}),
        ('{"__REALTIME_TIMESTAMP": "1793527200000000", "ts": 1793527200000, "MESSAGE": "gc pause"}\n{"ts": 1793527500000000000, "MESSAGE": "gc pause"}', {"gc pause"}),
        (json.dumps({"data": {"resultType": "streams", "result": [{"stream": {"app": "api"}, "values": [["1793527200000000000", "gc pause of 12 ms"], ["1793527500000000000", "gc pause of 9 ms"]]}]}}), {"api gc pause of ms"}),
    ],
    ids=[
        "alertmanager", "alertmanager indented", "kubernetes ages", "rfc 3339", "syslog", "csv", "csv epoch", "json lines", "kubectl describe", "kubectl columns",
        "access log", "klog", "slashes", "ctime", "day first", "syslog of grep", "json micro- and nanoseconds", "loki",
    ],
)  # fmt: skip
def test_times_in_tool_output_are_read_with_the_type_of_event(text: str, names: set[str]) -> None:
    events, _ = happenings(session(1, [bash("look", text)], day=0))
    assert {event.type for event in events} == names
    assert len(events) == 2
    assert all(abs(event.at - datetime(2026, 11, 1, 10, 0, tzinfo=UTC).timestamp()) < 7200 for event in events)


def test_a_pattern_is_written_down_in_words_with_both_directions() -> None:
    rng = random.Random(5)
    stuff = material(held(week(rng, sixty(rng))))
    [proposal] = curate(stuff, mine(stuff))
    text = proposal.changes[0].file_text
    assert proposal.changes[0].path.startswith("/memories/patterns/checkout-api-latency-alert-fired")
    assert "An association, not a cause." in text
    assert "- After `ledger-db cpu spike detected percent`:" in text
    assert "Before `checkout-api latency alert fired`:" in text
