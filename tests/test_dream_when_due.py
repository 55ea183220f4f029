"""`dreamfs dream run` from cron: one dream at a time with real processes, what is printed, and how it ends."""

import json
import os
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import anyio
import pytest

from command_line import CommandLine
from dreamfs_server.dream.due import why_not_due
from dreamfs_server.dream.owner import name_of
from dreamfs_server.dream.service import DreamService
from dreamfs_server.sqlite.filesystem import Engine
from dreamfs_tools.dreaming import Coverage, Dream
from dreamfs_tools.transcript import Session
from recurring_error import recurring_error
from sqlite_world import opened

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
RUN = [sys.executable, "-m", "dreamfs_server", "dream", "run"]
GATED = """
import sys
from dreamfs_server.dream.service import DreamService

at, begin = sys.argv.pop(1), DreamService._begin

async def gated(self, request):
    sys.stdout.write("due\\n")
    sys.stdout.flush()
    sys.stdin.readline()
    return await begin(self, request)

DreamService._begin = gated
from dreamfs_server.__main__ import main
main()
"""
"""A command that says `due` when it has found a dream due, and goes on when it is told to."""


@pytest.fixture
def database(tmp_path: Path) -> Path:
    anyio.run(_prepare, tmp_path)
    return tmp_path / "memory.db"


async def _prepare(folder: Path) -> None:
    async with opened(folder, NOW) as engine:
        for session, events in recurring_error():
            await engine.archive.add(session, events)


def dreams(database: Path) -> list[tuple[str, str]]:
    async def read() -> list[tuple[str, str]]:
        engine = await Engine.open(database, lambda: NOW)
        found = await engine.read(lambda snapshot: [(str(one.status), one.error) for one in snapshot.dreams.dreams()])
        await engine.close()
        return found

    return anyio.run(read)


def environment(database: Path) -> dict[str, str]:
    return os.environ | {"DREAMFS_DB": str(database)}


def test_of_two_that_find_a_dream_due_at_once_one_dreams_and_none_fails(database: Path) -> None:
    words = [sys.executable, "-c", GATED, "gate", "dream", "run", "--if-due"]
    both = [
        subprocess.Popen(
            words,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=environment(database),
        )
        for _ in range(2)
    ]
    for process in both:
        assert process.stdout is not None
        assert process.stdout.readline() == "due\n"
    first = both[0].communicate("go\n", timeout=60)  # it begins and ends between the other's look and its begin
    second = both[1].communicate("go\n", timeout=60)
    assert [process.returncode for process in both] == [0, 0]
    assert "is completed" in first[0]
    assert second == ("", "")
    found = dreams(database)
    assert sorted(status for status, _ in found) == ["canceled", "completed"]
    assert any(error.startswith("Not due: The last dream, ") for _, error in found)


def test_from_cron_nothing_is_printed_where_nothing_is_due(database: Path) -> None:
    done = [
        subprocess.run([*RUN, "--if-due"], capture_output=True, text=True, check=False, env=environment(database))
        for _ in range(2)
    ]
    assert [one.returncode for one in done] == [0, 0]
    assert "is completed" in done[0].stdout
    assert (done[1].stdout, done[0].stderr, done[1].stderr) == ("", "", "")
    assert CommandLine(database).json("dream", "run", "--if-due")["due"] is False


def test_while_another_process_dreams_none_is_due(database: Path) -> None:
    anyio.run(_begin, database, name_of(os.getppid()))
    commands = CommandLine(database)
    assert commands.json("dream", "run", "--if-due") == {"due": False, "reason": "Dream d-1 is running."}
    refused = commands.refused("dream", "run")
    assert "`dreamfs dream show d-1` says how far it is, `dreamfs dream cancel d-1` ends it." in refused
    assert "dream_status" not in refused


def test_a_dream_whose_process_died_is_run_on_when_the_next_is_due(database: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        owner = name_of(process.pid)
    anyio.run(_begin, database, owner)
    document = CommandLine(database).json("dream", "run", "--if-due")
    assert (document["id"], document["status"], len(document["proposals"])) == ("d-1", "completed", 1)


def test_of_two_that_find_a_dead_dream_one_runs_it_on_and_the_other_has_nothing_to_do(
    database: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        owner = name_of(process.pid)
    anyio.run(_begin, database, owner)
    take_over, other = DreamService._take_over, name_of(os.getppid())

    async def beaten(self: DreamService, dream: Dream) -> bool:
        await self.job.journal.take_over(dream.dream_id, other, dream.owner)
        return await take_over(self, dream)

    monkeypatch.setattr(DreamService, "_take_over", beaten)
    commands = CommandLine(database)
    assert commands.json("dream", "run", "--if-due") == {"due": False, "reason": "Dream d-1 is running."}
    assert commands.said("dream", "run", "--if-due") == ""


def test_why_none_is_due_is_said_in_a_terminals_terms(database: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    anyio.run(_begin, database, name_of(os.getppid()))

    async def nothing_seen(*_: object) -> str:
        return ""

    monkeypatch.setattr(DreamService, "_why_not_due", nothing_seen)  # the other begins between the look and the try
    reason = CommandLine(database).json("dream", "run", "--if-due")["reason"]
    assert reason.endswith("`dreamfs dream show d-1` says how far it is, `dreamfs dream cancel d-1` ends it.")


def test_a_dream_that_waits_for_a_client_is_ended_by_a_command(database: Path) -> None:
    commands = CommandLine(database)
    begun = commands.json("dream", "run", "--curator", "client")["id"]
    said = commands.refused("dream", "run")
    assert said.endswith(f"It goes on in a client, with the prompt dream; or end it: `dreamfs dream cancel {begun}`.")


def test_a_dream_that_ends_its_process_every_time_is_not_run_on_for_ever(database: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        owner = name_of(process.pid)
    anyio.run(_begin, database, owner, 3)
    said = CommandLine(database).refused("dream", "run", "--if-due")
    assert said.endswith("Dream d-1 is failed. Its process ended before it did, 4 times.")


async def _begin(database: Path, owner: str, restarts: int = 0) -> None:
    engine = await Engine.open(database, lambda: NOW)
    dream = Dream("d-1", "memories", "running", "embedded", 0, NOW, step="gathering", owner=owner)
    await engine.journal.begin(replace(dream, usage={"restarts": restarts}))
    await engine.close()


def test_a_dream_that_failed_ends_its_command_with_the_sentence(
    database: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise ValueError("a path of this machine")

    monkeypatch.setattr("dreamfs_server.dream.job.scope_of", broken)
    commands = CommandLine(database)
    said = commands.refused("dream", "run")
    assert said.endswith("is failed. An error of ours ended it; the log has the details.")
    error = json.loads(commands.run("dream", "run", "--json", code=1).stdout)["error"]
    assert error["code"] == "unavailable"


def test_a_session_that_is_not_stored_starts_nothing(database: Path) -> None:
    said = CommandLine(database).refused("dream", "run", "--session", "s-0001")
    assert (
        "The session s-0001 is not stored in /memories. No dream was started. Stored under a like name: s-001" in said
    )
    assert dreams(database) == []


def test_canceling_gives_the_dream_as_a_document(database: Path) -> None:
    commands = CommandLine(database)
    begun = commands.json("dream", "run", "--curator", "client")
    canceled = commands.json("dream", "cancel", begun["id"])
    assert (canceled["id"], canceled["status"]) == (begun["id"], "canceled")


LAST = Dream("d-1", "memories", "completed", "embedded", 3, NOW - timedelta(hours=25), coverage=Coverage(sessions=2))


def ended(*hours_ago: float) -> list[Session]:
    return [
        Session("memories", f"s-{number}", "text", ended_at=NOW - timedelta(hours=hours))
        for number, hours in enumerate(hours_ago)
    ]


def test_a_clock_that_was_ahead_once_does_not_stop_dreams_until_then() -> None:
    ahead = replace(LAST, created_at=NOW + timedelta(days=900))
    assert why_not_due([ahead], ended(1, 2, 3, 4, 5, 6, 7), NOW) == ""
    assert "4 sessions; it takes 5" in why_not_due([ahead], ended(1, 2, 3, 4, 5, 6), NOW)


def test_sessions_of_the_future_are_not_new_for_ever() -> None:
    read = replace(LAST, coverage=Coverage(sessions=5))
    assert "0 sessions; it takes 5" in why_not_due([read], ended(-1, -2, -3, -4, -5), NOW)
