"""Redaction: every copy goes, the bytes are gone from the disk, and everything else reads as before."""

import subprocess
import sys
from collections.abc import AsyncGenerator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from dreamfs_server.sqlite import chain, content, deltas, text_columns
from dreamfs_server.sqlite.filesystem import Engine
from dreamfs_server.sqlite.redaction import SqliteEraser
from dreamfs_server.sqlite.schema import MIGRATIONS
from dreamfs_tools.blame import blame
from dreamfs_tools.call import Call
from dreamfs_tools.create import create
from dreamfs_tools.delete import delete
from dreamfs_tools.diff import diff
from dreamfs_tools.dreaming import Card, Claim, Dream, Evidence, Proposal, ProposedChange
from dreamfs_tools.errors import Refusal
from dreamfs_tools.filesystem import AccessNote, Author, ChangeFilter, Snapshot, Store
from dreamfs_tools.history import history
from dreamfs_tools.mounts import Mounts
from dreamfs_tools.redaction import Copy, Erased, Pruning, Redaction
from dreamfs_tools.rename import rename
from dreamfs_tools.restore import restore
from dreamfs_tools.str_replace import str_replace
from dreamfs_tools.transcript import Event, Session, render
from dreamfs_tools.view import view
from sqlite_world import opened

NOW = datetime(2026, 11, 22, 11, 3, tzinfo=UTC)
SECRET = "correct horse battery"
FILE = f"# Host\n- login: {SECRET}\n- port: 22\n"
OPERATOR = Author(actor="user:ada")


@pytest.fixture
async def engine(tmp_path: Path) -> AsyncGenerator[Engine]:
    async with opened(tmp_path, NOW) as engine:
        yield engine


def caller(engine: Engine) -> Call:
    return Call(engine, Mounts(), Author(session_id="s-1", actor="user:bob"))


def eraser(engine: Engine) -> SqliteEraser:
    return SqliteEraser(engine.database, lambda: NOW, lambda size: b"\1" * size, deadline_seconds=0)


def passage(
    path: str = "a.md", *, everywhere: bool = False, text: str = SECRET, replacement: str = "[redacted]"
) -> Redaction:
    return Redaction("memories", path, text, replacement=replacement, everywhere=everywhere, reason="leaked")


async def erase(engine: Engine, redaction: Redaction) -> Erased:
    return await eraser(engine).erase(redaction, OPERATOR)


async def put(engine: Engine, path: str, text: str, message: str = "") -> int:
    shown = f"/{path}" if path.startswith("team/") else f"/memories/{path}"
    entry = await engine.read(lambda s: s.tree(shown.split("/")[1]).entry(shown.split("/", 2)[2]))
    expected = entry.version if entry else None
    answer = await create(caller(engine), shown, text, expected_version=expected, message=message)
    return int(answer.data["version"])


def on_disk(engine: Engine, *needles: str) -> list[str]:
    """Those needles that are in the raw bytes of the database's files; looked for in another process, as locks demand."""
    program = """
import glob, sys
data = b"".join(open(path, "rb").read() for path in glob.glob(sys.argv[1] + "*"))
print([needle for needle in sys.argv[2:] if needle.encode() in data])
"""
    command = [sys.executable, "-c", program, str(engine.database.path), *needles]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    found: list[str] = eval(done.stdout)
    return found


def in_rows(c: Any) -> list[str]:
    """Every text of every row of every table, contents unpacked."""
    tables = [row[0] for row in c.execute("SELECT name FROM sqlite_schema WHERE type = 'table'").fetchall()]
    found = [str(cell) for table in tables for row in c.execute(f"SELECT * FROM {table}").fetchall() for cell in row]
    ids = [row[0] for row in c.execute("SELECT content_id FROM content").fetchall()]
    return [*found, *(content.load(c, content_id) or "" for content_id in ids)]


async def check_chain(engine: Engine) -> None:
    """Every link follows from the one before, recomputed from the rows."""

    def links(c: Any) -> None:
        previous = chain.GENESIS
        for number, message, salt, commitment, value in c.execute(
            "SELECT number, message, message_salt, message_commitment, chain FROM revision WHERE store_id = 1 ORDER BY number"
        ).fetchall():
            rows = c.execute(
                "SELECT path, live, operation, memory_id, change_number, previous, content_id, size_bytes, other_path "
                "FROM file_change WHERE store_id = 1 AND revision = ? ORDER BY position",
                (number,),
            ).fetchall()
            made = [
                chain.Link(
                    *(path, bool(live), operation, memory, change, before),
                    None if content_id is None else content.commitment(c, content_id),
                    *(size, other or ""),
                )
                for path, live, operation, memory, change, before, content_id, size, other in rows
            ]
            revision = revisions[number]
            previous = chain.next_value(previous, made, revision, chain.seal(message, salt, commitment))
            assert previous == value, f"link {number}"

    def all_revisions(snapshot: Snapshot) -> dict[int, Any]:
        store = snapshot.store("memories")
        assert store is not None
        return {number: snapshot.revision("memories", number) for number in range(1, store.head + 1)}

    revisions = await engine.read(all_revisions)
    await engine.database.read(links)


async def test_a_passage_goes_from_every_version_and_the_rest_of_them_stays(engine: Engine) -> None:
    call = caller(engine)
    await put(engine, "a.md", FILE, f"login is {SECRET}")
    await put(engine, "a.md", FILE + "- user: root\n")
    await rename(call, "/memories/a.md", "/memories/b.md")
    await put(engine, "b.md", "# Host\n")
    assert on_disk(engine, SECRET) == [SECRET]

    erased = await erase(engine, passage("b.md"))

    assert erased.is_erased
    assert sorted(copy.where for copy in erased.plan.copies) == [
        "/memories version 1",
        "/memories/a.md version 1",
        "/memories/a.md version 2",
        "/memories/b.md version 3",
    ]
    assert on_disk(engine, SECRET, "horse") == []
    assert (await view(call, "/memories/a.md", version=1)).text.splitlines()[1:4] == [
        "     1\t# Host",
        "     2\t- login: [redacted]",
        "     3\t- port: 22",
    ]
    assert erased.revisions == {}, "no live file had it"
    assert "login is [redacted]" in (await history(call, "/memories")).text
    await check_chain(engine)


async def test_a_live_file_is_replaced_in_a_revision_that_says_so(engine: Engine) -> None:
    call = caller(engine)
    await put(engine, "a.md", FILE)
    await erase(engine, passage(replacement="(gone)"))
    [newest, first] = await engine.read(lambda s: s.changes("memories", ChangeFilter(), 10))
    assert (newest.operation, newest.version, newest.previous) == ("redacted", 2, 1)
    assert (newest.revision.author.actor, newest.revision.message) == ("user:ada", "leaked")
    assert (first.redacted_at, first.sha256, first.size_bytes) == (NOW, None, len(FILE))
    assert "- login: (gone)" in (await view(call, "/memories/a.md")).text
    await check_chain(engine)


async def test_whole_versions_go_and_history_diff_blame_and_fork_work_around_the_gap(engine: Engine) -> None:
    call = caller(engine)
    await put(engine, "a.md", "one\n")
    await put(engine, "a.md", FILE)
    await put(engine, "a.md", "one\ntwo\n")
    erased = await erase(engine, Redaction("memories", "a.md", versions=[2]))
    assert erased.is_erased
    assert on_disk(engine, SECRET) == []
    assert "[redacted]" in (await view(call, "/memories/a.md", version=2)).text
    assert "[redacted]" in (await diff(call, "/memories/a.md", 2, 3)).text
    assert "+two" in (await diff(call, "/memories/a.md", 1, 3)).text
    assert "modified" in (await history(call, "/memories/a.md")).text

    def lines(snapshot: Snapshot) -> tuple[list[str], Sequence[int]]:
        entry = snapshot.tree("memories").entry("a.md")
        assert entry is not None
        found = blame(snapshot, entry)
        return [f"{line.text} {line.change.version}" for line in found.lines], [gap.version for gap in found.gaps]

    assert await engine.read(lines) == (["one 1", "two 3"], [2])
    await engine.fork_store("memories", Store("copy", "Copy"))
    assert "[redacted]" in (await view(call, "/copy/a.md", version=2)).text
    await check_chain(engine)


async def test_redacting_all_versions_leaves_a_live_file_that_says_so(engine: Engine) -> None:
    await put(engine, "a.md", FILE)
    await put(engine, "a.md", FILE + "more of it\n")
    erased = await erase(engine, Redaction("memories", "a.md"))
    assert (erased.is_erased, erased.revisions) == (True, {"memories": 3})
    assert on_disk(engine, SECRET, "more of it", "port: 22") == []
    assert "     1\t[redacted]\n" in (await view(caller(engine), "/memories/a.md")).text
    with pytest.raises(Refusal, match="gone already"):
        await erase(engine, Redaction("memories", "a.md", versions=[1]))


@pytest.mark.parametrize(
    "redaction", [passage(), Redaction("memories", "a.md", versions=[1])], ids=["passage", "whole"]
)
async def test_what_was_redacted_comes_back_neither_by_restore_nor_by_merge(
    engine: Engine, redaction: Redaction
) -> None:
    call = caller(engine)
    await put(engine, "a.md", FILE)
    await put(engine, "a.md", "# Host\n- port: 22\n")
    await erase(engine, redaction)
    with pytest.raises(Refusal, match="removed for good") as refused:
        await restore(call, "/memories/a.md", 1)
    assert refused.value.code == "not_allowed"
    with pytest.raises(Refusal) as conflict:
        await create(call, "/memories/a.md", FILE + "mine\n", expected_version=1, on_conflict="merge")
    assert (conflict.value.code, conflict.value.data["merges"]) == ("conflict", False)


async def test_copies_elsewhere_are_named_and_nothing_changes_without_everywhere(engine: Engine) -> None:
    await put(engine, "a.md", FILE)
    await put(engine, "other.md", f"see {SECRET}\n")
    await engine.fork_store("memories", Store("copy", "Copy"))
    before = await engine.data_version()
    with pytest.raises(Refusal, match="--everywhere") as refused:
        await erase(engine, passage())
    assert refused.value.code == "not_allowed"
    for where in ("/memories/other.md version 2", "/copy/a.md version 1, live", "/copy/other.md version 2, live"):
        assert where in refused.value.sentence
    assert await engine.data_version() == before

    erased = await erase(engine, passage(everywhere=True))

    assert (erased.is_erased, erased.revisions) == (True, {"memories": 3, "copy": 3})
    assert on_disk(engine, SECRET) == []


async def every_copy(engine: Engine) -> None:
    """A database that holds the secret wherever it can."""
    await put(engine, "a.md", FILE, f"note {SECRET}")
    events = [
        Event(0, "user", "text", f"{SECRET}", raw_key="1"),
        Event(0, "assistant", "tool_call", f'{{"text": "x\\n{SECRET}"}}', tool="create", raw_key="2"),
        Event(0, "tool", "tool_result", f"     1\t# Host\n     2\t- login: {SECRET}\n", tool=SECRET, raw_key="3"),
    ]
    await engine.archive.add(Session("memories", "s-9", "openai", task=f"log in with {SECRET}"), events)
    dream = Dream("d-1", "memories", "running", "client", 1, NOW, instructions=f"look for {SECRET}")
    await engine.journal.begin(dream)
    claims = [Claim(f"It is {SECRET}.", "observed", [Evidence("/transcripts/s-9", (2, 2), SECRET)])]
    await engine.journal.save_cards(
        "d-1", [Card(1, "miner", SECRET, f"body {SECRET}", claims, data={SECRET: [SECRET]})]
    )
    change = ProposedChange("create", "/memories/b.md", file_text=FILE, diff=f"+{SECRET}\n")
    proposal = Proposal(0, SECRET, SECRET, [change], claims, diff=f"+{SECRET}\n", flags=[SECRET], fingerprint="f")
    await engine.journal.propose("d-1", proposal)
    engine.note(AccessNote("memories", "a.md", "search", 1, "s-9", f"grep {SECRET}"))
    await engine.create_store(Store("notes", "Notes", f"about {SECRET}", metadata={"key": SECRET}))
    await engine.rest()


async def test_every_kind_of_copy_is_listed_and_removed(engine: Engine) -> None:
    await every_copy(engine)

    def event_lines(snapshot: Snapshot) -> list[int]:
        return [render(event).count("\n") for event in snapshot.transcripts.events("memories", "s-9")]

    before = await engine.read(event_lines)
    erased = await erase(engine, passage(everywhere=True))
    assert {copy.kind for copy in erased.plan.copies} == {
        *("version", "message", "transcript", "dream", "card", "proposal", "access log", "store", "store log"),
    }
    assert Copy("transcript", "/transcripts/s-9 line 2") in erased.plan.copies
    assert erased.is_erased
    assert on_disk(engine, SECRET) == []
    assert not [cell for cell in await engine.database.read(in_rows) if SECRET in cell]
    assert await engine.read(event_lines) == before

    def readable(snapshot: Snapshot) -> None:
        session = snapshot.transcripts.session("memories", "s-9")
        assert session is not None
        events = list(snapshot.transcripts.events("memories", "s-9"))
        assert session.size_bytes == sum(len(render(event).encode()) for event in events)
        [proposal] = snapshot.dreams.proposals("d-1")
        assert proposal.changes[0].file_text == FILE.replace(SECRET, "[redacted]")
        assert proposal.fingerprint != "f"
        assert snapshot.dreams.cards("d-1")[0].data == {"[redacted]": ["[redacted]"]}

    await engine.read(readable)


async def test_importing_the_log_again_does_not_bring_the_text_back(engine: Engine) -> None:
    await put(engine, "a.md", FILE)
    events = [Event(0, "user", "text", SECRET, raw_key="1")]
    await engine.archive.add(Session("memories", "s-9", "openai"), events)
    await erase(engine, passage(everywhere=True))
    assert (await engine.archive.add(Session("memories", "s-9", "openai"), events)).skipped == 1
    assert on_disk(engine, SECRET) == []


async def test_what_is_built_on_a_redacted_content_is_rebuilt_first(engine: Engine) -> None:
    texts = [FILE * 40 + f"line {n}\n" for n in range(4)]
    clean = [text.replace(SECRET, "nothing") for text in texts]
    for text in [texts[0], *clean[1:]]:
        await put(engine, "a.md", text)

    def as_deltas(c: Any) -> None:
        """2 on 1, 3 on 2, 4 on 2."""
        for content_id, base, depth in ((4, 2, 2), (3, 2, 2), (2, 1, 1)):
            data, on = content.load_bytes(c, content_id), content.load_bytes(c, base)
            assert data is not None
            c.execute(
                "UPDATE content SET encoding = 'delta', base_id = ?, depth = ?, data = ? WHERE content_id = ?",
                (base, depth, deltas.pack(data, on), content_id),
            )

    await engine.database.write(as_deltas)
    erased = await erase(engine, passage())
    assert erased.is_erased
    shown = await engine.database.read(
        lambda c: c.execute(
            "SELECT content_id, encoding, depth, base_id FROM content WHERE state = 'stored'"
        ).fetchall()
    )
    assert shown[:3] == [(2, "zstd", 0, None), (3, "delta", 1, 2), (4, "delta", 1, 2)]
    for version in (2, 3, 4):
        assert await text_at(engine, version) == clean[version - 1]
    assert on_disk(engine, SECRET) == []


async def text_at(engine: Engine, version: int) -> str | None:
    def text(snapshot: Snapshot) -> str | None:
        tree = snapshot.tree("memories", version)
        entry = tree.entry("a.md")
        return tree.text(entry) if entry else None

    return await engine.read(text)


async def test_names_that_hold_it_are_named_and_stay(engine: Engine) -> None:
    await put(engine, f"{SECRET}.md", FILE)
    erased = await erase(engine, passage(f"{SECRET}.md"))
    assert erased.plan.names == [Copy("path", f"/memories/{SECRET}.md")]
    assert erased.is_erased, "what a row still has is no remnant"


@pytest.mark.parametrize(
    ("redaction", "code"),
    [
        (passage(text="abc"), "invalid_argument"),
        (passage(text=" \n \n "), "invalid_argument"),
        (passage(text="never written"), "not_found"),
        (passage("no.md"), "not_found"),
        (passage(replacement=f"not {SECRET}"), "invalid_argument"),
        (Redaction("memories", "a.md", SECRET, reason=f"had {SECRET}"), "invalid_argument"),
        (Redaction("memories", "a.md", versions=[9]), "not_found"),
        (Redaction("memories", ""), "invalid_argument"),
    ],
)
async def test_what_makes_no_sense_is_refused(engine: Engine, redaction: Redaction, code: str) -> None:
    await put(engine, "a.md", FILE)
    with pytest.raises(Refusal) as refused:
        await erase(engine, redaction)
    assert refused.value.code == code
    assert on_disk(engine, SECRET) == [SECRET]


async def test_a_deleted_file_can_be_redacted(engine: Engine) -> None:
    await put(engine, "a.md", FILE)
    await delete(caller(engine), "/memories/a.md")
    assert (await erase(engine, Redaction("memories", "a.md"))).is_erased
    assert on_disk(engine, SECRET) == []
    await check_chain(engine)


async def test_a_file_can_be_edited_and_moved_after_its_redaction(engine: Engine) -> None:
    call = caller(engine)
    await put(engine, "a.md", FILE)
    await erase(engine, passage())
    await str_replace(call, "/memories/a.md", "[redacted]", "in the vault")
    await rename(call, "/memories/a.md", "/memories/b.md")
    assert "in the vault" in (await view(call, "/memories/b.md")).text
    await check_chain(engine)


def test_every_text_column_of_the_schema_is_known_to_redaction() -> None:
    """A new column belongs to `text_columns.TABLES`, or here when it holds no words of people, models or tools."""
    import sqlite3

    from dreamfs_server.sqlite.schema import migrations, statements

    holds_no_words = {
        *("store.slug", "store.access", "store.secrets", "store.auto_accept", "content.state", "content.encoding"),
        *(
            "revision.request_id",
            "revision.tool_use_id",
            "revision.dream_id",
            "node.path",
            "node.kind",
            "change.operation",
        ),
        *("access.kind", "access.session", "transcript.session_id", "transcript.source", "transcript.outcome"),
        *("transcript.parent", "event.role", "event.kind", "event.origin", "dream.dream_id", "dream.status"),
        *("dream.curator", "dream.output", "dream.requested_by", "dream.sessions", "dream.owner", "dream.prompt_hash"),
        *("dream_card.dream_id", "dream_card.miner", "proposal.dream_id", "proposal.status", "proposal.risk"),
        *("proposal.fingerprint", "proposal.evidence_key", "proposal.reverts", "proposal.reviewed_by"),
        *("proposal_source.dream_id", "proposal_source.source", "model_call.dream_id", "model_call.purpose"),
        *("model_call.request_hash", "model_call.batch_id", "redaction.kind", "backup.path", "store.project"),
        *("disbelief.source", "disbelief.by", "model_call.model"),
        *("allowance.provider", "allowance.allowed_by", "store_change.operation"),
    }
    known = {f"{table.table}.{column}" for table in text_columns.TABLES for column in table.columns}
    known |= {f"{table}.{column}" for table, columns in text_columns.OWN_MODULES.items() for column in columns}
    c = sqlite3.connect(":memory:")
    for script in migrations(MIGRATIONS).values():
        for statement in statements(script):
            c.execute(statement)
    tables = [row[0] for row in c.execute("SELECT name FROM sqlite_schema WHERE type = 'table'").fetchall()]
    columns = {
        f"{table}.{name}"
        for table in tables
        for _, name, kind, *_ in c.execute(f"PRAGMA table_info({table})").fetchall()
        if kind == "TEXT" and table != "author"
    }
    c.close()
    assert columns - holds_no_words - known == set()


async def test_pruning_keeps_the_live_version_the_rows_and_what_others_still_have(engine: Engine) -> None:
    for text in ("one\n", "two\n", "three\n", "four\n"):
        await put(engine, "a.md", text)
    await put(engine, "b.md", "two\n")
    pruned = await eraser(engine).prune([Pruning(keep_versions=2)], OPERATOR)
    assert [copy.where for copy in pruned.plan.copies] == ["/memories/a.md version 1"]
    assert pruned.is_erased
    assert [await text_at(engine, version) for version in (1, 2, 3, 4)] == [None, "two\n", "three\n", "four\n"]
    rows = await engine.read(lambda s: s.changes("memories", ChangeFilter(path="a.md"), 10))
    assert [(row.version, row.redacted_at) for row in rows] == [(4, None), (3, None), (2, None), (1, None)]
    assert "is no longer kept" in (await view(caller(engine), "/memories/a.md", version=1)).text
    await check_chain(engine)


async def test_pruning_by_age_counts_from_when_a_version_was_superseded(tmp_path: Path) -> None:
    at = [datetime(2026, 1, 1, tzinfo=UTC)]
    engine = await Engine.open(tmp_path / "memory.db", lambda: at[0])
    try:
        await put(engine, "a.md", "one\n")
        await put(engine, "c.md", "deleted\n")
        at[0] = datetime(2026, 6, 1, tzinfo=UTC)
        await put(engine, "a.md", "two\n")
        at[0] = datetime(2026, 7, 1, tzinfo=UTC)
        await put(engine, "a.md", "three\n")
        await delete(caller(engine), "/memories/c.md")

        async def going(before: datetime, keep: int | None = None) -> list[str]:
            plan = await eraser(engine).plan_pruning([Pruning("memories", before, keep)])
            return [copy.where for copy in plan.copies]

        assert await going(datetime(2026, 6, 1, tzinfo=UTC)) == []
        assert await going(datetime(2026, 6, 2, tzinfo=UTC)) == ["/memories/a.md version 1"]
        everything = ["/memories/a.md version 1", "/memories/a.md version 3", "/memories/c.md version 2"]
        assert await going(datetime(2026, 7, 2, tzinfo=UTC)) == everything
        assert await going(datetime(2026, 7, 2, tzinfo=UTC), keep=2) == ["/memories/a.md version 1"]
    finally:
        await engine.close()


async def test_pruning_keeps_what_a_deleted_fork_would_show_again(engine: Engine) -> None:
    await put(engine, "a.md", "one\n")
    await engine.fork_store("memories", Store("fork", "Fork"))
    await put(engine, "a.md", "two\n")
    await engine.delete_store("fork")
    await eraser(engine).prune([Pruning(keep_versions=1)], OPERATOR)
    await engine.undelete_store("fork")
    assert "one" in (await view(caller(engine), "/fork/a.md")).text
