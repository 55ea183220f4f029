"""The entry. The only place that names an engine, a host and a model together."""

import errno
import importlib
import os
import subprocess
import sys
import threading
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from functools import partial
from keyword import iskeyword
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import anyio
import anyio.to_thread
import click

from dreamfs_server.commands.context import Context, Group, Opened
from dreamfs_server.model_settings import ANTHROPIC, KEY_HINT, has_anthropic_key, model_settings

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from dreamfs_server.commands.context import DreamRuns
    from dreamfs_server.dream.curators.model import ModelCurator
    from dreamfs_server.dream.estimate import Estimate
    from dreamfs_server.dream.gather import Scope
    from dreamfs_server.dream.job import Work
    from dreamfs_server.dream.material import Material
    from dreamfs_server.sqlite.filesystem import Engine
    from dreamfs_tools.dreaming import Card, DreamJournal, Proposal
    from dreamfs_tools.filesystem import Filesystem
    from dreamfs_tools.model_call import ModelCalls

COMMANDS = (
    *("serve", "demo", "try", "attach", "hook"),
    *("ls", "cat", "grep", "put", "edit", "rm", "mv", "log", "diff", "blame", "restore"),
    *("revert", "redact", "prune", "pin"),
    *("import", "export", "apply", "backup"),
    *("store", "transcripts", "dream", "doctor"),
)


@asynccontextmanager
async def open_database(path: Path, *, launching: bool = False) -> AsyncGenerator[Opened]:
    """Open the database at `path`, creating it where there is none.

    Args:
        path: the file.
        launching: start each dream in a process of its own, as a server wants it, instead of running it here.
    """
    # --help needs none of these.
    from dreamfs_server.sqlite.backup import backup  # noqa: PLC0415
    from dreamfs_server.sqlite.dreams import SqliteDreamJournal  # noqa: PLC0415
    from dreamfs_server.sqlite.filesystem import Engine  # noqa: PLC0415
    from dreamfs_server.sqlite.health import health  # noqa: PLC0415
    from dreamfs_server.sqlite.integrity import SqliteIntegrity  # noqa: PLC0415
    from dreamfs_server.sqlite.model_calls import SqliteModelCalls  # noqa: PLC0415
    from dreamfs_server.sqlite.pins import SqlitePins  # noqa: PLC0415
    from dreamfs_server.sqlite.redaction import SqliteEraser  # noqa: PLC0415
    from dreamfs_server.sqlite.transcripts import SqliteArchive  # noqa: PLC0415

    engine = await Engine.open(path, _now)
    journal = SqliteDreamJournal(engine.database, _now)
    books = SqliteModelCalls(engine.database, _now)
    launch = partial(_launch, path) if launching else None
    dreams = cast("DreamRuns", _LateDreams(engine, lambda: _dreams(engine, journal, books, launch)))
    try:
        yield Opened(
            engine,
            engine,
            SqliteArchive(engine.database),
            dreams,
            books,
            health=lambda: health(engine.database),
            backup=partial(backup, engine.database),
            pins=SqlitePins(engine.database, _now),
            eraser=SqliteEraser(engine.database, _now, os.urandom),
            rest=engine.rest,
            integrity=SqliteIntegrity(engine.database, _now),
        )
    finally:
        with anyio.CancelScope(shield=True):
            await engine.close()


class _LateDreams:
    """The dreams of this process. What runs them is a tenth of the start, so it is loaded when somebody dreams."""

    def __init__(self, filesystem: "Filesystem", load: "Callable[[], DreamRuns]") -> None:
        self._filesystem = filesystem
        self._load = load
        self._loading = anyio.Lock()
        self._loaded: DreamRuns | None = None

    async def pick_up(self) -> None:
        if await self._filesystem.read(lambda snapshot: any(dream.is_open for dream in snapshot.dreams.dreams())):
            await (await self._service()).pick_up()

    def __getattr__(self, name: str) -> "Callable[..., Awaitable[Any]]":
        """Every method of `DreamRuns`; all are coroutines."""

        async def call(*args: Any, **kwargs: Any) -> Any:
            return await getattr(await self._service(), name)(*args, **kwargs)

        return call

    async def _service(self) -> "DreamRuns":
        async with self._loading:
            if self._loaded is None:
                # On a thread, so that other calls are answered meanwhile.
                self._loaded = await anyio.to_thread.run_sync(self._load)
            return self._loaded


def _dreams(
    engine: "Engine", journal: "DreamJournal", books: "ModelCalls", launch: "Callable[[str], Awaitable[str]] | None"
) -> "DreamRuns":
    from dreamfs_server.dream.consent import EMBEDDED, Consent  # noqa: PLC0415  # see _LateDreams
    from dreamfs_server.dream.job import Curator, Job, embedded  # noqa: PLC0415
    from dreamfs_server.dream.service import DreamService  # noqa: PLC0415

    curators: dict[str, Curator] = {EMBEDDED: embedded(_curate), ANTHROPIC: _AnthropicCurator(engine, books)}
    return DreamService(
        Job(engine, journal, _mine, curators, engine),
        lambda: f"drm_{os.urandom(5).hex()}",
        launch=launch,
        consent=Consent(books, ANTHROPIC, lambda: has_anthropic_key(os.environ), KEY_HINT),
    )


def _now() -> datetime:
    return datetime.now(UTC)


def _mine(material: "Material") -> "list[Card]":
    from dreamfs_server.dream.evidence.mine import mine  # noqa: PLC0415  # a server only launches dreams

    return mine(material)


def _curate(material: "Material", cards: "Sequence[Card]") -> "list[Proposal]":
    from dreamfs_server.dream.curators.embedded import curate  # noqa: PLC0415  # likewise

    return curate(material, cards)


class _AnthropicCurator:
    """The curator that asks Anthropic's models, loaded when a dream uses it."""

    def __init__(self, filesystem: "Filesystem", books: "ModelCalls") -> None:
        self._filesystem = filesystem
        self._books = books

    async def __call__(self, work: "Work") -> "Mapping[str, Any]":
        return await self._loaded()(work)

    def estimate(self, scope: "Scope", cards: "Sequence[Card]") -> "Estimate":
        return self._loaded().estimate(scope, cards)

    def _loaded(self) -> "ModelCurator":
        from dreamfs_server.dream.curators.anthropic import AnthropicModel  # noqa: PLC0415
        from dreamfs_server.dream.curators.model import ModelCurator  # noqa: PLC0415

        return ModelCurator(
            ANTHROPIC, self._filesystem, self._books, lambda: model_settings(os.environ), AnthropicModel
        )


async def _launch(path: Path, dream_id: str) -> str:
    """Run a dream in a process that outlives this one; gives its name as an owner."""
    from dreamfs_server.dream.owner import name_of  # noqa: PLC0415  # --help needs none of it

    words = [sys.executable, "-m", "dreamfs_server", "--db", str(path), "dream", "run", "--resume", dream_id]
    process = subprocess.Popen(  # noqa: S603, ASYNC220  # our own program; returns at once
        words, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
    )
    name = name_of(process.pid)
    # Waited for, so that a dead one can be told from a living one while this server runs.
    threading.Thread(target=process.wait, daemon=True).start()
    return name


class Dreamfs(Group):
    """Loads a command's module when it is asked for; without a command, serves."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Name the commands in the order in which a person meets them."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import the file of that name under `commands/`."""
        if cmd_name not in COMMANDS:
            return None
        module = f"{cmd_name}_" if iskeyword(cmd_name) else cmd_name
        command: click.Command = importlib.import_module(f"dreamfs_server.commands.{module}").command
        return command


@click.group(
    cls=Dreamfs,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 120},
)
@click.version_option(package_name="dreamfs", prog_name="dreamfs")
@click.option("--db", metavar="PATH", default=None, help="The database file. [env: DREAMFS_DB]")
@click.pass_context
def cli(context: click.Context, db: str | None) -> None:
    """A memory file system for agents that keeps every version, knows who wrote it, and dreams.

    Without a command it serves MCP on standard input and output.
    """
    context.obj = Context(open_database=open_database, db=db)
    if context.invoked_subcommand is None:
        serve: click.Command = importlib.import_module("dreamfs_server.commands.serve").command
        context.invoke(serve)


def main() -> None:
    """Run the command line."""
    try:
        try:
            cli.main(prog_name="dreamfs")
        finally:
            if sys.stdout is not None:  # a caller may have closed it
                sys.stdout.flush()
    except OSError as error:
        if error.filename is not None:
            click.echo(f"dreamfs: {error.filename}: {error.strerror}.", err=True)
        elif error.errno != errno.EPIPE:
            click.echo(f"dreamfs: The output could not be written: {error.strerror}.", err=True)
        # What is still buffered has nowhere to go, and the interpreter would try it again.
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        sys.exit(1)


if __name__ == "__main__":
    main()
