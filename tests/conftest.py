"""Fixtures that many tests share: an engine with some stores and two callers, and clients of a server."""

import os
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any, Literal

import pytest
from hypothesis import settings
from mcp import Client
from mcp.server.mcpserver import MCPServer
from mcp_types import Implementation

from dreamfs_server.sqlite.filesystem import Engine
from dreamfs_tools.call import Call
from dreamfs_tools.filesystem import Filesystem
from writing_world import STORES, caller, noon, world

# The same examples in every run of the same tests, so that a change is judged by what it changes. `DREAMFS_EXPLORE=1` looks for new ones;
# what it finds becomes an `@example` or a test of its own.
settings.register_profile("same", derandomize=True)
if not os.environ.get("DREAMFS_EXPLORE"):
    settings.load_profile("same")

# These compare outside a test's own file; without this a failure does not show the values.
pytest.register_assert_rewrite("store_comparison", "store_machine", "store_reverts")


@pytest.fixture(autouse=True)
def _a_persons_shell(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever runs the tests, they type as a person does; those about an agent's shell say so."""
    for name in ("CLAUDECODE", "CLAUDE_CODE_SESSION_ID"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(params=["memory", "sqlite"])
async def filesystem(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Filesystem]:
    """The same stores in each engine."""
    if request.param == "memory":
        yield world()
        return
    engine = await Engine.open(tmp_path / "dreamfs.db", noon)
    for store in STORES:
        if store.slug != "memories":
            await engine.create_store(store)
    yield engine
    await engine.close()


@pytest.fixture
def ada(filesystem: Filesystem) -> Call:
    return caller(filesystem, "s-ada")


@pytest.fixture
def bob(filesystem: Filesystem) -> Call:
    return caller(filesystem, "s-bob")


ClientMode = Literal["auto", "legacy"]
Connect = Callable[[MCPServer[Any]], AbstractAsyncContextManager[Client]]


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(params=["auto", "legacy"], ids=["2026-07-28", "handshake"])
def connect(request: pytest.FixtureRequest) -> Connect:
    """Connects a client to a server in memory, in each protocol era."""
    mode: ClientMode = request.param

    @asynccontextmanager
    async def open_client(server: MCPServer[Any]) -> AsyncGenerator[Client]:
        info = Implementation(name="a client", version="1.2")
        async with Client(server, mode=mode, client_info=info) as client:
            yield client

    return open_client
