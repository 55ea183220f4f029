"""What Claude Code tells a hook when a session ends: JSON on standard input that names the log."""

import json
from pathlib import Path

from dreamfs_server.transcripts.reading import mapping, string
from dreamfs_tools.errors import Refusal


def session_logs(payload: str) -> list[Path]:
    """The logs of the session that a hook's input is about: its own, and those of its sub-agents.

    Args:
        payload: what stood on standard input: `{"session_id", "transcript_path", "hook_event_name", …}`.

    Raises:
        Refusal: `invalid_argument` when the input names no log; `not_found` when the log is not there.
    """
    try:
        value = mapping(json.loads(payload))
    except (ValueError, RecursionError):
        value = {}
    path = string(value.get("transcript_path"))
    if not path:
        raise Refusal(
            "invalid_argument",
            "The hook's input names no transcript_path. This command reads the JSON that Claude Code gives to a "
            "SessionEnd hook; to import a file yourself, run `dreamfs transcripts import FILE`.",
        )
    log = Path(path).expanduser()
    if not log.is_file():
        raise Refusal("not_found", "The session's log is not there; nothing was imported.")
    beside = [*log.parent.glob(f"{log.stem}/subagents/**/agent-*.jsonl"), *_agents_beside(log)]
    return [log, *sorted(beside)]


def _agents_beside(log: Path) -> list[Path]:
    """Older versions keep sub-agents' logs in the same folder; their rows name the session."""
    mark = f'"{log.stem}"'.encode()
    found: list[Path] = []
    for agent in log.parent.glob("agent-*.jsonl"):
        with agent.open("rb") as stream:
            if mark in stream.read(1 << 16):
                found.append(agent)
    return found
