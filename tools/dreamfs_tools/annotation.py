"""A file with who wrote each of its lines, for commands; agents have `view` with `annotate`."""

from dataclasses import dataclass

from dreamfs_tools.blame import Blame, blame
from dreamfs_tools.call import Call
from dreamfs_tools.errors import Refusal
from dreamfs_tools.filesystem import Snapshot
from dreamfs_tools.lookup import Found, check_has_versions, find
from dreamfs_tools.shapes import Shape, line_shape


@dataclass(frozen=True, slots=True)
class Annotated:
    """A file at a version, and who wrote it."""

    found: Found
    blame: Blame

    def shapes(self) -> list[Shape]:
        """One item a line, for machines."""
        return [line_shape(line.number, line.text, line.change, self.found.mount) for line in self.blame.lines]


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
        return Annotated(found, blame(snapshot, found.entry, found.at))

    return await call.filesystem.read(query)
