"""Commands that are not there, and what ran instead.

A command that the shell does not know is *missed*. What stands before the first argument that it shares with the next
command that works, within `steps_after_max` steps, is what ran *instead*: `python a.py`, `python3 a.py`. Nothing may stand there
(`timeout 60 make`, `make`): then it was left out. Each session counts once; machines differ, so a command that works in
`works_max` of the sessions which use it, or in a later session than the last that missed it, is no finding.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from dreamfs_server.dream.evidence.errors.command_changes import LOOKING
from dreamfs_server.dream.evidence.places.places import place_card
from dreamfs_server.dream.evidence.places.visits import lines_of
from dreamfs_server.dream.evidence.steps import Step
from dreamfs_server.dream.evidence.support import Place, rule_sessions_min, spread, support, told
from dreamfs_server.dream.material import Gathered, cite
from dreamfs_tools.dreaming import Card, Evidence

steps_after_max = 5
agreement_min = 0.6
works_max = 0.34
found_sessions_min = 2
evidence_max = 6

_UNKNOWN = re.compile(
    r"command not found: ([\w.+-]+)|(?:^|[\s:])([\w.+-]+): (?:command )?not found$|['\"]([\w.+-]+)['\"] is not recognized|exec: \"([\w.+-]+)\": executable file not found|(?:^|[\s:])([\w.+-]+): The term ",
    re.MULTILINE,
)
_READ_CHARACTERS = 2_000
_SEGMENT = re.compile(r"\s*(?:&&|\|\||[;|\n])\s*")
_SETTING = re.compile(r"\w+=\S*|sudo|time")


@dataclass(frozen=True, slots=True)
class Unknown:
    """A command that the shell did not know."""

    place: Place
    command: str
    instead: str | None
    """What ran in its place, "" where it was left out; None where nothing of the kind worked."""
    quote: Evidence
    worked: Evidence | None
    answer: tuple[str, int, int]
    """The lines of what the shell answered."""
    key: tuple[str, str]


def unknown_commands(gathered: Gathered, place: Place, all_steps: Sequence[Step]) -> tuple[list[Unknown], set[str]]:
    """The unknown commands of one session, and those that worked in it."""
    missed: list[Unknown] = []
    worked: set[str] = set()
    for step in all_steps:
        if not step.command or step.result is None or step.refused:
            continue
        name = _named(step)
        if not name:
            if not step.failed:
                worked.update(words[0] for words in _segments(step.command) if words)
            continue
        found = _UNKNOWN.search(step.result.text, 0, _READ_CHARACTERS)
        if found is None:
            continue
        text = step.result.text
        start, end = text.rfind("\n", 0, found.start() + 1) + 1, text.find("\n", found.end())
        quote = cite(gathered.session.session_id, step.result, start, len(text) if end < 0 else end)
        if not quote.quote:
            continue
        instead, by = _instead(step, name, all_steps)
        proof = None
        if by is not None and by.call is not None:
            at = max(by.call.text.find(by.command.split("\n", 1)[0]), 0)
            stop = by.call.text.find("\n", at)
            proof = cite(gathered.session.session_id, by.call, at, len(by.call.text) if stop < 0 else stop)
        at_time = step.result.at
        key = (at_time.isoformat(), name) if at_time is not None else ("", "")
        missed.append(
            Unknown(place, name, instead, quote, proof, lines_of(gathered.session.session_id, step.result), key)
        )
    return missed, worked


def _named(step: Step) -> str:
    text = step.result.text if step.result is not None else ""
    if not step.failed and len(text) > _READ_CHARACTERS:
        return ""
    for found in _UNKNOWN.finditer(text, 0, _READ_CHARACTERS):
        name: str = next(filter(None, found.groups()))
        if any(words[0] == name for words in _segments(step.command) if words):
            return name
    return ""


def _segments(command: str) -> list[list[str]]:
    result: list[list[str]] = []
    for segment in _SEGMENT.split(command):
        words = segment.strip("( )").split()
        while words and _SETTING.fullmatch(words[0]):
            del words[0]
        result.append(words)
    return result


def _instead(step: Step, name: str, all_steps: Sequence[Step]) -> tuple[str | None, Step | None]:
    asked = next(words for words in _segments(step.command) if words and words[0] == name)[1:]
    telling = [word for word in asked if not word.startswith("-") and not word.isdigit() and len(word) > 1]
    for later in all_steps[step.position + 1 : step.position + 1 + steps_after_max]:
        if not later.command or later.failed or later.result is None or later.refused or _named(later):
            continue
        for words in _segments(later.command):
            shared = [at for at, word in enumerate(words) if word in telling]
            if shared and words[0] != name and 2 * len({words[at] for at in shared}) >= len(set(telling)):
                head = [word for word in words[: shared[0]] if not word.startswith("-") or word == "-m"]
                if len(head) <= 3 and not (head and head[0] in LOOKING | {"cd"}):
                    return " ".join(head), later
    return None, None


def program_cards(missed: Sequence[Unknown], worked: Mapping[str, set[str]], places: Sequence[Place]) -> list[Card]:
    """One card a command that is not there and whose stand-in most sessions agree on.

    Args:
        missed: of all sessions.
        worked: session → commands that worked in it.
        places: all sessions, which tell when each was.
    """
    owner: dict[tuple[str, str], str] = {}
    groups: dict[str, list[Unknown]] = defaultdict(list)
    for one in sorted(missed, key=lambda one: (one.place, one.quote.lines)):
        if not one.key[0] or owner.setdefault(one.key, one.place.session_id) == one.place.session_id:
            groups[one.command].append(one)
    cards: list[Card] = []
    for command, members in sorted(groups.items()):
        roots = {one.place.root for one in members}
        has = [p for p in places if command in worked.get(p.session_id, ()) and p.root not in roots]
        later = max(one.place.day for one in members)
        if len(roots) < rule_sessions_min or len(has) > works_max * (len(has) + len(roots)):
            continue
        if sum(p.day > later for p in has) >= found_sessions_min:
            continue
        first: dict[str, Unknown] = {}
        for one in members:
            if one.instead is not None:
                first.setdefault(one.place.root, one)
        ways = Counter(one.instead for one in first.values())
        best = max(ways, key=lambda way: (ways[way], way or ""), default=None)
        if best is None or ways[best] < found_sessions_min or ways[best] < agreement_min * len(first):
            continue
        cards.append(_card(command, best, members, [one for one in first.values() if one.instead == best], len(first)))
    return cards


def _card(command: str, instead: str, members: Sequence[Unknown], found: Sequence[Unknown], tried: int) -> Card:
    places = {one.place for one in members}
    rests = support(places)
    way = f"`{instead}` ran in its place" if instead else "it was left out"
    text = (
        f"The command `{command}` is not there: {len(members)} calls in {told(rests)}. "
        f"In {len(found)} of {tried} sessions that then got on, {way}."
    )
    first: dict[Place, Evidence] = {}
    for one in members:
        first.setdefault(one.place, one.quote)
    proofs = [one.worked for one in found if one.worked is not None and one.worked.quote][:2]
    statistics: dict[str, Any] = {
        "command": command,
        "instead": instead,
        "count": len(members),
        "sessions": rests.sessions,
        "tasks": rests.tasks,
        "days": rests.days,
        "found": len(found),
        "tried": tried,
    }
    return place_card(
        f"No such command: {command}",
        text,
        places,
        [*(first[p] for p in spread(first, evidence_max)), *proofs],
        statistics,
        float(len(members)),
        {"kind": "command", "command": command, "instead": instead, "found": len(found), "tried": tried},
        (one.answer for one in members),
    )
