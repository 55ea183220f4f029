"""What a store takes in, at the edge of each limit."""

import pytest

from dreamfs_tools.call import Call
from dreamfs_tools.create import create
from dreamfs_tools.delete import delete
from dreamfs_tools.errors import Refusal
from dreamfs_tools.filesystem import Filesystem
from dreamfs_tools.insert import insert
from dreamfs_tools.rename import rename
from dreamfs_tools.restore import restore
from dreamfs_tools.str_replace import str_replace
from writing_world import head_of, text_of

PATH = "/memories/a.md"
TOKEN = "ghp_" + "x1Y2z3W4v5U6t7S8r9Q0p1O2n3M4l5K6j7I8"


async def test_content_may_have_102_400_bytes_and_no_more(filesystem: Filesystem, ada: Call) -> None:
    await create(ada, PATH, "é" * 51_200)
    with pytest.raises(Refusal) as refused:
        await insert(ada, PATH, -1, "")
    assert refused.value.code == "too_large"
    assert "102,402 bytes; the limit is 102,400." in refused.value.text
    with pytest.raises(Refusal):
        await create(ada, "/memories/b.md", "x" * 102_401)
    assert await head_of(filesystem) == 1


async def test_a_message_may_have_1_024_characters_and_no_more(ada: Call) -> None:
    await create(ada, PATH, "one\n", message="é" * 1_024)
    with pytest.raises(Refusal) as refused:
        await delete(ada, PATH, message="é" * 1_025)
    assert refused.value.code == "too_large"
    assert "1,025 characters; at most 1,024" in refused.value.text


async def test_a_store_takes_as_many_files_as_it_may_have(filesystem: Filesystem, ada: Call) -> None:
    await create(ada, "/small/1", "x")
    await create(ada, "/small/2", "x")
    with pytest.raises(Refusal) as refused:
        await create(ada, "/small/3", "x")
    assert refused.value.code == "limit"
    assert "/small has 2 files and would have 3; the limit is 2." in refused.value.text
    await create(ada, "/small/2", "y", expected_version=2)
    await delete(ada, "/small/1")
    await create(ada, "/small/3", "x")
    with pytest.raises(Refusal) as refused:
        await restore(ada, "/small/1", 1)
    assert refused.value.code == "limit"
    assert await head_of(filesystem, "small") == 5


@pytest.mark.parametrize(
    ("text", "told"),
    [("a\nb\0", "a NUL character in line 2"), ("a\nb\n\ud800", "a lone surrogate (U+D800) in line 3")],
)
async def test_only_text_is_stored(filesystem: Filesystem, ada: Call, text: str, told: str) -> None:
    await create(ada, PATH, "one\n")
    for attempt in (
        create(ada, "/memories/b.md", text),
        insert(ada, PATH, 0, text),
        str_replace(ada, PATH, "one\n", text),
        delete(ada, PATH, message=text),
    ):
        with pytest.raises(Refusal) as refused:
            await attempt
        assert refused.value.code == "invalid_argument"
        assert told in refused.value.text
    assert await head_of(filesystem) == 1


async def test_a_lone_surrogate_in_old_str_is_shown_escaped(ada: Call) -> None:
    await create(ada, PATH, "one\n")
    with pytest.raises(Refusal) as refused:
        await str_replace(ada, PATH, "\ud800", "x")
    assert refused.value.code == "not_matched"
    assert refused.value.text.encode()


async def test_a_long_old_str_is_told_in_part(ada: Call) -> None:
    await create(ada, PATH, "one\n")
    with pytest.raises(Refusal) as refused:
        await str_replace(ada, PATH, "x" * 100_000, "y")
    assert len(refused.value.text) < 3_000


async def test_an_empty_old_str_is_refused(ada: Call) -> None:
    await create(ada, PATH, "one\n")
    with pytest.raises(Refusal) as refused:
        await str_replace(ada, PATH, "", "y")
    assert refused.value.code == "invalid_argument"


async def test_a_secret_is_refused_with_its_kind_and_line(filesystem: Filesystem, ada: Call) -> None:
    with pytest.raises(Refusal) as refused:
        await create(ada, PATH, f"how to deploy\ntoken: {TOKEN}\n")
    assert refused.value.code == "secret"
    assert refused.value.data["line"] == 2
    assert "github" in refused.value.data["kind"]
    assert TOKEN not in refused.value.text
    with pytest.raises(Refusal) as refused:
        await create(ada, PATH, "fine\n", message=TOKEN)
    assert refused.value.code == "secret"
    assert "The message" in refused.value.text
    assert await head_of(filesystem) == 0


async def test_a_store_may_mask_secrets_and_a_retry_is_still_known(filesystem: Filesystem, ada: Call) -> None:
    for code in ("ok", "already_applied"):
        answer = await create(ada, "/masking/a.md", f"token: {TOKEN}\n", expected_version=0, message=TOKEN)
        assert answer.data["code"] == code
    text = await text_of(filesystem, "/masking/a.md")
    assert text is not None
    assert TOKEN not in text
    assert "[redacted: " in text
    revision = await filesystem.read(lambda s: s.revision("masking", 1))
    assert revision is not None
    assert TOKEN not in revision.message


async def test_a_store_may_allow_secrets_but_they_do_not_leave_it(filesystem: Filesystem, ada: Call) -> None:
    await create(ada, "/lenient/a.md", f"token: {TOKEN}\n")
    with pytest.raises(Refusal) as refused:
        await rename(ada, "/lenient/a.md", "/memories/a.md")
    assert refused.value.code == "secret"
    await rename(ada, "/lenient/a.md", "/masking/a.md")
    text = await text_of(filesystem, "/masking/a.md")
    assert text is not None
    assert TOKEN not in text


@pytest.mark.parametrize("path", ["/memories/f", "/memories/f/", "/memories", "/memories/"])
async def test_a_folder_is_not_written_as_a_file(filesystem: Filesystem, ada: Call, path: str) -> None:
    await create(ada, "/memories/f/a.md", "one\n")
    for attempt in (create(ada, path, "x"), str_replace(ada, path, "a", "b"), insert(ada, path, 0, "x")):
        with pytest.raises(Refusal) as refused:
            await attempt
        assert refused.value.code in {"already_exists", "invalid_argument", "invalid_path"}
    assert await head_of(filesystem) == 1


async def test_nothing_is_created_below_a_file(ada: Call) -> None:
    await create(ada, PATH, "one\n")
    with pytest.raises(Refusal) as refused:
        await create(ada, PATH + "/b/c.md", "x")
    assert refused.value.code == "invalid_path"
    assert "/memories/a.md is a file" in refused.value.text


async def test_a_mounts_root_is_not_deleted(ada: Call) -> None:
    with pytest.raises(Refusal) as refused:
        await delete(ada, "/memories/")
    assert refused.value.code == "not_allowed"
