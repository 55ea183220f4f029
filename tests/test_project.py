"""Under a client that works in a repository, `/project` is that repository's own memory."""

import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from command_line import CommandLine
from dreamfs_server.commands.project import repository_of
from stdio_process import StdioProcess


def git(folder: Path, *words: str) -> None:
    identity = ["-c", "user.name=Ada", "-c", "user.email=ada@example.org", "-c", "protocol.file.allow=always"]
    subprocess.run(["git", *identity, *words], cwd=folder, check=True, capture_output=True)


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A repository with a commit, a folder, and a worktree elsewhere."""
    folder = tmp_path / "My App"
    (folder / "src" / "deep").mkdir(parents=True)
    git(folder, "init", "-q")
    git(folder, "commit", "-q", "--allow-empty", "-m", "first")
    git(folder, "worktree", "add", "-q", str(tmp_path / "elsewhere" / "tree"))
    return folder


def served(
    database: Path, calls: list[tuple[str, Mapping[str, Any]]], *words: str, folder: Path | None = None
) -> list[str]:
    """What a server answers to some calls."""
    env = {"CLAUDE_PROJECT_DIR": str(folder)} if folder else {}
    arguments = ["-m", "dreamfs_server", "--db", str(database), "serve", *words]
    with StdioProcess(arguments, env=env) as server:
        server.open()
        return [server.call(tool, given)["content"][0]["text"] for tool, given in calls]


ROOT = ("list", {"depth": 1})


def test_every_folder_and_worktree_of_a_repository_is_that_repository(repository: Path, tmp_path: Path) -> None:
    for folder in (repository, repository / "src" / "deep", repository / ".git", tmp_path / "elsewhere" / "tree"):
        assert repository_of(folder) == repository


def test_a_bare_repository_stands_for_its_worktrees(repository: Path, tmp_path: Path) -> None:
    git(tmp_path, "clone", "-q", "--bare", str(repository), "app.git")
    git(tmp_path / "app.git", "worktree", "add", "-q", str(tmp_path / "of-bare"), "-b", "other")
    assert repository_of(tmp_path / "of-bare") == tmp_path / "app.git"


def test_a_submodule_and_a_folder_outside_are_themselves(repository: Path, tmp_path: Path) -> None:
    git(tmp_path, "init", "-q", "lib")
    git(tmp_path / "lib", "commit", "-q", "--allow-empty", "-m", "first")
    git(repository, "submodule", "--quiet", "add", str(tmp_path / "lib"), "lib")
    assert repository_of(repository / "lib") == repository / "lib"
    assert repository_of(tmp_path / "elsewhere") == tmp_path / "elsewhere"


def test_a_pointer_that_the_repository_does_not_return_is_not_believed(repository: Path, tmp_path: Path) -> None:
    (tmp_path / "unpacked").mkdir()
    (tree,) = (repository / ".git" / "worktrees").iterdir()
    for text in (f"gitdir: {tree}\n", "gitdir: \n", "nonsense", "gitdir: /nowhere\n", "x" * 5_000):
        (tmp_path / "unpacked" / ".git").write_text(text)
        assert repository_of(tmp_path / "unpacked") == tmp_path / "unpacked"


def test_one_projects_memory_is_not_anothers(repository: Path, tmp_path: Path) -> None:
    database, other = tmp_path / "dreamfs.db", tmp_path / "other" / "My App"
    other.mkdir(parents=True)
    note = ("create", {"path": "/project/note.md", "file_text": "of the app\n"})
    view = ("view", {"path": "/project/note.md"})
    assert "created successfully at: /project/note.md" in served(database, [note], folder=repository)[0]
    assert "of the app" in served(database, [view], folder=tmp_path / "elsewhere" / "tree")[0]
    mounts, missing = served(database, [ROOT, view], folder=other)
    assert [line.split(" · ")[0] for line in mounts.splitlines()[:2]] == ["/memories", "/project"]
    assert "does not exist" in missing
    assert str(tmp_path) not in mounts
    assert "/project" not in served(database, [ROOT])[0]
    stores = CommandLine(database).json("store", "list")
    assert [(store["slug"], store["project"]) for store in stores] == [
        ("memories", None),
        ("my-app", str(repository)),
        ("my-app-2", str(other)),
    ]
    assert CommandLine(database).said("cat", "/my-app/note.md") == "of the app\n"


def test_chosen_mounts_are_all_there_is_unless_a_project_is_asked_for(repository: Path, tmp_path: Path) -> None:
    database = tmp_path / "dreamfs.db"
    (chosen,) = served(database, [ROOT], "--mount", "m=memories:ro", folder=repository)
    assert [line.split(" · ")[:2] for line in chosen.splitlines() if line.startswith("/")] == [["/m", "ro"]]
    (both,) = served(database, [ROOT], "--mount", "m=memories:ro", "--project", str(repository / "src"))
    assert [line.split(" · ")[:2] for line in both.splitlines() if line.startswith("/")] == [
        ["/m", "ro"],
        ["/project", "rw"],
    ]


def test_a_repository_that_moved_can_be_given_its_memory_again(repository: Path, tmp_path: Path) -> None:
    dreamfs = CommandLine(tmp_path / "dreamfs.db")
    served(dreamfs.database, [ROOT], folder=repository)
    moved = repository.rename(tmp_path / "renamed")
    assert dreamfs.json("store", "set", "my-app", "--project", str(moved / "src"))["project"] == str(moved)
    served(dreamfs.database, [ROOT], folder=moved)
    assert len(dreamfs.json("store", "list")) == 2


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--mount", "a=memories", "--mount", "a=memories:ro"], "Two stores cannot both be mounted as /a"),
        (["--mount", "project=memories", "--project", "."], "Two stores cannot both be mounted as /project"),
        (["--mount", "m=memories@1:rw"], "the past is read-only: leave out :rw"),
        (["--mount", "m=memories@x"], "after @ stands the number of a revision"),
        (["--mount", "dreams=memories"], "/dreams is a name of dreamfs itself"),
        (["--project", "/nowhere"], "Directory '/nowhere' does not exist"),
    ],
)
def test_mounts_that_cannot_be_are_a_matter_of_usage(tmp_path: Path, words: list[str], sentence: str) -> None:
    assert sentence in CommandLine(tmp_path / "dreamfs.db").refused("serve", *words, code=2)


@pytest.mark.parametrize(
    ("mount", "sentence"),
    [
        ("nope", "There is no store nope; `dreamfs store list` shows the stores there are."),
        ("memories@7", "The mount /memories cannot show version 7: the newest of the store memories is 0."),
    ],
)
def test_mounts_of_what_is_not_there_are_refused(tmp_path: Path, mount: str, sentence: str) -> None:
    assert sentence in CommandLine(tmp_path / "dreamfs.db").refused("serve", "--mount", mount)
