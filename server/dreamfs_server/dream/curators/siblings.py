"""Rules that differ in one value only: nine locks that are held, each of them a finding of its own, are one thing to know."""

import re
from collections.abc import Sequence

from dreamfs_server.dream.curators.rule_text import Said
from dreamfs_server.dream.curators.wording import fragment
from dreamfs_server.dream.evidence.support import told
from dreamfs_tools.dreaming import Card

Rule = tuple[Card, Said]
siblings_max = 9
"""Each brings up to two claims along, of which a proposal has twenty at most."""
_signature_words_min = 3
_ADVICE = re.compile(r"^- (?:Do|Or|It comes)\b.*$", re.MULTILINE)


def by_siblings(rules: Sequence[Rule]) -> list[list[Rule]]:
    """The rules, those together that say the same of errors which differ in one word; the order stays."""
    groups: list[list[Rule]] = []
    for rule in rules:
        home = next((group for group in groups if len(group) < siblings_max and _belongs(group, rule)), None)
        if home is None:
            groups.append([rule])
        else:
            home.append(rule)
    return groups


def sibling_lines(group: Sequence[Rule]) -> str:
    """A line for each other error of a group, in its own words, so that the next dream knows it."""
    named = [(fragment(card.data["signature"]), told(card.claims[0].support)) for card, _ in group[1:]]
    return "".join(f"\n- The same where it is {said}: {seen}." for said, seen in named if said)


def _belongs(group: Sequence[Rule], rule: Rule) -> bool:
    at = _differs_at(group[0][0], rule[0])
    return at is not None and all(
        _differs_at(card, rule[0]) == at and _advice(one, card, at) == _advice(rule[1], rule[0], at)
        for card, one in group
    )


def _differs_at(a: Card, b: Card) -> int | None:
    """The one word in which two signatures differ, where the programs are the same."""
    one, other = _words(a), _words(b)
    if len(one) != len(other) or len(one) < _signature_words_min or a.data["programs"] != b.data["programs"]:
        return None
    differ = [number for number, (x, y) in enumerate(zip(one, other, strict=True)) if x != y]
    return differ[0] if len(differ) == 1 else None


def _advice(said: Said, card: Card, at: int) -> list[str]:
    """What a rule says to do, without its numbers and its value."""
    value = _words(card)[at]
    return [re.sub(r"\d+", "0", line.replace(value, "…")) for line in _ADVICE.findall(said.block)]


def _words(card: Card) -> list[str]:
    signature: str = card.data["signature"]
    return signature.split()
