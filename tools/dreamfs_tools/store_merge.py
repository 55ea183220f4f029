"""Plan how one store's changes come into another: a three-way merge, file by file, of two trees and where they parted.

A file is known by its `memory_id`, so that one side's rename meets the other side's edit. A file that was deleted and
written anew at its path counts as the same file. What only one side changed is taken; equal changes count once; texts
that both changed are merged by lines as `merge.py` does. Everything else is a clash: nothing of it is guessed.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from dreamfs_tools.filesystem import Edit, Entry, FileAt, Move, Put, Remove, Tree
from dreamfs_tools.merge import Overlap, merge

Files = Mapping[str, Entry]
"""What makes a file the same file on all sides → the file."""


@dataclass(frozen=True, slots=True)
class Clash:
    """What cannot be merged."""

    path: str
    """Where the file is in the store that is merged into, or would be."""
    why: str
    overlaps: Sequence[Overlap] = ()
    """Theirs are the lines of the store that is merged in."""


@dataclass(frozen=True, slots=True)
class StoreMergePlan:
    """What a merge would do."""

    edits: Sequence[Edit]
    clashes: Sequence[Clash]
    """Any: nothing may be done."""


@dataclass(frozen=True, slots=True)
class _Wanted:
    """A file as it is to be."""

    path: str
    old: Entry | None
    """As it is now; None for a new one."""
    text: str | None = None
    """None keeps the content."""
    theirs: Entry | None = None
    """The file in the store that is merged in, where that has it."""


class _ClashError(Exception):
    def __init__(self, clash: Clash) -> None:
        super().__init__(clash.why)
        self.clash = clash


def plan_store_merge(base: Tree, theirs: Tree, ours: Tree, source: tuple[str, int], target: str) -> StoreMergePlan:
    """Plan to bring the changes from `base` to `theirs` into `ours`.

    Args:
        base: the state in which the two parted.
        theirs: the store that is merged in, as it is to be taken.
        ours: the store that is merged into, as it is now.
        source: the slug of theirs and its revision.
        target: the slug of ours.
    """
    trees = (base, theirs, ours)
    then, new, now = _paired(*(list(tree.walk()) for tree in trees))
    wanted: list[_Wanted] = []
    clashes: list[Clash] = []
    for key in dict.fromkeys([*now, *then, *new]):
        try:
            found = _settled(trees, (then.get(key), new.get(key), now.get(key)), (source[0], target))
        except _ClashError as clash:
            clashes.append(clash.clash)
        else:
            wanted += [found] if found else []
    if not clashes:
        clashes += _collisions(wanted)
    left = {file.old.path for file in wanted if file.old}
    removed: list[Edit] = [
        Remove(target, entry.path, FileAt(*source, key)) for key, entry in now.items() if entry.path not in left
    ]
    edits = [*removed, *(edit for file in wanted for edit in _edits(file, source, target))]
    return StoreMergePlan([] if clashes else edits, sorted(clashes, key=lambda clash: clash.path))


def _paired(base: list[Entry], theirs: list[Entry], ours: list[Entry]) -> tuple[Files, Files, Files]:
    """The three sides under common keys."""
    ids = [{file.memory_id for file in side} for side in (base, theirs, ours)]
    at = {file.path: file.memory_id for file in base}

    def keyed(side: list[Entry], own: set[str], other: set[str]) -> dict[str, Entry]:
        found: dict[str, Entry] = {}
        for file in side:
            before = at.get(file.path)
            is_anew = before is not None and before not in own and file.memory_id not in ids[0] | other
            found[before if is_anew and before else file.memory_id] = file
        return found

    new, now = keyed(theirs, ids[1], ids[2]), keyed(ours, ids[2], ids[1])
    written_by_both = {file.path: key for key, file in new.items() if key not in ids[0] and key not in now}
    for key, file in list(now.items()):
        if key not in ids[0] and key not in new and file.path in written_by_both:
            now[written_by_both[file.path]] = now.pop(key)
    return {file.memory_id: file for file in base}, new, now


def _settled(
    trees: tuple[Tree, Tree, Tree], sides: tuple[Entry | None, Entry | None, Entry | None], names: tuple[str, str]
) -> _Wanted | None:
    """What becomes of one file; None where it is to be gone.

    Raises:
        _ClashError: where that is not to be decided here.
    """
    base, theirs, ours = sides
    source, target = names
    theirs, ours = _redacted_too(trees, base, theirs, trees[1]), _redacted_too(trees, base, ours, trees[2])
    if theirs is None:
        if ours is None or (base is not None and _is_same(base, ours) and base.path == ours.path):
            return None
        if base is None:
            return _Wanted(ours.path, ours)  # theirs never had it
        raise _ClashError(Clash(ours.path, f"it was deleted in /{source} and {_did(base, ours)} in /{target}"))
    if ours is None:
        if base is None:
            return _Wanted(theirs.path, None, _text(trees[1], theirs), theirs)
        if _is_same(base, theirs) and base.path == theirs.path:
            return None
        raise _ClashError(Clash(theirs.path, f"it was {_did(base, theirs)} in /{source} and deleted in /{target}"))
    path = _path(base, theirs, ours, names)
    if _is_same(theirs, ours) or (base is not None and _is_same(base, theirs)):
        return _Wanted(path, ours, theirs=theirs)
    if base is not None and _is_same(base, ours):
        return _Wanted(path, ours, _text(trees[1], theirs), theirs)
    return _merged(trees, sides, path)


def _redacted_too(trees: tuple[Tree, Tree, Tree], base: Entry | None, side: Entry | None, tree: Tree) -> Entry | None:
    """A side in which nothing but the redaction of the base changed a file: it counts as unchanged."""
    if base is None or side is None or base.sha256 is not None or side.sha256 is None:
        return side
    left = trees[0].text(base)
    return replace(side, sha256=None, version=base.version) if left is not None and left == tree.text(side) else side


def _path(base: Entry | None, theirs: Entry, ours: Entry, names: tuple[str, str]) -> str:
    was = base.path if base else None
    if theirs.path in {ours.path, was}:
        return ours.path
    if ours.path == was:
        return theirs.path
    source, target = names
    why = f"it was renamed to {theirs.path} in /{source} and to {ours.path} in /{target}"
    raise _ClashError(Clash(was or ours.path, why))


def _merged(
    trees: tuple[Tree, Tree, Tree], sides: tuple[Entry | None, Entry | None, Entry | None], path: str
) -> _Wanted:
    base, theirs, ours = sides
    assert theirs is not None
    assert ours is not None
    if base is None:
        raise _ClashError(Clash(ours.path, "both wrote a new file there, with different contents"))
    if base.sha256 is None:  # a part of it may be there still, but what was redacted must not decide
        why = (
            f"both changed it since, and the content of version {base.version}, in which they parted, was removed for good, "
            "so that nothing can be merged against it. Write the same text in both"
        )
        raise _ClashError(Clash(ours.path, why))
    texts = [tree.text(file) for tree, file in zip(trees, (base, theirs, ours), strict=True)]
    old, new, now = texts
    if old is None or new is None or now is None:
        raise _ClashError(
            Clash(
                ours.path,
                "both changed it, and what one of them holds was removed for good. Write the same text in both",
            )
        )
    merged = merge(old, now, new)
    if merged.text is None:
        raise _ClashError(Clash(ours.path, "both changed these lines", merged.overlaps))
    if merged.text == now:
        return _Wanted(path, ours, theirs=theirs)
    return _Wanted(path, ours, merged.text, theirs)


def _text(tree: Tree, file: Entry) -> str:
    text = tree.text(file)
    if text is None:
        raise _ClashError(Clash(file.path, "its content was removed for good"))
    return text


def _is_same(one: Entry, other: Entry) -> bool:
    """Whether two files hold the same; of a content that is gone only its version is left to compare."""
    if one.sha256 is None and other.sha256 is None:
        return one.version == other.version
    return one.sha256 == other.sha256


def _did(base: Entry, now: Entry) -> str:
    if _is_same(base, now):
        return f"renamed to {now.path}"
    return "changed" if base.path == now.path else f"changed and renamed to {now.path}"


def _collisions(wanted: Iterable[_Wanted]) -> list[Clash]:
    """Two files at one path, or a file below a file."""
    clashes: list[Clash] = []
    taken: dict[str, _Wanted] = {}
    for file in wanted:
        if file.path in taken:
            clashes.append(Clash(file.path, "two different files would have this path"))
        taken[file.path] = file
    for path in taken:
        segments = path.split("/")
        above = next((folder for n in range(1, len(segments)) if (folder := "/".join(segments[:n])) in taken), None)
        if above:
            clashes.append(Clash(path, f"it would lie below the file {above}"))
    return clashes


def _edits(file: _Wanted, source: tuple[str, int], target: str) -> list[Edit]:
    """A rename alone is a rename; all that has text of theirs is merged."""
    came_from = FileAt(*source, file.theirs.memory_id) if file.theirs else None
    if file.old is None:
        assert file.text is not None
        assert file.theirs is not None
        return [Put(target, file.path, file.text, "merged", file.theirs.memory_id, came_from)]
    if file.path != file.old.path:
        move = Move(target, file.old.path, target, file.path, file.text, came_from=came_from)
        return [move if file.text is None else replace(move, operation="merged")]
    return [] if file.text is None else [Put(target, file.path, file.text, "merged", came_from=came_from)]
