"""Asking the person at the client, in both protocol eras: the client's form, seen from a tool."""

from typing import Any

import pytest
from mcp import Client
from mcp_types import ElicitRequestFormParams, ElicitResult, TextContent

from dreamfs_server.app import build_app
from dreamfs_server.identity import Callers
from dreamfs_server.toolset import DESTROYS, READS, OfferedTool
from dreamfs_tools.call import Answer, Call
from dreamfs_tools.mounts import Mounts
from memory_filesystem import MemoryFilesystem


async def ask(call: Call, page: str) -> Answer:
    """Ask the person."""
    return Answer(repr(await call.ask(page)) if call.ask else "cannot ask")


@pytest.mark.parametrize("mode", ["auto", "legacy"])
@pytest.mark.parametrize(
    ("given", "answer"),
    [
        (
            ElicitResult(action="accept", content={"decision": "accept", "reason": "true"}),
            "PersonsAnswer(accept=True, reason='true')",
        ),
        (ElicitResult(action="accept", content={"decision": "reject"}), "PersonsAnswer(accept=False, reason='')"),
        (ElicitResult(action="accept", content={"decision": "maybe"}), "None"),
        (ElicitResult(action="decline"), "None"),
        (ElicitResult(action="cancel"), "None"),
    ],
)
async def test_the_person_sees_the_page_and_only_a_decision_counts(mode: Any, given: ElicitResult, answer: str) -> None:
    seen: list[str] = []

    async def person(context: Any, params: Any) -> ElicitResult:
        assert isinstance(params, ElicitRequestFormParams)
        seen.append(params.message)
        return given

    async with Client(server(), mode=mode, elicitation_callback=person) as client:
        result = await client.call_tool("ask", {"page": "Proposal 1\n+ new"})

    assert seen == ["Proposal 1\n+ new"]
    assert result.content == [TextContent(type="text", text=answer)]


@pytest.mark.parametrize("mode", ["auto", "legacy"])
async def test_a_client_that_cannot_ask_is_never_asked(mode: Any) -> None:
    async with Client(server(), mode=mode) as client:
        result = await client.call_tool("ask", {"page": "Proposal 1"})

    assert result.content == [TextContent(type="text", text="cannot ask")]


@pytest.mark.parametrize("mode", ["auto", "legacy"])
async def test_a_tool_that_asks_is_named_only_to_a_client_that_can_ask(mode: Any) -> None:
    async def person(context: Any, params: Any) -> ElicitResult:
        raise AssertionError("nobody is asked")

    async with Client(server(), mode=mode) as client:
        silent = await client.call_tool("nothing", {})
    async with Client(server(), mode=mode, elicitation_callback=person) as client:
        asking = await client.call_tool("nothing", {})

    assert "The tools are: look." in str(silent.content)
    assert "The tools are: look, ask." in str(asking.content)


async def look(call: Call) -> Answer:
    """Look."""
    return Answer("seen")


def server() -> Any:
    callers = Callers("user:ada", lambda: "c-1")
    offered = [OfferedTool("look", look, READS), OfferedTool("ask", ask, DESTROYS, asks=True)]
    return build_app(MemoryFilesystem(), Mounts(), callers, version="1.0", offered=offered)
