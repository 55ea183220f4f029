"""What each session touched and missed, and what all of them together know of paths.

A *miss* is a path that a tool or a shell command asked for and that was not there. It may be *found* by the first paths within
`steps_after_max` steps that are there, were not touched before the miss, and have the same name, or nearly the same name in the
same folder; or stand in the missed one's place in the same command, or are the next folder entered after a `cd` that
failed; the same search one folder up counts too. Which of them holds is for `places.py` to say.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from posixpath import basename, dirname, splitext

from rapidfuzz.fuzz import ratio

from dreamfs_server.dream.evidence.places.roots import above, roots, said_root, told_path
from dreamfs_server.dream.evidence.places.whereabouts import Look
from dreamfs_server.dream.evidence.steps import Step, first_line_span
from dreamfs_server.dream.evidence.support import Place
from dreamfs_server.dream.material import Gathered, cite
from dreamfs_tools.dreaming import Evidence
from dreamfs_tools.transcript import Event

steps_after_max = 20
finds_max = 4
"""Of one miss, that are kept until it is known which names are common."""
alike_min = 75.0
tail_parts_min = 3
"""So much of a path's end tells a file that was touched before from another one of its name."""
cost_calls_max = 8


@dataclass(frozen=True, slots=True)
class Find:
    """Where something missed may have been."""

    path: str
    quote: Evidence
    calls: int
    """From the miss to it."""
    named: bool
    """It has the name that was missed, or stands in its place in the same call; else it is the folder above, searched for the
    same, or the next that was entered."""


@dataclass(frozen=True, slots=True)
class Miss:
    """A path that was not there."""

    path: str
    from_start: str
    """The same path had it been asked for from where the session began; "" where it was."""
    folder: str
    quote: Evidence
    finds: Sequence[Find]
    answer: tuple[str, int, int]
    """The lines of the result that says so: its source, first and last line."""
    key: tuple[str, str]
    """The same event copied into another session has the same key; "" when undated."""


@dataclass(frozen=True, slots=True)
class Visit:
    """What one session touched."""

    place: Place
    at: str
    """When it began, in a form that sorts; "" where unknown."""
    root: str
    there: frozenset[str]
    misses: Sequence[Miss]


def visit(gathered: Gathered, place: Place, all_steps: Sequence[Step], seen: Sequence[Look]) -> Visit:
    """The misses and finds of one session, by its steps and looks."""
    session_id = gathered.session.session_id
    first: dict[str, int] = {}
    for look in seen:
        if look.there:
            first.setdefault(look.path, look.step.position)
    misses: list[Miss] = []
    for number, look in enumerate(seen):
        if look.there or look.step.result is None:
            continue
        quote = _quote(session_id, look)
        if not quote.quote:
            continue
        at = look.step.result.at
        misses.append(
            Miss(
                path=look.path,
                from_start=look.said if look.folder else "",
                folder=look.folder,
                quote=quote,
                answer=lines_of(session_id, look.step.result),
                finds=_finds(session_id, look, seen[number + 1 :], first),
                key=(at.isoformat(), quote.quote + look.path) if at is not None else ("", ""),
            )
        )
    started = gathered.session.started_at
    return Visit(place, started.isoformat() if started else "", said_root(all_steps), frozenset(first), misses)


def lines_of(session_id: str, event: Event) -> tuple[str, int, int]:
    """A transcript's path, and the first and last line on which an event is rendered."""
    return (f"/transcripts/{session_id}", event.line, event.line + max(event.lines, 1) - 1)


def _quote(session_id: str, look: Look) -> Evidence:
    """The line that says that a path is not there; where it does not name the path, the call that does."""
    result, call = look.step.result, look.step.call
    if result is None or (call is not None and basename(look.path) not in result.text[look.start : look.end]):
        event = call or result
        if event is not None:
            at = max(event.text.find(look.said), 0)
            return cite(session_id, event, at, at + len(look.said))
    return cite(session_id, result, look.start, look.end) if result is not None else Evidence("", (0, 0), "")


def _finds(session_id: str, miss: Look, later: Sequence[Look], first: Mapping[str, int]) -> list[Find]:
    result: list[Find] = []
    for look in later:
        apart = look.step.position - miss.step.position
        if apart > steps_after_max or len(result) == finds_max:
            break
        if not look.there or look.made or look.path == miss.path:
            continue
        fresh = first[look.path] > miss.step.position
        named = _same(miss.path, look.path) and (fresh or _long_tail(miss.path, look.path))
        named = named or _swapped(miss, look)
        if not (named or _widened(miss, look) or (fresh and miss.entered and look.entered)):
            continue
        if any(find.path == look.path for find in result):
            continue
        event = look.step.call if not look.listed else look.step.result
        if event is None:
            continue
        start = event.text.find(look.path) if look.listed else -1
        span = (start, start + len(look.path)) if start >= 0 else first_line_span(event.text)
        quote = cite(session_id, event, *span)
        if quote.quote:
            result.append(Find(look.path, quote, min(apart, cost_calls_max), named))
    return result


def _same(missed: str, found: str) -> bool:
    """Whether a path that is there may be what was missed elsewhere."""
    a, b = basename(missed), basename(found)
    if a == b:
        return True
    if dirname(missed) != dirname(found):
        return False
    (stem, ending), (other, its_ending) = splitext(a), splitext(b)
    return stem == other or (ending == its_ending and len(stem) > 3 and ratio(stem, other) >= alike_min)


def _long_tail(missed: str, found: str) -> bool:
    """Whether so much of both is the same that only what stands before can be wrong, even in a path that was known."""
    a, b = missed.split("/")[-tail_parts_min:], found.split("/")[-tail_parts_min:]
    return a == b and len(a) == tail_parts_min


def _swapped(miss: Look, look: Look) -> bool:
    """Whether the same call was made with this path for that."""
    one, other = miss.step, look.step
    if one.tool != other.tool or look.listed or not miss.said or not look.said:
        return False
    if one.command:
        return len(miss.said) > 3 and one.command.replace(miss.said, look.said) == other.command != one.command
    return False


def _widened(miss: Look, look: Look) -> bool:
    """Whether the same is searched for in the folder above."""
    one, other = miss.step, look.step
    return (
        not look.listed
        and one.tool == other.tool
        and bool(one.given.get("pattern"))
        and one.given.get("pattern") == other.given.get("pattern")
        and dirname(miss.path) == look.path
    )


@dataclass(slots=True)
class Atlas:
    """What is known of all paths, by any session."""

    root_of: Mapping[str, str]
    last: dict[str, str]
    """When a path or folder was last there."""
    last_day: dict[str, str]
    in_session: dict[str, set[str]]
    names: Counter[str]
    missed: dict[str, str]
    """When a path was last missed."""

    def told(self, visit: Visit, path: str) -> str:
        return told_path(path, self.root_of[visit.place.session_id])

    def is_nowhere(self, path: str, visit: Visit) -> bool:
        """Whether a path was not there in this session, nor in a later one."""
        if path in self.in_session[visit.place.root]:
            return False
        last = self.last.get(path)
        return last is None or ("" < last < visit.at)


def once(visits: Sequence[Visit]) -> list[tuple[Visit, Miss]]:
    """All misses, without copies of one event in resumed conversations."""
    ordered = sorted(
        ((v, m) for v in visits for m in v.misses), key=lambda pair: (pair[0].place, pair[1].quote.lines, pair[1].path)
    )
    owner: dict[tuple[str, str], str] = {}
    return [
        (v, m) for v, m in ordered if not m.key[0] or owner.setdefault(m.key, v.place.session_id) == v.place.session_id
    ]


def atlas_of(visits: Sequence[Visit]) -> Atlas:
    """What all sessions together know of paths."""
    atlas = Atlas(
        roots(
            {v.place.session_id: v.root for v in visits},
            {v.place.session_id: v.there for v in visits},
            {v.place.session_id: [miss.path for miss in v.misses] for v in visits},
        ),
        {},
        {},
        defaultdict(set),
        Counter(),
        {},
    )
    files: set[str] = set()
    for v in sorted(visits, key=lambda one: (one.at, one.place)):
        seen = {atlas.told(v, path) for path in v.there}
        files |= seen
        every = seen | {folder for path in seen for folder in above(path)}
        atlas.in_session[v.place.root] |= every
        for path in every:
            atlas.last[path] = v.at
            atlas.last_day[path] = v.place.day
        for miss in v.misses:
            atlas.missed[atlas.told(v, miss.path)] = v.at
    atlas.names.update(basename(path) for path in files)
    return atlas
