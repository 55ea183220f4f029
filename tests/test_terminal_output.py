"""What the commands print: a document wherever one is asked for, and a sentence where it cannot be written."""

import json
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
    assert (ended.stdout, ended.stderr) == (
        "",
        f"dreamfs: {target} cannot be written: Not a directory. Nothing was written.\n",
    )
    assert ended.returncode == 1


def test_a_refusal_names_the_flags_that_a_person_types(terminal: Terminal) -> None:
    terminal.put("/memories/a.md", "one\ntwo\nexpected_version=7\n", "s-2")
    said = terminal.refuses("put", "/memories/a.md", given="new\n")
    assert "To replace it, add --expected-version 2; to change a part of it, use dreamfs edit." in said
    said = terminal.refuses("put", "/memories/a.md", "--expected-version", "1", given="one\n2\n")
    assert "you gave --expected-version 1, the current version is 2" in said
    assert "repeat the command with --expected-version 2." in said
    assert "\n+expected_version=7\n" in said
    refused = terminal.json("put", "/memories/a.md", "--expected-version", "1", given="one\n2\n", code=1)
    assert "--expected-version 1" in refused["error"]["message"]
    assert "--old text `three` did not appear" in terminal.refuses("edit", "/memories/a.md", "--old", "three")
    assert "Invalid --expected-version: -1" in terminal.refuses("rm", "/memories/a.md", "--expected-version", "-1")
    assert "use dreamfs restore PATH -1" in terminal.says("rm", "/memories/a.md")
    assert terminal.says("cat", "/memories/a.md", "--version", "-1") == "one\ntwo\nexpected_version=7\n"


def test_put_keeps_what_others_wrote_where_it_is_asked_to(terminal: Terminal) -> None:
    lines = "".join(f"{n}\n" for n in range(9))
    terminal.put("/memories/b.md", lines, "s-1")
    terminal.put("/memories/b.md", f"first\n{lines}", "s-2")
    words = ["put", "/memories/b.md", "--expected-version", "2"]
    assert "--expected-version 2 and --merge to keep both" in terminal.refuses(*words, given=f"{lines}last\n")
    terminal.run(*words, "--merge", given=f"{lines}last\n")
    assert terminal.says("cat", "/memories/b.md") == f"first\n{lines}last\n"
    assert "--merge needs --expected-version" in terminal.refuses("put", "/memories/b.md", "--merge", given="x\n")


def test_a_difference_is_shown_whole_at_the_terminal(terminal: Terminal) -> None:
    for name in "bc":
        terminal.put(f"/memories/{name}.md", "".join(f"line {n:030}\n" for n in range(1_500)), "s-1")
    said = terminal.says("diff", "/memories", "--from", "0")
    assert said.count("\n+line ") == 3_000
    assert "incomplete" not in said
    assert "incomplete" in terminal.says("try", "diff", "path=/memories", "from_version=0")


def test_attach_as_a_document_says_how_a_client_starts_the_server(terminal: Terminal) -> None:
    document = terminal.json("attach", "claude-code", "--name", "notes")
    assert document["args"][-3:] == ["serve", "--db", str(terminal.database)]
    assert document["text"].startswith("claude mcp add notes --scope user -- ")
    assert json.loads(terminal.json("attach", "json")["text"])["mcpServers"]["memory"]["args"] == document["args"]
