"""What people tell agents again and again: corrections and preferences.

Only what a person said after an agent or somebody else had begun counts (the first message of a session is its task),
sentence by sentence, in their own words (`said.py`), and only sentences that say how to work. A message that addresses agents over
people's heads counts for nothing. Sentences are the same if they ask for the same (`agreement.py`); what one person says in one session
is a wish, what is said in several sessions on several days is a preference. One message that several logs hold was said once.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from statistics import fmean

from dreamfs_server.dream.evidence.memories.statements import telling
from dreamfs_server.dream.evidence.orders import addresses_agents
from dreamfs_server.dream.evidence.people.agreement import Asked, agreement, asked, shared_part_min
from dreamfs_server.dream.evidence.said import own_sentences
from dreamfs_server.dream.evidence.support import Place, is_rule, spread, support, told
from dreamfs_server.dream.material import Gathered, cite
from dreamfs_tools.dreaming import Card, Claim, Evidence

sentence_characters_max = 240
cards_max = 20

_HOW = re.compile(
    r"(?i)(?:^|[,:;]\s+)(?:no[,.! ]\s*)?(?:please\s+)?(?:(?:do not|don't|never|always|stop|avoid|prefer|use|keep|make sure)\b|(?:we|i) (?:always|never|prefer|don't|do not|use)\b)"
    r"|,\s+(?:not|never)\s+\w|\w\s+(?:should|must)\s+(?:be|go|stay|never|always|not)\b(?!.*\?$)"
    r"|\b(?:instead of|rather than|i (?:said|told you|asked)|as i said|again[:,]|not what i)\b"
)
_RETOLD = re.compile(r"(?i)\b(?:i|we) (?:said|told|asked)\b|\bagain\b")
"""Speaks of having said it before; a reader of the memory was not told."""
_NAMED = re.compile(r"^@?[^\W\d_][\w.’'-]{0,30}:\s+(?=\S)")
"""Who said it, where a log writes the name into the text."""
_NOT_A_PERSON = re.compile(r"^\s*<|^Caveat:|^\[Request interrupted|^This session is being continued|system-reminder")


@dataclass(frozen=True, slots=True)
class Wish:
    """One sentence of a person that says how to work."""

    place: Place
    asked: Asked
    text: str
    quote: Evidence
    message: tuple[datetime | None, str] = (None, "")
    """When the message was said, and its text: with a time, the same one in another log is no second one."""
    speaker: str = ""
    """Who said it, where the log knows."""


def wishes(gathered: Gathered, place: Place) -> list[Wish]:
    """What a person said in one session about how to work, after its first message."""
    result: list[Wish] = []
    begun = False
    first = None
    for event in gathered.events:
        if event.origin == "self" or event.kind != "text":
            continue
        named = _NAMED.match(event.text)
        speaker = event.speaker or (named.group().strip() if named else "")
        first = speaker if first is None else first
        begun = begun or event.role == "assistant" or speaker != first
        if event.role != "user" or not begun or len(event.text) > 4000 or _NOT_A_PERSON.search(event.text):
            continue
        if addresses_agents(event.text):
            continue
        for start, end, sentence in own_sentences(event.text):
            text = _NAMED.sub("", sentence)
            if len(set(telling(text))) >= 3 and len(text) <= sentence_characters_max and _HOW.search(text):
                quote = cite(gathered.session.session_id, event, start, end)
                if quote.quote:
                    result.append(Wish(place, asked(text), text, quote, (event.at, event.text), event.speaker))
    return result


def correction_cards(found: Sequence[Wish]) -> list[Card]:
    """One card a wish that at least two sessions heard."""
    groups: list[list[Wish]] = []
    said_in: dict[tuple[datetime | None, str], Place] = {}
    for wish in sorted(found, key=lambda one: (one.text, one.place, one.quote.lines)):
        if wish.message[0] is not None and said_in.setdefault(wish.message, wish.place) != wish.place:
            continue
        best = max(groups, key=lambda group: _agreement(group, wish), default=None)
        if best is not None and _agreement(best, wish) >= shared_part_min:
            best.append(wish)
        else:
            groups.append([wish])
    cards: list[Card] = []
    for group in groups:
        places = {wish.place for wish in group}
        rests = support(places)
        if rests.sessions < 2:
            continue
        # Where names are known, what one name alone repeats over threads is that person's line, or a program's.
        rule = is_rule(places) and (
            {wish.speaker for wish in group} == {""} or len({wish.speaker for wish in group}) > 1
        )
        said = min((wish.text for wish in group), key=lambda text: (_RETOLD.search(text) is not None, len(text), text))
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


def _agreement(group: Sequence[Wish], wish: Wish) -> float:
    """How far a wish agrees with those of a group on average; 0 where it contradicts one of them."""
    each = [agreement(one.asked, wish.asked) for one in group]
    return fmean(each) if all(each) else 0.0
