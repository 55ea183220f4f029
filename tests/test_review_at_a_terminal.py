"""`dreamfs dream review`: a person reads one proposal after the other and answers."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import anyio
import pytest
from click.testing import CliRunner, Result

from dreamfs_server.__main__ import cli
from dreamfs_server.commands.review_page import summary
from dreamfs_tools.dreaming import Claim, Dream, Evidence, Proposal, ProposedChange
from dreamfs_tools.passages import Passage
from recurring_error import recurring_error
from sqlite_world import opened
from test_undo import NOW

RULES = "/memories/rules.md"


@pytest.fixture
def database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv("CLAUDECODE", raising=False)
    anyio.run(_prepare, tmp_path)
    return tmp_path / "memory.db"


async def _prepare(folder: Path) -> None:
    async with opened(folder, NOW) as engine:
        for session, events in recurring_error():
            await engine.archive.add(session, events)
        await engine.journal.begin(Dream("d-1", "memories", "running", "client", 0, NOW))
        quote = "File has not been read yet."
        claims = [Claim("Reading first helps.", "observed", [Evidence("/transcripts/s-001", (5, 5), quote)])]
        for number, risk in enumerate(("low", "low", "high"), 1):
            create = ProposedChange("create", f"/memories/rule-{number}.md", file_text=f"Rule {number}\n")
            diff = f"--- /dev/null\n+++ {create.path}\n@@ -0,0 +1 @@\n+Rule {number}\n"
            proposal = Proposal(
                *(0, f"Title {number}", "Because.", [create], claims),
                risk=risk,  # type: ignore[arg-type]
                diff=diff,
                fingerprint=str(number),
                flags=["odd \x1b[31mcolour"] if number == 3 else [],
            )
            await engine.journal.propose("d-1", proposal)
        await engine.journal.update(Dream("d-1", "memories", "completed", "client", 0, NOW))


def run(database: Path, *words: str, given: str = "", env: dict[str, str] | None = None) -> Result:
    return CliRunner().invoke(cli, ["--db", str(database), "dream", *words], input=given, env=env, prog_name="dreamfs")


def review(database: Path, given: str, env: dict[str, str] | None = None) -> str:
    result = run(database, "review", "--as", "ada", given=given, env=env)
    assert result.exit_code == 0, result.output
    return result.output


def proposals(database: Path) -> list[tuple[str, bool, str]]:
    document = json.loads(run(database, "show", "d-1", "--json").output)
    return [(one["status"], one["edited"], one["reason"]) for one in document["proposals"]]


def text(database: Path, path: str) -> str:
    result = CliRunner().invoke(cli, ["--db", str(database), "cat", path], prog_name="dreamfs")
    return result.output


def test_each_proposal_is_answered_and_the_end_says_what_became_of_them(database: Path) -> None:
    shown = review(database, "a\nr\nnot now\ns\n")
    assert proposals(database) == [("accepted", False, ""), ("rejected", False, "not now"), ("pending", False, "")]
    assert shown.endswith("Dream d-1: 1 accepted, 1 rejected, 1 still open.\n")
    assert "Proposal 1 (Title 1) is accepted as version 1." in shown


def test_a_quote_is_shown_with_what_was_said_before_and_after(database: Path) -> None:
    shown = review(database, "q\n")
    place = shown.index("s-001#L5 · tool result Edit error")
    before, cited, after = shown[place:].split("\n")[1:4]
    assert before.startswith('      2 │ Edit call: {"file_path": "/repo/f1.py"')
    assert cited.startswith("    > 5 │ ")
    assert "File has not been read yet." in cited
    assert after.startswith('      8 │ Edit call: {"file_path": "/repo/f1.py"')


def test_the_first_page_shows_an_error_and_the_call_that_got_past_it() -> None:
    def cited(line: int, said: str) -> Passage:
        return Passage(Evidence("/transcripts/s-1", (line, line), said), f"s-1#L{line} · {said} · 10:00", [])

    shown = [
        cited(1, "tool result Edit error"),
        cited(2, "tool result Edit error"),
        cited(3, "assistant tool call Read"),
    ]
    claim = Claim("Read first.", "rule", [one.evidence for one in shown])
    proposal = Proposal(1, "Read first", "Because.", [], [claim])

    page = [
        line for _, line in summary(Dream("d", "m", "completed", "client", 0, NOW), proposal, [(claim, shown)], 80, 40)
    ]

    assert [line.strip() for line in page if line.startswith("    ")] == [
        "s-1#L1 · tool result Edit error · 10:00",
        "s-1#L3 · assistant tool call Read · 10:00",
        "… 1 more quote: v",
    ]


def test_control_characters_never_reach_the_terminal(database: Path) -> None:
    shown = review(database, "s\ns\nq\n")
    assert "\x1b" not in shown
    assert "Look twice: odd \\x1b[31mcolour" in shown


def test_what_the_editor_saved_is_accepted_as_edited_by_the_reviewer(database: Path) -> None:
    shown = review(database, "e\ny\nq\n", env={"EDITOR": "sed -i s/Rule/Better/", "VISUAL": ""})
    assert "+Better 1" in shown
    assert text(database, "/memories/rule-1.md") == "Better 1\n"
    assert proposals(database)[0] == ("accepted", True, "")


def test_an_edited_text_that_is_not_confirmed_is_there_again_at_the_next_edit(database: Path) -> None:
    review(database, "e\nn\ne\ny\nq\n", env={"EDITOR": "sed -i s/Rule/Rule,/", "VISUAL": ""})
    assert text(database, "/memories/rule-1.md") == "Rule,, 1\n"


def test_an_editor_that_saves_nothing_leaves_the_proposal_open(database: Path) -> None:
    assert "You changed nothing." in review(database, "e\nq\n", env={"EDITOR": "true", "VISUAL": ""})
    assert proposals(database)[0] == ("pending", False, "")


def test_an_editor_that_is_not_there_is_named_and_the_review_goes_on(database: Path) -> None:
    shown = review(database, "e\na\nq\n", env={"EDITOR": "/nowhere/editor", "VISUAL": ""})
    assert "/nowhere/editor: Editing failed" in shown
    assert "Set $EDITOR to an editor that is there." in shown
    assert proposals(database)[0] == ("accepted", False, "")


@pytest.mark.parametrize("both", [("--accept", "--reject"), ("--reject", "--accept")])
def test_who_says_both_accept_and_reject_is_asked_for_one(database: Path, both: tuple[str, str]) -> None:
    result = run(database, "review", "d-1", "1", *both, "--as", "ada")
    assert result.exit_code == 2
    assert "either --accept or --reject" in result.output
    assert proposals(database)[0] == ("pending", False, "")


def test_a_selection_is_decided_at_once_but_high_risk_only_alone(database: Path) -> None:
    shown = review(database, "1-3\na\nq\n")
    assert [status for status, _, _ in proposals(database)] == ["accepted", "accepted", "pending"]
    assert "Proposal 3 is of high risk: look at it and decide about it alone." in shown


def test_a_wrong_selection_is_refused_and_asked_again(database: Path) -> None:
    assert "There is no proposal 7" in review(database, "7\nq\n")
    assert "3-1" in review(database, "3-1\nq\n")


def test_the_end_of_the_input_quits_and_keeps_what_was_answered(database: Path) -> None:
    assert review(database, "a\n").endswith("Dream d-1: 1 accepted, 2 still open.\n")


def test_a_proposal_that_somebody_else_settled_meanwhile_is_passed_over(database: Path) -> None:
    run(database, "review", "d-1", "1", "--accept", "--as", "bob")
    shown = review(database, "q\n")
    assert "Proposal 2: Title 2" in shown
    assert "Proposal 1: Title 1" not in shown


def test_in_an_agents_shell_nobody_is_asked(database: Path) -> None:
    result = run(database, "review", "--as", "ada", given="a\n", env={"CLAUDECODE": "1"})
    assert result.exit_code == 1
    assert proposals(database)[0] == ("pending", False, "")


@pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo-terminal")
def test_on_a_terminal_the_change_is_in_colour_and_in_a_pipe_it_is_not(database: Path) -> None:
    import pty

    words = [sys.executable, "-m", "dreamfs_server", "--db", str(database), "dream", "review"]
    environment = {name: value for name, value in os.environ.items() if name not in {"CLAUDECODE", "NO_COLOR"}}
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        words, stdin=theirs, stdout=theirs, stderr=theirs, env=environment | {"TERM": "xterm-256color"}
    )
    os.close(theirs)
    shown = b""
    try:
        while b"for more > " not in shown:
            shown += os.read(ours, 65536)
        os.write(ours, b"a\n")
        while shown.count(b"for more > ") < 2:
            shown += os.read(ours, 65536)
        os.write(ours, b"q\n")
        process.wait(timeout=30)
    finally:
        process.kill()
        process.wait()
        os.close(ours)
    assert re.search(rb"\x1b\[32m\+Rule 1", shown)
    assert proposals(database)[0][0] == "accepted"
    assert "\x1b" not in review(database, "q\n")
