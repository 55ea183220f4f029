"""One dream from its start to its end: gate, lock, snapshot, gather, mine, curate, validate, save.

Each step is announced in the journal, so that any process can say where a dream is, and each looks whether somebody
canceled it. Whatever happens, the dream ends in a state that a person understands: nothing it does changes memory.
"""

import logging
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from typing import Any, Protocol, runtime_checkable

import anyio
import anyio.from_thread
import anyio.to_thread

from dreamfs_server.dream.conclude import accept_tidying, fork
from dreamfs_server.dream.estimate import Estimate
from dreamfs_server.dream.gather import Scope, check_known, gathered, scope_of
from dreamfs_server.dream.material import Gathered, Material
from dreamfs_server.dream.recompute import Recomputation, needs_mining
from dreamfs_server.dream.validation import validate
from dreamfs_tools.dreaming import GATHERING, Card, Dream, DreamJournal, DreamRequest, Proposal
from dreamfs_tools.errors import Refusal
from dreamfs_tools.filesystem import Filesystem, Snapshot
from dreamfs_tools.stores import StoreKeeper

INSTRUCTIONS_CHARACTERS_MAX = 4_096
UNDO = "revert"
"""The curator of dreams that undo what others did: they are made in one go and cannot be run on."""
_log = logging.getLogger(__name__)

Mine = Callable[[Material], list[Card]]
Propose = Callable[[Proposal], Awaitable[Proposal]]


@dataclass(frozen=True, slots=True)
class Work:
    """What a curator is given. Its only way to leave something behind is `propose`, which validates."""

    dream: Dream
    material: Material
    """With memories, without sessions: those are read through the file system."""
    cards: Sequence[Card]
    propose: Propose
    check: Propose
    """Validates without saving."""


class Curator(Protocol):
    """Turns evidence into proposals."""

    async def __call__(self, work: Work) -> Mapping[str, Any]:
        """Propose what is worth it.

        Returns:
            The usage to record. A key `incomplete` says in a sentence why it ended early; `prompt_hash` is kept with the
            dream.
        """
        ...


@runtime_checkable
class Estimates(Protocol):
    """A curator that costs something and can say about how much."""

    def estimate(self, scope: Scope, cards: Sequence[Card]) -> Estimate:
        """About what a dream over these would use."""
        ...


@dataclass(frozen=True, slots=True)
class Job:
    """Runs dreams.

    Args:
        filesystem: the engine.
        journal: where dreams are kept.
        mine: material to cards, pure; runs on a thread.
        curators: by the name that `--curator` takes. A client's dream has none: its model proposes.
        stores: makes the new store of a dream whose output is a fork; None where there are no such dreams.
    """

    filesystem: Filesystem
    journal: DreamJournal
    mine: Mine
    curators: Mapping[str, Curator] = field(default_factory=dict[str, Curator])
    stores: StoreKeeper | None = None
    _again: Recomputation = field(default_factory=Recomputation)

    async def begin(self, request: DreamRequest, dream_id: str, owner: str) -> Dream:
        """Take the store's lock and note the snapshot.

        Raises:
            Refusal: `locked`, `not_found`, `read_only`, `too_large`.
        """
        dream = await self.filesystem.read(partial(_opened, request=request, dream_id=dream_id, owner=owner))
        return await self.journal.begin(dream)

    async def preview(self, request: DreamRequest) -> Estimate:
        """What a dream that asks a model would read, send and cost. Mines, keeps nothing, sends nothing.

        Raises:
            Refusal: as `begin`, but for `locked`; `unavailable` for a curator that asks no model.
        """
        curator = self.curators.get(request.curator)
        if not isinstance(curator, Estimates):
            raise Refusal("unavailable", f"The curator {request.curator} sends nothing and costs nothing.")
        dream = await self.filesystem.read(partial(_opened, request=request, dream_id="", owner=""))
        scope = await self.filesystem.read(partial(scope_of, dream=dream))
        cards = await anyio.to_thread.run_sync(partial(self._mine, dream, scope), abandon_on_cancel=True)
        return curator.estimate(scope, cards)

    async def run(self, dream: Dream) -> Dream:
        """Do the work of a dream that `begin` or `take_over` gave to this process, and end it."""
        usage = dict(dream.usage)
        if dream.curator == UNDO:
            return await self._end(dream, usage, "failed", "It was interrupted. Ask for the undoing again.")
        try:
            scope = await self.filesystem.read(partial(scope_of, dream=dream))
            self._again.pin(dream.dream_id, scope)
            dream = await self._step(replace(dream, coverage=scope.coverage), "mining")
            cards = await self.filesystem.read(partial(_cards, dream_id=dream.dream_id))
            curator = self.curators.get(dream.curator)
            by_code = curator is not None and not isinstance(curator, Estimates)
            # Cards that another process mined are kept where a model may have read them. Code needs the miners' own facts,
            # which do not survive being stored, and mining again gives the same.
            if by_code or not cards:
                cards = await anyio.to_thread.run_sync(partial(self._mine, dream, scope), abandon_on_cancel=True)
                await self.journal.save_cards(dream.dream_id, cards)
            if dream.curator not in self.curators:
                return await self._step(replace(dream, owner=""), "waiting for the client's proposals")
            dream = await self._step(dream, "curating")
            material = scope.material(dream, ())
            usage |= await self.curators[dream.curator](
                Work(dream, material, cards, partial(self.propose, dream.dream_id), partial(self.check, dream.dream_id))
            )
            usage |= await self.conclude(await self._step(dream, "concluding"))
        except _Ended as ended:
            return ended.dream
        except Refusal as refusal:
            return await self._end(dream, usage, "failed", refusal.sentence)
        except anyio.get_cancelled_exc_class():
            with anyio.CancelScope(shield=True):  # whoever looks at it next may run it on
                await self.journal.update(replace(dream, status="pending", owner="", step=GATHERING))
            raise
        except Exception:  # noqa: BLE001  # a dream must end in a state that says so; the log keeps the rest
            _log.exception("dream %s failed", dream.dream_id)
            return await self._end(dream, usage, "failed", "An error of ours ended it; the log has the details.")
        finally:
            self._again.forget(dream.dream_id)
        incomplete = str(usage.pop("incomplete", ""))
        dream = replace(dream, prompt_hash=str(usage.pop("prompt_hash", "")))
        return await self._end(dream, usage, "incomplete" if incomplete else "completed", incomplete)

    async def propose(self, dream_id: str, proposal: Proposal) -> Proposal:
        """The one door: validate a proposal and save it.

        Raises:
            Refusal: nothing was saved; each claim and change that failed is named.
        """
        return await self.journal.propose(dream_id, await self.check(dream_id, proposal))

    async def check(self, dream_id: str, proposal: Proposal) -> Proposal:
        """Validate a proposal, and save nothing.

        Raises:
            Refusal: as `propose`.
        """
        mined: Sequence[Card] = ()
        if needs_mining(proposal):
            dream = await self.filesystem.read(partial(open_dream, dream_id=dream_id))
            reads = partial(self.filesystem.read, partial(scope_of, dream=dream))
            with suppress(_Ended):  # the check says that it ended
                mined = await self._again.cards(dream, reads, partial(self._mined_again, dream))
        return await self.filesystem.read(partial(_checked, dream_id=dream_id, proposal=proposal, mined=mined))

    async def conclude(self, dream: Dream) -> Mapping[str, Any]:
        """Do what follows when an open dream has made its proposals; gives what to add to its usage.

        Raises:
            Refusal: `already_exists` where another store has the name of its fork.
        """
        if dream.output == "fork" and self.stores is not None:
            return await fork(self.filesystem, self.stores, dream)
        return await accept_tidying(self.filesystem, self.journal, dream)

    async def _mined_again(self, dream: Dream, scope: Scope) -> Sequence[Card]:
        return await anyio.to_thread.run_sync(partial(self._mine, dream, scope), abandon_on_cancel=True)

    def _mine(self, dream: Dream, scope: Scope) -> list[Card]:
        return self.mine(scope.material(dream, self._sessions(dream, scope)))

    def _sessions(self, dream: Dream, scope: Scope) -> Iterator[Gathered]:
        """The sessions one by one, each in a read of its own: no snapshot is held long, and little is in memory."""
        for session in scope.sessions:
            one = anyio.from_thread.run(
                self.filesystem.read, partial(_one, dream_id=dream.dream_id, query=gathered(session))
            )
            if isinstance(one, Dream):
                raise _Ended(one)
            yield one

    async def _step(self, dream: Dream, step: str) -> Dream:
        now = await self.journal.update(replace(dream, step=step))
        if not now.is_open:
            raise _Ended(now)
        return now

    async def _end(self, dream: Dream, usage: Mapping[str, Any], status: Any, error: str) -> Dream:
        now = await self.filesystem.read(_now)
        return await self.journal.update(
            replace(dream, status=status, usage=usage, error=error, step="", owner="", finished_at=now)
        )


class _Ended(Exception):  # noqa: N818  # somebody canceled it: no failure
    def __init__(self, dream: Dream) -> None:
        super().__init__(dream.dream_id)
        self.dream = dream


def embedded(curate: Callable[[Material, Sequence[Card]], list[Proposal]]) -> Curator:
    """The curator that needs no model, over a pure function from cards to proposals."""

    async def curator(work: Work) -> Mapping[str, Any]:
        refused: list[dict[str, str]] = []
        for proposal in await anyio.to_thread.run_sync(curate, work.material, work.cards):
            try:
                await work.propose(proposal)
            except Refusal as refusal:
                if refusal.code == "conflict":
                    break
                refused.append({"title": proposal.title, "code": refusal.code, "why": refusal.sentence})
        return {"model": "none", "refused": refused} if refused else {"model": "none"}

    return curator


def _opened(snapshot: Snapshot, request: DreamRequest, dream_id: str, owner: str) -> Dream:
    store = snapshot.store(request.store)
    if store is None:
        raise Refusal(
            "not_found", f"There is no store {request.store}; `dreamfs store list` shows the stores there are."
        )
    if store.access == "ro" or store.archived_at is not None:
        raise Refusal("read_only", f"The store /{store.slug} is read-only: a dream could propose nothing for it.")
    if len(request.instructions) > INSTRUCTIONS_CHARACTERS_MAX:
        raise Refusal(
            "too_large",
            f"The instructions have {len(request.instructions):,} characters; at most {INSTRUCTIONS_CHARACTERS_MAX:,} are "
            "allowed.",
        )
    check_known(snapshot, store.slug, request.sessions)
    return Dream(
        dream_id=dream_id,
        store=store.slug,
        status="running",
        curator=request.curator,
        snapshot_version=store.head,
        created_at=snapshot.now,
        started_at=snapshot.now,
        requested_by=request.requested_by,
        instructions=request.instructions,
        sessions=list(request.sessions),
        since=request.since,
        output=request.output,
        step=GATHERING,
        owner=owner,
        usage={"chosen": request.chosen} if request.chosen else {},
    )


def _checked(snapshot: Snapshot, dream_id: str, proposal: Proposal, mined: Sequence[Card]) -> Proposal:
    return validate(snapshot, open_dream(snapshot, dream_id), proposal, mined)


def open_dream(snapshot: Snapshot, dream_id: str) -> Dream:
    """A dream that may still propose.

    Raises:
        Refusal: `not_found`; `conflict` when it has ended.
    """
    dream = snapshot.dreams.dream(dream_id)
    if dream is None:
        raise Refusal("not_found", f"There is no dream {dream_id}.")
    if not dream.is_open:
        raise Refusal("conflict", f"Dream {dream_id} is {dream.status}: it takes no more proposals. Start another one.")
    return dream


def _one(snapshot: Snapshot, dream_id: str, query: Callable[[Snapshot], Gathered]) -> Gathered | Dream:
    dream = snapshot.dreams.dream(dream_id)
    return query(snapshot) if dream is None or dream.is_open else dream


def _cards(snapshot: Snapshot, dream_id: str) -> Sequence[Card]:
    return snapshot.dreams.cards(dream_id)


def _now(snapshot: Snapshot) -> datetime:
    return snapshot.now
