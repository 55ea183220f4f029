"""Measure now what became of accepted rules, without a dream; see `evidence/recurrence.py`."""

from collections.abc import Iterator, Sequence
from functools import partial

import anyio.from_thread
import anyio.to_thread

from dreamfs_server.dream.evidence.errors.errors import failures
from dreamfs_server.dream.evidence.errors.recurrence import Recurrence
from dreamfs_server.dream.evidence.steps import steps
from dreamfs_server.dream.evidence.support import Place
from dreamfs_server.dream.gather import ACCESSES_COUNT_MAX, accepted_rules, gathered
from dreamfs_server.dream.material import AcceptedRule, Gathered
from dreamfs_tools.dreaming import Card
from dreamfs_tools.errors import Refusal
from dreamfs_tools.filesystem import AccessNote, Filesystem, Snapshot
from dreamfs_tools.transcript import Session

_Start = tuple[Sequence[AcceptedRule], Sequence[AccessNote], Sequence[Session]]


async def measure(filesystem: Filesystem, store: str) -> list[Card]:
    """One card a rule that any later session could have read.

    Raises:
        Refusal: `not_found`.
    """
    rules, access, sessions = await filesystem.read(partial(_start, store=store))

    def each() -> Iterator[Gathered]:
        for session in sessions:
            yield anyio.from_thread.run(filesystem.read, gathered(session))

    def work() -> list[Card]:
        after = Recurrence(rules, access)
        for one in each():
            session = one.session
            place = Place(session.session_id, one.root, one.day, session.task, session.outcome)
            after.observe(one, failures(one, place, steps(one)))
        return after.cards()

    return await anyio.to_thread.run_sync(work)


def _start(snapshot: Snapshot, store: str) -> _Start:
    if snapshot.store(store) is None:
        raise Refusal("not_found", f"There is no store {store}; `dreamfs store list` shows the stores there are.")
    rules = accepted_rules(snapshot, store)
    since = min((rule.at for rule in rules), default=None)
    sessions = [
        session
        for session in snapshot.transcripts.sessions(store, since=since)
        if since is not None and session.started_at is not None and session.started_at >= since
    ]
    return rules, snapshot.accesses(store, ACCESSES_COUNT_MAX, since=since), sessions
