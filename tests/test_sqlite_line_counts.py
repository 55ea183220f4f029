"""Counting changed lines between equal ends gives what the diff of the whole texts gives."""

from hypothesis import given
from hypothesis import strategies as st

from dreamfs_server.sqlite.line_counts import line_counts
from dreamfs_tools.text import changed_lines

texts = st.lists(st.sampled_from(["a\n", "b\n", "\n", "a", "ab\n", "c\r\n"]), max_size=12).map("".join)


@given(texts, texts)
def test_equal_ends_do_not_change_the_count(old: str, new: str) -> None:
    assert line_counts(old, new) == changed_lines(old, new)


@given(texts, texts, texts, texts)
def test_a_small_change_in_a_long_text_is_counted_as_it_stands(head: str, old: str, new: str, tail: str) -> None:
    before, after = f"{head}{old}{tail}", f"{head}{new}{tail}"
    assert line_counts(before, after) == changed_lines(before, after)
