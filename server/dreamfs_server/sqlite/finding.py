"""Where everything is that a redaction has to remove: every copy of a text, and the lines of it that were quoted."""

import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from dreamfs_server.sqlite import content, forgetting, messages, spoken, text_columns
from dreamfs_server.sqlite.forgetting import Held
from dreamfs_server.sqlite.rows import memory_number
from dreamfs_server.sqlite.snapshot import SqliteSnapshot
from dreamfs_tools.errors import Refusal
from dreamfs_tools.filesystem import Change, ChangeFilter
from dreamfs_tools.needle import Needle
from dreamfs_tools.redaction import REASON_CHARACTERS_MAX, Copy, ErasurePlan, Redaction
from dreamfs_tools.sought import Sought, lines_count, telling_lines

CHANGES_MAX = 1_000_000
WHOLE_BYTES_MIN = 16
"""A whole content that is shorter is removed where it is a whole content, and not looked for inside other texts."""

_BACKUPS = "SELECT path FROM backup ORDER BY at DESC"


@dataclass(frozen=True, slots=True)
class Found:
    """Where a text is, as one snapshot has it."""

    plan: ErasurePlan
    whole: frozenset[int]
    """Contents of which nothing is to stay."""
    partly: Mapping[int, int]
    """Contents that have it as a part → how many lines of it; 0 for the whole of it."""
    left: frozenset[int]
    """Those of them that keep the lines."""
    sought: Sought
    newest: int
    """The newest content that was looked at."""


@dataclass(slots=True)
class _History:
    """The path's own: the memories that were ever there, and their versions."""

    changes: list[Change]
    memories: set[str] = field(default_factory=set[str])
    versions: set[tuple[str, int]] = field(default_factory=set[tuple[str, int]])


def find(snapshot: SqliteSnapshot, redaction: Redaction, before: Found | None = None) -> Found:
    """Every copy of what is to go.

    Args:
        snapshot: where to look.
        redaction: what somebody wants removed.
        before: what was found a moment ago; contents that were looked at then are not looked at again.

    Raises:
        Refusal: `not_found`, `invalid_argument`, `too_large`; `not_allowed` for lines that cannot be left where they are.
    """
    if len(redaction.reason) > REASON_CHARACTERS_MAX:
        raise Refusal(
            "too_large",
            f"The reason has {len(redaction.reason):,} characters; at most {REASON_CHARACTERS_MAX:,} are allowed.",
        )
    c = snapshot.c
    history = _history(snapshot, redaction)
    kept = 0
    if before is None:
        whole, sought, kept = _sought(snapshot, redaction, history)
        partly: dict[int, int] = {}
    else:
        whole = frozenset(forgetting.still_stored(c, before.whole))
        sought, kept = before.sought, before.plan.lines_kept
        partly = {content_id: before.partly[content_id] for content_id in forgetting.still_stored(c, before.partly)}
    if sought.is_in(redaction.reason):
        raise Refusal("invalid_argument", "The reason has the text that is to be redacted in it.")
    found = forgetting.holding(c, sought, before.newest if before else 0)
    partly |= {content_id: lines for content_id, lines in found.items() if content_id not in whole}
    copies = _versions(snapshot, redaction, history, dict.fromkeys(whole, 0) | partly)
    left = _left_contents(redaction, copies)
    places = [copy for _, copy in copies]
    places += messages.copies(c, sought, history.versions)
    places += spoken.copies(c, sought)
    places += text_columns.copies(c, sought)
    plan = ErasurePlan(
        [copy for copy in dict.fromkeys(places) if not _stays(redaction, copy)],
        list(dict.fromkeys(text_columns.names(c, sought))),
        [row[0] for row in c.execute(_BACKUPS).fetchall()],
        left=[copy for copy in dict.fromkeys(places) if _stays(redaction, copy)],
        lines_kept=kept,
    )
    if not plan.copies:
        raise Refusal("not_found", "Nothing in the database holds it. Nothing was changed.")
    return Found(plan, whole, partly, left, sought, forgetting.newest(c))


def end(c: sqlite3.Connection, content_id: int) -> int:
    """The content that is read in the end."""
    row = c.execute("SELECT replaced_by FROM content WHERE content_id = ?", (content_id,)).fetchone()
    return content_id if row is None or row[0] is None else end(c, row[0])


def _sought(snapshot: SqliteSnapshot, redaction: Redaction, history: _History) -> tuple[frozenset[int], Sought, int]:
    """The contents that go as a whole, what to look for elsewhere, and how many lines of them are not looked for."""
    if redaction.text is not None:
        return frozenset(), Sought([Needle(redaction.text, redaction.replacement)]), 0
    whole = _whole(snapshot, redaction, history)
    texts = sorted({content.load(snapshot.c, content_id) or "" for content_id in whole}, key=len, reverse=True)
    needles = [Needle(text, redaction.replacement) for text in texts if len(text.strip().encode()) >= WHOLE_BYTES_MIN]
    telling = telling_lines(texts, _staying(snapshot, redaction, history, whole))
    known = {needle.text for needle in needles}
    lines = [Needle(line, redaction.replacement) for line in telling if line not in known]
    return whole, Sought(needles, lines), lines_count(texts) - len(telling)


def _staying(snapshot: SqliteSnapshot, redaction: Redaction, history: _History, whole: frozenset[int]) -> Sequence[str]:
    """The texts that the path had and keeps."""
    found: set[int] = set()
    for change in history.changes:
        entry = snapshot.tree(redaction.store, change.version).entry(change.path)
        if change.operation != "deleted" and entry is not None and entry.content_key:
            found.add(end(snapshot.c, entry.content_key))
    return [text for content_id in found - whole if (text := content.load(snapshot.c, content_id)) is not None]


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
    stored = forgetting.still_stored(snapshot.c, {end(snapshot.c, content_id) for content_id in found})
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


def _versions(
    snapshot: SqliteSnapshot, redaction: Redaction, history: _History, ids: Mapping[int, int]
) -> list[tuple[int, Copy]]:
    """Every version and live file that has one of these contents, with the content."""
    own_memories = {memory_number(memory_id) for memory_id in history.memories}
    row = snapshot.store_row(redaction.store)
    lineage = {(segment.store_id, segment.head) for segment in snapshot.segments(row)}

    def is_own(held: Held) -> bool:
        mine = any(held.store_id == store_id and held.version <= head for store_id, head in lineage)
        return mine and held.memory_id in own_memories

    shown: dict[tuple[str, str, int], tuple[int, Copy]] = {}
    for held in forgetting.versions(snapshot.c, ids.keys()):
        deleted = " (of a deleted store)" if held.is_deleted else ""
        where = f"/{held.slug}/{held.path} version {held.version}{deleted}"
        content_id = end(snapshot.c, held.content_id)
        shown[held.slug, held.path, held.version] = content_id, Copy("version", where, is_own(held), ids[content_id])
    for held in forgetting.live_files(snapshot.c, ids.keys()):
        key = (held.slug, held.path, held.version)
        if key in shown:
            content_id, copy = shown[key]
            shown[key] = content_id, replace(copy, where=f"{copy.where}, live")
        else:  # a fork has it from the store that it began as
            own = is_own(held) and held.slug == redaction.store
            content_id = end(snapshot.c, held.content_id)
            where = f"/{held.slug}/{held.path} version {held.version}, live"
            shown[key] = content_id, Copy("version", where, own, ids[content_id])
    return list(shown.values())


def _stays(redaction: Redaction, copy: Copy) -> bool:
    return bool(copy.lines) and not copy.own and redaction.leaves(copy)


def _left_contents(redaction: Redaction, copies: Sequence[tuple[int, Copy]]) -> frozenset[int]:
    """The contents that keep their lines. Equal texts are one content, so all of its places have to be left."""
    left = {content_id: copy for content_id, copy in copies if _stays(redaction, copy)}
    for content_id, copy in copies:
        if content_id in left and not _stays(redaction, copy):
            raise Refusal(
                "not_allowed",
                f"{left[content_id].where} and {copy.where} are the same text: it can only be left at both or at neither. "
                "Nothing was changed. Name both with --leave, or none.",
            )
    return frozenset(left)
