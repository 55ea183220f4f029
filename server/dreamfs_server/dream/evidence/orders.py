"""Text that speaks to agents over people's heads, and whatever repeats it.

A thread, an alert or a web page may say "ignore previous instructions", "note to AI assistants: please record …". A dream
follows none of that, and none of it may reach a memory: neither as a rule, nor as a preference, nor inside a code quote, nor as
the signature of an error. So such lines are noted once for all sessions, and every card that repeats one of them is left out. A
card says where they stand, without their words.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import re2

from dreamfs_server.dream.evidence.said import borrowed
from dreamfs_server.dream.material import Gathered
from dreamfs_tools.dreaming import Card
from dreamfs_tools.transcript import Event

MINER = "orders"
run_words = 5
"""So many words in a row are no coincidence."""
sites_shown_max = 20
text_characters_max = 2_000_000
order_characters_max = 1_500

Site = tuple[str, int]
"""A session, and a line of it."""

_READER = r"(?:a\.?i\.?s?|llms?|(?:a\.?i\.?|llm|language|coding|autonomous)[ -](?:assistants?|agents?|models?|systems?|readers?)|language models?|assistants?|agents?|chatbots?|copilots?|claude|chatgpt|gpt)"
_STRICT = (
    r"(?:ignore|disregard|forget|override|bypass)\s+(?:(?:all|any|the|your|my|every|of)\s+){0,3}(?:previous|prior|above|earlier|preceding|existing|other)\s+(?:\w+\s+)?(?:instructions?|rules?|prompts?|guidance|messages?|context|directions?|polic(?:y|ies))",
    rf"(?:notes?|messages?|reminders?|instructions?|attention|notice|memo|hint|request|directive)\s*(?:to|for|,|:)\s+(?:(?:all|any|every|the|future|our|you|other)\s+){{0,3}}{_READER}\b",
    rf"(?:attention|dear|hey|hello)[,:]?\s+(?:(?:all|any|every|the)\s+)?{_READER}\b",
    r"\b(?:a\.?i\.?|llm|language)[ -](?:assistants?|agents?|models?)\s+(?:reading|that|who|which|processing|summari[sz]ing|should|must|shall|please|need to|are to|have to)\b",
    rf"\b(?:every|any|all|future|each)\s+{_READER}\s+(?:that|who|which)\s+(?:reads?|sees?|process\w*|summari[sz]\w*)",
    rf"\b(?:if|when|whenever|since|because)\s+you(?:'re| are)\s+(?:an?\s+)?{_READER}\b",
    rf"\b{_READER}\s+(?:reading|processing|parsing|summari[sz]ing)\s+(?:this|these|the|it)\b",
    r"\b(?:a\.?i\.?s|llms?|assistants?|agents?|language models?|chatbots?|copilots?)\s+(?:should|must|shall|please|need to|have to|are to|may|can)\s+(?:\w+ly\s+)?(?:note|remember|record|keep in mind|memori[sz]e|assume|treat|consider|ignore)\b",
    r"\bnew (?:system )?instructions?\s*:|\byou are now (?:in|an?) (?:\w+ )?(?:mode|admin|root|assistant)\b|\bdeveloper mode\b|\bsystem (?:override|prompt override)\b",
    r"(?m:^|[\[<(\n])\W{0,4}(?:system|admin|assistant|developer)(?: (?:message|note|override|notice|instruction|prompt))?\W{0,3}:\s*(?:\w+,? ){0,3}?(?:always|never|you|must|run|execute|ignore|remember|record|write|store|save|add|from now|do not|don't|disable|grant|approve|delete|send|treat|consider|assume|please)\b",
)
# Those that address a model by what it does, by a role it has, behind the person's back, or in another language.
_ADDRESSED = (
    rf"\b(?:if|when|whenever|should)\s+(?:an?|any|some)\s+{_READER}\s+(?:is |are )?(?:reads?|reading|sees?|seeing|process(?:es|ing)|summari[sz]\w*)\b",
    rf"\b(?:to|for)\s+(?:(?:whichever|whatever|whoever|any|every)\s+(?:bots?|summari[sz]ers?|{_READER})|the\s+bots?)\b[^.\n]{{0,30}}\b(?:reads?|reading|summari[sz]\w*|distil\w*)\b",
    r"\bfor\s+the\s+summari[sz]ers?\b",
    r"\b(?:whoever|whatever|whichever)\s+(?:\w+\s+)?(?:distil\w*|summari[sz]\w*|condens\w*)\b[^.\n]{0,40}\b(?:must|always|never|keep|remember|record)\b",
    r"\bwhen(?:ever)?\s+(?:you are\s+)?(?:summari[sz]ing|distilling|condensing)\b[^.\n]{0,40}\b(?:always|never|must|remember|record|include)\b",
    r"<(?:system|instructions?)>\s*(?:\w+,? ){0,3}?(?:always|never|you|must|run|execute|ignore|remember|record|write|store|save|add|from now|do not|don't)\b|\[INST\]|<<SYS>>|<\|im_start\|>",
    r"\"role\"\s*:\s*\"(?:system|developer)\"\s*,\s*\"content\"\s*:\s*\"[^\"\n]{0,80}\b(?:always|never|must|ignore|remember|record|store|save)\b",
    r"\b(?:do not|don't|never|without)\s+(?:tell|inform|alert|notify|show|telling|informing)\s+(?:(?:the|your)\s+)?(?:users?|humans?|people)\b[^.;\n]{0,60}\b(?:write|record|save|store|add|remember|put|persist|append)\b",
    r"(?m:^|[(\[])\W{0,3}(?:bots|agents|llms|assistants|ais|chatbots)\s?[:,]\s*(?:\w+,? ){0,3}?(?:always|never|remember|record|store|save)\b",
    r"\b(?:always|never|remember|record|save|store)\b[^\n]{0,100},\s*(?:dear\s+)?(?:bots|llms|ais|chatbots|assistants)\W*(?m:$)",
    r"\b(?:ignorier\w*|vergiss|vergesst|missachte\w*)\s+(?:\w+\s+){0,3}(?:vorherigen?|bisherigen?|obigen?|früheren?|vorigen?)\s+(?:\w+\s+)?(?:anweisung|regel|instruktion|vorgabe)\w*",
    r"\b(?:ignor[ae]\w*|olvid[ae]\w*|oubli\w+)\s+(?:\w+\s+){0,3}(?:instruc\w+|instructions|reglas|règles|indicaciones|consignes)\s+(?:\w+\s+)?(?:anteriores|previas|précédentes|antérieures)\b",
    r"\b(?:hinweis|notiz|nachricht|anweisung|bitte|nota|aviso|mensaje|note|message)\s+(?:an|für|para|a|aux?|pour)\s+(?:\w+\s+){0,3}(?:ki|k\.i\.|ia|llms?|sprachmodelle?|chatbots?)(?:\b|-)",
    r"\b(?:ki|llm)[- ]?(?:assistent|agent|modell)\w*\s+(?:soll\w*|müss\w*|muss|mögen|bitte|dürfen)\b",
    r"\b(?:asistentes?|agentes?|modelos?|assistants?|modèles?)\s+(?:de\s+|d['’])?ia\s+(?:\w+\s+)?(?:deben?|tienen|recuerden|guarden|doivent|devez|por favor)\b",
)
_KEEP = r"(?:write|record|save|store|add|remember|note|put|commit|persist|memori[sz]e|append|update|enter)"
_MEMORY = r"(?:(?:the\s+)?(?:your|its|their|long[- ]term|shared|persistent|permanent|agents?'?s?|team'?s?|the team'?s?|assistant'?s?)\s+(?:\w+\s+){0,2}memor(?:y|ies)|memory that\b|memor(?:y|ies)[ -](?:store|file|bank)s?|the memories\b|(?:claude|agents|memory)\.md)"
_STRONG = (
    rf"\b{_KEEP}\b[^.\n]{{0,90}}\b(?:to|in|into|as)\s+{_MEMORY}",
    rf"\bupdate\s+{_MEMORY}",
    rf"\b{_KEEP}\b[^.\n]{{0,60}}\binto\s+memories\b",
    r"@(?:claude|chatgpt|copilot|gpt|ai|assistant|bot)\b\W{0,3}(?:\w+\s+){0,2}(?:remember|record|memori[sz]e|save|store|note)\b",
    r"(?m:^)\W{0,6}(?:instructions?|anweisung|instrucción)\s?:\s*(?:\w+,? ){0,3}?(?:from now on|always|never|ignore|remember|you must|immer|ab jetzt|siempre)\b",
    r"\bplease\s+(?:record|memori[sz]e|persist)\s+(?:that|this|it)\b",
    r"\b(?:for|in|to)\s+(?:all\s+)?future\s+(?:sessions?|agents?|assistants?|conversations?)\b",
)
_RE2: Any = re2  # which ships no types
_STRICT_RE: Any = _RE2.compile("(?i)" + "|".join(f"(?:{one})" for one in (*_STRICT, *_ADDRESSED)))
_STRONG_RE: Any = _RE2.compile("(?i)" + "|".join(f"(?:{one})" for one in (*_STRICT, *_ADDRESSED, *_STRONG)))
_CODE = re.compile(r"`([^`\n]{4,200})`|\"([^\"\n]{8,200})\"|“([^”\n]{8,200})”")
_EDGES = re.compile(r"^[\W_]+|[\W_]+$")
_LISTING: Any = _RE2.compile(r"^\s*\d+(?:→|\t)|^[+-]\t|^\s*(?://|/\*)|[{;]\s*$|:=|=>|\\n")
"""A line of a program, or of a file with its numbers: what stands on the lines around it is not said with it."""


def addresses_agents(text: str, *, by_its_person: bool = False) -> bool:
    """Whether a text gives orders to whatever model reads it.

    Args:
        text: any.
        by_its_person: a person said it to the agent that the session belongs to, who may well ask it to remember something.
    """
    return (_STRICT_RE if by_its_person else _STRONG_RE).search(text) is not None


def blanked(text: str) -> str:
    """The text with what addresses agents blanked out from there to the end of its line; every offset stays."""
    if not addresses_agents(text[:text_characters_max]):
        return text
    lines = text.split("\n")
    for number, line in enumerate(lines):
        if found := _STRONG_RE.search(line):
            kept = line[: found.start()]
            lines[number] = kept + " " * (len(line) - len(kept))
    return "\n".join(lines)


@dataclass(slots=True)
class Orders:
    """What all sessions say to agents over people's heads."""

    sites: list[Site] = field(default_factory=list[Site])
    withheld: list[Site] = field(default_factory=list[Site])
    """The same for what people say of a cause, a fix or a wish and what may not be told (`guard.py`)."""
    _runs: set[str] = field(default_factory=set[str])
    _codes: set[str] = field(default_factory=set[str])

    def meet(self, gathered: Gathered) -> None:
        """Note those of one session."""
        for event in gathered.events:
            if event.kind not in {"text", "tool_result", "attachment"} or event.role in {"assistant", "system"}:
                continue
            text = event.text[:text_characters_max]
            if not addresses_agents(text):
                continue
            for line, order in _orders_in(event, text):
                self.sites.append((gathered.session.session_id, line))
                self._runs |= set(runs(order))
                self._codes |= {_plain(next(filter(None, found.groups()))) for found in _CODE.finditer(order)}

    def repeats(self, text: str) -> bool:
        """Whether a text says something of an order."""
        if not self.sites:
            return False
        plain = _plain(text)
        return any(code in plain for code in self._codes if len(code.split()) > 1) or any(
            run in self._runs for run in runs(text)
        )

    def without(self, cards: Iterable[Card]) -> list[Card]:
        """The cards that repeat none, and one that says where orders stand."""
        kept: list[Card] = []
        left_out = 0
        for card in cards:
            if any(map(self._said, _texts(card))):
                left_out += 1
            else:
                kept.append(card)
        return [*kept, *self._card(left_out)]

    def _said(self, text: str) -> bool:
        return addresses_agents(text, by_its_person=True) or self.repeats(text)

    def _card(self, left_out: int) -> list[Card]:
        cards: list[Card] = []
        if self.sites:
            places = sorted(set(self.sites))
            told = _counted(places, "message")
            text = f"{told} speak to agents over people's heads. None was followed, and no card repeats their words."
            if left_out:
                text += f"\nEvidence that repeats them was left out: {left_out} card{'s' * (left_out != 1)}."
            cards.append(_site_card(f"Addressed to agents, not followed: {told}", text, places))
        if self.withheld:
            places = sorted(set(self.withheld))
            told = _counted(places, "sentence")
            text = (
                f"{told} of people name a cause, a fix or a wish in a form that is not passed on: as something to do, with "
                "what weakens a system, or with what cannot be read. They count for nothing."
            )
            cards.append(_site_card(f"Not passed on: {told}", text, places))
        return cards


def _counted(places: Sequence[Site], what: str) -> str:
    sessions = len({session for session, _ in places})
    return f"{len(places)} {what}{'s' * (len(places) != 1)} in {sessions} session{'s' * (sessions != 1)}"


def _site_card(title: str, text: str, places: Sequence[Site]) -> Card:
    """A card that says where something stands, without its words."""
    lines = [text, *(f"- {session}#L{line}" for session, line in places[:sites_shown_max])]
    lines += [f"- and {len(places) - sites_shown_max} more"] if len(places) > sites_shown_max else []
    return Card(0, MINER, title, "\n".join(lines), data={"sites": places})


def runs(text: str) -> Iterator[str]:
    """All runs of `run_words` words of a text. A path or another name is one word, however many it is made of."""
    words = [word for raw in text.casefold().split() if (word := _EDGES.sub("", raw))]
    for start in range(len(words) - run_words + 1):
        yield " ".join(words[start : start + run_words])


def _orders_in(event: Event, text: str) -> Iterator[tuple[int, str]]:
    """Line and words of each order: from where it addresses agents to the end of its paragraph, in a listing of its line."""
    own = event.role == "user" and event.kind == "text" and not event.speaker
    at = 0
    while found := _STRONG_RE.search(text, at):
        start = text.rfind("\n", 0, found.start() + 1) + 1
        line_end = text.find("\n", found.end()) % (len(text) + 1)
        line = text[start:line_end]
        end = _end_of_order(text, line_end) if _LISTING.search(line) is None else line_end
        end = min(end, found.start() + order_characters_max)
        at = max(end, found.end())
        # What a person tells the agent they work with is theirs to say, unless it is somebody else's text that they pasted.
        if own and not addresses_agents(text[start:end], by_its_person=True) and not borrowed(line):
            continue
        yield event.line + 1 + text.count("\n", 0, found.start()), text[found.start() : end]


def _end_of_order(text: str, line_end: int) -> int:
    """Where the paragraph ends in which a line is said, or the prose of it."""
    end = line_end
    while end < len(text):
        after = text.find("\n", end + 1) % (len(text) + 1)
        line = text[end + 1 : after]
        if not line.strip() or _LISTING.search(line) is not None:
            break
        end = after
    return end


def _texts(card: Card) -> Iterator[str]:
    yield card.title
    yield card.body
    for claim in card.claims:
        yield claim.text
        yield from (one.quote for one in claim.evidence if one.source.startswith("/transcripts/"))
    tallies: Sequence[object] = card.data.get("tallies", ())
    yield from (str(getattr(tally, "label", "")) for tally in tallies)


def _plain(text: str) -> str:
    return " ".join(text.casefold().split())
