"""What tools and commands call: starts dreams, waits for them, takes proposals and answers, from any process.

A dream that this process starts runs in its own task group, or in a process of its own where `launch` says so: mining is
work for the processor, and a server that answers should not do it. A dream whose process died is run on by the next server
that starts, or by whoever waits for it.

An open dream always has an owner that can be seen to live or not: whoever launches a process owns the dream until it has
handed it over by name.
"""

import math
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

import anyio
from anyio.abc import TaskGroup

from dreamfs_server.dream import due, owner, undo
from dreamfs_server.dream.consent import Consent, choose_without_models
from dreamfs_server.dream.estimate import Estimate
from dreamfs_server.dream.job import Job
from dreamfs_server.dream.review import decide
from dreamfs_tools.answers import moment
from dreamfs_tools.derived import with_helpers
from dreamfs_tools.dreaming import CLIENT, CLIENT_DREAM_HOURS_MAX, Dream, DreamRequest, Proposal, Review, Tell
from dreamfs_tools.errors import Refusal
from dreamfs_tools.filesystem import Author, Snapshot

LOOK_SECONDS = 0.5
"""How often a dream that another process runs is looked at."""
HANDOVER_LOOK_SECONDS = 0.05
WAIT_SECONDS_MAX = 300.0
HANDOVER_SECONDS = 10.0
"""How long a launched process waits for the dream that it was launched for."""
RESTARTS_COUNT_MAX = 3
"""So that a dream which ends its process every time, for want of memory say, is not run for ever."""

Launch = Callable[[str], Awaitable[str]]
"""Starts a process for a dream's id; gives the owner's name of that process."""


@dataclass
class DreamService:
    """The `Dreams` of one process.

    Args:
        job: what runs a dream.
        new_id: makes a dream's id.
        tasks: where dreams run in this process; None runs each to its end inside `start`, as a command wants it.
        launch: starts a process that calls `resume` with the id; takes the place of `tasks`.
        is_alive: whether the process of an owner's name runs.
        consent: decides whether a model is asked; None where there is none to ask.
        me: this process's owner's name.
        parent: the owner's name of the process that started this one, and may be about to hand a dream over.
    """

    job: Job
    new_id: Callable[[], str]
    tasks: TaskGroup | None = None
    launch: Launch | None = None
    is_alive: Callable[[str], bool] = owner.is_alive
    consent: Consent | None = None
    me: str = field(default_factory=owner.this_process)
    parent: str = field(default_factory=owner.parent_process)
    _running: dict[str, anyio.Event] = field(default_factory=dict[str, anyio.Event])

    async def start(self, request: DreamRequest) -> Dream:
        """Begin a dream and let it run. See `Dreams`."""
        return await self._let_run(await self._begin(await self._chosen(request)))

    async def may_ask_a_model(self) -> bool:
        """Whether a dream could call a model. See `Dreams`."""
        return self.consent is not None and await self.consent.may_ask(self.job.curators)

    async def start_if_due(self, request: DreamRequest) -> Dream | str:
        """Start a dream where enough is new; run on one whose process died. For `--if-due`, which several may call at once.

        Returns:
            The dream, or why none is due, as a sentence.

        Raises:
            Refusal: as `start`, but for `locked`: what another process does just now need not be done.
        """
        for dream in await self._dreams_of(request.store):
            is_abandoned = dream.is_open and self._abandoned(await self.show(dream.dream_id))
            if is_abandoned and await self._take_over(dream):  # else somebody else did, and runs it
                return await self.show(dream.dream_id)
        if why := await self._why_not_due(request.store):
            return why
        try:
            dream = await self._begin(await self._chosen(request))
        except Refusal as refusal:
            if refusal.code != "locked":
                raise
            return refusal.sentence
        # Another one may have begun and ended since it was looked; now that the place is ours no other one can.
        if why := await self._why_not_due(request.store, but=dream.dream_id):
            now = await self.job.filesystem.read(_now)
            withdrawn = replace(dream, status="canceled", step="", owner="", finished_at=now, error=f"Not due: {why}")
            await self.job.journal.update(withdrawn)
            return why
        return await self._let_run(dream)

    async def resume(self, dream_id: str) -> Dream:
        """Run a dream that nobody runs: one just launched, or one whose process died.

        Raises:
            Refusal: `not_found`; `locked` while another process runs it.
        """
        dream = await self.show(dream_id)
        with anyio.move_on_after(HANDOVER_SECONDS):
            while True:
                if not dream.is_open or dream.waits_until is not None:
                    return dream
                if self._abandoned(dream):
                    dream = await self.job.journal.take_over(dream_id, self.me, dream.owner)
                if dream.owner != self.parent:
                    break
                await anyio.sleep(HANDOVER_LOOK_SECONDS)
                dream = await self.show(dream_id)
        if dream.owner == self.me and dream.is_open:
            return await self._run(dream)
        raise Refusal("locked", f"Dream {dream_id} is being run by another process; wait for it or cancel it.")

    async def pick_up(self) -> None:
        """Run on each dream whose process died; for a server that starts."""
        for dream in await self.job.filesystem.read(lambda snapshot: list(snapshot.dreams.dreams())):
            if self._abandoned(dream):
                await self._take_over(dream)

    async def wait(self, dream_id: str, seconds: float, tell: Tell | None = None) -> Dream:
        """Give a dream once it ended, or after a while. See `Dreams`."""
        with anyio.move_on_after(
            min(max(seconds, 0.0), WAIT_SECONDS_MAX) if math.isfinite(seconds) else WAIT_SECONDS_MAX
        ):
            step = ""
            while True:
                dream = await self.show(dream_id)
                if not dream.is_open or dream.waits_until is not None:
                    return dream
                if tell is not None and dream.step != step:
                    await tell(dream)
                step = dream.step
                if running := self._running.get(dream_id):
                    with anyio.move_on_after(LOOK_SECONDS):
                        await running.wait()
                elif self._abandoned(dream) and (self.tasks is not None or self.launch is not None):
                    await self._take_over(dream)
                else:
                    await anyio.sleep(LOOK_SECONDS)
        return await self.show(dream_id)

    async def show(self, dream_id: str) -> Dream:
        """A dream as it stands; one that has waited too long for a client's model ends here.

        Raises:
            Refusal: `not_found`.
        """
        dream, now = await self.job.filesystem.read(lambda snapshot: (_dream(snapshot, dream_id), snapshot.now))
        until = dream.waits_until
        if until is None or now < until:
            return dream
        why = f"It waited {CLIENT_DREAM_HOURS_MAX} hours for proposals, until {moment(until)}. What was proposed stays."
        return await self.job.journal.update(replace(dream, status="incomplete", step="", finished_at=until, error=why))

    async def finish(self, dream_id: str) -> Dream:
        """Complete a client's dream. See `Dreams`."""
        dream = await self.show(dream_id)
        if not dream.is_open:
            return dream
        if dream.curator != CLIENT:
            raise Refusal(
                "invalid_argument",
                f"Dream {dream_id} is curated by {dream.curator} and finishes by itself; wait for it or cancel it.",
            )
        usage = {**dream.usage, **await self.job.conclude(dream)}
        now = await self.job.filesystem.read(_now)
        return await self.job.journal.update(replace(dream, status="completed", usage=usage, step="", finished_at=now))

    async def cancel(self, dream_id: str) -> Dream:
        """End an open dream, from any process. See `Dreams`."""
        dream = await self.show(dream_id)
        if not dream.is_open:
            return dream
        now = await self.job.filesystem.read(_now)
        ended = replace(dream, status="canceled", step="", owner="", finished_at=now, error="Somebody canceled it.")
        return await self.job.journal.update(ended)

    async def propose(self, dream_id: str, proposal: Proposal) -> Proposal:
        """Validate a proposal and save it. See `Dreams`."""
        await self.show(dream_id)
        return await self.job.propose(dream_id, proposal)

    async def review(self, review: Review, author: Author) -> Proposal:
        """Record what a person said. See `Dreams`."""
        return await decide(self.job.filesystem, self.job.journal, review, author)

    async def revert(self, dream_id: str, requested_by: str, numbers: Sequence[int] = ()) -> Dream:
        """Propose to undo what a dream's accepted proposals did; see `undo.revert_dream`."""
        return await undo.revert_dream(
            self.job.filesystem,
            self.job.journal,
            dream_id,
            new_id=self.new_id(),
            requested_by=requested_by,
            numbers=numbers,
            owner=self.me,
        )

    async def unbelieve(self, store: str, source: str, requested_by: str, reason: str = "") -> Dream | None:
        """Call a source false and propose to undo everything that rests on it; see `undo.unbelieve`."""
        return await undo.unbelieve(
            self.job.filesystem,
            self.job.journal,
            store,
            source,
            new_id=self.new_id(),
            requested_by=requested_by,
            reason=reason,
            owner=self.me,
        )

    async def believe(self, store: str, source: str) -> None:
        """Take back that a source is false, and for a session that those of the agents that it started are.

        Raises:
            Refusal: `not_found` when nobody had called it so.
        """
        sources = await self.job.filesystem.read(lambda snapshot: with_helpers(snapshot, store, source))
        believed = [await self.job.journal.believe(store, one) for one in sources]
        if not believed[0]:
            raise Refusal("not_found", f"Nobody called {source} false. Nothing was changed.")

    async def preview(self, request: DreamRequest) -> Estimate:
        """What a dream would read, send and cost; nothing is kept and nothing is sent.

        Raises:
            Refusal: `unavailable` for a curator that asks no model; otherwise as `start`, but for what is not allowed.
        """
        return await self.job.preview(request)

    async def _begin(self, request: DreamRequest) -> Dream:
        if request.output == "fork" and self.job.stores is None:
            raise Refusal("unavailable", 'No store can be made here. Use output "propose".')
        try:
            return await self.job.begin(request, self.new_id(), self.me)
        except Refusal as refusal:
            if refusal.code != "locked" or not await self._bury(str(refusal.data.get("dream_id", ""))):
                raise
            return await self.job.begin(request, self.new_id(), self.me)

    async def _dreams_of(self, store: str) -> Sequence[Dream]:
        return await self.job.filesystem.read(lambda snapshot: list(snapshot.dreams.dreams(store)))

    async def _why_not_due(self, store: str, but: str = "") -> str:
        def query(snapshot: Snapshot) -> str:
            dreams = [dream for dream in snapshot.dreams.dreams(store) if dream.dream_id != but]
            return due.why_not_due(dreams, list(snapshot.transcripts.sessions(store)), snapshot.now)

        return await self.job.filesystem.read(query)

    async def _chosen(self, request: DreamRequest) -> DreamRequest:
        if self.consent is None:
            choice = choose_without_models(request.curator, self.job.curators)
        else:
            choice = await self.consent.choose(request.curator, self.job.curators)
        return replace(request, curator=choice.curator, chosen=choice.why)

    async def _let_run(self, dream: Dream) -> Dream:
        if self.launch is not None:
            try:
                launched = await self.launch(dream.dream_id)
            except OSError:
                return await self._fail(dream, "No process could be started for it.")
            return await self.job.journal.take_over(dream.dream_id, launched, self.me)
        if self.tasks is None:
            return await self._run(dream)
        self._running[dream.dream_id] = anyio.Event()
        self.tasks.start_soon(self._run, dream)
        return dream

    async def _run(self, dream: Dream) -> Dream:
        try:
            return await self.job.run(dream)
        finally:
            if done := self._running.pop(dream.dream_id, None):
                done.set()

    async def _take_over(self, dream: Dream) -> bool:
        """Run on a dream whose process died; False where it is another's meanwhile, or has ended."""
        taken = await self.job.journal.take_over(dream.dream_id, self.me, dream.owner)
        if not taken.is_open or taken.owner != self.me:
            return False
        restarts = int(taken.usage.get("restarts", 0)) + 1
        if restarts > RESTARTS_COUNT_MAX:
            await self._fail(taken, f"Its process ended before it did, {restarts} times.")
        else:
            usage = {**taken.usage, "restarts": restarts}
            await self._let_run(await self.job.journal.update(replace(taken, usage=usage)))
        return True

    async def _bury(self, dream_id: str) -> bool:
        """End a dream that stands in the way and whose process or client is gone; whether it is out of the way."""
        dream = await self.show(dream_id)
        if not dream.is_open:
            return True
        if not self._abandoned(dream):
            return False
        taken = await self.job.journal.take_over(dream_id, self.me, dream.owner)
        if not taken.is_open or taken.owner != self.me:  # somebody else runs it on, or ended it
            return not taken.is_open
        return not (await self._fail(taken, "Its process ended before it did.")).is_open

    async def _fail(self, dream: Dream, why: str) -> Dream:
        now = await self.job.filesystem.read(_now)
        ended = replace(dream, status="failed", step="", owner="", finished_at=now, error=why)
        return await self.job.journal.update(ended)

    def _abandoned(self, dream: Dream) -> bool:
        if not dream.is_open or dream.dream_id in self._running:
            return False
        if not dream.owner:
            return dream.waits_until is None
        return dream.owner != self.me and not self.is_alive(dream.owner)


def _dream(snapshot: Snapshot, dream_id: str) -> Dream:
    dream = snapshot.dreams.dream(dream_id)
    if dream is None:
        raise Refusal(
            "not_found", f"There is no dream {dream_id}; view /dreams or `dreamfs dream list` shows those there are."
        )
    return dream


def _now(snapshot: Snapshot) -> datetime:
    return snapshot.now
