"""Lines are counted, numbered, replaced, inserted and compared without losing a byte."""

import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dreamfs_tools.text import (
    changed_lines,
    edits,
    ended_lines,
    insert_after,
    line_count,
    lines_of,
    number_lines,
    occurrences,
    replace_at,
    split_lines,
    unified_diff,
)

TEXTS = st.text(st.sampled_from("ab\n\r \u2028\x0b"), max_size=40)


@given(TEXTS)
def test_lines_joined_are_the_text_again(text: str) -> None:
    assert "".join(ended_lines(text)) == text
    assert len(ended_lines(text)) == len(split_lines(text)) == line_count(text)


def test_only_a_line_feed_ends_a_line() -> None:
    assert split_lines("a\r\nb\u2028c\x0bd\n") == ["a\r", "b\u2028c\x0bd"]


def test_numbers_are_right_aligned_in_six_columns() -> None:
    assert number_lines(["x", "", "y"], 99) == "    99\tx\n   100\t\n   101\ty"
    assert number_lines(split_lines("")) == ""


def test_a_line_with_several_matches_is_reported_once() -> None:
    text = "x x\ny\nx\n"
    assert lines_of(text, occurrences(text, "x")) == [1, 3]


def test_overlapping_matches_are_several() -> None:
    assert occurrences("aaa", "aa") == [0, 1]


@given(TEXTS, st.text(st.sampled_from("ab\n"), min_size=1, max_size=3), TEXTS)
def test_replacing_the_only_match_and_back_is_the_identity(head: str, old: str, new: str) -> None:
    text = head + old
    offset = occurrences(text, old)[-1]
    replaced = replace_at(text, offset, old, new)
    assert replace_at(replaced, offset, new, old) == text


@pytest.mark.parametrize(
    ("text", "line", "inserted", "result"),
    [
        ("", 0, "x", "x\n"),
        ("", -1, "x\n", "x\n"),
        ("a\nb\n", 0, "x", "x\na\nb\n"),
        ("a\nb\n", 1, "x", "a\nx\nb\n"),
        ("a\nb\n", 1, "x\n", "a\nx\nb\n"),
        ("a\nb\n", 2, "x", "a\nb\nx\n"),
        ("a\nb\n", -1, "x", "a\nb\nx\n"),
        ("a\nb", 2, "x", "a\nb\nx\n"),
        ("a\nb", -1, "x", "a\nb\nx\n"),
        ("a\nb", 1, "x", "a\nx\nb"),
        ("a\n", 1, "x\n\n", "a\nx\n\n"),
        ("a\n", 1, "", "a\n\n"),
    ],
)
def test_inserted_text_ends_in_a_newline_of_its_own(text: str, line: int, inserted: str, result: str) -> None:
    assert insert_after(text, line, inserted) == result


@pytest.mark.parametrize("line", [-2, 3])
def test_there_is_no_insertion_outside_the_text(line: int) -> None:
    with pytest.raises(ValueError):
        insert_after("a\nb\n", line, "x")


@given(TEXTS, TEXTS)
def test_edits_turn_the_old_text_into_the_new(old: str, new: str) -> None:
    before, after = ended_lines(old), ended_lines(new)
    result: list[str] = []
    at = 0
    for edit in edits(before, after):
        result += before[at : edit.old_start] + after[edit.new_start : edit.new_end]
        at = edit.old_end
    assert "".join(result + before[at:]) == new


@given(TEXTS, TEXTS)
def test_added_less_removed_is_the_difference_in_lines(old: str, new: str) -> None:
    added, removed = changed_lines(old, new)
    assert added - removed == line_count(new) - line_count(old)
    assert (added, removed) != (0, 0) or old == new


def test_a_missing_final_newline_is_shown_as_diff_shows_it() -> None:
    assert unified_diff("a\nb", "a\nb\n", "old", "new") == (
        "--- old\n+++ new\n@@ -1,2 +1,2 @@\n a\n-b\n\\ No newline at end of file\n+b\n"
    )


def test_changes_far_apart_are_separate_hunks() -> None:
    old = "".join(f"{n}\n" for n in range(1, 21))
    diff = unified_diff(old, old.replace("2\n", "two\n", 1).replace("19\n", "x\n"), "a", "b")
    assert [line for line in diff.splitlines() if line.startswith("@@")] == ["@@ -1,5 +1,5 @@", "@@ -16,5 +16,5 @@"]


@pytest.mark.skipif(shutil.which("patch") is None, reason="needs the patch program")
@settings(max_examples=25, deadline=None)
@given(st.text(st.sampled_from("abc\n"), min_size=1, max_size=40), st.text(st.sampled_from("abc\n"), max_size=40))
def test_patch_understands_the_diff(tmp_path_factory: pytest.TempPathFactory, old: str, new: str) -> None:
    folder: Path = tmp_path_factory.mktemp("patch")
    (folder / "f").write_bytes(old.encode())
    if diff := unified_diff(old, new, "f", "f"):
        subprocess.run(["patch", "-s", "f"], input=diff.encode(), cwd=folder, check=True)
        left = (folder / "f").read_bytes() if (folder / "f").exists() else b""
        assert left == new.encode()


def test_a_long_text_without_unique_lines_is_compared_coarsely_but_exactly() -> None:
    old = "a\nb\n" * 20_000
    new = "b\na\n" * 300 + "c\n" + "a\nb\n" * 20_000
    added, removed = changed_lines(old, new)
    assert added - removed == 601
