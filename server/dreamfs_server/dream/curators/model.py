"""The curator that asks a model: a first reading, then a conversation that proposes, each claim checked by another call."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from dreamfs_server.dream.curators.conversation import converse
from dreamfs_server.dream.curators.estimating import estimate
from dreamfs_server.dream.curators.ledger import Ledger, Model, Stopped
from dreamfs_server.dream.curators.offered import Used, tool_list, use_tools
from dreamfs_server.dream.curators.reading import notes_text, read_first
from dreamfs_server.dream.curators.scope import ScopedFilesystem
from dreamfs_server.dream.curators.verification import verify
from dreamfs_server.dream.estimate import Estimate
from dreamfs_server.dream.gather import Scope
from dreamfs_server.dream.job import Work
from dreamfs_server.dream.prompts import fenced, filled, prompt, prompt_hash
from dreamfs_server.model_settings import ModelSettings
from dreamfs_tools.answers import moment
from dreamfs_tools.call import Call
from dreamfs_tools.dream_pages import agenda
from dreamfs_tools.dreaming import Card, Dream, DreamRequest, Proposal, Review, Tell
from dreamfs_tools.errors import Refusal
from dreamfs_tools.filesystem import Author, Filesystem
from dreamfs_tools.model_call import ModelCalls
from dreamfs_tools.mounts import Mounts

REQUESTED_BY_CHARACTERS_MAX = 100
CALLERS_NAME = "a model that curates"


@dataclass(frozen=True, slots=True)
class ModelCurator:
    """A `Curator`.

    Args:
        provider: the name that an allowance is given to.
        filesystem: the engine.
        books: where calls are kept.
        settings: read anew for each dream.
        connect: makes the provider's interface.
    """

    provider: str
    filesystem: Filesystem
    books: ModelCalls
    settings: Callable[[], ModelSettings]
    connect: Callable[[], Model]

    async def __call__(self, work: Work) -> Mapping[str, Any]:
        """Curate one dream, or go on where another process left it."""
        if not work.cards and not work.dream.coverage.sessions:
            return {"model": "none", "nothing_to_read": "no transcript in scope"}
        settings = self.settings()
        for model in {settings.model, settings.reading_model} - {""}:
            settings.price(model)
        calls = list(await self.books.of(work.dream.dream_id))
        ledger = Ledger(work.dream.dream_id, self.provider, self.connect(), self.books, settings, calls)
        refused: list[Used] = []
        desk = _Desk(work, ledger)
        why = ""
        try:
            await self._curate(work, ledger, desk, refused)
        except Stopped as stopped:
            why = str(stopped)
        if why and not ledger.used.answered and not desk.saved:
            raise Refusal("unavailable", why)
        usage = ledger.usage() | {"prompt_hash": prompt_hash(tool_list())}
        return usage | ({"incomplete": why} if why else {})

    def estimate(self, scope: Scope, cards: Sequence[Card]) -> Estimate:
        """About what a dream would use."""
        size = len(json.dumps(tool_list(), ensure_ascii=False).encode())
        return estimate(self.provider, self.settings(), scope, cards, size)

    async def _curate(self, work: Work, ledger: Ledger, desk: "_Desk", refused: list[Used]) -> None:
        dream = work.dream
        scoped = ScopedFilesystem(self.filesystem, dream)
        notes = ""
        if ledger.settings.reading_model:
            found, counts = await read_first(scoped, ledger, dream.store, work.cards)
            ledger.told["first_reading"] = counts
            notes = notes_text(found, counts)
        mounts = Mounts(show=frozenset({"transcripts", "dreams"}))
        call = Call(scoped, mounts, Author(actor=f"dream:{dream.dream_id}", client=CALLERS_NAME), dreams=desk)
        try:
            await converse(ledger, opening(ledger.settings.model, work, notes), partial(use_tools, call), refused)
        finally:
            if refused:
                ledger.told["refused"] = [one.refused.sentence.partition("\n")[0] for one in refused if one.refused]


def opening(model: str, work: Work, notes: str) -> dict[str, Any]:
    """The first request of the conversation: what stays the same first, for the prompt cache."""
    dream = work.dream
    text = filled(
        prompt("opening"),
        {
            "dream_id": dream.dream_id,
            "store": dream.store,
            "version": str(dream.snapshot_version),
            "now": moment(dream.created_at),
            "requested_by": " ".join(dream.requested_by.split())[:REQUESTED_BY_CHARACTERS_MAX] or "nobody known",
            "instructions": fenced(dream.instructions or "nothing in particular"),
            "agenda": agenda(replace(dream, instructions=""), work.cards),
            "notes": notes,
        },
    )
    return {
        "model": model,
        "tools": tool_list(),
        "system": prompt("curate"),
        "messages": [{"role": "user", "content": text}],
        "cache_control": {"type": "ephemeral"},
    }


class _Desk:
    """The `Dreams` of the model: it may propose for its own dream, and nothing else."""

    def __init__(self, work: Work, ledger: Ledger) -> None:
        self._work = work
        self._ledger = ledger
        self.saved = 0

    async def propose(self, dream_id: str, proposal: Proposal) -> Proposal:
        """Check by code, have each claim checked by a second call, and save."""
        verified = await verify(self._ledger, await self._work.check(proposal))
        claims = [replace(claim, kind=kind) for claim, kind in zip(proposal.claims, verified.kinds, strict=True)]
        saved = await self._work.propose(replace(proposal, claims=claims, flags=verified.flags))
        self.saved += 1
        for verdict in verified.verdicts:
            counts: dict[str, int] = self._ledger.told.setdefault("claims_checked", {})
            counts[verdict] = counts.get(verdict, 0) + 1
        if verified.stopped is not None:
            raise verified.stopped
        return saved

    async def may_ask_a_model(self) -> bool:
        """No: the model that asks is the only one."""
        return False

    async def start(self, request: DreamRequest) -> Dream:
        """Not a model's to do."""
        raise _not_here()

    async def wait(self, dream_id: str, seconds: float, tell: Tell | None = None) -> Dream:
        """Not a model's to do."""
        raise _not_here()

    async def finish(self, dream_id: str) -> Dream:
        """Not a model's to do."""
        raise _not_here()

    async def cancel(self, dream_id: str) -> Dream:
        """Not a model's to do."""
        raise _not_here()

    async def review(self, review: Review, author: Author) -> Proposal:
        """A person's to do."""
        raise _not_here()


def _not_here() -> Refusal:
    return Refusal("not_allowed", "A model that curates proposes, and does nothing else.")
