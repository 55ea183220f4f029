"""A history with gaps in it goes on working, and nothing that was removed for good comes back or decides a merge."""

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from command_line import CommandLine

SECRET = "the safe opens with 31-7-44"
LINES = [f"line {number} of the page\n" for number in range(1, 8)]
Redact = Callable[[CommandLine], object]


def page(**changed: str) -> str:
    """The page with some lines changed: `two="Two"` writes the second one."""
    names = ["one", "two", "three", "four", "five", "six", "seven"]
    return "".join(f"{changed[name]}\n" if name in changed else line for name, line in zip(names, LINES, strict=True))


def a_passage(dreamfs: CommandLine) -> None:
    dreamfs.run("redact", "/memories/a.md", "--text", SECRET, "--everywhere", "--yes")


def the_whole(dreamfs: CommandLine) -> None:
    dreamfs.run("redact", "/memories/a.md", "--version", "1", "--everywhere", "--yes")


def a_pruning(dreamfs: CommandLine) -> None:
    dreamfs.run("prune", "--keep", "1", "--yes")


def write(dreamfs: CommandLine, path: str, text: str, *words: str) -> None:
    there = [row for row in dreamfs.json("ls", path.rpartition("/")[0]) if row["path"] == path]
    dreamfs.put(path, text, "--expected-version", str(there[0]["version"] if there else 0), *words)


@pytest.fixture
def dreamfs(tmp_path: Path) -> CommandLine:
    """/memories and its fork /copy: version 1 has the secret in its fourth line, both sides have it no more."""
    dreamfs = CommandLine(tmp_path / "memory.db")
    dreamfs.put("/memories/a.md", page(four=SECRET), "--session", "s-1")
    dreamfs.run("store", "fork", "memories", "copy")
    write(dreamfs, "/memories/a.md", page(two="ours"), "--session", "s-2")
    write(dreamfs, "/copy/a.md", page(six="theirs"), "--session", "s-3")
    return dreamfs


@pytest.mark.parametrize("redact", [a_passage, the_whole])
def test_a_store_merge_over_a_redacted_base_is_refused_with_the_way_out(dreamfs: CommandLine, redact: Redact) -> None:
    assert "1 merged" in dreamfs.said("store", "merge", "copy", "memories", "--dry-run")
    redact(dreamfs)
    before = dreamfs.json("log")
    refused = dreamfs.refused("store", "merge", "copy", "memories")
    assert (
        "a.md: both changed it since, and the content of version 1, in which they parted, was removed for good"
        in refused
    )
    assert "Write the same text in both" in refused
    assert "Nothing was changed." in refused
    assert dreamfs.json("log") == before

    write(dreamfs, "/copy/a.md", page(two="ours", six="theirs"))
    write(dreamfs, "/memories/a.md", page(two="ours", six="theirs"))
    assert "Nothing to merge" in dreamfs.said("store", "merge", "copy", "memories")
    write(dreamfs, "/copy/a.md", page(two="ours", six="theirs", seven="new"))
    dreamfs.run("store", "merge", "copy", "memories")
    assert dreamfs.said("cat", "/memories/a.md") == page(two="ours", six="theirs", seven="new")


def test_a_side_that_only_the_redaction_changed_is_no_obstacle(tmp_path: Path) -> None:
    dreamfs = CommandLine(tmp_path / "memory.db")
    for path in ("a.md", "b.md", "c.md"):
        dreamfs.put(f"/memories/{path}", page(four=f"{path}: {SECRET}"))
    dreamfs.run("store", "fork", "memories", "copy")
    a_passage(dreamfs)
    write(dreamfs, "/copy/a.md", page(six="theirs"))
    write(dreamfs, "/memories/b.md", page(two="ours"))
    dreamfs.run("rm", "/copy/c.md")
    said = dreamfs.said("store", "merge", "copy", "memories")
    assert "1 deleted" in said
    assert dreamfs.said("cat", "/memories/a.md") == page(six="theirs")
    assert dreamfs.said("cat", "/memories/b.md") == page(two="ours")


@pytest.mark.parametrize("redact", [a_passage, the_whole, a_pruning])
def test_what_is_gone_is_restored_reverted_and_merged_by_no_way(dreamfs: CommandLine, redact: Redact) -> None:
    dreamfs.run("store", "delete", "copy", "--yes")
    redact(dreamfs)
    before = dreamfs.json("log")
    assert "was removed for good, whole or in part, and cannot be restored. Choose another version." in dreamfs.refused(
        "restore", "/memories/a.md", "1"
    )
    reverted = dreamfs.refused("revert", "--session", "s-2")
    assert "a.md: the content that it would go back to is gone for good" in reverted
    assert "Name a path or fewer versions to revert the rest, and edit or restore these by hand." in reverted
    merging = [
        "path=/memories/a.md",
        "old_str=line 7 of the page",
        "new_str=mine",
        "expected_version=1",
        "on_conflict=merge",
    ]
    assert "[refused: conflict]" in dreamfs.run("try", "str_replace", *merging, code=1).output
    assert dreamfs.json("log") == before


def test_what_leaked_is_reverted_after_its_redaction_while_nothing_was_written_since(tmp_path: Path) -> None:
    dreamfs = CommandLine(tmp_path / "memory.db")
    dreamfs.put("/memories/a.md", page())
    write(dreamfs, "/memories/a.md", page(four=SECRET), "--session", "leaky")
    a_passage(dreamfs)
    dreamfs.run("revert", "--session", "leaky")
    assert dreamfs.said("cat", "/memories/a.md") == page()


@pytest.mark.parametrize("redact", [a_passage, the_whole])
def test_everything_else_works_around_the_gap(dreamfs: CommandLine, redact: Redact, tmp_path: Path) -> None:
    redact(dreamfs)
    assert [row["version"] for row in dreamfs.json("log", "/memories/a.md")] == [2, 1]
    assert ("[redacted]" if redact is the_whole else "+ours") in dreamfs.said("diff", "/memories/a.md", "--from", "1")
    assert "ours" in dreamfs.said("blame", "/memories/a.md")
    assert dreamfs.said("grep", "ours", "/memories").startswith("/memories/a.md:2:ours")
    assert SECRET not in dreamfs.said("grep", "-i", "line", "/memories")
    dreamfs.run("store", "fork", "memories", "then", "--at", "1")
    assert dreamfs.json("ls", "/then")[0]["sha256"] is None
    write(dreamfs, "/then/b.md", "beside it\n")
    dreamfs.run("mv", "/then/a.md", "/then/moved.md")
    for words in (["out"], ["out.zip"], ["history.git", "--as", "git"]):
        dreamfs.run("export", "/memories", str(tmp_path / words[0]), *words[1:])
    assert (tmp_path / "out" / "a.md").read_text() == page(two="ours")
    git = ["git", "-C", str(tmp_path / "history.git")]
    subprocess.run([*git, "fsck", "--strict"], check=True, capture_output=True)
    commits = subprocess.run([*git, "rev-list", "--all"], check=True, capture_output=True, text=True).stdout.split()
    assert len(commits) == 2
    found = subprocess.run([*git, "grep", SECRET, *commits], capture_output=True, text=True, check=False)
    assert (found.returncode, found.stdout) == (1, "")
    dreamfs.run("import", str(tmp_path / "out"), "/memories/again")
    assert dreamfs.said("cat", "/memories/again/a.md") == page(two="ours")
    assert dreamfs.json("dream", "run")["status"] == "completed"
    assert "everything is as it was written" in dreamfs.said("doctor", "--verify")


def test_a_fork_that_begins_at_a_redacted_version_is_redacted_again_with_it(tmp_path: Path) -> None:
    dreamfs = CommandLine(tmp_path / "memory.db")
    dreamfs.put("/memories/a.md", page(two="the first secret", four=SECRET))
    write(dreamfs, "/memories/a.md", page())
    a_passage(dreamfs)
    dreamfs.run("store", "fork", "memories", "copy", "--at", "1")
    done = dreamfs.json("redact", "/memories/a.md", "--text", "the first secret", "--everywhere", "--yes")
    assert [copy["where"] for copy in done["copies"]] == ["/memories/a.md version 1", "/copy/a.md version 1, live"]
    assert (done["status"], done["versions"]) == ("erased", {"copy": 2})
    assert dreamfs.said("cat", "/copy/a.md") == page(two="[redacted]", four="[redacted]")
