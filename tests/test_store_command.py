"""`dreamfs store`, as a person at a terminal or a script uses it."""

import json
from pathlib import Path

import pytest

from command_line import CommandLine


@pytest.fixture
def dreamfs(tmp_path: Path) -> CommandLine:
    return CommandLine(tmp_path / "dreamfs.db")


def test_a_new_database_has_one_store_that_can_be_written(dreamfs: CommandLine) -> None:
    (store,) = dreamfs.json("store", "list")
    assert (store["slug"], store["access"], store["version"], store["files"]) == ("memories", "rw", 0, 0)


def test_a_store_is_made_with_its_settings_and_shown(dreamfs: CommandLine) -> None:
    words = ["--description", "How we run things.", "--access", "ro", "--metadata", "team=sre", "--metadata", "on=a=b"]
    made = dreamfs.json("store", "create", "Team Runbooks", *words, "--content-bytes", "10", "--secrets", "mask")
    assert made | {"created_at": None} == {
        "slug": "team-runbooks",
        "name": "Team Runbooks",
        "description": "How we run things.",
        "access": "ro",
        "version": 0,
        "files": 0,
        "limits": {"content_bytes": 10, "files_count": 10_000},
        "require_expected_version": False,
        "secrets": "mask",
        "auto_accept": "none",
        "keep_days": None,
        "keep_versions": None,
        "metadata": {"team": "sre", "on": "a=b"},
        "project": None,
        "forked_from": None,
        "forked_at": None,
        "created_at": None,
        "archived_at": None,
    }
    assert dreamfs.json("store", "show", "/team-runbooks") == made
    assert "How we run things." in dreamfs.said("store", "list")
    assert dreamfs.json("store", "create", "日本", "--slug", "japan")["slug"] == "japan"


def test_settings_can_be_changed_one_by_one(dreamfs: CommandLine) -> None:
    dreamfs.run("store", "create", "Team", "--metadata", "a=1", "--metadata", "b=2", "--require-expected-version")
    changed = dreamfs.json("store", "set", "team", "--name", "The team", "--metadata", "a=", "--auto-accept", "tidy")
    assert (changed["name"], changed["metadata"], changed["auto_accept"]) == ("The team", {"b": "2"}, "tidy")
    assert changed["require_expected_version"] is True
    assert dreamfs.json("store", "set", "team", "--no-require-expected-version")["require_expected_version"] is False
    dreamfs.run("store", "set", "team", "--access", "ro")
    assert "The mount /team is read-only. You may write below /memories." in dreamfs.refused(
        "edit", "/team/a.md", "--old", "a"
    )


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["create", "Dreams"], "No store can be called dreams: /dreams is a name of dreamfs itself."),
        (["create", "Memories"], "There is already a store memories."),
        (["create", "日本"], "The name '日本' gives no slug"),
        (["create", "x", "--slug", "A b"], "A store's slug is 1 to 64 of a-z, 0-9 and -; got 'A b'."),
        (["show", "nope"], "There is no store nope; `dreamfs store list` shows the stores there are."),
        (["set", "nope", "--access", "ro"], "There is no store nope;"),
        (["archive", "nope"], "There is no store nope;"),
        (["delete", "nope", "--yes"], "There is no store nope;"),
        (["fork", "nope", "new"], "There is no store nope;"),
        (["fork", "memories", "project"], "No store can be called project"),
        (["fork", "memories", "new", "--at", "1"], "There is no version 1 of memories; its versions go from 0 to 0."),
        (["set", "memories", "--files-count", "0"], "the number of files is between 1 and 1,000,000, not 0."),
    ],
)
def test_what_cannot_be_done_is_refused_with_the_way_out(dreamfs: CommandLine, words: list[str], sentence: str) -> None:
    before = dreamfs.json("store", "list")
    assert sentence in dreamfs.refused("store", *words)
    error = json.loads(dreamfs.run("store", *words, "--json", code=1).stdout)["error"]
    assert sentence in error["message"]
    assert dreamfs.json("store", "list") == before


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["create"], "Missing argument 'NAME'"),
        (["set", "memories", "--secrets", "maybe"], "'maybe' is not one of 'refuse', 'mask', 'allow'"),
        (["set", "memories", "--metadata", "team"], "'team' is not KEY=VALUE."),
        (["fork", "memories", "new", "--at", "-1"], "-1 is not in the range x>=0"),
        (["rename", "memories"], "No such command 'rename'"),
    ],
)
def test_bad_words_are_a_matter_of_usage(dreamfs: CommandLine, words: list[str], sentence: str) -> None:
    assert sentence in dreamfs.refused("store", *words, code=2)


def test_an_archived_store_is_read_and_forked_but_not_written(dreamfs: CommandLine, tmp_path: Path) -> None:
    dreamfs.run("store", "create", "Team")
    dreamfs.put("/team/note.md", "one\n")
    assert dreamfs.refused("store", "archive", "team") == (
        "dreamfs: /team becomes read-only for good; only a fork of it can be written. There is nobody here to ask: add "
        "--yes if that is wanted."
    )
    assert dreamfs.json("store", "show", "team")["archived_at"] is None
    assert dreamfs.json("store", "archive", "team", "--yes")["archived_at"]
    assert dreamfs.said("cat", "/team/note.md") == "one\n"
    assert "The store /team is archived: it can be read, not written." in dreamfs.refused("rm", "/team/note.md")
    log = tmp_path / "chat.txt"
    log.write_text("User: hello\nAssistant: hi\n")
    assert "The store /team is archived: it takes no transcripts." in dreamfs.refused(
        "transcripts", "import", str(log), "--store", "team"
    )
    dreamfs.run("store", "fork", "team", "team 2")
    dreamfs.run("rm", "/team-2/note.md")


def test_deleting_says_what_goes_and_needs_a_yes(dreamfs: CommandLine) -> None:
    dreamfs.run("store", "create", "Team")
    dreamfs.put("/team/note.md", "one\n")
    dreamfs.run("store", "fork", "team", "copy")
    asked = dreamfs.refused("store", "delete", "team")
    assert "/team goes with 1 file, 1 version of history, 0 transcripts and 0 dreams: hidden, not erased." in asked
    assert "Its forks stay: /copy." in asked
    assert dreamfs.json("store", "delete", "team", "--yes") == {"code": "ok", "slug": "team"}
    assert [store["slug"] for store in dreamfs.json("store", "list")] == ["copy", "memories"]
    assert dreamfs.said("cat", "/copy/note.md") == "one\n"
