"""The engine in memory keeps the promises of the seam."""

from dreamfs_tools.filesystem import Author, ChangeFilter, Filesystem, Move, Planned, Put, Remove
from memory_filesystem import MemoryFilesystem


async def test_the_engine_in_memory_is_a_filesystem() -> None:
    engine = MemoryFilesystem()
    filesystem: Filesystem = engine
    author = Author(session_id="s-1")
    await filesystem.write(lambda _: Planned(None, [Put("memories", "a/b.md", "one\n", "created")]), author)
    await filesystem.write(lambda _: Planned(None, [Move("memories", "a/b.md", "memories", "c.md")]), author)
    await filesystem.write(lambda _: Planned(None, [Remove("memories", "c.md")]), author)
    changes = await filesystem.read(lambda s: s.changes("memories", ChangeFilter(), 10))
    assert [(c.version, c.operation, c.path, c.change_number) for c in changes] == [
        (3, "deleted", "c.md", 3),
        (2, "renamed", "c.md", 2),
        (1, "created", "a/b.md", 1),
    ]
    entry = await filesystem.read(lambda s: s.tree("memories", 1).entry("a"))
    assert entry is not None
    assert (entry.kind, entry.version, entry.files, entry.size_bytes) == ("folder", 1, 1, 4)
