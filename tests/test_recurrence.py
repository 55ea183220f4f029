"""After a rule was accepted it is measured whether its error still occurs, among sessions that read it and others."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dreamfs_server.dream.curators.embedded import curate
from dreamfs_server.dream.evidence import mine
from dreamfs_server.dream.evidence.errors.recurrence import says, verdict
from dreamfs_server.dream.evidence.errors.signature import mask
from dreamfs_server.dream.job import Job, embedded
from dreamfs_server.dream.material import AcceptedRule, Gathered, Material
from dreamfs_server.dream.measure import measure
from dreamfs_server.dream.review import decide
from dreamfs_server.dream.service import DreamService
from dreamfs_tools.dream_measures import newest_measures
from dreamfs_tools.dream_pages import report
from dreamfs_tools.dream_shape import dream_document
from dreamfs_tools.dreaming import Card, DreamRequest, Review
from dreamfs_tools.filesystem import AccessNote, Author, Planned, Put
from mined_sessions import Call, session
from recurring_error import ERROR, recurring_error
from sqlite_world import opened

RULE = AcceptedRule(
    "d-1",
    2,
    ERROR.removeprefix("<tool_use_error>").removesuffix("</tool_use_error>"),
    ["edits.md"],
    7,
    datetime(2026, 11, 3, tzinfo=UTC),
)
FAILS: Call = ("Edit", {"file_path": "/repo/a.py"}, ERROR, True)
WORKS: Call = ("Edit", {"file_path": "/repo/a.py"}, "done", False)


def sessions(first: int, count: int, failing: int, day: int = 10) -> Iterator[Gathered]:
    for number in range(count):
        yield session(first + number, [FAILS if number < failing else WORKS], day=day)


def read(number: int, version: int = 7, minutes: int = -1, path: str = "edits.md") -> AccessNote:
    at = datetime(2026, 11, 11, 9, tzinfo=UTC) + timedelta(minutes=number + minutes)
    return AccessNote("memories", path, "view", version, f"s-{number:03}", at=at)


def measured(found: list[Gathered], access: list[AccessNote]) -> Card | None:
    cards = mine(Material("memories", "/memories", RULE.at, found, access=access, accepted=[RULE]))
    return next((card for card in cards if card.miner == "recurrence"), None)


def counts(card: Card | None) -> tuple[int, int, int, int]:
    assert card is not None
    return tuple(card.data[key] for key in ("readers_with", "readers", "others_with", "others"))


def test_readers_and_others_are_counted_apart() -> None:
    found = [*sessions(1, 30, 3), *sessions(100, 40, 20)]
    card = measured(found, [read(number) for number in range(1, 31)])
    assert counts(card) == (3, 30, 20, 40)
    assert card is not None
    assert card.body == (
        "Proposal 2 of dream d-1 was accepted on 2026-11-03 as version 7. Since then `File has not been read yet. Read it "
        "first before writing to it.` occurred in 3 of 30 sessions that read it, and in 20 of 40 that did not: helps."
    )


def test_a_rule_after_which_it_got_worse_is_suggested_to_be_taken_back() -> None:
    card = measured([*sessions(1, 30, 20), *sessions(100, 30, 3)], [read(number) for number in range(1, 31)])
    assert card is not None

    assert "Consider to take it back: `dreamfs dream revert d-1 2`." in card.body


def test_sessions_before_the_acceptance_and_undated_ones_are_not_counted() -> None:
    assert measured([*sessions(1, 5, 5, day=1), *sessions(20, 5, 5, day=-1)], []) is None


@pytest.mark.parametrize(
    "note",
    [read(1, version=6), read(1, path="other.md"), replace(read(1), session="s-9"), replace(read(1), kind="miss")],
)
def test_only_the_rules_own_file_at_its_version_or_later_counts_as_read(note: AccessNote) -> None:
    assert counts(measured(list(sessions(1, 1, 1)), [note])) == (0, 0, 1, 1)


def test_an_error_before_the_rule_was_read_is_not_held_against_it() -> None:
    assert counts(measured(list(sessions(1, 1, 1)), [read(1, minutes=1)])) == (0, 1, 0, 0)
    assert counts(measured(list(sessions(1, 1, 1)), [read(1, minutes=-1)])) == (1, 1, 0, 0)


@pytest.mark.parametrize(
    ("given_counts", "said"),
    [
        ((19, 19, 100, 0), "too early to say"),
        ((100, 0, 19, 19), "too early to say"),
        ((20, 0, 20, 0), "no difference"),
        ((20, 5, 20, 5), "no difference"),
        ((20, 10, 20, 1), "worse"),
        ((20, 1, 20, 10), "helps"),
    ],
)
def test_what_the_counts_say(given_counts: tuple[int, int, int, int], said: str) -> None:
    assert verdict(*given_counts) == said


@given(st.lists(st.sampled_from(["file", "/a/b/c", "42", "'x y'", "not found:", "0x1f"]), min_size=1, max_size=6))
def test_a_signature_says_every_line_that_it_masks_and_none_that_goes_on(parts: list[str]) -> None:
    line = " ".join(parts)
    words, masked = mask(line)
    assert says(" ".join(words), words, masked)
    assert says(" ".join(masked), words, masked)
    assert not says(f"{' '.join(masked)} more", words, masked)
    assert not says("other", words, masked)


async def test_the_next_dream_and_the_report_say_what_became_of_an_accepted_rule(tmp_path: Path) -> None:
    now = datetime(2026, 11, 8, tzinfo=UTC)
    async with opened(tmp_path, now) as engine:
        for stored, events in recurring_error():
            await engine.archive.add(stored, events)
        ids = iter(("d-1", "d-2"))
        service = DreamService(Job(engine, engine.journal, mine, {"embedded": embedded(curate)}), lambda: next(ids))
        await service.start(DreamRequest("memories"))
        assert await measure(engine, "memories") == []
        done = await decide(engine, engine.journal, Review("d-1", 1, True, "user:ada", "terminal"), Author())
        path = done.changes[0].path.removeprefix("/memories/")
        for one in sessions(50, 3, 2):
            await engine.archive.add(
                one.session, [replace(event, raw_key=f"{one.root}{event.n}") for event in one.events]
            )
        engine.note(AccessNote("memories", path, "view", done.version, "s-050"))
        other = [Put("memories", "other.md", "x\n", "created")]
        await engine.write(lambda _: Planned(None, other), Author())
        [card] = await measure(engine, "memories")
        assert counts(card) == (1, 1, 1, 2)
        dream = await service.start(DreamRequest("memories"))
        cards = await engine.read(lambda snapshot: snapshot.dreams.cards("d-2"))
        assert card.body in [one.body for one in cards]
        assert "## After acceptance" in report(dream, cards, [])
        measured = await engine.read(lambda snapshot: newest_measures(snapshot, replace(dream, dream_id="d-1")))
        assert measured.page(1)[1] == card.body
        assert measured.shapes(1) == [
            {
                "signature": RULE.signature,
                "readers": 1,
                "readers_with": 1,
                "others": 2,
                "others_with": 1,
                "verdict": "too early to say",
                "measured_by": "d-2",
            }
        ]
        document = dream_document(dream, [replace(done, number=1), replace(done, number=2)], measured)
        assert [one["measured"] for one in document["proposals"]] == [measured.shapes(1), []]  # type: ignore[attr-defined]  # JSON
