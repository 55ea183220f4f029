"""The bench that says how well earlier errors cover later ones."""

from bench.cover import rows, split

from dreamfs_server.dream.evidence.errors.errors import Failure, failures
from dreamfs_server.dream.evidence.steps import steps
from dreamfs_server.dream.evidence.support import Place
from dreamfs_server.dream.material import Gathered
from mined_sessions import bash, session


def failed(gathered: Gathered) -> list[Failure]:
    stored = gathered.session
    return failures(gathered, Place(stored.session_id, gathered.root, gathered.day, "", ""), steps(gathered))


def measured(*said: str) -> dict[str, str]:
    sessions = [failed(session(n, [bash("x", text, failed=True)])) for n, text in enumerate(said)]
    return {row.what: row.measured for row in rows(len(sessions), *split(sessions))}


def test_an_error_met_before_is_covered_and_a_new_one_is_not() -> None:
    found = measured(
        *(f"Error: release {n} is locked" for n in range(3)),
        "Error: no such volume",
        "Error: release 9 is locked",
        "Error: certificate is gone",
    )
    assert found == {
        "sessions, errors of the first two thirds, of the last third": "6, 4, 2",
        "templates, of which seen once": "2, 1",
        "errors of the last third that a template covers": "1 of 2, 50%",
        "or a family, were it seen once": "1 of 2, 50%",
        "errors of the last third that one of 1 recurring errors covers": "1 of 2, 50%",
        "the same, where one error counts once a session": "1 of 2, 50%",
    }


def test_a_copied_log_covers_nothing() -> None:
    first = session(1, [bash("x", "Error: release 1 is locked", failed=True)])
    copy = Gathered(session(9, [], day=1).session, first.events)
    earlier, later = split([failed(first), [], failed(copy)])
    assert len(earlier) == 1
    assert later == []
