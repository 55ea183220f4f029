"""The tool `diff`: what changed in a file or folder between two versions."""

from collections.abc import Sequence
from math import inf

from dreamfs_tools import conflict
from dreamfs_tools.absence import missing
from dreamfs_tools.accesses import read_and_note
from dreamfs_tools.answers import plural, version_line, version_words, who
from dreamfs_tools.call import Answer, Call
from dreamfs_tools.difference import Pair, changed_files, file_difference
from dreamfs_tools.errors import Refusal
from dreamfs_tools.filesystem import AccessNote, Change, ChangeFilter, Entry, Snapshot
from dreamfs_tools.lookup import newest_change
from dreamfs_tools.mounts import Place, tree_of
from dreamfs_tools.paging import PAGE_CHARACTERS_MAX
from dreamfs_tools.shapes import shown_path


async def diff(call: Call, path: str, from_version: int | None = None, to_version: int | None = None) -> Answer:
    """Show what changed in a file or folder between two versions, as a unified diff.

    Without versions: the last change. Any revision number is a version; -1 is the one before the last change;
    `to_version` defaults to now.
    """
    return await compare(call, path, from_version, to_version, PAGE_CHARACTERS_MAX)


async def compare(
    call: Call, path: str, from_version: int | None, to_version: int | None, characters_max: float = inf
) -> Answer:
    """The same for a caller that says how much it takes: a person's terminal takes everything.

    Args:
        call: whose mounts count.
        path: a file or folder.
        from_version: as for `diff`.
        to_version: likewise.
        characters_max: of the differences together.

    Raises:
        Refusal: `not_found`, `invalid_path`, `invalid_argument`.
    """

    def query(snapshot: Snapshot) -> tuple[Answer, Sequence[AccessNote]]:
        place = call.mounts.resolve(snapshot, path)
        if place.mount is None or place.mount.kind != "store":
            raise Refusal(
                "invalid_argument",
                f"{place.shown} has no versions to compare. Name a memory mount, or a file or folder in one.",
                path=place.shown,
            )
        last = newest_change(snapshot, place)
        here = tree_of(snapshot, place.mount).entry(place.path)
        if last is None:
            if here is None:
                raise missing(snapshot, place)
            return Answer(f"No changes in {place.shown} yet.", {"code": "ok", "path": place.shown}), ()
        to = _at(place, place.mount.version if to_version is None else to_version, last)
        file = _file_meant(snapshot, place, to, here)
        if from_version is not None:
            start = _at(place, from_version, last)
            head = f"{place.shown} from version {start} to version {to}"
        else:
            change = _change_up_to(snapshot, place, file, to)
            head = _last_words(place, change, file, None if to_version is None else to)
            start, to = change.version - 1, change.version
        pairs = changed_files(snapshot, place.store, place.path, start, to, file.memory_id if file else "")
        lines = [head, *_body(snapshot, place, pairs, (start, to), characters_max)]
        lines += [version_line(here)] if here is not None else []
        data: dict[str, object] = {"code": "ok", "path": place.shown, "from": start, "to": to}
        data |= {"version": here.version} if here is not None else {"current": 0}
        return Answer("\n".join(lines), data), ()

    return await read_and_note(call, query)


def _at(place: Place, version: int, last: Change) -> int:
    """The revision that a version argument means."""
    assert place.mount is not None
    if version == -1:
        return last.version - 1
    if version < 0:
        raise Refusal(
            "invalid_argument",
            f"There is no version {version}. A version is a number from 0, or -1 for the change before the current one.",
            path=place.shown,
        )
    if version > place.mount.version:
        raise Refusal(
            "not_found",
            f"There is no version {version} yet; the newest in /{place.mount.name} is {place.mount.version}.",
            version=place.mount.version,
        )
    return version


def _file_meant(snapshot: Snapshot, place: Place, to: int, here: Entry | None) -> Entry | None:
    """The file whose difference is asked for: the one at the path then, else the one there now; None for folders."""
    then = snapshot.tree(place.store, to).entry(place.path)
    meant = then or here
    return meant if meant is not None and meant.kind == "file" else None


def _change_up_to(snapshot: Snapshot, place: Place, file: Entry | None, version: int) -> Change:
    change = conflict.newest_change(snapshot, place, version)
    if change is None and file is not None:
        found = snapshot.changes(place.store, ChangeFilter(memory_id=file.memory_id, up_to_version=version), 1)
        change = found[0] if found else None
    if change is None:
        raise Refusal(
            "not_found",
            f"The path {place.shown} did not exist at version {version}. history shows at which versions it did.",
            path=place.shown,
        )
    return change


def _last_words(place: Place, change: Change, file: Entry | None, up_to: int | None) -> str:
    bound = "" if up_to is None else f" up to version {up_to}"
    is_file = file is not None or place.path in {change.path, change.old_path or None}
    words = version_words(change.version, change.change_number if is_file else 0)
    return f"The last change of {place.shown}{bound}: {words}, by {who(change.revision)}"


def _body(
    snapshot: Snapshot, place: Place, pairs: Sequence[Pair], versions: tuple[int, int], characters_max: float
) -> list[str]:
    """The differences as far as one answer holds them, and what it does not hold."""
    assert place.mount is not None
    if not pairs:
        return ["No difference."]
    old_tree, new_tree = (snapshot.tree(place.store, version) for version in versions)
    shown: list[str] = []
    left = characters_max
    for index, pair in enumerate(pairs):
        difference = file_difference(place.mount, pair, old_tree, new_tree).removesuffix("\n")
        left -= len(difference) + 1
        if left < 0:
            if shown:
                rest = plural(len(pairs) - index, "changed file")
                path = shown_path(place.mount, pair.path)
                return [*shown, f"[incomplete: {rest} not shown, from {path} on; diff them by their own path]"]
            return _cut(difference, characters_max)
        shown.append(difference)
    return shown


def _cut(difference: str, characters_max: float) -> list[str]:
    """The first lines of a difference that is too long for one answer."""
    lines = difference.split("\n")
    kept: list[str] = []
    left = characters_max
    for line in lines:
        left -= len(line) + 1
        if left < 0:
            break
        kept.append(line)
    return [
        *kept,
        (
            f"[incomplete: {len(kept):,} of {len(lines):,} lines of the difference shown; "
            "compare versions that are closer, or view both with version and view_range]"
        ),
    ]
