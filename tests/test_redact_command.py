"""`dreamfs redact` and `dreamfs prune` as a person runs them."""

from pathlib import Path

import pytest

from command_line import CommandLine

SECRET = "correct horse battery"


@pytest.fixture
def line(tmp_path: Path) -> CommandLine:
    line = CommandLine(tmp_path / "memory.db")
    line.put("/memories/a.md", f"login: {SECRET}\n")
    return line


def on_disk(line: CommandLine) -> bool:
    """The database is closed between commands, so that its files may be opened here."""
    return any(SECRET.encode() in path.read_bytes() for path in line.database.parent.glob("memory.db*"))


def test_a_dry_run_lists_every_copy_and_changes_nothing(line: CommandLine) -> None:
    assert line.said("redact", "/memories/a.md", "--text", SECRET, "--dry-run") == (
        "1 copy:\n"
        "  version: /memories/a.md version 1, live\n"
        "Other backups, file system snapshots, exports and the logs of clients are out of reach.\n"
    )
    assert on_disk(line)


def test_without_a_terminal_yes_has_to_be_said(line: CommandLine) -> None:
    asked = line.run("redact", "/memories/a.md", "--text", SECRET, code=1)
    assert "Nobody can be asked here. Nothing was changed. Add --yes" in asked.stderr
    assert on_disk(line)

    line.run("redact", "/memories/a.md", "--text", "-", "--yes", stdin=f"{SECRET}\n")

    assert not on_disk(line)
    assert line.said("cat", "/memories/a.md") == "login: [redacted]\n"


def test_copies_elsewhere_need_everywhere_and_backups_are_named(line: CommandLine, tmp_path: Path) -> None:
    line.run("store", "fork", "memories", "copy")
    backup = tmp_path / "kept" / "backup.db"
    backup.parent.mkdir()
    line.run("backup", str(backup))
    refused = line.run("redact", "/memories/a.md", "--version", "1", "--yes", code=1)
    assert "/copy/a.md version 1, live" in refused.stderr
    assert on_disk(line)

    said = line.json("redact", "/memories/a.md", "--version", "1", "--everywhere", "--yes", "--reason", "leaked")

    assert (said["status"], said["versions"]) == ("erased", {"memories": 2, "copy": 2})
    assert said["backups"] == [str(backup)]
    assert [copy["where"] for copy in said["copies"]] == [
        "/memories/a.md version 1, live",
        "/copy/a.md version 1, live",
    ]
    assert not on_disk(line)
    [row, first] = line.json("log", "/memories/a.md")
    assert (row["operation"], row["message"]) == ("redacted", "leaked")
    assert (first["operation"], first["sha256"]) == ("created", None)
    assert first["redacted_at"]


def test_what_was_asked_has_to_be_one_thing(line: CommandLine) -> None:
    for words in ([], ["--text", SECRET, "--all"], ["--version", "1", "--all"]):
        assert "one of --text, --version and --all" in line.run("redact", "/memories/a.md", *words, code=2).output
    assert "older-than" in line.run("prune", code=2).output
    assert "not in a store" in line.refused("redact", "/", "--all")


def test_exports_go_on_working_around_the_gap(line: CommandLine, tmp_path: Path) -> None:
    line.run("put", "/memories/a.md", "--expected-version", "1", stdin="clean\n")
    line.run("redact", "/memories/a.md", "--version", "1", "--yes")
    line.run("export", "/memories", str(tmp_path / "out"))
    line.run("export", "/memories", str(tmp_path / "history.git"), "--as", "git")
    assert (tmp_path / "out" / "a.md").read_text() == "clean\n"
    assert line.said("diff", "/memories/a.md").splitlines()[-2] == "[redacted]"


def test_pruning_says_what_goes_and_then_lets_it_go(line: CommandLine) -> None:
    line.run("put", "/memories/a.md", "--expected-version", "1", stdin="clean\n")
    assert line.said("prune", "--keep", "1", "--dry-run") == "/memories/a.md version 1\n"
    assert line.json("prune", "--keep", "1", "--yes")["status"] == "erased"
    assert not on_disk(line)
    assert line.said("cat", "/memories/a.md") == "clean\n"
    assert line.said("prune", "--keep", "1", "--yes") == "No version is to go.\n"


def test_the_history_still_verifies_after_a_redaction_and_a_pruning(line: CommandLine) -> None:
    line.run("put", "/memories/a.md", "--expected-version", "1", "-m", f"was {SECRET}", stdin="clean\n")
    line.run("put", "/memories/a.md", "--expected-version", "2", stdin="cleaner\n")
    line.run("redact", "/memories/a.md", "--text", SECRET, "--yes")
    line.run("prune", "--keep", "1", "--yes")
    assert "everything is as it was written" in line.said("doctor", "--verify")
