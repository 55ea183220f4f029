"""Memory in and out: folders, zip archives, git repositories, files of changes, backups."""

import json
import os
import shutil
import subprocess
import sys
import unicodedata
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from dreamfs_server.exchange import inward, outward
from dreamfs_server.exchange.inward import read_source
from dreamfs_tools.errors import Refusal
from dreamfs_tools.paths import check_path
from dreamfs_tools.tree_import import Unfit
from terminal import Terminal

needs_git = pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")


@pytest.fixture
def terminal(tmp_path: Path) -> Terminal:
    return Terminal(tmp_path / "memories.db")


def git(folder: Path, *words: str) -> str:
    return subprocess.run(
        ["git", "-C", str(folder), *words], check=True, capture_output=True, text=True, encoding="utf-8"
    ).stdout


def history_with_renames(terminal: Terminal) -> None:
    terminal.run("put", "/memories/a/b.md", "--session", "s-1", "-m", "first", given="one\ntwo\nthree\n")
    terminal.run("put", "/memories/gone.md", "--session", "s-2", given="x\n")
    terminal.run("mv", "/memories/a/b.md", "/memories/c/ü b.md", "--session", "s-2", "-m", "a better place")
    terminal.run(
        "put", "/memories/c/ü b.md", "--expected-version", "3", "--session", "s-3", given="one\nzwei\nthree\nfour\n"
    )
    terminal.run("rm", "/memories/gone.md", "--session", "s-1")


@needs_git
def test_a_git_export_has_one_commit_a_revision_with_its_author_and_reason(terminal: Terminal, tmp_path: Path) -> None:
    history_with_renames(terminal)
    terminal.run("export", "/memories", str(tmp_path / "repository"), "--as", "git")
    log = git(tmp_path / "repository", "log", "--reverse", "--format=%an|%s|%(trailers:key=Dreamfs-Version,valueonly)")
    rows = [row for row in log.split("\n") if row]
    assert rows == [
        "s-1|first|1",
        "s-2|Created gone.md|2",
        "s-2|a better place|3",
        "s-3|Modified c/ü b.md|4",
        "s-1|Deleted gone.md|5",
    ]


@needs_git
def test_a_blank_reason_is_none_in_git(terminal: Terminal, tmp_path: Path) -> None:
    terminal.put("/memories/a.md", "one\n", "s-1", "\n")
    terminal.run("export", "/memories", str(tmp_path / "repository"), "--as", "git")
    log = git(tmp_path / "repository", "log", "-1", "--format=%s|%(trailers:key=Dreamfs-Version,valueonly)")
    assert log.strip() == "Created a.md|1"


@needs_git
def test_git_finds_nothing_wrong_with_an_export(terminal: Terminal, tmp_path: Path) -> None:
    history_with_renames(terminal)
    terminal.run("export", "/memories", str(tmp_path / "repository"), "--as", "git")
    subprocess.run(["git", "-C", str(tmp_path / "repository"), "fsck", "--strict", "--full"], check=True)
    assert git(tmp_path / "repository", "status", "--porcelain") == ""
    assert (tmp_path / "repository/c/ü b.md").read_text(encoding="utf-8") == "one\nzwei\nthree\nfour\n"
    assert not (tmp_path / "repository/gone.md").exists()


@needs_git
def test_git_follows_the_renames_and_blames_the_lines_that_dreamfs_does(terminal: Terminal, tmp_path: Path) -> None:
    history_with_renames(terminal)
    repository = tmp_path / "repository"
    terminal.run("export", "/memories", str(repository), "--as", "git")
    versions = "%(trailers:key=Dreamfs-Version,valueonly,separator=)"
    followed = git(repository, "log", "--follow", f"--format={versions}", "--", "c/ü b.md").split()
    ours = [str(row["version"]) for row in terminal.json("log", "/memories/c/ü b.md")]
    assert followed == ours == ["4", "3", "1"]
    blamed = [line.partition("\t")[0] for line in git(repository, "blame", "--porcelain", "c/ü b.md").split("\n")]
    authors = [line.removeprefix("author ") for line in blamed if line.startswith("author ")]
    assert set(authors) == {row["session_id"] for row in terminal.json("blame", "/memories/c/ü b.md")}


@needs_git
def test_what_git_cannot_hold_is_left_out_and_named(terminal: Terminal, tmp_path: Path) -> None:
    terminal.run("put", "/memories/.git/hooks/post-checkout", given="#!/bin/sh\n")
    terminal.run("put", "/memories/a.md", given="a\n")
    terminal.run("put", "/memories/bare/HEAD", given="ref: refs/heads/main\n")
    terminal.run("put", "/memories/.gitmodules", given="no settings\n")
    terminal.run("put", "/memories/git~1/x", given="x\n")
    done = terminal.json("export", "/memories", str(tmp_path / "repository"), "--as", "git")
    assert list(done["left_out"]) == [".git/hooks/post-checkout", ".gitmodules", "bare/HEAD", "git~1/x"]
    subprocess.run(["git", "-C", str(tmp_path / "repository"), "fsck", "--strict", "--full"], check=True)
    assert not (tmp_path / "repository/.git/hooks/post-checkout").exists()
    assert git(tmp_path / "repository", "ls-files") == "a.md\n"


@needs_git
def test_a_name_that_no_file_system_takes_is_left_out_of_a_repository_and_named(
    terminal: Terminal, tmp_path: Path
) -> None:
    long = "long" * 200
    terminal.run("put", "/memories/a.md", given="a\n")
    terminal.run("put", f"/memories/{long}/b.md", given="b\n")
    terminal.run("mv", f"/memories/{long}/b.md", "/memories/b.md")
    terminal.run("mv", "/memories/a.md", f"/memories/{long}")
    done = terminal.json("export", "/memories", str(tmp_path / "repository"), "--as", "git")
    assert done["left_out"] == dict.fromkeys([long, f"{long}/b.md"], "a name of 800 bytes; file systems take 255")
    assert git(tmp_path / "repository", "ls-files") == "b.md\n"
    assert git(tmp_path / "repository", "status", "--porcelain") == ""
    assert [path.name for path in tmp_path.glob("*repository*")] == ["repository"]


@needs_git
def test_two_files_that_change_places_in_one_revision_do_so_in_git(terminal: Terminal, tmp_path: Path) -> None:
    terminal.put("/memories/a.md", "one\n", "s-1")
    terminal.put("/memories/b.md", "two\n", "s-1")
    for old, new in (("a", "c"), ("b", "a"), ("c", "b")):
        terminal.run("mv", f"/memories/{old}.md", f"/memories/{new}.md", "--session", "s-2")
    terminal.run("revert", "--session", "s-2")
    terminal.run("export", "/memories", str(tmp_path / "repository"), "--as", "git")
    repository = tmp_path / "repository"
    assert git(repository, "show", "HEAD:a.md", "HEAD~1:a.md") == "one\ntwo\n"
    assert git(repository, "show", "HEAD:b.md", "HEAD~1:b.md") == "two\none\n"


@needs_git
def test_a_repository_that_cannot_be_finished_leaves_nothing(
    terminal: Terminal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    terminal.run("put", "/memories/a.md", given="a\n")
    away = tmp_path / "bin"
    away.mkdir()
    (away / "git").write_text(
        f'#!/bin/sh\ncase "$*" in *fast-import*) echo "fatal: the disk is full" >&2; exit 1;; esac\nexec {shutil.which("git")} "$@"\n'
    )
    (away / "git").chmod(0o755)
    monkeypatch.setenv("PATH", f"{away}:{os.environ['PATH']}")
    said = terminal.refuses("export", "/memories", str(tmp_path / "new/repository"), "--as", "git")
    assert "the disk is full" in said
    assert not (tmp_path / "new").exists()


_LEGAL = st.characters(exclude_categories=["Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"], exclude_characters="/\\")


def _is_legal(name: str) -> bool:
    try:
        check_path(f"/memories/{name}")
    except Refusal:
        return False
    return not any(part.casefold() in {".git", "head"} or len(part.encode()) > 255 for part in name.split("/"))


names = (
    st.lists(st.text(_LEGAL, min_size=1, max_size=8), min_size=1, max_size=3)
    .map(lambda parts: unicodedata.normalize("NFC", "/".join(parts)))
    .filter(_is_legal)
)
texts = st.text(alphabet=st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=60)


@pytest.mark.parametrize("target", ["folder", "archive.zip"])
@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    contents=st.dictionaries(
        st.one_of(st.sampled_from(["a.md", "b/c.md", "b/d e.txt", "é/ü.md"]), names), texts, min_size=4, max_size=12
    )
)
def test_what_is_exported_is_imported_byte_for_byte(
    tmp_path_factory: pytest.TempPathFactory, target: str, contents: dict[str, str]
) -> None:
    folder = tmp_path_factory.mktemp("round")
    first, second = Terminal(folder / "one.db"), Terminal(folder / "two.db")
    source = folder / "source"
    assume(not any(other.startswith(f"{name}/") for name in contents for other in contents))
    for name, text in contents.items():
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        (source / name).write_bytes(text.encode())
    first.run("import", str(source), "/memories")
    first.run("export", "/memories", str(folder / target))
    done = second.json("import", str(folder / target), "/memories")
    assert done["version"] == 1
    ours, theirs = (
        {row["path"]: row["sha256"] for row in each.json("ls", "/memories", "-r")} for each in (first, second)
    )
    assert ours == theirs
    assert len(ours) == len(contents)
    assert second.json("import", str(folder / target), "/memories")["version"] is None


def test_an_import_shows_its_plan_and_is_one_revision(terminal: Terminal, tmp_path: Path) -> None:
    terminal.run("put", "/memories/a.md", given="old\n")
    terminal.run("put", "/memories/other.md", given="stays\n")
    source = tmp_path / "source"
    (source / "sub").mkdir(parents=True)
    (source / "a.md").write_text("new\n")
    (source / "sub/b.md").write_text("b\n")
    plan = terminal.json("import", str(source), "/memories", "--dry-run", "--mirror")
    assert (plan["created"], plan["replaced"], plan["deleted"]) == (
        ["/memories/sub/b.md"],
        {"/memories/a.md": 1},
        {"/memories/other.md": 2},
    )
    assert "add --yes" in terminal.refuses("import", str(source), "/memories")
    done = terminal.json("import", str(source), "/memories", "--yes")
    assert done["version"] == 3
    assert {row["path"] for row in terminal.json("log", "/memories") if row["version"] == 3} == {
        "/memories/a.md",
        "/memories/sub/b.md",
    }
    assert terminal.says("cat", "/memories/other.md") == "stays\n"


def test_nothing_is_imported_when_one_file_cannot_be(terminal: Terminal, tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.mkdir()
    (source / "good.md").write_text("good\n")
    (source / "bad").write_bytes(b"\xff\xfe")
    (source / "big.md").write_text("x" * 102_401)
    (source / "link").symlink_to("/etc/hostname")
    said = terminal.refuses("import", str(source), "/memories")
    assert said.splitlines()[1:] == [
        "  1 file, not UTF-8 text: bad (byte 1)",
        "  1 file, a symbolic link: link",
        "  1 file, larger than 102,400 bytes: big.md (102,401)",
        "To leave them out, add --skip.",
    ]
    assert terminal.json("ls", "/memories", "-r") == []
    terminal.run("import", str(source), "/memories", "--skip")
    assert [row["path"] for row in terminal.json("ls", "/memories", "-r")] == ["/memories/good.md"]


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("../up.md", "'..'"),
        ("/etc/x", "empty segment"),
        ("a//b", "empty segment"),
        ("a\\b", "backslash"),
        ("a.", "dot"),
    ],
)
def test_an_odd_name_in_an_archive_is_refused_not_repaired(
    terminal: Terminal, tmp_path: Path, name: str, why: str
) -> None:
    archive = tmp_path / "odd.zip"
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr(name, "x")
    assert why in terminal.refuses("import", str(archive), "/memories/here")


def test_an_archive_that_unpacks_to_too_much_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    archive = tmp_path / "bomb.zip"
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("a", b"\0" * 3_000_000)
    monkeypatch.setattr(inward, "TOTAL_BYTES_MAX", 1_000_000)
    with pytest.raises(Refusal, match="more than") as refused:
        read_source(archive)
    assert refused.value.code == "too_large"


def test_a_doubled_member_is_named(tmp_path: Path) -> None:
    archive = tmp_path / "odd.zip"
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("a", "one")
        with pytest.warns(UserWarning, match="Duplicate name"):
            file.writestr("a", "two")
    found = read_source(archive)
    assert (found.texts, found.problems) == ({}, {"a": Unfit("in the archive more than once")})


def test_an_encrypted_member_is_named(tmp_path: Path) -> None:
    archive = tmp_path / "odd.zip"
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("a", "one")
    # The flag in the central directory says so; the standard library cannot write an encrypted member.
    raw = bytearray(archive.read_bytes())
    raw[raw.index(b"PK\x01\x02") + 8] |= 1
    archive.write_bytes(raw)
    assert read_source(archive).problems == {"a": Unfit("encrypted")}


def member(name: str, **fields: Any) -> zipfile.ZipInfo:
    """A member of an archive as other programs, and people with plans, write them."""
    info = zipfile.ZipInfo(name)
    for field, value in fields.items():
        setattr(info, field, value)
    return info


def test_what_cannot_be_taken_is_one_line_a_reason(terminal: Terminal, tmp_path: Path) -> None:
    archive = tmp_path / "odd.zip"
    with zipfile.ZipFile(archive, "w") as file:
        for number in range(7):
            file.writestr(f"{number}.bin", b"ok\xff")
        file.writestr(member("link", external_attr=0o120777 << 16), "/etc/passwd")
        file.writestr(member("device", external_attr=0o020666 << 16), "")
        file.writestr("/etc/x", "x")
        file.writestr("a//b", "x")
        file.writestr("e\u0301.md", "x")
        file.writestr("key.md", f"first\n{'ghp_' + 'Zq3Vx8Lm2Rt7Yk5Wn9Bd4Hs6Jf1Gc0PaQeTu'}\n")
        file.writestr("nul.md", "first\n\0")
        file.writestr("note", "x")
        file.writestr("note/below", "x")
        file.writestr("good.md", "good\n")
    done = terminal.says("import", str(archive), "/memories", "--dry-run")
    assert done.splitlines() == [
        "create   /memories/good.md",
        "create   /memories/note",
        f"cannot   7 files, not UTF-8 text: {', '.join(f'{n}.bin (byte 3)' for n in range(5))} and 2 more",
        "cannot   2 files, it has an empty segment; write single slashes: /etc/x, a//b",
        "cannot   1 file, a symbolic link: link",
        "cannot   1 file, not a regular file: device",
        "cannot   1 file, it is not in Unicode normal form NFC; send its composed form: e\u0301.md",
        "cannot   1 file, a secret (github-token): key.md (line 2)",
        "cannot   1 file, below a path that is a file in the source: note/below (note)",
        "cannot   1 file, a NUL character: nul.md (line 2)",
        "2 to create, 0 to replace, 0 to delete, 0 unchanged, 15 that cannot be taken.",
    ]
    assert terminal.json("ls", "/memories", "-r") == []


def test_a_damaged_archive_is_refused_as_one(terminal: Terminal, tmp_path: Path) -> None:
    archive = tmp_path / "odd.zip"
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("ü.md", "one\n" * 100)
    whole = archive.read_bytes()
    archive.write_bytes(whole[40:])
    said = terminal.refuses("import", str(archive), "/memories")
    assert "damaged" in said
    archive.write_bytes(whole.replace("ü".encode(), b"\xc3\x28"))
    said = terminal.refuses("import", str(archive), "/memories")
    assert "damaged zip archive" in said
    assert terminal.json("ls", "/memories", "-r") == []


def test_a_member_that_holds_more_than_it_promises_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inward, "CONTENT_BYTES_MAX", 1_000)
    archive = tmp_path / "odd.zip"
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("bomb", b"\n" * 100_000)
        file.writestr("good", b"good")
    raw = archive.read_bytes()
    archive.write_bytes(raw.replace((100_000).to_bytes(4, "little"), (10).to_bytes(4, "little")))
    found = read_source(archive)
    assert found.texts == {"good": "good"}
    assert [why.reason for why in found.problems.values()] == ["damaged, or packed in a way not known here"]
    archive.write_bytes(raw)
    assert "larger than 1,000 bytes" in read_source(archive).problems["bomb"].reason


def test_a_folder_with_what_nobody_can_read_is_imported_without_it(terminal: Terminal, tmp_path: Path) -> None:
    source = tmp_path / "source"
    (source / "sub/.git/objects").mkdir(parents=True)
    (source / "sub/.git/objects/x").write_bytes(b"\xff")
    (source / "sub/a.md").write_text("a\n")
    (source / "/".join("d" * 30)).mkdir(parents=True)
    os.mkfifo(source / "pipe")
    (source / os.fsdecode(b"\xff.md")).write_text("x")
    plan = terminal.json("import", str(source), "/memories", "--dry-run")
    assert plan["refused"] == {
        f"{'d/' * 20}": "deeper than 20 segments",
        "pipe": "not a regular file",
        "\\xff.md": "its name is not UTF-8",
    }
    assert plan["ignored"] == ["sub/.git"]
    assert plan["created"] == ["/memories/sub/a.md"]
    assert "3 files cannot be taken" in terminal.refuses("import", str(source), "/memories")


def test_a_mirror_does_not_delete_what_the_source_has_and_cannot_be_taken(terminal: Terminal, tmp_path: Path) -> None:
    for name in ("big.md", "bad.md", "gone.md"):
        terminal.run("put", f"/memories/{name}", given="kept\n")
    source = tmp_path / "source"
    source.mkdir()
    (source / "big.md").write_text("x" * 102_401)
    (source / "bad.md").write_bytes(b"\xff")
    plan = terminal.json("import", str(source), "/memories", "--mirror", "--skip", "--yes")
    assert plan["deleted"] == {"/memories/gone.md": 3}
    assert {row["path"] for row in terminal.json("ls", "/memories")} == {"/memories/big.md", "/memories/bad.md"}


def test_more_files_than_the_store_takes_are_refused_by_the_plan(terminal: Terminal, tmp_path: Path) -> None:
    terminal.run("store", "set", "memories", "--files-count", "1")
    source = tmp_path / "source"
    source.mkdir()
    for name in ("a.md", "b.md"):
        (source / name).write_text("x\n")
    said = terminal.refuses("import", str(source), "/memories", "--dry-run")
    assert "has 0 files and would have 2; the limit is 1" in said


@pytest.mark.parametrize(
    "names",
    [("sub/.GIT/config",), ("config", "HEAD", "objects/x", "refs/x"), ("sub/HEAD", "sub/objects/x", "sub/refs/x")],
)
def test_what_an_agent_wrote_does_not_become_a_repository_that_git_obeys(
    terminal: Terminal, tmp_path: Path, names: tuple[str, ...]
) -> None:
    for name in names:
        terminal.run("put", f"/memories/{name}", given="[core]\n\tfsmonitor = false\n")
    refused = terminal.json("export", "/memories", str(tmp_path / "out"), code=1)
    assert refused["error"]["code"] == "not_allowed"
    assert "would make git take the folder for a repository" in refused["error"]["message"]
    assert not (tmp_path / "out").exists()
    terminal.run("export", "/memories", str(tmp_path / "out.zip"))


def test_a_file_called_head_is_a_file_like_any_other(terminal: Terminal, tmp_path: Path) -> None:
    for name in ("HEAD", "objects/x", "notes/HEAD", "overhead", "notes/objects/x"):
        terminal.run("put", f"/memories/{name}", given="x\n")
    assert terminal.json("export", "/memories", str(tmp_path / "out"))["files"] == 5


def test_a_name_too_long_for_this_file_system_is_refused_before_anything_is_written(
    terminal: Terminal, tmp_path: Path
) -> None:
    terminal.run("put", "/memories/a.md", given="a\n")
    terminal.run("put", f"/memories/{'x' * 1_024}", given="long\n")
    refused = terminal.json("export", "/memories", str(tmp_path / "new/out"), code=1)["error"]
    assert refused["code"] == "limit"
    assert "at most 255 bytes" in refused["message"]
    assert "zip archive instead" in refused["message"]
    assert not (tmp_path / "new").exists()
    terminal.run("export", "/memories", str(tmp_path / "out.zip"))
    other = Terminal(tmp_path / "other.db")
    assert other.json("import", str(tmp_path / "out.zip"), "/memories")["created"] == [
        "/memories/a.md",
        f"/memories/{'x' * 1_024}",
    ]


def test_an_export_that_fails_midway_leaves_nothing(
    terminal: Terminal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    terminal.run("put", "/memories/a.md", given="a\n")
    terminal.run("put", "/memories/deep/" + "/".join(["d" * 100] * 9) + "/b.md", given="b\n")

    def too_many(_folder: Path) -> int:
        return 1_024

    monkeypatch.setattr(outward, "name_bytes_max", too_many)
    terminal.run("put", f"/memories/{'x' * 1_000}", given="long\n")
    (tmp_path / "empty").mkdir()
    for target in ("out", "empty"):
        said = terminal.refuses("export", "/memories", str(tmp_path / target))
        assert "File name too long" in said
        assert "zip archive instead" in said
    assert sorted(path.name for path in tmp_path.iterdir()) == ["empty", "memories.db"]
    assert not any((tmp_path / "empty").iterdir())


def test_an_empty_folder_is_filled_and_stays_the_same_folder(terminal: Terminal, tmp_path: Path) -> None:
    terminal.run("put", "/memories/a/b.md", given="a\n")
    (tmp_path / "empty").mkdir()
    before = (tmp_path / "empty").stat().st_ino
    terminal.run("export", "/memories", str(tmp_path / "empty"))
    assert [path.name for path in (tmp_path / "empty").iterdir()] == ["a"]
    assert (tmp_path / "empty").stat().st_ino == before


def test_a_file_system_that_folds_names_gets_nothing(
    terminal: Terminal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    terminal.run("put", "/memories/Notes/a.md", given="a\n")
    terminal.run("put", "/memories/notes/b.md", given="b\n")
    replace = os.walk

    def folding(where: str | Path) -> Iterator[tuple[str, list[str], list[str]]]:
        """What such a file system says of what was written."""
        for folder, folders, files in replace(where):
            yield folder.replace("Notes", "notes"), folders, files

    monkeypatch.setattr(os, "walk", folding)
    said = terminal.refuses("export", "/memories", str(tmp_path / "out"))
    assert "does not keep Notes/a.md apart" in said
    assert not (tmp_path / "out").exists()


def test_a_pin_is_not_exported_and_is_named(terminal: Terminal, tmp_path: Path) -> None:
    terminal.run("put", "/memories/rules.md", given="Ask first.\n")
    terminal.run("pin", "/memories/rules.md")
    assert "a pin is not exported: rules.md" in terminal.run("export", "/memories", str(tmp_path / "out.zip")).stderr
    other = Terminal(tmp_path / "other.db")
    other.run("import", str(tmp_path / "out.zip"), "/memories")
    assert "pinned" not in other.json("ls", "/memories")[0]


def test_an_export_writes_over_nothing(terminal: Terminal, tmp_path: Path) -> None:
    terminal.run("put", "/memories/a.md", given="a\n")
    (tmp_path / "full").mkdir()
    (tmp_path / "full/mine").write_text("mine")
    assert "not empty" in terminal.refuses("export", "/memories", str(tmp_path / "full"))
    (tmp_path / "there.zip").write_text("mine")
    assert "exists" in terminal.refuses("export", "/memories", str(tmp_path / "there.zip"))
    assert "exists" in terminal.refuses("backup", str(tmp_path / "there.zip"))
    assert (tmp_path / "there.zip").read_text() == "mine"


def test_an_export_of_the_past_has_what_was_there_then(terminal: Terminal, tmp_path: Path) -> None:
    terminal.run("put", "/memories/a.md", given="then\n")
    terminal.run("rm", "/memories/a.md")
    terminal.run("export", "/memories", str(tmp_path / "then"), "--version", "1")
    assert (tmp_path / "then/a.md").read_text() == "then\n"
    assert terminal.json("export", "/memories", str(tmp_path / "before"), "--version", "-1")["version"] == 1
    assert "There is no version -2" in terminal.refuses("export", "/memories", str(tmp_path / "x"), "--version", "-2")
    assert not (tmp_path / "x").exists()


def test_a_file_of_changes_is_applied_as_one_revision_or_not_at_all(terminal: Terminal) -> None:
    terminal.run("put", "/memories/a.md", given="one\n")
    changes = [
        {"operation": "edit", "path": "/memories/a.md", "old_str": "one", "new_str": "two"},
        {"operation": "create", "path": "/memories/b.md", "file_text": "b\n"},
    ]
    done = terminal.json("apply", given=json.dumps({"changes": changes, "message": "both"}))
    assert done["version"] == 2
    assert [row["message"] for row in terminal.json("log", "/memories/b.md")] == ["both"]
    said = terminal.refuses("apply", given=json.dumps(changes))
    assert "change 1" in said
    assert "Nothing was written" in said
    assert terminal.json("ls", "/memories")[0]["version"] == 2


def test_a_file_that_holds_no_changes_is_refused(terminal: Terminal) -> None:
    assert "not JSON" in terminal.refuses("apply", given="{")
    assert "no changes" in terminal.refuses("apply", given="[]")
    assert "operation" in terminal.refuses("apply", given='[{"operation": "burn", "path": "/memories/a"}]')
    assert "nonsense" in terminal.refuses("apply", given='{"nonsense": 1}')
    assert "not JSON" in terminal.run("apply", given=b"[\xff]", code=1).stderr


def test_a_file_of_changes_is_for_one_store_and_refused_in_its_own_words(terminal: Terminal) -> None:
    terminal.run("store", "create", "other")
    terminal.run("put", "/memories/a.md", given="one\n")
    edit = {"operation": "edit", "path": "/memories/a.md", "old_str": "one", "new_str": "two"}
    other = {"operation": "create", "path": "/other/b.md", "file_text": "b\n"}
    said = terminal.refuses("apply", given=json.dumps([edit, other]))
    assert "Change 2: /other/b.md is not in /memories, as change 1 is." in said
    said = terminal.refuses("apply", given=json.dumps([{**edit, "expected_version": 7}]))
    assert "expected_version=1" in said
    assert "old_str" in terminal.refuses("apply", given=json.dumps([{**edit, "old_str": "three"}]))
    assert terminal.says("cat", "/memories/a.md") == "one\n"


def test_a_backup_opens_as_a_database_of_its_moment(terminal: Terminal, tmp_path: Path) -> None:
    terminal.run("put", "/memories/a.md", given="then\n")
    terminal.run("backup", str(tmp_path / "copy.db"))
    terminal.run("put", "/memories/a.md", "--expected-version", "1", given="now\n")
    copy = Terminal(tmp_path / "copy.db")
    assert copy.says("cat", "/memories/a.md") == "then\n"
    assert "everything is as it was written" in copy.says("doctor", "--verify")
    copy.run("put", "/memories/b.md", given="a database like any other\n")
    assert (tmp_path / "copy.db").stat().st_mode & 0o077 == 0
    assert not list(tmp_path.glob(".dreamfs-*"))


def test_a_backup_is_one_moment_while_another_process_writes(terminal: Terminal, tmp_path: Path) -> None:
    terminal.run("put", "/memories/a.md", given="0\n")
    script = (
        "import sys; from pathlib import Path; from terminal import Terminal\n"
        "line = Terminal(Path(sys.argv[1])); number = 0\n"
        "while not Path(sys.argv[2]).exists():\n"
        "    number += 1\n"
        "    line.run('put', '/memories/a.md', '--expected-version', str(number), given=f'{number}\\n')\n"
        "    print(number, flush=True)\n"
    )
    end = tmp_path / "end"
    words = [sys.executable, "-c", script, str(terminal.database), str(end)]
    path = {"PYTHONPATH": os.pathsep.join([str(Path(__file__).parent), *sys.path])}
    with subprocess.Popen(words, stdout=subprocess.PIPE, env=os.environ | path) as writer:
        assert writer.stdout is not None
        try:
            assert writer.stdout.readline() == b"1\n"
            terminal.run("backup", str(tmp_path / "copy.db"))
            assert writer.stdout.readline() == b"2\n"
        finally:
            end.touch()
            writer.stdout.read()
    assert writer.returncode == 0
    copy = Terminal(tmp_path / "copy.db")
    assert copy.says("cat", "/memories/a.md") == f"{copy.json('log', '/memories')[0]['version'] - 1}\n"
    assert "everything is as it was written" in copy.says("doctor", "--verify")


def test_a_backup_has_a_folder_and_a_name_of_its_own(terminal: Terminal, tmp_path: Path) -> None:
    (tmp_path / "nothing.db").symlink_to(tmp_path / "elsewhere.db")
    for there in (terminal.database, tmp_path, tmp_path / "nothing.db"):
        terminal.run("ls")
        assert "exists; name a new file" in terminal.refuses("backup", str(there))
    assert "does not exist; make it" in terminal.refuses("backup", str(tmp_path / "none/copy.db"))
    terminal.run("backup", str(tmp_path / "copy.db"))
    terminal.run("put", "/memories/a.md", given="then\n")
    plan = terminal.json("redact", "/memories/a.md", "--all", "--dry-run")
    assert plan["backups"] == [str(tmp_path / "copy.db")]
