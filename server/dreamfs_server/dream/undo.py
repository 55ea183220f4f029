"""Undo what dreams did: one reviewable change that takes back everything that some accepted proposals wrote.

Nothing is undone here. The inverse is a proposal like any other, of a dream whose curator is `revert`, and a person
accepts it. What others wrote since is kept: each file is merged three ways, and where that is not safe it is left as it is
and the reviewer is told. What a proposal created goes to the archive.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial

from dreamfs_server.dream.apply import fold, retirement_note
from dreamfs_server.dream.fingerprint import fingerprint
from dreamfs_server.dream.job import UNDO
from dreamfs_tools.dreaming import Claim, Disbelief, Dream, DreamJournal, Proposal, ProposedChange, Verdict
from dreamfs_tools.errors import Refusal
from dreamfs_tools.filesystem import Change, ChangeFilter, Filesystem, Snapshot, Tree
from dreamfs_tools.merge import merge

_TRANSCRIPTS = "/transcripts/"
_OPEN = frozenset({"pending", "quarantined"})
_FILES_COUNT_MAX = 1_000

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
    for dream, proposal in await filesystem.read(partial(_resting_on, store=store, sources=sources, status=_OPEN)):
        await journal.judge(Verdict(dream.dream_id, proposal.number, "stale", requested_by, because))
    derived = await filesystem.read(partial(derived_from, store=store, sources=sources))
    if not derived:
        return None
    return await _propose(filesystem, journal, derived, f"what rests on {source}", new_id, requested_by, owner)


def derived_from(snapshot: Snapshot, store: str, sources: Sequence[str]) -> list[Done]:
    """The accepted proposals that cite one of the sources, or a memory that such a proposal made."""
    derived: list[Done] = []
    while more := [
        done
        for done in _resting_on(snapshot, store, [*sources, *_made(snapshot, store, derived)], frozenset({"accepted"}))
        if done not in derived
    ]:
        derived += more
    return derived


def _sources(snapshot: Snapshot, store: str, source: str) -> tuple[list[str], datetime]:
    """The source, and for a session those of the agents that it started."""
    name = source.removeprefix(_TRANSCRIPTS) if source.startswith(_TRANSCRIPTS) else ""
    children = [one.session_id for one in snapshot.transcripts.sessions(store) if name and one.parent == name]
    sources = [source, *(f"{_TRANSCRIPTS}{child}" for child in children)]
    known = snapshot.transcripts.session(store, name) if name else None
    inside = source.removeprefix(f"/{store}/") if source.startswith(f"/{store}/") else ""
    entry = snapshot.tree(store).entry(inside) if inside else None
    every: frozenset[str] = frozenset({"accepted", *_OPEN})
    if known is None and entry is None and not _resting_on(snapshot, store, sources, every):
        raise Refusal(
            "not_found",
            f"There is no {source} among the transcripts and memories of /{store}, and no proposal cites it. Name a session "
            f"as /transcripts/<session> or a memory as /{store}/<path>.",
        )
    return sources, snapshot.now


def _resting_on(snapshot: Snapshot, store: str, sources: Sequence[str], status: frozenset[str]) -> list[Done]:
    return [
        (dream, proposal)
        for dream in snapshot.dreams.dreams(store)
        for proposal in snapshot.dreams.proposals(dream.dream_id)
        if proposal.status in status
        and any(evidence.source in sources for claim in proposal.claims for evidence in claim.evidence)
    ]


def _made(snapshot: Snapshot, store: str, derived: Sequence[Done]) -> list[str]:
    return [
        f"/{store}/{change.path}"
        for _, proposal in derived
        for change in _changes(snapshot, store, proposal)
        if change.operation == "created"
    ]


def _changes(snapshot: Snapshot, store: str, proposal: Proposal) -> Sequence[Change]:
    """What accepting a proposal changed."""
    version = proposal.version
    which = ChangeFilter(after_version=version - 1, up_to_version=version)
    return snapshot.changes(store, which, _FILES_COUNT_MAX) if version else ()


async def _propose(
    filesystem: Filesystem,
    journal: DreamJournal,
    done: Sequence[Done],
    what: str,
    new_id: str,
    requested_by: str,
    owner: str,
) -> Dream:
    if not done:
        raise Refusal("not_found", f"There is nothing to undo: no accepted proposal belongs to {what}.")
    dream, proposal = await filesystem.read(
        lambda snapshot: _inverse(snapshot, done, what, new_id=new_id, requested_by=requested_by)
    )
    begun = await journal.begin(replace(dream, owner=owner))
    await journal.propose(begun.dream_id, proposal)
    return await journal.update(replace(begun, status="completed", owner="", finished_at=begun.created_at))


def _inverse(
    snapshot: Snapshot, done: Sequence[Done], what: str, *, new_id: str, requested_by: str
) -> tuple[Dream, Proposal]:
    store = done[0][0].store
    head = snapshot.store(store)
    assert head is not None
    bench = _Bench(snapshot, store, snapshot.tree(store), new_id)
    changes: list[ProposedChange] = []
    flags: list[str] = []
    for _, proposal in sorted(done, key=lambda one: -one[1].version):  # newest first: each finds what it left behind
        for change in _changes(snapshot, store, proposal):
            undone = bench.undo(change, changes)
            changes += undone or []
            flags += [] if undone is not None else [f"left as it is, changed since: {bench.mount}/{change.path}"]
    if not changes:
        raise Refusal(
            "conflict", f"There is nothing left to undo of {what}: all its files were changed or removed since."
        )
    folded = fold(bench.tree, bench.mount, changes, note=retirement_note(snapshot.now, f"dream {new_id}"))
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
        diff=folded.diff(bench.mount),
        fingerprint=fingerprint(changes),
        flags=flags,
        reverts=" ".join(f"{made.dream_id}/{one.number}" for made, one in done),
    )


@dataclass(frozen=True, slots=True)
class _Bench:
    snapshot: Snapshot
    store: str
    tree: Tree
    new_id: str

    @property
    def mount(self) -> str:
        return f"/{self.store}"

    def undo(self, change: Change, so_far: Sequence[ProposedChange]) -> list[ProposedChange] | None:
        """The changes that take one back; None where others changed the file in a way that does not merge."""
        current = self._text(change.path, so_far)
        if current is None:
            return None
        path = f"{self.mount}/{change.path}"
        after = self._then(change.path, change.version)
        if change.operation == "created":
            return [ProposedChange("retire", path)] if current == after else None
        before = self._then(change.old_path or change.path, change.version - 1)
        if before is None or after is None:
            return None
        text = before if current == after else merge(after, before, current).text
        if text is None:
            return None
        undone = [] if text == current else [ProposedChange("replace", path, file_text=text)]
        if change.operation == "renamed":
            if self._text(change.old_path, so_far) is not None:
                return None
            undone.append(ProposedChange("rename", path, new_path=f"{self.mount}/{change.old_path}"))
        return undone

    def _text(self, path: str, so_far: Sequence[ProposedChange]) -> str | None:
        """What a file holds now, after the changes found so far."""
        folded = fold(self.tree, self.mount, so_far, note=retirement_note(self.snapshot.now, self.new_id))
        for file in folded.files:
            if file.new_path == path:
                return file.after
            if file.path == path and file.moves:
                return None
        entry = self.tree.entry(path)
        return self.tree.text(entry) if entry is not None and entry.kind == "file" and not entry.pinned else None

    def _then(self, path: str, version: int) -> str | None:
        tree = self.snapshot.tree(self.store, version)
        entry = tree.entry(path)
        return tree.text(entry) if entry is not None and entry.kind == "file" else None
