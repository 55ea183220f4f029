"""What runs the tools: the engine, the MCP host, the commands and the dream."""
