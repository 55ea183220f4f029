"""A dream over what an earlier one has seen: it proposes nothing, whatever a person answered."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import count

import pytest
from bench.corpora import Options, generate
from bench.corpora.corpus import WorldName
from bench.corpora.seeds import DEVELOPMENT
from bench.direct import Desk

from dreamfs_server.dream.review import results
from dreamfs_server.dream.standard import standard_dreams
from dreamfs_tools.dreaming import DreamRequest, Dreams, EditedFile, Proposal, Review
from dreamfs_tools.filesystem import Author, Planned, Put
from memory_filesystem import MemoryFilesystem
from memory_journal import MemoryJournal
from recurring_error import recurring_error

ADA = Author(actor="user:ada")


class Dreamer:
    """An engine in memory, and the person who answers."""

    def __init__(self, filesystem: MemoryFilesystem) -> None:
        numbers = count(1)
        self.filesystem = filesystem
        self.dreams: Dreams = standard_dreams(
            filesystem, MemoryJournal(filesystem), entropy=lambda size: bytes([next(numbers)] * size)
        )

    async def put(self, path: str, text: str) -> None:
        put = Put("memories", path, text, "created")
        await self.filesystem.write(lambda _: Planned(None, [put]), Author(session_id="s-1"))

    async def dream(self) -> tuple[str, Sequence[Proposal]]:
        """Dream to the end; gives what it proposes."""
        done = await self.dreams.start(DreamRequest("memories"))
        assert done.status == "completed", done.error
        assert "refused" not in done.usage
        return done.dream_id, await self.filesystem.read(lambda snapshot: snapshot.dreams.proposals(done.dream_id))

    async def answer(
        self, dream_id: str, number: int, *, accept: bool, edited: Sequence[EditedFile] = (), reason: str = ""
    ) -> None:
        review = Review(dream_id, number, accept, "user:ada", "terminal", reason, edited)
        await self.dreams.review(review, ADA)

    async def in_own_words(self, dream_id: str, number: int) -> Sequence[EditedFile]:
        """What would be written, with the reviewer's changes."""
        files = await self.filesystem.read(lambda snapshot: results(snapshot, dream_id, number))
        return [replace(file, text=file.text.replace("- Do:", "- Best:") + "\nSeen by Ada.\n") for file in files]


@pytest.fixture(params=["oncall", "coding", "reading", "support"])
async def dreamer(request: pytest.FixtureRequest) -> Dreamer:
    world: WorldName = request.param
    corpus = generate(DEVELOPMENT[1], Options(world, 40))
    desk = Desk(corpus)
    here = Dreamer(MemoryFilesystem(clock=lambda: desk.now))
    for one in desk.sessions:
        counted = replace(one.session, events=len(one.events), lines=sum(event.lines for event in one.events))
        here.filesystem.transcripts.add(counted, one.events)
    for path, text in corpus.memories.items():
        await here.put(path, text)
    return here


@pytest.mark.parametrize("how", ["leave", "accept", "edit", "reject"])
async def test_a_second_dream_proposes_nothing_whatever_was_answered(dreamer: Dreamer, how: str) -> None:
    dream_id, proposals = await dreamer.dream()
    assert len(proposals) > 3
    for proposal in proposals if how != "leave" else ():
        edited = await dreamer.in_own_words(dream_id, proposal.number) if how == "edit" else ()
        await dreamer.answer(dream_id, proposal.number, accept=how != "reject", edited=edited)
    _, again = await dreamer.dream()
    assert [proposal.title for proposal in again] == []


async def test_what_did_not_fit_into_one_dream_comes_when_something_has_changed() -> None:
    here = Dreamer(MemoryFilesystem())
    for number in range(14):
        for name in ("a", "b"):
            await here.put(
                f"{name}-{number}.md", f"# Service {number}\n\nThe port of service {number} is {5000 + number}.\n"
            )
    first, proposals = await here.dream()
    assert len(proposals) == 10
    for proposal in proposals[1:]:
        await here.answer(first, proposal.number, accept=False)
    assert (await here.dream())[1] == []
    await here.answer(first, 1, accept=True)
    titles = [proposal.title for proposal in (await here.dream())[1]]
    assert len(titles) == 4
    assert not set(titles) & {proposal.title for proposal in proposals}


async def test_a_rejected_rule_comes_back_with_more_sessions_only_and_says_why_it_was_rejected() -> None:
    here = Dreamer(MemoryFilesystem())
    for session, events in recurring_error(sessions=5):
        here.filesystem.transcripts.add(session, events)
    first, [proposal] = await here.dream()
    assert proposal.flags == []
    await here.answer(first, proposal.number, accept=False, reason="we know")
    assert (await here.dream())[1] == []
    session, events = list(recurring_error(sessions=6))[-1]
    here.filesystem.transcripts.add(session, events)
    _, [again] = await here.dream()
    assert (again.fingerprint, again.claims[0].support.sessions) == (proposal.fingerprint, 6)
    assert again.flags == [
        f"user:ada rejected the same in dream {first}, because “we know”; it rested on 5 sessions then, on 6 now"
    ]


async def test_what_a_dream_wrote_supports_no_later_dream() -> None:
    here = Dreamer(MemoryFilesystem())
    for session, events in recurring_error(sessions=5):
        here.filesystem.transcripts.add(session, events)
    first, [proposal] = await here.dream()
    await here.answer(first, proposal.number, accept=True)
    written = proposal.changes[0].path
    text = await here.filesystem.read(
        lambda snapshot: next(text for entry, text in snapshot.tree("memories").texts() if written.endswith(entry.path))
    )
    await here.put("copy.md", text)
    _, again = await here.dream()
    assert {claim.support.sessions for proposal in again for claim in proposal.claims} == {0}
    assert [change.operation for proposal in again for change in proposal.changes] == ["retire"]
