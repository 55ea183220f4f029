"""What follows when a dream has made its proposals: a fork that has them all, or what a store's policy takes by itself."""

import logging
from functools import partial
from typing import Any

from dreamfs_server.dream import tidy
from dreamfs_server.dream.apply import Stale, fold, rebase, retirement_note
from dreamfs_server.dream.review import decide
from dreamfs_tools.admission import admit
from dreamfs_tools.dreaming import CLIENT, Dream, DreamJournal, Proposal, Review
from dreamfs_tools.errors import Refusal
from dreamfs_tools.filesystem import Author, ChangeFilter, Filesystem, Planned, Snapshot, Store
from dreamfs_tools.stores import SLUG_CHARACTERS_MAX, StoreKeeper

_REVISIONS_READ_MAX = 1_000
_log = logging.getLogger(__name__)


async def accept_tidying(filesystem: Filesystem, journal: DreamJournal, dream: Dream) -> dict[str, Any]:
    """Accept what the store's `auto_accept` allows; see `tidy`. The rest waits for a person.

    Returns:
        `{"auto_accepted": [proposal]}`; empty where nothing was.
    """
    accepted: list[int] = []
    for proposal in await filesystem.read(partial(_pending, dream=dream, policy="tidy")):
        review = Review(dream.dream_id, proposal.number, True, tidy.REVIEWER, "policy", "auto_accept=tidy")
        try:
            done = await decide(filesystem, journal, review, Author(transport="policy"))
        except Refusal as refusal:
            _log.debug("dream %s: proposal %d waits: %s", dream.dream_id, proposal.number, refusal.sentence)
            continue
        accepted.append(done.number)
        _log.info("dream %s: policy:tidy accepted proposal %d as version %d", dream.dream_id, done.number, done.version)
    return {"auto_accepted": accepted} if accepted else {}


async def fork(filesystem: Filesystem, stores: StoreKeeper, dream: Dream) -> dict[str, Any]:
    """Write the dream's proposals into a new store beside the old one, each as a revision. Going on after a crash is safe.

    Quarantined proposals are left out. The fork can only be read until a person says otherwise, and the proposals stay
    open in the old store.

    Returns:
        `{"fork": slug, "forked": [proposal], "fork_left_out": [{"proposal", "why"}]}`.

    Raises:
        Refusal: `already_exists` where another store has the fork's slug.
    """
    slug = fork_slug(dream)
    base = await filesystem.read(lambda snapshot: snapshot.store(dream.store))
    assert base is not None, "a store with an open dream exists"
    made = Store(
        slug,
        f"{base.name[:200]}, as dreamt",
        f"What /{dream.store} would be with every proposal of dream {dream.dream_id}.",
        access="ro",
        limits=base.limits,
        secrets=base.secrets,
        metadata={"dream": dream.dream_id},
    )
    try:
        at = None if dream.curator == CLIENT else dream.snapshot_version
        await stores.fork_store(dream.store, made, at, Author(actor=f"dream:{dream.dream_id}", transport="dream"))
    except Refusal as refusal:
        there = await filesystem.read(lambda snapshot: snapshot.store(slug))
        if refusal.code != "already_exists" or there is None or there.metadata.get("dream") != dream.dream_id:
            raise
    forked: list[int] = []
    left: list[dict[str, Any]] = []
    for proposal in await filesystem.read(partial(_pending, dream=dream)):
        plan = partial(_copied, dream=dream, proposal=proposal, slug=slug)
        try:
            await filesystem.write(plan, Author(actor=f"dream:{dream.dream_id}", transport="dream"))
            forked.append(proposal.number)
        except Refusal as refusal:
            left.append({"proposal": proposal.number, "why": refusal.sentence})
    return {"fork": slug, "forked": forked, "fork_left_out": left}


def fork_slug(dream: Dream) -> str:
    """The name of a dream's fork: the store's, then the dream's id."""
    mark = "-" + "".join(letter if letter.isascii() and letter.isalnum() else "-" for letter in dream.dream_id.lower())
    return f"{dream.store[: SLUG_CHARACTERS_MAX - len(mark)]}{mark}"


def _copied(snapshot: Snapshot, dream: Dream, proposal: Proposal, slug: str) -> Planned[None]:
    message = f"{proposal.number}. {proposal.title}"
    which = ChangeFilter(dream_id=dream.dream_id)
    if any(change.revision.message == message for change in snapshot.changes(slug, which, _REVISIONS_READ_MAX)):
        return Planned(None)
    base = snapshot.tree(dream.store, proposal.base_version)
    note = retirement_note(dream.created_at, f"dream {dream.dream_id}")
    folded = fold(base, f"/{dream.store}", proposal.changes, note=note)
    try:
        if folded.failures:
            raise Stale(folded.failures[0])
        edits = rebase(folded.files, snapshot.tree(slug), slug)
    except Stale as stale:
        raise Refusal("stale", str(stale)) from None
    return Planned(None, edits, admit(snapshot, edits, message, {slug: slug}), dream.dream_id)


def _pending(snapshot: Snapshot, dream: Dream, policy: str = "") -> list[Proposal]:
    store = snapshot.store(dream.store)
    if store is None or (policy and store.auto_accept != policy):
        return []
    return [one for one in snapshot.dreams.proposals(dream.dream_id) if one.status == "pending"]
