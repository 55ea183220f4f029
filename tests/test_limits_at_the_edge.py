"""Limits of DESIGN section 8 that have no other home: exactly at one passes, one beyond is refused and says so.

Content, messages, patterns, paths, stores and recorded events have theirs beside what they belong to.
"""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest

from command_line import CommandLine
from dreamfs_server.dream.gather import scope_of
from dreamfs_server.dream.validation import validate
from dreamfs_tools.dreaming import Card, Claim, Dream, Dropped, Evidence, Proposal, ProposedChange
from dreamfs_tools.errors import Refusal
from dreamfs_tools.transcript import Event, Session
from memory_filesystem import MemoryFilesystem
from recurring_error import numbered_session

NOW = datetime(2026, 11, 22, 11, 3, tzinfo=UTC)
DREAM = Dream("d-1", "memories", "running", "client", 0, NOW)


@pytest.fixture
def dreamfs(tmp_path: Path) -> CommandLine:
    dreamfs = CommandLine(tmp_path / "memory.db")
    dreamfs.put("/memories/a.md", "login: correct horse battery\n")
    return dreamfs


def said() -> MemoryFilesystem:
    filesystem = MemoryFilesystem(clock=lambda: NOW)
    events = [Event(0, "user", "text", "the pool is cold", NOW)]
    filesystem.transcripts.add(*numbered_session(Session("memories", "s-1", "text", NOW, NOW), events))
    filesystem.dreams.kept.append(DREAM)
    return filesystem


def proposal(title: str = "Title", rationale: str = "Why.", dropped: Sequence[Dropped] = ()) -> Proposal:
    claims = [Claim("The pool is cold.", "observed", [Evidence("/transcripts/s-1", (2, 2), "the pool is cold")])]
    change = ProposedChange("create", "/memories/pool.md", file_text="The pool is cold.\n")
    return Proposal(0, title, rationale, [change], claims, dropped)


def titled(count: int) -> Proposal:
    return proposal(title="é" * count)


def explained(count: int) -> Proposal:
    return proposal(rationale="é" * count)


def dropping(count: int) -> Proposal:
    return proposal(dropped=[Dropped("port 5432", "é" * count)])


@pytest.mark.parametrize(
    ("made", "most", "what"),
    [(titled, 255, "title"), (explained, 4_096, "rationale"), (dropping, 1_024, "longest reason")],
)
async def test_what_a_proposal_says(made: Callable[[int], Proposal], most: int, what: str) -> None:
    filesystem = said()
    none: list[Card] = []
    await filesystem.read(lambda snapshot: validate(snapshot, DREAM, made(most), none))
    with pytest.raises(Refusal) as refused:
        await filesystem.read(lambda snapshot: validate(snapshot, DREAM, made(most + 1), none))
    assert what in refused.value.sentence
    assert f"{most + 1:,}" in refused.value.sentence
    assert f"{most:,}" in refused.value.sentence


async def test_a_dream_reads_500_transcripts_and_says_which_it_left_out() -> None:
    filesystem = said()
    for count in (500, 501):
        for number in range(2, count + 1):
            at = datetime(2026, 1, 1, number // 60, number % 60, tzinfo=UTC)
            event = Event(0, "user", "text", "hello", at)
            filesystem.transcripts.add(*numbered_session(Session("memories", f"s-{number}", "text", at, at), [event]))
        coverage = (await filesystem.read(lambda snapshot: scope_of(snapshot, DREAM))).coverage
        assert coverage.sessions == 500
        assert [skip["reason"] for skip in coverage.skipped] == ["older than the newest 500, which a dream reads"] * (
            count - 500
        )


def test_instructions_of_a_dream(dreamfs: CommandLine) -> None:
    refused = dreamfs.refused("dream", "run", "--instructions", "é" * 4_097)
    assert "The instructions have 4,097 characters; at most 4,096 are allowed." in refused
    assert dreamfs.json("dream", "list") == []
    assert dreamfs.json("dream", "run", "--instructions", "é" * 4_096)["status"] == "completed"


def test_the_reason_of_a_redaction(dreamfs: CommandLine) -> None:
    words = ["redact", "/memories/a.md", "--text", "correct horse battery", "--yes", "--reason"]
    assert "The reason has 1,025 characters; at most 1,024 are allowed." in dreamfs.refused(*words, "é" * 1_025)
    assert dreamfs.said("cat", "/memories/a.md") == "login: correct horse battery\n"
    assert dreamfs.json(*words, "é" * 1_024)["status"] == "erased"


def test_the_files_of_a_store(dreamfs: CommandLine) -> None:
    dreamfs.run("store", "set", "memories", "--files-count", "2")
    dreamfs.put("/memories/b.md", "two\n")
    refused = dreamfs.run("put", "/memories/c.md", stdin="three\n", code=1).stderr
    assert "would have 3; the limit is 2." in refused
    dreamfs.put("/memories/b.md", "two, longer\n", "--expected-version", "2")
    assert [row["path"] for row in dreamfs.json("ls", "/memories")] == ["/memories/a.md", "/memories/b.md"]


def test_pages_of_a_list(dreamfs: CommandLine) -> None:
    assert "/memories/a.md" in dreamfs.said("try", "list", "limit=1000")
    for limit in ("0", "1001"):
        refused = dreamfs.run("try", "list", f"limit={limit}", code=1).output
        assert "between 1 and 1,000" in refused or "1 to 1,000" in refused
