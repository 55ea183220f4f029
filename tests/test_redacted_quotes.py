"""Redacting whole versions finds what was quoted of them, line by line, and takes or leaves it as it is told."""

import json
from pathlib import Path
from typing import Any

import pytest

from command_line import CommandLine
from dreamfs_tools.needle import Needle
from dreamfs_tools.sought import LINE_CHARACTERS_MIN, Sought, lines_count, telling_lines

KEY = "the safe opens with 31-7-44"
DOOR = "the back door has the code 9931"
COMMON = "# What the night shift has to know"
FILE = f"{COMMON}\n\n- {KEY}\n- {DOOR}\n"


@pytest.fixture
def dreamfs(tmp_path: Path) -> CommandLine:
    """Version 2 of /memories/a.md has two lines that no other version of it has; others quote them."""
    dreamfs = CommandLine(tmp_path / "memory.db")
    dreamfs.put("/memories/a.md", f"{COMMON}\n")
    dreamfs.put("/memories/a.md", FILE, "--expected-version", "1")
    dreamfs.put("/memories/a.md", f"{COMMON}\nNothing.\n", "--expected-version", "2")
    dreamfs.put("/memories/b.md", f"{COMMON}\nSomebody said: {KEY}!\n")
    dreamfs.put("/memories/c.md", f"1. {DOOR}\n", "-m", f"from a.md: {DOOR}")
    log = tmp_path / "log.json"
    said = [
        {"role": "user", "content": f"What opens it?\nI know that {KEY}."},
        {"role": "assistant", "content": "Yes."},
    ]
    log.write_text(json.dumps(said))
    dreamfs.run("transcripts", "import", str(log))
    return dreamfs


def places(found: list[dict[str, Any]]) -> list[tuple[str, int]]:
    return [(f"{copy['kind']} {copy['where']}", copy["lines"]) for copy in found]


def on_disk(dreamfs: CommandLine, text: str) -> bool:
    return any(text.encode() in path.read_bytes() for path in dreamfs.database.parent.glob("memory.db*"))


def redact(dreamfs: CommandLine, *words: str) -> Any:
    return dreamfs.json("redact", "/memories/a.md", "--version", "2", *words)


def test_every_place_with_a_line_of_it_is_listed(dreamfs: CommandLine) -> None:
    planned = redact(dreamfs, "--dry-run")
    (session,) = [copy for copy in planned["copies"] if copy["kind"] == "transcript"]
    assert session["where"].startswith("/transcripts/")
    assert session["where"].endswith(" line 3")
    assert [place for place in places(planned["copies"]) if not place[0].startswith("transcript")] == [
        ("version /memories/a.md version 2", 0),
        ("version /memories/b.md version 4, live", 1),
        ("version /memories/c.md version 5, live", 1),
        ("message /memories version 5", 1),
    ]
    assert planned["lines_kept"] == 1, "the heading, which versions 1 and 3 have too"
    said = dreamfs.said("redact", "/memories/a.md", "--version", "2", "--dry-run")
    assert said.startswith("1 copy:\n  version: /memories/a.md version 2\n4 places with lines of it:\n")
    assert "  version: /memories/b.md version 4, live (1 line)\n" in said
    assert "1 line of it, short or in versions that stay too: looked for only with --text.\n" in said


def test_without_a_word_about_them_nothing_is_changed(dreamfs: CommandLine) -> None:
    refused = dreamfs.refused("redact", "/memories/a.md", "--version", "2", "--yes")
    assert "4 copies outside the history of /memories/a.md would be left. Nothing was changed." in refused
    assert (
        "with --take PLACE those at a place; lines that stand there for themselves stay with --leave PLACE" in refused
    )
    assert "  version: /memories/b.md version 4, live (1 line)" in refused
    assert dreamfs.said("cat", "/memories/a.md", "--version", "2") == FILE


def test_everywhere_takes_the_lines_and_leaves_what_is_around_them(dreamfs: CommandLine) -> None:
    done = redact(dreamfs, "--everywhere", "--yes")
    assert (done["status"], done["left"], done["versions"]) == ("erased", [], {"memories": 6})
    assert dreamfs.said("cat", "/memories/b.md") == f"{COMMON}\nSomebody said: [redacted]!\n"
    assert dreamfs.said("cat", "/memories/c.md") == "1. [redacted]\n"
    (session,) = dreamfs.json("transcripts", "list")
    assert "I know that [redacted]." in dreamfs.said("transcripts", "show", session["session_id"])
    assert [row["message"] for row in dreamfs.json("log", "/memories/c.md")][1] == "from a.md: [redacted]"
    assert not on_disk(dreamfs, KEY)
    assert not on_disk(dreamfs, DOOR)
    assert on_disk(dreamfs, COMMON)
    assert "everything is as it was written" in dreamfs.said("doctor", "--verify")


def test_places_can_be_taken_and_left_by_name(dreamfs: CommandLine) -> None:
    done = redact(dreamfs, "--take", "/transcripts", "--take", "/memories/b.md", "--leave", "/memories", "--yes")
    assert places(done["left"]) == [
        ("version /memories/b.md version 4, live", 1),
        ("version /memories/c.md version 5, live", 1),
        ("message /memories version 5", 1),
    ]
    assert done["status"] == "erased", "what was left on purpose is no remnant"
    assert KEY in dreamfs.said("cat", "/memories/b.md")
    assert DOOR in dreamfs.said("cat", "/memories/c.md")
    (session,) = dreamfs.json("transcripts", "list")
    assert KEY not in dreamfs.said("transcripts", "show", session["session_id"])
    assert "version 2 was redacted" in dreamfs.refused("cat", "/memories/a.md", "--version", "2")


def test_what_is_named_neither_way_stands_in_the_way(dreamfs: CommandLine) -> None:
    refused = dreamfs.refused("redact", "/memories/a.md", "--version", "2", "--yes", "--leave", "/memories/c.md")
    _, _, refusal = refused.partition("3 copies outside the history of /memories/a.md would be left.")
    assert "version: /memories/b.md version 4, live (1 line)" in refusal
    assert "c.md" not in refusal
    assert "message: /memories version 5 (1 line)" in refusal
    said = dreamfs.run("redact", "/memories/a.md", "--version", "2", "--yes", "--leave", "/").stderr
    assert "Lines of it that stay where they are, as --leave says:\n" in said


def test_the_same_text_at_two_places_is_left_at_both_or_at_neither(dreamfs: CommandLine) -> None:
    dreamfs.put("/memories/d.md", f"1. {DOOR}\n")
    refused = dreamfs.refused(
        "redact", "/memories/a.md", "--version", "2", "--everywhere", "--yes", "--leave", "/memories/d.md"
    )
    assert "/memories/d.md version 6, live and /memories/c.md version 5, live are the same text" in refused
    redact(dreamfs, "--everywhere", "--yes", "--leave", "/memories/c.md", "--leave", "/memories/d.md")
    assert dreamfs.said("cat", "/memories/d.md") == f"1. {DOOR}\n"


def test_the_whole_of_it_cannot_be_left(dreamfs: CommandLine) -> None:
    dreamfs.put("/memories/e.md", f"before\n{FILE}after\n")
    refused = dreamfs.refused("redact", "/memories/a.md", "--version", "2", "--yes", "--leave", "/")
    assert "1 copy outside the history" in refused
    assert "version: /memories/e.md version 6, live" in refused
    assert "--leave is for lines" in dreamfs.refused("redact", "/", "--text", KEY, "--leave", "/", code=2)


def test_a_line_that_is_long_enough_and_in_no_text_that_stays_tells() -> None:
    edge, short = "e" * LINE_CHARACTERS_MIN, "s" * (LINE_CHARACTERS_MIN - 1)
    going = [f"  - {edge}\n* {short}\n> {KEY}\n", f"{COMMON}\n{KEY}\n"]
    assert telling_lines(going, []) == [COMMON.removeprefix("# "), KEY, edge]
    assert telling_lines(going, [f"x {KEY} y", f"{COMMON}\n"]) == [edge]
    assert lines_count(going) == 4


def test_lines_are_found_in_the_forms_that_quotes_have() -> None:
    line = 'say "open" to the guard at noon'
    sought = Sought([], [Needle(line), Needle(KEY)])
    for quote in (
        f"+- {line}",
        f"    12\t{line}",
        json.dumps({"a": line}),
        json.dumps(json.dumps([line])),
        f"> {line}\n",
    ):
        assert sought.lines_in(quote) == 1
        assert "[redacted]" in sought.replaced(quote)
        assert "guard" not in sought.replaced(quote)
        assert sought.replaced(quote, lines=False) == quote
    assert sought.lines_in(f"{line}\n", KEY) == 2
    assert sought.lines_in("say nothing") is None
    assert sought.spots(f"a\n{KEY}\n{KEY} {line}\n") == [(1, 1), (2, 2)]


def test_thousands_of_lines_are_looked_for_at_once() -> None:
    lines = [f"line number {number} of a long file, said in many words" for number in range(3_000)]
    sought = Sought([], [Needle(line) for line in lines])
    assert sought.lines_in("\n".join(["nothing of it"] * 10_000)) is None
    assert sought.lines_in(f"quoted: {lines[2_999]}.") == 1
