"""An agent's shell has no way to accept what a dream proposes, by whichever command, nor to say who may."""

from pathlib import Path

import anyio
import pytest

from dreamfs_server.dream.curators.embedded import curate
from dreamfs_server.dream.evidence import mine
from dreamfs_server.dream.job import Job, embedded
from dreamfs_server.dream.service import DreamService
from dreamfs_tools.dreaming import DreamRequest
from recurring_error import recurring_error
from sqlite_world import opened
from terminal import Terminal
from test_undo import NOW

FORK = "memories-drm-1"


@pytest.fixture
def terminal(tmp_path: Path) -> Terminal:
    async def prepare() -> None:
        async with opened(tmp_path, NOW) as engine:
            for session, events in recurring_error():
                await engine.archive.add(session, events)
            job = Job(engine, engine.journal, mine, {"embedded": embedded(curate)}, engine)
            await DreamService(job, lambda: "drm_1").start(DreamRequest("memories", output="fork"))

    anyio.run(prepare)
    return Terminal(tmp_path / "memory.db")


@pytest.fixture
def agents(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    monkeypatch.setenv("CLAUDECODE", "1")
    return monkeypatch


def _state(terminal: Terminal) -> tuple[object, ...]:
    return (
        terminal.json("store", "list"),
        terminal.json("store", "log", "memories"),
        terminal.json("log"),
        terminal.json("dream", "show", "drm_1")["proposals"],
    )


SENTENCE = "this is an agent's shell. Nothing was changed. Run the command in a terminal of your own."


@pytest.mark.parametrize(
    "words",
    [
        ("dream", "review", "drm_1", "all", "--accept", "--as", "ada"),
        ("dream", "unbelieve", "s-001", "--as", "ada"),
        ("dream", "allow", "anthropic", "--usd-per-month", "5", "--as", "ada"),
        ("store", "merge", FORK, "memories"),
        ("store", "merge", f"/{FORK}", "/memories"),
        ("store", "set", FORK, "--access", "rw"),
        ("store", "fork", FORK, "mine"),
        ("store", "set", "memories", "--auto-accept", "tidy"),
        ("store", "set", "memories", "--auto-accept", "none"),
        ("store", "create", "mine", "--auto-accept", "tidy"),
        ("store", "fork", "memories", "mine", "--auto-accept", "tidy"),
    ],
)
def test_what_lets_proposals_in_is_refused_and_changes_nothing(
    terminal: Terminal, agents: pytest.MonkeyPatch, words: tuple[str, ...]
) -> None:
    before = _state(terminal)
    refused = terminal.refuses(*words)
    assert refused.startswith("dreamfs: A person decides about ")
    assert SENTENCE in " ".join(refused.split())
    assert _state(terminal) == before
    agents.delenv("CLAUDECODE")
    terminal.run(*words)


def test_a_copy_of_the_fork_is_known_by_where_it_came_from(terminal: Terminal, agents: pytest.MonkeyPatch) -> None:
    agents.delenv("CLAUDECODE")
    terminal.run("store", "fork", FORK, "first")
    terminal.run("store", "fork", "memories", "second")
    terminal.run("store", "merge", "first", "second")
    agents.setenv("CLAUDECODE", "1")
    for copy in ("first", "second"):
        assert f"what dream drm_1 proposed, which /{copy} holds" in terminal.refuses("store", "merge", copy, "memories")
    assert "would change" in terminal.says("store", "merge", "first", "memories", "--dry-run")


def test_what_a_person_took_in_is_no_longer_in_the_way(terminal: Terminal, agents: pytest.MonkeyPatch) -> None:
    agents.delenv("CLAUDECODE")
    terminal.run("store", "merge", FORK, "memories")
    agents.setenv("CLAUDECODE", "1")
    assert "Nothing to merge" in terminal.says("store", "merge", FORK, "memories")


def test_a_fork_whose_proposals_were_all_accepted_may_be_merged(terminal: Terminal, agents: pytest.MonkeyPatch) -> None:
    agents.delenv("CLAUDECODE")
    terminal.run("dream", "review", "drm_1", "all", "--accept", "--as", "ada")
    agents.setenv("CLAUDECODE", "1")
    terminal.run("store", "merge", FORK, "memories")


def test_an_agents_own_stores_are_its_own(terminal: Terminal, agents: pytest.MonkeyPatch) -> None:
    agents.setenv("CLAUDE_CODE_SESSION_ID", "s-agent")
    terminal.run("store", "fork", "memories", "mine")
    terminal.run("put", "/mine/a.md", given="A.\n")
    terminal.run("store", "set", "mine", "--description", "Notes.", "--access", "rw")
    assert "Merged /mine" in terminal.says("store", "merge", "mine", "memories")
    (row,) = terminal.json("log", "/memories/a.md")
    assert row["session_id"] == "s-agent"
    assert "none" in terminal.refuses("store", "merge", "none", "memories")


def test_what_a_person_accepted_is_not_taken_back(terminal: Terminal, agents: pytest.MonkeyPatch) -> None:
    agents.delenv("CLAUDECODE")
    terminal.run("dream", "review", "drm_1", "1", "--accept", "--as", "ada")
    terminal.run("put", "/memories/a.md", "--session", "s-other", given="A.\n")
    agents.setenv("CLAUDECODE", "1")
    for words in (("--dream", "drm_1"), ("--actor", "dream:drm_1"), ("--version", "1")):
        refused = terminal.refuses("revert", "/memories", *words)
        assert refused.startswith("dreamfs: A person decides about what dream drm_1 wrote into memory, and this is")
    assert "1 change" in terminal.says("revert", "/memories", "--dream", "drm_1", "--dry-run").lower()
    assert "Took back" in terminal.says("revert", "--session", "s-other")
    assert terminal.json("dream", "show", "drm_1")["proposals"][0]["status"] == "accepted"
