"""Duplicates and conflicts of memories: merged only where nothing is lost."""

import pytest

from dreamfs_server.dream.evidence import mine
from dreamfs_server.dream.material import Memory
from dreamfs_tools.dreaming import Card
from mined_sessions import material, memory

ALERT = "# CPU alert\n- The CPU alert fires at 90 % for 5 min.\n- Page the gateway team, not the API team.\n- See /runbooks/cpu.md\n"


def cards(*memories: Memory, miner: str = "duplicates") -> list[Card]:
    return [card for card in mine(material(memories=memories)) if card.miner == miner]


@pytest.mark.parametrize(
    "other",
    [
        ALERT,
        ALERT.replace("- ", "* ").upper().lower().replace("cpu alert", "CPU alert").replace("api", "API"),
        "# CPU alert\n\n1. CPU alert fires at 90 % for 5 min\n2. page the **gateway** team, not the API team\n3. See `/runbooks/cpu.md`.\n",
    ],
    ids=["equal", "case", "layout"],
)
def test_a_memory_that_says_nothing_new_is_a_duplicate(other: str) -> None:
    [card] = cards(memory("a.md", ALERT, 1), memory("b.md", other, 2))
    assert (card.data["keep"], card.data["retire"]) == ("/memories/a.md", ["/memories/b.md"])


def test_two_lines_of_a_longer_note_may_be_a_note_of_their_own() -> None:
    part = "# CPU alert\n- The CPU alert fires at 90 % for 5 min.\n- See /runbooks/cpu.md\n"
    assert cards(memory("a.md", ALERT, 1), memory("b.md", part, 2)) == []


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("90 %", "95 %"),
        ("/runbooks/cpu.md", "/runbooks/gpu.md"),
        (", not the API", ", and the API"),
        ("gateway", "database"),
        ("5 min", "5 h"),
        ("CPU alert fires", "alert CPU fires"),
    ],
)
def test_a_difference_in_a_telling_word_forbids_a_merge(old: str, new: str) -> None:
    assert cards(memory("a.md", ALERT, 1), memory("b.md", ALERT.replace(old, new), 2)) == []


def test_five_equal_notes_become_one() -> None:
    [card] = cards(*(memory(f"n{i}.md", ALERT, i + 1) for i in range(5)))
    assert card.data["keep"] == "/memories/n0.md"
    assert len(card.data["retire"]) == 4


def test_a_note_with_more_is_kept_over_an_older_one_with_less() -> None:
    longer = ALERT + "- It recovers by itself after 12 min.\n"
    [card] = cards(memory("a.md", ALERT, 1), memory("b.md", longer, 2))
    assert (card.data["keep"], card.data["retire"]) == ("/memories/b.md", ["/memories/a.md"])


def test_of_equal_notes_of_one_version_the_one_with_the_shorter_name_is_kept() -> None:
    text = "# Escalation\n\n- Call the duty manager within 10 minutes of a SEV1.\n- Post in the channel for a SEV2.\n"
    [card] = cards(*(memory(name, text) for name in ("escalation-copy.md", "escalation.md")))
    assert card.data["retire"] == ["/memories/escalation-copy.md"]


def test_pinned_notes_are_kept_and_archived_ones_left_alone() -> None:
    assert cards(memory("a.md", ALERT, 1), memory("archive/a.md", ALERT, 2)) == []
    [card] = cards(memory("a.md", ALERT, 1), memory("b.md", ALERT, 2, pinned=True))
    assert card.data["keep"] == "/memories/b.md"


def test_a_line_said_twice_in_one_section_is_found_and_in_two_sections_is_not() -> None:
    line = "- Restart the ingest worker after a schema change.\n"
    [card] = cards(memory("a.md", f"# Ingest\n{line}- Other things matter too here.\n{line}", 1))
    assert card.data["kind"] == "lines"
    assert cards(memory("a.md", f"# Staging\n{line}# Production\n{line}", 1)) == []


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ("The staging database listens on port 5432.", "The staging database listens on port 5433."),
        ("The gateway does retry failed requests.", "The gateway does not retry failed requests."),
        ("Deploy scripts are in /srv/deploy today", "Deploy scripts are in /opt/deploy today"),
    ],
)
def test_statements_that_differ_in_one_value_or_a_negation_are_a_conflict(a: str, b: str) -> None:
    [card] = cards(memory("a.md", f"# A\n- {a}\n", 1), memory("b.md", f"# A\n- {b}\n", 2), miner="conflicts")
    assert [quote.quote for quote in card.claims[0].evidence] == [f"- {a}", f"- {b}"]


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ("The staging database listens on port 5432.", "The production database listens on port 5433."),
        ("The staging database listens on port 5432.", "The staging database listens on port 5432."),
        ("Service api-1 is owned by the core team.", "Service api-2 is owned by the core team."),
    ],
)
def test_statements_of_different_subjects_are_no_conflict(a: str, b: str) -> None:
    assert cards(memory("a.md", f"- {a}\n", 1), memory("b.md", f"- {b}\n", 2), miner="conflicts") == []
