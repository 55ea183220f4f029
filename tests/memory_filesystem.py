"""A small engine in memory, for tests of what stands above the seam. Real in everything but keeping.

It keeps the whole tree after every revision, so that any question about the past is a look-up. Every query and plan is
run twice, since an engine may: one that keeps state between runs shows itself.
"""

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Literal, TypeVar

import anyio.lowlevel

from dreamfs_tools.dreaming import Card, Disbelief, Dream, Proposal
from dreamfs_tools.filesystem import (
    AccessNote,
    Author,
    Change,
    ChangeFilter,
    Committed,
    Edit,
    Entry,
    FileAt,
    Move,
    Planned,
    Put,
    Remove,
    Revision,
    Snapshot,
    Store,
    StoreMerge,
    Tree,
    Wanted,
)
from dreamfs_tools.provenance import deleted_name, is_deleted_name
from dreamfs_tools.text import changed_lines
from dreamfs_tools.transcript import Event, Session

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class _File:
    memory_id: str
    version: int
    change_number: int
    text: str


Files = dict[str, _File]


@dataclass
class _History:
    """One store: its files after each revision (index 0 is before the first), its revisions and changes."""

    store: Store
    states: list[Files] = field(default_factory=lambda: [{}])
    revisions: dict[int, Revision] = field(default_factory=dict[int, Revision])
    changes: list[Change] = field(default_factory=list[Change])
    pinned: set[str] = field(default_factory=set[str])

    def forked(self, store: Store, at: int) -> "_History":
        """The history of a store that starts as this one was after a revision."""
        return _History(
            replace(store, forked_from=self.store.slug, forked_at=at),
            self.states[: at + 1],
            {number: revision for number, revision in self.revisions.items() if number <= at},
            [_named(change, {self.store.slug: store.slug}) for change in self.changes if change.version <= at],
            set(self.pinned),
        )

    def renamed(self, names: Mapping[str, str], own: Mapping[str, str]) -> None:
        """Speak of other stores, and of this one, by other names."""
        slug = own.get(self.store.slug, self.store.slug)
        base = names.get(self.store.forked_from, self.store.forked_from)
        self.store = replace(self.store, slug=slug, forked_from=base)
        self.changes = [_elsewhere(_named(change, own), names) for change in self.changes]


def _named(change: Change, names: Mapping[str, str]) -> Change:
    """A row as another store shows it."""
    came_from = change.came_from
    if came_from is not None and came_from.store == change.store:
        came_from = replace(came_from, store=names.get(came_from.store, came_from.store))
    return replace(change, store=names.get(change.store, change.store), came_from=came_from)


def _elsewhere(change: Change, names: Mapping[str, str]) -> Change:
    """A row that speaks of other stores by other names."""
    came_from, old_path = change.came_from, change.old_path
    if came_from is not None:
        came_from = replace(came_from, store=names.get(came_from.store, came_from.store))
    if old_path.startswith("/"):
        store, _, path = old_path[1:].partition("/")
        old_path = f"/{names.get(store, store)}/{path}"
    return replace(change, came_from=came_from, old_path=old_path)


@dataclass
class MemoryTranscripts:
    """A `TranscriptReader` over lists."""

    kept: dict[tuple[str, str], tuple[Session, list[Event]]] = field(
        default_factory=dict[tuple[str, str], tuple[Session, list[Event]]]
    )

    def add(self, session: Session, events: Sequence[Event]) -> None:
        self.kept[session.store, session.session_id] = (session, list(events))

    def sessions(self, store: str, *, since: datetime | None = None, after: str = "") -> Iterable[Session]:
        found = sorted((name, session) for (slug, name), (session, _) in self.kept.items() if slug == store)
        for name, session in found:
            ended = session.ended_at or session.started_at
            if name > after and (since is None or ended is None or ended >= since):
                yield session

    def session(self, store: str, session_id: str) -> Session | None:
        found = self.kept.get((store, session_id))
        return found[0] if found else None

    def events(self, store: str, session_id: str, *, lines: tuple[int, int] | None = None) -> Iterable[Event]:
        found = self.kept.get((store, session_id))
        for event in found[1] if found else []:
            if lines is None or (event.line <= lines[1] and event.line + event.lines > lines[0]):
                yield event


@dataclass
class MemoryDreams:
    """A `DreamReader` over lists."""

    kept: list[Dream] = field(default_factory=list[Dream])
    kept_cards: dict[str, list[Card]] = field(default_factory=dict[str, list[Card]])
    kept_proposals: dict[str, list[Proposal]] = field(default_factory=dict[str, list[Proposal]])
    kept_disbeliefs: dict[tuple[str, str], Disbelief] = field(default_factory=dict[tuple[str, str], Disbelief])

    def dreams(self, store: str = "") -> Sequence[Dream]:
        found = [dream for dream in reversed(self.kept) if store in {"", dream.store}]
        return sorted(found, key=lambda dream: dream.created_at, reverse=True)

    def dream(self, dream_id: str) -> Dream | None:
        return next((dream for dream in self.kept if dream.dream_id == dream_id), None)

    def cards(self, dream_id: str) -> Sequence[Card]:
        return self.kept_cards.get(dream_id, [])

    def proposals(self, dream_id: str) -> Sequence[Proposal]:
        return self.kept_proposals.get(dream_id, [])

    def disbeliefs(self, store: str) -> Sequence[Disbelief]:
        return [
            one for (slug, _), one in sorted(self.kept_disbeliefs.items(), key=lambda item: item[0]) if slug == store
        ]


class MemoryFilesystem:
    """An engine in memory.

    Args:
        stores: what stores there are; by default one read-write store, `memories`.
        clock: gives the time of each snapshot; by default a minute passes between two writes.
    """

    def __init__(self, stores: Sequence[Store] = (), clock: Callable[[], datetime] | None = None) -> None:
        self._histories = {store.slug: _History(store) for store in stores or [Store("memories", "memories")]}
        self._merges: list[StoreMerge] = []
        self._clock = clock or self._tick
        self._writes = 0
        self._deleted = 0
        self._ids = count(1)
        self._gone: set[str] = set()
        self.notes: list[AccessNote] = []
        self.transcripts = MemoryTranscripts()
        self.dreams = MemoryDreams()

    async def read(self, query: Callable[[Snapshot], T]) -> T:
        await anyio.lowlevel.checkpoint()
        query(self._snapshot())
        return query(self._snapshot())

    async def write(self, plan: Callable[[Snapshot], Planned[T]], author: Author) -> tuple[T, Committed | None]:
        await anyio.lowlevel.checkpoint()
        snapshot = self._snapshot()
        plan(snapshot)
        planned = plan(snapshot)
        committed = self._commit(planned, author, snapshot.now) if planned.edits else None
        if merge := planned.merge:
            revision = len(self._histories[merge.store].states) - (1 if committed else 0)
            self._merges.append(replace(merge, revision=revision, number=len(self._merges) + 1))
        if planned.verdict is not None:
            self._judge(planned, committed)
        for dream_id, number in planned.reverts:
            self._settle(dream_id, number, "reverted")
        self._writes += 1
        return planned.value, committed

    def note(self, access: AccessNote) -> None:
        self.notes.append(replace(access, at=self._clock()))

    async def fork_store(self, base: str, store: Store, at: int | None = None) -> None:
        """Add a store that starts as another."""
        history = self._histories[base]
        self._histories[store.slug] = history.forked(store, len(history.states) - 1 if at is None else at)

    async def create_store(self, store: Store) -> None:
        """Add an empty store."""
        self._histories[store.slug] = _History(store)

    async def archive_store(self, slug: str) -> None:
        """Make a store read-only."""
        history = self._histories[slug]
        history.store = replace(history.store, archived_at=self._clock())

    async def delete_store(self, slug: str) -> None:
        """Hide a store and free its slug."""
        self._deleted += 1
        name = deleted_name(slug, self._deleted)
        history = self._histories.pop(slug)
        history.store = replace(history.store, deleted_at=self._clock())
        self._histories[name] = history
        for other in self._histories.values():
            other.renamed({slug: name}, {slug: name} if other is history else {})
        self._merges = [
            replace(
                merge,
                source=name if merge.source == slug else merge.source,
                store=name if merge.store == slug else merge.store,
            )
            for merge in self._merges
        ]

    async def store_notes(self) -> None:
        await anyio.lowlevel.checkpoint()

    async def data_version(self) -> int:
        await anyio.lowlevel.checkpoint()
        return self._writes

    def configure(self, store: Store) -> None:
        """Add a store, or change the settings of one."""
        history = self._histories.setdefault(store.slug, _History(store))
        history.store = store

    def pin(self, store: str, path: str) -> None:
        """Pin a file, as a person does at a terminal."""
        self._histories[store].pinned.add(path)

    def forget(self, sha256: str) -> None:
        """Lose a content everywhere, as redaction and pruning do."""
        self._gone.add(sha256)

    def _tick(self) -> datetime:
        return datetime(2026, 11, 22, 11, 3, tzinfo=UTC) + timedelta(minutes=self._writes)

    def _snapshot(self) -> "MemorySnapshot":
        return MemorySnapshot(
            self._histories,
            self._merges,
            self._gone,
            self._clock(),
            self.transcripts,
            self.dreams,
            self.notes,
        )

    def _judge(self, planned: Planned[T], committed: Committed | None) -> None:
        verdict = planned.verdict
        assert verdict is not None
        numbers = [revision.number for revision in committed.revisions.values()] if committed else [0]
        self.dreams.kept_proposals[verdict.dream_id] = [
            replace(
                proposal,
                status=verdict.status,
                reviewed_by=verdict.reviewer,
                version=numbers[0],
                edited=verdict.edited,
            )
            if proposal.number == verdict.proposal
            else proposal
            for proposal in self.dreams.kept_proposals.get(verdict.dream_id, [])
        ]

    def _settle(self, dream_id: str, number: int, status: Literal["reverted"]) -> None:
        self.dreams.kept_proposals[dream_id] = [
            replace(proposal, status=status) if (proposal.number, proposal.status) == (number, "accepted") else proposal
            for proposal in self.dreams.proposals(dream_id)
        ]

    def _commit(self, planned: Planned[T], author: Author, now: datetime) -> Committed:
        touched = {edit.store for edit in planned.edits}
        touched |= {edit.new_store for edit in planned.edits if isinstance(edit, Move)}
        drafts = {
            slug: _Draft(
                slug,
                Revision(len(self._histories[slug].states), now, author, planned.message, planned.dream_id),
                dict(self._histories[slug].states[-1]),
                self._histories[slug].changes,
            )
            for slug in sorted(touched)
        }
        taken = {id(edit): _take(drafts, edit) for edit in planned.edits if not isinstance(edit, Put)}
        for edit in sorted(planned.edits, key=lambda edit: isinstance(edit, Put)):
            _apply(drafts, edit, taken.get(id(edit)), self._ids)
        for draft in drafts.values():
            draft.check()
        for slug, draft in drafts.items():
            history = self._histories[slug]
            history.states.append(draft.files)
            history.revisions[draft.revision.number] = draft.revision
            history.changes += draft.changes
        return Committed(
            {slug: draft.revision for slug, draft in drafts.items()},
            sorted((change for draft in drafts.values() for change in draft.changes), key=lambda c: (c.store, c.path)),
        )


@dataclass
class _Draft:
    """A store's next revision while it is made."""

    slug: str
    revision: Revision
    files: Files
    past: Sequence[Change]
    changes: list[Change] = field(default_factory=list[Change])

    def check(self) -> None:
        for path in self.files:
            for folder in _folders(path):
                assert folder not in self.files, f"{path} would lie below the file {folder}"

    def next_change_number(self, memory_id: str) -> int:
        return 1 + max((c.change_number for c in self.past if c.memory_id == memory_id), default=0)

    def live(self, memory_id: str) -> bool:
        return any(file.memory_id == memory_id for file in self.files.values())

    def add(self, path: str, old: _File | None, new: _File | None, change: Change) -> None:
        if new is not None:
            self.files[path] = new
        added, removed = changed_lines(old.text if old else "", new.text if new else "")
        size, digest = (len(new.text.encode()), sha256(new.text)) if new else (0, None)
        self.changes.append(replace(change, added=added, removed=removed, size_bytes=size, sha256=digest))


def _take(drafts: Mapping[str, _Draft], edit: Remove | Move) -> _File:
    """Empty a path: all are emptied before any is filled."""
    files = drafts[edit.store].files
    assert edit.path in files, f"there is no file {edit.path}"
    return files.pop(edit.path)


def _apply(drafts: Mapping[str, _Draft], edit: Edit, old: _File | None, ids: "count[int]") -> None:
    draft = drafts[edit.store]
    number = draft.revision.number
    if isinstance(edit, Put):
        old = draft.files.get(edit.path)
        assert old is None or old.version < number, f"{edit.path} is filled twice"
        memory_id = old.memory_id if old else edit.memory_id or f"m{next(ids)}"
        new = _File(memory_id, number, draft.next_change_number(memory_id), edit.text)
        previous = old.version if old else 0
        change = Change(
            *(edit.store, draft.revision, edit.path, edit.operation, memory_id, new.change_number, previous),
            came_from=edit.came_from,
        )
        draft.add(edit.path, old, new, change)
        return
    assert old is not None
    if isinstance(edit, Remove):
        at = draft.next_change_number(old.memory_id)
        change = Change(edit.store, draft.revision, edit.path, "deleted", old.memory_id, at, old.version)
        draft.add(edit.path, old, None, replace(change, came_from=edit.came_from))
        return
    target = drafts[edit.new_store]
    moved_in = target is not draft
    assert edit.new_path not in target.files, f"{edit.new_path} is taken"
    assert moved_in or not _below(edit.new_path, edit.path), f"{edit.path} would lie below itself"
    memory_id = f"m{next(ids)}" if moved_in and target.live(old.memory_id) else old.memory_id
    at = max(draft.next_change_number(memory_id), target.next_change_number(memory_id))
    new = _File(memory_id, target.revision.number, at, old.text if edit.text is None else edit.text)
    old_path = f"/{edit.store}/{edit.path}" if moved_in else edit.path
    previous = 0 if moved_in else old.version
    before = FileAt(edit.store, number - 1, old.memory_id) if moved_in else None
    change = Change(
        *(edit.new_store, target.revision, edit.new_path, edit.operation, memory_id, at, previous),
        old_path=old_path,
        came_from=edit.came_from or before,
    )
    target.add(edit.new_path, old, new, change)
    if moved_in:
        gone = Change(edit.store, draft.revision, edit.path, "deleted", old.memory_id, at, old.version)
        draft.add(edit.path, old, None, gone)


@dataclass(frozen=True)
class MemorySnapshot:
    """A `Snapshot` of the histories as they stand: nothing else runs while it is used."""

    histories: Mapping[str, _History]
    all_merges: Sequence[StoreMerge]
    gone: set[str]
    now: datetime
    transcripts: MemoryTranscripts
    dreams: MemoryDreams
    notes: Sequence[AccessNote] = ()

    def stores(self) -> Sequence[Store]:
        return [store for slug in sorted(self.histories) if (store := self.store(slug))]

    def store(self, slug: str) -> Store | None:
        return None if is_deleted_name(slug) else self.store_ever(slug)

    def store_ever(self, name: str) -> Store | None:
        history = self.histories.get(name)
        if history is None:
            return None
        return replace(history.store, head=len(history.states) - 1, files=len(history.states[-1]))

    def tree(self, store: str, at: int | None = None) -> Tree:
        history = self.histories[store]
        return MemoryTree(history, len(history.states) - 1 if at is None else at, self.gone)

    def changes(self, store: str, which: ChangeFilter, limit: int) -> Sequence[Change]:
        found = [self._without_gone(change) for change in self.histories[store].changes if _selected(change, which)]
        found.sort(key=lambda change: (-change.version, change.path))
        return found[:limit]

    def revision(self, store: str, number: int) -> Revision | None:
        return self.histories[store].revisions.get(number)

    def pinned(self, store: str) -> Sequence[Entry]:
        return [entry for entry in self.tree(store).walk() if entry.pinned]

    def accesses(
        self, store: str, limit: int, *, path: str = "", session: str = "", since: datetime | None = None
    ) -> Sequence[AccessNote]:
        slug = self.histories[store].store.slug
        found = [
            note
            for note in reversed(self.notes)
            if (note.store, path or note.path, session or note.session) == (slug, note.path, note.session)
            and (since is None or (note.at is not None and note.at >= since))
        ]
        return found[:limit]

    def merges(self, store: str) -> Sequence[StoreMerge]:
        return [merge for merge in reversed(self.all_merges) if merge.store == store]

    def _without_gone(self, change: Change) -> Change:
        return replace(change, sha256=None, redacted_at=self.now) if change.sha256 in self.gone else change


@dataclass(frozen=True)
class MemoryTree:
    """A `Tree`: a store's files after one revision."""

    history: _History
    at: int
    gone: set[str]

    @property
    def files(self) -> Files:
        return self.history.states[self.at]

    def entry(self, path: str) -> Entry | None:
        if file := self.files.get(path):
            digest = sha256(file.text)
            return Entry(
                self.history.store.slug,
                path,
                "file",
                file.version,
                len(file.text.encode()),
                self.history.revisions[file.version],
                file.change_number,
                file.memory_id,
                None if digest in self.gone else digest,
                pinned=path in self.history.pinned,
            )
        below = [file for name, file in self.files.items() if _below(name, path)]
        if path and not below:
            return None
        version = self._folder_version(path)
        size = sum(len(file.text.encode()) for file in below)
        revision = self.history.revisions.get(version)
        return Entry(self.history.store.slug, path, "folder", version, size, revision, files=len(below))

    def walk(self, path: str = "", *, depth: int = 0, after: str = "") -> Iterable[Entry]:
        names = {name for name in self.files if _below(name, path)}
        if depth:
            names |= {folder for name in names for folder in _folders(name) if _below(folder, path)}
            level = path.count("/") + depth if path else depth - 1
            names = {name for name in names if name.count("/") <= level}
        for name in sorted(names, key=sort_key):
            if not after or sort_key(name) > sort_key(after):
                entry = self.entry(name)
                assert entry is not None
                yield entry

    def text(self, entry: Entry) -> str | None:
        text = self.files[entry.path].text
        return None if sha256(text) in self.gone else text

    def texts(
        self, path: str = "", *, containing: str = "", after: str = "", wanted: Wanted | None = None
    ) -> Iterable[tuple[Entry, str]]:
        here = self.entry(path)
        files = [here] if here and here.kind == "file" else self.walk(path, after=after)
        for entry in files:
            text = self.text(entry)
            if text is None or containing not in text or (after and sort_key(entry.path) <= sort_key(after)):
                continue
            if wanted is None or wanted(entry.path, text.encode()):
                yield entry, text

    def _folder_version(self, path: str) -> int:
        touched = (
            change.version
            for change in self.history.changes
            if change.version <= self.at and (_below(change.path, path) or _below(change.old_path, path))
        )
        return max(touched, default=0)


def sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def sort_key(path: str) -> list[str]:
    """Paths sort segment by segment, each compared whole by code point."""
    return path.split("/")


def _below(path: str, folder: str) -> bool:
    """Whether a path inside the store lies below a folder; `/slug/path` lies in another store."""
    return bool(path) and not path.startswith("/") and (not folder or path.startswith(folder + "/"))


def _folders(path: str) -> Iterable[str]:
    parts = path.split("/")[:-1]
    return ("/".join(parts[: n + 1]) for n in range(len(parts)))


def _selected(change: Change, which: ChangeFilter) -> bool:
    author = change.revision.author
    before = which.before
    return (
        any(path and (path == which.path or _below(path, which.path)) for path in (change.path, change.old_path))
        and which.memory_id in {"", change.memory_id}
        and which.session in {"", author.session_id, author.host_session_id, author.connection_id}
        and which.actor in {"", author.actor}
        and which.operation in {"", change.operation}
        and which.dream_id in {"", change.revision.dream_id}
        and (which.since is None or change.revision.created_at >= which.since)
        and (which.until is None or change.revision.created_at <= which.until)
        and (before is None or (-change.version, change.path) > (-before[0], before[1]))
        and change.version > which.after_version
        and (not which.incoming or (change.came_from is not None and change.came_from.store != change.store))
        and (which.up_to_version is None or change.version <= which.up_to_version)
    )
