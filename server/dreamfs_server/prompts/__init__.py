"""Prompts: texts that a person puts before the model with one command. What they say is product text, in `*.md`."""

from typing import Any

from mcp.server.mcpserver import MCPServer

from dreamfs_server.identity import Callers
from dreamfs_server.prompts.dream import add_dream
from dreamfs_server.prompts.recall import add_recall
from dreamfs_tools.filesystem import Filesystem
from dreamfs_tools.mounts import Mounts


def add_prompts(app: MCPServer[Any], filesystem: Filesystem, mounts: Mounts, callers: Callers, *, dreams: bool) -> None:
    """Register the prompts.

    Args:
        app: the server.
        filesystem: the engine.
        mounts: what the server shows.
        callers: what is known of whoever calls.
        dreams: whether the tools that the prompt `dream` speaks of are offered.
    """
    add_recall(app, filesystem, mounts, callers)
    if dreams:
        add_dream(app, filesystem, mounts)
