"""What every command is given: the database it works on, and how to open what it needs."""

import json
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Protocol, TypeVar

import anyio
import click

from dreamfs_server.commands.printing import say
from dreamfs_server.commands.terms import in_terminal_terms
from dreamfs_server.settings import database_path, host_session, login, package_version
from dreamfs_tools.call import Answer, Call
from dreamfs_tools.dreaming import Dream, DreamRequest, Dreams
from dreamfs_tools.errors import Refusal
from dreamfs_tools.filesystem import Author, Filesystem
from dreamfs_tools.model_call import ModelCalls
from dreamfs_tools.mounts import VIRTUAL, Mounts
from dreamfs_tools.pins import PinKeeper
from dreamfs_tools.redaction import Eraser
from dreamfs_tools.stores import StoreKeeper
from dreamfs_tools.transcript import TranscriptArchive

T = TypeVar("T")


class DreamRuns(Dreams, Protocol):
    """What runs dreams, also those that another process left, and takes back what they did."""

    async def start_if_due(self, request: DreamRequest) -> Dream | str: ...

    async def resume(self, dream_id: str) -> Dream: ...

    async def pick_up(self) -> None: ...

    async def revert(self, dream_id: str, requested_by: str, numbers: Sequence[int] = ()) -> Dream: ...

    async def unbelieve(self, store: str, source: str, requested_by: str, reason: str = "") -> Dream | None: ...

    async def believe(self, store: str, source: str) -> None: ...

    async def preview(self, request: DreamRequest) -> Any:
        """What a dream that asks a model would use: an `Estimate`."""
        ...


@dataclass(frozen=True, slots=True)
class Opened:
    """An open database with all that it keeps."""

    filesystem: Filesystem
    stores: StoreKeeper
    archive: TranscriptArchive
    dreams: DreamRuns
    books: ModelCalls
    """Calls of models, and what a person allowed them to cost."""
    health: Callable[[], Awaitable[Mapping[str, Any]]]
    """What `doctor` says of the engine: `{"sqlite", "journal", "problems": [sentence]}`."""
    backup: Callable[[Path], Awaitable[None]]
    """Writes the whole database to a new file."""
    pins: PinKeeper
    eraser: Eraser
    """Removes texts for good."""
    rest: Callable[[], Awaitable[None]]
    """For idle moments: makes old versions small, and other upkeep that nobody waits for."""
    integrity: "Integrity"
    """Checks what the database holds against what was written."""


class Integrity(Protocol):
    """What an engine can prove of its history, as JSON-ready documents."""

    async def verify(self, anchor: Mapping[str, Any] | None = None) -> Mapping[str, Any]:
        """`{"contents", "revisions", "anchored", "problems": [{"kind", "store", "revision", "sentence"}]}`."""
        ...

    async def compare(self, anchor: Mapping[str, Any]) -> list[str]:
        """Where the history no longer has what an anchor says."""
        ...

    async def anchor(self) -> Mapping[str, Any]:
        """`{"dreamfs_anchor": 1, "written_at", "stores": [{"store", "created_at", "revision", "chain"}]}`."""
        ...

    async def repair(self) -> Mapping[str, Any]:
        """`{"stores", "problems"}`: how many were rebuilt from their history, and what is wrong still."""
        ...


class OpenDatabase(Protocol):
    """Opens a database; `__main__` says with what."""

    def __call__(self, path: Path, *, launching: bool = False) -> AbstractAsyncContextManager[Opened]: ...


@dataclass
class Context:
    """The object behind `click.Context.obj`; `__main__` says how a database is opened."""

    open_database: OpenDatabase
    db: str | None = None
    mounts: Mounts = field(default_factory=Mounts)

    @property
    def database(self) -> Path:
        """The database's path."""
        return database_path(self.db)

    def showing(self, path: str) -> "Context":
        """With /transcripts or /dreams, where the path leads there: a person may read them, and is shown them when asked."""
        tree = path.strip("/").partition("/")[0]
        if tree not in VIRTUAL:
            return self
        return replace(self, mounts=replace(self.mounts, show=self.mounts.show | {tree}))

    def author(self, session: str = "") -> Author:
        """Who is at the terminal."""
        return Author(
            session_id=session,
            host_session_id=host_session(),
            actor=f"user:{login()}",
            client=f"dreamfs {package_version()}",
            transport="command",
        )

    def run(self, work: Callable[[Opened], Coroutine[Any, Any, T]]) -> T:
        """Open the engine, do the work, close it; a refusal ends the command with exit code 1."""

        async def opened() -> T:
            async with self.open_database(self.database) as opened:
                return await work(opened)

        return anyio.run(opened)

    def call(self, tool: Callable[[Call], Coroutine[Any, Any, Answer]], session: str = "") -> Answer:
        """Call a tool as the person at the terminal."""
        return self.run(lambda opened: tool(self.caller(opened, session)))

    def caller(self, opened: Opened, session: str = "") -> Call:
        """What a tool is given when the person at the terminal calls it."""
        return Call(opened.filesystem, self.mounts, self.author(session), opened.archive, opened.dreams)


pass_context = click.make_pass_decorator(Context)


json_option = click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
message_option = click.option("-m", "--message", default="", help="Why; shown in the history.")
expected_option = click.option(
    "--expected-version", type=int, default=None, help="Only if the path is at exactly this version; 0: does not exist."
)
session_option = click.option("--session", default="", metavar="ID", help="The session to attribute this to.")


def print_json(document: object) -> None:
    """Print one JSON document on stdout."""
    click.echo(json.dumps(document, ensure_ascii=False, indent=2))


def print_result(answer: Answer, *, as_json: bool) -> None:
    """Print what a write did: its facts as JSON, or its sentence."""
    if as_json:
        print_json(dict(answer.data))
    else:
        say(in_terminal_terms(answer.text))


class Command(click.Command):
    """A command of ours: takes `--db`, and ends with exit code 1 and a sentence on stderr when it is refused.

    Args:
        takes_arguments: a person gives it arguments by the names that tools have, so that refusals name these too.
    """

    def __init__(self, *args: Any, takes_arguments: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._takes_arguments = takes_arguments
        self.params.append(
            click.Option(
                ["--db"],
                metavar="PATH",
                expose_value=False,
                callback=_set_db,
                help="The database file. [env: DREAMFS_DB; default: in the user data directory]",
            )
        )

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command, wording a refusal."""
        try:
            return super().invoke(ctx)
        except Refusal as refusal:
            sentence = refusal.sentence if self._takes_arguments else in_terminal_terms(refusal.sentence)
            if ctx.params.get("as_json"):
                print_json({"error": {"code": refusal.code, "message": sentence}})
            say(f"dreamfs: {sentence.removeprefix('Error: ')}", err=True)
            ctx.exit(1)


class Group(click.Group):
    """A group of our commands."""

    command_class = Command


def _set_db(context: click.Context, _parameter: click.Parameter, value: str | None) -> None:
    if value is not None:
        context.find_object(Context).db = value  # type: ignore[union-attr]  # __main__ always puts one in
