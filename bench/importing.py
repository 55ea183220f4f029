"""How much memory an import takes, and how long, over files that are together much larger than it may hold."""

import json
import os
import subprocess
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from bench.corpora import large
from bench.corpora.seeds import DEVELOPMENT
from bench.door import COMMAND, environment
from bench.registry import Row

NAME = "import"
BUDGET = "1 GB of transcripts in constant memory"

FULL_BYTES, QUICK_BYTES = 1_000_000_000, 20_000_000
PEAK_BYTES = 300_000_000
_SESSION_BYTES = 10_000_000


def run(soak: bool) -> Sequence[Row]:
    total = int(os.environ.get("BENCH_IMPORT_BYTES", FULL_BYTES if soak else QUICK_BYTES))
    with tempfile.TemporaryDirectory(prefix="dreamfs-bench-") as name:
        folder = Path(name)
        # One seed a tenth, so that no more than that is in this process's memory at once.
        parts = max(1, total // 100_000_000)
        for part in range(parts):
            size = total // parts
            sessions = max(2, size // _SESSION_BYTES)
            large.write(folder / "logs" / f"part-{part}", DEVELOPMENT[part], sessions=sessions, bytes_total=size)
        size = sum(path.stat().st_size for path in (folder / "logs").rglob("*.jsonl"))
        first, again = _Import(folder), _Import(folder)
    measured = f"{size / 1e6:.0f} MB"
    return [
        Row(f"first import of {measured}", "", f"{first.seconds:.1f} s, {first.report['events']:,} events"),
        Row(
            "its memory at the peak",
            f"{PEAK_BYTES // 10**6} MB",
            f"{first.peak / 1e6:.0f} MB",
            first.peak <= PEAK_BYTES,
        ),
        Row(
            "imported again",
            "0 new events",
            f"{again.seconds:.1f} s, {again.report['events']} new",
            again.report["events"] == 0,
        ),
        Row(
            "its memory at the peak",
            f"{PEAK_BYTES // 10**6} MB",
            f"{again.peak / 1e6:.0f} MB",
            again.peak <= PEAK_BYTES,
        ),
    ]


class _Import:
    """One import in a process of its own."""

    def __init__(self, folder: Path) -> None:
        arguments = ["--db", str(folder / "dreamfs.db"), "transcripts", "import", str(folder / "logs"), "--json"]
        started = time.perf_counter()
        with (folder / "report.json").open("wb") as out:
            child = subprocess.Popen([*COMMAND, *arguments], stdout=out, env=environment())
            _, status, usage = os.wait4(child.pid, 0)  # the peak of this child alone
        child.returncode = os.waitstatus_to_exitcode(status)
        self.seconds = time.perf_counter() - started
        if child.returncode:
            raise RuntimeError(f"the import ended with {child.returncode}")
        self.peak = usage.ru_maxrss * 1024  # Linux counts in kibibytes
        self.report = json.loads((folder / "report.json").read_text())
