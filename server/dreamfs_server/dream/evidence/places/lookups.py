"""Files that a session searched for before it opened them, and what it sought.

Searching calls close together and the files that are opened next are one *episode*. A file is *found* if one of the searches
names it and it is opened, or if it is the only one that a search into files names. What was sought *stands* in it where the
lines that were shown of it have the words. A search is counted once: for the first file that it names and that was not
touched before; one that names none of them (it came back empty, or listed folders) for the file with which it shares a word, or,
where it has no words, for the first.
"""

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from dreamfs_server.dream.evidence.places.listings import lines_about, names, only_file
from dreamfs_server.dream.evidence.places.searches import Search, is_file, search_of
from dreamfs_server.dream.evidence.places.sought import key_of, says, subwords
from dreamfs_server.dream.evidence.places.whereabouts import Look, directory_of, joined, working_directories
from dreamfs_server.dream.evidence.steps import SHOWS_FILES, Step, first_line_span
from dreamfs_server.dream.evidence.support import Place
from dreamfs_server.dream.material import Gathered, cite
from dreamfs_tools.dreaming import Evidence
from dreamfs_tools.transcript import Event

steps_between_max = 4
"""Within an episode, that neither search nor open anything."""
searches_max = 8
"""Of one episode, the latest."""
ends_max = 2
"""Files of one episode that count as the end of a search for something; whoever reads on reads more than was sought."""
_OPENS = frozenset(("read", "edit", "multiedit", "view", "notebookread", "notebookedit", "str_replace", "grep"))


@dataclass(frozen=True, slots=True)
class Held:
    """Something sought that stands in the file found."""

    term: str
    searches: int
    """Of the episode, that named it."""
    quote: Evidence
    """The first of them."""


@dataclass(frozen=True, slots=True)
class Lookup:
    """One file found by searching."""

    path: str
    at: str
    """When; "" where unknown."""
    terms: Sequence[str]
    """All that was sought by the searches that name it or count for it."""
    held: Mapping[str, Held]
    searches: int
    """That count for it; 0 where it was touched before, or was not opened."""
    quote: Evidence
    """The first search that names it, with words if there is one."""
    place: Evidence
    """The call that opened it, or the line of the answer that names it."""


@dataclass(frozen=True, slots=True)
class Lookups:
    """What one session searched for and opened."""

    place: Place
    at: str
    """When it began; "" where unknown."""
    found: Sequence[Lookup]
    opened: Mapping[str, str]
    """Each file, with when it was first opened; "" where unknown."""
    sought: Mapping[str, str]
    """Key of what was sought in files or their names, with when it first was."""


@dataclass(slots=True)
class _Episode:
    searches: list[Search] = field(default_factory=list[Search])
    openings: list[tuple[Look, bool]] = field(default_factory=list[tuple[Look, bool]])
    """With whether the file was not touched before."""
    idle: int = 0


def lookups(gathered: Gathered, place: Place, all_steps: Sequence[Step], seen: Iterable[Look]) -> Lookups:
    """What one session searched for and opened.

    Args:
        gathered: the session.
        place: what it counts as.
        all_steps: its steps.
        seen: its looks.
    """
    at_step: dict[int, list[Look]] = defaultdict(list)
    for look in seen:
        if look.there and not look.listed:
            at_step[look.step.position].append(look)
    session = _Session(gathered.session.session_id, all_steps)
    for step in all_steps:
        search = search_of(step)
        if search is not None:
            session.search(search)
        session.look(step, at_step.get(step.position, ()), searches=search is not None)
    session.close(over=True)
    started = gathered.session.started_at
    return Lookups(place, started.isoformat() if started else "", session.found, session.opened, session.sought)


class _Session:
    """One session, step by step."""

    def __init__(self, session_id: str, all_steps: Sequence[Step]) -> None:
        self.session_id = session_id
        self.steps = all_steps
        self.found: list[Lookup] = []
        self.opened: dict[str, str] = {}
        self.sought: dict[str, str] = {}
        self._touched: set[str] = set()
        self._episode = _Episode()
        self._folders: list[str | None] | None = None

    def search(self, search: Search) -> None:
        for term in search.terms:
            self.sought.setdefault(key_of(term), _at(search.step.result))
        if self._episode.openings:
            self.close(over=False)
        self._episode.searches = [*self._episode.searches, search][-searches_max:]
        self._episode.idle = 0

    def look(self, step: Step, seen: Iterable[Look], *, searches: bool) -> None:
        opens = False
        for look in seen:
            if _opens(look) and not searches:
                self.opened.setdefault(look.path, _at(step.result))
                self._episode.openings.append((look, look.path not in self._touched))
                opens = True
            self._touched.add(look.path)
        self._episode.idle = 0 if opens or searches else self._episode.idle + 1
        if self._episode.idle > steps_between_max:
            self.close(over=True)

    def close(self, *, over: bool) -> None:
        """End the episode; where nothing was found and it is not over, what was searched stays for what comes."""
        episode = self._episode
        got = self._opened_by(episode)
        if not got and not over:
            self._episode.openings = []
            return
        ends: Counter[str] = Counter()
        for one in got:
            lookup = self._lookup(*one)
            held = {key: of_it for key, of_it in lookup.held.items() if ends[key] < ends_max}
            ends.update(held.keys())
            self.found.append(replace(lookup, held=held))
        read = {look.path for look, *_ in got}
        self.found += filter(None, (self._answered(search, read) for search in episode.searches))
        self._episode = _Episode()

    def _opened_by(self, episode: _Episode) -> list[tuple[Look, list[Search], list[Search]]]:
        """The files found, each with the searches that name it, and those that count for it."""
        left = list(episode.searches)
        got: dict[str, tuple[Look, list[Search], list[Search]]] = {}
        for look, fresh in episode.openings:
            naming = [search for search in episode.searches if names(search, look.path)]
            if naming and look.path not in got:
                counted = [search for search in left if search in naming] if fresh else []
                left = [search for search in left if search not in counted]
                got[look.path] = (look, naming, counted)
        fresh_ones = [one for one in got.values() if one[2]]
        for search in left:
            words = _words(search)
            alike = (one for one in fresh_ones if not words or any(words & _words(other) for other in one[1]))
            if not any(search in naming for _, naming, _ in got.values()) and (one := next(alike, None)):
                one[2].append(search)
        return list(got.values())

    def _lookup(self, look: Look, naming: Sequence[Search], counted: Sequence[Search]) -> Lookup:
        event = look.step.call or look.step.result
        shown = look.step.result.text if look.step.result is not None else ""
        held = self._held(naming, [shown, *(lines_about(search, look.path) for search in naming if search.inside)])
        said = json.dumps(look.said or look.step.file, ensure_ascii=False)[1:-1]
        return self._of(look.path, naming, counted, held, self._quote(event, said), _at(look.step.result))

    def _answered(self, search: Search, read: Iterable[str]) -> Lookup | None:
        """A file that no call opened and that is the only one that a search into files names."""
        only = only_file(search) if search.inside and search.terms else None
        if only is None or search.step.result is None:
            return None
        start: str | None = ""
        if search.step.command:
            if self._folders is None:
                self._folders = working_directories(self.steps)
            start = directory_of(search.step, self._folders[search.step.position])
        path = joined(start, only[0])
        if not path or path in read:
            return None
        held = self._held([search], [lines_about(search, path)])
        quote = cite(self.session_id, search.step.result, only[1], only[2])
        return self._of(path, [search], [], held, quote, _at(search.step.result))

    def _of(
        self,
        path: str,
        naming: Sequence[Search],
        counted: Sequence[Search],
        held: Mapping[str, Held],
        place: Evidence,
        at: str,
    ) -> Lookup:
        terms = {key_of(term): term for search in reversed([*naming, *counted]) for term in search.terms}
        first = next((search for search in naming if search.terms), naming[0])
        quote = self._quote(first.step.call, first.terms[0] if first.terms else "")
        return Lookup(path, at, tuple(terms.values()), held, len(counted), quote, place)

    def _held(self, naming: Sequence[Search], texts: Sequence[str]) -> dict[str, Held]:
        """What was sought in files and stands in what was shown of this one."""
        low = "\n".join(texts).casefold()
        result: dict[str, Held] = {}
        for search in naming:
            for term in search.terms if search.inside else ():
                key = key_of(term)
                if key not in result and says(low, term) and (quote := self._quote(search.step.call, term)).quote:
                    result[key] = Held(term, sum(key in map(key_of, one.terms) for one in naming), quote)
        return result

    def _quote(self, event: Event | None, said: str) -> Evidence:
        """The line of a call that names something, or its first; of a long one from a little before."""
        if event is None:
            return Evidence("", (0, 0), "")
        at = event.text.find(said.split(maxsplit=1)[0]) if said.strip() else -1
        if at < 0:
            return cite(self.session_id, event, *first_line_span(event.text))
        start = max(event.text.rfind("\n", 0, at) + 1, at - 100)
        end = event.text.find("\n", at)
        return cite(self.session_id, event, start, len(event.text) if end < 0 else end)


def _words(search: Search) -> set[str]:
    return {word for term in search.terms for word in subwords(term)}


def _opens(look: Look) -> bool:
    """Whether a look reads a file."""
    if look.made or look.entered:
        return False
    tool = look.step.tool.lower()
    if look.step.command:
        return look.step.program in SHOWS_FILES and is_file(look.path)
    return tool in _OPENS and (tool != "grep" or is_file(look.path))


def _at(event: Event | None) -> str:
    return event.at.isoformat() if event is not None and event.at is not None else ""
