"""What a connecting client's model is told."""

import operator
from datetime import UTC, datetime
from pathlib import Path

from hypothesis import example, given, settings
from hypothesis import strategies as st

from dreamfs_server.instructions import INSTRUCTIONS_CHARACTERS_MAX, PINNED_CHARACTERS_MAX, read_instructions
from dreamfs_server.sqlite.filesystem import Engine
from dreamfs_tools.filesystem import Author, Planned, Put, Store
from dreamfs_tools.mounts import MountOption, Mounts
from memory_filesystem import MemoryFilesystem
from snapshot import assert_snapshot


async def test_the_instructions_are_as_they_were_read_and_judged() -> None:
    filesystem = MemoryFilesystem(
        [
            Store("memories", "memories", description="What the on-call team knows."),
            Store("handbook", "handbook", description="Long.\n" * 100, access="ro"),
        ]
    )
    edits = [Put("memories", f"rules/{n}.md", text, "created") for n, text in enumerate(["Ask first.", "z" * 3000])]
    await filesystem.write(lambda _: Planned(None, edits), Author(actor="user:ada"))
    filesystem.pin("memories", "rules/0.md")
    filesystem.pin("memories", "rules/1.md")
    options = [
        MountOption("memories", "memories"),
        MountOption("handbook", "handbook"),
        MountOption("past", "memories", 0),
    ]

    instructions = await read_instructions(filesystem, Mounts(options))

    assert_snapshot("instructions.txt", instructions.text + "\n")


@settings(max_examples=25)
@example(["a" * 162, "``" * 8, "```\n" * 386, "````" * 3], [])
@given(
    st.lists(st.builds(operator.mul, st.text("`a\n"), st.integers(0, 2_000)), max_size=4),
    st.lists(st.builds(operator.mul, st.text(), st.integers(0, 200)), max_size=60),
)
async def test_they_fit_whatever_is_pinned_and_however_many_mounts_there_are(
    pinned: list[str], descriptions: list[str]
) -> None:
    stores = [Store(f"store-{n}", f"store-{n}", description=text) for n, text in enumerate(descriptions)]
    filesystem = MemoryFilesystem([Store("memories", "memories"), *stores])
    edits = [Put("memories", f"{n}.md", text, "created") for n, text in enumerate(pinned)]
    await filesystem.write(lambda _: Planned(None, edits), Author())
    for edit in edits:
        filesystem.pin("memories", edit.path)

    instructions = await read_instructions(filesystem, Mounts())

    assert len(instructions.text) <= INSTRUCTIONS_CHARACTERS_MAX
    assert len(instructions.pinned) <= PINNED_CHARACTERS_MAX
    lines = instructions.pinned.splitlines()
    assert not lines or [position for position, line in enumerate(lines) if line == lines[1]] == [1, len(lines) - 1]
    assert ("more: `list`" in instructions.text) == (instructions.text.count("\n- /") < len(stores) + 1)


async def test_pinned_files_are_found_in_storage(tmp_path: Path) -> None:
    engine = await Engine.open(tmp_path / "dreamfs.db", lambda: datetime(2026, 11, 22, tzinfo=UTC))
    edits = [Put("memories", path, f"{path}\n", "created") for path in ("a.md", "b/c.md", "d.md")]
    await engine.write(lambda _: Planned(None, edits), Author(actor="user:ada"))
    await engine.database.write(lambda c: c.execute("UPDATE node SET pinned = 1 WHERE path IN ('b/c.md', 'd.md')"))

    pinned = await engine.read(lambda snapshot: [entry.path for entry in snapshot.pinned("memories")])
    await engine.close()

    assert pinned == ["b/c.md", "d.md"]
