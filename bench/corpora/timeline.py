"""What happened in the planted world, whoever looked: independent events, and those that follow others."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random

from bench.corpora.formats import Kind


@dataclass(frozen=True, slots=True)
class Span:
    start: datetime
    end: datetime

    @property
    def hours(self) -> float:
        return (self.end - self.start).total_seconds() / 3600


@dataclass(frozen=True, slots=True)
class Rule:
    """`follow` comes after `lead`, with this lag, this often."""

    lead: Kind
    follow: Kind
    lag_seconds: float
    jitter_seconds: float
    hit_rate: float


@dataclass(frozen=True, slots=True)
class Happening:
    at: datetime
    kind: Kind
    cause: "Happening | None" = None


def random_rule(rng: Random, lead: Kind, follow: Kind) -> Rule:
    """A rule of random difficulty: lags from 20 seconds to 40 minutes, evenly on a logarithmic scale."""
    lag = 20 * 120 ** rng.random()
    return Rule(lead, follow, lag, max(2.0, lag * rng.uniform(0.05, 0.3)), rng.uniform(0.45, 0.95))


def poisson(rng: Random, kind: Kind, per_hour: float, span: Span) -> list[Happening]:
    """Independent events at a constant rate."""
    happenings: list[Happening] = []
    at = span.start
    while (at := at + timedelta(hours=rng.expovariate(per_hour))) < span.end:
        happenings.append(Happening(at.replace(microsecond=0), kind))
    return happenings


def scheduled(rng: Random, kind: Kind, minute: int, every_hours: int, span: Span) -> list[Happening]:
    """Events that a clock starts, a few seconds late."""
    at = span.start.replace(minute=minute, second=0, microsecond=0)
    happenings: list[Happening] = []
    while at < span.end:
        if at >= span.start:
            happenings.append(Happening(at + timedelta(seconds=rng.randint(0, 4)), kind))
        at += timedelta(hours=every_hours)
    return happenings


def followers(rng: Random, rule: Rule, leads: Sequence[Happening]) -> list[Happening]:
    """What the rule makes of its lead events."""
    happenings: list[Happening] = []
    for lead in leads:
        if rng.random() < rule.hit_rate:
            lag = max(1.0, rng.gauss(rule.lag_seconds, rule.jitter_seconds))
            happenings.append(Happening(lead.at + timedelta(seconds=round(lag)), rule.follow, lead))
    return happenings


def storm(rng: Random, kinds: Sequence[Kind], at: datetime) -> list[Happening]:
    """Everything alerts at once, again and again for ten minutes."""
    return [
        Happening(at + timedelta(seconds=60 * repeat + rng.randint(0, 45)), kind)
        for repeat in range(rng.randint(5, 10))
        for kind in kinds
    ]
