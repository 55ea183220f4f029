"""Which changes a revert is to take back, and where to look for them: also in the stores from which they came."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime

from dreamfs_tools.ancestry import Ancestry
from dreamfs_tools.answers import rfc3339
from dreamfs_tools.derived import TRANSCRIPTS, derived_from, with_helpers
from dreamfs_tools.difference import all_changes
from dreamfs_tools.filesystem import Change, ChangeFilter, Snapshot
from dreamfs_tools.lineage import Lineage
from dreamfs_tools.mounts import Mount, Mounts


@dataclass(frozen=True, slots=True)
class Selection:
    """Which changes to take back; every field that is given narrows."""

    path: str = "/"
    """A store, folder or file; `/` for all stores."""
    session: str = ""
    actor: str = ""
    dream_id: str = ""
    source: str = ""
    """What dreams drew on: a session's id, `/transcripts/<session>`, or a memory's path."""
    first: int = 0
    """A range of revisions; they count inside a store. 0: from the first."""
    last: int | None = None
    since: datetime | None = None
    until: datetime | None = None

    @property
    def words(self) -> str:
        """`what session s-1 did below /memories/ops in versions 3 to 9`."""
        names = [f"session {self.session}"] if self.session else []
        names += [self.actor] if self.actor else []
        names += [f"dream {self.dream_id}"] if self.dream_id else []
        words = f"what {' as '.join(names)} did" if names else "what was done" if not self.source else "what"
        words += (
            f" rests on {self.cited}"
            if self.source and not names
            else f", resting on {self.cited}"
            if self.source
            else ""
        )
        words += f" in {self.path}" if self.path != "/" else ""
        if self.first == self.last:
            words += f" in version {self.first}"
        elif self.first or self.last is not None:
            words += f" in versions {self.first} to {'now' if self.last is None else self.last}"
        words += f" since {rfc3339(self.since)}" if self.since else ""
        return words + (f" until {rfc3339(self.until)}" if self.until else "")

    @property
    def cited(self) -> str:
        """The source as claims cite it."""
        return self.source if self.source.startswith("/") else f"{TRANSCRIPTS}{self.source}"

    @property
    def filter(self) -> ChangeFilter:
        """What of it an engine can look for in a store; the path and the source are left out."""
        return ChangeFilter(
            session=self.session,
            actor=self.actor,
            dream_id=self.dream_id,
            since=self.since,
            until=self.until,
            after_version=max(self.first - 1, 0),
            up_to_version=self.last,
        )

    def fits(self, change: Change) -> bool:
        """Whether it names a change, whatever its path, version and source."""
        author, at = change.revision.author, change.revision.created_at
        return (
            self.session in {"", author.session_id, author.host_session_id, author.connection_id}
            and self.actor in {"", author.actor}
            and self.dream_id in {"", change.revision.dream_id}
            and (self.since is None or at >= self.since)
            and (self.until is None or at <= self.until)
        )


@dataclass(slots=True)
class Search:
    """Looks for what a selection names in the stores that others got something from."""

    snapshot: Snapshot
    mounts: Mounts
    selection: Selection
    _resting: dict[str, set[int]] = field(default_factory=dict[str, "set[int]"])

    def sees(self, store: str, revision: int) -> bool:
        """Whether the caller may look into a store up to a revision."""
        return self.mounts.lineage_mount(self.snapshot, store, revision) is not None

    def mounts_of(self, changes: Iterable[Change]) -> dict[str, Mount]:
        """How the stores of changes are shown."""
        found = {one.store: self.mounts.lineage_mount(self.snapshot, one.store, one.version) for one in changes}
        return {store: mount for store, mount in found.items() if mount is not None}

    def inherited(self, store: str, path: str, own: Iterable[Change]) -> Iterator[tuple[str, str, Change]]:
        """What is named in the files at or below a path and was done in another store: (store, memory, change).

        Versions count in one store: where they narrow, nothing is.
        """
        if self.selection.first or self.selection.last is not None:
            return
        ancestry = Ancestry(Lineage(self.snapshot, self.sees))
        moves = {ancestry.key(change) for change in own}
        for memory_id in self._with_others(store, path):
            life = ancestry.life(store, memory_id)
            for step in ancestry.steps(store, memory_id, moves):
                if step.life is not life and self._names(step.change):
                    yield store, memory_id, step.change

    def _with_others(self, store: str, path: str) -> Iterable[str]:
        """The memories that got something from another store."""
        which = ChangeFilter(path=path, incoming=True)
        found = list(all_changes(self.snapshot, store, which))
        here = self.snapshot.tree(store).entry(path)
        if here is not None and here.kind == "file":
            found += all_changes(self.snapshot, store, replace(which, path="", memory_id=here.memory_id))
        return dict.fromkeys(change.memory_id for change in found)

    def _names(self, change: Change) -> bool:
        if not self.selection.fits(change):
            return False
        if not self.selection.source:
            return True
        if change.store not in self._resting:
            self._resting[change.store] = versions_resting_on(self.snapshot, change.store, self.selection.cited)
        return change.version in self._resting[change.store]


def versions_resting_on(snapshot: Snapshot, store: str, source: str) -> set[int]:
    """The revisions of a store that accepted proposals made which cite a source."""
    return {proposal.version for _, proposal in derived_from(snapshot, store, with_helpers(snapshot, store, source))}
