"""Every place but the contents where the database keeps text that a redaction may have to change.

One entry a table. `tests/test_redaction.py` holds this list against the schema, so that no new column is forgotten: what
is said by people and models belongs to `TABLES`; what things are called (paths, ids) belongs to `NAMES` and stays.
"""

import json
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Union

from dreamfs_tools.redaction import Copy, Redaction
from dreamfs_tools.sought import Sought

Rewrite = Callable[[str], str]
Json = Union[dict[str, "Json"], list["Json"], str, float, bool, None]  # noqa: UP007  # it names itself


@dataclass(frozen=True, slots=True)
class TextTable:
    """The texts of one table."""

    kind: str
    """What a copy there is called."""
    table: str
    columns: Sequence[str]
    json: frozenset[str]
    """Which of them hold a JSON document."""
    select: str
    """Gives where a row is, its key, and the columns; takes the probe."""
    update: str
    """Sets the columns; takes them and then the key."""
    keys: int = 1
    """How many columns the key has."""


TABLES = (
    TextTable(
        "store",
        "store",
        ("name", "description", "metadata"),
        frozenset({"metadata"}),
        """
        SELECT '/' || slug, store_id, name, description, metadata FROM store
        WHERE instr(name, :probe) OR instr(description, :probe) OR instr(metadata, :probe)
        """,
        "UPDATE store SET name = ?, description = ?, metadata = ? WHERE store_id = ?",
    ),
    TextTable(
        "store log",
        "store_change",
        ("settings",),
        frozenset({"settings"}),
        """
        SELECT '/' || s.slug || ' change ' || h.number, h.store_id, h.number, h.settings
        FROM store_change AS h JOIN store AS s USING (store_id) WHERE instr(h.settings, :probe)
        """,
        # The commitment stays for the chain; without the salt it tells nothing.
        "UPDATE store_change SET settings = ?, salt = NULL WHERE store_id = ? AND number = ?",
        2,
    ),
    TextTable(
        "transcript",
        "transcript",
        ("task", "title"),
        frozenset(),
        """
        SELECT '/transcripts/' || session_id || ' title', transcript_id, task, title FROM transcript
        WHERE instr(task, :probe) OR instr(title, :probe)
        """,
        "UPDATE transcript SET task = ?, title = ? WHERE transcript_id = ?",
    ),
    TextTable(
        "dream",
        "dream",
        ("instructions", "coverage", "usage", "step", "error"),
        frozenset({"coverage", "usage"}),
        """
        SELECT '/dreams/' || dream_id, dream_id, instructions, coverage, usage, step, error FROM dream
        WHERE instr(instructions, :probe) OR instr(coverage, :probe) OR instr(usage, :probe) OR instr(step, :probe)
           OR instr(error, :probe)
        """,
        "UPDATE dream SET instructions = ?, coverage = ?, usage = ?, step = ?, error = ? WHERE dream_id = ?",
    ),
    TextTable(
        "card",
        "dream_card",
        ("title", "body", "claims", "data"),
        frozenset({"claims", "data"}),
        """
        SELECT '/dreams/' || dream_id || ' card ' || number, dream_id, number, title, body, claims, data FROM dream_card
        WHERE instr(title, :probe) OR instr(body, :probe) OR instr(claims, :probe) OR instr(data, :probe)
        """,
        "UPDATE dream_card SET title = ?, body = ?, claims = ?, data = ? WHERE dream_id = ? AND number = ?",
        2,
    ),
    TextTable(
        "proposal",
        "proposal",
        ("title", "rationale", "changes", "claims", "dropped", "diff", "flags", "reason"),
        frozenset({"changes", "claims", "dropped", "flags"}),
        """
        SELECT '/dreams/' || dream_id || ' proposal ' || number, dream_id, number,
               title, rationale, changes, claims, dropped, diff, flags, reason
        FROM proposal
        WHERE instr(title, :probe) OR instr(rationale, :probe) OR instr(changes, :probe) OR instr(claims, :probe)
           OR instr(dropped, :probe) OR instr(diff, :probe) OR instr(flags, :probe) OR instr(reason, :probe)
        """,
        # Plain hashes of what it said could be guessed.
        """
        UPDATE proposal SET title = ?, rationale = ?, changes = ?, claims = ?, dropped = ?, diff = ?, flags = ?, reason = ?,
               fingerprint = hex(randomblob(32)), evidence_key = hex(randomblob(32))
        WHERE dream_id = ? AND number = ?
        """,
        2,
    ),
    TextTable(
        "model call",
        "model_call",
        ("request", "response", "usage", "error"),
        frozenset({"request", "response", "usage"}),
        """
        SELECT '/dreams/' || dream_id || ' model call ' || number, dream_id, number, request, response, usage, error
        FROM model_call
        WHERE instr(request, :probe) OR instr(response, :probe) OR instr(usage, :probe) OR instr(error, :probe)
        """,
        """
        UPDATE model_call SET request = ?, response = ?, usage = ?, error = ?, request_hash = hex(randomblob(32))
        WHERE dream_id = ? AND number = ?
        """,
        2,
    ),
    TextTable(
        "access log",
        "access",
        ("path", "query"),
        frozenset(),
        """
        SELECT a.kind || ' by ' || a.session, a.access_id, a.path, a.query FROM access AS a
        WHERE instr(a.path, :probe) OR instr(a.query, :probe)
        """,
        "UPDATE access SET path = ?, query = ? WHERE access_id = ?",
    ),
    TextTable(
        "disbelief",
        "disbelief",
        ("reason",),
        frozenset(),
        "SELECT 'why not ' || source, store_id, source, reason FROM disbelief WHERE instr(reason, :probe)",
        "UPDATE disbelief SET reason = ? WHERE store_id = ? AND source = ?",
        2,
    ),
    TextTable(
        "redaction",
        "redaction",
        ("reason",),
        frozenset(),
        "SELECT 'the reason of redaction ' || redaction_id, redaction_id, reason FROM redaction WHERE instr(reason, :probe)",
        "UPDATE redaction SET reason = ? WHERE redaction_id = ?",
    ),
)

OWN_MODULES = {"content": {"data"}, "revision": {"message"}, "event": {"text", "tool", "call_id", "speaker"}}
"""Texts that need more than an update; `redaction.py` sees to them."""

NAMES = {
    "path": "SELECT '/' || s.slug || '/' || n.path, n.path FROM node AS n JOIN store AS s USING (store_id) WHERE instr(n.path, :probe)",
    "store": "SELECT '/' || slug, slug || ' ' || project AS names FROM store WHERE instr(names, :probe)",
    "session": """
        SELECT '/transcripts/' || session_id, session_id || ' ' || parent || ' ' || source AS names FROM transcript
        WHERE instr(names, :probe)
    """,
    "author": """
        SELECT session_id, session_id || ' ' || host_session_id || ' ' || connection_id || ' ' || actor || ' ' || on_behalf_of
               || ' ' || client || ' ' || protocol_version || ' ' || transport AS names
        FROM author WHERE instr(names, :probe)
    """,
    "request": """
        SELECT '/' || s.slug || ' version ' || r.number, r.request_id || ' ' || r.tool_use_id AS names
        FROM revision AS r JOIN store AS s USING (store_id) WHERE instr(names, :probe)
    """,
    "reader": "SELECT DISTINCT session, session FROM access WHERE instr(session, :probe)",
    "cited source": "SELECT DISTINCT source, source FROM proposal_source WHERE instr(source, :probe)",
    "reviewer": "SELECT DISTINCT reviewed_by, reviewed_by FROM proposal WHERE instr(reviewed_by, :probe)",
    "dream": """
        SELECT '/dreams/' || dream_id, requested_by || ' ' || sessions || ' ' || curator || ' ' || owner AS names FROM dream
        WHERE instr(names, :probe)
    """,
    "allowance": "SELECT DISTINCT allowed_by, allowed_by FROM allowance WHERE instr(allowed_by, :probe)",
    "miner": "SELECT DISTINCT miner, miner FROM dream_card WHERE instr(miner, :probe)",
    "false source": "SELECT source, source || ' ' || by AS names FROM disbelief WHERE instr(names, :probe)",
    "backup": "SELECT path, path FROM backup WHERE instr(path, :probe)",
}
"""Where things are called so: name → SQL that gives where, and the name."""


def copies(c: sqlite3.Connection, sought: Sought) -> Iterator[Copy]:
    """The rows of `TABLES` that hold what is sought."""
    for table in TABLES:
        for row in c.execute(table.select, {"probe": sought.probe}).fetchall():
            lines = sought.lines_in(*row[1 + table.keys :])
            if lines is not None:
                yield Copy(table.kind, row[0], lines=lines)


def names(c: sqlite3.Connection, sought: Sought) -> Iterator[Copy]:
    """What is called so, and stays."""
    for kind, sql in NAMES.items():
        for where, name in c.execute(sql, {"probe": sought.probe}).fetchall():
            if sought.is_in(name):
                yield Copy(kind, where)


def rewrite(c: sqlite3.Connection, sought: Sought, redaction: Redaction) -> None:
    """Take what is sought out of every row of `TABLES`, but lines from rows that are to keep them."""
    for table in TABLES:
        for row in c.execute(table.select, {"probe": sought.probe}).fetchall():
            key, texts = row[1 : 1 + table.keys], row[1 + table.keys :]
            if sought.lines_in(*texts) is None:
                continue
            lines = not redaction.leaves(Copy(table.kind, row[0]))
            change = partial(sought.replaced_by_line, lines=lines)
            new = [
                _document(text, change) if name in table.json else change(text)
                for name, text in zip(table.columns, texts, strict=True)
            ]
            if new != list(texts):
                c.execute(table.update, (*new, *key))


def texts(c: sqlite3.Connection) -> Iterator[str]:
    """Every text of `TABLES` and every name."""
    for sql, first in [*((table.select, 1 + table.keys) for table in TABLES), *((sql, 1) for sql in NAMES.values())]:
        for row in c.execute(sql, {"probe": ""}).fetchall():
            yield from row[first:]


def _document(text: str, rewrite_text: Rewrite) -> str:
    """A JSON document with every string in it rewritten."""
    if not text:
        return text
    document: Json = json.loads(text)
    new = _rewritten(document, rewrite_text)
    return text if new == document else json.dumps(new, ensure_ascii=False, separators=(",", ":"))


def _rewritten(value: Json, rewrite_text: Rewrite) -> Json:
    match value:
        case str():
            return rewrite_text(value)
        case list():
            return [_rewritten(item, rewrite_text) for item in value]
        case dict():
            return {rewrite_text(key): _rewritten(item, rewrite_text) for key, item in value.items()}
        case _:
            return value
