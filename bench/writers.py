"""Eight processes writing one store through the engine, against raw SQLite committing the same rows."""

import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import anyio

from bench.door import NotThereError, environment
from bench.engine import STORE, opened
from bench.registry import Row
from dreamfs_tools.filesystem import ChangeFilter

NAME = "writers"
BUDGET = "8 processes writing one store, against raw SQLite committing the same rows"

PROCESSES = 8
WRITES = 40
LEAST = 0.6


def run(soak: bool) -> Sequence[Row]:
    writes = WRITES * (10 if soak else 1)
    with tempfile.TemporaryDirectory(prefix="dreamfs-bench-") as name:
        folder = Path(name)
        try:
            anyio.run(_stored, folder / "engine.db")
        except NotThereError as error:
            return [Row("everything", "", f"not measured: {error}")]
        # Turn and turn about, so that a slow minute of the machine is everyone's.
        seconds = {"engine": 0.0, "raw": 0.0}
        for turn in range(3):
            for kind in seconds:
                seconds[kind] += _race(kind, folder / f"{kind}.db", writes, turn)
        stored = anyio.run(_stored, folder / "engine.db")
    expected = 3 * PROCESSES * writes
    rate = {kind: expected / taken for kind, taken in seconds.items()}
    measured = f"{rate['engine'] / rate['raw']:.2f} × ({rate['engine']:.0f} writes/s against {rate['raw']:.0f})"
    return [
        Row("throughput", f"≥ {LEAST:g} ×", measured, rate["engine"] / rate["raw"] >= LEAST),
        Row("acknowledged writes lost", "0", f"{expected - stored} of {expected}", stored == expected),
    ]


def _race(kind: str, database: Path, writes: int, turn: int) -> float:
    """Seconds from the word go, which all processes get when all are ready, to the end of the last."""
    processes = [
        subprocess.Popen(
            [sys.executable, "-m", "bench.peers.writer", kind, str(database), str(writes), f"{turn}-{number}"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment(),
        )
        for number in range(PROCESSES)
    ]  # fmt: skip
    for process in processes:
        assert process.stdout is not None
        if process.stdout.readline() != b"ready\n":
            raise RuntimeError("A writer did not start.")
    started = time.perf_counter()
    for process in processes:
        assert process.stdin is not None
        process.stdin.write(b"go\n")
        process.stdin.flush()
    said = [process.communicate() for process in processes]
    seconds = time.perf_counter() - started
    if failed := [errors for output, errors in said if b"done" not in output]:
        raise RuntimeError(
            f"{len(failed)} of {PROCESSES} writers failed: {failed[0].decode().strip().splitlines()[-1]}"
        )
    return seconds


async def _stored(database: Path) -> int:
    """How many writes the store's history holds."""
    async with opened(database) as engine:
        count: int = await engine.read(lambda snapshot: len(snapshot.changes(STORE, ChangeFilter(), 1_000_000)))
        return count
