"""How long the dream without a model takes over as much as 300 real sessions hold, and how much memory."""

import json
import resource
import subprocess
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from bench.corpora import large
from bench.corpora.seeds import DEVELOPMENT
from bench.door import COMMAND, Door, NotThereError, environment
from bench.registry import Row

NAME = "dream-speed"
BUDGET = "the embedded dream over 300 sessions, 120 MB"

SECONDS, BYTES = 60, 1_000_000_000


def run(soak: bool) -> Sequence[Row]:
    # A tenth of it says whether it is far off; the budget itself is judged on the whole.
    sessions, size = (large.SESSIONS, large.BYTES) if soak else (large.SESSIONS // 10, large.BYTES // 10)
    with tempfile.TemporaryDirectory(prefix="dreamfs-bench-") as name:
        folder = Path(name)
        paths = large.write(folder / "transcripts", DEVELOPMENT[0], sessions=sessions, bytes_total=size)
        door = Door(folder / "dreamfs.db")
        try:
            started = time.perf_counter()
            door.learn(paths)
            learnt = time.perf_counter() - started
            seconds, peak, proposals = _dream(door)
        except NotThereError as error:
            return [Row("everything", "", f"not measured: {error}")]
    scale = "" if soak else f" (a tenth of it: {sessions} sessions, {size // 1_000_000} MB)"
    budget = SECONDS if soak else SECONDS / 10
    return [
        Row(f"import{scale}", "", f"{learnt:.1f} s"),
        Row(f"dream{scale}", f"{budget:g} s", f"{seconds:.1f} s, {proposals} proposals", seconds <= budget),
        Row("memory at its peak, of import or dream", "1,000 MB", f"{peak / 1_000_000:.0f} MB", peak <= BYTES),
    ]


def _dream(door: Door) -> tuple[float, int, int]:
    started = time.perf_counter()
    done = subprocess.run(
        [*COMMAND, "--db", str(door.database), "dream", "run", "--curator", "embedded", "--json"],
        capture_output=True, text=True, check=False, env=environment(),
    )  # fmt: skip
    seconds = time.perf_counter() - started
    if done.returncode:
        said = f"dreamfs dream run: {done.stderr.strip().splitlines()[-1]}"
        raise NotThereError(said) if done.returncode == 2 else RuntimeError(said)
    # Of the largest child so far; Linux counts in kibibytes.
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024
    return seconds, peak, len(json.loads(done.stdout)["proposals"])
