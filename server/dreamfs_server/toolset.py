"""Which tools are offered, in which order, and what a client is told of each."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from mcp_types import ToolAnnotations

from dreamfs_tools.call import Answer
from dreamfs_tools.create import create
from dreamfs_tools.delete import delete
from dreamfs_tools.diff import diff
from dreamfs_tools.dream import dream
from dreamfs_tools.dream_propose import dream_propose
from dreamfs_tools.dream_review import dream_review
from dreamfs_tools.dream_status import dream_status
from dreamfs_tools.grep import grep
from dreamfs_tools.history import history
from dreamfs_tools.insert import insert
from dreamfs_tools.list import list_
from dreamfs_tools.record import record
from dreamfs_tools.rename import rename
from dreamfs_tools.restore import restore
from dreamfs_tools.str_replace import str_replace
from dreamfs_tools.view import view

ToolFunction = Callable[..., Awaitable[Answer]]
ToolSet = Literal["core", "default", "all"]

READS = ToolAnnotations(read_only_hint=True, destructive_hint=False, idempotent_hint=True, open_world_hint=False)
KEEPS = ToolAnnotations(read_only_hint=False, destructive_hint=False, idempotent_hint=False, open_world_hint=False)
"""Changes something and destroys nothing: every version is kept."""
DESTROYS = ToolAnnotations(read_only_hint=False, destructive_hint=True, idempotent_hint=False, open_world_hint=False)
"""Clients ask a person first."""
CALLS_OUT = ToolAnnotations(read_only_hint=False, destructive_hint=False, idempotent_hint=False, open_world_hint=True)
"""May call a model; the host says so only where it can."""


@dataclass(frozen=True, slots=True)
class OfferedTool:
    """One tool and how it is offered."""

    name: str
    function: ToolFunction
    annotations: ToolAnnotations
    smallest_set: ToolSet = "default"
    """It is in this set and the larger ones."""
    asks: bool = False
    """Asks the person something, so it is offered only to clients that can ask."""


def tools() -> Sequence[OfferedTool]:
    """All tools in the order in which they are offered. One line a tool; the order is the contract's."""
    return (
        OfferedTool("view", view, READS, "core"),
        OfferedTool("list", list_, READS, "core"),
        OfferedTool("grep", grep, READS, "core"),
        OfferedTool("create", create, KEEPS, "core"),
        OfferedTool("str_replace", str_replace, KEEPS, "core"),
        OfferedTool("insert", insert, KEEPS),
        OfferedTool("delete", delete, DESTROYS),
        OfferedTool("rename", rename, KEEPS),
        OfferedTool("history", history, READS),
        OfferedTool("diff", diff, READS),
        OfferedTool("restore", restore, KEEPS),
        OfferedTool("dream", dream, CALLS_OUT),
        OfferedTool("dream_status", dream_status, KEEPS),
        OfferedTool("dream_propose", dream_propose, KEEPS),
        OfferedTool("dream_review", dream_review, DESTROYS, asks=True),
        OfferedTool("record", record, KEEPS, "all"),
    )


def chosen(offered: Sequence[OfferedTool], tool_set: ToolSet, *, recorder: bool = False) -> list[OfferedTool]:
    """The tools of a set; a recorder gets `record` with any set."""
    sets: dict[ToolSet, set[ToolSet]] = {
        "core": {"core"},
        "default": {"core", "default"},
        "all": {"core", "default", "all"},
    }
    return [tool for tool in offered if tool.smallest_set in sets[tool_set] or (recorder and tool.name == "record")]
