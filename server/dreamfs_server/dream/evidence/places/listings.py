"""What a search answered: whether it names a file, and the only file that it names."""

import re
from collections.abc import Iterable, Iterator, Sequence
from posixpath import basename

from dreamfs_server.dream.evidence.places.searches import Search

read_characters_max = 40_000
lines_max = 200

_NAMED = re.compile(r"(?:\./)?((?:[A-Za-z]:)?[\w./\\@+\[\]()-]*\w\.[A-Za-z]\w{0,5})(?=$|:)")
_APART = re.compile(r"[\s'\"`:*|]")
_GOES_ON = re.compile(r"[\w-]|\.\w")
_NO_FOLDER = frozenset(("", ".", "..", "~"))


def names(search: Search, path: str) -> bool:
    """Whether the answer names a file: its path, the end of it, or its name with nothing before it that contradicts."""
    text, name = answer(search), basename(path)
    if name not in text:
        return False
    folders = [part.casefold() for part in path.split("/")[:-1] if part not in _NO_FOLDER]
    bare = 0
    for start in _starts(text, name):
        said = _APART.split(text[max(0, start - 300) : start])[-1].replace("\\", "/").split("/")
        said = [part.casefold() for part in said if part not in _NO_FOLDER]
        if not said:
            bare += 1
        elif all(one == other for one, other in zip(reversed(said), reversed(folders), strict=False)):
            return True
    return bare == 1 and _may_lie_in(search.folders, folders)


def _starts(text: str, name: str) -> Iterator[int]:
    """Where a name stands that is no part of a longer one."""
    at = text.find(name)
    while at >= 0:
        before = text[at - 1] if at else "/"
        if not (before.isalnum() or before in "_.-") and not _GOES_ON.match(text, at + len(name)):
            yield at
        at = text.find(name, at + 1)


def _may_lie_in(listed: Iterable[str], folders: Sequence[str]) -> bool:
    """Whether what is named without a folder may lie in one that was listed."""
    ends = {basename(folder.replace("\\", "/").rstrip("/")).casefold() for folder in listed} - _NO_FOLDER
    ends = {end for end in ends if "*" not in end}
    return not ends or (bool(folders) and folders[-1] in ends)


def only_file(search: Search) -> tuple[str, int, int] | None:
    """The one file that the answer names at the beginning of its lines, with the place of its first line; else None."""
    text = answer(search)
    found: dict[str, tuple[int, int]] = {}
    at = 0
    for line in text.split("\n", lines_max)[:lines_max]:
        if named := _NAMED.match(line):
            found.setdefault(named[1], (at, at + len(line)))
            if len(found) > 1:
                return None
        at += len(line) + 1
    return next(((path, *span) for path, span in found.items()), None)


def lines_about(search: Search, path: str) -> str:
    """The lines of the answer that name a file."""
    name = basename(path)
    return "\n".join(line for line in answer(search).split("\n") if name in line)


def answer(search: Search) -> str:
    """What was answered, as far as it is read."""
    return search.step.result.text[:read_characters_max] if search.step.result is not None else ""
