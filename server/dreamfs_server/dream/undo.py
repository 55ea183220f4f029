"""Undo what dreams did: one reviewable change that takes back everything that some accepted proposals wrote.

Nothing is undone here. The inverse is a proposal like any other, of a dream whose curator is `revert`, and a person
accepts it. What others wrote since is kept: each file is merged three ways, and where that is not safe it is left as it is
and the reviewer is told. What a proposal created goes to the archive.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial

from dreamfs_server.dream.apply import fold, retirement_note
from dreamfs_server.dream.fingerprint import fingerprint
from dreamfs_server.dream.job import UNDO
from dreamfs_tools.derived import TRANSCRIPTS, UNBELIEVED, derived_from, made_by, resting_on, with_helpers
from dreamfs_tools.dreaming import Claim, Disbelief, Dream, DreamJournal, Proposal, ProposedChange, Verdict
from dreamfs_tools.errors import Refusal
from dreamfs_tools.filesystem import Filesystem, Snapshot
from dreamfs_tools.inverse import Undone, invert

_OPEN = frozenset({"pending", "quarantined"})

Done = tuple[Dream, Proposal]


async def revert_dream(
    filesystem: Filesystem,
    journal: DreamJournal,
    dream_id: str,
    *,
    new_id: str,
    requested_by: str,
    numbers: Sequence[int] = (),
    owner: str = "",
) -> Dream:
    """Propose to undo what a dream's accepted proposals did.

    Args:
        filesystem: the engine.
        journal: where the proposal goes.
        dream_id: the dream to undo.
        new_id: the id of the dream that proposes it.
        requested_by: who asks.
        numbers: which of its proposals; all where none is named.
        owner: the process that does it.

    Raises:
        Refusal: `not_found`, also when there is nothing to undo; `locked`.
    """

    def chosen(snapshot: Snapshot) -> list[Done]:
        dream = snapshot.dreams.dream(dream_id)
        if dream is None:
            raise Refusal(
                "not_found", f"There is no dream {dream_id}; `dreamfs dream list` shows the dreams there are."
            )
        found = [(dream, one) for one in snapshot.dreams.proposals(dream_id) if one.status == "accepted"]
        return [(dream, one) for dream, one in found if not numbers or one.number in numbers]

    named = ", ".join(str(number) for number in numbers)
    what = f"proposal {named} of dream {dream_id}" if numbers else f"dream {dream_id}"
    return await _propose(filesystem, journal, await filesystem.read(chosen), what, new_id, requested_by, owner)


async def unbelieve(
    filesystem: Filesystem,
    journal: DreamJournal,
    store: str,
    source: str,
    *,
    new_id: str,
    requested_by: str,
    reason: str = "",
    owner: str = "",
) -> Dream | None:
    """Call a source false, and propose to undo everything that rests on it.

    From then on no dream reads or cites it. Open proposals that cite it are marked stale: the next dream makes them anew
    where enough is left to support them.

    Args:
        filesystem: the engine.
        journal: where the proposal goes.
        store: a slug.
        source: `/transcripts/<session>`, or a memory's path.
        new_id: the id of the dream that proposes it.
        requested_by: who asks.
        reason: why it is false.
        owner: the process that does it.

    Returns:
        The dream whose one proposal takes everything back; None where nothing that was accepted rests on it.

    Raises:
        Refusal: `not_found` for a source that is none; `locked`.
    """
    sources, now = await filesystem.read(partial(_sources, store=store, source=source))
    for one in sources:
        await journal.disbelieve(store, Disbelief(one, requested_by, now, reason))
    because = f"It rests on {source}, which {requested_by} called false."
    for dream, proposal in await filesystem.read(partial(resting_on, store=store, sources=sources, status=_OPEN)):
        await journal.judge(Verdict(dream.dream_id, proposal.number, "stale", requested_by, because))
    derived = await filesystem.read(partial(derived_from, store=store, sources=sources))
    if not derived:
        return None
    what = f"what rests on {source}"
    return await _propose(filesystem, journal, derived, what, new_id, requested_by, owner, {UNBELIEVED: source})


def _sources(snapshot: Snapshot, store: str, source: str) -> tuple[list[str], datetime]:
    """The source, and for a session those of the agents that it started."""
    name = source.removeprefix(TRANSCRIPTS) if source.startswith(TRANSCRIPTS) else ""
    sources = with_helpers(snapshot, store, source)
    known = snapshot.transcripts.session(store, name) if name else None
    inside = source.removeprefix(f"/{store}/") if source.startswith(f"/{store}/") else ""
    entry = snapshot.tree(store).entry(inside) if inside else None
    every: frozenset[str] = frozenset({"accepted", *_OPEN})
    if known is None and entry is None and not resting_on(snapshot, store, sources, every):
        raise Refusal(
            "not_found",
            f"There is no {source} among the transcripts and memories of /{store}, and no proposal cites it. Name a session "
            f"as /transcripts/<session> or a memory as /{store}/<path>.",
        )
    return sources, snapshot.now


async def _propose(
    filesystem: Filesystem,
    journal: DreamJournal,
    done: Sequence[Done],
    what: str,
    new_id: str,
    requested_by: str,
    owner: str,
    usage: Mapping[str, str] | None = None,
) -> Dream:
    if not done:
        raise Refusal("not_found", f"There is nothing to undo: no accepted proposal belongs to {what}.")
    dream, proposal = await filesystem.read(
        lambda snapshot: _inverse(snapshot, done, what, new_id=new_id, requested_by=requested_by)
    )
    if asked := await filesystem.read(partial(_asked_already, dream=dream, proposal=proposal)):
        return asked
    begun = await journal.begin(replace(dream, owner=owner, usage=usage or {}))
    await journal.propose(begun.dream_id, proposal)
    return await journal.update(replace(begun, status="completed", owner="", finished_at=begun.created_at))


def _asked_already(snapshot: Snapshot, dream: Dream, proposal: Proposal) -> Dream | None:
    """The dream whose open proposal would undo the same in the same way: asking twice needs no second answer."""
    for other in snapshot.dreams.dreams(dream.store):
        if other.curator == UNDO and any(
            one.status in _OPEN and one.reverts == proposal.reverts and _bare(one) == _bare(proposal)
            for one in snapshot.dreams.proposals(other.dream_id)
        ):
            return other
    return None


def _bare(proposal: Proposal) -> list[ProposedChange]:
    """Its changes without their diffs: these name the dream that makes them."""
    return [replace(change, diff="") for change in proposal.changes]


def _inverse(
    snapshot: Snapshot, done: Sequence[Done], what: str, *, new_id: str, requested_by: str
) -> tuple[Dream, Proposal]:
    store = done[0][0].store
    head = snapshot.store(store)
    assert head is not None
    mount, tree = f"/{store}", snapshot.tree(store)
    inverse = invert(snapshot, [change for _, proposal in done for change in made_by(snapshot, store, proposal)])
    kept = [file for file in inverse.files if file.entry is None or not file.entry.pinned]
    changes = [change for file in kept for change in _proposed(mount, file)]
    pinned = [file.held for file in inverse.files if file not in kept]
    flags = [f"left as it is, {one.why}: {mount}/{one.path}" for one in inverse.blocked]
    flags += [f"left as it is, it is pinned: {mount}/{one.path}" for one in pinned]
    if not changes:
        raise Refusal(
            "conflict", f"There is nothing left to undo of {what}: all its files were changed or removed since."
        )
    folded = fold(tree, mount, changes, note=retirement_note(snapshot.now, f"dream {new_id}"))
    dream = Dream(
        new_id, store, "running", UNDO, head.head, snapshot.now, requested_by=requested_by, started_at=snapshot.now
    )
    names = [f"proposal {one.number} of dream {made.dream_id}, accepted as version {one.version}" for made, one in done]
    return dream, Proposal(
        number=0,
        title=f"Undo {what}"[:255],
        rationale="Takes back, and keeps what others wrote since:\n" + "\n".join(f"- {name}" for name in names),
        changes=folded.changes,
        claims=[Claim(f"Memory still holds what {name} wrote.", "observed") for name in names],
        risk="medium",
        base_version=head.head,
        diff=folded.diff(mount),
        fingerprint=fingerprint(changes),
        flags=flags,
        reverts=" ".join(f"{made.dream_id}/{one.number}" for made, one in done),
    )


def _proposed(mount: str, file: Undone) -> list[ProposedChange]:
    """What a dream may propose to that end: it retires what it would otherwise delete."""
    now, then = file.now, file.then
    if now is None:
        assert file.held.text is not None, "what is gone is not brought back"
        return [ProposedChange("create", f"{mount}/{file.held.path}", file_text=file.held.text)]
    path = f"{mount}/{now.path}"
    if then is None:
        return [ProposedChange("retire", path)]
    is_new = then.text is not None and then.text != now.text
    proposed = [ProposedChange("replace", path, file_text=then.text or "")] if is_new else []
    if then.path != now.path:
        proposed.append(ProposedChange("rename", path, new_path=f"{mount}/{then.path}"))
    return proposed
