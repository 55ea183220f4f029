"""Memories that say the same twice.

A memory is a duplicate of another when every statement of it is, telling word for telling word, a statement of the other
(`statements.py`); then it can be retired without loss. Similarity only nominates: near-duplicates are shown, not merged.
"""

from collections import defaultdict
from collections.abc import Sequence
from itertools import combinations

from rapidfuzz import fuzz

from dreamfs_server.dream.evidence.memories.statements import Statement, hard, statement_words_min, statements
from dreamfs_server.dream.material import Memory, cite_memory
from dreamfs_tools.dreaming import Card, Claim, Evidence

near_score_min = 88.0
near_pairs_max = 20_000
cards_max = 40


def duplicate_cards(memories: Sequence[Memory]) -> list[Card]:
    """Duplicate files, repeated lines and near-duplicates among live memories; archived ones are left alone."""
    live = sorted((m for m in memories if "/archive/" not in m.path), key=lambda m: m.path)
    said = {memory.path: statements(memory) for memory in live}
    cards = _same_files(live, said)
    gone = {str(path) for card in cards for path in card.data["retire"]}
    left = {path: lines for path, lines in said.items() if path not in gone}
    cards += _repeated_lines(left)
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


def _keep_order(memory: Memory) -> tuple[bool, bool, int, int, int, str]:
    """What to keep of equals: pinned, written by a person or agent, the elder, the shorter path."""
    return (not memory.pinned, memory.by_dream, memory.version, memory.path.count("/"), len(memory.path), memory.path)


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
        repeats = [(a, b) for a, b in repeats if not b.fenced]
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
                    weight=1.0 + len(repeats),
                    data={"kind": "lines", "path": path, "spans": [(b.start, b.end) for _, b in repeats]},
                )
            )
    return cards


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
