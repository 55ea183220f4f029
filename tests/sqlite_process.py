"""A process that uses a database as a server does, for tests of several at once: `python sqlite_process.py FILE VERB …`.

It opens the engine, says `ready`, waits for a line on its input, and then works.
"""

import asyncio
import sys
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from dreamfs_server.sqlite.filesystem import Engine
from dreamfs_tools.filesystem import Author, Planned, Put, Snapshot


async def work(path: Path, verb: str, name: str) -> None:
    def say(word: object) -> None:
        sys.stdout.write(f"{word}\n")
        sys.stdout.flush()

    def append(line: str, snapshot: Snapshot) -> Planned[None]:
        tree = snapshot.tree("memories")
        entry = tree.entry("shared")
        before = (tree.text(entry) or "") if entry else ""
        return Planned(None, [Put("memories", "shared", before + line, "modified" if entry else "created")])

    if verb == "open":  # several processes make the database at the same moment
        say("ready")
        sys.stdin.readline()
    engine = await Engine.open(path, lambda: datetime.now(UTC))
    if verb == "open":
        say("done")
    else:
        say("ready")
        sys.stdin.readline()
        for number in range(int(verb)):
            line = f"{name}-{number}\n"
            await engine.write(partial(append, line), Author(session_id=name))
            say(line.strip())
    await engine.close()


if __name__ == "__main__":
    asyncio.run(work(Path(sys.argv[1]), sys.argv[2], sys.argv[3]))
