"""The stdio entry: serves one client over the process's standard input and output, and ends when it should.

What it does that the SDK's entry does not: it ends at once on a signal with the storage closed, ends when its parent is
gone, finishes the calls in flight at the end of input, and answers what is no message (`wire.py`).
"""

import asyncio
import contextlib
import logging
import os
import signal
import sys
import threading
from collections.abc import Awaitable, Callable, Generator
from types import FrameType
from typing import Any, NoReturn

import anyio
from mcp.server.mcpserver import MCPServer

from dreamfs_server.resting import rest_when_idle
from dreamfs_server.wire import Reader, Requests, Writer

DRAIN_SECONDS = 1.0
"""How long the calls in flight at the end of input may take."""
PARENT_CHECK_SECONDS = 1.0
HARD_STOP_SECONDS = 3.0
"""After this, an ending process is ended whatever hangs."""


async def serve_stdio(
    server: MCPServer[Any],
    close: Callable[[], Awaitable[None]],
    *,
    parent_process_id: int | None = None,
    idle: Callable[[], Awaitable[None]] | None = None,
) -> int:
    """Serve until the client, a signal or the parent's end says to stop.

    Must run on the main thread of a process of its own: it takes over the standard descriptors and the signals, and
    3 s after it was told to stop it ends the process whatever still runs.

    Args:
        server: what to serve.
        close: closes the storage; awaited on every way out.
        parent_process_id: as read when the process began. By default now, which misses a parent that ended meanwhile.
        idle: what to do when nobody has asked for a while; cancelled when somebody does, or when it ends.

    Returns:
        The exit code: 0 at the end of input, when the client closed our output and when the parent ended;
        128 + its number for a signal. Pass it to `leave`.
    """
    parent = os.getppid() if parent_process_id is None else parent_process_id
    if sys.platform == "win32":
        # There are no signals to speak of and no pipes that asyncio can poll.
        try:
            await server.run_stdio_async()
        finally:
            await close()
        return 0
    ending = _Ending()
    _end_on_signals(ending)
    with _wire_alone() as (incoming, outgoing):
        requests = Requests()
        writer = Writer(outgoing, requests, lost=lambda: ending.begin(0))
        reader = Reader(incoming, requests, refuse=writer.put)
        try:
            async with anyio.create_task_group() as group:
                group.start_soon(_end_when_told, ending, group.cancel_scope, writer)
                group.start_soon(_end_without_parent, ending, parent)
                group.start_soon(_drain_at_end_of_input, reader, requests)
                if idle is not None:
                    group.start_soon(rest_when_idle, requests, idle)
                # MCPServer has no public way to run over streams of ours; its own transports do just this.
                lowlevel = server._lowlevel_server  # noqa: SLF001
                await lowlevel.run(reader, writer, lowlevel.create_initialization_options())
                with anyio.move_on_after(DRAIN_SECONDS):
                    await writer.flushed()
                ending.begin(0)
        finally:
            reader.release()
            writer.release()
            with anyio.CancelScope(shield=True):
                await close()
    return ending.code


def leave(code: int) -> NoReturn:
    """End the process with the exit code of `serve_stdio`.

    After a signal at once: taking the interpreter and the SDK apart lasts longer than the 0.1 s that a client waits.
    """
    if code == 0:
        sys.exit(0)
    logging.shutdown()
    sys.stderr.flush()
    os._exit(code)


class _Ending:
    """Whether and why the process ends; the first reason stands."""

    def __init__(self) -> None:
        self.code = 0
        self.begun = asyncio.Event()
        self._loop = asyncio.get_running_loop()
        self._hard_stop: threading.Timer | None = None

    def begin(self, code: int) -> None:
        """Begin to end. Safe in a signal handler."""
        if self._hard_stop is not None:
            return
        self.code = code
        self._hard_stop = threading.Timer(HARD_STOP_SECONDS, os._exit, (code,))
        self._hard_stop.daemon = True
        self._hard_stop.start()
        self._loop.call_soon_threadsafe(self.begun.set)


async def _end_when_told(ending: _Ending, scope: anyio.CancelScope, writer: Writer) -> None:
    await ending.begun.wait()
    # Calls in flight are cancelled; their "Connection closed" has nobody to go to.
    await writer.aclose()
    scope.cancel()


async def _end_without_parent(ending: _Ending, parent: int) -> None:
    while os.getppid() == parent:  # noqa: ASYNC110  # nothing tells us: the number has to be looked at
        await anyio.sleep(PARENT_CHECK_SECONDS)
    ending.begin(0)


async def _drain_at_end_of_input(reader: Reader, requests: Requests) -> None:
    await reader.ended.wait()
    with anyio.move_on_after(DRAIN_SECONDS):
        await requests.all_answered()
    await reader.aclose()


def _end_on_signals(ending: _Ending) -> None:
    def end(number: int, _frame: FrameType | None) -> None:
        ending.begin(128 + number)

    # Not the loop's own handlers: these run even while a call keeps the loop busy, and start the hard stop. They stay,
    # so that a second signal does not cut the closing short.
    for name in ("SIGINT", "SIGTERM", "SIGHUP"):
        signal.signal(getattr(signal, name), end)


@contextlib.contextmanager
def _wire_alone() -> Generator[tuple[int, int]]:
    """Keep the wire to ourselves: what prints goes to standard error, what reads finds the end of input."""
    incoming = os.dup(0)
    outgoing = os.dup(1)
    nowhere = os.open(os.devnull, os.O_RDWR)
    os.dup2(nowhere, 0)
    try:
        os.dup2(2, 1)
    except OSError:  # there is no standard error
        os.dup2(nowhere, 1)
    os.close(nowhere)
    try:
        yield incoming, outgoing
    finally:
        os.close(outgoing)
        # `incoming` may have a thread that reads from it: closed by the process's end.
