"""Redaction while other processes read and write: the bytes go, or the answer says that they are still there."""

import os
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from dreamfs_server.sqlite.filesystem import Engine
from dreamfs_server.sqlite.health import health
from dreamfs_server.sqlite.redaction import SqliteEraser
from dreamfs_tools.filesystem import Author, Planned, Put
from dreamfs_tools.redaction import Redaction

ROOT = Path(__file__).parent.parent
SECRET = "correct horse battery"
READER = """
import sys
from dreamfs_server.sqlite.driver import driver
c = driver.connect(sys.argv[1], isolation_level=None)
c.execute("BEGIN")
c.execute("SELECT count(*) FROM content").fetchone()
print("reading", flush=True)
sys.stdin.readline()
c.execute("COMMIT")
print("done", flush=True)
sys.stdin.readline()
"""
SEARCH = """
import glob, sys
print(sys.argv[2].encode() in b"".join(open(path, "rb").read() for path in glob.glob(sys.argv[1] + "*")))
"""


@contextmanager
def process(program: str | Path, *arguments: str) -> Generator[subprocess.Popen[str]]:
    environment = os.environ | {"PYTHONPATH": f"{ROOT / 'server'}{os.pathsep}{ROOT / 'tools'}"}
    start = ["-c", program] if isinstance(program, str) else [str(program)]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True, "env": environment}
    with subprocess.Popen([sys.executable, *start, *arguments], **pipes) as started:  # type: ignore[call-overload]
        try:
            yield started
        finally:
            started.kill()


def heard(started: subprocess.Popen[str]) -> str:
    assert started.stdout is not None
    return started.stdout.readline().strip()


def go(started: subprocess.Popen[str]) -> None:
    assert started.stdin is not None
    started.stdin.write("\n")
    started.stdin.flush()


def on_disk(path: Path) -> bool:
    done = subprocess.run([sys.executable, "-c", SEARCH, str(path), SECRET], capture_output=True, text=True, check=True)
    return done.stdout.strip() == "True"


async def test_a_reader_in_the_way_delays_the_erasure_and_the_answer_says_so(tmp_path: Path) -> None:
    path = tmp_path / "memory.db"
    engine = await Engine.open(path, lambda: datetime.now(UTC))
    eraser = SqliteEraser(engine.database, lambda: datetime.now(UTC), os.urandom, deadline_seconds=0)
    text = f"login: {SECRET}\n" * 300
    await engine.write(lambda _: Planned(None, [Put("memories", "a.md", text, "created")]), Author())
    with process(READER, str(path)) as reader:
        assert heard(reader) == "reading"

        erased = await eraser.erase(Redaction("memories", "a.md", SECRET), Author())

        assert not erased.is_erased, "the reader still sees the text"
        assert await engine.read(lambda s: [text for _, text in s.tree("memories").texts() if SECRET in text]) == []
        assert on_disk(path)
        assert await eraser.finish() == 1
        go(reader)
        assert heard(reader) == "done"
        assert (await health(engine.database))["problems"] == [], "doctor went on with it"
        assert await eraser.finish() == 0
        assert not on_disk(path)
    await engine.close()


async def test_nothing_is_left_while_another_process_writes_all_the_time(tmp_path: Path) -> None:
    path = tmp_path / "memory.db"
    engine = await Engine.open(path, lambda: datetime.now(UTC))
    eraser = SqliteEraser(engine.database, lambda: datetime.now(UTC), os.urandom)
    for number in range(20):
        text = f"login: {SECRET}\n" * 50 + f"{number}\n"
        operation = "modified" if number else "created"
        await engine.write(lambda _, t=text, o=operation: Planned(None, [Put("memories", "a.md", t, o)]), Author())  # type: ignore[misc]
    with process(ROOT / "tests" / "sqlite_process.py", str(path), "40", "writer") as writer:
        assert heard(writer) == "ready"
        go(writer)
        assert heard(writer) == "writer-0"

        erased = await eraser.erase(Redaction("memories", "a.md", SECRET), Author())

        assert erased.is_erased
        assert not on_disk(path)
        assert [heard(writer) for _ in range(39)] == [f"writer-{number}" for number in range(1, 40)]
        writer.wait()
    shared = await engine.read(lambda s: [text for entry, text in s.tree("memories").texts() if entry.path == "shared"])
    assert shared[0].split() == [f"writer-{number}" for number in range(40)], "no write was lost"
    await engine.close()
