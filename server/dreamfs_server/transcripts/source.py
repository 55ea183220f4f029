"""One thing to read, and which of those in a folder or a zip are."""

import re
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import PurePath
from typing import BinaryIO, Literal

from dreamfs_server.transcripts.surroundings import Surroundings

_LOGS = {".jsonl", ".json", ".zip", ".ndjson"}
_TEXTS = {".txt", ".md", ".markdown", ".log", ".eml"}
_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_ABOUT_FOLDERS = {"readme", "license", "changelog", "contributing"}
_EXPORT_LISTS = frozenset(
    ("users", "org_users", "channels", "groups", "dms", "mpims", "integration_logs", "canvases", "lists",
     "huddle_transcripts", "file_conversations")
)  # fmt: skip
"""What lies at the top of Slack's export: lists that say who and what there is, and no messages."""
_CLIENTS_OWN = re.compile(r"agent-.+\.meta\.json|sessions-index\.json|journal\.jsonl")
"""What Claude Code keeps beside its logs: what an agent is, an index, how far a workflow is."""


@dataclass(frozen=True, slots=True)
class Source:
    """One file to read."""

    path: str
    """As the report names it; a member of a zip is `export.zip/conversations.json`."""
    name: str
    """Without its suffix."""
    open: Callable[[], AbstractContextManager[BinaryIO]]
    size_bytes: int = 0
    around: Surroundings = field(default_factory=Surroundings)


@dataclass(frozen=True, slots=True)
class LeftOut:
    """Something in a folder or a zip that is not read, and would be if it were a file."""

    path: str
    why: Literal["link", "pipe or device"]


class Wanted:
    """Which files below a folder are to be read."""

    def __init__(self, below: Sequence[PurePath]) -> None:
        named = {(file.parent, file.name.lower()) for file in below}
        self._exports = {
            folder for folder, name in named if name == "users.json" and (folder, "channels.json") in named
        }
        logs = [file for file in below if file.suffix.lower() in {".jsonl", ".ndjson"}]
        self._logs = {log.parent for log in logs if _UUID.fullmatch(log.stem)}

    def __call__(self, file: PurePath) -> bool:
        if file.suffix.lower() in _LOGS:
            is_list = file.parent in self._exports and file.stem.lower() in _EXPORT_LISTS
            return not is_list and not (_CLIENTS_OWN.fullmatch(file.name) and self._is_claude_codes(file))
        if not is_readable(file) or file.stem.lower() in _ABOUT_FOLDERS:
            return False
        return not self._is_claude_codes(file)

    def _is_claude_codes(self, file: PurePath) -> bool:
        """Whether a file lies beside or below logs of Claude Code."""
        return any(folder in self._logs for folder in file.parents)


def is_readable(file: PurePath) -> bool:
    """Whether something is called as logs and texts are."""
    return file.suffix.lower() in _LOGS | _TEXTS
