"""What rests on a source: the proposals that cite it, and those that cite a memory that such a proposal made."""

from collections.abc import Sequence
from dataclasses import dataclass

from dreamfs_tools.dreaming import Dream, Proposal
from dreamfs_tools.filesystem import Change, ChangeFilter, Snapshot

TRANSCRIPTS = "/transcripts/"
UNBELIEVED = "unbelieved"
"""In the `usage` of a dream that takes back what rests on a source: which source."""
_FILES_COUNT_MAX = 1_000

Done = tuple[Dream, Proposal]


def with_helpers(snapshot: Snapshot, store: str, source: str) -> list[str]:
    """A source, and for a session those of the agents that it started."""
    name = source.removeprefix(TRANSCRIPTS) if source.startswith(TRANSCRIPTS) else ""
    children = [one.session_id for one in snapshot.transcripts.sessions(store) if name and one.parent == name]
    return [source, *(f"{TRANSCRIPTS}{child}" for child in children)]


def derived_from(snapshot: Snapshot, store: str, sources: Sequence[str]) -> list[Done]:
    """The accepted proposals that cite one of the sources, or a memory that such a proposal made.

    Args:
        snapshot: where to look.
        store: a slug.
        sources: `/transcripts/<session>`, or memories' paths.
    """
    derived: list[Done] = []
    while more := [
        done
        for done in resting_on(
            snapshot, store, [*sources, *_created(snapshot, store, derived)], frozenset({"accepted"})
        )
        if done not in derived
    ]:
        derived += more
    return derived


def resting_on(snapshot: Snapshot, store: str, sources: Sequence[str], status: frozenset[str]) -> list[Done]:
    """The proposals of these states that cite one of the sources."""
    return [
        (dream, proposal)
        for dream in snapshot.dreams.dreams(store)
        for proposal in snapshot.dreams.proposals(dream.dream_id)
        if proposal.status in status
        and any(evidence.source in sources for claim in proposal.claims for evidence in claim.evidence)
    ]


def made_by(snapshot: Snapshot, store: str, proposal: Proposal) -> Sequence[Change]:
    """What accepting a proposal changed."""
    version = proposal.version
    which = ChangeFilter(after_version=version - 1, up_to_version=version)
    return snapshot.changes(store, which, _FILES_COUNT_MAX) if version else ()


@dataclass(frozen=True, slots=True)
class Believed:
    """What was taken back because of a source that is believed again. Nobody said no to it: it may be proposed again."""

    proposals: frozenset[str]
    """`<dream>/<number>`."""
    files: frozenset[str]
    """Paths in the store of what is left of them, as taking back left it."""


def believed_again(snapshot: Snapshot, store: str) -> Believed:
    """What no longer counts as taken back."""
    false = {one.source for one in snapshot.dreams.disbeliefs(store)}
    proposals: set[str] = set()
    files: set[str] = set()
    for dream in snapshot.dreams.dreams(store):
        source = dream.usage.get(UNBELIEVED)
        if not source or source in false:
            continue
        for undo in snapshot.dreams.proposals(dream.dream_id):
            if undo.status == "accepted":
                proposals |= set(undo.reverts.split())
                files |= {change.path for change in made_by(snapshot, store, undo) if _is_as_left(snapshot, change)}
    return Believed(frozenset(proposals), frozenset(files))


def _is_as_left(snapshot: Snapshot, change: Change) -> bool:
    entry = snapshot.tree(change.store).entry(change.path)
    return entry is not None and entry.version == change.version


def _created(snapshot: Snapshot, store: str, derived: Sequence[Done]) -> list[str]:
    return [
        f"/{store}/{change.path}"
        for _, proposal in derived
        for change in made_by(snapshot, store, proposal)
        if change.operation == "created"
    ]
