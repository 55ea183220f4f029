"""Ages in event tables: when their rows happened, and how exactly that is known."""

import random
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest

from dreamfs_server.dream.evidence import mine
from dreamfs_server.dream.evidence.lags.happenings import Happening, happenings
from dreamfs_server.dream.material import Gathered
from dreamfs_tools.dreaming import Card
from mined_sessions import START, bash, material, session

HEAD = f"{'LAST SEEN':<21}TYPE      REASON      {'OBJECT':<30}MESSAGE"
PRINTED = datetime(2026, 11, 1, 10, 0, tzinfo=UTC)


def row(age: str, reason: str = "BackOff") -> str:
    return f"{age:<21}Warning   {reason:<12}{'pod/api-7f9c6d5b4-x2kqp':<30}seen of a container"


def table(*ages: str) -> str:
    return "\n".join([HEAD, *map(row, ages)])


def shown(text: str, *, command: str = "kubectl get events", day: int = -1) -> list[Happening]:
    return happenings(session(1, [bash(command, text)], day=day))[0]


def told(seconds: float) -> str:
    """An age as kubectl prints it."""
    whole = int(seconds)
    minutes, rest = divmod(whole, 60)
    if whole < 120:
        return f"{whole}s"
    if minutes < 10:
        return f"{minutes}m{rest}s" if rest else f"{minutes}m"
    if minutes < 180:
        return f"{minutes}m"
    hours, minutes = divmod(minutes, 60)
    return f"{hours}h{minutes}m" if minutes and hours < 8 else f"{hours}h"


@pytest.mark.parametrize(
    ("age", "seconds", "within"),
    [("95s", 95, 0), ("5m30s", 330, 0), ("45m", 2730, 30), ("3h5m", 11130, 30), ("9m (x4 over 20m)", 570, 30)],
)
def test_an_age_says_when_as_exactly_as_it_is_printed(age: str, seconds: int, within: int) -> None:
    [event] = shown(f"Sun Nov  1 10:00:00 UTC 2026\n{table(age)}")
    assert (PRINTED.timestamp() - event.at, event.within) == (seconds, within)


@pytest.mark.parametrize("age", ["4h", "12h", "3d4h", "26d", "<unknown>"])
def test_an_age_in_whole_hours_or_days_is_no_time(age: str) -> None:
    assert shown(f"Sun Nov  1 10:00:00 UTC 2026\n{table(age)}") == []


@pytest.mark.parametrize(
    "clock",
    [
        "Sun Nov  1 10:00:00 UTC 2026",
        "Sun Nov  1 10:00:00 AM UTC 2026",
        "Sun Nov  1 11:00:00 CET 2026",
        "Sun  1 Nov 10:00:00 GMT 2026",
        "Sun, 01 Nov 2026 11:00:00 +0100",
        "2026-11-01T10:00:00Z",
        "2026-11-01 12:00:00+02:00",
        "2026-11-01 10:00:00",
        "=== now: 2026-11-01T10:00:00.123Z ===",
        "1793527200",
    ],
)
def test_ages_count_back_from_a_clock_in_the_same_output(clock: str) -> None:
    for text in (f"{clock}\n{table('95s')}", f"{table('95s')}\n{clock}"):
        [event] = shown(text)
        assert int(event.at) == int(PRINTED.timestamp()) - 95
        assert event.type == "BackOff api seen of a container"


def test_each_table_counts_back_from_the_clock_above_it() -> None:
    text = f"Sun Nov  1 10:00:00 UTC 2026\n{table('95s')}\nSun Nov  1 10:20:00 UTC 2026\n{table('20s')}"
    assert [event.at - PRINTED.timestamp() for event in shown(text)] == [-95, 1180]


def test_without_a_clock_ages_of_an_undated_log_say_nothing() -> None:
    assert shown(table("95s", "5m")) == []
    assert shown(f"Sun Nov  1 10:00:00 XST 2026\n{table('95s')}") == []
    assert shown(f"restarted 2026-11-01T10:00:00Z by hand\n{table('95s')}")[0].type == "restarted by hand"


def test_a_clock_says_more_than_the_times_of_a_log_that_was_written_another_day() -> None:
    [event] = shown(f"Sun Nov  1 10:00:00 UTC 2026\n{table('95s')}", day=20)
    assert event.at == PRINTED.timestamp() - 95


def test_in_a_dated_log_a_time_that_stands_alone_is_the_present_only_if_that_was_asked_for() -> None:
    text = f"2026-10-01T10:00:00Z\n{table('95s')}"
    created = "kubectl get pod api -o jsonpath={.metadata.creationTimestamp}; kubectl get events"
    looked = START + timedelta(days=3, minutes=1)
    assert shown(text, command=created, day=3)[0].at == looked.timestamp() - 95
    asked = shown(text, command="date -u +%FT%TZ; kubectl get events", day=3)
    assert asked[0].at == datetime(2026, 10, 1, 10, 0, tzinfo=UTC).timestamp() - 95


def test_a_clock_of_an_unnamed_zone_is_set_by_the_time_of_the_log() -> None:
    looked = START + timedelta(days=3, minutes=1)
    for hours in (2, -7):
        wall = looked + timedelta(hours=hours, seconds=-20)
        for clock in (f"{wall:%a %b %e %H:%M:%S XST %Y}", f"{wall:%Y-%m-%d %H:%M:%S}"):
            [event] = shown(f"{clock}\n{table('95s')}", command="date; kubectl get events", day=3)
            assert event.at == looked.timestamp() - 20 - 95


Seen = Sequence[tuple[datetime, str]]


def looked_at(number: int, events: Seen, now: datetime, *, clock: bool = True, day: int = -1) -> Gathered:
    """A session that sees events of pods by their ages, and alerts by their times."""
    alerts = [f"{at:%Y-%m-%dT%H:%M:%SZ} {what}" for at, what in sorted(events) if "alert" in what]
    rows = [row(told((now - at).total_seconds()), what) for at, what in sorted(events) if "alert" not in what]
    printed = "\n".join([*([f"{now:%a %b %e %H:%M:%S UTC %Y}"] if clock else []), HEAD, *rows])
    return session(number, [bash("logs", "\n".join(alerts)), bash("date -u; kubectl get events", printed)], day=day)


def lag_cards(sessions: Sequence[Gathered]) -> list[Card]:
    return [card for card in mine(material(sessions)) if card.miner == "lags"]


def evicting(rng: random.Random, lag: float, sessions: int = 24) -> list[tuple[Seen, datetime]]:
    """In each session three hours with pods that are evicted, and alerts that come a while after or at any time."""
    result: list[tuple[Seen, datetime]] = []
    for n in range(sessions):
        start = PRINTED + timedelta(days=n // 3, hours=4 * (n % 3))
        events: list[tuple[datetime, str]] = [(start + timedelta(seconds=rng.randrange(10000)), "OOMKilling")]
        for _ in range(3):
            at = start + timedelta(seconds=rng.randrange(9000))
            events.append((at, "Evicted"))
            if lag and rng.random() < 0.85:
                events.append((at + timedelta(seconds=rng.gauss(lag, lag / 20)), "queue alert"))
            events.append((start + timedelta(seconds=rng.randrange(10000)), "disk alert"))
        result.append((events, start + timedelta(hours=3, seconds=rng.randrange(300))))
    return result


@pytest.mark.parametrize("lag", [150, 400, 1500])
def test_what_comes_minutes_after_a_row_with_an_age_is_found(lag: int) -> None:
    seen = evicting(random.Random(lag), lag)
    [card] = lag_cards([looked_at(n, events, now) for n, (events, now) in enumerate(seen)])
    numbers = card.claims[0].statistics
    assert str(numbers["lead"]).startswith("Evicted")
    assert numbers["follow"] == "queue alert"
    assert abs(float(numbers["lag_seconds"]) - lag) < 0.1 * lag + 8
    assert float(numbers["hits"]) > 0.6 * float(numbers["trials"])


def test_lags_that_rounding_hides_are_not_told() -> None:
    rng = random.Random(4)
    sessions: list[Gathered] = []
    for n, (events, now) in enumerate(evicting(rng, 0)):
        evicted = [at for at, what in events if what == "Evicted"]
        killed = [(at + timedelta(seconds=rng.uniform(20, 40)), "Unhealthy") for at in evicted]
        sessions.append(looked_at(n, [*events, *killed], now))
    assert lag_cards(sessions) == []


@pytest.mark.parametrize("day", [-1, 3])
def test_one_event_that_two_sessions_see_by_rounded_ages_is_counted_once(day: int) -> None:
    seen = evicting(random.Random(1), 400)
    once = [looked_at(n, events, now) for n, (events, now) in enumerate(seen)]
    again = [
        looked_at(100 + n, [e for e in events if e[1] != "disk alert"], now + timedelta(seconds=47), day=day)
        for n, (events, now) in enumerate(seen)
    ]
    [alone], [both] = lag_cards(once), lag_cards([*once, *again])
    assert both.claims[0].statistics["trials"] == alone.claims[0].statistics["trials"]
