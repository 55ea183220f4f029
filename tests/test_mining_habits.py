"""Loops, what people keep asking for, recommended commands, and what the access log says."""

from dataclasses import replace

from dreamfs_server.dream.curators.embedded import curate
from dreamfs_server.dream.evidence import mine
from dreamfs_server.dream.material import Gathered, Material, Memory
from dreamfs_tools.dreaming import Card
from dreamfs_tools.filesystem import AccessNote
from mined_sessions import Call, bash, material, memory, session, talk


def cards(stuff: Material, miner: str) -> list[Card]:
    return [card for card in mine(stuff) if card.miner == miner]


def test_the_same_call_again_and_again_is_a_loop_with_its_cost() -> None:
    sessions = [session(n, [bash("make migrate", "Error: the lock is held", failed=True)] * 4) for n in range(3)]
    [card] = cards(material(sessions), "retries")
    assert (
        card.body == "`make migrate` failed again and again: 3 loops, 9 calls after the first, in 3 sessions on 3 days."
    )


def test_different_calls_and_changing_answers_are_no_loop() -> None:
    polling: list[list[Call]] = [[bash("kubectl get pods", f"{n} ready") for n in range(5)] for _ in range(3)]
    reading: list[list[Call]] = [
        [("Read", {"file_path": f"/src/{n}.py"}, "text", False) for n in range(5)] for _ in range(3)
    ]
    sessions = [session(n, calls) for n, calls in enumerate([*polling, *reading])]
    assert cards(material(sessions), "retries") == []


def told(number: int, sentence: str, *, day: int | None = None) -> Gathered:
    return talk(number, [("user", "Fix the parser."), ("assistant", "Done."), ("user", sentence)], day=day)


def test_what_people_ask_for_in_three_sessions_is_written_down_in_their_words() -> None:
    said = [
        "Use pnpm instead of npm here.",
        "No, use pnpm instead of npm here!",
        "Please use pnpm instead of npm here.",
    ]
    stuff = material([told(n, sentence) for n, sentence in enumerate(said)])
    [proposal] = curate(stuff, mine(stuff))
    [change] = proposal.changes
    assert change.path == "/memories/preferences.md"
    assert "- “Use pnpm instead of npm here.” (3 sessions on 3 days)" in change.file_text
    assert [quote.quote for quote in proposal.claims[0].evidence] == said
    accepted = memory("preferences.md", change.file_text, 5)
    again = replace(stuff, memories=[accepted])
    assert curate(again, mine(again)) == []


def test_what_people_ask_for_in_other_words_is_one_wish() -> None:
    said = [
        "I told you: pnpm, not npm!",
        "We use pnpm here, don't use npm.",
        "Never install with npm, we have pnpm.",
        "Use pnpm rather than npm please.",
        "Use npm, not pnpm, in the legacy folder.",
        "Keep lines of the README below 80 characters.",
        "Keep lines of the README below 100 characters.",
        "Keep lines of the README below 120 characters.",
    ]
    stuff = material([told(n, sentence) for n, sentence in enumerate(said)])
    [card] = cards(stuff, "corrections")
    assert [quote.quote for quote in card.claims[0].evidence] == said[:4]
    assert card.data["said"] == "Use pnpm rather than npm please."


def test_a_wish_of_one_day_is_a_hypothesis_and_a_task_is_no_wish() -> None:
    stuff = material([told(n, "Use pnpm instead of npm here.", day=1) for n in range(4)])
    [card] = cards(stuff, "corrections")
    assert card.claims[0].kind == "hypothesis"
    assert curate(stuff, mine(stuff)) == []
    tasks = [talk(n, [("user", "Use pnpm instead of npm here."), ("assistant", "Done.")]) for n in range(4)]
    assert cards(material(tasks), "corrections") == []


def ran(number: int, *, failed: bool) -> Gathered:
    return session(number, [bash("make deploy ENV=staging", "Error: gone" if failed else "ok", failed=failed)])


def note() -> Memory:
    return memory("deploy.md", "# Deploy\n\nRun `make deploy ENV=staging` and wait.\n", 1)


def test_a_recommended_command_that_worked_since_is_confirmed_without_a_change() -> None:
    stuff = material([ran(n, failed=False) for n in range(2, 6)], [note()])
    [card] = cards(stuff, "facts")
    assert "worked every time since it was written: 4 sessions on 4 days" in card.body
    assert curate(stuff, mine(stuff)) == []


def test_a_recommended_command_that_failed_every_time_since_is_marked() -> None:
    stuff = material([ran(n, failed=True) for n in range(2, 6)], [note()])
    [proposal] = [p for p in curate(stuff, mine(stuff)) if p.changes[0].path == "/memories/deploy.md"]
    assert "`make deploy ENV=staging` (failed in all 4 sessions that ran it up to 2026-11-06) and wait." in (
        proposal.changes[0].file_text
    )


def test_what_was_seen_before_the_memory_was_written_says_nothing_of_it() -> None:
    assert cards(
        material([ran(n, failed=True) for n in range(4)], [replace(note(), revised_at=None, version=1)]), "facts"
    )
    late = replace(note(), revised_at=memory("x.md", "", 20).revised_at)
    assert cards(material([ran(n, failed=True) for n in range(4)], [late]), "facts") == []


def test_unread_memories_and_searches_without_an_answer_are_shown() -> None:
    notes = [AccessNote("memories", "a.md", "view", 1, f"s-{n}") for n in range(20)]
    notes += [AccessNote("memories", "", "miss", 1, f"s-{n}", "gateway timeout") for n in range(3)]
    memories = [memory("a.md", "# A\n\nText.\n"), memory("b.md", "# B\n\nText.\n")]
    found = cards(replace(material(memories=memories), access=notes), "access")
    bodies = sorted(card.body for card in found)
    assert bodies == [
        "- `gateway timeout`: 3 sessions",
        "1 of 2 memories were read by none of 20 sessions.\n- `/memories/b.md`",
    ]


def test_without_an_access_log_nothing_is_said_to_be_unread() -> None:
    assert cards(material(memories=[memory("a.md", "# A\n\nText.\n")]), "access") == []
