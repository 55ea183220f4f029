"""A session as steps: each tool call with its result, in order, and what the call was meant to reach.

Only `imported` and `host` events count: what an agent wrote into its own transcript supports nothing.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, cast

from dreamfs_server.dream.material import Gathered
from dreamfs_tools.transcript import Event

_NO_ERROR_OF_THE_TOOL = re.compile(
    r"doesn't want to (?:proceed|take this action)|\[?Request interrupted by user|tool use was rejected|user rejected"
    r"|(?i:parallel tool call|sibling tool call)"
    r"|^\s*(?:<\w+>)?(?:Interrupted by user|User cancelled\b|Warmup$|No tools needed for suggestion$)"
)
_HEREDOC = re.compile(r"<<-?\s*['\"]?(\w+)['\"]?.*?(?:\n\1\b|\Z)", re.DOTALL)
_LEADING = re.compile(
    r"^(?:\s*(?:cd\s+\S+|export\s+\S+|source\s+\S+|\.\s+\S+|set\s+-\w+)\s*(?:&&|;|\n)\s*|\s*\w+=\S*\s+|\s*(?:sudo|time|timeout\s+\S+)\s+)+"
)
SHOWS_FILES = frozenset(("cat", "head", "tail", "sed", "awk", "grep", "rg", "egrep", "less", "diff", "jq", "nl", "bat"))
"""Programs that print what stands in files."""
_FILE_KEYS = ("file_path", "path", "notebook_path", "filename", "file")
_COMMAND_KEYS = ("command", "cmd", "script", "code")
_PARSED_CHARACTERS_MAX = 40_000


@dataclass(frozen=True)
class Step:
    """One tool call and what came back."""

    position: int
    """Among the session's steps, from 0."""
    tool: str
    call: Event | None
    result: Event | None
    failed: bool
    refused: bool
    """A person declined it, or the client canceled it with another call; no error of the tool."""

    @cached_property
    def given(self) -> Mapping[str, Any]:
        """The call's arguments; a bare command line is `{"command": …}`."""
        return _given(self.call.text) if self.call is not None else {}

    @cached_property
    def command(self) -> str:
        """The command line of a shell call without here-documents, else ""."""
        for key in _COMMAND_KEYS:
            value = self.given.get(key)
            if isinstance(value, str):
                return _HEREDOC.sub("<<\\1", value[:4000]).strip()
        return ""

    @property
    def file(self) -> str:
        """The file that a call is about, else ""."""
        for key in _FILE_KEYS:
            value = self.given.get(key)
            if isinstance(value, str) and value:
                return value
        return ""

    @cached_property
    def program(self) -> str:
        """The first word of a shell call after `cd …`, variables and `sudo`, without its folder."""
        words = _LEADING.sub("", self.command, count=1).split(maxsplit=1)
        return words[0].rsplit("/", 1)[-1].strip("()'\"`;") if words else ""

    @property
    def goal(self) -> tuple[str, str]:
        """What it was meant to reach: the same tool on the same file, or the same program, or the same tool."""
        if self.command:
            return (self.tool, self.program)
        return (self.tool, self.file)


def steps(gathered: Gathered) -> list[Step]:
    """The tool calls of a session in order, each with its result where there is one.

    A result belongs to the call with its `call_id`, else to the oldest call of that tool still without a result.
    """
    result: list[tuple[Event | None, Event | None]] = []
    waiting: dict[str, int] = {}
    unnamed: list[int] = []
    for event in gathered.events:
        if event.origin == "self":
            continue
        if event.kind == "tool_call":
            if event.call_id:
                waiting[event.call_id] = len(result)
            else:
                unnamed.append(len(result))
            result.append((event, None))
        elif event.kind == "tool_result" or event.role == "tool":
            at = waiting.pop(event.call_id, None) if event.call_id else None
            if at is None:
                at = next((i for i in unnamed if not event.tool or _tool(result[i][0]) == event.tool), None)
                if at is not None:
                    unnamed.remove(at)
            if at is None:
                result.append((None, event))
            else:
                result[at] = (result[at][0], event)
    return [_step(position, call, answer) for position, (call, answer) in enumerate(result)]


def _tool(event: Event | None) -> str:
    return event.tool if event is not None else ""


def _step(position: int, call: Event | None, answer: Event | None) -> Step:
    refused = answer is not None and _NO_ERROR_OF_THE_TOOL.search(answer.text, 0, 400) is not None
    return Step(
        position=position,
        tool=_tool(call) or _tool(answer) or "tool",
        call=call,
        result=answer,
        failed=answer is not None and answer.is_error and not refused,
        refused=refused,
    )


def _given(text: str) -> Mapping[str, Any]:
    stripped = text[:_PARSED_CHARACTERS_MAX].strip()
    for candidate in (stripped, stripped.partition(" ")[2], stripped.partition("\n")[2]):
        if candidate.startswith("{"):
            try:
                value: Any = json.loads(candidate)
            except ValueError:
                continue
            if isinstance(value, dict):
                return cast("dict[str, Any]", value)
    return {"command": stripped} if stripped else {}


def first_line_span(text: str) -> tuple[int, int]:
    """Offsets of the first line that says something."""
    start = len(text) - len(text.lstrip())
    end = text.find("\n", start)
    return start, len(text) if end < 0 else end


def path_span(text: str, path: str) -> tuple[int, int]:
    """Where a call names the end of a path: the folder and the file. What stands before is the same in every quote."""
    said = json.dumps(path, ensure_ascii=False)[1:-1]
    at = text.find(said)
    if at < 0:
        return first_line_span(text)
    tail = re.search(r"(?:[^/\\\\]+[/\\\\]+)?[^/\\\\]+$", said)
    return at + (tail.start() if tail else 0), at + len(said)


def shown(step: Step, characters: int = 120) -> str:
    """A call in one line for people: the command, or the tool with its shortest telling arguments."""
    if command := step.command:
        text = " ".join(command.split())
    else:
        given = step.given
        text = f"{step.tool}({', '.join(f'{key}={_brief(value)}' for key, value in given.items())})"
    return text if len(text) <= characters else text[: characters - 1] + "…"


def _brief(value: object) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    text = " ".join(text.split())
    return text if len(text) <= 40 else text[:39] + "…"


def of_goal(all_steps: Sequence[Step], step: Step, within: int) -> list[Step]:
    """The later steps with the same goal, at most `within` steps on."""
    goal = step.goal
    return [later for later in all_steps[step.position + 1 : step.position + 1 + within] if later.goal == goal]
