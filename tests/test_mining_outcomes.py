"""Errors that go with failure, and whether their tasks would have failed without them."""

from collections.abc import Sequence

from dreamfs_server.dream.evidence import mine
from dreamfs_server.dream.material import Gathered
from dreamfs_tools.dream_pages import OUTCOMES, report
from dreamfs_tools.dreaming import Card, Dream
from mined_sessions import NOW, bash, material, session

SAID = "Error: the ledger does not add up"


def run(number: int, task: int, *, error: bool, failed: bool) -> Gathered:
    calls = [bash("book", SAID if error else "ok", failed=error), bash("close", "ok")]
    return session(number, calls, day=-1, task=f"task-{task}", outcome="failure" if failed else "success")


def cards(sessions: Sequence[Gathered]) -> list[Card]:
    return [card for card in mine(material(sessions)) if card.miner == OUTCOMES]


def tasks(count: int, *, with_it_fails: bool, without_it_fails: bool) -> list[Gathered]:
    """Of each task four runs, two of them with the error; and as many other tasks, all of which succeed."""
    runs = [
        run(8 * task + n, task, error=n < 2, failed=with_it_fails if n < 2 else without_it_fails)
        for task in range(count)
        for n in range(4)
    ]
    return [
        *runs,
        *(run(8 * task + n + 4, 100 + task, error=False, failed=False) for task in range(count) for n in range(4)),
    ]


def test_an_error_that_fails_its_tasks_is_told_to_do_so() -> None:
    [card] = cards(tasks(6, with_it_fails=True, without_it_fails=False))
    [claim] = card.claims
    assert claim.text.startswith(
        f"`{SAID}`: 12 of 12 sessions with it failed (12 sessions on 1 day, 6 tasks), 0 of 36 without it, 0 of 12 without it "
        "in the same tasks. It goes with failure beyond what its tasks do (q = "
    )
    assert claim.statistics["q_value"] < 0.001
    assert claim.support.tasks == 6


def test_tasks_that_fail_anyhow_are_not_laid_at_the_error() -> None:
    [card] = cards(tasks(6, with_it_fails=True, without_it_fails=True))
    assert "Perhaps its tasks are what fails: within them chance explains the difference." in card.claims[0].text
    assert card.weight == 0


def test_what_fails_no_oftener_is_not_told() -> None:
    assert cards(tasks(6, with_it_fails=False, without_it_fails=True)) == []


def test_two_tasks_are_no_evidence_however_many_runs() -> None:
    assert cards(tasks(2, with_it_fails=True, without_it_fails=False)) == []


def test_without_known_outcomes_nothing_is_told() -> None:
    assert cards([session(n, [bash("book", SAID, failed=True)]) for n in range(8)]) == []


def test_the_order_of_sessions_changes_nothing() -> None:
    sessions = tasks(6, with_it_fails=True, without_it_fails=False)
    assert cards(list(reversed(sessions))) == cards(sessions)


def test_the_report_names_the_errors_that_go_with_failure() -> None:
    found = mine(material(tasks(6, with_it_fails=True, without_it_fails=False)))
    page = report(Dream("drm_1", "memories", "completed", "embedded", 1, NOW), found, [])
    assert f"\n## Errors that go with failure\n\n- `{SAID}`: 12 of 12 sessions with it failed" in page
