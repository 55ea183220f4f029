"""An attack on redaction: the same secret in every text that anybody can write, then a search through every byte."""

import json
import os
import subprocess
import sys
from collections.abc import AsyncGenerator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from dreamfs_server.sqlite import text_columns
from dreamfs_server.sqlite.backup import backup
from dreamfs_server.sqlite.filesystem import Engine
from dreamfs_server.sqlite.pins import SqlitePins
from dreamfs_server.sqlite.redaction import SqliteEraser
from dreamfs_tools.call import Call
from dreamfs_tools.create import create
from dreamfs_tools.dreaming import Card, Claim, Dream, Evidence, Proposal, ProposedChange
from dreamfs_tools.filesystem import AccessNote, Author, Snapshot, Store
from dreamfs_tools.merging_stores import merge_stores
from dreamfs_tools.mounts import Mounts
from dreamfs_tools.record import record
from dreamfs_tools.redaction import Redaction
from dreamfs_tools.str_replace import str_replace
from dreamfs_tools.transcript import Event, Session
from dreamfs_tools.view import view
from sqlite_world import opened

NOW = datetime(2026, 11, 22, 11, 3, tzinfo=UTC)
SECRET = "marble staircase 77-31"
LONG = "".join(f"line {number} of a long page about nothing in particular\n" for number in range(200))
READER = """
import sys
from dreamfs_server.sqlite.driver import driver
c = driver.connect(sys.argv[1], isolation_level=None)
c.execute("BEGIN")
c.execute("SELECT count(*) FROM content").fetchone()
print("reading", flush=True)
sys.stdin.readline()
"""
SEARCH = """
import json, os, sys
found = []
for folder in sys.argv[2:]:
    for root, _, names in os.walk(folder):
        for name in names:
            data = open(os.path.join(root, name), "rb").read()
            for form in (sys.argv[1], sys.argv[1].upper(), sys.argv[1].encode("utf-16-le").decode("latin-1")):
                if form.encode("latin-1") in data:
                    found.append(name)
print(json.dumps(sorted(set(found))))
"""


@pytest.fixture
async def engine(tmp_path: Path) -> AsyncGenerator[Engine]:
    (tmp_path / "db").mkdir()
    async with opened(tmp_path / "db", NOW) as engine:
        yield engine


def holding(*folders: Path) -> list[str]:
    """The files that have the secret in them; another process looks, as locks demand."""
    command = [sys.executable, "-c", SEARCH, SECRET, *(str(folder) for folder in folders)]
    found: list[str] = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    return found


def reading(path: Path) -> subprocess.Popen[str]:
    """A process that looks at the database as it is now until it is spoken to."""
    command = [sys.executable, "-c", READER, str(path)]
    reader = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert reader.stdout is not None
    assert reader.stdout.readline().strip() == "reading"
    return reader


async def everything(engine: Engine, secret: str = SECRET) -> None:
    """A database that has the secret wherever a tool, a command, a log or a dream can put it."""
    call = Call(engine, Mounts(), Author(session_id="s-1", actor="user:bob"), engine.archive)
    await create(call, "/memories/a.md", f"{LONG}- {secret}\n", message=f"noted {secret}")
    for number in range(12):  # what is built upon it as deltas
        await str_replace(call, "/memories/a.md", f"line {number} of", f"row {number} of")
    await engine.fork_store("memories", Store("copy", f"Copy of {secret}", secret, metadata={secret: secret}))
    await str_replace(call, "/copy/a.md", "line 50 of", "row 50 of", message=secret)
    await merge_stores(call, "copy", "memories", f"back with {secret}")
    await create(call, "/memories/quoted.md", f"```json\n{json.dumps({'password': secret})}\n```\n")
    await engine.create_store(Store("gone", "Gone"))
    await create(call, "/gone/b.md", f"{secret}\n")
    await engine.delete_store("gone")
    await SqlitePins(engine.database, lambda: NOW).pin("memories", "a.md", Author(actor="user:ada"), pinned=True)
    said = [{"role": "user", "text": f"is it {secret}?"}, {"role": "tool", "text": f"1\t{secret}", "tool": "view"}]
    await record(call, said)
    event = Event(
        0, "tool", "tool_call", json.dumps({"text": f"a\n{secret}"}), tool=secret, call_id=secret, raw_key="1"
    )
    await engine.archive.add(Session("memories", "s-9", "openai", task=secret, title=secret), [event])
    await engine.journal.begin(Dream("d-1", "memories", "running", "client", 1, NOW, instructions=secret))
    claims = [Claim(secret, "observed", [Evidence("/transcripts/s-9", (2, 2), secret)])]
    await engine.journal.save_cards("d-1", [Card(1, "miner", secret, secret, claims, data={secret: [{"a": secret}]})])
    change = ProposedChange("create", "/memories/b.md", file_text=secret, diff=f"+{secret}\n")
    made = Proposal(0, secret, secret, [change], claims, diff=f"+{secret}\n", flags=[secret], fingerprint="f")
    await engine.journal.propose("d-1", made)
    for kind in ("search", "miss", "view"):
        engine.note(AccessNote("memories", f"{secret}.md", kind, 1, "s-9", f"grep {secret}"))
    await engine.rest()
    assert await engine.database.read(lambda c: c.execute("SELECT 1 FROM content WHERE encoding = 'delta'").fetchone())


def plant(c: Any) -> dict[str, str]:
    """A secret of its own in each column of words, each in one row; gives column → secret."""
    c.execute(
        "INSERT INTO model_call (dream_id, number, purpose, request_hash, request, created_at) VALUES ('d-1', 1, 'read', '', '[]', 0)"
    )
    c.execute("INSERT INTO disbelief VALUES (1, '/transcripts/s-9', 0, 'user:ada', '')")
    c.execute(
        "INSERT INTO redaction (kind, at, author_id, reason, copies, erased_at) VALUES ('redacted', 0, 1, '', 1, 0)"
    )
    planted: dict[str, str] = {}
    for table in text_columns.TABLES:
        for column in table.columns:
            secret = f"{SECRET} number {len(planted):03}"
            value = json.dumps({"a": [secret]}) if column in table.json else f"it is {secret}."
            (rows,) = c.execute(f"SELECT count(*) FROM {table.table}").fetchone()
            assert rows, table.table
            c.execute(f"UPDATE {table.table} SET {column} = ?", (value,))
            planted[f"{table.table}.{column}"] = secret
    return planted


def cells(c: Any) -> list[str]:
    tables = [row[0] for row in c.execute("SELECT name FROM sqlite_schema WHERE type = 'table'").fetchall()]
    return [str(cell) for table in tables for row in c.execute(f"SELECT * FROM {table}").fetchall() for cell in row]


def eraser(engine: Engine) -> SqliteEraser:
    return SqliteEraser(engine.database, lambda: NOW, os.urandom, deadline_seconds=0)


async def test_each_column_of_words_is_searched_and_rewritten(engine: Engine, tmp_path: Path) -> None:
    await everything(engine)
    planted = await engine.database.write(plant)
    for column, secret in planted.items():
        found = await eraser(engine).plan(Redaction("memories", "a.md", secret))
        assert found.copies, column
    asked = Redaction("memories", "a.md", SECRET, everywhere=True)
    assert (await eraser(engine).erase(asked, Author())).is_erased
    assert [cell for cell in await engine.database.read(cells) if SECRET in cell] == []
    assert holding(tmp_path) == []


@pytest.mark.parametrize(
    "asked",
    [Redaction("memories", "a.md", SECRET, everywhere=True), Redaction("memories", "a.md", everywhere=True)],
    ids=["text", "all versions"],
)
async def test_nothing_of_it_is_left_in_any_file_after_the_last_reader_has_gone(
    engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, asked: Redaction
) -> None:
    folders = [tmp_path / "db", tmp_path / "temporary"]
    folders[1].mkdir()
    for name in ("SQLITE_TMPDIR", "TMPDIR"):
        monkeypatch.setenv(name, str(folders[1]))
    await everything(engine)
    (tmp_path / "backups").mkdir()
    await backup(engine.database, tmp_path / "backups" / "old.db")
    assert "memory.db" in " ".join(holding(*folders))
    readers = [reading(engine.database.path) for _ in range(2)]
    try:
        erased = await eraser(engine).erase(asked, Author(actor="user:ada"))

        assert not erased.is_erased, "two processes still see the old state"
        assert erased.plan.backups == [str(tmp_path / "backups" / "old.db")]
        assert [text for text in await engine.read(all_texts) if SECRET in text] == []
        readers[0].communicate("\n")
        assert await eraser(engine).finish() == 1
        readers[1].communicate("\n")
        assert await eraser(engine).finish() == 0
    finally:
        for reader in readers:
            reader.kill()
            reader.wait()
    assert holding(*folders) == []
    assert holding(tmp_path / "backups") == ["old.db"], "out of reach, and said to be"
    assert [cell for cell in await engine.database.read(cells) if SECRET in cell] == []
    call = Call(engine, Mounts(), Author())
    assert SECRET not in (await view(call, "/memories/a.md", version=1)).text
    await engine.rest()
    assert holding(*folders) == [], "what was rebuilt is packed again"


async def test_a_search_that_another_server_has_in_memory_is_not_stored_after_the_redaction(
    engine: Engine, tmp_path: Path
) -> None:
    call = Call(engine, Mounts(), Author(session_id="s-1"))
    await create(call, "/memories/a.md", f"{SECRET}\n")
    async with opened(tmp_path / "db", NOW) as other:
        other.note(AccessNote("memories", "a.md", "search", 1, "s-2", SECRET))
        assert (await eraser(engine).erase(Redaction("memories", "a.md", SECRET), Author())).is_erased
        await other.rest()
        assert await other.read(lambda s: list(s.accesses("memories", 10))) == []
    assert holding(tmp_path) == []


def all_texts(snapshot: Snapshot) -> Sequence[str]:
    return [
        text
        for store in snapshot.stores()
        for version in range(1, store.head + 1)
        for _, text in snapshot.tree(store.slug, version).texts()
    ]
