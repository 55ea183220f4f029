"""When a dream is due, who runs it, who may answer, and which proposals a selection names."""

import os
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from dreamfs_server.dream.due import why_not_due
from dreamfs_server.dream.owner import is_alive, this_process
from dreamfs_server.dream.review import selection
from dreamfs_server.dream.reviewer import reviewer_of
from dreamfs_server.dream.standard import new_id
from dreamfs_tools.dreaming import Coverage, Dream
from dreamfs_tools.errors import Refusal
from dreamfs_tools.transcript import Session

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
LAST = Dream("d-1", "memories", "completed", "embedded", 3, NOW - timedelta(hours=25), coverage=Coverage(sessions=2))


def ended(*hours_ago: float) -> list[Session]:
    return [
        Session("memories", f"s-{number}", "text", ended_at=NOW - timedelta(hours=hours))
        for number, hours in enumerate(hours_ago)
    ]


def test_a_dream_is_due_with_enough_new_sessions_and_hours() -> None:
    assert why_not_due([LAST], ended(1, 2, 3, 4, 5), NOW) == ""
    assert why_not_due([LAST], ended(1, 2, 3, 4, 26), NOW) == "New since the last dream, d-1: 4 sessions; it takes 5."
    recent = replace(LAST, created_at=NOW - timedelta(hours=23))
    assert "23.0 hours ago; 24 hours must pass" in why_not_due([recent], ended(1, 2, 3, 4, 5), NOW)


def test_a_first_dream_needs_sessions_only() -> None:
    assert why_not_due([], ended(1, 2, 3, 4, 5), NOW) == ""
    assert why_not_due([], ended(1), NOW) == "Stored: 1 session; a first dream needs 5."


def test_a_dream_that_failed_is_not_one_that_was_had() -> None:
    failed = replace(LAST, dream_id="d-2", status="failed", created_at=NOW - timedelta(hours=1))
    assert why_not_due([failed, LAST], ended(1, 2, 3, 4, 5), NOW) == ""


def test_an_open_dream_comes_first() -> None:
    assert why_not_due([replace(LAST, status="running")], ended(1, 2, 3, 4, 5), NOW) == "Dream d-1 is running."


def test_undated_sessions_count_as_new_beyond_those_that_were_read() -> None:
    undated = [Session("memories", f"s-{number}", "text") for number in range(7)]
    assert why_not_due([LAST], undated, NOW) == ""
    assert "4 sessions; it takes 5" in why_not_due([LAST], undated[:6], NOW)


def test_a_process_is_alive_while_it_runs_and_not_afterwards() -> None:
    code = "from dreamfs_server.dream.owner import this_process; print(this_process(), flush=True); input()"
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    with subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
    ) as process:
        assert process.stdout is not None
        owner = process.stdout.readline().strip()
        assert is_alive(owner)
        process.communicate("\n")
    assert not is_alive(owner)
    assert is_alive(this_process())


def test_a_process_on_another_machine_counts_as_alive() -> None:
    assert is_alive("elsewhere/1/1")


def test_nobody_answers_in_an_agents_shell() -> None:
    with pytest.raises(Refusal, match="an agent's shell"):
        reviewer_of("ada", "ada", {"CLAUDECODE": "1"}, is_terminal=True)


def test_a_script_says_who_decided_and_a_person_at_a_terminal_is_known() -> None:
    assert reviewer_of("ada", "root", {}, is_terminal=False) == "ada"
    assert reviewer_of("", "ada", {}, is_terminal=True) == "user:ada"
    with pytest.raises(Refusal, match="--as NAME"):
        reviewer_of("", "ada", {}, is_terminal=False)


def test_a_selection_names_numbers_and_ranges() -> None:
    assert selection("1,3-5", [1, 2, 3, 4, 5]) == [1, 3, 4, 5]
    assert selection("all", [1, 2]) == [1, 2]


@pytest.mark.parametrize("text", ["", "x", "5-3", "1,", "1-", "-1", "9", "1-9", "1" * 50, "٣"])
def test_a_selection_that_names_nothing_is_refused(text: str) -> None:
    with pytest.raises(Refusal):
        selection(text, [1, 2, 3])


def test_ids_are_legal_path_segments() -> None:
    assert new_id(lambda size: bytes(range(size))) == "d-01234567"
