"""`dreamfs serve`: MCP on standard input and output."""

import gc
import logging
import os
import sys
from contextlib import AsyncExitStack
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Literal

import anyio
import click

from dreamfs_server.commands.context import Command, Context, DreamRuns, pass_context
from dreamfs_tools.errors import Refusal
from dreamfs_tools.mounts import MountOption, Mounts, check_options, parse_mount

PICK_UP_SECONDS = 1.0


class _MountType(click.ParamType[MountOption]):
    name = "[NAME=]STORE[@REVISION][:ro|:rw]"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> MountOption:
        try:
            return parse_mount(value)
        except Refusal as refusal:
            self.fail(refusal.sentence, param, ctx)


@click.command(cls=Command)
@click.option(
    "--mount",
    "mounts",
    multiple=True,
    type=_MountType(),
    metavar=_MountType.name,  # in its own case: click would raise it
    help="Show this store, under a name, read-only or read-write, or as it was at a revision. Repeatable; "
    "without it every store is shown under its own name.",
)
@click.option(
    "--project",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    default=None,
    metavar="DIR",
    help="Show the memory of the repository that DIR is in as /project. Without --mount, CLAUDE_PROJECT_DIR says the same.",
)
@click.option(
    "--show", multiple=True, type=click.Choice(["transcripts", "dreams"]), help="Also show these read-only trees."
)
@click.option("--tools", type=click.Choice(["core", "default", "all"]), default="default", show_default=True)
@click.option("--recorder", is_flag=True, help="A trusted recorder is attached: offer `record`, and believe its times.")
@click.option("--session", envvar="DREAMFS_SESSION", default="", help="The session id for calls that name none.")
@click.option("--log", default="WARNING", show_default=True, metavar="LEVEL", help="What is logged on standard error.")
@pass_context
def command(
    context: Context,
    mounts: tuple[MountOption, ...],
    project: Path | None,
    show: tuple[str, ...],
    tools: Literal["core", "default", "all"],
    recorder: bool,
    session: str,
    log: str,
) -> None:
    """Serve MCP on standard input and output. This is what `dreamfs` does without a command."""
    parent = os.getppid()  # read before the slow imports: a parent that ends meanwhile must be noticed
    # Before the SDK is imported, which installs a handler of its own where there is none.
    logging.basicConfig(level=log.upper(), stream=sys.stderr, format="%(name)s: %(message)s")
    # What the imports make stays: looking through it for garbage again and again is a tenth of the start.
    gc.disable()
    from dreamfs_server.stdio import leave

    if project is None and not mounts:
        project = _client_project()
    try:
        check_options(mounts, project=project is not None)
    except Refusal as refusal:
        raise click.UsageError(refusal.sentence) from None
    shown = Mounts(mounts or None, frozenset(show), project="")
    leave(anyio.run(_serve, context, shown, project, tools, recorder, session, parent))


def _client_project() -> Path | None:
    """The folder that the client says it works in."""
    named = os.environ.get("CLAUDE_PROJECT_DIR", "")
    return Path(named) if named and Path(named).is_dir() else None


async def _pick_up(dreams: DreamRuns) -> None:
    """Run on what another server's end interrupted, once the client has had its first answers."""
    await anyio.sleep(PICK_UP_SECONDS)
    try:
        await dreams.pick_up()
    except Refusal as refusal:
        logging.getLogger("dreamfs").warning("no dream was picked up: %s", refusal.sentence)


async def _serve(
    context: Context,
    mounts: Mounts,
    project: Path | None,
    tools: Literal["core", "default", "all"],
    recorder: bool,
    session: str,
    parent: int,
) -> int:
    from dreamfs_server.app import build_app
    from dreamfs_server.commands.project import project_store
    from dreamfs_server.identity import Callers, check_session_id
    from dreamfs_server.settings import login, package_version
    from dreamfs_server.stdio import serve_stdio

    connection = os.urandom(4).hex()
    callers = Callers(
        actor=f"user:{login()}",
        connection_id=lambda: connection,
        session_id=check_session_id(session) if session else "",
        host_session_id=os.environ.get("CLAUDE_CODE_SESSION_ID", ""),
    )
    async with AsyncExitStack() as stack:
        opened = await stack.enter_async_context(context.open_database(context.database, launching=True))
        if project is not None:
            mounts = replace(mounts, project=await project_store(opened, project, context.author(session)))
        await opened.filesystem.read(mounts.check)  # an unknown store is a refusal now, not at the first call
        app = build_app(
            opened.filesystem,
            mounts,
            callers,
            version=package_version(),
            tool_set=tools,
            recorder=recorder,
            archive=opened.archive,
            dreams=opened.dreams,
            beside=[partial(_pick_up, opened.dreams)],
        )
        gc.freeze()
        gc.enable()
        return await serve_stdio(app, stack.aclose, parent_process_id=parent, idle=opened.rest)
