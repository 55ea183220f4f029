"""The SDK's stock server and transport with one empty tool, run as a program."""

from mcp.server.mcpserver import MCPServer

server = MCPServer("stock", log_level="ERROR")


@server.tool(structured_output=False)
async def empty() -> str:
    return "hello"


if __name__ == "__main__":
    server.run("stdio")
