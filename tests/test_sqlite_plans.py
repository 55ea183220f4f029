"""Every query finds what it wants by an index and in order: none reads a whole table or sorts a whole history."""

import re
import sqlite3
from collections.abc import Iterator
from types import ModuleType

import pytest

from dreamfs_server.sqlite import (
    access,
    chain,
    content,
    edits,
    history,
    pack,
    revising,
    rows,
    schema,
    snapshot,
    stores,
    tree,
)
from dreamfs_server.sqlite.driver import driver

MODULES = [access, chain, content, edits, history, pack, revising, rows, snapshot, stores, tree]
MAY_SCAN = {
    "snapshot._STORES",  # there are few stores, and all are wanted
    "pack._STORES",
    "stores._DELETED",
    "stores._FIND_DELETED",
}
MAY_SORT = {
    "stores._DELETED",
    "stores._FIND_DELETED",
    "history._BY_SESSION",  # by author: a session's revisions, or an actor's
    "history._BY_ACTOR",
    "access._NOTES",  # a dream reads the whole log
}
MAY_WALK = {"pack._SUPERSEDED"}  # onward from where the last pass ended, in bounded steps


def queries() -> Iterator[tuple[str, str]]:
    for module in MODULES:
        yield from queries_of(module)


def queries_of(module: ModuleType) -> Iterator[tuple[str, str]]:
    for name, value in vars(module).items():
        if isinstance(value, str) and re.match(r"\s*(SELECT|UPDATE|DELETE)\b", value):
            yield f"{module.__name__.rpartition('.')[2]}.{name}", value


@pytest.fixture(scope="module")
def empty() -> Iterator[sqlite3.Connection]:
    c: sqlite3.Connection = driver.connect(":memory:", isolation_level=None)
    schema.migrate(c, schema.migrations(), lambda: None)
    yield c
    c.close()


@pytest.mark.parametrize(("name", "sql"), list(queries()))
def test_a_query_neither_scans_nor_sorts(name: str, sql: str, empty: sqlite3.Connection) -> None:
    named = set(re.findall(r":(\w+)", sql))
    numbered = [int(number) for number in re.findall(r"\?(\d+)", sql)]
    given = dict.fromkeys(named, 0) if named else (0,) * max([*numbered, sql.count("?")])
    plan = [str(row[3]) for row in empty.execute(f"EXPLAIN QUERY PLAN {sql}", given).fetchall()]
    assert plan
    for step in plan:
        assert not re.match(r"SCAN (?!CONSTANT)", step) or name in MAY_SCAN, plan
        # Sorting the rows of one revision is not sorting a history.
        assert "TEMP B-TREE FOR ORDER BY" not in step or name in MAY_SORT, plan
        if "node_live" in step or "node_by_path" in step:
            assert "sort_key" in step, plan
        if "change USING PRIMARY KEY" in step:
            assert "revision=?" in step or name in MAY_WALK, plan
