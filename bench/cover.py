"""How well the errors mined from the earlier sessions of real transcripts cover the errors of the later ones.

Numbers only: what stands in the transcripts is neither printed nor kept.
"""

import tempfile
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import anyio

from bench.door import Door, NotThereError
from bench.engine import STORE, opened
from bench.registry import Row
from dreamfs_server.dream.evidence.errors.errors import Failure, Finding, failures, recurring
from dreamfs_server.dream.evidence.errors.templates import fits, templates
from dreamfs_server.dream.evidence.steps import steps
from dreamfs_server.dream.evidence.support import Place
from dreamfs_server.dream.gather import gathered
from dreamfs_tools.filesystem import Snapshot
from dreamfs_tools.transcript import Session

NAME = "cover"
BUDGET = "errors of the first two thirds of the sessions in FOLDER cover those of the last third"

TRAINED = 2 / 3
SHARE = 0.5
"""Of the errors of the last third, "most"."""


def run(soak: bool, folders: Sequence[Path] = ()) -> Sequence[Row]:  # noqa: ARG001  # there is one size: the folder's
    if not folders:
        return [Row("everything", "", "not measured: name a folder of transcripts, `python -m bench cover FOLDER`")]
    with tempfile.TemporaryDirectory(prefix="dreamfs-bench-") as name:
        door = Door(Path(name) / "dreamfs.db")
        try:
            door.learn(folders)
        except NotThereError as error:
            return [Row("everything", "", f"not measured: {error}")]
        sessions = anyio.run(_failures, door.database)
    earlier, later = split(sessions)
    return rows(len(sessions), earlier, later)


async def _failures(database: Path) -> list[list[Failure]]:
    """The failed calls of each session, the oldest session first; undated ones in the order of their ids, before all."""
    async with opened(database) as engine:
        found: list[Session] = await engine.read(_sessions)
        found.sort(key=lambda session: (session.started_at is not None, session.started_at or 0, session.session_id))
        result: list[list[Failure]] = []
        for session in found:
            one = await engine.read(gathered(session))
            place = Place(session.session_id, one.root, one.day, session.task, session.outcome)
            result.append(failures(one, place, steps(one)))
        return result


def _sessions(snapshot: Snapshot) -> list[Session]:
    return list(snapshot.transcripts.sessions(STORE))


def split(sessions: Sequence[Sequence[Failure]]) -> tuple[list[Failure], list[Failure]]:
    """The failures of the first two thirds of the sessions, and of the rest without copies of the former."""
    cut = round(len(sessions) * TRAINED)
    earlier = [failure for session in sessions[:cut] for failure in session]
    known = {failure.key for failure in earlier if failure.key[0]}
    later = [failure for session in sessions[cut:] for failure in session if failure.key not in known]
    return earlier, later


def covered(found: Sequence[Finding], failure: Failure) -> bool:
    """Whether one of the findings names this failure."""
    return any(finding.covers(failure) for finding in found)


def rows(sessions: int, earlier: Sequence[Failure], later: Sequence[Failure]) -> list[Row]:
    """The report."""
    of_line = templates(failure.masked for failure in earlier)
    sizes = Counter(of_line[failure.masked] for failure in earlier)
    known = [list(words) for words in sizes]
    found = recurring(earlier)
    by_template = sum(any(fits(words, f.words, f.masked) for words in known) for f in later)
    families = {failure.family for failure in earlier if failure.family}
    by_family = sum(f.family in families or any(fits(words, f.words, f.masked) for words in known) for f in later)
    kinds = {(f.place.root, f.masked): f for f in later}
    by_finding = sum(covered(found, failure) for failure in later)
    return [
        Row("sessions, errors of the first two thirds, of the last third", "", f"{sessions}, {len(earlier)}, {len(later)}"),
        Row("templates, of which seen once", "", f"{len(sizes)}, {sum(n == 1 for n in sizes.values())}"),
        Row("errors of the last third that a template covers", "", _share(by_template, len(later))),
        Row("or a family, were it seen once", "", _share(by_family, len(later))),
        Row(
            f"errors of the last third that one of {len(found)} recurring errors covers",
            f"over {SHARE:.0%}",
            _share(by_finding, len(later)),
            by_finding > SHARE * len(later) if later else None,
        ),
        Row(
            "the same, where one error counts once a session",
            "",
            _share(sum(covered(found, failure) for failure in kinds.values()), len(kinds)),
        ),
    ]  # fmt: skip


def _share(part: int, whole: int) -> str:
    return f"{part} of {whole}, {part / whole:.0%}" if whole else "there are none"
