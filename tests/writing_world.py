"""The stores that the writing tools are tested in, and callers to write with."""

from datetime import UTC, datetime

from dreamfs_tools.call import Answer, Call
from dreamfs_tools.errors import Refusal
from dreamfs_tools.filesystem import Author, ChangeFilter, Filesystem, Limits, Snapshot, Store
from dreamfs_tools.mounts import Mounts
from memory_filesystem import MemoryFilesystem

STORES = [
    Store("careful", "careful", require_expected_version=True),
    Store("lenient", "lenient", secrets="allow"),
    Store("masking", "masking", secrets="mask"),
    Store("memories", "memories"),
    Store("policies", "policies", access="ro"),
    Store("small", "small", limits=Limits(content_bytes=10, files_count=2)),
    Store("team", "team"),
]


def noon() -> datetime:
    return datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


def world() -> MemoryFilesystem:
    return MemoryFilesystem(STORES, noon)


def caller(filesystem: Filesystem, session: str) -> Call:
    return Call(filesystem, Mounts(), Author(session_id=session, actor="user:ada"))


async def text_of(filesystem: Filesystem, path: str) -> str | None:
    """What a file holds; None where there is none."""
    store, _, inside = path[1:].partition("/")

    def query(snapshot: Snapshot) -> str | None:
        tree = snapshot.tree(store)
        entry = tree.entry(inside)
        return tree.text(entry) if entry and entry.kind == "file" else None

    return await filesystem.read(query)


async def history_of(filesystem: Filesystem, path: str) -> list[tuple[int, str, str]]:
    store, _, inside = path[1:].partition("/")
    rows = await filesystem.read(lambda snapshot: snapshot.changes(store, ChangeFilter(path=inside), 100))
    return [(row.version, row.operation, row.path) for row in rows]


async def head_of(filesystem: Filesystem, store: str = "memories") -> int:
    found = await filesystem.read(lambda snapshot: snapshot.store(store))
    assert found is not None
    return found.head


async def memory_id_of(filesystem: Filesystem, path: str) -> str:
    store, _, inside = path[1:].partition("/")
    entry = await filesystem.read(lambda snapshot: snapshot.tree(store).entry(inside))
    assert entry is not None
    return entry.memory_id


def first_line(answer: Answer | Refusal) -> str:
    return answer.text.split("\n")[0]
