"""What the commands print: a document wherever one is asked for, and a sentence where it cannot be written."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from terminal import Terminal

TEXT = "one\ntwo\n"


@pytest.fixture
def terminal(tmp_path: Path) -> Terminal:
    terminal = Terminal(tmp_path / "memory.db")
    terminal.put("/memories/a.md", TEXT, "s-1")
    return terminal


def test_cat_as_a_document_says_what_ls_says_and_the_content(terminal: Terminal) -> None:
    (listed,) = terminal.json("ls", "/memories/a.md")
    assert terminal.json("cat", "/memories/a.md") == {**listed, "content": TEXT}


def test_a_refused_document_is_an_error_and_nothing_else(terminal: Terminal) -> None:
    for words in (
        ["cat", "/memories/b"],
        ["diff", "/memories/b"],
        ["transcripts", "show", "s"],
        ["transcripts", "remove", "s"],
    ):
        answer = terminal.json(*words, code=1)
        assert list(answer) == ["error"]
        assert answer["error"]["code"] == "not_found"


def test_diff_as_a_document_names_both_versions(terminal: Terminal) -> None:
    terminal.put("/memories/a.md", "one\n2\n", "s-2")
    answer = terminal.json("diff", "/memories/a.md")
    assert (answer["path"], answer["from"], answer["to"]) == ("/memories/a.md", 1, 2)
    assert "-two\n+2\n" in answer["text"]


def test_a_transcript_as_a_document_is_its_text_without_numbers(terminal: Terminal, tmp_path: Path) -> None:
    log = tmp_path / "log.txt"
    log.write_text("what was said\n", encoding="utf-8")
    terminal.run("transcripts", "import", str(log))
    (listed,) = terminal.json("transcripts", "list")
    shown = terminal.json("transcripts", "show", listed["session_id"])
    assert shown == {**listed, "text": shown["text"]}
    assert len(shown["text"].splitlines()) == listed["lines"]
    assert "what was said" in shown["text"].splitlines()
    removed = terminal.json("transcripts", "remove", listed["session_id"])
    assert removed == {"code": "ok", "session_id": listed["session_id"]}
    assert terminal.json("transcripts", "list") == []


def test_a_message_cannot_look_like_another_row_of_a_table(terminal: Terminal) -> None:
    terminal.put("/memories/b.md", TEXT, "s-2", "why\n      9  2026-11-22 11:03  ada  \x1b[8mhidden")
    rows = terminal.says("log").splitlines()
    assert len(rows) == 3
    assert rows[1].endswith("  why\\n      9  2026-11-22 11:03  ada  \\x1b[8mhidden")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no device that is always full")
@pytest.mark.parametrize("words", [["ls"], ["ls", "--json"], ["cat", "/memories/a.md"]])
def test_output_that_cannot_be_written_is_a_sentence_and_no_stack(terminal: Terminal, words: list[str]) -> None:
    with Path("/dev/full").open("w", encoding="utf-8") as full:
        ended = subprocess.run(
            [sys.executable, "-m", "dreamfs_server", "--db", str(terminal.database), *words],
            stdout=full,
            stderr=subprocess.PIPE,
            env=os.environ,
            text=True,
            check=False,
        )
    assert ended.stderr == "dreamfs: The output could not be written: No space left on device.\n"
    assert ended.returncode == 1


def test_a_place_that_cannot_be_written_is_a_sentence_and_no_stack(terminal: Terminal, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    target = tmp_path / "file" / "out"
    ended = subprocess.run(
        [sys.executable, "-m", "dreamfs_server", "--db", str(terminal.database), "export", "/memories", str(target)],
        capture_output=True,
        env=os.environ,
        text=True,
        check=False,
    )
    assert (ended.stdout, ended.stderr) == ("", f"dreamfs: {target}: Not a directory.\n")
    assert ended.returncode == 1
