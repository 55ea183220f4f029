"""A dream from its start to the revision that a person's answer makes, on the engine in memory and on SQLite."""

import hashlib
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import count
from pathlib import Path

import anyio
import pytest
from anyio.abc import TaskGroup

from dreamfs_server.dream.curators.embedded import curate
from dreamfs_server.dream.evidence import mine
from dreamfs_server.dream.job import Job, Mine, embedded
from dreamfs_server.dream.material import Material
from dreamfs_server.dream.service import DreamService
from dreamfs_server.sqlite.filesystem import Engine
from dreamfs_tools.dreaming import Card, DreamJournal, DreamRequest, Proposal, ProposedChange, Review
from dreamfs_tools.errors import Refusal
from dreamfs_tools.filesystem import Author, Filesystem, Planned, Put
from dreamfs_tools.transcript import Event, Session
from memory_filesystem import MemoryFilesystem
from memory_journal import MemoryJournal
from recurring_error import recurring_error
from sqlite_world import opened

NOW = datetime(2026, 11, 22, 11, 3, tzinfo=UTC)
ADA = Author(session_id="s-ada", client="dreamfs 0.1", transport="command")


@dataclass
class World:
    """An engine with five sessions in which the same mistake is made."""

    filesystem: Filesystem
    journal: DreamJournal

    def service(
        self,
        *,
        mining: Mine = mine,
        tasks: TaskGroup | None = None,
        me: str = "here/2/2",
        is_alive: Callable[[str], bool] = lambda _: True,
        name: str = "d",
    ) -> DreamService:
        ids = count(1)
        job = Job(self.filesystem, self.journal, mining, {"embedded": embedded(curate)})
        return DreamService(job, lambda: f"{name}-{next(ids)}", tasks, is_alive=is_alive, me=me)

    async def put(self, path: str, text: str) -> None:
        put = Put("memories", path, text, "created")
        await self.filesystem.write(lambda _: Planned(None, [put]), Author(session_id="s-1"))

    async def learn(self, one: tuple[Session, Sequence[Event]]) -> None:
        """Import a session."""
        if isinstance(self.filesystem, MemoryFilesystem):
            self.filesystem.transcripts.add(*one)
        elif isinstance(self.filesystem, Engine):
            await self.filesystem.archive.add(*one)

    async def proposals(self, dream_id: str) -> Sequence[Proposal]:
        return await self.filesystem.read(lambda snapshot: snapshot.dreams.proposals(dream_id))

    async def head(self) -> int:
        store = await self.filesystem.read(lambda snapshot: snapshot.store("memories"))
        assert store is not None
        return store.head


@asynccontextmanager
async def world(engine: str, folder: Path) -> AsyncGenerator[World]:
    if engine == "memory":
        filesystem = MemoryFilesystem(clock=lambda: NOW)
        for session, events in recurring_error():
            filesystem.transcripts.add(session, events)
        yield World(filesystem, MemoryJournal(filesystem))
        return
    async with opened(folder, NOW) as opened_engine:
        for session, events in recurring_error():
            await opened_engine.archive.add(session, events)
        yield World(opened_engine, opened_engine.journal)


@pytest.fixture(params=["memory", "sqlite"])
async def here(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[World]:
    async with world(request.param, tmp_path) as made:
        yield made


async def test_accepting_a_proposal_is_one_revision_by_the_dream_for_the_reviewer(here: World) -> None:
    service = here.service()
    dream = await service.start(DreamRequest("memories"))
    assert (dream.status, dream.coverage.sessions, await here.head()) == ("completed", 5, 0)
    [proposal] = await here.proposals(dream.dream_id)
    assert proposal.status == "pending"
    accepted = await service.review(Review(dream.dream_id, 1, True, "user:ada", "terminal"), ADA)
    assert (accepted.status, accepted.version, await here.head()) == ("accepted", 1, 1)
    revision = await here.filesystem.read(lambda snapshot: snapshot.revision("memories", 1))
    assert revision is not None
    assert (revision.author.actor, revision.author.on_behalf_of) == (f"dream:{dream.dream_id}", "user:ada")
    assert (revision.dream_id, revision.message) == (dream.dream_id, proposal.title)
    [kept] = await here.proposals(dream.dream_id)
    assert (kept.status, kept.version, kept.reviewed_by) == ("accepted", 1, "user:ada")


async def test_a_second_dream_over_unchanged_inputs_proposes_nothing(here: World) -> None:
    service = here.service()
    first = await service.start(DreamRequest("memories"))
    second = await service.start(DreamRequest("memories"))
    assert second.status == "completed"
    assert await here.proposals(second.dream_id) == []
    await service.review(Review(first.dream_id, 1, True, "user:ada", "terminal"), ADA)
    third = await service.start(DreamRequest("memories"))
    assert (third.status, await here.proposals(third.dream_id)) == ("completed", [])


async def test_a_rejected_proposal_changes_nothing_and_does_not_come_back(here: World) -> None:
    service = here.service()
    dream = await service.start(DreamRequest("memories"))
    review = Review(dream.dream_id, 1, False, "user:ada", "terminal", "we know")
    rejected = await service.review(review, ADA)
    assert (rejected.status, rejected.reason, await here.head()) == ("rejected", "we know", 0)
    with pytest.raises(Refusal, match="is rejected"):
        await service.review(replace(review, accept=True), ADA)
    again = await service.start(DreamRequest("memories"))
    assert (await here.proposals(again.dream_id), await here.head()) == ([], 0)


async def test_a_proposal_whose_file_appeared_meanwhile_becomes_stale(here: World) -> None:
    service = here.service()
    dream = await service.start(DreamRequest("memories"))
    [proposal] = await here.proposals(dream.dream_id)
    await here.put(proposal.changes[0].path.removeprefix("/memories/"), "Something else.\n")
    with pytest.raises(Refusal, match="created meanwhile") as refused:
        await service.review(Review(dream.dream_id, 1, True, "user:ada", "terminal"), ADA)
    assert (refused.value.code, await here.head()) == ("stale", 1)
    [kept] = await here.proposals(dream.dream_id)
    assert kept.status == "stale"


async def test_two_people_who_accept_at_once_make_one_revision(here: World) -> None:
    service = here.service()
    dream = await service.start(DreamRequest("memories"))
    codes: list[str] = []

    async def accept(reviewer: str) -> None:
        try:
            await service.review(Review(dream.dream_id, 1, True, reviewer, "terminal"), ADA)
            codes.append("accepted")
        except Refusal as refusal:
            codes.append(refusal.code)

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(accept, "user:ada")
        tasks.start_soon(accept, "user:bob")
    assert (sorted(codes), await here.head()) == (["accepted", "conflict"], 1)


async def test_a_store_has_one_dream_at_a_time(here: World) -> None:
    service = here.service()
    dream = await service.start(DreamRequest("memories", curator="client"))
    assert (dream.status, dream.owner) == ("running", "")
    with pytest.raises(Refusal, match=dream.dream_id) as refused:
        await service.start(DreamRequest("memories"))
    assert refused.value.code == "locked"
    assert (await service.finish(dream.dream_id)).status == "completed"
    assert (await service.start(DreamRequest("memories"))).status == "completed"


async def test_a_dream_whose_process_died_does_not_stand_in_the_way(here: World) -> None:
    dead = here.service(me="here/1/1")
    dream = await dead.job.begin(DreamRequest("memories", curator="embedded"), "d-dead", "here/1/1")
    service = here.service(is_alive=lambda owner: owner != "here/1/1")
    after = await service.start(DreamRequest("memories"))
    buried = await service.show(dream.dream_id)
    assert (after.status, buried.status, buried.error) == ("completed", "failed", "Its process ended before it did.")


async def test_a_dream_that_was_interrupted_does_not_stand_in_the_way(here: World) -> None:
    mining = anyio.Event()

    def slow(material: Material) -> list[Card]:
        anyio.from_thread.run_sync(mining.set)
        return mine(material)

    async with anyio.create_task_group() as tasks:
        await here.service(mining=slow, tasks=tasks).start(DreamRequest("memories"))
        await mining.wait()
        tasks.cancel_scope.cancel()
    left = await here.service().show("d-1")
    assert (left.status, left.owner) == ("pending", "")
    after = await here.service(name="e").start(DreamRequest("memories"))
    assert (await here.service().show("d-1")).status == "failed"
    assert len(await here.proposals(after.dream_id)) == 1


async def test_a_dream_whose_process_died_is_run_on_by_another(here: World) -> None:
    dead = here.service(me="here/1/1")
    dream = await dead.job.begin(DreamRequest("memories", curator="embedded"), "d-dead", "here/1/1")
    service = here.service(is_alive=lambda _: False)
    assert (await service.resume(dream.dream_id)).status == "completed"
    assert len(await here.proposals(dream.dream_id)) == 1


async def test_canceling_from_another_process_ends_a_dream_in_the_middle(here: World) -> None:
    mined = anyio.Event()
    go_on = anyio.Event()

    def slow(material: Material) -> list[Card]:
        sessions = iter(material.sessions)
        next(sessions)
        anyio.from_thread.run_sync(mined.set)
        anyio.from_thread.run(go_on.wait)
        next(sessions)
        raise AssertionError("the second session must not be read")

    async with anyio.create_task_group() as tasks:
        service = here.service(mining=slow, tasks=tasks)
        dream = await service.start(DreamRequest("memories"))
        await mined.wait()
        assert (await here.service().cancel(dream.dream_id)).status == "canceled"
        go_on.set()
    assert ((await here.service().show("d-1")).status, await here.proposals("d-1")) == ("canceled", [])


async def test_an_error_of_ours_ends_a_dream_with_a_sentence(here: World) -> None:
    def broken(_: Material) -> list[Card]:
        raise ValueError("a path of this machine")

    dream = await here.service(mining=broken).start(DreamRequest("memories"))
    assert (dream.status, dream.error) == ("failed", "An error of ours ended it; the log has the details.")


async def test_sessions_that_are_not_read_are_named_with_the_reason(here: World) -> None:
    asked = DreamRequest("memories", sessions=["s-001", "s-005"], since=datetime(2026, 11, 5, tzinfo=UTC))
    dream = await here.service().start(asked)
    assert dream.coverage.sessions == 1
    assert dream.coverage.skipped == [{"session_id": "s-001", "reason": "it ended before the time asked for"}]


async def test_a_session_that_is_not_stored_is_refused_with_those_of_a_like_name(here: World) -> None:
    with pytest.raises(Refusal, match="s-0003 is not stored in /memories, nor are 1 more of those named") as refused:
        await here.service().start(DreamRequest("memories", sessions=["s-001", "s-0003", "nope"]))
    assert (refused.value.code, refused.value.data["near"][0]) == ("not_found", "s-003")
    assert await here.filesystem.read(lambda snapshot: snapshot.dreams.dreams()) == []


async def test_an_unknown_curator_is_refused_with_those_there_are(here: World) -> None:
    with pytest.raises(Refusal, match="auto, client, embedded"):
        await here.service().start(DreamRequest("memories", curator="oracle"))
    assert await here.filesystem.read(lambda snapshot: snapshot.dreams.dreams()) == []


async def test_a_wrong_number_on_a_stored_card_vouches_for_nothing(here: World) -> None:
    service = here.service()
    dream = await service.start(DreamRequest("memories", curator="client"))
    cards = await here.filesystem.read(lambda snapshot: snapshot.dreams.cards(dream.dream_id))
    card = next(card for card in cards if card.miner == "errors")
    claim = card.claims[0]
    wrong = replace(claim, statistics={**claim.statistics, "count": 99})
    await here.journal.save_cards(dream.dream_id, [replace(card, claims=[wrong])])
    create = ProposedChange("create", "/memories/rule.md", file_text="Read first.\n")
    with pytest.raises(Refusal, match="its statistics say count is 99; recomputed it is 10"):
        await service.propose(dream.dream_id, Proposal(0, "Title", "Why.", [create], [wrong]))
    saved = await service.propose(dream.dream_id, Proposal(0, "Title", "Why.", [create], [claim]))
    assert (saved.claims[0].statistics, saved.claims[0].support) == (claim.statistics, claim.support)


async def test_what_is_imported_while_a_dream_runs_changes_none_of_its_numbers(here: World) -> None:
    late = list(recurring_error(sessions=6))[-1]

    def meanwhile(material: Material) -> list[Card]:
        cards = mine(material)
        anyio.from_thread.run(here.learn, late)
        return cards

    dream = await here.service(mining=meanwhile).start(DreamRequest("memories"))
    [proposal] = await here.proposals(dream.dream_id)
    assert (dream.coverage.sessions, proposal.claims[0].support.sessions) == (5, 5)


async def test_a_dream_that_is_canceled_while_it_is_checked_says_so(here: World) -> None:
    canceled = anyio.Event()

    def slow(material: Material) -> list[Card]:
        if canceled.is_set():
            return mine(material)
        canceled.set()
        cards = mine(material)
        anyio.from_thread.run(here.service().cancel, "d-1")
        return cards

    dream = await here.service(mining=slow).start(DreamRequest("memories"))
    assert (dream.status, await here.proposals("d-1")) == ("canceled", [])


async def test_a_relative_date_counts_from_the_day_on_which_its_line_was_written(tmp_path: Path) -> None:
    days = iter(datetime(2026, 11, day, 9, tzinfo=UTC) for day in (2, 10, 20))
    filesystem = MemoryFilesystem(clock=lambda: next(days, NOW))
    here = World(filesystem, MemoryJournal(filesystem))
    first, second = "The pool was doubled yesterday.\n", "Ada moved the export today.\n"
    for text in (first, first + second, "# Pool\n\n" + first + second):
        put = Put("memories", "pool.md", text, "created" if text == first else "modified")
        await filesystem.write(lambda _, put=put: Planned(None, [put]), Author(session_id="s-1"))  # type: ignore[misc]
    dream = await here.service().start(DreamRequest("memories"))
    [proposal] = await here.proposals(dream.dream_id)
    assert "+The pool was doubled on 2026-11-01." in proposal.diff
    assert "+Ada moved the export on 2026-11-10." in proposal.diff


async def test_a_line_that_may_be_older_than_what_is_left_of_its_history_gets_no_date(tmp_path: Path) -> None:
    filesystem = MemoryFilesystem(clock=lambda: NOW)
    here = World(filesystem, MemoryJournal(filesystem))
    first = "The pool was doubled yesterday.\n"
    await here.put("pool.md", first)
    more = Put("memories", "pool.md", f"# Pool\n\n{first}", "modified")
    await filesystem.write(lambda _: Planned(None, [more]), Author(session_id="s-1"))
    filesystem.forget(hashlib.sha256(first.encode()).hexdigest())
    dream = await here.service().start(DreamRequest("memories"))
    assert (dream.status, await here.proposals(dream.dream_id)) == ("completed", [])
