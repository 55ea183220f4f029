"""Redaction over SQLite: find every copy of a text, take all of them out in one transaction, then erase the bytes."""

import sqlite3
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from dreamfs_server.sqlite import content, erasing, forgetting, messages, retention, spoken, text_columns
from dreamfs_server.sqlite.connection import DEADLINE_SECONDS, Database
from dreamfs_server.sqlite.content import Entropy
from dreamfs_server.sqlite.edits import Editing, keep_author
from dreamfs_server.sqlite.finding import Found, end, find
from dreamfs_server.sqlite.rows import milliseconds
from dreamfs_server.sqlite.snapshot import SqliteSnapshot
from dreamfs_tools.answers import plural
from dreamfs_tools.errors import Refusal
from dreamfs_tools.filesystem import Author, Planned, Put
from dreamfs_tools.redaction import Erased, ErasurePlan, Pruning, Redaction, copy_words

COPIES_SHOWN_MAX = 20

_SCHEMA = "SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL"
_ADD = "INSERT INTO redaction (kind, at, author_id, reason, copies) VALUES (?, ?, ?, ?, ?)"


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
        found = await self._database.read(lambda c: find(SqliteSnapshot(c, self._clock()), redaction))
        return found.plan

    async def erase(self, redaction: Redaction, author: Author) -> Erased:
        """Remove every copy, then rewrite the files of the database without it."""
        before = await self._database.read(lambda c: find(SqliteSnapshot(c, self._clock()), redaction))
        _check_everywhere(redaction, before.plan)

        def remove(c: sqlite3.Connection) -> Erased:
            snapshot = SqliteSnapshot(c, self._clock())
            found = find(snapshot, redaction, before)
            _check_everywhere(redaction, found.plan)
            revisions = _remove(snapshot, redaction, found, author, self._entropy)
            return Erased(found.plan, revisions)

        erased = await self._database.write(remove)
        return replace(erased, is_erased=await self._erase_bytes(before.sought.raw_forms()))

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
        return Erased(plan, is_erased=await self._erase_bytes([]))

    async def finish(self) -> int:
        """Rewrite the files for redactions that wait for it; gives how many still wait."""
        await self._erase_bytes([])
        return await self._database.read(erasing.pending)

    async def _erase_bytes(self, wanted: Sequence[bytes]) -> bool:
        try:
            found = await erasing.erase(
                self._database, milliseconds(self._clock()), self._deadline_seconds, wanted, self._remnants
            )
        except Refusal as refusal:
            if refusal.code != "locked":
                raise
            return False
        return not found

    async def _remnants(self, found: Sequence[bytes]) -> list[bytes]:
        """Those of the texts found on disk that no row has: a line that other texts have too, a name that stays, is none."""
        return await self._database.read(lambda c: _without_rows(c, found))


def _remove(
    snapshot: SqliteSnapshot, redaction: Redaction, found: Found, author: Author, entropy: Entropy
) -> Mapping[str, int]:
    """Take every copy out; gives store → revision."""
    c, now = snapshot.c, milliseconds(snapshot.now)
    sought, parts = found.sought, found.partly.keys() - found.left
    new_texts = dict.fromkeys(found.whole, _whole_replacement(redaction))
    for content_id in parts:
        new_texts[content_id] = sought.replaced(content.load(c, content_id) or "")
    live = [held for held in forgetting.live_files(c, new_texts.keys()) if not held.is_deleted]
    edits = [Put(held.slug, held.path, new_texts[end(c, held.content_id)], "redacted") for held in live]
    planned = Planned(None, edits, redaction.reason)
    committed = Editing(snapshot, planned, author, entropy).apply() if edits else None
    replaced_by: dict[int, int | None] = dict.fromkeys(found.whole)
    for content_id in parts:
        replaced_by[content_id] = content.keep(c, new_texts[content_id], entropy).content_id
    forgetting.forget(c, replaced_by, "redacted", now)
    messages.rewrite(c, sought, redaction)
    spoken.rewrite(c, sought, redaction)
    text_columns.rewrite(c, sought, redaction)
    c.execute(_ADD, ("redacted", now, keep_author(c, author), redaction.reason, len(found.plan.copies)))
    return {slug: revision.number for slug, revision in committed.revisions.items()} if committed else {}


def _whole_replacement(redaction: Redaction) -> str:
    """What a live file holds when its whole content was removed."""
    return f"{redaction.replacement.removesuffix(chr(10))}\n" if redaction.replacement else ""


def _without_rows(c: sqlite3.Connection, forms: Sequence[bytes]) -> list[bytes]:
    left = [form for form in forms if form.strip()]
    texts = (
        *(row[0] for row in c.execute(_SCHEMA).fetchall()),
        *(text for _, text in forgetting.texts(c)),
        *messages.texts(c),
        *spoken.texts(c),
        *text_columns.texts(c),
    )
    for text in texts:
        data = text.encode()
        left = [form for form in left if form not in data]
    return left


def _check_everywhere(redaction: Redaction, plan: ErasurePlan) -> None:
    missing = [copy for copy in plan.elsewhere if not redaction.takes(copy)]
    if missing:
        listed = "\n".join(f"  {copy_words(copy)}" for copy in missing[:COPIES_SHOWN_MAX])
        more = len(missing) - COPIES_SHOWN_MAX
        listed += f"\n  … and {more:,} more" if more > 0 else ""
        lines = (
            "; lines that stand there for themselves stay with --leave PLACE"
            if any(copy.lines for copy in missing)
            else ""
        )
        raise Refusal(
            "not_allowed",
            f"{plural(len(missing), 'copy', 'copies')} outside the history of /{redaction.store}/{redaction.path} "
            "would be left. Nothing was changed. With --everywhere all of them are removed, with --take PLACE those at a "
            f"place{lines}:\n{listed}",
            copies=len(missing),
        )
