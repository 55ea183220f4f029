"""What keeps to the clock: named a schedule however it is shown and however loosely it is kept, and nothing else is."""

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from dreamfs_server.dream.curators.embedded import curate
from dreamfs_server.dream.evidence import mine
from dreamfs_server.dream.material import Gathered
from dreamfs_tools.dreaming import Card
from mined_sessions import START, bash, material, session

HEAD = f"{'LAST SEEN':<12}TYPE      REASON      MESSAGE"
Shown = tuple[datetime, str]
Job = Callable[[random.Random, datetime, datetime], Iterator[datetime]]
HOURS = 3


def job(period: float, offset: float, *, jitter: float = 3, share: float = 1.0, strays: float = 0.0) -> Job:
    """What starts at `offset` seconds of each period, up to `jitter` late, and with some chance at any other time as well."""

    def times(rng: random.Random, start: datetime, end: datetime) -> Iterator[datetime]:
        since = datetime(2026, 11, 1, tzinfo=UTC).timestamp()
        at = start.timestamp() - (start.timestamp() - since - offset) % period + period
        while at < end.timestamp() - 1:
            if rng.random() < share:
                yield datetime.fromtimestamp(at + rng.uniform(0, jitter), UTC)
            if rng.random() < strays:
                yield start + (end - start) * rng.random()
            at += period

    return times


def age(seconds: float) -> str:
    """As kubectl prints it."""
    whole = int(seconds)
    if whole < 600:
        return f"{whole}s" if whole < 120 else f"{whole // 60}m{whole % 60}s"
    return f"{whole // 60}m" if whole < 10800 else f"{whole // 3600}h{whole // 60 % 60}m"


def weeks(seed: int, jobs: dict[str, Job], *, sessions: int = 40) -> list[list[Shown]]:
    """What each session sees in three hours of some day; each ends as `ends` says."""
    rng = random.Random(seed)
    result: list[list[Shown]] = []
    for n in range(sessions):
        end = ends(n)
        start = end - timedelta(hours=HOURS)
        events = [(at, what) for what, times in jobs.items() for at in times(rng, start, end)]
        events.append((start + timedelta(seconds=rng.randrange(HOURS * 3600)), "mailer restarted"))
        result.append([(at, what) for at, what in sorted(events) if start <= at < end])
    return result


def ends(number: int) -> datetime:
    return START + timedelta(days=number // 3, hours=7 * (number % 3), minutes=number)


def sessions_of(shown: Sequence[Sequence[Shown]], *, aged: Sequence[str] = ()) -> list[Gathered]:
    """Sessions that read a log, and see those types by their ages alone, of up to a minute before the log has the answer."""
    rng = random.Random(1)
    result: list[Gathered] = []
    for n, events in enumerate(shown):
        asked = ends(n) - timedelta(seconds=rng.randrange(55))
        rows = [
            f"{age((asked - at).total_seconds()):<12}Warning   {what:<12}of a pod"
            for at, what in events
            if what in aged and at < asked
        ]
        log = [f"{at:%Y-%m-%dT%H:%M:%SZ} {what}" for at, what in events if what not in aged]
        looked = session(n, [bash("kubectl get events", "\n".join([HEAD, *rows])), bash("logs", "\n".join(log))])
        at = replace(looked.session, started_at=ends(n))
        result.append(Gathered(at, [replace(event, at=ends(n)) for event in looked.events]))
    return result


def lag_cards(sessions: Sequence[Gathered]) -> list[Card]:
    return [card for card in mine(material(sessions)) if card.miner == "lags"]


def proposed(sessions: Sequence[Gathered]) -> list[str]:
    stuff = material(sessions)
    return [proposal.title for proposal in curate(stuff, mine(stuff))]


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize("aged", [("pruned", "scaled"), ("pruned",), ()], ids=["ages", "an age and a time", "times"])
def test_independent_jobs_of_one_clock_give_no_proposal(seed: int, aged: Sequence[str]) -> None:
    names = ("pruned", "scaled", "indexed", "synced")
    jobs = {name: job(900, 60 + 97 * n, jitter=60, share=0.3) for n, name in enumerate(names)}
    sessions = sessions_of(weeks(seed, jobs), aged=aged)
    assert lag_cards(sessions)
    assert proposed(sessions) == []


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize(
    ("first", "second"),
    [
        (job(3600, 300, strays=0.2), job(3600, 720, strays=0.2)),
        (job(3600, 300), job(3600, 720, jitter=300)),
        (job(1200, 300), job(1200, 720, jitter=60, share=0.5)),
        (job(3600, 300, jitter=240), job(1800, 900, jitter=240)),
        (job(7200, 300), job(3600, 900, jitter=100)),
        (job(86400, 75600, jitter=100), job(86400, 76500, jitter=200)),
    ],
    ids=["with strays", "one loosely", "every 20 minutes", "both loosely", "two periods", "daily"],
)
def test_a_schedule_is_known_though_it_is_not_kept_strictly(seed: int, first: Job, second: Job) -> None:
    cards = lag_cards(sessions_of(weeks(seed, {"ledger backup": first, "ledger rotation": second}, sessions=90)))
    assert cards
    assert all("- schedule: " in card.body for card in cards)


def test_what_comes_at_the_same_minutes_of_other_hours_is_said_with_its_share() -> None:
    jobs = {"ledger backup": job(3600, 300, share=0.5), "ledger rotation": job(3600, 720, jitter=600)}
    [card] = [card for card in lag_cards(sessions_of(weeks(1, jobs))) if card.title.startswith("ledger backup")]
    assert "- schedule: at the same minutes of other hours ledger rotation comes " in card.body


def following(rng: random.Random, events: Sequence[Shown], lead: str) -> list[Shown]:
    """The events, with an alert three minutes after most of the leads."""
    after = [at + timedelta(seconds=rng.gauss(180, 9)) for at, what in events if what == lead and rng.random() < 0.85]
    return sorted([*events, *((at, "queue alert") for at in after)])


def test_what_follows_at_any_time_is_no_schedule_though_both_are_looked_for_at_nine_only() -> None:
    rng = random.Random(3)
    result: list[Gathered] = []
    for n in range(30):
        start = datetime(2026, 11, 1, 8, 0, tzinfo=UTC) + timedelta(days=n)
        surges = [(start + timedelta(seconds=rng.randrange(4000)), "ledger surge") for _ in range(2)]
        log = "\n".join(f"{at:%Y-%m-%dT%H:%M:%SZ} {what}" for at, what in following(rng, surges, "ledger surge"))
        result.append(session(n, [bash("logs", log)]))
    [title] = proposed(result)
    assert title.startswith("queue alert follows ledger surge")


def test_what_follows_a_job_that_seldom_runs_is_found_beside_jobs_that_keep_to_the_clock() -> None:
    rng = random.Random(3)
    jobs = {"ledger surge": job(3600, 0, jitter=3600, share=0.6), "pruned": job(900, 60), "scaled": job(900, 400)}
    sessions = sessions_of([following(rng, events, "ledger surge") for events in weeks(7, jobs)], aged=("pruned",))
    [title] = proposed(sessions)
    assert title.startswith("queue alert follows ledger surge after about 3.0 min")
