"""The classic commands answer with the standard memory tool's sentences, line by line of its table."""

import pytest

from dreamfs_tools.call import Call
from dreamfs_tools.create import create
from dreamfs_tools.delete import delete
from dreamfs_tools.errors import Refusal
from dreamfs_tools.filesystem import Filesystem
from dreamfs_tools.insert import insert
from dreamfs_tools.rename import rename
from dreamfs_tools.str_replace import str_replace

LINE = "[version {} · session s-ada · 2026-11-22 12:00 UTC]"


async def test_create_says_where(ada: Call) -> None:
    answer = await create(ada, "/memories/a.md", "one\n")
    assert answer.text == "File created successfully at: /memories/a.md\n" + LINE.format("1 (1st change)")


async def test_create_on_an_existing_path_is_refused(ada: Call) -> None:
    await create(ada, "/memories/a.md", "one\n")
    with pytest.raises(Refusal) as refused:
        await create(ada, "/memories/a.md", "one\n")
    assert refused.value.text == (
        "Error: File /memories/a.md already exists\n"
        "It is at version 1, written by session s-ada (user:ada) at 2026-11-22 12:00 UTC. "
        "To replace it, send expected_version=1; to change a part of it, use str_replace.\n"
        "[version 1 (1st change) · session s-ada · 2026-11-22 12:00 UTC]\n"
        "[refused: already_exists]"
    )


async def test_str_replace_shows_the_changed_region_with_two_lines_around(ada: Call) -> None:
    await create(ada, "/memories/a.md", "1\n2\n3\n4\n5\n6\n7\n")
    answer = await str_replace(ada, "/memories/a.md", "4\n", "four\nand a half\n")
    assert answer.text == (
        "The memory file has been edited.\n"
        "     2\t2\n     3\t3\n     4\tfour\n     5\tand a half\n     6\t5\n     7\t6\n" + LINE.format("2 (2nd change)")
    )


async def test_str_replace_without_new_str_deletes_the_match(ada: Call) -> None:
    await create(ada, "/memories/a.md", "one two\n")
    answer = await str_replace(ada, "/memories/a.md", " two")
    assert answer.text.startswith("The memory file has been edited.\n     1\tone\n")


async def test_str_replace_of_what_is_not_there_is_refused(ada: Call) -> None:
    await create(ada, "/memories/a.md", "one\n")
    with pytest.raises(Refusal) as refused:
        await str_replace(ada, "/memories/a.md", "two", "three")
    assert refused.value.sentence.split("\n")[0] == (
        "No replacement was performed, old_str `two` did not appear verbatim in /memories/a.md."
    )
    assert refused.value.code == "not_matched"


async def test_str_replace_of_what_is_there_twice_names_each_line_once(ada: Call) -> None:
    await create(ada, "/memories/a.md", "x x\n.\n.\nx\n.\n.\n.\n.\nx\n")
    with pytest.raises(Refusal) as refused:
        await str_replace(ada, "/memories/a.md", "x", "y")
    assert refused.value.sentence.split("\n")[0] == (
        "No replacement was performed. Multiple occurrences of old_str `x` in lines: 1, 4, 9. Please ensure it is unique"
    )
    assert refused.value.code == "not_unique"


async def test_str_replace_in_a_missing_file_is_refused(ada: Call) -> None:
    with pytest.raises(Refusal) as refused:
        await str_replace(ada, "/memories/a.md", "two", "three")
    assert refused.value.text == (
        "Error: The path /memories/a.md does not exist. Please provide a valid path.\n[refused: not_found]"
    )


async def test_insert_says_what_was_edited(ada: Call) -> None:
    await create(ada, "/memories/a.md", "one\n")
    answer = await insert(ada, "/memories/a.md", 1, "two")
    assert answer.text == "The file /memories/a.md has been edited.\n" + LINE.format("2 (2nd change)")


@pytest.mark.parametrize("line", [-2, 2, 10**30])
async def test_insert_outside_the_file_is_refused(ada: Call, line: int) -> None:
    await create(ada, "/memories/a.md", "one\n")
    with pytest.raises(Refusal) as refused:
        await insert(ada, "/memories/a.md", line, "two")
    assert refused.value.sentence.split("\n")[0] == (
        f"Error: Invalid `insert_line` parameter: {line}. "
        "It should be within the range of lines of the file: [0, 1], or -1 for the end"
    )


async def test_insert_into_a_missing_file_is_refused(ada: Call) -> None:
    with pytest.raises(Refusal) as refused:
        await insert(ada, "/memories/a.md", 0, "two")
    assert refused.value.text == "Error: The path /memories/a.md does not exist\n[refused: not_found]"


async def test_delete_says_what_is_gone(ada: Call) -> None:
    await create(ada, "/memories/f/a.md", "one\n")
    answer = await delete(ada, "/memories/f/a.md")
    assert answer.text == (
        "Successfully deleted /memories/f/a.md\n"
        "To undo this, use restore with version=-1.\n" + LINE.format("2 (2nd change)")
    )


async def test_delete_takes_a_folder_with_all_it_holds(ada: Call) -> None:
    await create(ada, "/memories/f/a.md", "one\n")
    await create(ada, "/memories/f/g/b.md", "two\n")
    answer = await delete(ada, "/memories/f/")
    assert answer.text.split("\n")[0] == "Successfully deleted /memories/f"
    assert answer.text.endswith(LINE.format("3"))


async def test_delete_of_nothing_is_refused(ada: Call) -> None:
    with pytest.raises(Refusal) as refused:
        await delete(ada, "/memories/a.md")
    assert refused.value.text == "Error: The path /memories/a.md does not exist\n[refused: not_found]"


async def test_rename_says_from_where_to_where(ada: Call) -> None:
    await create(ada, "/memories/a.md", "one\n")
    answer = await rename(ada, "/memories/a.md", "/memories/b.md")
    assert answer.text == ("Successfully renamed /memories/a.md to /memories/b.md\n" + LINE.format("2 (2nd change)"))


async def test_rename_of_nothing_is_refused(ada: Call) -> None:
    with pytest.raises(Refusal) as refused:
        await rename(ada, "/memories/a.md", "/memories/b.md")
    assert refused.value.text == "Error: The path /memories/a.md does not exist\n[refused: not_found]"


async def test_rename_to_what_exists_is_refused(ada: Call) -> None:
    await create(ada, "/memories/a.md", "one\n")
    await create(ada, "/memories/b.md", "two\n")
    with pytest.raises(Refusal) as refused:
        await rename(ada, "/memories/a.md", "/memories/b.md")
    assert refused.value.sentence.split("\n")[0] == "Error: The destination /memories/b.md already exists"
    assert refused.value.code == "already_exists"


async def test_what_was_written_is_what_is_kept_byte_for_byte(filesystem: Filesystem, ada: Call) -> None:
    await create(ada, "/memories/a.md", "a\r\nb\u2028c\x0b")
    await insert(ada, "/memories/a.md", -1, "é")
    tree = await filesystem.read(lambda s: list(s.tree("memories").texts()))
    assert [text for _, text in tree] == ["a\r\nb\u2028c\x0b\né\n"]


async def test_a_store_whose_name_begins_alike_is_another(ada: Call) -> None:
    with pytest.raises(Refusal) as refused:
        await create(ada, "/memories_x/a.md", "one\n")
    assert refused.value.code == "not_found"
