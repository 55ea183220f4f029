"""Tool calls over stdio, and the start, against the SDK's stock server with an empty tool."""

import os
import sqlite3
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from statistics import median

from bench.door import COMMAND, Door, NotThereError
from bench.registry import Row
from bench.wire import ERAS, Era, Server

NAME = "stdio"
BUDGET = "a call and the start, against an empty tool on the SDK's stock server"

STOCK = (sys.executable, "-m", "bench.peers.stock_server")
ROUNDS, CALLS = 8, 60
STARTS = 8
TEXT = "x" * 63 + "\n"


def run(soak: bool) -> Sequence[Row]:
    factor = 4 if soak else 1
    with tempfile.TemporaryDirectory(prefix="dreamfs-bench-") as name:
        door = Door(Path(name) / "dreamfs.db")
        text = Path(name) / "text"
        text.write_text(TEXT * 16)
        try:
            door.run("put", "/memories/read.md", str(text))
            for era in ERAS:
                door.run("put", f"/memories/{era}.md", str(text))
            door.run("serve", "--help")
        except NotThereError as error:
            return [Row("everything", "", f"not measured: {error}")]
        ours = (*COMMAND, "--db", str(door.database), "serve")
        return [
            *(row for era in ERAS for row in _calls(ours, era, Path(name), factor)),
            *(_start(ours, era, factor) for era in ERAS),
        ]


def _calls(ours: Sequence[str], era: Era, folder: Path, factor: int) -> Iterator[Row]:
    """Both servers run at once and take turns, so that what slows one slows the other."""
    reads: list[float] = []
    writes: list[float] = []
    empties: list[float] = []
    commits: list[float] = []
    turn = 0
    with Server(ours, era) as server, Server(STOCK, era) as stock:
        commit = _raw_commits(folder / f"raw-{era}.db")
        for _ in range(ROUNDS * factor):
            for _ in range(CALLS):
                empties.append(stock.call("empty", {}))
                reads.append(server.call("view", {"path": "/memories/read.md"}))
            for _ in range(CALLS // 4):
                turn += 1
                old, new = f"{TEXT[:-1]}{turn - 1}", f"{TEXT[:-1]}{turn}"
                arguments = {"path": f"/memories/{era}.md", "insert_line": 1, "insert_text": new}
                if turn > 1:
                    arguments = {"path": f"/memories/{era}.md", "old_str": old, "new_str": new}
                writes.append(server.call("str_replace" if turn > 1 else "insert", arguments))
                commits.append(commit())
    yield _ratio(f"a read of 1 kB, {era}", 1.0, median(reads), median(empties))
    yield _ratio(
        f"a durable write of 1 kB, {era}, against that plus a raw commit",
        1.25,
        median(writes),
        median(empties) + median(commits),
    )


def _raw_commits(path: Path) -> Callable[[], float]:
    """A function that commits two rows durably and gives the seconds it took."""
    connection = sqlite3.connect(path, isolation_level=None)
    connection.executescript(
        "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; CREATE TABLE t (a INTEGER PRIMARY KEY, b BLOB)"
    )

    def commit() -> float:
        content = os.urandom(1024)
        started = time.perf_counter()
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("INSERT INTO t (b) VALUES (?)", (content,))
        connection.execute("INSERT INTO t (b) VALUES (?)", (b"revision",))
        connection.execute("COMMIT")
        return time.perf_counter() - started

    return commit


def _start(ours: Sequence[str], era: Era, factor: int) -> Row:
    seconds: dict[Sequence[str], list[float]] = {ours: [], STOCK: []}
    for _ in range(STARTS * factor):
        for command, taken in seconds.items():
            with Server(command, era) as server:
                taken.append(server.start_seconds)
    # The least is what the program needs; the rest is what else the machine was doing.
    return _ratio(f"start to first answer, {era}", 1.15, min(seconds[ours]), min(seconds[STOCK]))


def _ratio(what: str, budget: float, ours: float, theirs: float) -> Row:
    measured = f"{ours / theirs:.2f} × ({ours * 1000:.2f} ms against {theirs * 1000:.2f} ms)"
    return Row(what, f"{budget:g} ×", measured, ours / theirs <= budget)
