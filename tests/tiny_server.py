"""A small server on our stdio entry, run as a program by tests: `python tests/tiny_server.py`.

It says on standard error when its storage is closed. Nothing of dreamfs but the entry is in it.
"""

import os
import sys

PARENT = os.getppid()

import anyio  # noqa: E402  # the parent is read before the second that imports take
from mcp.server.mcpserver import MCPServer  # noqa: E402

from dreamfs_server.stdio import leave, serve_stdio  # noqa: E402

server = MCPServer("tiny", log_level="ERROR")


@server.tool(structured_output=False)
async def echo(text: str) -> str:
    return text


@server.tool(structured_output=False)
async def twice_round(text: str) -> str:
    """Answers after the loop has gone on to other things."""
    await anyio.sleep(0.05)
    return text


@server.tool(structured_output=False)
async def never() -> str:
    sys.stderr.write("waiting\n")
    sys.stderr.flush()
    await anyio.sleep_forever()
    return ""


@server.tool(structured_output=False)
async def printing(text: str) -> str:
    print(text, flush=True)  # noqa: T201  # what must not reach the wire
    os.write(1, b"from below\n")
    return "printed"


@server.tool(structured_output=False)
async def reading() -> str:
    return repr(sys.stdin.read())


@server.tool(structured_output=False)
async def surrogate() -> str:
    return "\ud800"


async def close() -> None:
    sys.stderr.write("storage closed\n")
    sys.stderr.flush()


if __name__ == "__main__":
    leave(anyio.run(lambda: serve_stdio(server, close, parent_process_id=PARENT)))
