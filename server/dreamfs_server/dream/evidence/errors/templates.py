"""Templates of log lines: a small Drain-style tree (He et al., 2017) over masked words.

Lines are grouped by their number of words and by their first constant word; within a group a line joins the template with
which it agrees in at least `similarity` of the words, and where they differ the template keeps a wildcard. Drain is
online and depends on the order of lines; here lines are sorted first, so that the same lines give the same templates.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from dreamfs_server.dream.evidence.errors.signature import is_masked

similarity = 0.6
WILDCARD = "<*>"


@dataclass(slots=True)
class Template:
    """Words, some of them wildcards, and the masked lines that belong to it."""

    words: list[str]
    lines: set[tuple[str, ...]] = field(default_factory=set[tuple[str, ...]])


def templates(lines: Iterable[tuple[str, ...]]) -> dict[tuple[str, ...], tuple[str, ...]]:
    """Each masked line's template. Independent of the order of `lines`."""
    groups: dict[tuple[int, str], list[Template]] = {}
    for line in sorted(set(lines)):
        group = groups.setdefault((len(line), _first_constant(line)), [])
        best = max(group, key=lambda template: _agreement(template.words, line), default=None)
        if best is not None and _agreement(best.words, line) >= similarity:
            best.words = [a if a == b else WILDCARD for a, b in zip(best.words, line, strict=True)]
            best.lines.add(line)
        else:
            group.append(Template(list(line), {line}))
    return {line: tuple(template.words) for group in groups.values() for template in group for line in template.lines}


def fits(words: Sequence[str], line: tuple[str, ...], masked: tuple[str, ...]) -> bool:
    """Whether a line is one of a template's: it differs only where the template leaves something open.

    Args:
        words: of the template; a mask stands for what that mask hides, a wildcard for any word.
        line: the line's words.
        masked: the same, masked.
    """
    return len(words) == len(line) and all(
        word in (own, mask, WILDCARD) for word, own, mask in zip(words, line, masked, strict=True)
    )


def _first_constant(line: tuple[str, ...]) -> str:
    return next((word for word in line if not is_masked(word)), "")


def _agreement(words: list[str], line: tuple[str, ...]) -> float:
    """The share of constant words in which they agree; a mask that both have counts as agreement at half weight."""
    score = 0.0
    weight = 0.0
    for a, b in zip(words, line, strict=True):
        worth = 0.5 if is_masked(a) or is_masked(b) else 1.0
        weight += worth
        if a == b:
            score += worth
    return score / weight if weight else 0.0
