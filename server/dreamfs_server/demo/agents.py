"""An agent of the story: an MCP client on a server process of its own."""

import os
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mcp import Client, StdioServerParameters
from mcp.client.stdio import stdio_client
from mcp_types import TextContent


@dataclass(frozen=True, slots=True)
class Reply:
    """What the model would see."""

    text: str
    is_error: bool
    data: dict[str, Any]
    """The facts beside it, `_meta["dreamfs/result"]`."""

    @property
    def version(self) -> int:
        """The version that the answer is about."""
        return int(self.data.get("version") or 0)


@dataclass(frozen=True, slots=True)
class Agent:
    """One conversation of one agent."""

    name: str
    session_id: str
    client: Client

    async def call(self, tool: str, **arguments: Any) -> Reply:
        """Call a tool as a model would."""
        result = await self.client.call_tool(tool, {"session_id": self.session_id, **arguments})
        text = "\n".join(part.text for part in result.content if isinstance(part, TextContent))
        return Reply(text, bool(result.is_error), dict((result.meta or {}).get("dreamfs/result", {})))


@asynccontextmanager
async def agent(name: str, session_id: str, database: Path, *options: str) -> AsyncGenerator[Agent]:
    """Start a server process on the database and attach a client to it."""
    parameters = StdioServerParameters(
        command=sys.executable,
        args=["-m", "dreamfs_server", "serve", "--db", str(database), *options],
        env=dict(os.environ),
    )
    async with Client(stdio_client(parameters)) as client:
        yield Agent(name, session_id, client)
