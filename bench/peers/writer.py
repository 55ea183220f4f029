"""One of several processes that write at once: `python -m bench.peers.writer engine|raw DATABASE WRITES NAME`."""

import hashlib
import sqlite3
import sys
import time
from pathlib import Path

import anyio

from bench.engine import opened, put

SCHEMA = """
PRAGMA journal_mode=WAL;
CREATE TABLE IF NOT EXISTS content (id INTEGER PRIMARY KEY, sha BLOB UNIQUE, data BLOB);
CREATE TABLE IF NOT EXISTS revision (number INTEGER PRIMARY KEY, at INTEGER, author TEXT);
CREATE TABLE IF NOT EXISTS change (revision INTEGER, path TEXT, content INTEGER, PRIMARY KEY (revision, path)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS file (path TEXT PRIMARY KEY, revision INTEGER, content INTEGER) WITHOUT ROWID;
"""


def text(name: str, number: int) -> str:
    return f"- writer {name} was here for the {number}th time.\n" * 20


def go() -> None:
    """Say that this process is ready, and wait for the word."""
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    sys.stdin.readline()


def raw(database: Path, writes: int, name: str) -> None:
    connection = sqlite3.connect(database, timeout=120, isolation_level=None)
    connection.executescript(SCHEMA)
    connection.execute("PRAGMA synchronous=FULL")
    go()
    for number in range(writes):
        data = text(name, number).encode()
        connection.execute("BEGIN IMMEDIATE")
        (head,) = connection.execute("SELECT coalesce(max(number), 0) + 1 FROM revision").fetchone()
        content = connection.execute(
            "INSERT INTO content (sha, data) VALUES (?, ?)", (hashlib.sha256(data).digest(), data)
        ).lastrowid
        connection.execute("INSERT INTO revision VALUES (?, ?, ?)", (head, time.time_ns(), name))
        connection.execute("INSERT INTO change VALUES (?, ?, ?)", (head, f"notes/{name}.md", content))
        connection.execute("INSERT OR REPLACE INTO file VALUES (?, ?, ?)", (f"notes/{name}.md", head, content))
        connection.execute("COMMIT")


async def engine(database: Path, writes: int, name: str) -> None:
    async with opened(database) as filesystem:
        go()
        for number in range(writes):
            await put(filesystem, {f"notes/{name}.md": text(name, number)})


if __name__ == "__main__":
    _, kind, database, writes, name = sys.argv
    if kind == "raw":
        raw(Path(database), int(writes), name)
    else:
        anyio.run(engine, Path(database), int(writes), name)
    sys.stdout.write("done\n")
