"""Whether calls become slower as a store grows: each call's median in a nearly empty store and in a large one."""

import tempfile
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from random import Random
from statistics import median
from typing import Any

import anyio

from bench.corpora.names import NOUNS, identifier
from bench.door import NotThereError
from bench.engine import AUTHOR, STORE, opened, put
from bench.registry import Row
from dreamfs_tools.call import Call
from dreamfs_tools.create import create
from dreamfs_tools.delete import delete
from dreamfs_tools.diff import diff
from dreamfs_tools.filesystem import Limits
from dreamfs_tools.grep import grep
from dreamfs_tools.history import history
from dreamfs_tools.insert import insert
from dreamfs_tools.list import list_
from dreamfs_tools.mounts import Mounts
from dreamfs_tools.rename import rename
from dreamfs_tools.restore import restore
from dreamfs_tools.view import view

NAME = "growth"
BUDGET = "every call's median in a large store, against the same call in a nearly empty one"

LARGE = (100_000, 1_000_000)
"""Files and revisions."""
QUICK = (5_000, 3_000)
BATCH = 1_000
ROUNDS = 30
AT_MOST = 1.3

Step = Callable[[Call, str], Awaitable[object]]
FOLDER = "/memories/desk"
STEPS: Mapping[str, Step] = {
    "view a file": lambda call, _: view(call, f"{FOLDER}/0.md"),
    "view a file as it was": lambda call, _: view(call, f"{FOLDER}/0.md", version=1),
    "view a folder": lambda call, _: view(call, FOLDER),
    "list a folder": lambda call, _: list_(call, FOLDER),
    "list the store, first page": lambda call, _: list_(call, "/memories", limit=10),
    "grep in a folder": lambda call, _: grep(call, "line 3", FOLDER),
    "history of a file": lambda call, _: history(call, f"{FOLDER}/0.md"),
    "history of the store": lambda call, _: history(call, "/memories", limit=10),
    "diff of a file": lambda call, _: diff(call, f"{FOLDER}/0.md"),
    "create": lambda call, name: create(call, f"{FOLDER}/{name}.md", "A note.\n"),
    "insert": lambda call, name: insert(call, f"{FOLDER}/{name}.md", 0, f"{name}\n"),
    "rename": lambda call, name: rename(call, f"{FOLDER}/{name}.md", f"{FOLDER}/{name}-b.md"),
    "delete": lambda call, name: delete(call, f"{FOLDER}/{name}-b.md"),
    "restore": lambda call, name: restore(call, f"{FOLDER}/{name}-b.md", -1),
    "delete again": lambda call, name: delete(call, f"{FOLDER}/{name}-b.md"),
}


def run(soak: bool) -> Sequence[Row]:
    files, revisions = LARGE if soak else QUICK
    with tempfile.TemporaryDirectory(prefix="dreamfs-bench-") as name:
        try:
            return anyio.run(_measure, Path(name), files, revisions)
        except NotThereError as error:
            return [Row("everything", "", f"not measured: {error}")]


async def _measure(folder: Path, files: int, revisions: int) -> list[Row]:
    (folder / "small").mkdir()
    (folder / "large").mkdir()
    async with opened(folder / "small" / "dreamfs.db") as small, opened(folder / "large" / "dreamfs.db") as large:
        for engine in (small, large):
            await put(
                engine, {f"desk/{n}.md": f"Note {n}\n" + "".join(f"line {m}\n" for m in range(20)) for n in range(20)}
            )
            await put(engine, {"desk/0.md": "Another text\n"})
        await _grow(large, files, revisions)
        return await _compared(
            Call(small, Mounts(), AUTHOR), Call(large, Mounts(), AUTHOR), f"{files:,} files, {revisions:,} revisions"
        )


async def _compared(small: Call, large: Call, size: str) -> list[Row]:
    """Stores take turns, step by step, so that what slows one slows the other."""
    seconds: dict[str, tuple[list[float], list[float]]] = {what: ([], []) for what in STEPS}
    for turn in range(ROUNDS):
        for what, step in STEPS.items():
            for call, taken in zip((small, large), seconds[what], strict=True):
                started = time.perf_counter()
                await step(call, f"n{turn}")
                taken.append(time.perf_counter() - started)
    rows: list[Row] = [Row("the large store", "", size)]
    for what, (before, after) in seconds.items():
        ratio = median(after) / median(before)
        measured = f"{ratio:.2f} × ({median(after) * 1000:.2f} ms against {median(before) * 1000:.2f} ms)"
        rows.append(Row(what, f"{AT_MOST:g} ×", measured, ratio <= AT_MOST))
    return rows


async def _grow(engine: Any, files: int, revisions: int) -> None:
    await engine.change_store(STORE, lambda store: replace(store, limits=Limits(files_count=files + 1_000)))
    rng = Random(5)
    paths = [f"{rng.choice(NOUNS)}/{identifier(rng, 2)}/{n}.md" for n in range(files)]
    for start in range(0, files, BATCH):
        await put(
            engine,
            {path: f"# {path}\n\nKept since {n}.\n" for n, path in enumerate(paths[start : start + BATCH], start)},
        )
    for n in range(revisions):
        path = rng.choice(paths)
        await put(engine, {path: f"# {path}\n\nKept since {n}, change {identifier(rng)}.\n"})
