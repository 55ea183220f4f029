"""Where to look, as cards: what sessions search for again and again, each time from nothing.

Two findings:

- *A question with one answer* (`questions.py`): `retry budget` is in `pkg/net/pool.go`.
- *A file that is searched for*: at least `searched_share_min` of the sessions that opened it had searched before, with
  `searches_each_min` calls and words that several of them share. A name that is given to many files (`index.ts`) or that says what was
  sought needs more sessions, or is left out.
"""

import re
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from posixpath import basename, dirname
from typing import Any

from dreamfs_server.dream.evidence.places.lookups import Lookup, Lookups
from dreamfs_server.dream.evidence.places.questions import (
    Answer,
    File,
    Searched,
    as_written,
    is_given_away,
    is_telling,
)
from dreamfs_server.dream.evidence.places.sought import key_of
from dreamfs_server.dream.evidence.places.visits import Atlas
from dreamfs_server.dream.evidence.support import Place, is_rule, spread, support
from dreamfs_server.dream.material import UNDATED
from dreamfs_tools.dreaming import Card, Claim, Evidence

sessions_min, searches_each_min = 4, 2.0
named_sessions_min, named_searches_each_min = 5, 3.0
"""For a file whose name says all that was sought."""
searched_share_min = 0.25
word_share_min = 1 / 3
"""Of the sessions that searched, that have to share a word."""
words_max = 4
evidence_places_max = 4
cards_max = 20

_COMMON = re.compile(
    r"(?i)(?:index|main|mod|lib|__init__|__main__|setup|conftest|settings|config|page|layout|route|app|plan|tasks?|types|utils?)(?:\.\w+)*"
)
"""Names that do not say which file it is, so that what was sought before was hardly this one."""


def lookup_cards(
    sessions: Iterable[Lookups], atlas: Atlas, repeats: Callable[[str], bool], told_elsewhere: Collection[str]
) -> list[Card]:
    """One card a file: first the answers, then what is only searched for, each most costly first; at most `cards_max`.

    Args:
        sessions: what each searched for.
        atlas: what all sessions know of paths.
        repeats: whether a text repeats what addresses agents.
        told_elsewhere: files and folders of which another finding says that they are there.
    """
    searched = Searched(sessions, atlas)
    answers: dict[str, list[Answer]] = defaultdict(list)
    answered: set[str] = set()
    for answer in searched.answers():
        answered.add(answer.key)
        if not repeats(answer.term):
            answers[answer.path].append(answer)

    def may_tell(path: str, word: str) -> bool:
        return key_of(word) not in answered and searched.is_seen_since(path, key_of(word)) and not repeats(word)

    cards = [_answer_card(found, searched.files[path]) for path, found in sorted(answers.items())]
    for path, file in sorted(searched.files.items()):
        if path not in answers and not {path, dirname(path)} & set(told_elsewhere):
            cards += _file_card(path, file, may_tell)
    return sorted(cards, key=lambda card: (not card.data["sought"], -card.weight, card.title))[:cards_max]


def _answer_card(found: Sequence[Answer], file: File) -> Card:
    ordered = sorted(found, key=lambda one: (-len({place.root for place in one.places}), -len(one.key), one.term))
    main, *others = _apart(ordered)
    also = others[: words_max - 1]
    rests = support(main.places)
    text = (
        f"`{main.term}` is in `{main.path}`: {rests.sessions} of {main.asked} sessions that searched for it ended there, "
        f"on {_days(rests.days)}, after {main.searches} searches."
    )
    if also:
        text += f" {', '.join(f'`{one.term}`' for one in also)} {'is' if len(also) == 1 else 'are'} there as well."
    return _card(
        f"{main.term} is in {main.path}",
        text,
        {"sought": main.term, "found": main.path, "count": main.searches},
        {"asked": main.asked, "opened": len(file.opened), "words": [one.term for one in also]},
        [(session.place, held.quote, lookup.place) for session, lookup, held in main.found],
        weight=float(_cost([main, *also])),
    )


def _apart(ordered: Sequence[Answer]) -> list[Answer]:
    """Without those that are a part of one before, or have it as a part."""
    result: list[Answer] = []
    for one in ordered:
        if not any(one.key in other.key or other.key in one.key for other in result):
            result.append(one)
    return result


def _cost(answers: Iterable[Answer]) -> int:
    """The searches of several answers; those for two things at once count once."""
    costs: dict[int, int] = {}
    for answer in answers:
        for _, lookup, held in answer.found:
            costs[id(lookup)] = max(costs.get(id(lookup), 0), held.searches, lookup.searches)
    return sum(costs.values())


def _file_card(path: str, file: File, may_tell: Callable[[str, str], bool]) -> list[Card]:
    counted = [(session, lookup) for session, lookup in file.lookups if lookup.searches]
    places = {session.place for session, _ in counted}
    rests = support(places)
    searches = sum(lookup.searches for _, lookup in counted)
    if (
        not is_rule(places)
        or rests.sessions < sessions_min
        or rests.sessions < searched_share_min * len(file.opened)
        or searches < searches_each_min * rests.sessions
        or _COMMON.fullmatch(basename(path))
    ):
        return []
    words = [word for word in _shared(counted) if may_tell(path, word)]
    told = [word for word in words if not is_given_away(word, path)]
    enough = rests.sessions >= named_sessions_min and searches >= named_searches_each_min * rests.sessions
    if not told and not (words and enough):
        return []
    shown = [*told, *(word for word in words if word not in told)][:words_max]
    text = (
        f"{rests.sessions} of {len(file.opened)} sessions that opened `{path}` had searched before, on {_days(rests.days)}, "
        f"{searches} searches; several of them for {', '.join(f'`{word}`' for word in shown)}."
    )
    return [
        _card(
            f"Searched for before it is opened: {path}",
            text,
            {"sought": "", "found": path, "count": searches},
            {"asked": rests.sessions, "opened": len(file.opened), "words": shown},
            [(session.place, lookup.quote, lookup.place) for session, lookup in counted],
            weight=float(searches),
        )
    ]


def _shared(counted: Iterable[tuple[Lookups, Lookup]]) -> list[str]:
    """What several sessions sought, the most first; of words that are parts of each other one."""
    written: dict[str, list[str]] = defaultdict(list)
    sessions: dict[str, set[str]] = defaultdict(set)
    for session, lookup in counted:
        for term in lookup.terms:
            written[key_of(term)].append(term)
            sessions[key_of(term)].add(session.place.root)
    kept: list[str] = []
    least = max(2.0, word_share_min * len({session.place.root for session, _ in counted}))
    for key in sorted(sessions, key=lambda key: (-len(sessions[key]), -len(key), key)):
        shared = len(sessions[key]) >= least and is_telling(key)
        if shared and not any(key in other or other in key for other in kept):
            kept.append(key)
    return [as_written(written[key]) for key in kept]


def _days(count: int) -> str:
    return f"{count} day{'s' * (count != 1)}"


def _card(
    title: str,
    text: str,
    names: Mapping[str, Any],
    more: Mapping[str, Any],
    seen: Sequence[tuple[Place, Evidence, Evidence]],
    weight: float,
) -> Card:
    """A card whose claim quotes a search and where it ended, for several places."""
    rests = support(place for place, _, _ in seen)
    first: dict[Place, tuple[Evidence, Evidence]] = {}
    for place, search, opening in seen:
        first.setdefault(place, (search, opening))
    evidence = [quote for place in spread(first, evidence_places_max) for quote in first[place]]
    statistics = {**names, "sessions": rests.sessions, "tasks": rests.tasks, "days": rests.days, **more}
    days = sorted({place.day for place, _, _ in seen} - {UNDATED})
    return Card(
        0,
        "lookups",
        title,
        text,
        [Claim(text, "rule", evidence, rests, statistics)],
        weight,
        {**statistics, "seen": days},
    )
