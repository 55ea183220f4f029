"""What an agent can do with its memory. Pure: no MCP, no database, no model, no clock of its own."""
