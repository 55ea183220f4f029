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
    assert "Give --older-than, --keep or both" in line.refused("prune")
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
    assert line.said("prune", "--keep", "1", "--dry-run").splitlines() == [
        "The contents of 1 old version would go; their history stays:",
        "  /memories/a.md version 1",
    ]
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


def test_a_store_says_itself_what_pruning_lets_go(line: CommandLine) -> None:
    assert "keeps     every version, for ever" in line.said("store", "show", "memories")
    line.run("store", "create", "other")
    for store, text in (("memories", SECRET), ("other", "kept")):
        line.put(f"/{store}/b.md", text)
        line.put(f"/{store}/b.md", "two\n", "--expected-version", "2" if store == "memories" else "1")
    line.run("store", "set", "memories", "--keep-versions", "1", "--keep-days", "3")
    assert "every version for 3 days, and the newest 1 version of each file longer" in line.said(
        "store", "show", "memories"
    )
    assert line.json("prune", "--dry-run")["copies"] == []
    line.run("store", "set", "memories", "--keep-days", "0")
    shown = line.json("store", "show", "memories")
    assert (shown["keep_days"], shown["keep_versions"]) == (None, 1)
    assert [copy["where"] for copy in line.json("prune", "--dry-run")["copies"]] == ["/memories/b.md version 2"]
    line.run("prune", "--yes")
    assert line.said("cat", "/other/b.md", "--version", "1") == "kept"
    assert "keeps all versions for ever" in line.refused("prune", "--store", "other")
    assert "between 1 and 36,500" in line.refused("store", "set", "other", "--keep-days", "36501")


def test_what_two_stores_both_let_go_goes(line: CommandLine) -> None:
    line.run("store", "create", "other", "--keep-versions", "1")
    line.put("/other/a.md", line.said("cat", "/memories/a.md"))
    line.put("/other/a.md", "two\n", "--expected-version", "1")
    line.put("/memories/a.md", "two\n", "--expected-version", "1")
    assert line.json("prune", "--dry-run")["copies"] == []
    line.run("store", "set", "memories", "--keep-versions", "1")
    assert len(line.json("prune", "--dry-run")["copies"]) == 2


def test_pruning_keeps_what_a_fork_may_be_merged_against(line: CommandLine) -> None:
    lines = "".join(f"{n}\n" for n in range(9))
    line.put("/memories/b.md", "older\n")
    line.put("/memories/b.md", lines, "--expected-version", "2")
    line.run("store", "fork", "memories", "trial")
    line.run("store", "fork", "trial", "second")
    line.put("/memories/b.md", f"first\n{lines}", "--expected-version", "3")
    line.put("/second/b.md", f"{lines}last\n", "--expected-version", "3")
    plan = line.json("prune", "--keep", "1", "--dry-run")
    assert [copy["where"] for copy in plan["copies"]] == ["/memories/b.md version 2"]
    assert [copy["where"] for copy in plan["spared"]] == ["/memories/b.md version 3"]
    said = line.said("prune", "--keep", "1", "--yes")
    assert "a fork or a proposal may still be merged against them:\n  /memories/b.md version 3" in said
    line.run("store", "merge", "second", "memories")
    assert line.said("cat", "/memories/b.md") == f"first\n{lines}last\n"


def test_a_rename_is_taken_back_although_the_content_is_gone(line: CommandLine) -> None:
    line.put("/memories/b.md", "pruned\n", "--session", "s-1")
    for name in "ab":
        line.run("mv", f"/memories/{name}.md", f"/memories/{name}/moved.md", "--session", "s-2")
    line.put("/memories/b/moved.md", "newer\n", "--expected-version", "4", "--session", "s-3")
    line.run("redact", "/memories/a/moved.md", "--all", "--yes")
    line.run("prune", "--keep", "1", "--yes")
    assert line.json("revert", "--session", "s-2", "--dry-run")["blocked"] == []
    line.run("revert", "--session", "s-2")
    assert line.said("cat", "/memories/a.md") == "[redacted]\n"
    assert line.said("cat", "/memories/b.md") == "newer\n"
    assert not on_disk(line)


def test_a_text_that_is_gone_is_not_taken_back(line: CommandLine) -> None:
    line.put("/memories/a.md", "two\n", "--expected-version", "1", "--session", "s-2")
    line.run("redact", "/memories/a.md", "--version", "1", "--yes")
    assert "is gone for good" in line.refused("revert", "--session", "s-2")
    assert line.said("cat", "/memories/a.md") == "two\n"
