"""A reviewer may change the text of a proposal; theirs is what is accepted, as one revision that says so."""

from collections.abc import AsyncGenerator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from dreamfs_server.dream.review import decide, results
from dreamfs_server.sqlite.filesystem import Engine
from dreamfs_tools.dreaming import Claim, Dream, EditedFile, Evidence, Proposal, ProposedChange, Review
from dreamfs_tools.errors import Refusal
from dreamfs_tools.filesystem import Author, Planned, Put
from sqlite_world import opened

NOW = datetime(2026, 11, 22, 11, 3, tzinfo=UTC)
NUMBERS = "/memories/numbers.md"


@pytest.fixture
async def engine(tmp_path: Path) -> AsyncGenerator[Engine]:
    async with opened(tmp_path, NOW) as engine:
        await put(engine, "numbers.md", "one\ntwo\nthree\nfour\nfive\n")
        await put(engine, "old.md", "one\n")
        changes = [
            ProposedChange("edit", NUMBERS, old_str="two", new_str="zwei"),
            ProposedChange("retire", "/memories/old.md", new_path=NUMBERS),
            ProposedChange("create", "/memories/new.md", file_text="new\n"),
        ]
        dream = await engine.journal.begin(Dream("d-1", "memories", "running", "client", 2, NOW))
        claims = [Claim("So it is.", "observed", [Evidence("/transcripts/s-1", (1, 1), "so")])]
        await engine.journal.propose(
            dream.dream_id, Proposal(0, "Speak German", "Why.", changes, claims, base_version=2)
        )
        yield engine


async def put(engine: Engine, path: str, text: str) -> None:
    await engine.write(lambda _: Planned(None, [Put("memories", path, text, "modified")]), Author(session_id="s-1"))


async def shown(engine: Engine) -> dict[str, EditedFile]:
    return {file.path: file for file in await engine.read(lambda snapshot: results(snapshot, "d-1", 1))}


async def accept(engine: Engine, *edited: EditedFile) -> Proposal:
    review = Review("d-1", 1, True, "user:ada", "terminal", edited=edited)
    return await decide(engine, engine.journal, review, Author())


async def texts(engine: Engine) -> dict[str, str]:
    return await engine.read(lambda snapshot: {entry.path: text for entry, text in snapshot.tree("memories").texts()})


async def test_what_can_be_edited_is_what_accepting_would_write_now(engine: Engine) -> None:
    await put(engine, "numbers.md", "one\ntwo\nthree\nfour\nfünf\n")
    assert await shown(engine) == {
        NUMBERS: EditedFile(NUMBERS, "one\nzwei\nthree\nfour\nfünf\n", 3),
        "/memories/new.md": EditedFile("/memories/new.md", "new\n", 0),
    }


async def test_the_reviewers_text_is_accepted_as_one_revision_that_says_so(engine: Engine) -> None:
    done = await accept(engine, EditedFile(NUMBERS, "eins\nzwei\n", 1))
    found = await texts(engine)
    archived = found.pop("archive/old.md")
    assert found == {"numbers.md": "eins\nzwei\n", "new.md": "new\n"}
    assert archived.endswith("one\n")
    revision = await engine.read(lambda snapshot: snapshot.revision("memories", 3))
    assert revision is not None
    assert (done.version, revision.message) == (3, "Speak German (edited by user:ada)")
    assert (revision.author.actor, revision.author.on_behalf_of) == ("dream:d-1", "user:ada")
    [kept] = await engine.read(lambda snapshot: snapshot.dreams.proposals("d-1"))
    assert (kept.status, kept.edited) == ("accepted", True)


@pytest.mark.parametrize(
    ("edited", "code", "words"),
    [
        (EditedFile("/memories/other.md", "x\n", 0), "invalid_argument", "does not write /memories/other.md"),
        (EditedFile(NUMBERS, "x\n", 7), "conflict", "was changed while you edited it"),
        (EditedFile(NUMBERS, "key AKIAIOSFODNN7EXAMPLF\n", 1), "secret", "aws-access-key"),
        (EditedFile(NUMBERS, "x" * 200_000, 1), "too_large", "102,400"),
    ],
)
async def test_an_edited_text_is_refused_as_any_write_is_and_nothing_changes(
    engine: Engine, edited: EditedFile, code: str, words: str
) -> None:
    before = await texts(engine)
    with pytest.raises(Refusal, match=words) as refused:
        await accept(engine, edited)
    assert refused.value.code == code
    assert await texts(engine) == before
    [kept] = await engine.read(lambda snapshot: snapshot.dreams.proposals("d-1"))
    assert (kept.status, kept.edited) == ("pending", False)
