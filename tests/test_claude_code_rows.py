"""Claude Code's logs as newer clients write them: agents of the client's own, workflows, and rows that are nobody's words."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from terminal import Terminal

Row = dict[str, Any]


@pytest.fixture
def terminal(tmp_path: Path) -> Terminal:
    return Terminal(tmp_path / "memory.db")


def session_id(number: int) -> str:
    return f"7a1d2c3e-0000-4000-8000-{number:012}"


def row(session: str, kind: str, second: int, content: object, **more: Any) -> Row:
    at = f"2026-03-{int(session[-2:]):02}T10:{second // 60:02}:{second % 60:02}.000Z"
    base: Row = {
        "type": kind,
        "sessionId": session,
        "uuid": f"{session}-{second}",
        "isSidechain": False,
        "timestamp": at,
    }
    return base | {"message": {"role": kind, "content": content}} | more


def call(session: str, second: int, command: str, answer: str, *, failed: bool) -> list[Row]:
    tool = f"toolu_{session[-2:]}{second}"
    used = {"type": "tool_use", "id": tool, "name": "Bash", "input": {"command": command}}
    given = {"type": "tool_result", "tool_use_id": tool, "content": answer, "is_error": failed}
    return [row(session, "assistant", second, [used]), row(session, "user", second + 1, [given])]


def conversation(number: int) -> list[Row]:
    """A session in which a ship is closed twice before `--wait` helps."""
    session = session_id(number)
    closed = "Exit code 1\nError: the quay is closed for ships of this size"
    return [
        row(session, "user", 0, f"Ship order {number}."),
        *call(session, 10, f"ship order-{number}", closed, failed=True),
        *call(session, 20, f"ship order-{number}", closed, failed=True),
        *call(session, 30, f"ship --wait order-{number}", "shipped", failed=False),
        row(session, "assistant", 40, [{"type": "text", "text": "It is shipped."}]),
    ]


def agents(rows: Sequence[Row], agent: str, *more: Row) -> list[Row]:
    """The log of an agent that begins with what its parent said."""
    copies = [*rows, *more]
    return [one | {"uuid": f"{agent}-{n}", "agentId": agent, "isSidechain": True} for n, one in enumerate(copies)]


def write(path: Path, rows: Sequence[Row]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(one) + "\n" for one in rows))


def projects(folder: Path, *, with_own_agents: bool) -> Path:
    for number in range(1, 5):
        session, rows = session_id(number), conversation(number)
        write(folder / f"{session}.jsonl", rows)
        if with_own_agents:
            beside = folder / session / "subagents"
            asked = row(session, "user", 50, "Your task is to create a detailed summary of the conversation so far.")
            answered = row(session, "assistant", 51, [{"type": "text", "text": "<summary>Shipped.</summary>"}])
            for agent in ("acompact-ee0001", "acompact-ee0002", "aprompt_suggestion-ab0001"):
                write(beside / f"agent-{agent}.jsonl", agents(rows, agent, asked, answered))
    return folder


def evidence(terminal: Terminal) -> list[str]:
    dream = terminal.json("dream", "run")
    pages = [row["path"] for row in terminal.json("ls", "-r", f"/dreams/{dream['id']}/cards")]
    return [str(dream["proposals"]), *(terminal.says("cat", page) for page in pages)]


def test_agents_of_the_clients_own_make_no_session_and_double_no_count(tmp_path: Path) -> None:
    plain, full = (Terminal(tmp_path / name) for name in ("plain.db", "full.db"))
    plain.run("transcripts", "import", str(projects(tmp_path / "plain", with_own_agents=False)))
    said = full.run("transcripts", "import", str(projects(tmp_path / "full", with_own_agents=True)))

    assert said.stderr == (
        "  120 rows in 12 files of agents that the client started for itself repeat other logs; they were not read.\n"
    )
    assert [one["session_id"] for one in full.json("transcripts", "list")] == [session_id(n) for n in range(1, 5)]
    found = evidence(full)
    assert any("the quay is closed" in page and "8" in page for page in found)
    assert found[1:] == evidence(plain)[1:]


def test_of_a_question_asked_aside_the_question_and_its_answer_are_kept(terminal: Terminal, tmp_path: Path) -> None:
    session = session_id(1)
    write(tmp_path / "p" / f"{session}.jsonl", conversation(1))
    reminder = "<system-reminder>This is a side question from the user. Answer it directly.</system-reminder>\n\n"
    asked = row(session, "user", 50, f"{reminder}Which quay is that?")
    answered = row(session, "assistant", 51, [{"type": "text", "text": "The northern one."}])
    rows = agents(conversation(1), "aside_question-0c5c7f2b", asked, answered)
    write(tmp_path / "p" / session / "subagents" / "agent-aside_question-0c5c7f2b.jsonl", rows)

    report = terminal.json("transcripts", "import", str(tmp_path / "p"))

    (aside,) = [one for one in terminal.json("transcripts", "list") if one["parent"]]
    assert (aside["parent"], aside["events"]) == (session, 2)
    text = terminal.json("transcripts", "show", aside["session_id"])["text"]
    assert text == (
        "── 1 user 2026-03-01 10:00:50\nWhich quay is that?\n\n── 2 assistant 2026-03-01 10:00:51\nThe northern one.\n\n"
    )
    assert [file.get("repeated") for file in report["files"]] == [None, 8]


def test_agents_that_a_session_started_are_read_wherever_they_lie(terminal: Terminal, tmp_path: Path) -> None:
    session = session_id(1)
    project = tmp_path / "projects" / "-home-ada-quays"
    write(project / f"{session}.jsonl", conversation(1))
    workflow = project / session / "subagents" / "workflows" / "wf_1"
    write(workflow / "agent-a1b2c3d.jsonl", agents(conversation(1)[:3], "a1b2c3d"))
    write(workflow / "journal.jsonl", [{"type": "started", "key": "v1:ab", "agentId": "a1b2c3d"}])
    (workflow.parent.parent / "agent-a1b2c3d.meta.json").write_text('{"agentType": "general-purpose"}')
    (project / "sessions-index.json").write_text('{"version": 1, "entries": []}')

    for given in (["transcripts", "import", str(tmp_path / "projects")], ["hook", "session-end"]):
        payload = json.dumps({"transcript_path": str(project / f"{session}.jsonl")})
        done = terminal.run(*given, given=payload)
        assert done.stderr == ""
    stored = {one["session_id"]: one["parent"] for one in terminal.json("transcripts", "list")}
    assert stored == {session: "", f"{session}-agent-a1b2c3d": session}


NOTED: list[Row] = [
    {"type": "progress", "data": {"type": "hook_progress", "command": "make lint"}},
    {"type": "progress", "data": {"type": "agent_progress", "message": {"type": "user", "message": {"content": "No, use uv"}}}},
    {"type": "queue-operation", "operation": "enqueue", "content": "No, use uv"},
    {"type": "last-prompt", "lastPrompt": "No, use uv"},
    {"type": "ai-title", "aiTitle": "Error in the quay"},
    {"type": "custom-title", "customTitle": "Error in the quay"},
    {"type": "agent-name", "agentName": "quay"},
    {"type": "permission-mode", "permissionMode": "default"},
    {"type": "pr-link", "prNumber": 7, "prUrl": "https://example.org/7"},
    {"type": "worktree-state", "worktreeSession": None},
    {"type": "system", "subtype": "turn_duration", "durationMs": 1200},
    {"type": "system", "subtype": "away_summary", "content": "Error: you were away."},
    {"type": "system", "subtype": "microcompact_boundary", "content": "Context microcompacted"},
    {"type": "system", "subtype": "api_error", "level": "error", "error": {"status": 529}},
    {"type": "system", "subtype": "local_command", "content": "<command-name>/clear</command-name>", "level": "info"},
    {"type": "attachment", "attachment": {"type": "queued_command", "commandMode": "task-notification", "prompt": "<task-notification>"}},
    {"type": "attachment", "attachment": {"type": "hook_blocking_error", "blockingError": {"blockingError": "No."}}},
    {"type": "user", "message": {"role": "user", "content": "<ide_opened_file>The user opened a.py</ide_opened_file>"}},
    {"type": "user", "message": {"role": "user", "content": "<task-notification>failed</task-notification>"}},
    {"type": "user", "message": {"role": "user", "content": "Agent 3 says no."}, "origin": {"kind": "coordinator"}},
    {"type": "user", "message": {"role": "user", "content": "This session is being continued."}, "isVisibleInTranscriptOnly": True},
]  # fmt: skip


@pytest.mark.parametrize("noted", NOTED, ids=lambda one: f"{one['type']} {one.get('subtype', '')}".strip())
def test_what_a_client_notes_is_no_persons_words_and_no_error(terminal: Terminal, tmp_path: Path, noted: Row) -> None:
    session = session_id(1)
    write(tmp_path / "p" / f"{session}.jsonl", [*conversation(1)[:1], {"sessionId": session, "uuid": "u", **noted}])
    report = terminal.json("transcripts", "import", str(tmp_path / "p"))
    assert (report["events"], report["files"][0]["error"]) == (2, None)
    header = terminal.json("transcripts", "show", session)["text"].split("── ")[2].split("\n")[0]
    role, kind = header.split()[1:3]
    assert (role == "system" or kind == "meta", kind in {"meta", "attachment", "summary"}) == (True, True)
    assert "ERROR" not in header


@pytest.mark.parametrize("prompt", ["No, use uv.", [{"type": "text", "text": "No, use uv."}]])
def test_what_a_person_typed_while_the_agent_worked_is_theirs(
    terminal: Terminal, tmp_path: Path, prompt: object
) -> None:
    session = session_id(1)
    queued = {"type": "queued_command", "commandMode": "prompt", "prompt": prompt}
    rows = [*conversation(1), {"type": "attachment", "sessionId": session, "uuid": "u", "attachment": queued}]
    write(tmp_path / "p" / f"{session}.jsonl", rows)
    terminal.run("transcripts", "import", str(tmp_path / "p"))
    assert terminal.json("transcripts", "show", session)["text"].endswith("── 9 user\nNo, use uv.\n\n")


def test_what_a_person_told_the_client_to_remember_is_theirs(terminal: Terminal, tmp_path: Path) -> None:
    session = session_id(1)
    told = row(session, "user", 50, "<user-memory-input>always use uv</user-memory-input>")
    write(tmp_path / "p" / f"{session}.jsonl", [told])
    terminal.run("transcripts", "import", str(tmp_path / "p"))
    assert terminal.json("transcripts", "show", session)["text"] == "── 1 user 2026-03-01 10:00:50\nalways use uv\n\n"


def test_a_log_of_nothing_but_snapshots_is_a_log(terminal: Terminal, tmp_path: Path) -> None:
    write(tmp_path / f"{session_id(1)}.jsonl", [{"type": "file-history-snapshot", "messageId": "m", "snapshot": {}}])
    report = terminal.json("transcripts", "import", str(tmp_path / f"{session_id(1)}.jsonl"))
    assert [(file["format"], file["session_id"]) for file in report["files"]] == [("claude-code", session_id(1))]
