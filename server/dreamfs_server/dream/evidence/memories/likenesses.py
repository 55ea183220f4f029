"""Memories that look alike, for a reader to judge: similarity nominates and never merges."""

from collections import defaultdict
from collections.abc import Sequence
from itertools import combinations

from rapidfuzz import fuzz

from dreamfs_server.dream.evidence.memories.statements import Statement, hard
from dreamfs_server.dream.material import Memory, cite_memory
from dreamfs_tools.dreaming import Card, Claim

near_score_min = 88.0
near_pairs_max = 20_000


def near_cards(live: Sequence[Memory], said: dict[str, list[Statement]]) -> list[Card]:
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
