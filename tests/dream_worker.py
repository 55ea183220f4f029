"""A process that runs a dream and halts after the journal's nth call: `python dream_worker.py FILE N`.

It says `halted` and waits for a line on its input, so that a test can kill it there or let it go on.
"""

import asyncio
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

from dreamfs_server.dream.curators.embedded import curate
from dreamfs_server.dream.evidence import mine
from dreamfs_server.dream.job import Job, embedded
from dreamfs_server.dream.service import DreamService
from dreamfs_server.sqlite.filesystem import Engine
from dreamfs_tools.dreaming import DreamJournal, DreamRequest


class Halting:
    """A journal that stops the whole process after one of its calls."""

    def __init__(self, journal: DreamJournal, after: int) -> None:
        self._journal = journal
        self._left = after

    def __getattr__(self, name: str) -> Any:
        call = getattr(self._journal, name)

        async def counted(*given: Any) -> Any:
            done = await call(*given)
            self._left -= 1
            if self._left == 0:
                sys.stdout.write(f"halted after {name}\n")
                sys.stdout.flush()
                sys.stdin.readline()
            return done

        return counted


async def work(path: Path, after: int) -> None:
    engine = await Engine.open(path, lambda: datetime.now(UTC))
    journal = cast("DreamJournal", Halting(engine.journal, after))
    job = Job(engine, journal, mine, {"embedded": embedded(curate)})
    dream = await DreamService(job, lambda: "d-1").start(DreamRequest("memories"))
    sys.stdout.write(f"{dream.status}\n")
    sys.stdout.flush()
    await engine.close()


if __name__ == "__main__":
    asyncio.run(work(Path(sys.argv[1]), int(sys.argv[2])))
