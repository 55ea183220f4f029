"""`dreamfs revert` shows first, then does, and its answers read well."""

import re
from pathlib import Path

import pytest

from terminal import Terminal


@pytest.fixture
def terminal(tmp_path: Path) -> Terminal:
    terminal = Terminal(tmp_path / "memory.db")
    terminal.put("/memories/a.md", "one\ntwo\nthree\n", "s-1")
    terminal.put("/memories/a.md", "one\nzwei\nthree\n", "s-2", "in German")
    terminal.run("mv", "/memories/a.md", "/memories/b.md", "--session", "s-2")
    return terminal


def test_a_dry_run_lists_the_changes_and_shows_the_whole_difference(terminal: Terminal) -> None:
    said = terminal.says("revert", "--session", "s-2", "--dry-run")
    assert re.sub(r"\d{4}-\d\d-\d\d \d\d:\d\d", "2026-11-22 12:00", said) == (
        "2 changes fit: what session s-2 did.\n"
        "version  when              who          did       lines  path                             why\n"
        "      3  2026-11-22 12:00  session s-2  renamed   +0 −0  /memories/a.md → /memories/b.md\n"
        "      2  2026-11-22 12:00  session s-2  modified  +1 −1  /memories/a.md                   in German\n"
        "\n"
        "Reverting would change 1 file:\n"
        "\n"
        "rename from /memories/b.md\n"
        "rename to /memories/a.md\n"
        "--- /memories/b.md\n"
        "+++ /memories/a.md\n"
        "@@ -1,3 +1,3 @@\n"
        " one\n"
        "-zwei\n"
        "+two\n"
        " three\n"
    )
    assert terminal.json("log")[0]["version"] == 3


def test_a_revert_says_what_it_did_and_why_is_kept(terminal: Terminal) -> None:
    said = terminal.says("revert", "/memories/b.md", "--session", "s-2", "-m", "not our language")
    assert said.splitlines()[:2] == [
        "Took back what session s-2 did in /memories/b.md: 2 changes, now undone in 1 file.",
        "  renamed /memories/b.md back to /memories/a.md, with its text of then",
    ]
    newest = terminal.json("log")[0]
    assert (newest["version"], newest["message"], newest["path"]) == (4, "not our language", "/memories/a.md")
    again = terminal.json("revert", "--version", "4")
    assert (again["versions"], again["blocked"]) == ({"memories": 5}, [])
    assert terminal.says("cat", "/memories/b.md") == "one\nzwei\nthree\n"


def test_what_stands_in_the_way_is_shown_before_and_refused_after(terminal: Terminal) -> None:
    terminal.put("/memories/b.md", "one\ndeux\nthree\n", "s-3")
    dry = terminal.says("revert", "--session", "s-2", "--dry-run")
    assert "\nIt is refused as it stands: 1 file in the way.\n\n/memories/b.md: others changed the same lines" in dry
    (blocked,) = terminal.json("revert", "--session", "s-2", "--dry-run")["blocked"]
    assert blocked["overlaps"] == [{"lines": [2, 2], "now": "deux\n", "then": "two\n"}]
    assert terminal.refuses("revert", "--session", "s-2").startswith(
        "dreamfs: 1 file cannot be taken back, and nothing"
    )
    assert terminal.json("revert", "--session", "s-2", code=1)["error"]["code"] == "conflict"


@pytest.mark.parametrize(
    "words", [[], ["--version", "0"], ["--version", "5..3"], ["--version", "x"], ["/memories", "--store", "memories"]]
)
def test_what_says_nothing_to_take_back_is_a_usage_error(terminal: Terminal, words: list[str]) -> None:
    assert terminal.run("revert", *words, code=2).stderr.startswith("Usage: dreamfs revert")
