"""Files as MCP resources: one template for all paths, and an index. Never one resource a file: lists have no pages."""

from collections.abc import Iterable
from itertools import islice
from typing import Any

from mcp.server.mcpserver import Context, MCPServer, ResourceSecurity
from mcp.server.mcpserver.exceptions import ResourceError, ResourceNotFoundError

from dreamfs_server.identity import Callers
from dreamfs_tools.errors import Refusal
from dreamfs_tools.filesystem import AccessNote, Entry, Filesystem, Snapshot
from dreamfs_tools.mounts import Mounts, tree_of

INDEX_URI = "memory://"
TEMPLATE_URI = "memory://{+path}"
INDEX_LINES_MAX = 1_000


def add_resources(app: MCPServer[Any], filesystem: Filesystem, mounts: Mounts, callers: Callers) -> None:
    """Register the index and the template."""

    @app.resource(INDEX_URI, name="index", description="The paths of all files, one a line.", mime_type="text/plain")
    async def index() -> str:  # pyright: ignore[reportUnusedFunction]
        return await filesystem.read(lambda snapshot: _index(snapshot, mounts))

    @app.resource(
        TEMPLATE_URI,
        name="file",
        description="A file by its path without the first slash, as in memory://memories/notes.md; a folder lists its files.",
        mime_type="text/plain",
        # What is legal, our own mounts say: `memory:///memories/a.md` has the path as all else has it.
        security=ResourceSecurity(reject_absolute_paths=False),
    )
    async def file(path: str, context: Context[Any, Any]) -> str:  # pyright: ignore[reportUnusedFunction]
        session = callers.author(context.request_context)
        try:
            text, entry = await filesystem.read(
                lambda snapshot: _content(snapshot, mounts, f"/{path.removeprefix('/')}")
            )
        except Refusal as refusal:
            kind = ResourceNotFoundError if refusal.code in {"not_found", "invalid_path"} else ResourceError
            raise kind(refusal.text) from None
        if entry is not None:
            said = session.session_id or session.host_session_id or session.connection_id
            filesystem.note(AccessNote(entry.store, entry.path, "view", entry.version, said))
        return text


def _content(snapshot: Snapshot, mounts: Mounts, path: str) -> tuple[str, Entry | None]:
    place = mounts.resolve(snapshot, path)
    missing = Refusal("not_found", f"The path {place.shown} does not exist. Please provide a valid path.")
    if place.mount is None or place.mount.kind != "store":
        raise missing
    tree = tree_of(snapshot, place.mount)
    entry = tree.entry(place.path)
    if entry is None:
        raise missing
    if entry.kind == "folder":
        return _lines(f"/{place.mount.name}/{below.path}" for below in tree.walk(place.path)), None
    text = tree.text(entry)
    if text is None:
        raise Refusal("not_found", f"The content of {place.shown} was removed on purpose; only its history is left.")
    return text, entry


def _index(snapshot: Snapshot, mounts: Mounts) -> str:
    table = mounts.table(snapshot).values()
    return _lines(
        f"/{mount.name}/{entry.path}"
        for mount in table
        if mount.kind == "store"
        for entry in tree_of(snapshot, mount).walk()
    )


def _lines(paths: Iterable[str]) -> str:
    shown = list(islice(paths, INDEX_LINES_MAX + 1))
    if len(shown) > INDEX_LINES_MAX:
        shown[-1] = f"(incomplete: the first {INDEX_LINES_MAX:,} paths; use the tool `list` for the rest)"
    return "\n".join(shown)
