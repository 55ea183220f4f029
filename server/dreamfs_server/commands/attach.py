"""`dreamfs attach`: how to attach a client; changes nothing itself."""

import json
import shlex
import shutil
import sys
from pathlib import Path

import click

from dreamfs_server.commands.context import Command, Context, pass_context


@click.command(cls=Command)
@click.argument("client", type=click.Choice(["claude-code", "claude-desktop", "json"]), default="claude-code")
@click.option("--name", default="memory", show_default=True, help="The server's name in the client.")
@pass_context
def command(context: Context, client: str, name: str) -> None:
    """Print the line or the configuration that attaches this database to a client. You run it; dreamfs does not."""
    click.echo(attach_text(context, client, name))


def attach_text(context: Context, client: str, name: str = "memory") -> str:
    """The command line for Claude Code, or the JSON for Claude Desktop and others."""
    beside = Path(sys.executable).with_name("dreamfs")
    program = str(beside) if beside.exists() else shutil.which("dreamfs")
    words = [program] if program else [sys.executable, "-m", "dreamfs_server"]
    arguments = ["serve", "--db", str(context.database)]
    if client == "claude-code":
        return shlex.join(["claude", "mcp", "add", name, "--scope", "user", "--", *words, *arguments])
    server = {"command": words[0], "args": [*words[1:], *arguments]}
    return json.dumps({"mcpServers": {name: server}}, indent=2)
