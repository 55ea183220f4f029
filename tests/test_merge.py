"""Two changes of one text are put together only where they cannot disagree."""

from collections import Counter

from hypothesis import example, given
from hypothesis import strategies as st

from dreamfs_tools.merge import merge
from dreamfs_tools.text import edits, ended_lines

LINES = st.lists(st.sampled_from(["a\n", "b\n", "c\n", "d\n", "e\n", "\n"]), max_size=8)
TEXTS = st.tuples(LINES.map("".join), st.sampled_from(["", "", "z"])).map("".join)


@given(TEXTS, TEXTS)
def test_a_side_that_changed_nothing_gives_way(base: str, changed: str) -> None:
    assert merge(base, changed, base).text == changed
    assert merge(base, base, changed).text == changed


@given(TEXTS, TEXTS)
def test_equal_changes_count_once(base: str, changed: str) -> None:
    assert merge(base, changed, changed).text == changed


@given(TEXTS, TEXTS, TEXTS)
def test_the_sides_may_change_places(base: str, ours: str, theirs: str) -> None:
    one, other = merge(base, ours, theirs), merge(base, theirs, ours)
    assert one.text == other.text
    assert [(o.start, o.end, o.ours, o.theirs) for o in one.overlaps] == [
        (o.start, o.end, o.theirs, o.ours) for o in other.overlaps
    ]


@given(TEXTS, TEXTS, TEXTS)
@example("b\nb\na\nb\n", "a\nb\n", "b\nb\na\n")
def test_every_line_comes_from_somewhere_and_no_added_line_is_lost(base: str, ours: str, theirs: str) -> None:
    merged = merge(base, ours, theirs).text
    if merged is None:
        return
    counted = Counter(ended_lines(merged))
    before = Counter(ended_lines(base))
    sides = [Counter(ended_lines(ours)), Counter(ended_lines(theirs))]
    for line in counted | before | sides[0] | sides[1]:
        added = [side[line] - before[line] for side in sides]
        assert counted[line] <= sides[0][line] + sides[1][line]
        # Each side may have taken away other occurrences of the line, or the same.
        most, least = max(0, *added), sum(min(0, change) for change in added)
        assert before[line] + least <= counted[line] <= before[line] + max(most, sum(added))


@given(TEXTS, TEXTS, TEXTS)
def test_a_merge_applies_both_diffs(base: str, ours: str, theirs: str) -> None:
    """Every unchanged line of the base that both sides kept is still there, in order."""
    merged = merge(base, ours, theirs).text
    if merged is None:
        return
    old = ended_lines(base)
    touched = {
        line
        for side in (ours, theirs)
        for edit in edits(old, ended_lines(side))
        for line in range(edit.old_start, edit.old_end)
    }
    rest = iter(ended_lines(merged))
    assert all(any(kept == line for line in rest) for at, kept in enumerate(old) if at not in touched)


def test_one_unchanged_line_between_is_enough() -> None:
    assert merge("a\nb\nc\n", "A\nb\nc\n", "a\nb\nC\n").text == "A\nb\nC\n"


def test_neighbouring_lines_are_an_overlap() -> None:
    merged = merge("a\nb\nc\n", "A\nb\nc\n", "a\nB\nc\n")
    assert merged.text is None
    (overlap,) = merged.overlaps
    assert (overlap.start, overlap.end) == (0, 2)
    assert (overlap.base, overlap.ours, overlap.theirs) == ("a\nb\n", "A\nb\n", "a\nB\n")


def test_two_different_lines_appended_are_an_overlap() -> None:
    assert merge("a\n", "a\nb\n", "a\nc\n").text is None


def test_a_lost_final_newline_and_an_appended_line_are_an_overlap() -> None:
    assert merge("a\nb\n", "a\nb", "a\nb\nc\n").text is None


def test_each_overlap_is_reported() -> None:
    base = "a\nb\nc\nd\ne\n"
    merged = merge(base, "1\nb\nc\nd\n2\n", "3\nb\nc\nd\n4\n")
    assert [(o.start, o.end) for o in merged.overlaps] == [(0, 1), (4, 5)]
