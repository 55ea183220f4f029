"""Sessions as they were held, and the two shapes of log that they are written in."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from typing import Any, Literal

from bench.corpora.names import identifier, uuid


@dataclass(frozen=True, slots=True)
class Turn:
    """One message; a tool call is a turn of the assistant and its result a turn of the tool."""

    role: Literal["user", "assistant", "tool"]
    at: datetime
    text: str = ""
    tool: str = ""
    arguments: Mapping[str, Any] = field(default_factory=dict[str, Any])
    call_id: str = ""
    is_error: bool = False
    noted_seconds: int = 0
    """For a tool's result: how long the client noted that it had been running, a second before it ended; 0 where it noted nothing."""


@dataclass(slots=True)
class Session:
    session_id: str
    started_at: datetime
    task: str
    shape: Literal["claude-code", "openai", "tau"] = "claude-code"
    task_id: int = 0
    trial: int = 0
    reward: float = 1.0
    turns: list[Turn] = field(default_factory=list["Turn"])


class Dialogue:
    """Holds a session: every turn takes a little time."""

    def __init__(self, rng: Random, session: Session) -> None:
        self.rng = rng
        self.session = session
        self.now = session.started_at

    def user(self, text: str) -> None:
        self._add(Turn("user", self._pass(20, 90), text))

    def say(self, text: str) -> None:
        self._add(Turn("assistant", self._pass(2, 15), text))

    def call(self, tool: str, arguments: Mapping[str, Any], output: str, *, is_error: bool = False) -> None:
        call_id = f"toolu_01{identifier(self.rng, 22)}"
        self._add(Turn("assistant", self._pass(2, 12), "", tool, arguments, call_id))
        self._add(Turn("tool", self._pass(1, 6), output, tool, {}, call_id, is_error))

    def bash(self, command: str, output: str, *, is_error: bool = False) -> None:
        self.call("Bash", {"command": command, "description": "Run a command"}, output, is_error=is_error)

    def wait(
        self,
        arguments: Mapping[str, Any],
        output: str,
        seconds: float,
        *,
        asked: float = 0.0,
        notes: bool = False,
        is_error: bool = False,
    ) -> None:
        """Run a shell command that takes its time.

        Args:
            arguments: of the call.
            output: what it prints.
            seconds: how long it runs.
            asked: seconds before that in which a person was asked.
            notes: the client notes how long it has been running.
            is_error: whether it failed.
        """
        call_id = f"toolu_01{identifier(self.rng, 22)}"
        self._add(Turn("assistant", self._pass(2, 12), "", "Bash", arguments, call_id))
        self.now += timedelta(seconds=asked + seconds)
        noted = int(seconds - 1) if notes and seconds >= 3 else 0
        self._add(Turn("tool", self.now, output, "Bash", {}, call_id, is_error, noted))

    def _pass(self, least: int, most: int) -> datetime:
        self.now += timedelta(seconds=self.rng.randint(least, most), milliseconds=self.rng.randint(0, 999))
        return self.now

    def _add(self, turn: Turn) -> None:
        self.session.turns.append(turn)


def claude_code(session: Session) -> str:
    """The session as Claude Code logs it: one JSON object a line, each naming its parent."""
    rng = Random(session.session_id)
    rows: list[dict[str, Any]] = []
    parent: str | None = None
    for turn in session.turns:
        if turn.noted_seconds:
            rows.append(
                progress(turn)
                | {"sessionId": session.session_id, "timestamp": _stamp(noted_at(turn)), "uuid": uuid(rng)}
            )
        row: dict[str, Any] = {
            "parentUuid": parent, "isSidechain": False, "userType": "external", "cwd": "/home/dev/project",
            "sessionId": session.session_id, "version": "2.1.38", "gitBranch": "main",
            "type": "assistant" if turn.role == "assistant" else "user",
            "message": _message(turn, rng), "uuid": uuid(rng), "timestamp": _stamp(turn.at),
        }  # fmt: skip
        if turn.role == "tool":
            row["toolUseResult"] = f"Error: {turn.text}" if turn.is_error else {"stdout": turn.text, "stderr": ""}
        parent = row["uuid"]
        rows.append(row)
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


def progress(turn: Turn) -> dict[str, Any]:
    """What the client notes while a command runs."""
    data = {"type": "bash_progress", "output": "", "fullOutput": "", "elapsedTimeSeconds": turn.noted_seconds}
    return {"type": "progress", "data": data, "toolUseID": "bash-progress-1", "parentToolUseID": turn.call_id}


def noted_at(turn: Turn) -> datetime:
    """When it does so."""
    return turn.at - timedelta(seconds=1)


def openai(session: Session) -> dict[str, Any]:
    """The session as a list of chat messages. It has no times and no error flag."""
    return {"messages": [_chat_message(turn) for turn in session.turns]}


def tau(session: Session) -> dict[str, Any]:
    """The session as τ-bench keeps it: chat messages with task, trial and reward."""
    return {
        "task_id": session.task_id,
        "reward": session.reward,
        "info": {"task": {"user_id": f"user_{session.task_id}", "instruction": session.task}},
        "traj": [_chat_message(turn) for turn in session.turns],
        "trial": session.trial,
    }


def _message(turn: Turn, rng: Random) -> dict[str, Any]:
    if turn.role == "user":
        return {"role": "user", "content": turn.text}
    if turn.role == "tool":
        result = {"tool_use_id": turn.call_id, "type": "tool_result", "content": turn.text, "is_error": turn.is_error}
        return {"role": "user", "content": [result]}
    block = (
        {"type": "tool_use", "id": turn.call_id, "name": turn.tool, "input": dict(turn.arguments)}
        if turn.tool
        else {"type": "text", "text": turn.text}
    )
    return {
        "id": f"msg_01{identifier(rng, 22)}", "type": "message", "role": "assistant", "model": "claude-opus-5-5",
        "content": [block], "stop_reason": None, "stop_sequence": None,
        "usage": {"input_tokens": rng.randint(3, 90), "output_tokens": rng.randint(20, 400)},
    }  # fmt: skip


def _chat_message(turn: Turn) -> dict[str, Any]:
    if turn.role == "tool":
        text = turn.text if not turn.is_error or turn.text.startswith("Error") else f"Error: {turn.text}"
        return {"role": "tool", "tool_call_id": turn.call_id, "name": turn.tool, "content": text}
    if turn.role == "assistant" and turn.tool:
        function = {"name": turn.tool, "arguments": json.dumps(dict(turn.arguments), ensure_ascii=False)}
        return {
            "role": "assistant",
            "content": None,
            "tool_calls": [{"id": turn.call_id, "type": "function", "function": function}],
        }
    return {"role": turn.role, "content": turn.text}


def _stamp(at: datetime) -> str:
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
