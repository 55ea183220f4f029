"""What a person is told who accepts a proposal that is done already, or whose file was pinned since."""

from pathlib import Path

import anyio
import pytest

from dreamfs_server.dream.curators.embedded import curate
from dreamfs_server.dream.evidence import mine
from dreamfs_server.dream.job import Job, embedded
from dreamfs_server.dream.service import DreamService
from dreamfs_tools.dreaming import DreamRequest
from dreamfs_tools.transcript import Event, Session
from recurring_error import recurring_error
from sqlite_world import opened
from terminal import Terminal
from test_undo import NOW

NOTE = "# Notes\n\nDeploys are on Tuesdays, says Ada.\nAsk Bob first.\n"


@pytest.fixture
def terminal(tmp_path: Path) -> Terminal:
    """A store with two equal notes and a dream over it, which has a fork with its proposals."""
    terminal = Terminal(tmp_path / "memory.db")
    terminal.put("/memories/a.md", NOTE, "s-1")
    terminal.put("/memories/b.md", NOTE, "s-1")

    async def dream() -> None:
        async with opened(tmp_path, NOW) as engine:
            for session, events in recurring_error():
                await engine.archive.add(session, events)
            job = Job(engine, engine.journal, mine, {"embedded": embedded(curate)}, engine)
            await DreamService(job, lambda: "drm_1").start(DreamRequest("memories", output="fork"))

    anyio.run(dream)
    return terminal


def test_what_a_merged_fork_brought_is_accepted_with_the_version_that_has_it(terminal: Terminal) -> None:
    proposals = terminal.json("dream", "show", "drm_1")["proposals"]
    assert {change["operation"] for one in proposals for change in one["changes"]} == {"create", "retire"}
    merged = terminal.json("store", "merge", "memories-drm-1", "memories")["version"]

    answers = terminal.json("dream", "review", "drm_1", "all", "--accept", "--as", "ada")

    assert answers == [
        {"proposal": one["id"], "status": "accepted", "version": merged, "unchanged": True} for one in proposals
    ]
    assert max(row["version"] for row in terminal.json("log", "/memories")) == merged
    shown = terminal.json("dream", "show", "drm_1")["proposals"]
    assert [(one["status"], one["version"]) for one in shown] == [("accepted", None)] * len(proposals)


def test_the_sentence_says_that_nothing_was_left_to_change(terminal: Terminal) -> None:
    merged = terminal.json("store", "merge", "memories-drm-1", "memories")["version"]
    said = terminal.says("dream", "review", "drm_1", "1", "--accept", "--as", "ada")
    assert said.endswith(f" is accepted; nothing was left to change, since version {merged} has it.\n")


def test_a_file_that_was_pinned_since_is_told_to_a_person(terminal: Terminal) -> None:
    proposals = terminal.json("dream", "show", "drm_1")["proposals"]
    (retiring,) = [one for one in proposals if one["changes"][0]["operation"] == "retire"]
    path = retiring["changes"][0]["path"]
    terminal.run("pin", path)

    said = terminal.refuses("dream", "review", "drm_1", str(retiring["id"]), "--accept", "--as", "ada")

    assert (
        f"no longer applies: {path} was pinned since, and no dream changes what is pinned; `dreamfs pin {path} --off` "
        "unpins it. Nothing was changed; it is marked stale." in " ".join(said.split())
    )
    assert "rationale" not in said


def test_what_was_taken_back_with_a_false_source_comes_back_when_it_is_believed_again(tmp_path: Path) -> None:
    terminal = Terminal(tmp_path / "memory.db")

    async def prepare() -> None:
        async with opened(tmp_path, NOW) as engine:
            for session, events in recurring_error():
                await engine.archive.add(session, events)

    def accept(dream: str) -> None:
        terminal.run("dream", "review", dream, "all", "--accept", "--as", "ada")

    def dreamt() -> list[tuple[str, int]]:
        found = terminal.json("dream", "run")["proposals"]
        return [(one["title"], one["claims"][0]["support"]["sessions"]) for one in found]

    anyio.run(prepare)
    first = dreamt()
    assert [sessions for _, sessions in first] == [5]
    accept(terminal.json("dream", "list")[0]["id"])
    accept(terminal.json("dream", "unbelieve", "s-001", "--as", "ada")["id"])
    assert dreamt() == [], "a person took it back, and less supports it now"
    terminal.run("dream", "unbelieve", "s-001", "--as", "ada", "--undo")
    assert dreamt() == first
    assert dreamt() == [], "it is open"
    accept(next(one["id"] for one in terminal.json("dream", "list") if one["pending"]))
    assert dreamt() == []
    (rule,) = [row for row in terminal.json("ls", "-r", "/memories") if "archive" not in row["path"]]
    assert "File has not been read yet" in terminal.says("cat", rule["path"])


def test_believing_a_session_again_means_its_helpers_too(terminal: Terminal) -> None:
    async def helper() -> None:
        async with opened(terminal.database.parent, NOW) as engine:
            about = Session("memories", "s-001-agent-a", "claude-code", parent="s-001")
            await engine.archive.add(about, [Event(0, "assistant", "text", "Done.", NOW, raw_key="1")])

    anyio.run(helper)
    for words in ((), ("--undo",)):
        terminal.run("dream", "unbelieve", "s-001", "--as", "ada", *words)
    assert terminal.json("dream", "run")["coverage"]["skipped"] == []
