"""What a server does between calls: once nobody has asked for a while, it rests, and stops when somebody asks."""

import logging
from collections.abc import Awaitable, Callable

import anyio

from dreamfs_server.wire import Requests
from dreamfs_tools.errors import Refusal

IDLE_SECONDS = 10.0
"""How long nobody has asked anything before a server rests; a model thinks for seconds between its calls."""


async def _pause() -> None:
    await anyio.sleep(IDLE_SECONDS)


async def rest_when_idle(
    requests: Requests, rest: Callable[[], Awaitable[None]], pause: Callable[[], Awaitable[None]] = _pause
) -> None:
    """Rest once after each stretch of calls, until cancelled.

    Args:
        requests: what was asked and not answered yet.
        rest: what to do then. It is cancelled at the next request, and begun again after that.
        pause: waits as long as nobody may ask before a rest.
    """
    rested = 0
    while True:
        if requests.count == rested:
            await requests.next()
        asked = await _quiet(requests, pause)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(_cancel_at_next, requests, asked, tasks.cancel_scope)
            try:
                await rest()
            except Refusal as refusal:  # best effort: others use the file, or the disk is full
                logging.getLogger("dreamfs").info("the server did not rest: %s", refusal.sentence)
            rested = asked
            tasks.cancel_scope.cancel()


async def _quiet(requests: Requests, pause: Callable[[], Awaitable[None]]) -> int:
    """Wait for a pause in which nobody asked; gives how many requests there were until then.

    It looks after each pause and is not woken by a request, so that a call does not pay for it.
    """
    while True:
        await requests.all_answered()
        asked = requests.count
        await pause()
        if requests.count == asked:
            return asked


async def _cancel_at_next(requests: Requests, asked: int, scope: anyio.CancelScope) -> None:
    if requests.count == asked:
        await requests.next()
    scope.cancel()
