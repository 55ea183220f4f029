"""What `doctor` can do for an audit: verify, write an anchor, hold the history against one, rebuild what is derived.

An anchor holds the newest link of each store's chain. Kept where whoever can write the database cannot, it shows a history
that was cut off or written anew as a whole, which the chain alone does not.
"""

import sqlite3
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any

from dreamfs_server.sqlite.connection import Database
from dreamfs_server.sqlite.replay import lineage, replayed
from dreamfs_server.sqlite.rows import moment
from dreamfs_server.sqlite.state import rebuild
from dreamfs_server.sqlite.verify import Problem, Verified, verify
from dreamfs_tools.answers import rfc3339
from dreamfs_tools.errors import Refusal

ANCHOR_FORMAT = 1

_STORES = "SELECT store_id, slug, created_at FROM store WHERE deleted_at IS NULL ORDER BY slug"
_FIND = "SELECT store_id FROM store WHERE slug = ? AND created_at = ?"
_NEWEST = "SELECT number, chain FROM revision WHERE store_id = ? AND number <= ? ORDER BY number DESC LIMIT 1"
_LINK = "SELECT chain FROM revision WHERE store_id = ? AND number = ?"
_EVER = 2**62


class SqliteIntegrity:
    """The checks of one open database."""

    def __init__(self, database: Database, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._clock = clock

    async def verify(self, anchor: Mapping[str, Any] | None = None) -> Mapping[str, Any]:
        """Recompute everything, and hold it against an anchor where one is given.

        Returns:
            `{"contents": n, "revisions": n, "anchored": n, "problems": [{"kind", "store", "revision", "sentence"}]}`.

        Raises:
            Refusal: `invalid_argument` for what is no anchor.
        """
        stores = _anchored(anchor) if anchor is not None else []
        at = str(anchor.get("written_at", "")) if anchor is not None else ""

        def run(c: sqlite3.Connection) -> tuple[Verified, list[Problem]]:
            return verify(c), [problem for store in stores for problem in _against(c, store, at)]

        found, against = await self._database.read(run)
        return {
            "contents": found.contents,
            "revisions": found.revisions,
            "anchored": len(stores),
            "problems": [problem.shape() for problem in [*found.problems, *against]],
        }

    async def compare(self, anchor: Mapping[str, Any]) -> list[str]:
        """Where the history no longer has what an anchor says, in sentences; links are looked up, not recomputed.

        Raises:
            Refusal: `invalid_argument` for what is no anchor.
        """
        stores, at = _anchored(anchor), str(anchor.get("written_at", ""))
        return await self._database.read(
            lambda c: [problem.sentence for store in stores for problem in _against(c, store, at)]
        )

    async def anchor(self) -> Mapping[str, Any]:
        """The newest link of every store's chain.

        Returns:
            `{"dreamfs_anchor": 1, "written_at", "stores": [{"store", "created_at", "revision", "chain"}]}`.
        """
        stores = await self._database.read(lambda c: list(_heads(c)))
        return {"dreamfs_anchor": ANCHOR_FORMAT, "written_at": rfc3339(self._clock()), "stores": stores}

    async def repair(self) -> Mapping[str, Any]:
        """Rebuild from the history what is derived from it: files as they are now, folders, totals, indexes.

        Returns:
            `{"stores": n, "problems": […]}`, the problems that are left.

        Raises:
            Refusal: `not_allowed` when the history itself is damaged: nothing can be rebuilt from it.
        """
        count = await self._database.write(_repair)
        left = await self._database.read(verify)
        return {"stores": count, "problems": [problem.shape() for problem in left.problems]}


def _repair(c: sqlite3.Connection) -> int:
    c.execute("REINDEX")
    damaged = [problem for problem in verify(c).problems if problem.kind == "chain"]
    if damaged:
        raise Refusal(
            "not_allowed",
            f"The history itself was altered, so that nothing can be rebuilt from it. {damaged[0].sentence} "
            "Nothing was changed. Restore a backup.",
        )
    stores = c.execute(_STORES).fetchall()
    for store_id, _, _ in stores:
        rebuild(c, store_id, replayed(c, store_id))
    return len(stores)


def _heads(c: sqlite3.Connection) -> Iterator[Mapping[str, Any]]:
    for store_id, slug, created_at in c.execute(_STORES).fetchall():
        last = _EVER
        for segment, _, base_revision in lineage(c, store_id):
            row = c.execute(_NEWEST, (segment, last)).fetchone()
            if row is not None and row[0] > base_revision:
                made = rfc3339(moment(created_at))
                yield {"store": slug, "created_at": made, "revision": row[0], "chain": bytes(row[1]).hex()}
                break
            last = min(last, base_revision)


def _anchored(anchor: Mapping[str, Any]) -> list[tuple[str, datetime, int, str]]:
    """The heads that an anchor holds: store, when it was created, revision, chain."""
    try:
        if anchor["dreamfs_anchor"] != ANCHOR_FORMAT:
            raise ValueError
        return [
            (str(one["store"]), datetime.fromisoformat(one["created_at"]), int(one["revision"]), str(one["chain"]))
            for one in anchor["stores"]
        ]
    except (KeyError, TypeError, ValueError):
        raise Refusal(
            "invalid_argument", "That is not an anchor of this version; `dreamfs doctor --anchor FILE` writes one."
        ) from None


def _against(c: sqlite3.Connection, store: tuple[str, datetime, int, str], at: str) -> Iterator[Problem]:
    slug, created_at, revision, value = store
    row = c.execute(_FIND, (slug, round(created_at.timestamp() * 1000))).fetchone()
    when = f"the anchor of {at}"
    if row is None:
        yield Problem("anchor", slug, 0, f"/{slug} was there in {when} and is gone with its history.")
        return
    last = _EVER
    for segment, _, base_revision in lineage(c, row[0]):
        if last >= revision > base_revision:
            link = c.execute(_LINK, (segment, revision)).fetchone()
            if link is None:
                break
            if bytes(link[0]).hex() != value:
                text = f"/{slug}: revision {revision} is another than in {when}: the history was written anew up to it."
                yield Problem("anchor", slug, revision, text)
            return
        last = min(last, base_revision)
    newest = next((head["revision"] for head in _heads(c) if head["store"] == slug), 0)
    text = f"/{slug}: revision {revision} was there in {when} and is gone: the newest is {newest}. The end was cut off."
    yield Problem("anchor", slug, revision, text)
