"""Memories that say different things of one subject.

Two statements that differ in nothing but one value (a number, a path, a version) or in a negation are a conflict. Nobody
here decides which is true, with one exception: where each names the day as of which it holds, the later one holds and the
earlier one is superseded. Statements about "it" are compared only below the same heading.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from itertools import combinations

from dreamfs_server.dream.evidence.memories.statements import (
    Statement,
    is_negation,
    is_value,
    statement_words_min,
    statements,
)
from dreamfs_server.dream.material import Memory, cite_memory
from dreamfs_tools.dreaming import Card, Claim

cards_max = 24
_DAY = re.compile(r"^\d{4}-\d\d-\d\d$")
_AS_OF = re.compile(r"(?i)\b(?:as of|since|from|effective|verified|checked|updated)\b[ :]*\(?(\d{4}-\d\d-\d\d)")
_PRONOUNS = frozenset(("they", "he", "she", "there", "here", "its", "their"))


def conflict_cards(memories: Sequence[Memory]) -> list[Card]:
    """Pairs of statements in different live memories that cannot both hold."""
    shapes: dict[tuple[str, ...], list[Statement]] = defaultdict(list)
    for memory in sorted(memories, key=lambda m: m.path):
        if "/archive/" in memory.path:
            continue
        for statement in statements(memory):
            if not statement.heading and not statement.fenced:
                for shape in _shapes(statement.words):
                    shapes[shape].append(statement)
    cards: list[Card] = []
    seen: set[frozenset[tuple[str, int]]] = set()
    for _, group in sorted(shapes.items()):
        if not 2 <= len(group) <= 4:
            continue
        for a, b in combinations(group, 2):
            key = frozenset({(a.memory.path, a.start), (b.memory.path, b.start)})
            if key not in seen and a.words != b.words and _comparable(a, b):
                seen.add(key)
                cards.append(_card(a, b))
    return cards[:cards_max]


def _shapes(words: tuple[str, ...]) -> Iterable[tuple[str, ...]]:
    """The statement with one value left open, and without its negation; days as of which it holds are left out."""
    if sum(not is_value(word) for word in words) < statement_words_min:
        return
    timeless = tuple("<day>" if _DAY.match(word) else word for word in words)
    for i, word in enumerate(timeless):
        if i >= 2 and is_value(word):
            yield (*timeless[:i], "<value>", *timeless[i + 1 :])
    if any(is_negation(word) for word in words) or any(word in {"do", "does", "did"} for word in words):
        yield ("<negation>", *(w for w in timeless if not is_negation(w) and w not in {"do", "does", "did"}))


def _comparable(a: Statement, b: Statement) -> bool:
    if a.memory.path == b.memory.path:
        return False
    if sum(x != y for x, y in zip(a.words, b.words, strict=False) if not _DAY.match(x)) == 0 and len(a.words) == len(
        b.words
    ):
        return False
    about_it = re.match(r"(?i)(?:it|its|they|their|this|these|here|there)\b", a.text) or a.words[0] in _PRONOUNS
    return a.under == b.under or not about_it


def as_of(statement: Statement) -> str:
    """The day as of which a statement says that it holds, else ""."""
    found = _AS_OF.search(statement.text)
    return found.group(1) if found else ""


def _card(a: Statement, b: Statement) -> Card:
    days = as_of(a), as_of(b)
    decided = bool(days[0] and days[1] and days[0] != days[1])
    older, newer = sorted((a, b), key=lambda s: (as_of(s) if decided else "", s.memory.version, s.memory.path))
    text = f"`{older.memory.path}` and `{newer.memory.path}` say different things of one subject."
    if decided:
        text += f" The first held as of {as_of(older)}, the second as of {as_of(newer)}."
    return Card(
        number=0,
        miner="conflicts",
        title=f"{'Superseded' if decided else 'Conflict'}: {' '.join(older.words[:8])}",
        body=f"{text}\n- {_dated(older)}\n- {_dated(newer)}",
        claims=[
            Claim(text=text, kind="observed", evidence=[cite_memory(s.memory, s.start, s.end) for s in (older, newer)])
        ],
        weight=4.0,
        data={
            "kind": "superseded" if decided else "conflict",
            "sides": [(s.memory.path, s.text, s.memory.version, s.memory.revised_at) for s in (older, newer)],
            "span": (older.start, older.end),
            "days": (as_of(older), as_of(newer)),
        },
    )


def _dated(statement: Statement) -> str:
    when = statement.memory.revised_at
    return f"`{statement.memory.path}`{f', {when:%Y-%m-%d}' if when else ''}: {statement.text}"
