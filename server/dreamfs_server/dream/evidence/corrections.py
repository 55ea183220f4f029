"""What people tell agents again and again: corrections and preferences.

Only what a person said after an agent had begun counts (the first message of a session is its task), sentence by
sentence, and only sentences that say how to work. Sentences are the same if most of their telling words are; what one person
says in one session is a wish, what is said in several sessions on several days is a preference.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from dreamfs_server.dream.evidence.statements import telling
from dreamfs_server.dream.evidence.support import Place, is_rule, spread, support, told
from dreamfs_server.dream.material import Gathered, cite
from dreamfs_tools.dreaming import Card, Claim, Evidence

sentence_characters_max = 240
shared_words_min = 0.6
cards_max = 20

_SENTENCE = re.compile(r"[^.!?\n]+(?:[.!?]+(?=\s|$)|\n|$)")
_HOW = re.compile(
    r"(?i)^(?:no[,.! ]\s*)?(?:please\s+)?(?:(?:do not|don't|never|always|stop|avoid|prefer|use|keep|make sure)\b|(?:we|i) (?:always|never|prefer|don't|do not|use)\b)"
    r"|\b(?:instead of|rather than|i (?:said|told you|asked)|as i said|again[:,]|not what i)\b"
)
_NOT_A_PERSON = re.compile(r"^\s*<|^Caveat:|^\[Request interrupted|^This session is being continued|system-reminder")


@dataclass(frozen=True, slots=True)
class Wish:
    """One sentence of a person that says how to work."""

    place: Place
    words: frozenset[str]
    text: str
    quote: Evidence


def wishes(gathered: Gathered, place: Place) -> list[Wish]:
    """What a person said in one session about how to work, after its first message."""
    result: list[Wish] = []
    begun = False
    for event in gathered.events:
        if event.origin == "self" or event.kind != "text":
            continue
        if event.role == "assistant":
            begun = True
        if event.role != "user" or not begun or len(event.text) > 4000 or _NOT_A_PERSON.search(event.text):
            continue
        for found in _SENTENCE.finditer(event.text):
            text = " ".join(found.group().split())
            words = frozenset(telling(text))
            if len(words) >= 3 and len(text) <= sentence_characters_max and _HOW.search(text):
                quote = cite(gathered.session.session_id, event, found.start(), found.end())
                if quote.quote:
                    result.append(Wish(place, words, text, quote))
    return result


def correction_cards(found: Sequence[Wish]) -> list[Card]:
    """One card a wish that at least two sessions heard."""
    groups: list[list[Wish]] = []
    for wish in sorted(found, key=lambda one: (one.text, one.place, one.quote.lines)):
        best = max(groups, key=lambda group: _shared(group[0].words, wish.words), default=None)
        if best is not None and _shared(best[0].words, wish.words) >= shared_words_min:
            best.append(wish)
        else:
            groups.append([wish])
    cards: list[Card] = []
    for group in groups:
        places = {wish.place for wish in group}
        rests = support(places)
        if rests.sessions < 2:
            continue
        rule = is_rule(places)
        said = min((wish.text for wish in group), key=lambda text: (len(text), text))
        text = f"People said this in {told(rests)}: “{said}”"
        first: dict[Place, Evidence] = {}
        for wish in group:
            first.setdefault(wish.place, wish.quote)
        cards.append(
            Card(
                number=0,
                miner="corrections",
                title=f"People ask again: {said[:120]}",
                body=text,
                claims=[Claim(text, "rule" if rule else "hypothesis", [first[p] for p in spread(first, 8)], rests)],
                weight=2.0 * rests.sessions,
                data={"rule": rule, "said": said, "days": sorted({place.day for place in places})},
            )
        )
    return sorted(cards, key=lambda card: (-card.weight, card.title))[:cards_max]


def _shared(a: frozenset[str], b: frozenset[str]) -> float:
    return len(a & b) / len(a | b)
