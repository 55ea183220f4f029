"""What people tell agents again and again: corrections and preferences.

What counts is said after an agent or somebody else had begun, sentence by sentence, in a person's own words (`said.py`), and says
how to work (`ways.py`). The first message of a session is its task: of it only what it forbids, or wants each time, counts beside a
task. Of first messages that say it in the same words and have another sentence in common, as those of a script do, one counts.
What addresses agents, or speaks of them, over people's heads counts for nothing (`guard.py`), and what people say to one another for
less. Sentences are the same if they ask for the same (`agreement.py`); what one person says in one session is a wish, what is said in several sessions on several days is a preference.
One message that several logs hold was said once.
"""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from statistics import fmean

from dreamfs_server.dream.evidence.guard import may_tell
from dreamfs_server.dream.evidence.memories.statements import telling
from dreamfs_server.dream.evidence.orders import Site, addresses_agents
from dreamfs_server.dream.evidence.people.agreement import Asked, agreement, asked, shared_part_min
from dreamfs_server.dream.evidence.people.cause_phrases import is_labelled
from dreamfs_server.dream.evidence.people.cause_phrases import told as cause_or_fix
from dreamfs_server.dream.evidence.people.refusals import refused_with
from dreamfs_server.dream.evidence.people.ways import always, asks_or_is_of_one_case, forbids, says_how
from dreamfs_server.dream.evidence.said import is_a_clients, own_sentences
from dreamfs_server.dream.evidence.support import Place, is_rule, spread, support, told
from dreamfs_server.dream.material import Gathered, cite
from dreamfs_tools.dreaming import Card, Claim, Evidence
from dreamfs_tools.transcript import Event

sentence_characters_max = 240
telling_words_min = 3
forbidding_words_min = 2
"""Of "don't commit", which says enough."""
script_words_min = 3
"""Of a sentence that two first messages share, for them to be of one script."""
cards_max = 20
custom_sessions_min = 4
custom_names_min = 3
"""What people say to one another was said to no agent: more of them have to say it, more often."""

_CODE = re.compile(r"`[^`]*`")
_RETOLD = re.compile(r"(?i)\b(?:i|we) (?:said|told|asked)\b|\bagain\b")
"""Speaks of having said it before; a reader of the memory was not told."""
_NAMED = re.compile(
    r"^(?!(?i:again|note|no|ok|please|also|remember|reminder|btw|so|important|rule)\b)@?[^\W\d_][\w.’'-]{0,30}:\s+(?=\S)"
)
"""Who said it, where a log writes the name into the text."""


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
    opening: bool = False
    """It was said with the task of the session."""
    beside: frozenset[str] = frozenset()
    """Of an opening, what else it says: its other sentences, without numbers."""
    to_agent: bool = True
    """An agent takes part in the conversation; else people said it to one another."""


def wishes(gathered: Gathered, place: Place, withheld: list[Site]) -> list[Wish]:
    """What a person said in one session about how to work. A sub-agent is told what to do by an agent.

    Where something stands that may not be told is added to `withheld`.
    """
    to_agent = any(event.role == "assistant" for event in gathered.events)
    result: list[Wish] = []
    begun = False
    first = None
    for event in gathered.events if not gathered.session.parent else ():
        if event.origin != "self" and event.kind == "tool_result" and (span := refused_with(event)):
            result += _wishes(place, event, span, withheld)
        if event.origin == "self" or event.kind != "text":
            continue
        named = _NAMED.match(event.text)
        speaker = event.speaker or (named.group().strip() if named else "")
        first = speaker if first is None else first
        begun = begun or event.role == "assistant" or speaker != first
        if event.role != "user" or len(event.text) > 4000 or is_a_clients(event.text):
            continue
        if (not begun and speaker) or addresses_agents(event.text, by_its_person=not speaker):
            continue
        found = _wishes(place, event, (0, len(event.text)), withheld, opening=not begun)
        result += found if to_agent else [replace(wish, to_agent=False, speaker=speaker) for wish in found]
    return result


def _wishes(
    place: Place, event: Event, span: tuple[int, int], withheld: list[Site], *, opening: bool = False
) -> list[Wish]:
    """The wishes of one message; of an opening one only those beside a task."""
    found: list[Wish] = []
    others: set[str] = set()
    for start, end, sentence in own_sentences(event.text[span[0] : span[1]]):
        text = _NAMED.sub("", sentence)
        if len(text) <= sentence_characters_max and not _is_finding(sentence) and _is_wish(text, opening=opening):
            quote = cite(place.session_id, event, span[0] + start, span[0] + end)
            if quote.quote and not may_tell(text, "wish", event.text[span[0] + start : span[0] + end]):
                withheld.append((place.session_id, quote.lines[0]))
            elif quote.quote:
                said = (event.at, event.text)
                found.append(Wish(place, asked(text), text, quote, said, event.speaker, opening))
        else:
            others.add(_plain(text))
    if not opening:
        return found
    beside = frozenset(other for other in others if len(other.split()) >= script_words_min)
    return [replace(wish, beside=beside) for wish in found] if others else []


def _is_finding(sentence: str) -> bool:
    """What it was, and what ended it, says nothing of how to work."""
    return is_labelled(sentence) or any(cause_or_fix(sentence, in_thread=False))


def _is_wish(text: str, *, opening: bool) -> bool:
    """Whether it says how to work, in words that are not code."""
    words = len(set(telling(text)))
    bare = _CODE.sub("x", text)
    if asks_or_is_of_one_case(text):
        return False
    if words < telling_words_min:
        return words >= forbidding_words_min and forbids(bare)
    return forbids(bare) or always(bare) if opening else says_how(bare)


def correction_cards(found: Sequence[Wish]) -> list[Card]:
    """One card a wish that at least two sessions heard."""
    groups: list[list[Wish]] = []
    said_in: dict[tuple[datetime | None, str], Place] = {}
    scripts: dict[tuple[str, str], Place] = {}
    for wish in sorted(found, key=lambda one: (one.text, one.place, one.quote.lines)):
        if wish.message[0] is not None and said_in.setdefault(wish.message, wish.place) != wish.place:
            continue
        words = _plain(wish.text)
        if {scripts.setdefault((words, other), wish.place) for other in wish.beside} - {wish.place}:
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
        to_agents = [wish for wish in group if wish.to_agent]
        is_custom = _is_custom(group)
        if not (to_agents or is_custom):
            continue
        rule = _is_rule(to_agents) or is_custom
        said = _typical(group)
        among = "" if to_agents else " to one another"
        text = f"People said this{among} in {told(rests)}: “{said}”"
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
                data={
                    "rule": rule,
                    "said": said,
                    "to_agents": bool(to_agents),
                    "days": sorted({place.day for place in places}),
                    "texts": {wish.text for wish in group},
                },
            )
        )
    return sorted(cards, key=lambda card: (-card.weight, card.title))[:cards_max]


def told_texts(cards: Iterable[Card]) -> set[str]:
    """All wordings of the wishes that are preferences."""
    return {text for card in cards if card.data["rule"] for text in card.data["texts"]}


def _is_rule(group: Sequence[Wish]) -> bool:
    """Where names are known, what one name alone repeats over threads is that person's line, or a program's."""
    names = {wish.speaker for wish in group}
    return is_rule({wish.place for wish in group}) and (names == {""} or len(names) > 1)


def _is_custom(group: Sequence[Wish]) -> bool:
    """Whether so many people say it to one another on so many days that whoever works with them wants to know it."""
    places = {wish.place for wish in group}
    names = {wish.speaker for wish in group} - {""}
    return is_rule(places) and support(places).sessions >= custom_sessions_min and len(names) >= custom_names_min


def _agreement(group: Sequence[Wish], wish: Wish) -> float:
    """How far a wish agrees with those of a group on average; 0 where it contradicts one of them."""
    each = [agreement(one.asked, wish.asked) for one in group]
    return fmean(each) if all(each) else 0.0


def _typical(group: Iterable[Wish]) -> str:
    """The wish in the words that are fewest of those that ask for what most ask for."""
    often = Counter(wish.asked for wish in {(wish.place.root, wish.asked): wish for wish in group}.values())
    return min(
        (wish for wish in group),
        key=lambda wish: (_RETOLD.search(wish.text) is not None, -often[wish.asked], len(wish.text), wish.text),
    ).text


def _plain(text: str) -> str:
    """Its words, without numbers."""
    return " ".join(re.findall(r"[^\W\d_]+", text.casefold()))
