"""Acknowledged writes through kill -9, races and pipelines, beside the reference memory server from npm."""

import json
import random
import shutil
import sqlite3
import subprocess
import tempfile
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from bench.door import COMMAND, Door
from bench.registry import Row
from bench.wire import Era, Server

NAME = "soak"
BUDGET = "acknowledged writes that are lost"

ROUNDS = 60
SECONDS_BEFORE_KILL = 0.4
PROCESSES, WRITES = 4, 100
PEER = "@modelcontextprotocol/server-memory"
SEED = 20261122


def run(soak: bool) -> Sequence[Row]:
    if not soak:
        return [Row("everything", "", "not measured: takes minutes; add --soak")]
    with tempfile.TemporaryDirectory(prefix="dreamfs-bench-") as name:
        folder = Path(name)
        return [_killed(folder / "killed.db"), *_ours(folder), *_peer(folder)]


def _killed(database: Path) -> Row:
    """A server that is killed at a random moment while it writes, many times over one database."""
    chance = random.Random(SEED)
    acknowledged: list[str] = []
    ours = (*COMMAND, "--db", str(database), "serve")
    for turn in range(ROUNDS):
        with Server(ours, "modern") as server:
            end = threading.Timer(chance.uniform(0, SECONDS_BEFORE_KILL), server.kill)
            end.start()
            try:
                for number in range(1_000_000):
                    name = f"{turn:03}/{number:06}.md"
                    server.call("create", {"path": f"/memories/{name}", "file_text": f"{name}\n"})
                    acknowledged.append(name)
            except (EOFError, BrokenPipeError, json.JSONDecodeError):
                end.join()
    with Server(ours, "modern") as server:  # the next process works
        server.call("create", {"path": "/memories/after.md", "file_text": "after\n"})
    out = database.with_suffix(".out")
    Door(database).run("export", "/memories", str(out))
    kept = {path.relative_to(out).as_posix(): path.read_text() for path in out.rglob("*.md")}
    lost = [name for name in acknowledged if kept.get(name) != f"{name}\n"]
    (sound,) = sqlite3.connect(database).execute("PRAGMA integrity_check").fetchone()
    measured = f"{len(lost)} of {len(acknowledged)} in {ROUNDS} kills; integrity_check {sound}"
    return Row("killed at random moments", "0", measured, not lost and sound == "ok" and bool(acknowledged))


def _ours(folder: Path) -> Sequence[Row]:
    def lines(database: Path) -> int:
        return len(Door(database).run("cat", "/memories/log.md").splitlines()) - 1

    def insert(word: str) -> Mapping[str, Any]:
        return {"path": "/memories/log.md", "insert_line": 1, "insert_text": f"{word}\n"}

    def started(database: Path) -> Sequence[str]:
        source = folder / "log.md"
        source.write_text("first\n")
        Door(database).run("put", "/memories/log.md", str(source))
        return (*COMMAND, "--db", str(database), "serve")

    raced, piped = folder / "raced.db", folder / "piped.db"
    return [
        _row("dreamfs: processes writing one file", _race(started(raced), "modern", "insert", insert), lines(raced)),
        _row("dreamfs: calls pipelined", _pipeline(started(piped), "modern", "insert", insert), lines(piped)),
    ]


def _peer(folder: Path) -> Sequence[Row]:
    """The reference memory server, which keeps a graph in one JSON file. Reported; the budget is ours."""
    npm = shutil.which("npm")
    if npm is None:
        return [Row("reference memory server", "", "not measured: npm is not here")]
    install = [npm, "install", "--no-audit", "--no-fund", "--prefix", str(folder / "npm"), PEER]
    done = subprocess.run(install, capture_output=True, text=True, check=False)
    if done.returncode:
        return [Row("reference memory server", "", f"not measured: npm: {done.stderr.strip().splitlines()[-1:]}")]

    def command(file: Path) -> Sequence[str]:
        program = folder / "npm" / "node_modules" / ".bin" / "mcp-server-memory"
        return ("env", f"MEMORY_FILE_PATH={file}", str(program))

    def entity(word: str) -> Mapping[str, Any]:
        return {"entities": [{"name": word, "entityType": "note", "observations": [word]}]}

    def entities(file: Path) -> int:
        try:
            return len({json.loads(line)["name"] for line in file.read_text().splitlines()})
        except ValueError:
            return 0  # the file is torn, and the server cannot read it either

    raced, piped = folder / "raced.json", folder / "piped.json"
    told = [
        ("processes writing one file", _race(command(raced), "handshake", "create_entities", entity), raced),
        ("calls pipelined", _pipeline(command(piped), "handshake", "create_entities", entity), piped),
    ]
    return [_row(f"reference memory server: {what}", said, entities(file), "") for what, said, file in told]


def _race(command: Sequence[str], era: Era, tool: str, arguments: Callable[[str], Mapping[str, Any]]) -> int:
    """Processes on one file, a hundred writes each; gives how many were acknowledged."""
    together = threading.Barrier(PROCESSES)

    def write(process: int) -> int:
        acknowledged = 0
        with Server(command, era) as server:
            together.wait(60)
            for number in range(WRITES):
                try:
                    server.call(tool, arguments(f"{process}-{number}"))
                except RuntimeError:  # refused; nothing was promised
                    continue
                acknowledged += 1
        return acknowledged

    with ThreadPoolExecutor(PROCESSES) as threads:
        return sum(threads.map(write, range(PROCESSES)))


def _pipeline(command: Sequence[str], era: Era, tool: str, arguments: Callable[[str], Mapping[str, Any]]) -> int:
    with Server(command, era) as server:
        return server.pipelined(tool, [arguments(f"piped-{number}") for number in range(WRITES)])


def _row(what: str, acknowledged: int, kept: int, budget: str = "0") -> Row:
    lost = acknowledged - kept
    return Row(what, budget, f"{lost} of {acknowledged}", None if not budget else lost == 0 and acknowledged > 0)
