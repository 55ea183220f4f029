"""Which repository a folder belongs to, and the store that is its memory. See docs/decisions for why it is a path."""

from pathlib import Path

from dreamfs_server.commands.context import Opened
from dreamfs_tools.errors import Refusal
from dreamfs_tools.filesystem import Author, Snapshot, Store
from dreamfs_tools.stores import DESCRIPTION_CHARACTERS_MAX, NAME_CHARACTERS_MAX, free_slug, one_line, slug_of

POINTER_BYTES_MAX = 4_096
"""Git's own pointer files are one path long."""


def repository_of(folder: Path) -> Path:
    """The folder that stands for the repository a folder is in; all worktrees of one repository give the same.

    That is the main worktree's folder, or the repository itself where it is bare. Outside a repository it is the folder
    as it is. Git is not run: it may be missing, and would cost a server's start.
    """
    folder = folder.resolve()
    for top in (folder, *folder.parents):
        mark = top / ".git"
        if mark.is_dir():
            return top
        if mark.is_file():
            common = _common_directory(mark)
            if common is None:
                return top  # a submodule, or nothing that git made
            return common.parent if common.name == ".git" else common
    return folder


async def project_store(opened: Opened, folder: Path, author: Author) -> str:
    """The slug of the store of a folder's repository, made where there is none."""
    repository = repository_of(folder)
    while True:
        slug, is_there = await opened.filesystem.read(lambda snapshot: _slug(snapshot, repository))
        if is_there:
            return slug
        name = _name(repository)
        about = f"What is known about the project {name}."[:DESCRIPTION_CHARACTERS_MAX]
        store = Store(slug, name, about, project=str(repository))
        try:
            await opened.stores.create_store(store, author)
        except Refusal as refusal:
            if refusal.code != "already_exists":  # another server has just made it, or one of that name
                raise


def _slug(snapshot: Snapshot, repository: Path) -> tuple[str, bool]:
    stores = snapshot.stores()
    for store in stores:
        if store.project == str(repository):
            return store.slug, True
    return free_slug(slug_of(_name(repository)) or "repository", [store.slug for store in stores]), False


def _name(repository: Path) -> str:
    return one_line(repository.name.removesuffix(".git") or "repository")[:NAME_CHARACTERS_MAX]


def _common_directory(mark: Path) -> Path | None:
    """The repository of a linked worktree, given its file `.git`; None where that is no worktree's.

    The repository has to point back, as git writes it: a file that somebody unpacked could name any.
    """
    own = _pointer(mark, "gitdir: ")
    if own is None or _pointer(own / "gitdir") != mark:
        return None
    common = _pointer(own / "commondir")
    return common if common is not None and common.is_dir() else None


def _pointer(file: Path, prefix: str = "") -> Path | None:
    """The path that a small file holds, relative to the folder it is in."""
    try:
        if file.stat().st_size > POINTER_BYTES_MAX:
            return None
        text = file.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError):
        return None
    return (file.parent / text.removeprefix(prefix)).resolve() if text.startswith(prefix) and text != prefix else None
