"""How many lines a change added and removed: the fewest that any diff of the two texts could show."""


def line_counts(old: str, new: str) -> tuple[int, int]:
    """Lines added and removed between two texts; a last line without a newline differs from one with it."""
    a, b = _lines(old), _lines(new)
    low, most = 0, min(len(a), len(b))
    while low < most and a[low] == b[low]:
        low += 1
    high = 0
    while high < most - low and a[-1 - high] == b[-1 - high]:
        high += 1
    a, b = a[low : len(a) - high], b[low : len(b) - high]
    kept = _common(a, b) if a and b else 0
    return len(b) - kept, len(a) - kept


def _common(a: list[str], b: list[str]) -> int:
    """Length of the longest common subsequence: Hyyrö's bit-parallel algorithm, one row of the table in one integer."""
    places: dict[str, int] = {}
    for index, line in enumerate(a):
        places[line] = places.get(line, 0) | 1 << index
    full = (1 << len(a)) - 1
    row = full
    for line in b:
        matches = row & places.get(line, 0)
        row = ((row + matches) | (row - matches)) & full
    return len(a) - row.bit_count()


def _lines(text: str) -> list[str]:
    """Lines as every tool here counts them: ended by a newline and by nothing else."""
    *lines, last = text.split("\n")
    return [f"{line}\n" for line in lines] + ([last] if last else [])
