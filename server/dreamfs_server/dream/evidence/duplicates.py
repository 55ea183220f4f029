"""Memories that say the same twice, and memories that say different things of one subject.

A memory is a duplicate of another when every statement of it is, telling word for telling word, a statement of the other
(`statements.py`); then it can be retired without loss. Similarity only nominates: near-duplicates are shown, not merged.
Two statements that differ in nothing but one value (a number, a path, a date, a version) or in a negation are a
conflict: they go to a register, with both sides and their dates, and nobody here decides which is true.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from itertools import combinations

from rapidfuzz import fuzz

from dreamfs_server.dream.evidence.statements import (
    Statement,
    hard,
    is_negation,
    is_value,
    statement_words_min,
    statements,
)
from dreamfs_server.dream.material import Memory, cite_memory
from dreamfs_tools.dreaming import Card, Claim, Evidence

near_score_min = 88.0
near_pairs_max = 20_000
cards_max = 40


def duplicate_cards(memories: Sequence[Memory]) -> list[Card]:
    """Duplicate files, repeated lines, near-duplicates and conflicts among live memories; archived ones are left alone."""
    live = sorted((m for m in memories if "/archive/" not in m.path), key=lambda m: m.path)
    said = {memory.path: statements(memory) for memory in live}
    cards = _same_files(live, said)
    gone = {str(path) for card in cards for path in card.data["retire"]}
    left = {path: lines for path, lines in said.items() if path not in gone}
    cards += _repeated_lines(left)
    cards += _conflicts(left)
    cards += _near([m for m in live if m.path not in gone], left)
    return cards[:cards_max]


def _same_files(live: Sequence[Memory], said: dict[str, list[Statement]]) -> list[Card]:
    """Files whose every statement another file has, in the same order where order may matter."""
    bodies = {path: tuple(s.words for s in lines if not s.heading) for path, lines in said.items()}
    keeper: dict[str, str] = {}
    by_statement: dict[tuple[str, ...], set[str]] = defaultdict(set)
    for path, body in bodies.items():
        for words in body:
            by_statement[words].add(path)
    by_path = {memory.path: memory for memory in live}
    for path in sorted(bodies, key=lambda p: (len(bodies[p]), _keep_order(by_path[p])), reverse=True):
        body = bodies[path]
        if (
            not body
            or sum(len(words) for words in body) < statement_words_min
            or by_path[path].pinned
            or by_path[path].read_only
        ):
            continue
        holders: set[str] = set(bodies) - {path}
        for words in body:
            holders &= by_statement[words]
        holders = {
            h for h in holders if h not in keeper and _in_order(body, bodies[h]) and _may_hold(said[path], said[h])
        }
        if len(bodies[path]) < 3:
            # A file of one or two lines is a duplicate of an equal file, not of a long one that happens to say the same.
            holders = {h for h in holders if len(bodies[h]) == len(body)}
        larger = {h for h in holders if len(bodies[h]) > len(body)}
        equal = {
            h for h in holders - larger if _keep_order(by_path[h]) < _keep_order(by_path[path]) or by_path[h].pinned
        }
        if choices := sorted(larger | equal, key=lambda h: (-len(bodies[h]), _keep_order(by_path[h]))):
            keeper[path] = choices[0]
    groups: dict[str, list[str]] = defaultdict(list)
    for path, kept in sorted(keeper.items()):
        while kept in keeper:
            kept = keeper[kept]  # noqa: PLW2901 - the end of the chain is what stays
        groups[kept].append(path)
    return [
        _same_card(by_path[kept], [by_path[path] for path in paths], said) for kept, paths in sorted(groups.items())
    ]


def _keep_order(memory: Memory) -> tuple[bool, bool, int, int, str]:
    """What to keep of equals: pinned, written by a person or agent, the elder, the shorter path."""
    return (not memory.pinned, memory.by_dream, memory.version, memory.path.count("/"), memory.path)


def _in_order(part: Sequence[tuple[str, ...]], whole: Sequence[tuple[str, ...]]) -> bool:
    rest = iter(whole)
    return all(any(words == other for other in rest) for words in part)


def _may_hold(part: Sequence[Statement], whole: Sequence[Statement]) -> bool:
    """Headings scope what stands below them: those of the part must not name a value or identifier that the whole lacks."""
    named = {word for s in whole for word in hard(s.words)}
    return all(word in named for s in part if s.heading for word in hard(s.words))


def _same_card(kept: Memory, others: Sequence[Memory], said: dict[str, list[Statement]]) -> Card:
    evidence: list[Evidence] = []
    for memory in (kept, *others):
        lines = [s for s in said[memory.path] if not s.heading]
        first = (
            lines[0]
            if memory is not kept
            else next(s for s in lines if s.words == next(o.words for o in said[others[0].path] if not o.heading))
        )
        evidence.append(cite_memory(memory, first.start, first.end))
    names = ", ".join(f"`{m.path}`" for m in others)
    text = f"{names} say{'s' * (len(others) == 1)} nothing that `{kept.path}` does not say, word for word."
    return Card(
        number=0,
        miner="duplicates",
        title=f"{len(others) + 1} memories say the same: {kept.path}",
        body=text,
        claims=[Claim(text=text, kind="observed", evidence=evidence)],
        weight=3.0 * len(others),
        data={
            "kind": "same",
            "keep": kept.path,
            "retire": [m.path for m in others],
            "versions": {m.path: m.version for m in others},
        },
    )


def _repeated_lines(said: dict[str, list[Statement]]) -> list[Card]:
    """One line twice in one file and section; the later one adds nothing."""
    cards: list[Card] = []
    for path, lines in sorted(said.items()):
        heading: tuple[str, ...] = ()
        first: dict[tuple[tuple[str, ...], tuple[str, ...]], Statement] = {}
        repeats: list[tuple[Statement, Statement]] = []
        for statement in lines:
            if statement.heading:
                heading = statement.words
                continue
            if (
                len(statement.words) < 4
                or not statement.text
                or statement.memory.text[statement.start : statement.end].lstrip()[:1] == "|"
            ):
                continue
            key = (heading, statement.words)
            if key in first:
                repeats.append((first[key], statement))
            else:
                first[key] = statement
        repeats = [(a, b) for a, b in repeats if not _in_fence(b)]
        if repeats and not repeats[0][0].memory.pinned and not repeats[0][0].memory.read_only:
            evidence = [cite_memory(s.memory, s.start, s.end) for pair in repeats[:4] for s in pair]
            text = f"`{path}` says {len(repeats)} line{'s' * (len(repeats) != 1)} twice in one section."
            cards.append(
                Card(
                    number=0,
                    miner="duplicates",
                    title=f"Repeated lines in {path}",
                    body=text,
                    claims=[Claim(text=text, kind="observed", evidence=evidence)],
                    weight=0.5 * len(repeats),
                    data={"kind": "lines", "path": path, "spans": [(b.start, b.end) for _, b in repeats]},
                )
            )
    return cards


def _in_fence(statement: Statement) -> bool:
    before = statement.memory.text[: statement.start]
    return sum(line.lstrip().startswith(("```", "~~~")) for line in before.split("\n")) % 2 == 1


def _conflicts(said: dict[str, list[Statement]]) -> list[Card]:
    """Statements that differ only in one value or a negation."""
    shapes: dict[tuple[str, ...], list[Statement]] = defaultdict(list)
    for lines in said.values():
        for statement in lines:
            if statement.heading or _in_fence(statement):
                continue
            for shape in _shapes(statement.words):
                shapes[shape].append(statement)
    cards: list[Card] = []
    seen: set[frozenset[tuple[str, int]]] = set()
    for _, group in sorted(shapes.items()):
        if not 2 <= len(group) <= 4:
            continue
        for a, b in combinations(group, 2):
            key = frozenset({(a.memory.path, a.start), (b.memory.path, b.start)})
            if a.words == b.words or a.memory.path == b.memory.path or key in seen:
                continue
            seen.add(key)
            cards.append(_conflict_card(a, b))
    return cards


def _shapes(words: tuple[str, ...]) -> Iterable[tuple[str, ...]]:
    """The statement with one value left open, and without its negation: equal shapes say something of the same subject."""
    if sum(not is_value(word) for word in words) < statement_words_min:
        return
    values = [i for i, word in enumerate(words) if is_value(word) and i >= 2]
    for i in values:
        yield (*words[:i], "<value>", *words[i + 1 :])
    yield ("<negation>", *(word for word in words if not is_negation(word) and word not in {"do", "does", "did"}))


def _conflict_card(a: Statement, b: Statement) -> Card:
    older, newer = sorted((a, b), key=lambda s: (s.memory.version, s.memory.path))
    text = f"`{older.memory.path}` and `{newer.memory.path}` say different things of one subject."
    return Card(
        number=0,
        miner="conflicts",
        title=f"Conflict: {' '.join(older.words[:8])}",
        body=f"{text}\n- {_dated(older)}\n- {_dated(newer)}",
        claims=[
            Claim(text=text, kind="observed", evidence=[cite_memory(s.memory, s.start, s.end) for s in (older, newer)])
        ],
        weight=4.0,
        data={"sides": [(s.memory.path, s.text, s.memory.version, s.memory.revised_at) for s in (older, newer)]},
    )


def _dated(statement: Statement) -> str:
    when = statement.memory.revised_at
    return f"`{statement.memory.path}`{f', {when:%Y-%m-%d}' if when else ''}: {statement.text}"


def _near(live: Sequence[Memory], said: dict[str, list[Statement]]) -> list[Card]:
    """Pairs of files that look alike and whose values and names agree: for a reader to judge."""
    cards: list[Card] = []
    index: dict[str, list[int]] = defaultdict(list)
    bags = [frozenset(word for s in said[m.path] for word in s.words) for m in live]
    for i, bag in enumerate(bags):
        for word in bag:
            index[word].append(i)
    common: dict[tuple[int, int], int] = defaultdict(int)
    for places in index.values():
        if len(places) <= 20:
            for pair in combinations(places, 2):
                common[pair] += 1
    likely = sorted(common, key=lambda pair: (-common[pair], pair))[:near_pairs_max]
    for i, j in likely:
        smaller = min(len(bags[i]), len(bags[j]))
        if smaller < 6 or common[i, j] < smaller // 2:
            continue
        hard_i, hard_j = (frozenset(hard(sorted(bags[k]))) for k in (i, j))
        if hard_i != hard_j or max(len(live[i].text), len(live[j].text)) > 20_000:
            continue
        score = fuzz.token_sort_ratio(live[i].text, live[j].text)
        if score >= near_score_min:
            a, b = live[i], live[j]
            text = f"`{a.path}` and `{b.path}` are {score:.0f} % alike and name the same values; a reader should judge."
            spans = [(m, said[m.path][0]) for m in (a, b)]
            cards.append(
                Card(
                    number=0,
                    miner="near-duplicates",
                    title=f"Perhaps the same: {a.path} and {b.path}",
                    body=text,
                    claims=[
                        Claim(text=text, kind="observed", evidence=[cite_memory(m, s.start, s.end) for m, s in spans])
                    ],
                    weight=1.0,
                    data={"paths": [a.path, b.path]},
                )
            )
    return cards
