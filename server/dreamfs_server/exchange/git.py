"""A store's whole history as a git repository: one commit a revision, made through `git fast-import`.

The author of a commit is the session and the actor of its revision, its date and message are the revision's, and a
rename is told as one. Versions stay visible: every commit ends in a `Dreamfs-Version` trailer, and a tag names the
version that was exported. Content that was redacted becomes a one-line placeholder, since git cannot say "gone".
"""

import subprocess
from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import anyio
from anyio.abc import ByteSendStream

from dreamfs_server.exchange.outward import check_new_folder
from dreamfs_tools.errors import Refusal
from dreamfs_tools.filesystem import Change, ChangeFilter, Filesystem, Revision, Snapshot

BRANCH = "main"
WINDOW_REVISIONS = 200
"""Revisions read in one snapshot: history is append-only, so windows join up."""
CHANGES_MAX = 1_000_000
"""More than one revision can hold: a window's changes are read whole."""
PLACEHOLDER = "[redacted]\n"


@dataclass(frozen=True, slots=True)
class Exported:
    """What an export wrote."""

    store: str
    version: int
    """The store's head when the export began."""
    commits: int
    changes: int
    left_out: Sequence[str] = ()
    """Paths that git is not given: those with a segment `.git`, and files called HEAD."""


@dataclass(frozen=True, slots=True)
class _Step:
    """A change with its content, read together in one snapshot."""

    change: Change
    text: str | None


async def export_git(filesystem: Filesystem, store: str, folder: Path) -> Exported:
    """Write a store's history to a new git repository.

    Args:
        filesystem: where the store is.
        store: its slug.
        folder: must not exist, or be empty.

    Raises:
        Refusal: `not_found` for an unknown store, `already_exists` for a folder with something in it, `unavailable`
            where there is no git.
    """
    head = await filesystem.read(lambda snapshot: _head(snapshot, store))
    await anyio.to_thread.run_sync(check_new_folder, folder)
    await _git("init", "--quiet", f"--initial-branch={BRANCH}", str(folder))
    commits = changes = 0
    left_out: set[str] = set()
    command = ["git", "-C", str(folder), "fast-import", "--quiet", "--date-format=raw-permissive"]
    async with await anyio.open_process(command, stdin=subprocess.PIPE, stdout=None, stderr=subprocess.PIPE) as process:
        assert process.stdin is not None
        async for steps in _windows(filesystem, store, head):
            for revision, group in _by_revision(steps):
                held = [step for step in group if not _is_git_own(step.change.path)]
                left_out.update(step.change.path for step in group if step not in held)
                await _commit(process.stdin, revision, held, first=commits == 0)
                commits += 1
                changes += len(held)
        if commits:
            await process.stdin.send(f"reset refs/tags/version-{head}\nfrom refs/heads/{BRANCH}\n\n".encode())
        await process.stdin.aclose()
        assert process.stderr is not None
        said = b"".join([part async for part in process.stderr]).decode(errors="replace")
    if process.returncode:
        raise Refusal(
            "unavailable", f"git could not take the history: {said.strip().splitlines()[-1] if said else '?'}"
        )
    if commits:
        await _git("-C", str(folder), "reset", "--quiet", "--hard", BRANCH)
    return Exported(store, head, commits, changes, sorted(left_out))


def _is_git_own(path: str) -> bool:
    """Whether git may not be given a path: `.git`, and HEAD, without which no folder is a bare repository.

    Agents choose names and texts, and git runs commands that the settings of a repository name.
    """
    segments = path.casefold().split("/")
    return ".git" in segments or segments[-1] == "head"


def _head(snapshot: Snapshot, slug: str) -> int:
    store = snapshot.store(slug)
    if store is None:
        names = ", ".join(each.slug for each in snapshot.stores())
        raise Refusal("not_found", f"There is no store {slug}; the stores are: {names}.")
    return store.head


async def _windows(filesystem: Filesystem, store: str, head: int) -> AsyncIterator[list[_Step]]:
    for start in range(0, head, WINDOW_REVISIONS):
        which = ChangeFilter(after_version=start, up_to_version=min(start + WINDOW_REVISIONS, head))

        def query(snapshot: Snapshot, which: ChangeFilter = which) -> list[_Step]:
            return [_step(snapshot, change) for change in snapshot.changes(store, which, CHANGES_MAX)]

        yield sorted(await filesystem.read(query), key=lambda step: (step.change.version, step.change.path))


def _step(snapshot: Snapshot, change: Change) -> _Step:
    tree = snapshot.tree(change.store, change.version)
    entry = tree.entry(change.path)
    if entry is None or entry.kind != "file" or entry.version != change.version:
        return _Step(change, None)
    text = tree.text(entry)
    return _Step(change, PLACEHOLDER if text is None else text)


def _by_revision(steps: Iterable[_Step]) -> Iterable[tuple[Revision, list[_Step]]]:
    group: list[_Step] = []
    for step in steps:
        if group and group[-1].change.version != step.change.version:
            yield group[0].change.revision, group
            group = []
        group.append(step)
    if group:
        yield group[0].change.revision, group


async def _commit(stream: ByteSendStream, revision: Revision, steps: Sequence[_Step], *, first: bool) -> None:
    when = f"{int(revision.created_at.timestamp())} +0000"
    author = revision.author
    name = _person(author.session_id or author.host_session_id or author.connection_id or author.actor or "unknown")
    address = _person(author.actor or "unknown")
    subject = revision.message or (_subject(steps) if steps else "Nothing that git can hold")
    behalf = f"\nDreamfs-On-Behalf-Of: {_line(author.on_behalf_of)}" if author.on_behalf_of else ""
    message = f"{subject}\n\nDreamfs-Version: {revision.number}{behalf}\n".encode()
    lines = [
        f"commit refs/heads/{BRANCH}\n".encode(),
        f"author {name} <{address}> {when}\n".encode(),
        f"committer dreamfs <> {when}\n".encode(),
        b"data %d\n" % len(message),
        message,
    ]
    if first:
        lines.append(b"deleteall\n")
    # Renames first: a later file may take a path that a rename leaves.
    for step in sorted(steps, key=lambda step: step.change.operation != "renamed"):
        lines += _file(step)
    await stream.send(b"".join([*lines, b"\n"]))


def _file(step: _Step) -> Iterable[bytes]:
    change = step.change
    path = _quoted(change.path)
    if step.text is None:
        yield b"D " + path + b"\n"
        return
    if (
        change.operation == "renamed"
        and change.old_path
        and change.old_path[0] != "/"
        and not _is_git_own(change.old_path)
    ):
        yield b"R " + _quoted(change.old_path) + b" " + path + b"\n"
    body = step.text.encode()
    yield b"M 100644 inline " + path + b"\ndata %d\n" % len(body) + body + b"\n"


def _subject(steps: Sequence[_Step]) -> str:
    change = steps[0].change
    more = f" and {len(steps) - 1} more" if len(steps) > 1 else ""
    return f"{change.operation.capitalize()} {change.path}{more}"


def _quoted(path: str) -> bytes:
    return b'"' + path.replace('"', '\\"').encode() + b'"'


def _person(name: str) -> str:
    """A name that git takes: no angle brackets, no line ends."""
    return _line(name).replace("<", "(").replace(">", ")").strip() or "unknown"


def _line(text: str) -> str:
    return " ".join(text.split())


async def _git(*words: str) -> None:
    try:
        done = await anyio.run_process(["git", *words], check=False)
    except FileNotFoundError:
        raise Refusal("unavailable", "git is not installed; export to a folder or a zip archive instead.") from None
    if done.returncode:
        raise Refusal("unavailable", f"git failed: {done.stderr.decode(errors='replace').strip()}")
