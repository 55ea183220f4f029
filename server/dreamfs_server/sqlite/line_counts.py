"""How many lines a change added and removed, counted as the diff shows them, but fast for a small change of a long text."""

from collections.abc import Callable

from dreamfs_tools.text import changed_lines


def line_counts(old: str, new: str) -> tuple[int, int]:
    """Lines added and removed between two texts: `changed_lines` of what lies between their equal ends."""
    most = min(len(old), len(new))
    start = old.rfind("\n", 0, _reach(most, lambda size: old[:size] == new[:size])) + 1
    end = _reach(most - start, lambda size: old[len(old) - size :] == new[len(new) - size :])
    newline = old.find("\n", len(old) - end)
    end = len(old) - newline - 1 if newline >= 0 else 0
    old, new = old[start : len(old) - end], new[start : len(new) - end]
    if old.count("\n", 0, -1) == new.count("\n", 0, -1) == 0:  # at most a line on each side, and not the same one
        return int(new not in {"", old}), int(old not in {"", new})
    return changed_lines(old, new)


def _reach(most: int, equal: Callable[[int], bool]) -> int:
    """The largest size up to `most` at which two texts are still equal, by bisection over slices."""
    low, high = 0, most
    while low < high:
        middle = (low + high + 1) // 2
        if equal(middle):
            low = middle
        else:
            high = middle - 1
    return low
