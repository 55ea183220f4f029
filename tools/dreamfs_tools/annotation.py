"""A file with who wrote each of its lines, and in which store; `view` with `annotate` shows it to agents."""

from collections.abc import Mapping
from dataclasses import dataclass

from dreamfs_tools.answers import version_words
from dreamfs_tools.blame import Blame, blame
from dreamfs_tools.call import Call
from dreamfs_tools.errors import Refusal
from dreamfs_tools.filesystem import Change, Snapshot
from dreamfs_tools.lookup import Found, check_has_versions, find
from dreamfs_tools.mounts import Mount, Mounts
from dreamfs_tools.shapes import Shape, line_shape, store_words


@dataclass(frozen=True, slots=True)
class Annotated:
    """A file at a version, and who wrote it."""

    found: Found
    blame: Blame
    mounts: Mapping[str, Mount]
    """How each store is shown that has a version of it."""

    def shapes(self) -> list[Shape]:
        """One item a line, for machines."""
        return [
            line_shape(line.number, line.text, line.change, self.mounts[line.change.store]) for line in self.blame.lines
        ]

    def label(self, change: Change) -> str:
        """`12`, or `experiment@12` for a version of another store."""
        mount = self.mounts[change.store]
        return str(change.version) if mount is self.found.mount else f"{mount.name}@{change.version}"

    def words(self, change: Change) -> str:
        """`version 12 (3rd change)`, and of which store where that is another."""
        mount = self.mounts[change.store]
        return version_words(change.version, change.change_number) + (
            "" if mount is self.found.mount else f" of {store_words(mount)}"
        )


def annotated(snapshot: Snapshot, mounts: Mounts, found: Found) -> Annotated:
    """Say who wrote each line of a file that was found, as far as a caller with these mounts may look."""
    written = blame(
        snapshot, found.entry, found.at, lambda store, revision: bool(mounts.lineage_mount(snapshot, store, revision))
    )
    shown: dict[str, Mount] = {found.entry.store: found.mount}
    for change in [*(line.change for line in written.lines), *written.gaps]:
        if change.store not in shown:
            mount = mounts.lineage_mount(snapshot, change.store, change.version)
            assert mount is not None, "blame follows no other"
            shown[change.store] = mount
    return Annotated(found, written, shown)


async def annotate(call: Call, path: str, version: int | None = None) -> Annotated:
    """Say who wrote each line of a file.

    Args:
        call: the call.
        path: a file.
        version: any revision up to the head, or -1 for the one before the file's last change; None for now.

    Raises:
        Refusal: `not_found`, `invalid_path`; `invalid_argument` for a folder and for what has no versions;
            `unavailable` where the content is gone.
    """

    def query(snapshot: Snapshot) -> Annotated:
        place = call.mounts.resolve(snapshot, path)
        check_has_versions(place, 0)
        found = find(snapshot, place, version)
        if found.entry.kind == "folder":
            raise Refusal("invalid_argument", f"{found.shown} is a folder; only a file has lines.", path=found.shown)
        if found.tree.text(found.entry) is None:
            raise Refusal(
                "unavailable",
                f"The content of {found.shown} at version {found.entry.version} was removed for good. "
                "history says who wrote it and when.",
                path=found.shown,
            )
        return annotated(snapshot, call.mounts, found)

    return await call.filesystem.read(query)
