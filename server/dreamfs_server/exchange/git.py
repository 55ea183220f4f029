"""A store's whole history as a git repository: one commit a revision, made through `git fast-import`.

The author of a commit is the session and the actor of its revision, its date and message are the revision's; git finds
renames by content itself. Versions stay visible: every commit ends in a `Dreamfs-Version` trailer, and a tag names the
version that was exported. Content that is gone becomes a one-line placeholder, since git cannot say "gone".
"""

import re
import subprocess
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import anyio
from anyio.abc import ByteSendStream

from dreamfs_server.exchange.staging import NAME_BYTES_MAX, new_folder
from dreamfs_tools.errors import Refusal
from dreamfs_tools.filesystem import Change, ChangeFilter, Filesystem, Revision, Snapshot

BRANCH = "main"
WINDOW_REVISIONS = 200
"""Revisions read in one snapshot: history is append-only, so windows join up."""
CHANGES_MAX = 1_000_000
"""More than one revision can hold: a window's changes are read whole."""
REDACTED = "[redacted]\n"
PRUNED = "[no longer kept]\n"

_GIT_NAMES = frozenset({".git", ".gitmodules", ".gitattributes"})
_SHORT_NAME = re.compile(r"gi[0-9a-z]*~[0-9]+")
"""What Windows may call one of them as well; git refuses it everywhere."""


@dataclass(frozen=True, slots=True)
class Exported:
    """What an export wrote."""

    store: str
    version: int
    """The store's head when the export began."""
    commits: int
    changes: int
    left_out: Mapping[str, str] = field(default_factory=dict[str, str])
    """Paths that git is not given, and why."""


@dataclass(frozen=True, slots=True)
class _Step:
    """A change with its content, read together in one snapshot."""

    change: Change
    text: str | None


async def export_git(filesystem: Filesystem, store: str, folder: Path) -> Exported:
    """Write a store's history to a new git repository, or nothing.

    Args:
        filesystem: where the store is.
        store: its slug.
        folder: must not exist, or be empty.

    Raises:
        Refusal: `not_found` for an unknown store, `already_exists` for a folder with something in it, `unavailable`
            where there is no git, or the folder cannot be written.
    """
    head = await filesystem.read(lambda snapshot: _head(snapshot, store))
    with new_folder(folder) as made:
        await _git("init", "--quiet", f"--initial-branch={BRANCH}", str(made))
        # The bytes of a memory are what they are, whatever this person's git does to line ends.
        await _git("-C", str(made), "config", "core.autocrlf", "false")
        exported = await _import(filesystem, store, head, made)
        if exported.commits:
            await _git("-C", str(made), "reset", "--quiet", "--hard", BRANCH)
    return exported


async def _import(filesystem: Filesystem, store: str, head: int, folder: Path) -> Exported:
    """Give git the whole history."""
    commits = changes = 0
    left_out: dict[str, str] = {}
    command = ["git", "-C", str(folder), "fast-import", "--quiet", "--date-format=raw-permissive"]
    async with await anyio.open_process(command, stdin=subprocess.PIPE, stdout=None, stderr=subprocess.PIPE) as process:
        assert process.stdin is not None
        with suppress(anyio.BrokenResourceError):  # it ended early, and says why
            async for steps in _windows(filesystem, store, head):
                for revision, group in _by_revision(steps):
                    left_out |= {step.change.path: why for step in group if (why := _why_not(step.change.path))}
                    await _commit(process.stdin, revision, group, first=commits == 0)
                    commits += 1
                    changes += sum(step.change.path not in left_out for step in group)
            if commits:
                await process.stdin.send(f"reset refs/tags/version-{head}\nfrom refs/heads/{BRANCH}\n\n".encode())
        await process.stdin.aclose()
        assert process.stderr is not None
        said = b"".join([part async for part in process.stderr]).decode(errors="replace")
    if process.returncode:
        raise Refusal(
            "unavailable", f"git could not take the history: {said.strip().splitlines()[-1] if said else '?'}"
        )
    return Exported(store, head, commits, changes, dict(sorted(left_out.items())))


def _why_not(path: str) -> str:
    """Why git is not given a path; "" where it is.

    Agents choose names and texts, and git runs commands that the settings of a repository name. A name that no file system
    takes would be kept by git, and then could not be checked out, here or in any clone.
    """
    segments = path.split("/")
    names = [segment.casefold().partition(":")[0].rstrip(" .") for segment in segments]
    if any(name in _GIT_NAMES or _SHORT_NAME.fullmatch(name) for name in names):
        return "git keeps this name for itself"
    if names[-1] == "head":  # without it no folder is a bare repository
        return "a file called HEAD can make git take its folder for a repository"
    longest = max(len(segment.encode()) for segment in segments)
    if longest > NAME_BYTES_MAX:
        return f"a name of {longest:,} bytes; file systems take {NAME_BYTES_MAX}"
    return ""


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
    if text is None:
        text = REDACTED if change.redacted_at else PRUNED
    return _Step(change, text)


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
    subject = revision.message.strip() or _subject(steps)
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
    # First what goes: a file may take a path that another leaves, or that was a folder.
    lines += [b"D " + _quoted(path) + b"\n" for path in _left(steps) if not _why_not(path)]
    for step in steps:
        if step.text is not None and not _why_not(step.change.path):
            body = step.text.encode()
            lines += [b"M 100644 inline " + _quoted(step.change.path) + b"\ndata %d\n" % len(body), body, b"\n"]
    await stream.send(b"".join([*lines, b"\n"]))


def _left(steps: Iterable[_Step]) -> Iterable[str]:
    """The paths at which a revision left nothing, as far as it does not fill them again."""
    for step in steps:
        if step.text is None:
            yield step.change.path
        elif step.change.old_path and not step.change.old_path.startswith("/"):
            yield step.change.old_path


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
