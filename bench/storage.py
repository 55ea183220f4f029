"""1,000 small edits of a 100 kB file on disk, against git gc --aggressive of the same history."""

import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from random import Random
from statistics import median

import anyio

from bench.corpora.names import NOUNS, PEOPLE, identifier
from bench.door import NotThereError
from bench.engine import STORE, bytes_on_disk, opened, put
from bench.registry import Row
from dreamfs_tools.filesystem import Snapshot

NAME = "storage"
BUDGET = "1,000 small edits of a 100 kB file, against git gc --aggressive of the same history"

EDITS = 1_000
FILE_BYTES = 100_000
PATH = "notes/long.md"
READ_SECONDS = 0.001


def run(soak: bool) -> Sequence[Row]:  # noqa: ARG001  # takes seconds either way
    if shutil.which("git") is None:
        return [Row("everything", "", "not measured: git is not installed")]
    with tempfile.TemporaryDirectory(prefix="dreamfs-bench-") as name:
        try:
            return anyio.run(_measure, Path(name))
        except NotThereError as error:
            return [Row("everything", "", f"not measured: {error}")]


async def _measure(folder: Path) -> list[Row]:
    (folder / "ours").mkdir()
    database = folder / "ours" / "dreamfs.db"
    async with opened(database) as engine:
        empty = bytes_on_disk(database)
        for text in _history():
            await put(engine, {PATH: text})
        await engine.rest()
        reads = [await _read_seconds(engine, version) for version in Random(3).sample(range(1, EDITS + 1), 100)]
    ours = bytes_on_disk(database) - empty
    theirs = _git_bytes(folder / "theirs")
    measured = f"{ours / theirs:.2f} × ({ours / 1000:,.0f} kB against {theirs / 1000:,.0f} kB)"
    slow = max(reads)
    return [
        Row("on disk after the background pass, without the empty database", "1 ×", measured, ours <= theirs),
        Row(
            "any version readable",
            "1 ms",
            f"median {median(reads) * 1000:.2f} ms, worst {slow * 1000:.2f} ms",
            median(reads) <= READ_SECONDS,
        ),
    ]


async def _read_seconds(engine: object, version: int) -> float:
    """Of reading the file as it was, within the engine's own thread."""

    def query(snapshot: Snapshot) -> float:
        started = time.perf_counter()
        tree = snapshot.tree(STORE, at=version)
        entry = tree.entry(PATH)
        assert entry is not None
        assert tree.text(entry)
        return time.perf_counter() - started

    seconds: float = await engine.read(query)  # type: ignore[attr-defined]
    return seconds


def _history() -> Iterator[str]:
    """The file and then its edits: a line changed, added or taken out."""
    rng = Random(11)
    lines: list[str] = []
    while sum(map(len, lines)) + len(lines) < FILE_BYTES:
        lines.append(_line(rng))
    yield "\n".join(lines) + "\n"
    for _ in range(EDITS - 1):
        at = rng.randrange(len(lines))
        if (kind := rng.random()) < 0.6:
            lines[at] = _line(rng)
        elif kind < 0.8:
            lines.insert(at, _line(rng))
        else:
            del lines[at]
        yield "\n".join(lines) + "\n"


def _line(rng: Random) -> str:
    return f"- {rng.choice(PEOPLE)} moved the {rng.choice(NOUNS)} to {identifier(rng)} and kept {rng.choice(NOUNS)} {rng.randint(1, 999)}."


def _git_bytes(folder: Path) -> int:
    subprocess.run(["git", "init", "-q", "--bare", str(folder)], check=True)
    stream: list[bytes] = []
    for number, text in enumerate(_history(), 1):
        data = text.encode()
        stream.append(
            b"commit refs/heads/main\nmark :%d\ncommitter b <b@example> %d +0000\ndata 4\nedit\n"
            % (number, 1_700_000_000 + number)
        )
        stream.append(b"" if number == 1 else b"from :%d\n" % (number - 1))
        stream.append(b"M 100644 inline %s\ndata %d\n%s\n" % (PATH.encode(), len(data), data))
    subprocess.run(["git", "-C", str(folder), "fast-import", "--quiet"], input=b"".join(stream), check=True)
    subprocess.run(["git", "-C", str(folder), "gc", "--aggressive", "--prune=now", "-q"], check=True)
    return sum(path.stat().st_size for path in (folder / "objects").rglob("*") if path.is_file())
