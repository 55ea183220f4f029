"""Who did what to a store itself: on record, in a chain, and a deletion can be taken back."""

import sqlite3
from pathlib import Path

import pytest

from command_line import CommandLine

LONG = "x" * 64


@pytest.fixture
def dreamfs(tmp_path: Path) -> CommandLine:
    return CommandLine(tmp_path / "dreamfs.db")


def done(dreamfs: CommandLine, store: str) -> list[tuple[str, object]]:
    return [(row["operation"], row["settings"]) for row in dreamfs.json("store", "log", store)]


def change_row(dreamfs: CommandLine, sql: str) -> None:
    """As somebody would who can write the file; it is closed between commands."""
    c = sqlite3.connect(dreamfs.database)
    c.execute(sql)
    c.commit()
    c.close()


def test_the_log_of_a_store_says_who_changed_what_from_what_to_what(dreamfs: CommandLine) -> None:
    dreamfs.run("store", "create", "Team", "--description", "Ours.", "--metadata", "on=call")
    dreamfs.run("store", "set", "team", "--access", "ro", "--metadata", "on=", "--content-bytes", "10")
    dreamfs.run("store", "set", "team", "--access", "ro")
    dreamfs.run("store", "archive", "team", "--yes")
    dreamfs.run("store", "archive", "team", "--yes")
    [archived, changed, created] = dreamfs.json("store", "log", "/team")
    assert (created["number"], created["operation"], archived["operation"]) == (1, "created", "archived")
    assert created["settings"]["description"] == {"from": None, "to": "Ours."}
    assert changed["settings"] == {
        "access": {"from": "rw", "to": "ro"},
        "content_bytes": {"from": 102_400, "to": 10},
        "metadata.on": {"from": "call", "to": None},
    }
    assert {row["actor"] for row in (archived, changed, created)} == {archived["actor"]}
    assert archived["actor"].startswith("user:")
    [heading, _, row, _] = dreamfs.said("store", "log", "team").splitlines()
    assert heading.split() == ["when", "who", "did", "settings"]
    assert row.endswith("set       access rw → ro, content_bytes 102,400 → 10, metadata.on call → none")
    assert f"changed   archived by {archived['actor']} at {archived['at']}" in dreamfs.said("store", "show", "team")
    assert "There is no store nope" in dreamfs.refused("store", "log", "nope")


def test_a_fork_says_what_it_began_as(dreamfs: CommandLine) -> None:
    dreamfs.put("/memories/a.md", "one\n")
    dreamfs.run("store", "fork", "memories", "copy", "--access", "ro")
    [(operation, settings)] = done(dreamfs, "copy")
    assert operation == "forked"
    assert isinstance(settings, dict)
    assert settings["forked_from"] == {"from": None, "to": "memories at version 1"}
    assert settings["access"] == {"from": None, "to": "ro"}


def test_a_deleted_store_is_brought_back_with_all_it_held(dreamfs: CommandLine) -> None:
    dreamfs.run("store", "create", "Team")
    dreamfs.put("/team/a.md", "one\n")
    assert "dreamfs store undelete team brings it back" in dreamfs.said("store", "delete", "team", "--yes")
    [gone] = dreamfs.json("store", "list", "--deleted")
    assert (gone["slug"], gone["version"], gone["files"]) == ("team", 1, 1)
    assert gone["deleted_by"].startswith("user:")
    assert "/team" in dreamfs.said("store", "list", "--deleted")
    assert dreamfs.json("store", "undelete", "team")["version"] == 1
    assert dreamfs.said("cat", "/team/a.md") == "one\n"
    assert dreamfs.json("store", "list", "--deleted") == []
    assert [operation for operation, _ in done(dreamfs, "team")] == ["undeleted", "deleted", "created"]
    assert "everything is as it was written" in dreamfs.said("doctor", "--verify")


def test_of_several_deleted_stores_the_one_that_is_named_comes_back(dreamfs: CommandLine) -> None:
    for text in ("first\n", "second\n"):
        dreamfs.run("store", "create", "Team")
        dreamfs.put("/team/a.md", text)
        dreamfs.run("store", "delete", "team", "--yes")
    [second, first] = dreamfs.json("store", "list", "--deleted")
    assert second["deleted_at"] >= first["deleted_at"]
    dreamfs.run("store", "undelete", "team", "--deleted-at", first["deleted_at"])
    assert dreamfs.said("cat", "/team/a.md") == "first\n"
    refused = dreamfs.refused("store", "undelete", "team")
    assert "There is another store team now, and a slug never changes. Delete that one first" in refused
    dreamfs.run("store", "delete", "team", "--yes")
    dreamfs.run("store", "undelete", "team", "--deleted-at", second["deleted_at"])
    assert dreamfs.said("cat", "/team/a.md") == "second\n"


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["undelete", "memories"], "No store memories was deleted; `dreamfs store list --deleted` shows which."),
        (["undelete", "x", "--deleted-at", "2026-01-01T00:00:00Z"], "No store x was deleted then;"),
        (["undelete", "x", "--deleted-at", "2026-01-01"], "The time needs its zone"),
        (["create", "x" * 65], f"A store's slug has at most 64 characters; '{'x' * 65}' has 65. Choose a shorter one"),
        (["fork", "memories", "x" * 65], "A store's slug has at most 64 characters"),
        (["create", "a\nb"], "A store's name is one line without control characters; this one has U+000A."),
        (["create", "a", "--description", "a\x1b[31m"], "A store's description is one line without control characters"),
        (["set", "memories", "--metadata", "a=b\x07"], "A store's metadata is one line without control characters"),
    ],
)
def test_what_cannot_be_done_is_refused_and_not_written_down(
    dreamfs: CommandLine, words: list[str], sentence: str
) -> None:
    before = dreamfs.json("store", "log", "memories")
    assert sentence in dreamfs.refused("store", *words)
    assert dreamfs.json("store", "log", "memories") == before
    assert len(dreamfs.json("store", "list")) == 1


def test_a_slug_of_64_characters_is_made_and_an_older_description_does_not_stand_in_the_way(
    dreamfs: CommandLine,
) -> None:
    assert dreamfs.json("store", "create", LONG)["slug"] == LONG
    change_row(dreamfs, "UPDATE store SET description = 'two' || char(10) || 'lines'")
    assert dreamfs.json("store", "set", "memories", "--access", "ro")["access"] == "ro"
    assert dreamfs.json("store", "fork", "memories", "copy")["description"] == "two\nlines"
    assert "two\\nlines" in dreamfs.said("store", "show", "copy")


@pytest.mark.parametrize(
    ("sql", "why"),
    [
        ("UPDATE store SET access = 'ro' WHERE slug = 'team'", "its access is not what its log says (entry 2"),
        ("UPDATE store_change SET settings = '{}' WHERE store_id = 2 AND number = 1", "the settings in its log were"),
        ("UPDATE store_change SET at = at + 1 WHERE store_id = 2 AND number = 2", "who, when or what in its log was"),
        ("UPDATE store_change SET author_id = 1 WHERE store_id = 2 AND number = 2", "who, when or what in its log"),
        ("UPDATE store_change SET operation = 'archived' WHERE store_id = 2 AND number = 2", "who, when or what"),
        ("DELETE FROM store_change WHERE store_id = 2 AND number = 1", "an entry of its log is missing (entry 1 of"),
        ("DELETE FROM store_change WHERE store_id = 2", "its log is missing (entry 1 of"),
        ("UPDATE store SET description = 'obey me' WHERE slug = 'team'", "its description is not what its log says"),
        ("UPDATE store SET metadata = '{\"a\":\"b\"}' WHERE slug = 'team'", "its metadata.a is not what its log says"),
        (
            "UPDATE store SET keep_versions = 1 WHERE slug = 'team'",
            "its keep_versions is not what its log says (entry 2",
        ),
        ("UPDATE store SET archived_at = 1 WHERE slug = 'team'", "whether it is archived, and since when, is not what"),
        ("UPDATE store SET deleted_at = 1 WHERE slug = 'team'", "whether it is deleted, and since when, is not what"),
        ("UPDATE store SET created_at = 1 WHERE slug = 'team'", "when it was made is not what its log says (entry 2"),
    ],
)
def test_verifying_names_what_was_altered_in_a_store_or_its_log(dreamfs: CommandLine, sql: str, why: str) -> None:
    dreamfs.run("store", "create", "Team")
    dreamfs.run("store", "set", "team", "--name", "The team")
    assert "everything is as it was written" in dreamfs.said("doctor", "--verify")
    change_row(dreamfs, sql)
    assert f"/team: {why}" in dreamfs.run("doctor", "--verify", code=1).stdout


@pytest.mark.parametrize(
    ("sql", "why"),
    [
        ("UPDATE store SET base_store_id = store_id WHERE slug = 'team'", "it says that it began as itself, or as a"),
        ("UPDATE store SET metadata = '{' WHERE slug = 'team'", "a row of it was altered or is gone (JSONDecodeError)"),
        ("DELETE FROM author WHERE actor <> ''", "a row of it was altered or is gone (TypeError)"),
    ],
)
def test_rows_that_cannot_be_read_are_a_problem_and_end_nothing(dreamfs: CommandLine, sql: str, why: str) -> None:
    dreamfs.run("store", "create", "Team")
    dreamfs.put("/team/a.md", "one\n")
    change_row(dreamfs, sql)
    assert f"/team cannot be read to its end: {why}" in dreamfs.run("doctor", "--verify", code=1).stdout


def test_settings_in_the_log_that_are_no_json_are_named(dreamfs: CommandLine) -> None:
    dreamfs.run("store", "create", "Team")
    change_row(dreamfs, "UPDATE store_change SET settings = '{' WHERE store_id = 2")
    assert "/team: the settings in its log were altered (entry 1" in dreamfs.run("doctor", "--verify", code=1).stdout


def test_what_was_done_to_stores_by_their_own_commands_is_what_their_logs_say(dreamfs: CommandLine) -> None:
    dreamfs.run("store", "create", "Team", "--description", "Ours", "--metadata", "a=b", "--keep-versions", "3")
    dreamfs.run("store", "set", "team", "--description", "", "--metadata", "a=", "--keep-versions", "0")
    dreamfs.run("store", "fork", "team", "old")
    dreamfs.run("store", "fork", "team", "other", "--at", "0", "--keep-days", "9")
    dreamfs.run("store", "archive", "old", "--yes")
    dreamfs.run("store", "delete", "team", "--yes")
    dreamfs.run("store", "undelete", "team")
    dreamfs.run("store", "delete", "old", "--yes")
    assert "everything is as it was written" in dreamfs.said("doctor", "--verify")


def test_a_redacted_description_leaves_the_log_whole(dreamfs: CommandLine) -> None:
    dreamfs.put("/memories/a.md", "login: correct horse battery\n")
    dreamfs.run("store", "create", "Team", "--description", "login: correct horse battery")
    dreamfs.run(
        "store", "set", "team", "--description", "was correct horse battery", "--metadata", "a=correct horse battery"
    )
    dreamfs.run("redact", "/memories/a.md", "--text", "correct horse battery", "--everywhere", "--yes")
    assert b"correct horse" not in dreamfs.database.read_bytes()
    [changed, _] = dreamfs.json("store", "log", "team")
    assert changed["settings"]["description"] == {"from": "login: [redacted]", "to": "was [redacted]"}
    assert "everything is as it was written" in dreamfs.said("doctor", "--verify")
