"""`doctor --verify` finds nothing in an honest history and names the first broken link of an altered one."""

import asyncio
import hashlib
import json
import sqlite3
import tempfile
from collections.abc import Awaitable, Callable
from datetime import timedelta
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dreamfs_server.sqlite.driver import driver
from dreamfs_server.sqlite.filesystem import Engine
from dreamfs_server.sqlite.integrity import SqliteIntegrity
from dreamfs_tools.create import create
from dreamfs_tools.delete import delete
from dreamfs_tools.errors import Refusal
from dreamfs_tools.filesystem import Author, Planned, Put, Snapshot, Store
from dreamfs_tools.rename import rename
from dreamfs_tools.restore import restore
from dreamfs_tools.str_replace import str_replace
from terminal import Terminal
from writing_world import caller, noon

PATHS = st.sampled_from(["a", "f/a", "f/g/b", "f", "g/h/c"])
STORE_NAMES = st.sampled_from(["/memories/", "/team/", "/fork/"])
PLACES = st.builds("".join, st.tuples(STORE_NAMES, PATHS))
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just(create), st.tuples(PLACES, st.sampled_from(["", "1\n", "1\n2\n3\n"]))),
        st.tuples(st.just(str_replace), st.tuples(PLACES, st.sampled_from("123"), st.sampled_from("45"))),
        st.tuples(st.just(delete), st.tuples(PLACES)),
        st.tuples(st.just(rename), st.tuples(PLACES, PLACES)),
        st.tuples(st.just(restore), st.tuples(PLACES, st.integers(-1, 4))),
    ),
    max_size=10,
)


@settings(max_examples=40, deadline=None)
@given(STEPS, st.integers(0, 3), STEPS)
def test_nothing_is_found_in_any_honest_history_of_stores_and_forks(
    before: list[Any], fork_at: int, after: list[Any]
) -> None:
    async def run(folder: Path) -> None:
        engine = await Engine.open(folder / "memory.db", noon)
        try:
            await engine.create_store(Store("team", "Team"))
            call = caller(engine, "s-1")
            await steps(call, before)
            base = await engine.read(lambda snapshot: snapshot.store("memories"))
            assert base is not None
            await engine.fork_store("memories", Store("fork", "Fork"), min(fork_at, base.head))
            await steps(call, after)
            found = await SqliteIntegrity(engine.database, noon).verify(
                await SqliteIntegrity(engine.database, noon).anchor()
            )
            assert found["problems"] == []
        finally:
            await engine.close()

    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(run(Path(folder)))


def test_a_file_that_was_cut_off_points_to_a_backup(terminal: Terminal) -> None:
    whole = terminal.database.read_bytes()
    terminal.database.write_bytes(whole[: len(whole) // 16])
    assert "else a backup is the way back" in terminal.refuses("doctor", "--verify")


async def test_nothing_is_found_where_time_passes_while_a_store_is_made(tmp_path: Path) -> None:
    passed = count()
    engine = await Engine.open(tmp_path / "memory.db", lambda: noon() + timedelta(seconds=next(passed)))
    try:
        await engine.create_store(Store("team", "Team"))
        await engine.fork_store("team", Store("fork", "Fork"))
        await engine.archive_store("fork")
        await engine.delete_store("fork")
        await engine.undelete_store("fork")
        await engine.delete_store("team")
        assert (await SqliteIntegrity(engine.database, noon).verify(None))["problems"] == []
    finally:
        await engine.close()


async def steps(call: Any, todo: list[tuple[Callable[..., Awaitable[Any]], tuple[Any, ...]]]) -> None:
    for tool, arguments in todo:
        try:
            await tool(call, *arguments)
        except Refusal:
            continue


@pytest.fixture
def terminal(tmp_path: Path) -> Terminal:
    terminal = Terminal(tmp_path / "memory.db")
    terminal.put("/memories/a.md", "one\n", "s-1", "the start")
    terminal.put("/memories/f/b.md", "two\n", "s-2")
    terminal.put("/memories/a.md", "three\n", "s-1", "better")
    terminal.run("mv", "/memories/a.md", "/memories/f/c.md", "--session", "s-3")
    return terminal


def tamper(terminal: Terminal, *statements: str) -> None:
    """Change rows behind the program's back, while nothing has the database open."""
    c: sqlite3.Connection = driver.connect(str(terminal.database), isolation_level=None)
    for statement in statements:
        assert c.execute(statement).rowcount
    c.close()


def problems(terminal: Terminal, *words: str) -> list[tuple[str, int]]:
    found = terminal.json("doctor", "--verify", *words, code=1)["problems"]
    return [(one["kind"], one["revision"]) for one in found]


def sentences(terminal: Terminal, *words: str) -> str:
    return terminal.says("doctor", "--verify", *words, code=1)


def test_an_untouched_history_is_as_it_was_written(terminal: Terminal) -> None:
    assert terminal.says("doctor", "--verify").splitlines() == [
        "Verified 4 revisions and 3 contents: everything is as it was written.",
        "Whether the end was cut off shows only against an anchor: --anchor-file FILE.",
    ]


def test_a_flipped_byte_of_a_content_is_found(terminal: Terminal) -> None:
    tamper(terminal, "UPDATE content SET data = CAST('tno' || x'0a' AS BLOB) WHERE content_id = 1")
    assert problems(terminal) == [("content", 1)]
    assert "- The content of /memories/a.md at revision 1 was altered: its bytes are not those of its SHA-256.\n" in (
        sentences(terminal)
    )


async def test_a_damaged_delta_and_what_is_built_on_it_are_found(tmp_path: Path) -> None:
    engine = await Engine.open(tmp_path / "memory.db", noon)
    try:
        integrity = SqliteIntegrity(engine.database, noon)
        for number in range(6):
            put = Put("memories", "a", "".join(f"line {line + number}\n" for line in range(200)), "modified")
            await engine.write(partial(given_plan, Planned(None, [put])), Author())
        assert await engine.pack() == 5
        assert (await integrity.verify())["problems"] == []
        deltas = await engine.database.read(
            lambda c: c.execute("SELECT content_id, base_id FROM content WHERE encoding = 'delta'").fetchall()
        )
        bases = dict(deltas)
        damaged = next(base for base in bases.values() if base in bases)
        await engine.database.write(
            lambda c: c.execute(
                "UPDATE content SET data = substr(data, 1, length(data) - 1) WHERE content_id = ?", (damaged,)
            )
        )
        spoilt = {damaged}
        while more := {one for one, base in bases.items() if base in spoilt} - spoilt:
            spoilt |= more
        found = (await integrity.verify())["problems"]
        assert sorted((one["kind"], one["revision"]) for one in found) == [("content", one) for one in sorted(spoilt)]
        assert len(spoilt) > 1
    finally:
        await engine.close()


def given_plan(planned: Planned[None], _: Snapshot) -> Planned[None]:
    return planned


def test_a_content_that_was_exchanged_with_its_hash_breaks_the_chain(terminal: Terminal) -> None:

    digest = hashlib.sha256(b"owt\n").hexdigest()
    tamper(
        terminal, f"UPDATE content SET data = CAST('owt' || x'0a' AS BLOB), sha256 = x'{digest}' WHERE content_id = 2"
    )
    assert problems(terminal) == [("chain", 2)]


def test_a_changed_message_breaks_the_chain_where_it_stands(terminal: Terminal) -> None:
    tamper(terminal, "UPDATE revision SET message = 'worse' WHERE number = 3")
    assert problems(terminal) == [("chain", 3)]
    said = sentences(terminal)
    assert "- /memories: revision 3 does not follow from revision 2: its time, message, author or changes were" in said
    assert ': "worse"; changed: /memories/a.md.' in said


def test_swapped_authors_are_named_with_who_it_was(terminal: Terminal) -> None:
    (one,) = [row for row in terminal.json("log") if row["version"] == 2]
    tamper(terminal, "UPDATE revision SET author_id = 5 - author_id WHERE number IN (1, 2)")
    said = sentences(terminal)
    assert "revision 1 does not follow from revision 0: its author was altered. It was written by session s-1" in said
    assert "now it says session s-2" in said
    assert "broken too: revision 2." in said
    assert one["session_id"] == "s-2"


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE revision SET created_at = created_at + 1 WHERE number = 2",
        "UPDATE revision SET dream_id = 'd' WHERE number = 2",
        "UPDATE change SET operation = 'modified' WHERE revision = 2",
        "UPDATE change SET content_id = 1 WHERE revision = 2",
        "UPDATE change SET previous = 1 WHERE revision = 2",
        "UPDATE node SET path = 'f/x.md' WHERE path = 'f/b.md'",
    ],
)
def test_whatever_is_changed_in_a_revision_breaks_its_link(terminal: Terminal, change: str) -> None:
    tamper(terminal, change)
    assert ("chain", 2) in problems(terminal)


CUT = (
    "DELETE FROM change WHERE revision = 4",
    "DELETE FROM folder_state WHERE revision = 4",
    "DELETE FROM revision WHERE number = 4",
)


def test_a_revision_that_was_taken_out_is_missed(terminal: Terminal) -> None:
    tamper(terminal, *CUT)
    assert ("chain", 4) in problems(terminal)
    assert "- /memories: revision 4 is missing: removed after being written.\n" in sentences(terminal)
    refused = terminal.refuses("doctor", "--repair", "--yes")
    assert refused.startswith("dreamfs: The history itself was altered, so that nothing can be rebuilt from it.")


def test_a_history_cut_off_with_care_shows_against_an_anchor_only(terminal: Terminal, tmp_path: Path) -> None:
    anchor = str(tmp_path / "anchor.json")
    assert "holds the heads of 1 store" in terminal.says("doctor", "--anchor", anchor)
    kept = (tmp_path / "anchor.json").read_text()
    tamper(
        terminal,
        *CUT,
        "UPDATE node SET version = 3 WHERE path = ''",
        "UPDATE node SET live = 0, content_id = NULL WHERE path = 'f/c.md'",
    )
    terminal.run("doctor", "--repair", "--yes")
    assert terminal.says("doctor", "--verify").startswith("Verified 3 revisions")
    assert problems(terminal, "--anchor-file", anchor) == [("anchor", 4)]
    assert "and is gone: the newest is 3. The end was cut off." in sentences(terminal, "--anchor-file", anchor)
    assert "was kept: it is the proof of this." in terminal.refuses("doctor", "--anchor", anchor)
    assert (tmp_path / "anchor.json").read_text() == kept


def test_a_history_written_anew_shows_against_an_anchor(terminal: Terminal, tmp_path: Path) -> None:
    anchor = tmp_path / "anchor.json"
    terminal.run("doctor", "--anchor", str(anchor))
    terminal.put("/memories/later.md", "later\n", "s-9")
    assert terminal.says("doctor", "--verify", "--anchor-file", str(anchor)).startswith("Verified 5 revisions")
    document = json.loads(anchor.read_text())
    document["stores"][0]["chain"] = "00" * 32
    anchor.write_text(json.dumps(document))
    assert "the history was written anew up to it" in sentences(terminal, "--anchor-file", str(anchor))
    document["stores"][0]["store"] = "gone"
    anchor.write_text(json.dumps(document))
    assert "/gone was there in the anchor of" in sentences(terminal, "--anchor-file", str(anchor))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("UPDATE node SET files = 9 WHERE path = 'f'", "/memories/f is not as the history says: its number of files."),
        (
            "UPDATE node SET content_id = 1 WHERE path = 'f/c.md'",
            "/memories/f/c.md is not as the history says: its content.",
        ),
        (
            "UPDATE node SET live = 0, content_id = NULL WHERE path = 'f/b.md'",
            "/memories/f/b.md is not as the history says",
        ),
        ("UPDATE folder_state SET files = 7 WHERE revision = 2", "/memories/f had other totals after revision 2"),
        ("UPDATE revision SET size_bytes = 7 WHERE number = 3", "/memories had other totals after revision 3"),
    ],
)
def test_what_is_derived_from_the_history_is_found_wrong_and_rebuilt(
    terminal: Terminal, change: str, said: str
) -> None:
    before = terminal.json("ls", "/memories")
    tamper(terminal, change)
    found = sentences(terminal)
    assert said in found
    assert found.endswith("The history is whole: dreamfs doctor --repair rebuilds the rest from it.\n")
    asked = terminal.run("doctor", "--repair", given="n\n", code=1)
    assert "Make a backup first: dreamfs backup FILE." in asked.stderr
    repaired = terminal.says("doctor", "--repair", given="y\n").splitlines()
    assert repaired == ["Rebuilt 1 store from the history.", "Everything is as it was written."]
    assert terminal.json("ls", "/memories") == before


def test_what_is_no_anchor_is_refused(terminal: Terminal, tmp_path: Path) -> None:
    for text in ("", "[]", "{}", '{"dreamfs_anchor": 2, "stores": []}'):
        (tmp_path / "x.json").write_text(text)
        assert "anchor" in terminal.refuses("doctor", "--verify", "--anchor-file", str(tmp_path / "x.json"))
        assert (tmp_path / "x.json").read_text() == text
    assert "cannot be read" in terminal.refuses("doctor", "--verify", "--anchor-file", str(tmp_path / "none"))
    assert terminal.run("doctor", "--repair", "--anchor", "-", code=2).stderr.startswith("Usage: dreamfs doctor")
    assert "There is no database at" in Terminal(tmp_path / "no.db").refuses("doctor", "--verify")


@pytest.mark.parametrize(
    ("statement", "sentence"),
    [
        ("DROP TABLE content", "The table content is missing."),
        ("DROP INDEX change_incoming", "The index change_incoming is missing."),
        ("DROP TABLE store_merge", "The table store_merge is missing."),
        (
            "CREATE TRIGGER forget AFTER INSERT ON change BEGIN DELETE FROM content; END",
            "The trigger forget is none of a dreamfs database, and may change what is written.",
        ),
        ("ALTER TABLE redaction ADD COLUMN x TEXT", "The table redaction is not as dreamfs makes it."),
    ],
)
def test_a_table_or_trigger_that_is_not_as_it_was_made_is_named(
    terminal: Terminal, statement: str, sentence: str
) -> None:
    c: sqlite3.Connection = driver.connect(str(terminal.database), isolation_level=None)
    c.execute("PRAGMA foreign_keys = OFF")
    c.execute(statement)
    c.close()
    assert sentence in [one["sentence"] for one in terminal.json("doctor", "--verify", code=1)["problems"]]


def test_a_redaction_leaves_the_chain_whole(terminal: Terminal) -> None:
    terminal.run("redact", "/memories/f/c.md", "--version", "1", "--yes")
    assert terminal.says("doctor", "--verify").endswith("--anchor-file FILE.\n")


def test_a_forged_link_does_not_carry_the_next_one(terminal: Terminal) -> None:
    tamper(terminal, f"UPDATE revision SET chain = x'{'5a' * 32}' WHERE number = 2")
    assert problems(terminal) == [("chain", 2), ("chain", 3)]


def test_where_a_file_came_from_belongs_to_its_link(terminal: Terminal) -> None:
    other = "(SELECT node_id FROM node WHERE path = 'f/b.md')"
    tamper(terminal, f"UPDATE change SET other_id = {other} WHERE revision = 4 AND live = 1")
    assert ("chain", 4) in problems(terminal)


def test_a_message_of_which_two_parts_were_redacted_leaves_the_chain_whole(terminal: Terminal) -> None:
    terminal.put("/memories/d.md", "four\n", "s-1", "for tulip and for orchid")
    for word in ("tulip", "orchid"):
        terminal.run("redact", "/memories/d.md", "--text", word, "--yes")
    assert next(row["message"] for row in terminal.json("log")) == "for [redacted] and for [redacted]"
    assert terminal.says("doctor", "--verify").endswith("--anchor-file FILE.\n")
