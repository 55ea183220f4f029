"""`dreamfs pin` as a person runs it, and what agents are told of it."""

from pathlib import Path

import pytest

from command_line import CommandLine
from stdio_process import StdioProcess


@pytest.fixture
def line(tmp_path: Path) -> CommandLine:
    line = CommandLine(tmp_path / "memory.db")
    line.put("/memories/rules.md", "Never deploy on Friday.\n")
    line.put("/memories/other.md", "Not pinned.\n")
    return line


def test_what_is_pinned_is_told_to_who_connects_and_marked_where_it_is_listed(line: CommandLine) -> None:
    assert line.said("pin", "/memories/rules.md") == "/memories/rules.md is pinned.\n"
    assert line.said("pin", "/memories/rules.md") == "/memories/rules.md is pinned already.\n"

    [pin] = line.json("pin")
    assert pin["path"] == "/memories/rules.md"
    assert pin["pinned_by"].startswith("user:")
    assert pin["pinned_at"]
    assert "/memories/rules.md (pinned)" in line.said("ls", "/memories")
    assert [entry.get("pinned", False) for entry in line.json("ls", "/memories")] == [False, True]
    with StdioProcess(["-m", "dreamfs_server", "--db", str(line.database)]) as server:
        instructions = server.open()["result"]["instructions"]
        listed = server.call("list", {"path": "/memories"})["content"][0]["text"]
    assert "Pinned by a person." in instructions
    assert "Never deploy on Friday." in instructions
    assert "Not pinned." not in instructions
    assert [row.endswith(" · pinned") for row in listed.splitlines()[:2]] == [False, True]


def test_a_pin_moves_no_version_and_outlives_edits_and_renames(line: CommandLine) -> None:
    line.run("pin", "/memories/rules.md")
    assert [row["version"] for row in line.json("log", "/memories/rules.md")] == [1]

    line.put("/memories/rules.md", "Never deploy on Friday or Monday.\n", "--expected-version", "1")
    line.run("mv", "/memories/rules.md", "/memories/law.md")

    assert [pin["path"] for pin in line.json("pin")] == ["/memories/law.md"]
    line.run("rm", "/memories/law.md")
    assert line.json("pin") == []


def test_what_is_taken_off_is_no_longer_pinned(line: CommandLine) -> None:
    line.run("pin", "/memories/rules.md")
    assert line.said("pin", "/memories/rules.md", "--off") == "/memories/rules.md is not pinned.\n"
    assert line.json("pin") == []


def test_what_cannot_be_pinned_is_refused_in_a_sentence(line: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "There is no file /memories/none.md; only a file can be pinned." in line.refused("pin", "/memories/none.md")
    assert "/ is no file of a store" in line.refused("pin", "/")
    monkeypatch.setenv("CLAUDECODE", "1")
    assert "A person decides about what every agent is told, and this is an agent's shell." in line.refused(
        "pin", "/memories/rules.md"
    )


def test_more_than_agents_are_told_is_said(line: CommandLine) -> None:
    line.put("/memories/long.md", "x" * 2_000)
    warned = line.run("pin", "/memories/long.md")
    line.run("pin", "/memories/rules.md")
    assert "All that is pinned has 2,024 characters" in line.run("pin", "/memories/rules.md").stderr
    assert warned.stderr == ""
