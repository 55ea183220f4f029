"""A dream can write all that it proposes into a new store beside the old one, which stays as it is."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from dreamfs_server.dream.curators.embedded import curate
from dreamfs_server.dream.evidence import mine
from dreamfs_server.dream.job import Job, embedded
from dreamfs_server.dream.service import DreamService
from dreamfs_server.sqlite.filesystem import Engine
from dreamfs_tools.dream_pages import report
from dreamfs_tools.dreaming import Claim, Dream, DreamRequest, Evidence, Proposal, ProposedChange
from dreamfs_tools.errors import Refusal
from dreamfs_tools.filesystem import Author, ChangeFilter, Planned, Put, Store
from recurring_error import recurring_error
from sqlite_world import opened

NOW = datetime(2026, 11, 22, 11, 3, tzinfo=UTC)


def service(engine: Engine) -> DreamService:
    job = Job(engine, engine.journal, mine, {"embedded": embedded(curate)}, engine)
    return DreamService(job, lambda: "drm_1")


async def put(engine: Engine, path: str, text: str) -> None:
    await engine.write(lambda _: Planned(None, [Put("memories", path, text, "modified")]), Author(session_id="s-1"))


async def texts(engine: Engine, store: str) -> dict[str, str]:
    return await engine.read(lambda snapshot: {entry.path: text for entry, text in snapshot.tree(store).texts()})


async def test_the_fork_has_every_proposal_as_a_revision_and_the_old_store_has_none(tmp_path: Path) -> None:
    async with opened(tmp_path, NOW) as engine:
        for session, events in recurring_error():
            await engine.archive.add(session, events)
        await put(engine, "a.md", "# Notes\n\nDeploys are on Tuesdays, says Ada.\nAsk Bob first.\n")
        await put(engine, "b.md", "# Notes\n\nDeploys are on Tuesdays, says Ada.\nAsk Bob first.\n")
        before = await texts(engine, "memories")
        dream = await service(engine).start(DreamRequest("memories", output="fork"))
        proposals = await engine.read(lambda snapshot: snapshot.dreams.proposals("drm_1"))
        assert len(proposals) > 1
        assert dream.usage["fork"] == "memories-drm-1"
        assert dream.usage["forked"] == [one.number for one in proposals]
        assert {one.status for one in proposals} == {"pending"}
        assert await texts(engine, "memories") == before
        forked = await engine.read(lambda snapshot: snapshot.store("memories-drm-1"))
        assert forked is not None
        assert (forked.access, forked.forked_from, forked.head) == ("ro", "memories", 2 + len(proposals))
        changes = await engine.read(
            lambda snapshot: snapshot.changes("memories-drm-1", ChangeFilter(dream_id="drm_1"), 50)
        )
        assert {change.revision.author.actor for change in changes} == {"dream:drm_1"}
        assert "dreamfs store merge memories-drm-1 memories" in report(dream, [], proposals)


async def test_the_fork_is_of_what_the_dream_saw_not_of_what_was_written_meanwhile(tmp_path: Path) -> None:
    async with opened(tmp_path, NOW) as engine:
        for session, events in recurring_error():
            await engine.archive.add(session, events)
        await put(engine, "a.md", "Then.\n")
        dreams = service(engine)
        dream = await dreams.job.begin(DreamRequest("memories", "embedded", output="fork"), "drm_1", dreams.me)
        await put(engine, "a.md", "Since.\n")
        await dreams.job.run(dream)
        assert (await texts(engine, "memories-drm-1"))["a.md"] == "Then.\n"


async def test_going_on_after_a_crash_adds_only_what_is_missing(tmp_path: Path) -> None:
    async with opened(tmp_path, NOW) as engine:
        dream = await engine.journal.begin(Dream("drm_1", "memories", "running", "client", 0, NOW, output="fork"))
        claims = [Claim("So.", "observed", [Evidence("/transcripts/s", (1, 1), "so")])]
        dreams = service(engine)
        for number in (1, 2):
            create = ProposedChange("create", f"/memories/{number}.md", file_text=f"{number}\n")
            await engine.journal.propose("drm_1", Proposal(0, "T", "W", [create], claims, fingerprint=str(number)))
            await dreams.job.conclude(dream)
        assert await texts(engine, "memories-drm-1") == {"1.md": "1\n", "2.md": "2\n"}
        store = await engine.read(lambda snapshot: snapshot.store("memories-drm-1"))
        assert store is not None
        assert store.head == 2


async def test_a_store_of_that_name_is_left_alone(tmp_path: Path) -> None:
    async with opened(tmp_path, NOW) as engine:
        await engine.create_store(Store("memories-drm-1", "Mine"))
        dream = await service(engine).start(DreamRequest("memories", output="fork"))
        assert (dream.status, "already" in dream.error) == ("failed", True)
        assert await texts(engine, "memories-drm-1") == {}


async def test_a_place_that_can_make_no_stores_refuses(tmp_path: Path) -> None:
    async with opened(tmp_path, NOW) as engine:
        dreams = service(engine)
        dreams.job = replace(dreams.job, stores=None)
        with pytest.raises(Refusal, match="No store can be made"):
            await dreams.start(DreamRequest("memories", output="fork"))
