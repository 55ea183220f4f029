"""The entry. The only place that names an engine, a host and a model together."""

import importlib
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import anyio
import click

from dreamfs_server.commands.context import Context, Group, Opened

COMMANDS = (
    *("serve", "attach"),
    *("ls", "cat", "grep", "put", "edit", "rm", "mv", "log", "diff", "restore"),
    *("doctor",),
)


@asynccontextmanager
async def open_engine(path: Path) -> AsyncGenerator[Opened]:
    """Open the database at `path`, creating it where there is none."""
    # --help needs no engine.
    from dreamfs_server.sqlite.filesystem import Engine  # noqa: PLC0415
    from dreamfs_server.sqlite.health import health  # noqa: PLC0415
    from dreamfs_server.sqlite.transcripts import SqliteArchive  # noqa: PLC0415

    engine = await Engine.open(path, lambda: datetime.now(UTC))
    try:
        yield Opened(engine, SqliteArchive(engine.database), None, lambda: health(engine.database))
    finally:
        with anyio.CancelScope(shield=True):
            await engine.close()


class Dreamfs(Group):
    """Loads a command's module when it is asked for; without a command, serves."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Name the commands in the order in which a person meets them."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import the file of that name under `commands/`."""
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = importlib.import_module(f"dreamfs_server.commands.{cmd_name}").command
        return command


@click.group(cls=Dreamfs, invoke_without_command=True, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="dreamfs", prog_name="dreamfs")
@click.option("--db", metavar="PATH", default=None, help="The database file. [env: DREAMFS_DB]")
@click.pass_context
def cli(context: click.Context, db: str | None) -> None:
    """A memory file system for agents that keeps every version, knows who wrote it, and dreams.

    Without a command it serves MCP on standard input and output.
    """
    context.obj = Context(open_engine=open_engine, db=db)
    if context.invoked_subcommand is None:
        serve: click.Command = importlib.import_module("dreamfs_server.commands.serve").command
        context.invoke(serve)


def main() -> None:
    """Run the command line."""
    cli.main(prog_name="dreamfs")


if __name__ == "__main__":
    main()
