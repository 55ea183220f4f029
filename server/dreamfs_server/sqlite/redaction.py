"""Redaction over SQLite: find every copy of a text, take all of them out in one transaction, then erase the bytes."""

import sqlite3
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from dreamfs_server.sqlite import content, erasing, forgetting, messages, retention, spoken, text_columns
from dreamfs_server.sqlite.connection import DEADLINE_SECONDS, Database
from dreamfs_server.sqlite.content import Entropy
from dreamfs_server.sqlite.edits import Editing, keep_author
from dreamfs_server.sqlite.forgetting import Held
from dreamfs_server.sqlite.rows import memory_number, milliseconds
from dreamfs_server.sqlite.snapshot import SqliteSnapshot
from dreamfs_tools.answers import plural
from dreamfs_tools.errors import Refusal
from dreamfs_tools.filesystem import Author, Change, ChangeFilter, Planned, Put
from dreamfs_tools.needle import NEEDLE_BYTES_MIN, Needle
from dreamfs_tools.redaction import Copy, Erased, ErasurePlan, Pruning, Redaction

CHANGES_MAX = 1_000_000
WHOLE_BYTES_MIN = 16
"""A whole content that is shorter is removed where it is a whole content, and not looked for inside other texts."""

_BACKUPS = "SELECT path FROM backup ORDER BY at DESC"
_IN_SCHEMA = "SELECT 1 FROM sqlite_schema WHERE instr(sql, ?)"
_ADD = "INSERT INTO redaction (kind, at, author_id, reason, copies) VALUES (?, ?, ?, ?, ?)"


@dataclass(frozen=True, slots=True)
class Found:
    """Where a text is, as one snapshot has it."""

    plan: ErasurePlan
    whole: frozenset[int]
    """Contents of which nothing is to stay."""
    partly: frozenset[int]
    """Contents that have it as a part."""
    needles: tuple[Needle, ...]
    newest: int
    """The newest content that was looked at."""


@dataclass(slots=True)
class _History:
    """The path's own: the memories that were ever there, and their versions."""

    changes: list[Change]
    memories: set[str] = field(default_factory=set[str])
    versions: set[tuple[str, int]] = field(default_factory=set[tuple[str, int]])


class SqliteEraser:
    """The `Eraser` of a database.

    Args:
        database: open.
        clock: the time now, with a time zone.
        entropy: gives random bytes.
        deadline_seconds: how long to try to erase the bytes while others are in the way.
    """

    def __init__(
        self,
        database: Database,
        clock: Callable[[], datetime],
        entropy: Entropy,
        deadline_seconds: float = DEADLINE_SECONDS,
    ) -> None:
        self._database = database
        self._clock = clock
        self._entropy = entropy
        self._deadline_seconds = deadline_seconds

    async def plan(self, redaction: Redaction) -> ErasurePlan:
        """Find every copy."""
        found = await self._database.read(lambda c: _find(SqliteSnapshot(c, self._clock()), redaction))
        return found.plan

    async def erase(self, redaction: Redaction, author: Author) -> Erased:
        """Remove every copy, then rewrite the files of the database without it."""
        before = await self._database.read(lambda c: _find(SqliteSnapshot(c, self._clock()), redaction))
        _check_everywhere(redaction, before.plan)

        def remove(c: sqlite3.Connection) -> Erased:
            snapshot = SqliteSnapshot(c, self._clock())
            found = _find(snapshot, redaction, before)
            _check_everywhere(redaction, found.plan)
            revisions = _remove(snapshot, redaction, found, author, self._entropy)
            return Erased(found.plan, revisions)

        erased = await self._database.write(remove)
        return replace(erased, is_erased=await self._erase_bytes(before.needles))

    async def plan_pruning(self, prunings: Sequence[Pruning]) -> ErasurePlan:
        """Find the contents that a pruning would let go."""
        return await self._database.read(lambda c: retention.find(SqliteSnapshot(c, self._clock()), prunings)[0])

    async def prune(self, prunings: Sequence[Pruning], author: Author) -> Erased:
        """Let contents go; their revisions stay."""
        now = milliseconds(self._clock())

        def remove(c: sqlite3.Connection) -> ErasurePlan:
            plan, ids = retention.find(SqliteSnapshot(c, self._clock()), prunings)
            if ids:
                forgetting.forget(c, dict.fromkeys(ids), "pruned", now)
                c.execute(_ADD, ("pruned", now, keep_author(c, author), "", len(plan.copies)))
            return plan

        plan = await self._database.write(remove)
        return Erased(plan, is_erased=await self._erase_bytes(()))

    async def finish(self) -> int:
        """Rewrite the files for redactions that wait for it; gives how many still wait."""
        await self._erase_bytes(())
        return await self._database.read(erasing.pending)

    async def _erase_bytes(self, needles: tuple[Needle, ...]) -> bool:
        wanted = [form for needle in needles for form in needle.raw_forms()]
        # What rows still have is no remnant: a line that other texts have too, a name that stays.
        kept = await self._database.read(lambda c: {form for form in wanted if _is_kept(c, form)})
        try:
            found = await erasing.erase(
                self._database,
                milliseconds(self._clock()),
                self._deadline_seconds,
                [form for form in wanted if form not in kept],
            )
        except Refusal as refusal:
            if refusal.code != "locked":
                raise
            return False
        return not found


def _find(snapshot: SqliteSnapshot, redaction: Redaction, before: Found | None = None) -> Found:
    """Every copy of what is to go. `before` spares a second look at contents that were looked at already."""
    c = snapshot.c
    history = _history(snapshot, redaction)
    if before is None:
        whole = frozenset[int]()
        needles: tuple[Needle, ...] = ()
        if redaction.text is not None:
            needles = (Needle(redaction.text, redaction.replacement),)
        else:
            whole = _whole(snapshot, redaction, history)
            texts = sorted({content.load(c, content_id) or "" for content_id in whole}, key=len, reverse=True)
            needles = tuple(
                Needle(text, redaction.replacement) for text in texts if len(text.strip().encode()) >= WHOLE_BYTES_MIN
            )
        partly: set[int] = set()
        after = 0
    else:
        whole = frozenset(forgetting.still_stored(c, before.whole))
        needles = before.needles
        partly = forgetting.still_stored(c, before.partly)
        after = before.newest
    for needle in needles:
        if needle.is_in(redaction.reason):
            raise Refusal("invalid_argument", "The reason has the text that is to be redacted in it.")
        partly |= forgetting.holding(c, needle, after)
    partly -= whole
    copies = _versions(snapshot, redaction, history, whole | partly)
    for needle in needles:
        copies += messages.copies(c, needle, history.versions)
        copies += spoken.copies(c, needle)
        copies += text_columns.copies(c, needle)
    names = [copy for needle in needles for copy in text_columns.names(c, needle)]
    plan = ErasurePlan(
        list(dict.fromkeys(copies)), list(dict.fromkeys(names)), [row[0] for row in c.execute(_BACKUPS).fetchall()]
    )
    if not plan.copies:
        raise Refusal("not_found", "Nothing in the database holds it. Nothing was changed.")
    return Found(plan, whole, frozenset(partly), needles, forgetting.newest(c))


def _history(snapshot: SqliteSnapshot, redaction: Redaction) -> _History:
    """Everything that ever happened to what was at the path, through renames."""
    here = list(snapshot.changes(redaction.store, ChangeFilter(path=redaction.path), CHANGES_MAX))
    if not here:
        raise Refusal("not_found", f"Nothing ever was at /{redaction.store}/{redaction.path}.")
    history = _History([], {change.memory_id for change in here})
    for memory_id in sorted(history.memories):
        history.changes += snapshot.changes(redaction.store, ChangeFilter(memory_id=memory_id), CHANGES_MAX)
    history.versions = {(change.store, change.version) for change in history.changes}
    return history


def _whole(snapshot: SqliteSnapshot, redaction: Redaction, history: _History) -> frozenset[int]:
    """The contents of the versions that were named."""
    shown = f"/{redaction.store}/{redaction.path}"
    versions = redaction.versions or [change.version for change in history.changes if change.operation != "deleted"]
    found: set[int] = set()
    for version in versions:
        entry = _entry(snapshot, redaction, version)
        if entry is not None:
            found.add(entry)
        elif redaction.versions:
            raise Refusal(
                "not_found", f"{shown} had no content at version {version}; `dreamfs log {shown}` shows which."
            )
    stored = forgetting.still_stored(snapshot.c, {_end(snapshot.c, content_id) for content_id in found})
    if not stored:
        raise Refusal("not_found", f"The content of {shown} is gone already at these versions. Nothing was changed.")
    return frozenset(stored)


def _entry(snapshot: SqliteSnapshot, redaction: Redaction, version: int) -> int | None:
    """The content that the path, or the memory that came to be there, had at a version."""
    store = snapshot.store(redaction.store)
    if store is None or not 0 < version <= store.head:
        return None
    tree = snapshot.tree(redaction.store, version)
    entry = tree.entry(redaction.path)
    if entry is None:
        now = snapshot.tree(redaction.store).entry(redaction.path)
        if now is None or now.kind == "folder":
            return None
        rows = snapshot.changes(redaction.store, ChangeFilter(memory_id=now.memory_id, up_to_version=version), 1)
        entry = tree.entry(rows[0].path) if rows else None
    if entry is not None and entry.kind == "folder":
        raise Refusal(
            "invalid_argument",
            f"/{redaction.store}/{redaction.path} is a folder. Name a file, or give --text to look for below it.",
        )
    return entry.content_key if entry is not None and entry.content_key else None


def _end(c: sqlite3.Connection, content_id: int) -> int:
    """The content that is read in the end."""
    row = c.execute("SELECT replaced_by FROM content WHERE content_id = ?", (content_id,)).fetchone()
    return content_id if row is None or row[0] is None else _end(c, row[0])


def _versions(
    snapshot: SqliteSnapshot, redaction: Redaction, history: _History, ids: frozenset[int] | set[int]
) -> list[Copy]:
    """Every version and live file that has one of these contents, as copies."""
    own_memories = {memory_number(memory_id) for memory_id in history.memories}
    row = snapshot.store_row(redaction.store)
    lineage = {(segment.store_id, segment.head) for segment in snapshot.segments(row)}

    def is_own(held: Held) -> bool:
        mine = any(held.store_id == store_id and held.version <= head for store_id, head in lineage)
        return mine and held.memory_id in own_memories

    shown: dict[tuple[str, str, int], Copy] = {}
    for held in forgetting.versions(snapshot.c, set(ids)):
        deleted = " (of a deleted store)" if held.is_deleted else ""
        where = f"/{held.slug}/{held.path} version {held.version}{deleted}"
        shown[held.slug, held.path, held.version] = Copy("version", where, is_own(held))
    for held in forgetting.live_files(snapshot.c, set(ids)):
        key = (held.slug, held.path, held.version)
        if key in shown:
            shown[key] = replace(shown[key], where=f"{shown[key].where}, live")
        else:  # a fork has it from the store that it began as
            own = is_own(held) and held.slug == redaction.store
            shown[key] = Copy("version", f"/{held.slug}/{held.path} version {held.version}, live", own)
    return list(shown.values())


def _remove(
    snapshot: SqliteSnapshot, redaction: Redaction, found: Found, author: Author, entropy: Entropy
) -> Mapping[str, int]:
    """Take every copy out; gives store → revision."""
    c, now = snapshot.c, milliseconds(snapshot.now)
    new_texts = dict.fromkeys(found.whole, _whole_replacement(redaction))
    for content_id in found.partly:
        text = content.load(c, content_id) or ""
        for needle in found.needles:
            text = needle.replaced(text)
        new_texts[content_id] = text
    live = [held for held in forgetting.live_files(c, set(new_texts)) if not held.is_deleted]
    edits = [Put(held.slug, held.path, new_texts[_end(c, held.content_id)], "redacted") for held in live]
    planned = Planned(None, edits, redaction.reason)
    committed = Editing(snapshot, planned, author, entropy).apply() if edits else None
    replaced_by: dict[int, int | None] = dict.fromkeys(found.whole)
    for content_id in found.partly:
        replaced_by[content_id] = content.keep(c, new_texts[content_id], entropy).content_id
    forgetting.forget(c, replaced_by, "redacted", now)
    for needle in found.needles:
        messages.rewrite(c, needle)
        spoken.rewrite(c, needle)
        text_columns.rewrite(c, needle)
    c.execute(_ADD, ("redacted", now, keep_author(c, author), redaction.reason, len(found.plan.copies)))
    return {slug: revision.number for slug, revision in committed.revisions.items()} if committed else {}


def _whole_replacement(redaction: Redaction) -> str:
    """What a live file holds when its whole content was removed."""
    return f"{redaction.replacement.removesuffix(chr(10))}\n" if redaction.replacement else ""


def _is_kept(c: sqlite3.Connection, form: bytes) -> bool:
    """Whether some row still has a text, which then is no remnant of what was removed."""
    text = form.decode()
    if len(form) < NEEDLE_BYTES_MIN or not text.strip():
        return True
    if c.execute(_IN_SCHEMA, (text,)).fetchone():
        return True
    needle = Needle(text, "")
    columns = any(True for _ in text_columns.copies(c, needle)) or any(True for _ in text_columns.names(c, needle))
    if columns or any(True for _ in messages.copies(c, needle, set())) or any(True for _ in spoken.copies(c, needle)):
        return True
    return bool(forgetting.holding(c, needle))


def _check_everywhere(redaction: Redaction, plan: ErasurePlan) -> None:
    if plan.elsewhere and not redaction.everywhere:
        listed = "\n".join(f"  {copy.kind}: {copy.where}" for copy in plan.elsewhere[:20])
        more = f"\n  … and {len(plan.elsewhere) - 20:,} more" if len(plan.elsewhere) > 20 else ""
        raise Refusal(
            "not_allowed",
            f"{plural(len(plan.elsewhere), 'copy', 'copies')} outside the history of /{redaction.store}/{redaction.path} "
            f"would be left. Nothing was changed. With --everywhere all of them are removed:\n{listed}{more}",
            copies=len(plan.elsewhere),
        )
