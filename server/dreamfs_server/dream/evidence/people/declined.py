"""What people decline: kinds of calls that they refuse far more often than others, which no single session sees.

A kind is a command by its program and subcommand, a program with all its subcommands where several were refused, a tool, and for changes
of files also those of one ending or below one folder. It is told where

- people refused it in three sessions on two days, of three tasks where they are known;
- that is a sixth of all such calls where people were asked, or more;
- the calls of the same sessions were refused less: by the exact test of `strata.py` over calls, session by session, with false discoveries
  held at `q_max` over all kinds. A plan is put to people in every mode and compares with nothing; of plans it has to be a quarter.

Of kinds that lie in one another the surest is told, and another only for what that leaves. An ending or a folder is told before its tool
where the test also tells it from the other changes of files. Refusals within two seconds, in a session and its sub-agents, are one.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from dreamfs_server.dream.evidence.chance import q_values
from dreamfs_server.dream.evidence.people.agreement import agreement, shared_part_min
from dreamfs_server.dream.evidence.people.refusals import CHANGES_FILES, PLAN, Call, Decided, Refusal, Words
from dreamfs_server.dream.evidence.places.roots import above, in_project, told_path
from dreamfs_server.dream.evidence.places.visits import Atlas
from dreamfs_server.dream.evidence.support import Place, is_rule, spread, support, told
from dreamfs_server.dream.evidence.work.strata import together_by_chance
from dreamfs_server.dream.material import UNDATED
from dreamfs_tools.dreaming import Card, Claim, Evidence

share_min = 1 / 6
plan_share_min = 1 / 4
q_max = 0.01
names_of_program_min = 2
"""Subcommands that have to have been refused, that a program be told as a whole."""
stroke_seconds = 2.0
folders_deep_max = 3
calls_saved = 2.0
"""By who knows: the call, and what is said about it."""
words_told_max = 2
evidence_places_max = 4
cards_max = 12
BELOW = "below "
"""Of a folder's name as a kind."""


@dataclass(frozen=True, slots=True)
class Said:
    """What people said to refusals of a kind, in the words of one of them."""

    text: str
    sessions: int
    texts: frozenset[str]
    quote: Evidence
    with_it: bool


@dataclass(frozen=True, slots=True)
class Declined:
    """A kind of calls that people refuse."""

    kind: str
    refused: Sequence[Refusal]
    calls: int
    """All that people were asked about, refused or not."""
    apart: bool
    """It is told from other changes of files."""
    p_value: float


class _World:
    """All calls that people were asked about, numbered, and what each kind is of as bits."""

    def __init__(self, sessions: Iterable[Decided], atlas: Atlas) -> None:
        ordered = sorted(sessions, key=lambda one: one.place)
        owner: dict[str, str] = {}
        for one in ordered:
            for call in (*(refusal.call for refusal in one.refused), *one.let_through):
                owner.setdefault(call.key, one.place.session_id)
        again = _of_one_stroke(refusal for one in ordered for refusal in one.refused)
        self.refusals: dict[int, Refusal] = {}
        self.kinds: dict[str, int] = defaultdict(int)
        self.strata: list[int] = []
        number = 0
        for one in ordered:
            start = number
            refused = {refusal.call.key: refusal for refusal in one.refused}
            for call in (*(refusal.call for refusal in one.refused), *one.let_through):
                if owner[call.key] != one.place.session_id or call.key in again:
                    continue
                if call.key in refused:
                    self.refusals[number] = refused[call.key]
                for kind in (*call.kinds, *_folders(call, atlas.root_of.get(one.place.session_id, ""))):
                    self.kinds[kind] |= 1 << number
                number += 1
            self.strata.append((1 << number) - (1 << start))
        self.everything = (1 << number) - 1
        self.refused = sum(1 << n for n in self.refusals)

    def refusals_of(self, bits: int) -> list[Refusal]:
        """Those of some calls, in order."""
        return [refusal for n, refusal in self.refusals.items() if bits >> n & 1]

    def by_chance(self, bits: int, among: int) -> float:
        """How often chance alone would have so many of some calls refused, among all that are to be compared."""
        return together_by_chance(bits & among, self.refused & among, [stratum & among for stratum in self.strata])


def _of_one_stroke(refusals: Iterable[Refusal]) -> set[str]:
    """The calls that went with another, refused just before in the same session or a sub-agent of it; all where they differ."""
    of_root: dict[str, list[Refusal]] = defaultdict(list)
    for refusal in refusals:
        if refusal.at is not None:
            of_root[refusal.place.root].append(refusal)
    strokes: list[list[Refusal]] = []
    for found in of_root.values():
        last: datetime | None = None
        for one in sorted(found, key=lambda one: (one.at, one.call.key)):
            if last is None or one.at is None or one.at - last > timedelta(seconds=stroke_seconds):
                strokes.append([])
            strokes[-1].append(one)
            last = one.at
    result: set[str] = set()
    for stroke in strokes:
        alike = frozenset[str].intersection(*(one.call.kinds for one in stroke))
        result |= {one.call.key for one in stroke if not alike or one.call.key != stroke[0].call.key}
    return result


def _folders(call: Call, root: str) -> list[str]:
    name = told_path(call.path, root) if call.path else ""
    name = name if name and in_project(name, root) else ""
    return [f"{BELOW}{folder}" for folder in above(name)[:folders_deep_max] if not name.startswith(("/", "~"))]


def declined_kinds(sessions: Iterable[Decided], atlas: Atlas) -> list[Declined]:
    """The kinds of calls that people refuse, the surest first."""
    world = _World(sessions, atlas)
    tested = [kind for kind, bits in sorted(world.kinds.items()) if bits & world.refused]
    enough = [one for kind in tested if (one := _measured(world, kind, world.everything)) is not None]
    enough.sort(key=lambda one: (one.p_value, one.kind))
    sure = {
        one.kind
        for one, q in zip(enough, q_values([one.p_value for one in enough], len(tested)), strict=True)
        if q <= q_max or one.kind == PLAN
    }
    ranked = sorted(
        (one for one in enough if one.kind in sure and (one.apart or not _is_part(one.kind))),
        key=lambda one: (not one.apart, one.p_value, -len(one.refused), one.kind.endswith("…"), one.kind),
    )
    result: list[Declined] = []
    left = world.everything
    for one in ranked:
        rest = _measured(world, one.kind, left)
        if rest is not None and (rest.p_value <= q_max or one.kind == PLAN):
            result.append(one)
            left &= ~world.kinds[one.kind]
    return result


def _is_part(kind: str) -> bool:
    """Whether it is a part of the changes of files."""
    return kind.startswith(BELOW) or kind.partition(" ")[0] in CHANGES_FILES - {kind}


def _measured(world: _World, kind: str, among: int) -> Declined | None:
    """A kind with its numbers, of some calls only; None where it is not worth telling of these."""
    bits = world.kinds[kind] & among
    refused = world.refusals_of(bits)
    calls = bits.bit_count()
    if not is_rule(refusal.place for refusal in refused):
        return None
    if len(refused) < (plan_share_min if kind == PLAN else share_min) * calls:
        return None
    if kind.endswith(" …") and len(_names(kind, refused)) < names_of_program_min:
        return None
    changes = 0
    for tool in CHANGES_FILES:
        changes |= world.kinds.get(tool, 0)
    tool = kind.partition(" ")[0]
    siblings = world.kinds.get(tool, 0) if tool in CHANGES_FILES else changes
    apart = _is_part(kind) and world.by_chance(bits, siblings & among) <= q_max
    return Declined(kind, refused, calls, apart, world.by_chance(bits, among))


def _names(kind: str, refused: Iterable[Refusal]) -> set[str]:
    program = kind.removesuffix("…")
    return {name for one in refused for name in one.call.kinds if name.startswith(program) and name != kind}


def name_of(kind: str) -> str:
    """A kind as it is told: `git`, `Write *.md`, `docs/`."""
    return f"{kind.removeprefix(BELOW)}/" if kind.startswith(BELOW) else kind.removesuffix(" …")


def declined_cards(
    sessions: Iterable[Decided], atlas: Atlas, wished: AbstractSet[str], repeats_order: Callable[[str], bool]
) -> list[Card]:
    """One card a kind, the one that costs most first.

    Args:
        sessions: what people decided in each.
        atlas: what all sessions know of paths.
        wished: sentences that are told as wishes of people; they are not told here again.
        repeats_order: whether a line says something of an order to agents (`orders.py`); such a line is not quoted.
    """
    found = [_card(one, wished, repeats_order) for one in declined_kinds(sessions, atlas)]
    return sorted(found, key=lambda card: (-card.weight, card.title))[:cards_max]


def _card(one: Declined, wished: AbstractSet[str], repeats_order: Callable[[str], bool]) -> Card:
    rests = support(refusal.place for refusal in one.refused)
    said = [words for words in _said(one.refused) if wished.isdisjoint(words.texts) and not repeats_order(words.text)]
    said = said[:words_told_max]
    statistics: dict[str, Any] = {
        "declined": name_of(one.kind),
        "count": len(one.refused),
        "calls": one.calls,
        "said": sum(words.sessions for words in said),
        "sessions": rests.sessions,
        "tasks": rests.tasks,
        "days": rests.days,
    }
    text = f"People declined `{name_of(one.kind)}` {len(one.refused)} of {one.calls} times that they were asked, in {told(rests)}."
    first: dict[Place, Refusal] = {}
    for refusal in one.refused:
        first.setdefault(refusal.place, refusal)
    quotes = [quote for place in spread(first, evidence_places_max) for quote in first[place].quotes]
    quotes += [words.quote for words in said]
    claim = Claim(
        text=text,
        kind="observed",
        evidence=[quote for quote in quotes if not repeats_order(quote.quote)],
        support=rests,
        statistics=statistics,
    )
    return Card(
        number=0,
        miner="declined",
        title=f"People decline: {name_of(one.kind)}",
        body="\n".join([text, *(f"- said to it in {told_sessions(words.sessions)}: “{words.text}”" for words in said)]),
        claims=[claim],
        weight=calls_saved * len(one.refused),
        data={
            "kind": one.kind,
            "said": [(words.text, words.sessions) for words in said],
            "days": sorted({refusal.place.day for refusal in one.refused} - {UNDATED}),
        },
    )


def told_sessions(number: int) -> str:
    return f"{number} session{'s' * (number != 1)}"


def _said(refused: Sequence[Refusal]) -> list[Said]:
    """What people said to refusals, grouped by what it asks for; what most sessions heard first."""
    groups: list[list[tuple[Place, Words]]] = []
    every = [(refusal.place, words) for refusal in refused for words in refusal.words]
    for place, words in sorted(every, key=lambda item: (item[1].text, item[0], item[1].quote.lines)):
        group = next((group for group in groups if all(_is_same(words, other) for _, other in group)), None)
        if group is not None:
            group.append((place, words))
        else:
            groups.append([(place, words)])
    result: list[Said] = []
    for group in groups:
        _, best = min(group, key=lambda item: (not item[1].with_it, len(item[1].text), item[1].text))
        sessions = len({place.root for place, _ in group})
        texts = frozenset(words.text for _, words in group)
        result.append(Said(best.text, sessions, texts, best.quote, best.with_it))
    return sorted(result, key=lambda one: (-one.sessions, not one.with_it, len(one.text), one.text))


def _is_same(one: Words, other: Words) -> bool:
    return one.text == other.text or agreement(one.asked, other.asked) >= shared_part_min
