"""Taking a tree of texts into a store as one revision, with the plan shown first.

What is taken in comes from a folder or an archive that somebody else may have made: every path and every text passes the
same rules as an agent's write, and each that does not is named with the reason.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from dreamfs_tools.admission import admit, check_files
from dreamfs_tools.answers import plural
from dreamfs_tools.call import Call
from dreamfs_tools.errors import Refusal
from dreamfs_tools.filesystem import Edit, Planned, Put, Remove, Snapshot, Tree
from dreamfs_tools.mounts import Place, tree_of
from dreamfs_tools.paths import check_path

NAMES_SHOWN_MAX = 5
"""Of the files that cannot be taken for one reason."""


@dataclass(frozen=True, slots=True)
class Unfit:
    """Why one file cannot be taken."""

    reason: str
    """The same for all files of which it is true, so that they can be told together."""
    detail: str = ""
    """What is so of this one: a line, a size."""

    def __str__(self) -> str:
        return f"{self.reason} ({self.detail})" if self.detail else self.reason


@dataclass(frozen=True, slots=True)
class ImportPlan:
    """What an import would do, or did. Paths as their mount shows them, sorted."""

    path: str
    """The folder that is imported into."""
    created: Sequence[str] = ()
    replaced: Mapping[str, int] = field(default_factory=dict[str, int])
    """Path → the version that is replaced."""
    deleted: Mapping[str, int] = field(default_factory=dict[str, int])
    unchanged: Sequence[str] = ()
    refused: Mapping[str, Unfit] = field(default_factory=dict[str, Unfit])
    """Path → why it cannot be taken."""
    version: int = 0
    """The revision that was made; 0 for a plan, and where nothing had to change."""

    @property
    def changes(self) -> int:
        """How many files are written or deleted."""
        return len(self.created) + len(self.replaced) + len(self.deleted)

    def same_work(self, other: "ImportPlan") -> bool:
        """Whether both would do the same to the same versions."""
        mine = (self.created, self.replaced, self.deleted, self.refused)
        return mine == (other.created, other.replaced, other.deleted, other.refused)


async def plan_import(
    call: Call, path: str, texts: Mapping[str, str], *, mirror: bool = False, spared: Collection[str] = ()
) -> ImportPlan:
    """Say what an import would do; writes nothing.

    Args:
        call: whose access counts.
        path: the mount or folder to import into.
        texts: path below it → content.
        mirror: also delete what is below the folder and not in `texts`.
        spared: paths below it that a mirror leaves alone: what the source has, and cannot be taken.

    Raises:
        Refusal: `invalid_path`, `not_found`, `read_only`; `limit` when the store cannot hold so many files.
    """
    return await call.filesystem.read(
        lambda snapshot: _planned(call, snapshot, path, texts, spared if mirror else None)[0]
    )


async def run_import(
    call: Call,
    path: str,
    texts: Mapping[str, str],
    shown: ImportPlan,
    *,
    mirror: bool = False,
    spared: Collection[str] = (),
    message: str = "",
) -> ImportPlan:
    """Do what a plan showed, as one revision.

    Args:
        call: whose access counts.
        path: as for the plan.
        texts: likewise; those that the plan refused are left out by the caller, knowingly.
        shown: the plan that a person saw.
        mirror: as for the plan.
        spared: likewise.
        message: why, for the history.

    Raises:
        Refusal: `invalid_argument` when something cannot be taken, `conflict` when the store changed since the plan.
    """

    def plan(snapshot: Snapshot) -> Planned[ImportPlan]:
        now, edits = _planned(call, snapshot, path, texts, spared if mirror else None)
        if now.refused:
            raise Refusal("invalid_argument", refused_sentence(now.refused))
        if not now.same_work(shown):
            raise Refusal("conflict", f"{now.path} changed since the plan was made. Nothing was written; plan again.")
        place = call.mounts.writable_place(snapshot, path)
        assert place.mount is not None
        kept = admit(snapshot, edits, message, {place.store: place.mount.name})
        return Planned(now, edits, kept)

    done, committed = await call.filesystem.write(plan, call.author)
    if committed is None:
        return done
    version = max(revision.number for revision in committed.revisions.values())
    return ImportPlan(done.path, done.created, done.replaced, done.deleted, done.unchanged, version=version)


def refused_sentence(refused: Mapping[str, Unfit]) -> str:
    """Say which files cannot be taken and why, one line a reason."""
    lines = [f"  {line}" for line in reason_lines(refused)]
    return "\n".join([f"{plural(len(refused), 'file')} cannot be taken. Nothing was written.", *lines])


def reason_lines(refused: Mapping[str, Unfit]) -> Iterable[str]:
    """One line a reason, with the first names: `3 files, not UTF-8 text: a (byte 1), b (byte 7), c (byte 1)`."""
    by_reason: dict[str, list[str]] = {}
    for path, why in refused.items():
        by_reason.setdefault(why.reason, []).append(f"{path} ({why.detail})" if why.detail else path)
    for reason, names in sorted(by_reason.items(), key=lambda item: -len(item[1])):
        more = len(names) - NAMES_SHOWN_MAX
        shown = ", ".join(names[:NAMES_SHOWN_MAX]) + (f" and {more:,} more" if more > 0 else "")
        yield f"{plural(len(names), 'file')}, {reason}: {shown}"


def _planned(
    call: Call, snapshot: Snapshot, path: str, texts: Mapping[str, str], spared: Collection[str] | None
) -> tuple[ImportPlan, list[Edit]]:
    """The plan and what does it; `spared` None for an import that deletes nothing."""
    place = call.mounts.writable_place(snapshot, path)
    assert place.mount is not None
    tree = tree_of(snapshot, place.mount)
    _check_target(tree, place)
    edits: list[Edit] = []
    created: list[str] = []
    unchanged: list[str] = []
    replaced: dict[str, int] = {}
    refused: dict[str, Unfit] = {}
    for name, text in sorted(texts.items()):
        shown = f"{place.shown}/{name}"
        inside = f"{place.path}/{name}" if place.path else name
        edit = Put(place.store, inside, text, "created")
        if why := _why_not(snapshot, tree, edit, shown, place.mount.name, texts, name):
            refused[shown] = why
            continue
        entry = tree.entry(inside)
        if entry is None:
            created.append(shown)
            edits.append(edit)
        elif tree.text(entry) == text:
            unchanged.append(shown)
        else:
            replaced[shown] = entry.version
            edits.append(Put(place.store, inside, text, "modified"))
    deleted: dict[str, int] = {}
    if spared is not None:
        kept = {f"{place.path}/{name}" if place.path else name for name in (*texts, *spared)}
        gone = [entry for entry in tree.walk(place.path) if entry.path not in kept]
        deleted = {f"/{place.mount.name}/{entry.path}": entry.version for entry in gone}
        edits = [*(Remove(place.store, entry.path) for entry in gone), *edits]
    check_files(snapshot, edits, {place.store: place.mount.name})
    return ImportPlan(place.shown, created, replaced, deleted, unchanged, refused), edits


def _check_target(tree: Tree, place: Place) -> None:
    entry = tree.entry(place.path)
    if entry is not None and entry.kind == "file":
        raise Refusal("invalid_path", f"{place.shown} is a file; import into a folder.")


def _why_not(
    snapshot: Snapshot, tree: Tree, edit: Put, shown: str, mount: str, texts: Mapping[str, str], name: str
) -> Unfit | None:
    """Why one file cannot be taken, None when it can."""
    try:
        check_path(shown)
        admit(snapshot, [edit], "", {edit.store: mount})
    except Refusal as refusal:
        return _unfit(refusal, edit)
    segments = name.split("/")
    above = ["/".join(segments[:depth]) for depth in range(1, len(segments))]
    if file := next((part for part in above if part in texts), ""):
        return Unfit("below a path that is a file in the source", file)
    for part in above:
        entry = tree.entry(edit.path.removesuffix(name) + part)
        if entry is not None and entry.kind == "file":
            return Unfit("below a path that is a file in the store", entry.path)
    entry = tree.entry(edit.path)
    return Unfit("a folder is in its place") if entry is not None and entry.kind == "folder" else None


def _unfit(refusal: Refusal, edit: Put) -> Unfit:
    """A refusal of one file, so that others with the same can be told with it."""
    if refusal.code == "secret":
        return Unfit(f"a secret ({refusal.data['kind']})", f"line {refusal.data['line']}")
    if refusal.code == "too_large":
        return Unfit(f"larger than {refusal.data['limit']:,} bytes", f"{len(edit.text.encode()):,}")
    if refusal.code == "invalid_path":
        return Unfit(refusal.sentence.partition(" is not valid: ")[2].partition("\n")[0].removesuffix("."))
    at = edit.text.find("\0")
    if at >= 0:
        return Unfit("a NUL character", f"line {edit.text.count(chr(10), 0, at) + 1:,}")
    return Unfit(refusal.sentence.removeprefix("Error: ").partition("\n")[0])
