"""THE SEAM: what an engine provides and what everything above it relies on.

An engine keeps *stores*. A store is a tree of files with a history of numbered revisions. Everything is reached
through two verbs: `Filesystem.read` runs a query against one consistent `Snapshot`, and `Filesystem.write` runs a
plan inside the engine's own write transaction and applies the edits that the plan returns, all or nothing, as one
revision in each store touched. Queries and plans are plain synchronous functions, so that a whole tool call is one
trip to the engine and one snapshot; they must be pure, because an engine may run them again.

Paths here are inside one store: no leading slash, `""` is the store's root. What a *mount* makes of them, and which
of them a caller may touch, is decided above (`mounts.py`). `tests/engine_contract.py` is what an engine has to pass.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Generic, Literal, Protocol, TypeVar

from dreamfs_tools.edits import Edit as Edit
from dreamfs_tools.edits import Move as Move
from dreamfs_tools.edits import Put as Put
from dreamfs_tools.edits import Remove as Remove
from dreamfs_tools.provenance import FileAt as FileAt
from dreamfs_tools.provenance import StoreMerge as StoreMerge

if TYPE_CHECKING:
    from dreamfs_tools.dreaming import DreamReader, Verdict
    from dreamfs_tools.transcript import TranscriptReader

T = TypeVar("T")

Access = Literal["ro", "rw"]
Wanted = Callable[[str, bytes], bool]
"""A test of a file by its path inside the store and its content in UTF-8; pure and quick."""
Operation = Literal["created", "modified", "renamed", "deleted", "restored", "merged", "redacted"]


@dataclass(frozen=True, slots=True)
class Limits:
    """What a store accepts; DESIGN section 8. Each limit has its unit last in its name."""

    content_bytes: int = 102_400
    files_count: int = 10_000


@dataclass(frozen=True, slots=True)
class Store:
    """A tree of memories with its own history."""

    slug: str
    name: str
    description: str = ""
    access: Access = "rw"
    head: int = 0
    """The number of the newest revision; 0 when nothing was ever written."""
    files: int = 0
    limits: Limits = field(default_factory=Limits)
    require_expected_version: bool = False
    secrets: Literal["refuse", "mask", "allow"] = "refuse"
    auto_accept: Literal["none", "tidy"] = "none"
    keep_days: int | None = None
    """How many days a content is kept after it was superseded, by `prune`; None for ever. Where `keep_versions` is set
    too, both have to let it go."""
    keep_versions: int | None = None
    """How many of the newest versions of each file are kept whatever their age; None for all."""
    metadata: Mapping[str, str] = field(default_factory=dict[str, str])
    created_at: datetime | None = None
    archived_at: datetime | None = None
    deleted_at: datetime | None = None
    forked_from: str = ""
    """The store this one began as, "" for none; `forked_at` is the revision. A deleted one by lineage's name."""
    forked_at: int = 0
    project: str = ""
    """The repository whose memory this is, "" for none; a folder of this machine, for people only."""


@dataclass(frozen=True, slots=True)
class Author:
    """Who made a revision. Every field is kept apart and none is proof; DESIGN section 6."""

    session_id: str = ""
    """What the caller claims as its conversation."""
    host_session_id: str = ""
    """What the client's environment says (`CLAUDE_CODE_SESSION_ID`)."""
    connection_id: str = ""
    """Made by the server for the process (stdio) or the request (HTTP)."""
    actor: str = ""
    """Who the transport says is calling: `user:<login>`, `token:<name>`, `dream:<id>`."""
    on_behalf_of: str = ""
    """The person who accepted, where the actor is a dream."""
    client: str = ""
    """"name version" of the client program."""
    protocol_version: str = ""
    transport: str = ""
    """`stdio`, `http` or `command`."""
    request_id: str = ""
    tool_use_id: str = ""

    @property
    def label(self) -> str:
        """How an answer names the caller: a session where one is claimed or known, else the connection."""
        if session := self.session_id or self.host_session_id:
            return f"session {session}"
        return f"connection {self.connection_id}" if self.connection_id else self.actor


@dataclass(frozen=True, slots=True)
class Revision:
    """One atomic change of a store."""

    number: int
    created_at: datetime
    """In UTC."""
    author: Author
    message: str = ""
    dream_id: str = ""


@dataclass(frozen=True, slots=True)
class Entry:
    """A file or a folder as it is, or was at some revision."""

    store: str
    path: str
    kind: Literal["file", "folder"]
    version: int
    """The store's revision in which it last changed; a folder's: in which anything below it did. 0: an untouched root."""
    size_bytes: int
    """A folder's is the sum of its files."""
    revision: Revision | None
    """The one that made this version: who and when. None for the root of a store without revisions."""
    change_number: int = 0
    """The how-manyth change of this memory this is, from 1; 0 for folders."""
    memory_id: str = ""
    sha256: str | None = ""
    """Of the UTF-8 bytes, lower-case hex; "" for folders, None when the content was redacted or pruned."""
    files: int = 0
    """A folder's number of files below it."""
    pinned: bool = False
    content_key: int = 0
    """The engine's own handle to the content; means nothing elsewhere."""


@dataclass(frozen=True, slots=True)
class Change:
    """What one revision did to one file: a row of history."""

    store: str
    revision: Revision
    path: str
    """Where the file is after the change; for a deletion, where it was."""
    operation: Operation
    memory_id: str
    change_number: int
    previous: int = 0
    """The memory's version before this change; 0 when there was none."""
    old_path: str = ""
    """Where a file was that the change renamed; may name another store as `/slug/path` for a move between stores."""
    size_bytes: int = 0
    sha256: str | None = None
    """Of the content after the change; None for deletions and where it was redacted or pruned."""
    added: int = 0
    """Lines added and removed against the version before."""
    removed: int = 0
    redacted_at: datetime | None = None
    came_from: FileAt | None = None
    """What the change took from elsewhere: a move between stores and a store merge, the other store's file (of a merge's
    deletion, the one that was deleted there); what restores or takes back, the version that came back."""

    @property
    def version(self) -> int:
        """The revision this change belongs to."""
        return self.revision.number


@dataclass(frozen=True, slots=True)
class ChangeFilter:
    """Which changes `Snapshot.changes` gives; empty fields do not filter."""

    path: str = ""
    """This file, or everything below this folder, by the path it had at the time (before or after a rename)."""
    memory_id: str = ""
    session: str = ""
    """Matches the claimed session, the host's session or the connection."""
    actor: str = ""
    operation: str = ""
    dream_id: str = ""
    since: datetime | None = None
    until: datetime | None = None
    before: tuple[int, str] | None = None
    """Only changes older than (version, path): where a page ended. Order is version descending, then path ascending."""
    after_version: int = 0
    """Only changes of a later revision than this."""
    up_to_version: int | None = None
    """Only changes of this revision or an earlier one."""
    incoming: bool = False
    """Only changes that took something from another store: moves between stores, and what store merges changed."""


class Tree(Protocol):
    """The files of one store, or of a virtual tree, at one moment. Synchronous; valid inside a read or a plan only."""

    def entry(self, path: str) -> Entry | None:
        """The file or folder at a path; None where there is nothing. The root always exists."""
        ...

    def walk(self, path: str = "", *, depth: int = 0, after: str = "") -> Iterable[Entry]:
        """What lies below a folder, sorted by path by code point, each segment compared whole.

        Args:
            path: a folder. The folder itself is not given; a file gives nothing.
            depth: 0 gives every *file* below; n > 0 gives files and folders down to n levels.
            after: only what sorts after this path (where a page ended).
        """
        ...

    def text(self, entry: Entry) -> str | None:
        """A file's content; None when it was redacted or pruned. Where only a passage was redacted, the rest of it."""
        ...

    def texts(
        self, path: str = "", *, containing: str = "", after: str = "", wanted: Wanted | None = None
    ) -> Iterable[tuple[Entry, str]]:
        """Files with their contents, sorted as `walk`; redacted ones are left out.

        Args:
            path: a folder, or one file.
            containing: a literal that interesting files must hold; an engine may leave out files that do not.
            after: as in `walk`.
            wanted: given a path and its UTF-8 content, says whether the file is asked for; what it rejects is left
                out before anything is made of it, so that a search pays only for what it finds.
        """
        ...


class Snapshot(Protocol):
    """Everything at one moment. Synchronous; valid inside a read or a plan only."""

    @property
    def now(self) -> datetime:
        """The engine's time of this snapshot, UTC; inside a plan, the time the revision will carry."""
        ...

    def stores(self) -> Sequence[Store]:
        """All stores, archived ones too, sorted by slug."""
        ...

    def store(self, slug: str) -> Store | None: ...

    def store_ever(self, name: str) -> Store | None:
        """A store by its slug, or a deleted one by lineage's name, which stands in its `slug`; `provenance.py`.

        `tree`, `changes`, `revision` and `merges` take both; whoever leads a caller there sees to what he may see.
        """
        ...

    def tree(self, store: str, at: int | None = None) -> Tree:
        """A store's files now, or as they were after revision `at` (0 … head).

        Raises:
            KeyError: there is no such store.
        """
        ...

    def changes(self, store: str, which: ChangeFilter, limit: int) -> Sequence[Change]:
        """At most `limit` changes, newest revision first and by path within one; one row a changed file.

        A rename is one row, found by its old and its new path. A fork shows its ancestors' rows up to the fork.
        """
        ...

    def revision(self, store: str, number: int) -> Revision | None: ...

    def pinned(self, store: str) -> Sequence[Entry]:
        """The live files that a person has pinned, sorted as `Tree.walk`; found without walking the store.

        Raises:
            KeyError: there is no such store.
        """
        ...

    def accesses(
        self, store: str, limit: int, *, path: str = "", session: str = "", since: datetime | None = None
    ) -> "Sequence[AccessNote]":
        """At most `limit` lines of the access log, newest first; what was not stored yet is missing.

        Args:
            store: a slug.
            limit: how many.
            path: only of exactly this path.
            session: only of this session, as the answers name it.
            since: only those made then or later.

        Raises:
            KeyError: there is no such store.
        """
        ...

    def merges(self, store: str) -> Sequence[StoreMerge]:
        """What was merged into a store since it began, newest first; stores that were deleted since by lineage's name.

        Raises:
            KeyError: there is no such store.
        """
        ...

    @property
    def transcripts(self) -> "TranscriptReader": ...

    @property
    def dreams(self) -> "DreamReader": ...


@dataclass(frozen=True, slots=True)
class Planned(Generic[T]):
    """What a plan wants done. No edits: nothing is written and no revision is made."""

    value: T
    edits: Sequence[Edit] = ()
    """No two touch one path, except that a `Put` or a `Move` may fill one that a `Move` or a `Remove` empties. Paths are
    emptied before any is filled, so that files can change places."""
    message: str = ""
    dream_id: str = ""
    verdict: "Verdict | None" = None
    """What a person said of a proposal, recorded in the same transaction as the change it allows."""
    reverts: Sequence[tuple[str, int]] = ()
    """Accepted proposals, by dream and number, of which this takes everything back: they become `reverted`."""
    merge: StoreMerge | None = None
    """The merge that the edits are, recorded in the same transaction, also where no edits are left to make."""


@dataclass(frozen=True, slots=True)
class Committed:
    """What a write did."""

    revisions: Mapping[str, Revision]
    """Store → the revision made in it."""
    changes: Sequence[Change]


@dataclass(frozen=True, slots=True)
class AccessNote:
    """One line of the access log."""

    store: str
    path: str
    kind: Literal["view", "search", "miss"]
    version: int
    session: str
    query: str = ""
    at: datetime | None = None
    """When, UTC; the engine says so in what it gives, and looks past it in what it is given."""


class Filesystem(Protocol):
    """An engine."""

    async def read(self, query: Callable[[Snapshot], T]) -> T:
        """Run a query against one consistent snapshot and give its answer.

        Raises:
            Refusal: whatever the query refuses; `unavailable` when the storage cannot be read now.
        """
        ...

    async def write(self, plan: Callable[[Snapshot], Planned[T]], author: Author) -> tuple[T, Committed | None]:
        """Run a plan in a write transaction, then do what it planned as one revision in each store it touches.

        Durable when it returns. Cancelled, it happened whole or not at all.

        Returns:
            The plan's value, and what was committed; None when there were no edits.

        Raises:
            Refusal: whatever the plan refuses, with nothing changed; `locked` when other writers kept the storage
                past the deadline; `unknown_outcome` when the storage failed at the commit itself.
        """
        ...

    def note(self, access: AccessNote) -> None:
        """Remember a read for the access log; kept in memory until the next write or idle moment, best effort."""
        ...

    async def store_notes(self) -> None:
        """Store the reads noted so far, for who is about to look at the access log.

        Raises:
            Refusal: `locked`, `unavailable`.
        """
        ...

    async def data_version(self) -> int:
        """A number that changes when anything was stored, by whichever process.

        Raises:
            Refusal: `unavailable`.
        """
        ...
