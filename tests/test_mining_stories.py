"""Several names of the same moments are one story; the steps of one program are none."""

import random
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta

from dreamfs_server.dream.curators.embedded import curate
from dreamfs_server.dream.evidence import mine
from dreamfs_server.dream.evidence.lags.happenings import happenings
from dreamfs_server.dream.material import Gathered
from dreamfs_tools.dreaming import Card
from mined_sessions import bash, material, session

DAY = datetime(2026, 11, 1, 6, 0, tzinfo=UTC)
Shown = tuple[datetime, str]
STEPS = ("resolver ready", "bundle emitted", "worker forked", "report opened", "trace archived", "cache uploaded")


def log(events: Sequence[Shown]) -> str:
    return "\n".join(f"{at:%Y-%m-%dT%H:%M:%SZ} INFO {what}" for at, what in sorted(events))


def days(rng: random.Random, then: Callable[[datetime], Sequence[Shown]]) -> list[list[Shown]]:
    """For each of 24 sessions three surges with what comes of each, and unrelated restarts."""
    result: list[list[Shown]] = []
    for n in range(24):
        start = DAY + timedelta(days=n // 3, hours=4 * (n % 3))
        events: list[Shown] = [(start + timedelta(seconds=rng.randrange(10800)), "mailer restarted")]
        for at in (start + timedelta(seconds=1200 + rng.randrange(2000) + 3000 * k) for k in range(3)):
            events += [(at, "ledger surge began"), *then(at)]
        result.append(events)
    return result


def held(shown: Sequence[Sequence[Shown]]) -> list[Gathered]:
    return [session(n, [bash("logs", log(events))], day=n // 3) for n, events in enumerate(shown)]


def apart(shown: Sequence[Sequence[Shown]]) -> list[Gathered]:
    """The surges in one answer, everything else in another."""
    return [
        session(
            n,
            [
                bash(name, log([e for e in events if ("surge" in e[1]) is led]))
                for name, led in (("a", True), ("b", False))
            ],
            day=n // 3,
        )
        for n, events in enumerate(shown)
    ]


def lag_cards(sessions: Sequence[Gathered]) -> list[Card]:
    return [card for card in mine(material(sessions)) if card.miner == "lags"]


def replicas(rng: random.Random, names: Sequence[str]) -> Callable[[datetime], Sequence[Shown]]:
    def then(at: datetime) -> Sequence[Shown]:
        if rng.random() > 0.85:
            return ()
        first = at + timedelta(seconds=rng.gauss(90, 4))
        return [(first + timedelta(seconds=n % 2), name) for n, name in enumerate(names)]

    return then


def test_alerts_of_one_moment_are_one_finding_with_a_claim_for_each_name() -> None:
    rng = random.Random(11)
    stuff = material(held(days(rng, replicas(rng, ["east pool alert", "west pool alert"]))))
    cards = mine(stuff)
    [card] = [card for card in cards if card.miner == "lags"]
    assert {claim.statistics["follow"] for claim in card.claims} == {"east pool alert", "west pool alert"}
    [proposal] = [p for p in curate(stuff, cards) if p.changes[0].path.startswith("/memories/patterns/")]
    assert len(proposal.claims) == 2
    text = proposal.changes[0].file_text
    assert "- At the same times: `" in text


def test_an_event_with_a_long_name_has_a_short_one_in_titles_and_stands_whole_once() -> None:
    rng = random.Random(11)
    name = "alert raised because the queue of the ledger grew beyond what the writers of one region drain"
    stuff = material(held(days(rng, replicas(rng, [name]))))
    [proposal] = [p for p in curate(stuff, mine(stuff)) if p.changes[0].path.startswith("/memories/patterns/")]
    text = proposal.changes[0].file_text
    assert text is not None
    [follow] = [claim.statistics["follow"] for claim in proposal.claims]
    assert len(follow) > 60
    assert text.count(follow) == 1
    assert " … follows ledger surge began" in proposal.title
    assert "Before the second:" in text


def test_what_follows_at_another_distance_is_a_finding_of_its_own() -> None:
    rng = random.Random(11)
    near = replicas(rng, ["east pool alert"])
    cards = lag_cards(
        held(
            days(
                rng,
                lambda at: [
                    *(n := near(at)),
                    *((t + timedelta(seconds=rng.gauss(600, 9)), "pager woke") for t, _ in n),
                ],
            )
        )
    )
    direct = {
        (c.claims[0].statistics["lead"], c.claims[0].statistics["follow"]) for c in cards if "chain" not in c.body
    }
    assert direct == {("ledger surge began", "east pool alert"), ("east pool alert", "pager woke")}


def test_the_steps_of_one_program_are_named_a_sequence_and_not_proposed() -> None:
    rng = random.Random(11)
    stuff = material(held(days(rng, replicas(rng, STEPS))))
    cards = mine(stuff)
    [card] = [card for card in cards if card.miner == "lags"]
    assert "- sequence: 7 kinds of lines of one output come in this order" in card.body
    assert card.claims[0].statistics["notes"].startswith("sequence")
    assert curate(stuff, cards) == []


def test_as_many_names_from_different_outputs_are_no_sequence() -> None:
    rng = random.Random(11)
    stuff = material(apart(days(rng, replicas(rng, STEPS))))
    cards = mine(stuff)
    [card] = [card for card in cards if card.miner == "lags"]
    assert "sequence" not in card.body
    assert len(curate(stuff, cards)) == 1


def test_the_log_of_a_ci_job_shows_no_events() -> None:
    line = "build\tRun the tests\t2026-11-01T10:00:00.1234567Z pool exhausted"
    plain = "2026-11-01T10:00:00.1234567Z pool exhausted"
    assert happenings(session(1, [bash("gh run view 7 --log", line)], day=0))[0] == []
    assert [one.type for one in happenings(session(1, [bash("logs", plain)], day=0))[0]] == ["pool exhausted"]


def test_a_story_is_the_same_whatever_the_order_of_sessions() -> None:
    rng = random.Random(11)
    sessions = held(days(rng, replicas(rng, ["east pool alert", "west pool alert"])))
    assert lag_cards(list(reversed(sessions))) == lag_cards(sessions)
