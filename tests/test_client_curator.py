"""The client's own model as the curator: the prompt that asks it, a dream over several sessions, and how one ends by itself."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import pytest
from mcp import Client
from mcp.server.mcpserver import MCPServer
from mcp.shared.exceptions import MCPError
from mcp_types import TextContent

from conftest import Connect
from dreamfs_server.app import build_app
from dreamfs_server.dream.job import Job
from dreamfs_server.dream.service import DreamService
from dreamfs_server.identity import Callers
from dreamfs_tools.dreaming import Card
from dreamfs_tools.filesystem import Store
from dreamfs_tools.mounts import Mounts
from dreamfs_tools.transcript import Event
from memory_filesystem import MemoryFilesystem
from memory_journal import MemoryJournal
from recurring_error import ERROR, recurring_error
from snapshot import assert_snapshot

BEGAN = datetime(2026, 11, 22, 11, 3, tzinfo=UTC)
PAGE_CHARACTERS_MAX = 30_000
"""Ten thousand tokens, at the three characters to a token that logs come to."""


@dataclass
class World:
    """An engine with five sessions, a clock that a test sets, and a server for each session that comes."""

    cards: list[Card] = field(default_factory=list[Card])
    now: datetime = BEGAN
    filesystem: MemoryFilesystem = field(init=False)
    ids: Iterator[int] = field(default_factory=lambda: count(1))

    def __post_init__(self) -> None:
        stores = [Store("memories", "memories"), Store("rules", "rules", access="ro")]
        self.filesystem = MemoryFilesystem(stores, clock=lambda: self.now)
        for session, events in recurring_error():
            self.filesystem.transcripts.add(session, events)

    def server(self, session: str) -> MCPServer[Any]:
        mine: Callable[[Any], list[Card]] = lambda _: self.cards  # noqa: E731
        job = Job(self.filesystem, MemoryJournal(self.filesystem), mine)
        dreams = DreamService(job, lambda: f"d-{next(self.ids)}")
        callers = Callers("user:ada", lambda: session, session)
        return build_app(self.filesystem, Mounts(), callers, version="1.0", dreams=dreams)


async def call(client: Client, tool: str, **arguments: Any) -> str:
    result = await client.call_tool(tool, arguments)
    return "\n".join(block.text for block in result.content if isinstance(block, TextContent))


async def prompt(client: Client, **arguments: str) -> str:
    [message] = (await client.get_prompt("dream", arguments)).messages
    assert isinstance(message.content, TextContent)
    return message.content.text


def proposal(dream_id: str) -> dict[str, Any]:
    evidence = [{"source": f"/transcripts/s-00{n}", "lines": [4, 6], "quote": ERROR} for n in (1, 2, 3)]
    return {
        "dream_id": dream_id,
        "title": "Read before editing",
        "rationale": "It fails again and again.",
        "changes": [{"operation": "create", "path": "/memories/editing.md", "file_text": "Read before you edit.\n"}],
        "claims": [{"text": "Unread edits failed in 3 sessions.", "kind": "rule", "evidence": evidence}],
    }


async def test_the_prompt_reads_word_for_word_as_judged(connect: Connect) -> None:
    async with connect(World().server("s-a")) as client:
        listed = {one.name: one for one in (await client.list_prompts()).prompts}
        text = await prompt(client)

    arguments = [(one.name, one.required) for one in listed["dream"].arguments or []]
    assert arguments == [("store", False), ("since", False), ("instructions", False)]
    assert_snapshot("prompt_dream.txt", text + "\n")


async def test_what_the_prompt_is_given_is_what_the_dream_is_to_be_begun_with(connect: Connect) -> None:
    async with connect(World().server("s-a")) as client:
        text = await prompt(client, store="/memories", since="2026-11-01", instructions='the "{store}" of orders')

    asked = r'{"store":"/memories","curator":"client","since":"2026-11-01","instructions":"the \"{store}\" of orders"}'
    assert f"Call the tool `dream` with {asked}. " in text


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            {"topic": "x"},
            "The prompt dream has no argument 'topic'. Its arguments: store, since, instructions.",
        ),
        ({"store": "/rules"}, "The mount /rules is read-only. You may write below /memories."),
        ({"store": "/memories/a"}, "A dream is of a whole store, such as /memories, not of /memories/a."),
    ],
)
async def test_a_prompt_that_cannot_be_is_refused_in_our_words(
    connect: Connect, arguments: dict[str, str], message: str
) -> None:
    async with connect(World().server("s-a")) as client:
        with pytest.raises(MCPError) as refused:
            await client.get_prompt("dream", arguments)

    assert (refused.value.error.code, refused.value.error.message) == (-32602, message)


async def test_the_prompt_is_offered_only_with_the_tools_that_it_speaks_of(connect: Connect) -> None:
    filesystem = MemoryFilesystem()
    async with connect(build_app(filesystem, Mounts(), Callers("", lambda: "c"), version="1.0")) as client:
        assert [one.name for one in (await client.list_prompts()).prompts] == ["recall"]


async def test_a_dream_is_begun_in_one_session_and_finished_in_another(connect: Connect) -> None:
    world = World()
    async with connect(world.server("s-a")) as client:
        assert "waits for the client's proposals" not in await call(client, "list", path="/")
        assert "running, waiting for the client's proposals" in await call(client, "dream", curator="client")
        assert "/dreams · ro" in await call(client, "view", path="/")
        assert "Saved as proposal 1" in await call(client, "dream_propose", **proposal("d-1"))
    async with connect(world.server("s-b")) as client:
        text = await prompt(client)
        again = await call(client, "dream", curator="client")
        agenda = await call(client, "view", path="/dreams/d-1/agenda.md")
        done = await call(client, "dream_status", dream_id="d-1", action="finish")
        mounts = await call(client, "view", path="/")

    assert (
        "Dream d-1 (ID below), begun at 2026-11-22 11:03 UTC, waits for proposals until 2026-11-22 23:03 UTC and has 1 "
        "proposal already: view them first, and go on after them. Do not start another: go on with this one."
    ) in text
    assert again == (
        "Dream d-1 of /memories waits for proposals of a client's model until 2026-11-22 23:03 UTC; a store has one dream at "
        "a time. Go on with it: view /dreams/d-1/agenda.md and call dream_propose. Or end it: dream_status with dream_id d-1 "
        'and action "finish", or "cancel".\n[refused: locked]'
    )
    assert "# Dream d-1: agenda" in agenda
    assert "Dream d-1 of /memories is completed (curated by the client's own model)." in done
    assert "/dreams" not in mounts


async def test_a_dream_that_its_client_left_ends_by_itself_and_keeps_what_was_proposed(connect: Connect) -> None:
    world = World()
    async with connect(world.server("s-a")) as client:
        await call(client, "dream", curator="client")
        await call(client, "dream_propose", **proposal("d-1"))
        world.now = BEGAN + timedelta(hours=12, milliseconds=-1)
        still = await call(client, "dream_status", dream_id="d-1")
        world.now = BEGAN + timedelta(hours=12)
        mounts = await call(client, "view", path="/")
        late = await call(client, "dream_propose", **proposal("d-1") | {"title": "Another"})
        ended = await call(client, "dream_status", dream_id="d-1")

    assert "is running" in still
    assert "/dreams" not in mounts
    assert late == ("Dream d-1 is incomplete: it takes no more proposals. Start another one.\n[refused: conflict]")
    assert ended.splitlines()[0].startswith("Dream d-1 of /memories is incomplete (curated by the client's own model).")
    assert "It waited 12 hours for proposals, until 2026-11-22 23:03 UTC. What was proposed stays." in ended
    assert "1. [pending, risk low] Read before editing" in ended


async def test_a_dream_that_its_client_left_does_not_stand_in_the_way_of_the_next(connect: Connect) -> None:
    world = World()
    async with connect(world.server("s-a")) as client:
        await call(client, "dream", curator="client")
        world.now = BEGAN + timedelta(hours=12)
        text = await prompt(client)
        second = await call(client, "dream", curator="client")

    assert "Call the tool `dream`" in text
    assert "Dream d-3 of /memories is running, waiting for the client" in second
    first = world.filesystem.dreams.dream("d-1")
    assert first is not None
    assert first.status == "incomplete"


async def test_every_page_of_a_dream_is_small_enough_to_be_read_whole(connect: Connect) -> None:
    line = "2026-11-22T11:03:00Z 0f3a9c error: connection reset\n"
    cards = [Card(n, "errors", f"card {n} " + "x" * 300, line * 2_000) for n in range(1, 201)]
    world = World(cards)
    [session, *_] = [session for session, _ in recurring_error()]
    long = Event(1, "tool", "tool_result", line * 5_000, tool="Bash", line=1, lines=5_001)
    world.filesystem.transcripts.add(session, [long])
    async with connect(world.server("s-a")) as client:
        await call(client, "dream", curator="client", instructions="x" * 4_096)
        asked: list[tuple[str, dict[str, Any]]] = [
            ("view", {"path": "/dreams/d-1"}),
            ("view", {"path": "/dreams/d-1/agenda.md"}),
            ("view", {"path": f"/dreams/d-1/cards/01-card-1-{'x' * 33}.md", "view_range": [1, -1]}),
            ("view", {"path": f"/transcripts/{session.session_id}", "view_range": [1, -1]}),
        ]
        for tool, arguments in asked:
            page = await call(client, tool, **arguments)
            assert "[refused" not in page
            assert len(page) < PAGE_CHARACTERS_MAX, arguments
