"""`dreamfs attach`: how to attach a client; changes nothing itself."""

import json
import shlex
import shutil
import sys
from pathlib import Path
from typing import TypedDict

import click

from dreamfs_server.commands.context import Command, Context, json_option, pass_context, print_json


@click.command(cls=Command)
@click.argument("client", type=click.Choice(["claude-code", "claude-desktop", "json"]), default="claude-code")
@click.option("--name", default="memory", show_default=True, help="The server's name in the client.")
@json_option
@pass_context
def command(context: Context, client: str, name: str, as_json: bool) -> None:
    """Print the line or the configuration that attaches this database to a client. You run it; dreamfs does not."""
    if as_json:
        print_json({"client": client, "name": name, **_server(context), "text": attach_text(context, client, name)})
    else:
        click.echo(attach_text(context, client, name))


def attach_text(context: Context, client: str, name: str = "memory") -> str:
    """The command line for Claude Code, or the JSON for Claude Desktop and others."""
    server = _server(context)
    if client == "claude-code":
        words = ["claude", "mcp", "add", name, "--scope", "user", "--", server["command"], *server["args"]]
        return shlex.join(words)
    return json.dumps({"mcpServers": {name: server}}, indent=2)


class _Server(TypedDict):
    """How a client starts a server."""

    command: str
    args: list[str]


def _server(context: Context) -> _Server:
    beside = Path(sys.executable).with_name("dreamfs")
    program = str(beside) if beside.exists() else shutil.which("dreamfs")
    words = [program] if program else [sys.executable, "-m", "dreamfs_server"]
    return {"command": words[0], "args": [*words[1:], "serve", "--db", str(context.database)]}
