"""`dreamfs transcripts` and what a person at a terminal can open of stored sessions and dreams."""

import json
import os
import re
from pathlib import Path

import pytest

from secret_texts import KEY_PARTS, LEAKS, PASSWORD, SHOWN_KEYS, TOKENS
from terminal import Terminal

SESSION = "7a1d2c3e-0000-4000-8000-000000000001"
LOGS = Path(__file__).parent / "transcripts"


@pytest.fixture
def terminal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Terminal:
    monkeypatch.delenv("CLAUDECODE", raising=False)
    return Terminal(tmp_path / "memory.db")


@pytest.fixture
def stored(terminal: Terminal) -> Terminal:
    terminal.run("transcripts", "import", str(LOGS / "projects"))
    return terminal


def lines_of(stored: Terminal) -> list[str]:
    return str(stored.json("transcripts", "show", SESSION)["text"]).removesuffix("\n").split("\n")


def test_a_broken_zip_in_a_folder_is_named_and_the_other_files_are_imported(terminal: Terminal, tmp_path: Path) -> None:
    folder = tmp_path / "logs"
    folder.mkdir()
    (folder / "a.zip").write_bytes(b"PK\x03\x04 and no more")
    (folder / "b.json").write_bytes((LOGS / "messages.json").read_bytes())

    report = terminal.json("transcripts", "import", str(folder))

    assert [(Path(file["path"]).name, file["error"]) for file in report["files"]] == [
        ("a.zip", "a broken zip"),
        ("b.json", None),
    ]
    assert report["events"] == 2


def test_a_pipe_in_a_folder_is_left_out_and_a_pipe_that_is_named_is_not_waited_for(
    terminal: Terminal, tmp_path: Path
) -> None:
    folder = tmp_path / "logs"
    folder.mkdir()
    os.mkfifo(folder / "a.jsonl")
    (folder / "b.json").write_bytes((LOGS / "messages.json").read_bytes())

    below = terminal.json("transcripts", "import", str(folder))
    named = terminal.json("transcripts", "import", str(folder / "a.jsonl"))

    assert [Path(file["path"]).name for file in below["files"]] == ["b.json"]
    assert below["left_out"] == [{"path": str(folder / "a.jsonl"), "why": "pipe or device"}]
    assert [file["error"] for file in named["files"]] == ["a pipe or a device, not a file; save what it gives first"]


def test_an_import_of_one_file_is_told_in_the_singular(terminal: Terminal) -> None:
    assert terminal.says("transcripts", "import", str(LOGS / "messages.json")) == (
        "1 new session, 2 new events (0 were there already, 0 secrets redacted) from 1 file.\n"
    )


def test_nothing_of_a_secret_in_a_log_its_name_or_its_session_id_reaches_the_database(
    terminal: Terminal, tmp_path: Path
) -> None:
    secrets = [secret for _, secret in LEAKS] + KEY_PARTS
    results = [text for text, _ in LEAKS] + list(SHOWN_KEYS.values())
    folder = tmp_path / TOKENS["gitlab-token"]
    folder.mkdir()
    (folder / f"{TOKENS['npm-token']}.txt").write_text("User: hello\nAssistant: hello\n")
    (folder / "log.jsonl").write_text(
        "".join(
            json.dumps(
                {"type": kind, "sessionId": f"s-{TOKENS['github-token']}", "cwd": f"/{PASSWORD}", "message": message}
            )
            + "\n"
            for number, result in enumerate(results)
            for kind, message in (
                ("assistant", _message("tool_use", id=f"t{number}", name="Bash", input={"command": result})),
                ("user", _message("tool_result", tool_use_id=f"t{number}", content=result)),
            )
        )
    )

    report = terminal.json("transcripts", "import", str(folder))

    stored = b"".join(file.read_bytes() for file in tmp_path.glob("memory.db*"))
    assert not [secret for secret in [*secrets, *TOKENS.values()] if secret.encode() in stored]
    assert [re.sub("[0-9a-f]{8}$", "…", file["session_id"]) for file in report["files"]] == [
        "s-redacted-github-token-…",
        "redacted-npm-token-…",
    ]
    assert report["redactions"] >= 2 * len(results)
    assert terminal.json("transcripts", "import", str(folder))["events"] == 0


def _message(kind: str, **block: object) -> dict[str, object]:
    return {"role": "user" if kind == "tool_result" else "assistant", "content": [{"type": kind, **block}]}


@pytest.mark.parametrize("name", ["{}#L2-L4", "/transcripts/{}#L2-L4", "{}#L2-4"])
def test_a_citation_opens_its_lines(name: str, stored: Terminal) -> None:
    expected = "".join(f"{number}\t{line}\n" for number, line in enumerate(lines_of(stored)[1:4], 2))
    assert stored.says("transcripts", "show", name.format(SESSION)) == expected


def test_a_citation_of_one_line_opens_it_also_as_json(stored: Terminal) -> None:
    assert stored.json("transcripts", "show", f"{SESSION}#L2")["text"] == lines_of(stored)[1] + "\n"


def test_a_citation_past_the_end_is_refused_with_how_many_lines_there_are(stored: Terminal) -> None:
    last = len(lines_of(stored))
    assert stored.refuses("transcripts", "show", f"{SESSION}#L{last + 1}-L{last + 2}") == (
        f"dreamfs: Session {SESSION} has {last} lines; there is no line {last + 1}.\n"
    )


def test_a_session_is_removed_by_its_path_too(stored: Terminal) -> None:
    stored.run("transcripts", "remove", f"/transcripts/{SESSION}")
    assert SESSION not in [session["session_id"] for session in stored.json("transcripts", "list")]


def test_transcripts_are_files_at_the_terminal_where_they_are_named_and_nowhere_else(stored: Terminal) -> None:
    path = f"/transcripts/{SESSION}"
    whole = stored.json("transcripts", "show", SESSION)["text"]

    assert path in [entry["path"] for entry in stored.json("ls", "/transcripts")]
    assert stored.says("cat", path) == whole
    assert stored.json("grep", "KeyError", "/transcripts", "-l")
    assert [entry["path"] for entry in stored.json("ls")] == ["/memories"]
    assert stored.json("grep", "KeyError") == []


def test_a_dreams_cards_and_report_can_be_read_at_the_terminal(stored: Terminal) -> None:
    dream = json.loads(stored.says("dream", "run", "--json"))["id"]

    below = [entry["path"] for entry in stored.json("ls", f"/dreams/{dream}", "-r")]

    assert f"/dreams/{dream}/report.md" in below
    assert f"# Dream {dream}: report" in stored.says("cat", f"/dreams/{dream}/report.md")
