"""Wrong places: what is looked for again and again where it is not, and where it then was.

Misses and their possible finds come from `visits.py`. A name that three or more known files have tells a find only where the
folder above it agrees as well, or one folder put in or left out is the only difference. The same search one folder up, and
the next `cd`, only where some session met the name itself, or `unnamed_sessions_min` agree.

Miss and find differ in the middle (`src/api/user.ts`, `server/api/user.ts`: `src`, `server`). The outermost folder that
contains the difference and that nobody saw is the wrong place; so many missed files below one folder are one finding
about the folder, told as the longest path that all those which were found begin with. Whatever existed, in the same session or in a later one, is
never a wrong place: a file missed before it was made, a branch that has it. What existed only before has *moved*, and the
finding says until when.

Each session counts once. The latest session's place is the answer; it must hold in `agreement_min` of the sessions from its first
time on, in at least two, and must not be missed after it was last there.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import takewhile
from posixpath import basename
from typing import Any

from dreamfs_server.dream.evidence.places.roots import above
from dreamfs_server.dream.evidence.places.visits import Atlas, Find, Miss, Visit, atlas_of, once
from dreamfs_server.dream.evidence.support import Place, is_rule, rule_sessions_min, spread, support, told
from dreamfs_server.dream.material import UNDATED
from dreamfs_tools.dreaming import Card, Claim, Evidence

same_name_max = 2
"""Known files of one name, above which the name alone does not tell that it is the same file."""
agreement_min = 0.6
found_sessions_min = 2
unnamed_sessions_min = 3
"""Where no session met the name or swapped it in the same command, so many have to agree without exception."""
evidence_max = 6
cards_max = 30


@dataclass(frozen=True, slots=True)
class Wrong:
    """A wrong place."""

    path: str
    right: str
    """Where it is instead; "" is the folder that the session began in."""
    misses: Sequence[tuple[Visit, Miss]]
    found: Mapping[str, Find]
    """Session → how it was found at the right place."""
    elsewhere: int
    """Sessions that found it at another place, since it was first found here."""
    files: int
    """Different paths that were missed."""
    until: str
    """The last day on which it was there, where it has moved; else ""."""

    @property
    def places(self) -> set[Place]:
        return {visit.place for visit, _ in self.misses}


@dataclass(frozen=True, slots=True)
class _Answer:
    """Where one miss was found."""

    visit: Visit
    missed: str
    right: str
    find: Find


def wrong_places(visits: Sequence[Visit]) -> list[Wrong]:
    """What at least two sessions looked for in a wrong place and found in one and the same other."""
    atlas = atlas_of(visits)
    told_misses = [(v, m, atlas.told(v, m.path)) for v, m in once(visits)]
    groups: dict[str, list[_Answer]] = defaultdict(list)
    for v, m, missed in told_misses:
        if (answer := _answer(atlas, v, m, missed)) is not None:
            wrong, right, find = answer
            groups[wrong].append(_Answer(v, missed, right, find))
    first_missed: dict[str, str] = {}
    for v, _, missed in told_misses:
        first_missed[missed] = min(v.at, first_missed.get(missed, v.at))
    result: list[Wrong] = []
    for wrong, answers in sorted(groups.items()):
        if any(first_missed[one.missed] < atlas.last.get(one.missed, "") for one in answers):
            continue  # Missed, and there again since: it comes and goes, with a branch perhaps.
        under = [(v, m, path) for v, m, path in told_misses if _below(path, wrong) and atlas.is_nowhere(path, v)]
        if (one := _settled(atlas, wrong, answers, under)) is not None:
            result.append(one)
    paths = {one.path for one in result}
    return [one for one in result if not paths & set(above(one.path))]


def _answer(atlas: Atlas, v: Visit, miss: Miss, missed: str) -> tuple[str, str, Find] | None:
    """The wrong place and the right one by one miss and its find."""
    if miss.from_start and atlas.last.get(miss.from_start) is not None:
        return None  # It is there: asked for from the wrong folder.
    for find in miss.finds:
        found = atlas.told(v, find.path)
        if found == missed:
            continue
        common = find.named and atlas.names[basename(found)] > same_name_max and basename(found) == basename(missed)
        if common and missed.split("/")[-2:] != found.split("/")[-2:] and not _one_folder_more(missed, found):
            continue
        if (answer := _outermost(atlas, v, missed, found)) is not None:
            return (*answer, find)
    return None


def _one_folder_more(one: str, other: str) -> bool:
    """Whether one of two paths is the other with a folder put in."""
    short, long = sorted((one.split("/"), other.split("/")), key=len)
    return len(long) == len(short) + 1 and any(long[:at] + long[at + 1 :] == short for at in range(len(long)))


def _outermost(atlas: Atlas, v: Visit, missed: str, found: str) -> tuple[str, str] | None:
    a, b = missed.split("/"), found.split("/") if found else []
    head = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(a, b, strict=False)))
    most = min(len(a), len(b)) - head
    ends = list(zip(reversed(a), reversed(b), strict=False))[:most]
    tail = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], ends))
    for kept in range(tail, -1, -1):
        wrong = "/".join(a[: len(a) - kept])
        if wrong and wrong not in ("~", "/") and atlas.is_nowhere(wrong, v):
            return wrong, "/".join(b[: len(b) - kept])
    return None


def _below(path: str, folder: str) -> bool:
    return path == folder or path.startswith(f"{folder}/")


def _settled(
    atlas: Atlas,
    wrong: str,
    answers: Sequence[_Answer],
    under: Sequence[tuple[Visit, Miss, str]],
) -> Wrong | None:
    by_session: dict[str, tuple[str, str, Find]] = {}
    for answer in answers:
        by_session.setdefault(answer.visit.place.root, (answer.visit.at, answer.right, answer.find))
    ordered = sorted((at, root, right, find) for root, (at, right, find) in by_session.items())
    right = ordered[-1][2]
    since = next(number for number, one in enumerate(ordered) if one[2] == right)
    found = {root: find for _, root, there, find in ordered[since:] if there == right}
    elsewhere = len(ordered) - since - len(found)
    if len(found) < found_sessions_min or len(found) < agreement_min * (len(found) + elsewhere):
        return None
    if not any(find.named for find in found.values()) and (elsewhere or len(found) < unnamed_sessions_min):
        return None
    if right and atlas.missed.get(right, "") > atlas.last.get(right, ""):
        return None
    shared = _shared([answer.missed for answer in answers if answer.right == right], wrong)
    # A folder that was asked for itself is wrong as a whole.
    shared = min((path for _, _, path in under if _below(shared, path)), key=len, default=shared)
    under = [(v, m, path) for v, m, path in under if _below(path, shared)]
    extra = shared[len(wrong) :]
    return Wrong(
        path=shared,
        right=(right + extra).lstrip("/") if not right else right + extra,
        misses=[(v, m) for v, m, _ in under],
        found=found,
        elsewhere=elsewhere,
        files=len({path for _, _, path in under}),
        until=atlas.last_day.get(wrong, ""),
    )


def _shared(paths: Iterable[str], least: str) -> str:
    """The longest path that all begin with, not shorter than `least`."""
    parts = [path.split("/") for path in paths]
    same = [words[0] for words in takewhile(lambda words: len(set(words)) == 1, zip(*parts, strict=False))]
    return max("/".join(same), least, key=len)


def told_folder(folder: str) -> str:
    """A folder in words."""
    return f"`{folder}`" if folder else "the folder that the session begins in"


def place_cards(found: Sequence[Wrong]) -> list[Card]:
    """One card a wrong place, most costly first."""
    cards = [_card(one) for one in found if len({place.root for place in one.places}) >= rule_sessions_min]
    return sorted(cards, key=lambda card: (-card.weight, card.title))[:cards_max]


def _card(one: Wrong) -> Card:
    rests = support(one.places)
    below = " and what is looked for below it" if one.files > 1 else ""
    text = (
        f"`{one.path}`{below} is not there: {len(one.misses)} calls missed it in {told(rests)}; "
        f"{len(one.found)} of {len(one.found) + one.elsewhere} sessions that then found it found it in {told_folder(one.right)}."
    )
    if one.until:
        text += f" It was there until {one.until}."
    first: dict[Place, Evidence] = {}
    for v, miss in one.misses:
        first.setdefault(v.place, miss.quote)
    finds = [find.quote for _, find in sorted(one.found.items())][:2]
    statistics: dict[str, Any] = {
        "wrong": one.path,
        "right": one.right,
        "count": len(one.misses),
        "sessions": rests.sessions,
        "tasks": rests.tasks,
        "days": rests.days,
        "found": len(one.found),
        "elsewhere": one.elsewhere,
        "until": one.until,
    }
    cost = {root: find.calls for root, find in one.found.items()}
    weight = sum(cost.get(root, 1) for root in {place.root for place in one.places})
    return place_card(
        f"Not there: {one.path}",
        text,
        one.places,
        [*(first[place] for place in spread(first, evidence_max)), *finds],
        statistics,
        float(weight),
        {
            "kind": "path",
            "wrong": one.path,
            "right": one.right,
            "files": one.files,
            "until": one.until,
            "found": len(one.found),
            "elsewhere": one.elsewhere,
        },
        (m.answer for _, m in one.misses),
    )


def place_card(
    title: str,
    text: str,
    places: set[Place],
    evidence: Sequence[Evidence],
    statistics: Mapping[str, Any],
    weight: float,
    data: Mapping[str, Any],
    explains: Iterable[tuple[str, int, int]],
) -> Card:
    """A card about places: a rule where enough sessions, days and tasks support it, else a hypothesis.

    Args:
        title: of the card.
        text: of its one claim.
        places: where it was seen.
        evidence: quotes.
        statistics: as `docs/dreams.md` has them.
        weight: calls that it cost.
        data: for the curator.
        explains: the results that it explains (`lines_of`), so that no other finding tells them again.
    """
    rule = is_rule(places)
    claim = Claim(
        text=text,
        kind="rule" if rule else "hypothesis",
        evidence=evidence,
        support=support(places),
        statistics=statistics,
    )
    days = sorted({place.day for place in places} - {UNDATED})
    lacks = "\nA hypothesis: a rule needs 3 sessions on 2 days, and 3 tasks where tasks are known."
    return Card(
        number=0,
        miner="places",
        title=title,
        body=text + ("" if rule else lacks),
        claims=[claim],
        weight=weight,
        data={**data, "rule": rule, "days": days, "explains": frozenset(explains)},
    )
