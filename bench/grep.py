"""Searching 10,000 files of 50 MB, against ripgrep on the same files."""

import json
import shutil
import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from random import Random
from statistics import median
from typing import Any

import anyio
import anyio.to_thread

from bench.corpora.names import AREAS, FAULTS, NOUNS, PEOPLE, identifier
from bench.door import NotThereError
from bench.engine import AUTHOR, opened, put
from bench.registry import Row
from dreamfs_tools.call import Call
from dreamfs_tools.grep import grep
from dreamfs_tools.mounts import Mounts

NAME = "grep"
BUDGET = "10,000 files of 50 MB, against ripgrep on the same files"

FILES, FILE_BYTES = 10_000, 5_000
ROUNDS = 5
PATTERNS: Mapping[str, tuple[str, float]] = {
    "a rare literal": ("needle-in-the-store", 1.0),
    "a literal in the pattern": (r"needle-\w+-the-st[aeo]re", 1.0),
    "no literal": (r"\b[0-9]{4}-[a-f]{5}[0-9]\b", 2.0),
    "nothing matches, no literal": (r"[A-Z]{9}[0-9]{7}", 2.0),
}


def run(soak: bool) -> Sequence[Row]:
    if shutil.which("rg") is None:
        return [Row("everything", "", "not measured: ripgrep is not installed")]
    files = FILES if soak else FILES // 5
    with tempfile.TemporaryDirectory(prefix="dreamfs-bench-") as name:
        try:
            return anyio.run(_measure, Path(name), files)
        except NotThereError as error:
            return [Row("everything", "", f"not measured: {error}")]


async def _measure(folder: Path, files: int) -> list[Row]:
    texts = _texts(files)
    for path, text in texts.items():
        target = folder / "files" / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text)
    rows: list[Row] = []
    async with opened(folder / "dreamfs.db") as engine:
        await put(engine, texts)
        call = Call(engine, Mounts(), AUTHOR)
        for what, (pattern, budget) in PATTERNS.items():
            ours, theirs = await _compared(call, folder / "files", pattern)
            measured = f"{ours / theirs:.2f} × ({ours * 1000:.0f} ms against {theirs * 1000:.0f} ms, {files:,} files)"
            rows.append(Row(f"{what}: {pattern}", f"{budget:g} ×", measured, ours / theirs <= budget))
    return rows


async def _compared(call: Call, folder: Path, pattern: str) -> tuple[float, float]:
    ours: list[float] = []
    theirs: list[float] = []
    for _ in range(ROUNDS):
        started = time.perf_counter()
        answer = await grep(call, pattern, output="count", limit=1000, format="json")
        ours.append(time.perf_counter() - started)
        seconds, files = await anyio.to_thread.run_sync(_ripgrep, pattern, folder)
        theirs.append(seconds)
        if _matches(answer.text) != files:
            raise RuntimeError(f"{pattern}: {_matches(answer.text)} files of ours, {files} of ripgrep's")
    return median(ours), median(theirs)


def _ripgrep(pattern: str, folder: Path) -> tuple[float, int]:
    started = time.perf_counter()
    command = ["rg", "-c", "--no-ignore", "--hidden", pattern, str(folder)]
    found = subprocess.run(command, capture_output=True, text=True, check=False)
    return time.perf_counter() - started, len(found.stdout.splitlines())


def _matches(text: str) -> int:
    document: dict[str, Any] = json.loads(text)
    if not document["complete"]:
        raise RuntimeError("One answer does not hold all matches.")
    return len(document["matches"])


def _texts(count: int) -> dict[str, str]:
    rng = Random(7)
    sentences = [
        f"- {rng.choice(PEOPLE)} saw that the {rng.choice(NOUNS)} of {rng.choice(AREAS)} {rng.choice(FAULTS)} at {identifier(rng, 6)}."
        for _ in range(4_000)
    ]
    texts: dict[str, str] = {}
    for number in range(count):
        lines = rng.choices(sentences, k=FILE_BYTES // 75)
        if number % 211 == 0:
            lines.insert(rng.randrange(len(lines)), f"- The needle-in-the-store is {number:04d}-abcde{number % 10}.")
        texts[f"{rng.choice(AREAS)}/{number // 100}/{number}.md"] = "\n".join(lines) + "\n"
    return texts
