"""Who pinned what. That a file is pinned stands with the file; here is the log of it."""

import sqlite3
from collections.abc import Callable, Sequence
from datetime import datetime

from dreamfs_server.sqlite.connection import Database
from dreamfs_server.sqlite.edits import keep_author
from dreamfs_server.sqlite.rows import milliseconds, moment
from dreamfs_tools.errors import Refusal
from dreamfs_tools.filesystem import Author
from dreamfs_tools.pins import Pin

_STORE = "SELECT store_id FROM store WHERE slug = ? AND deleted_at IS NULL"
_FILE = "SELECT node_id, pinned FROM node WHERE store_id = ? AND path = ? AND live = 1 AND kind = 'file'"
_SET = "UPDATE node SET pinned = ? WHERE node_id = ?"
_LOG = "INSERT INTO pin (store_id, node_id, pinned, author_id, at) VALUES (?, ?, ?, ?, ?)"
_PINS = """
SELECT n.path, a.actor, p.at FROM node AS n
LEFT JOIN pin AS p ON p.pin_id = (SELECT max(pin_id) FROM pin WHERE node_id = n.node_id AND pinned = 1)
LEFT JOIN author AS a ON a.author_id = p.author_id
WHERE n.store_id = ? AND n.pinned = 1 AND n.live = 1 ORDER BY n.sort_key
"""


class SqlitePins:
    """A `PinKeeper`.

    Args:
        database: open.
        clock: the time of a pin.
    """

    def __init__(self, database: Database, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._clock = clock

    async def pin(self, store: str, path: str, author: Author, *, pinned: bool) -> bool:
        """Pin a file or take that back."""
        now = milliseconds(self._clock())

        def run(c: sqlite3.Connection) -> bool:
            store_id = _store_id(c, store)
            found = c.execute(_FILE, (store_id, path)).fetchone()
            if found is None:
                raise Refusal("not_found", f"There is no file /{store}/{path}; only a file can be pinned.")
            node_id, is_pinned = found
            if bool(is_pinned) == pinned:
                return False
            c.execute(_SET, (int(pinned), node_id))
            c.execute(_LOG, (store_id, node_id, int(pinned), keep_author(c, author), now))
            return True

        return await self._database.write(run)

    async def pins(self, store: str) -> Sequence[Pin]:
        """What is pinned in a store."""

        def run(c: sqlite3.Connection) -> list[Pin]:
            rows = c.execute(_PINS, (_store_id(c, store),)).fetchall()
            return [Pin(store, path, who or "", None if at is None else moment(at)) for path, who, at in rows]

        return await self._database.read(run)


def _store_id(c: sqlite3.Connection, slug: str) -> int:
    row = c.execute(_STORE, (slug,)).fetchone()
    if row is None:
        raise Refusal("not_found", f"There is no store {slug}; `dreamfs store list` shows the stores there are.")
    return int(row[0])
