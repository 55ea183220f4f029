"""Hours in which everything comes more often: no lag is made of them, and none is lost in them."""

import random
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest

from dreamfs_server.dream.evidence import mine
from dreamfs_tools.dreaming import Card
from mined_sessions import bash, material, session

START = datetime(2026, 11, 1, 6, 0, tzinfo=UTC)
HOUR, BUSY = 3600.0, 2400.0
KINDS = ("token refresh rejected", "snapshot upload failed", "certificate reload finished", "mailer restarted")
Shown = tuple[float, str]
"""Seconds since its session's hours began, and what came."""


def lag_cards(shown: Sequence[Sequence[Shown]]) -> list[Card]:
    sessions = [
        session(n, [bash("logs", "\n".join(line(n, at, what) for at, what in sorted(events)))], day=n // 3)
        for n, events in enumerate(shown)
    ]
    return [card for card in mine(material(sessions)) if card.miner == "lags"]


def line(number: int, at: float, what: str) -> str:
    began = START + timedelta(days=number // 3, hours=5 * (number % 3))
    return f"{began + timedelta(seconds=at):%Y-%m-%dT%H:%M:%SZ} {what}"


def busy_for_a_while(rng: random.Random, *, sessions: int = 100, each: int = 2) -> list[list[Shown]]:
    """Four hours of which some forty minutes are busy with events of all kinds, which have nothing to do with each other."""
    result: list[list[Shown]] = []
    for _ in range(sessions):
        busy = rng.uniform(0, 4 * HOUR - BUSY)
        events = [(busy + rng.uniform(0, BUSY), what) for what in KINDS for _ in range(rng.randrange(2 * each + 1))]
        result.append(events + [(rng.uniform(0, 4 * HOUR), what) for what in KINDS if rng.random() < each / 2])
    return result


@pytest.mark.parametrize("seed", range(1, 4))
def test_what_is_busy_in_the_same_hour_is_not_said_to_follow(seed: int) -> None:
    assert lag_cards(busy_for_a_while(random.Random(seed))) == []


def test_a_lag_is_found_where_all_is_busy_in_the_same_hour() -> None:
    rng = random.Random(1)
    shown = busy_for_a_while(rng)
    for events in shown:
        led = [at for at, what in events if what == KINDS[0] and rng.random() < 0.8]
        events.extend((at + rng.gauss(300, 10), "pager woke the owner") for at in led)
    told = [card.claims[0].statistics for card in lag_cards(shown) if not card.claims[0].statistics["notes"]]
    assert [(one["lead"], one["follow"]) for one in told] == [(KINDS[0], "pager woke the owner")]
    assert told[0]["lag_seconds"] == pytest.approx(300, abs=10)


def test_of_very_many_events_all_are_counted() -> None:
    rng = random.Random(3)
    shown: list[list[Shown]] = []
    for _ in range(60):
        leads = [rng.uniform(0, 4 * HOUR) for _ in range(20)]
        shown.append(
            [
                *((at, "cache flushed") for at in leads),
                *((at + rng.gauss(100, 3), "replica lags behind") for at in leads if rng.random() < 0.8),
                *((rng.uniform(0, 4 * HOUR), what) for what in KINDS for _ in range(20)),
            ]
        )
    [card] = lag_cards(shown)
    numbers = card.claims[0].statistics
    assert (numbers["lead"], numbers["follow"]) == ("cache flushed", "replica lags behind")
    assert numbers["lag_seconds"] == pytest.approx(100, abs=5)
    assert numbers["trials"] > 0.8 * 60 * 20
    assert numbers["hits"] / numbers["trials"] == pytest.approx(0.8, abs=0.05)
