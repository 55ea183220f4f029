"""What a person reads when a dream that they ran at a terminal ends, finds nothing, or is interrupted."""

import signal
import sys
import threading
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path

import anyio
import pytest

from dreamfs_tools.dreaming import Card
from dreamfs_tools.transcript import Session
from recurring_error import recurring_error
from sqlite_world import opened
from terminal import Terminal
from test_undo import NOW


@pytest.fixture
def terminal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Terminal:
    monkeypatch.delenv("CLAUDECODE", raising=False)
    return Terminal(tmp_path / "memory.db")


@pytest.fixture
def stored(terminal: Terminal) -> Terminal:
    async def prepare() -> None:
        async with opened(terminal.database.parent, NOW) as engine:
            for session, events in recurring_error():
                await engine.archive.add(session, events)

    anyio.run(prepare)
    return terminal


def newest(terminal: Terminal) -> str:
    return str(terminal.json("dream", "list")[0]["id"])


def test_a_dream_ends_with_what_to_do_next_and_leaves_the_quotes_to_show(stored: Terminal) -> None:
    said = stored.says("dream", "run")
    dream = newest(stored)

    assert said.endswith(
        f"Nothing has changed yet. A person decides: `dreamfs dream review {dream}`.\n"
        f"All of it, with every quote: `dreamfs dream show {dream}`.\n"
    )
    assert "## Claims" not in said
    assert "## Claims" in stored.says("dream", "show", dream)


def test_a_dream_that_finds_nothing_new_names_the_proposals_that_wait_still(stored: Terminal) -> None:
    stored.run("dream", "run")
    first = newest(stored)

    said = stored.says("dream", "run")

    assert "It proposes nothing to change." in said
    assert f"Still open from dream {first}: 1 proposal: `dreamfs dream review {first}`.\n" in said
    assert f"`dreamfs ls -r /dreams/{newest(stored)}/cards`" in said


def test_what_is_answered_does_not_wait(stored: Terminal) -> None:
    stored.run("dream", "run")
    stored.run("dream", "review", newest(stored), "1", "--reject", "--as", "ada")
    assert "Still open" not in stored.says("dream", "run")


def test_many_sessions_that_were_left_out_are_counted_and_a_few_are_named(stored: Terminal) -> None:
    async def more(count: int) -> None:
        async with opened(stored.database.parent, NOW) as engine:
            for number in range(count):
                session = Session("memories", f"empty-{number:03}", "text", title="Nothing was said.")
                await engine.archive.add(session, [])

    anyio.run(more, 3)
    assert "- empty-002: it has no events\n" in stored.says("dream", "run")
    anyio.run(more, 120)
    said = stored.says("dream", "run")
    dream = newest(stored)
    assert "- 120 sessions: it has no events\n" in said
    assert f"- Each by its id: `dreamfs dream show {dream} --json`, under coverage.\n" in said
    assert "empty-" not in said
    assert len(stored.json("dream", "show", dream)["coverage"]["skipped"]) == 120


def test_a_dream_without_transcripts_says_how_to_bring_them(terminal: Terminal) -> None:
    assert "No transcripts are stored for /memories: `dreamfs transcripts import PATH`" in terminal.says("dream", "run")


def test_a_dream_over_a_time_without_sessions_says_so(stored: Terminal) -> None:
    said = stored.says("dream", "run", "--since", "2030-01-01")
    assert "It proposes nothing to change. No stored session ended since 2030-01-01 00:00 UTC." in said


@pytest.mark.skipif(sys.platform == "win32", reason="needs a signal")
def test_an_interrupted_dream_says_how_to_go_on(stored: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(_material: object) -> Sequence[Card]:
        signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)  # as a terminal sends it
        return []

    with monkeypatch.context() as patched:
        patched.setattr(import_module("dreamfs_server.dream.evidence.mine"), "mine", interrupted)
        result = stored.run("dream", "run", code=1)
    dream = newest(stored)

    assert result.stderr == (
        f"Interrupted; nothing was changed. `dreamfs dream run --resume {dream}` goes on with dream {dream}, "
        f"`dreamfs dream cancel {dream}` ends it.\n"
    )
    assert "1 proposal:" in stored.says("dream", "run", "--resume", dream)
