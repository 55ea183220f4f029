"""What a dream did can be taken back in one reviewable change, and what others wrote since stays."""

from collections.abc import AsyncGenerator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from dreamfs_server.dream.citations import Uncited, resolve
from dreamfs_server.dream.gather import scope_of
from dreamfs_server.dream.review import decide
from dreamfs_server.dream.undo import revert_dream, unbelieve
from dreamfs_server.sqlite.filesystem import Engine
from dreamfs_tools.dreaming import Claim, Dream, Evidence, Proposal, ProposedChange, Review
from dreamfs_tools.errors import Refusal
from dreamfs_tools.filesystem import Author, Planned, Put
from recurring_error import recurring_error
from sqlite_world import opened

NOW = datetime(2026, 11, 22, 11, 3, tzinfo=UTC)
TEXT = "one\ntwo\nthree\nfour\nfive\n"


@pytest.fixture
async def engine(tmp_path: Path) -> AsyncGenerator[Engine]:
    async with opened(tmp_path, NOW) as engine:
        await put(engine, "numbers.md", TEXT)
        await put(engine, "old.md", "one\n")
        yield engine


async def put(engine: Engine, path: str, text: str) -> None:
    await engine.write(lambda _: Planned(None, [Put("memories", path, text, "modified")]), Author(session_id="s-1"))


async def a_dream(engine: Engine, dream_id: str, *changes: ProposedChange, source: str = "/transcripts/s-1") -> None:
    """A dream whose one proposal a person accepted."""
    store = await engine.read(lambda snapshot: snapshot.store("memories"))
    assert store is not None
    dream = await engine.journal.begin(Dream(dream_id, "memories", "running", "client", store.head, NOW))
    claims = [Claim("So it is.", "observed", [Evidence(source, (1, 1), "so")])]
    proposal = Proposal(0, "Title", "Why.", changes, claims, base_version=store.head, fingerprint=dream_id)
    saved = await engine.journal.propose(dream.dream_id, proposal)
    await engine.journal.update(Dream(dream_id, "memories", "completed", "client", store.head, NOW))
    await accept(engine, dream_id, saved.number)


async def accept(engine: Engine, dream_id: str, number: int = 1) -> None:
    await decide(engine, engine.journal, Review(dream_id, number, True, "user:ada", "terminal"), Author())


async def texts(engine: Engine) -> dict[str, str]:
    return await engine.read(lambda snapshot: {entry.path: text for entry, text in snapshot.tree("memories").texts()})


def edit(old: str, new: str) -> ProposedChange:
    return ProposedChange("edit", "/memories/numbers.md", old_str=old, new_str=new)


async def undo(engine: Engine, dream_id: str = "d-1") -> Dream:
    return await revert_dream(engine, engine.journal, dream_id, new_id="d-undo", requested_by="user:ada")


async def test_undoing_changes_nothing_until_accepted_and_then_restores_every_text(engine: Engine) -> None:
    before = await texts(engine)
    retire = ProposedChange("retire", "/memories/old.md", new_path="/memories/numbers.md")
    create = ProposedChange("create", "/memories/new.md", file_text="new\n")
    await a_dream(engine, "d-1", edit("two", "zwei"), retire, create)
    changed = await texts(engine)
    dream = await undo(engine)
    assert (dream.status, await texts(engine)) == ("completed", changed)
    await accept(engine, "d-undo")
    after = await texts(engine)
    archived = after.pop("archive/new.md")
    assert archived.endswith("new\n")
    assert after == before
    [undone] = await engine.read(lambda snapshot: snapshot.dreams.proposals("d-1"))
    assert undone.status == "reverted"


async def test_what_others_wrote_since_is_kept(engine: Engine) -> None:
    await a_dream(engine, "d-1", edit("two", "zwei"))
    await put(engine, "numbers.md", TEXT.replace("two", "zwei").replace("five", "cinq"))
    await undo(engine)
    await accept(engine, "d-undo")
    assert (await texts(engine))["numbers.md"] == TEXT.replace("five", "cinq")


async def test_a_file_that_others_changed_in_the_same_place_is_left_and_named(engine: Engine) -> None:
    await a_dream(engine, "d-1", edit("two", "zwei"), ProposedChange("create", "/memories/new.md", file_text="new\n"))
    await put(engine, "numbers.md", TEXT.replace("two", "deux"))
    await undo(engine)
    [proposal] = await engine.read(lambda snapshot: snapshot.dreams.proposals("d-undo"))
    assert proposal.flags == ["left as it is, others changed the same lines since: /memories/numbers.md"]
    assert [change.path for change in proposal.changes] == ["/memories/new.md"]


async def test_everything_that_rests_on_a_false_source_is_one_change(engine: Engine) -> None:
    await a_dream(engine, "d-1", edit("two", "zwei"))
    await a_dream(engine, "d-2", edit("zwei", "deux"))
    await a_dream(engine, "d-3", edit("five", "cinq"), source="/transcripts/s-2")
    await unbelieve(engine, engine.journal, "memories", "/transcripts/s-1", new_id="d-undo", requested_by="user:ada")
    await accept(engine, "d-undo")
    assert (await texts(engine))["numbers.md"] == TEXT.replace("five", "cinq")


async def test_to_ask_twice_for_the_same_undoing_gives_the_proposal_that_is_open(engine: Engine) -> None:
    await a_dream(engine, "d-1", ProposedChange("create", "/memories/new.md", file_text="new\n"), edit("two", "zwei"))
    first = await undo(engine)
    journal, false = engine.journal, "/transcripts/s-1"
    again = await unbelieve(engine, journal, "memories", false, new_id="d-again", requested_by="user:ada")
    assert again is not None
    assert again.dream_id == first.dream_id
    await put(engine, "numbers.md", TEXT.replace("two", "zwei").replace("five", "cinq"))
    moved = await unbelieve(engine, journal, "memories", false, new_id="d-moved", requested_by="user:ada")
    assert moved is not None
    assert moved.dream_id == "d-moved"


async def test_a_false_source_takes_what_was_concluded_from_its_conclusions_with_it(engine: Engine) -> None:
    await a_dream(engine, "d-1", ProposedChange("create", "/memories/new.md", file_text="new\n"))
    await a_dream(engine, "d-2", edit("two", "zwei"), source="/memories/new.md")
    await unbelieve(engine, engine.journal, "memories", "/transcripts/s-1", new_id="d-undo", requested_by="user:ada")
    await accept(engine, "d-undo")
    found = await texts(engine)
    assert found["numbers.md"] == TEXT
    assert "new.md" not in found


async def test_a_false_source_is_neither_read_nor_cited_again_until_it_is_believed(engine: Engine) -> None:
    for session, events in recurring_error(sessions=4):
        await engine.archive.add(session, events)
    false = "/transcripts/s-001"
    assert await unbelieve(engine, engine.journal, "memories", false, new_id="-", requested_by="user:ada") is None
    dream = await engine.journal.begin(Dream("d-1", "memories", "running", "client", 2, NOW))
    scope = await engine.read(lambda snapshot: scope_of(snapshot, dream))
    assert [one.session_id for one in scope.sessions] == ["s-002", "s-003", "s-004"]
    assert scope.coverage.skipped == [{"session_id": "s-001", "reason": "user:ada called it false"}]
    evidence = Evidence(false, (1, 1), "user")
    tree = await engine.read(lambda snapshot: snapshot.tree("memories"))
    with pytest.raises(Uncited, match="is false, as user:ada said"):
        await engine.read(lambda snapshot: resolve(snapshot, dream, tree, evidence))
    assert await engine.journal.believe("memories", false)
    assert len((await engine.read(lambda snapshot: scope_of(snapshot, dream))).sessions) == 4


async def test_open_proposals_that_cite_a_false_source_go_stale(engine: Engine) -> None:
    dream = await engine.journal.begin(Dream("d-1", "memories", "running", "client", 2, NOW))
    for source in ("/transcripts/s-1", "/transcripts/s-2"):
        claims = [Claim("So it is.", "observed", [Evidence(source, (1, 1), "so")])]
        await engine.journal.propose("d-1", Proposal(0, "T", "W", [edit("two", "2")], claims, fingerprint=source))
    await engine.journal.update(replace(dream, status="completed"))
    assert (
        await unbelieve(engine, engine.journal, "memories", "/transcripts/s-1", new_id="-", requested_by="user:ada")
        is None
    )
    proposals = await engine.read(lambda snapshot: snapshot.dreams.proposals("d-1"))
    assert [(one.status, one.reason) for one in proposals] == [
        ("stale", "It rests on /transcripts/s-1, which user:ada called false."),
        ("pending", ""),
    ]


async def test_only_what_is_there_or_cited_can_be_called_false(engine: Engine) -> None:
    for source in ("/transcripts/nowhere", "/memories/nowhere.md", "nonsense"):
        with pytest.raises(Refusal, match="Name a session"):
            await unbelieve(engine, engine.journal, "memories", source, new_id="-", requested_by="user:ada")
    assert not await engine.read(lambda snapshot: snapshot.dreams.disbeliefs("memories"))


async def test_there_is_nothing_to_undo_where_nothing_was_accepted(engine: Engine) -> None:
    with pytest.raises(Refusal, match="There is no dream"):
        await undo(engine)
    await a_dream(engine, "d-1", edit("two", "zwei"))
    await undo(engine)
    await accept(engine, "d-undo")
    with pytest.raises(Refusal, match="nothing to undo"):
        await revert_dream(engine, engine.journal, "d-1", new_id="d-2", requested_by="user:ada")
