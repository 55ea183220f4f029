"""The tools around dreams, as a client's model sees them, on both engines."""

import json
from collections.abc import AsyncGenerator
from dataclasses import replace
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Any

import anyio
import pytest
from mcp_types import TextContent

from conftest import Connect
from dreamfs_server.app import build_app
from dreamfs_server.dream.curators.embedded import curate
from dreamfs_server.dream.evidence import mine
from dreamfs_server.dream.job import Job, embedded
from dreamfs_server.dream.material import Material
from dreamfs_server.dream.service import DreamService
from dreamfs_server.dream.standard import standard_dreams
from dreamfs_server.identity import Callers
from dreamfs_tools.call import Call
from dreamfs_tools.dream import dream
from dreamfs_tools.dream_propose import dream_propose
from dreamfs_tools.dream_review import dream_review
from dreamfs_tools.dream_status import dream_status
from dreamfs_tools.dreaming import Card, PersonsAnswer
from dreamfs_tools.errors import Refusal
from dreamfs_tools.filesystem import Author, Filesystem, Planned, Put
from dreamfs_tools.list import list_
from dreamfs_tools.mounts import MountOption, Mounts
from dreamfs_tools.view import view
from memory_filesystem import MemoryFilesystem
from memory_journal import MemoryJournal
from reading_world import told
from recurring_error import ERROR, recurring_error
from snapshot import assert_snapshot
from sqlite_world import opened

NOW = datetime(2026, 11, 22, 11, 3, tzinfo=UTC)
RULE = "/memories/editing.md"


def mine_errors(material: Material) -> list[Card]:
    """One miner only: what these tests compare does not grow with each new one."""
    cards = [card for card in mine(material) if card.miner == "errors"]
    return [replace(card, number=number) for number, card in enumerate(cards, 1)]


def call_of(filesystem: Filesystem, journal: Any) -> Call:
    ids = count(1)
    service = DreamService(
        Job(filesystem, journal, mine_errors, {"embedded": embedded(curate)}), lambda: f"d-{next(ids)}"
    )
    return Call(filesystem, Mounts(), Author(session_id="s-ada", actor="user:ada"), dreams=service)


@pytest.fixture(params=["memory", "sqlite"])
async def call(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncGenerator[Call]:
    if request.param == "memory":
        filesystem = MemoryFilesystem(clock=lambda: NOW)
        for session, events in recurring_error():
            filesystem.transcripts.add(session, events)
        yield call_of(filesystem, MemoryJournal(filesystem))
        return
    async with opened(tmp_path, NOW) as engine:
        for session, events in recurring_error():
            await engine.archive.add(session, events)
        yield call_of(engine, engine.journal)


def cited(sessions: int, **changed: Any) -> dict[str, Any]:
    evidence = [
        {"source": f"/transcripts/s-00{number}", "lines": [4, 6], "quote": ERROR} | changed
        for number in range(1, sessions + 1)
    ]
    return {"text": f"Editing unread files failed in {sessions} sessions.", "kind": "rule", "evidence": evidence}


def write(text: str, **more: Any) -> list[dict[str, Any]]:
    return [{"operation": "create", "path": RULE, "file_text": text, **more}]


async def test_a_clients_dream_reads_word_for_word_as_judged(call: Call) -> None:
    shown = [await told(dream, call, curator="client")]
    shown.append(await told(view, call, "/dreams/d-1/agenda.md"))
    shown.append(await told(list_, call, "/dreams/d-1"))
    text = "# Editing\n\nRead a file before you edit it (3 sessions).\n"
    shown.append(
        await told(
            dream_propose, call, "d-1", "Read before editing", "It fails again and again.", write(text), [cited(3)]
        )
    )
    shown.append(await told(view, call, "/dreams/d-1/proposals/01-read-before-editing.md"))
    shown.append(await told(dream_status, call, "d-1", "finish"))
    shown.append(await told(dream_review, call, "d-1", 1))
    asking = replace(call, ask=answered(PersonsAnswer(True)))
    shown.append(await told(dream_review, asking, "d-1", 1))
    shown.append(await told(view, call, RULE))
    shown.append(await told(dream_status, call, "d-1", format="json"))
    assert_snapshot("dream_by_the_client.txt", "\n".join(shown))


async def test_refused_proposals_say_what_to_correct(call: Call) -> None:
    await dream(call, curator="client")
    shown: list[str] = []

    async def propose(
        changes: list[dict[str, Any]], claims: list[Any], dropped: tuple[Any, ...] = (), title: str = "Title"
    ) -> None:
        with pytest.raises(Refusal) as refused:
            await dream_propose(call, "d-1", title, "Why.", changes, claims, dropped)
        shown.append(refused.value.text)

    good = [cited(3)]
    await propose(write("Read first.\n"), [cited(2)])
    await propose(write("Read first.\n"), [cited(3, lines=[1, 2])])
    await propose(write("Read first.\n"), [cited(3, lines=[1, 900])])
    await propose(write("Read first.\n"), [cited(3, quote="File was never read.")])
    await propose(write("Read first.\n"), [cited(3, source="/transcripts/s-999")])
    await propose(write("Read first.\n"), [cited(3, source="/etc/passwd")])
    await propose(write("Since yesterday, read first.\n"), good)
    await propose(write("Use ghp_0123456789abcdefghijABCDEFGHIJ012345 to read.\n"), good)
    await propose([{"operation": "edit", "path": RULE, "old_str": "a", "new_str": "b"}], good)
    await propose([{"operation": "create", "path": "/elsewhere/a.md", "file_text": "x"}], good)
    await propose([{"operation": "delete", "path": RULE}], good)
    await propose([{"operation": "create", "path": RULE, "file_txt": "x"}], good)
    await propose(write("Read first.\n"), [{**cited(3), "kind": "association"}])
    await propose(write("Read first.\n"), [{**cited(3), "evidence": []}])
    await propose(write("Read first.\n"), [])
    await propose([], good)
    await propose(write("Read first.\n"), good, title=" ")
    await propose(write("Read first.\n"), good, ({"text": "", "reason": ""},))
    assert_snapshot("dream_propose_refusals.txt", "\n\n".join(shown) + "\n")
    assert await call.filesystem.read(lambda snapshot: snapshot.dreams.proposals("d-1")) == []
    store = await call.filesystem.read(lambda snapshot: snapshot.store("memories"))
    assert store is not None
    assert store.head == 0


async def test_a_dream_speaks_of_a_store_by_the_name_of_its_mount(call: Call) -> None:
    mounted = replace(call, mounts=Mounts([MountOption("notes", "memories")], show=frozenset({"dreams"})))
    said = (await dream(mounted, "/notes")).text
    assert "Dream d-1 of /notes is completed" in said
    with pytest.raises(Refusal, match="There is no mount /memories; the mounts are: /notes"):
        await dream(mounted, "/memories")
    with pytest.raises(Refusal, match="s-1 is not stored in /notes"):
        await dream(mounted, "/notes", sessions=["s-1"])
    d = json.loads((await dream(mounted, "/notes", curator="client", format="json")).text)["id"]
    assert f"Dream {d} of /notes waits" in await told(dream, mounted, "/notes")
    pages = [f"/dreams/{d}/agenda.md", "/dreams/d-1/report.md"]
    pages += [line.split()[0] for line in (await list_(mounted, "/dreams/d-1/proposals")).text.split("\n")[:1]]
    shown = "".join([(await view(mounted, page)).text for page in pages])
    assert "+++ /notes/known-errors/" in shown
    assert "/memories" not in shown
    change = [{"operation": "create", "path": "/notes/rule.md", "file_text": "See /memories/x.md, since yesterday.\n"}]
    with pytest.raises(Refusal, match=r"/notes/rule.md line 1: “yesterday” is a relative date") as refused:
        await dream_propose(mounted, d, "Title", "Why.", change, [cited(3)])
    assert "/memories" not in str(refused.value.data)
    change[0]["file_text"] = "See /memories/x.md.\n"
    await dream_propose(mounted, d, "Title", "Why.", change, [cited(3)])
    [kept] = await call.filesystem.read(lambda snapshot: snapshot.dreams.proposals(d))
    assert kept.changes[0].path == "/memories/rule.md"
    page = (await view(mounted, f"/dreams/{d}/proposals/01-title.md")).text
    assert "+++ /notes/rule.md" in page
    assert "+See /memories/x.md." in page
    stale = Put("memories", "rule.md", "Mine.\n", "created")
    await call.filesystem.write(lambda _: Planned(None, [stale]), Author(session_id="s-2"))
    document = json.loads((await dream_status(mounted, d, format="json")).text)
    assert (document["store"], document["proposals"][0]["changes"][0]["path"]) == ("notes", "/notes/rule.md")


async def test_an_embedded_dream_over_mcp_reads_word_for_word_as_judged(call: Call) -> None:
    shown = [await told(dream, call)]
    shown.append(await told(dream_status, call, "d-1"))
    shown.append(await told(dream, call))
    shown.append(await told(dream_status, call, "d-9"))
    shown.append(await told(dream, call, "/nowhere"))
    shown.append(await told(dream, call, since="last week"))
    shown.append(await told(dream, call, curator="anthropic"))
    shown.append(await told(dream, replace(call, dreams=None)))
    assert_snapshot("dream_embedded.txt", "\n".join(shown))


async def test_dreams_are_shown_where_asked_for_and_only_for_stores_that_can_be_written(call: Call) -> None:
    await dream(call)
    assert "/dreams" not in (await list_(call, "/")).text
    shown = replace(call, mounts=Mounts(show=frozenset({"dreams"})))
    assert "/dreams" in (await list_(shown, "/")).text
    report = (await view(shown, "/dreams/d-1/report.md")).text
    assert "It made 1 evidence card" in report


async def test_a_person_who_dismisses_the_form_decides_nothing(call: Call) -> None:
    await dream(call)
    asking = replace(call, ask=answered(None))
    assert (await dream_review(asking, "d-1", 1)).text == "The person did not decide. Proposal 1 is still pending."


def answered(answer: PersonsAnswer | None) -> Any:
    async def ask(page: str) -> PersonsAnswer | None:
        assert "## Change" in page
        return answer

    return ask


async def test_a_dream_runs_over_mcp_in_both_eras(connect: Connect) -> None:
    filesystem = MemoryFilesystem(clock=lambda: NOW)
    for session, events in recurring_error():
        filesystem.transcripts.add(session, events)
    async with anyio.create_task_group() as tasks:
        dreams = standard_dreams(
            filesystem, MemoryJournal(filesystem), tasks=tasks, entropy=lambda size: bytes(range(size))
        )
        server = build_app(filesystem, Mounts(), Callers("user:ada", lambda: "c-1"), version="1.0", dreams=dreams)
        async with connect(server) as client:
            result = await client.call_tool("dream", {"wait_seconds": 25})
            assert not result.is_error
            [block] = result.content
            assert isinstance(block, TextContent)
            assert "Dream d-01234567 of /memories is completed (mined, no model)" in block.text
            assert result.meta is not None
            assert result.meta["dreamfs/result"]["proposals"] == 1
