"""Questions with one answer: something that many sessions search for, and the file in which their searches end.

What was sought has to stand in the file, as it was shown, and the file's name must not say so. Three sessions on two days have to end
there (three tasks where they are known), more than half of all that sought it, `agreement_min` of those that ended anywhere. A plain
word (`limit`) is in many files, so it needs `plain_sessions_min` and more agreement than an identifier. A file that was missed since, or
that nobody saw since the latest of them searched, is no answer any more.

Sub-agents count as the session that started them, and the copy of an event in a resumed session once.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from posixpath import basename, dirname

from dreamfs_server.dream.evidence.places.lookups import Held, Lookup, Lookups
from dreamfs_server.dream.evidence.places.roots import in_project, told_path
from dreamfs_server.dream.evidence.places.sought import key_of, subwords
from dreamfs_server.dream.evidence.places.visits import Atlas
from dreamfs_server.dream.evidence.support import Place, is_rule

searches_min = 4
agreement_min = 0.6
plain_sessions_min, plain_agreement_min = 5, 0.8

_KNOWN = re.compile(
    r"(?i)(?:readme|claude|agents|gemini|changelog|contributing|license|skill|todo|roadmap|makefile|dockerfile|package(?:-lock)?|pyproject"
    r"|requirements[\w-]*|tsconfig[\w.]*|cargo|go|(?:docker-)?compose|\.env[\w.]*|\.gitignore)(?:\.\w+)*"
)
"""Files that every project has, where everybody looks for them."""
_NOT_OURS = re.compile(r"(?:^|/)(?:node_modules|site-packages|dist|\.git|\.venv|tool-results)/")
_RANDOM = re.compile(r"(?i)[0-9a-f-]{10,}|\w*\d\w*\d\w*\d\w*\d\w*")


@dataclass(slots=True)
class File:
    """What is known of one file."""

    opened: set[str] = field(default_factory=set[str])
    """The sessions that did."""
    lookups: list[tuple[Lookups, Lookup]] = field(default_factory=list[tuple[Lookups, Lookup]])


Found = tuple[Lookups, Lookup, Held]


@dataclass(slots=True)
class Question:
    """What is known of one thing sought."""

    asked: set[str] = field(default_factory=set[str])
    """The sessions that did."""
    ended: dict[str, list[Found]] = field(default_factory=lambda: defaultdict[str, list[Found]](list))
    """File → where its searches ended there."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A question with its one answer."""

    key: str
    term: str
    path: str
    asked: int
    found: Sequence[Found]

    @property
    def places(self) -> set[Place]:
        return {session.place for session, _, _ in self.found}

    @property
    def searches(self) -> int:
        """Those that named it, or counted for the file."""
        return sum(max(held.searches, lookup.searches) for _, lookup, held in self.found)


class Searched:
    """What all sessions searched for, by file and by what was sought."""

    def __init__(self, sessions: Iterable[Lookups], atlas: Atlas) -> None:
        self.files: dict[str, File] = defaultdict(File)
        self.questions: dict[str, Question] = defaultdict(Question)
        self.atlas = atlas
        owner: dict[tuple[str, ...], str] = {}

        def is_first(session: Lookups, *event: str) -> bool:
            return not event[0] or owner.setdefault(event, session.place.session_id) == session.place.session_id

        for session in sorted(sessions, key=lambda one: one.place):
            root = atlas.root_of[session.place.session_id]
            for path, at in session.opened.items():
                if is_first(session, at, "opened", path):
                    self.files[told_path(path, root)].opened.add(session.place.root)
            for key, at in session.sought.items():
                if is_first(session, at, "sought", key):
                    self.questions[key].asked.add(session.place.root)
            for found in session.found:
                path = told_path(found.path, root)
                quoted = found.quote.quote and found.place.quote
                if quoted and is_first(session, found.at, found.path, found.quote.quote) and self._may_tell(path, root):
                    self.files[path].lookups.append((session, found))
                    for key, held in found.held.items():
                        self.questions[key].ended[path].append((session, found, held))

    def _may_tell(self, path: str, root: str) -> bool:
        return (
            in_project(path, root)
            and _NOT_OURS.search(path) is None
            and not _KNOWN.fullmatch(basename(path))
            and self.atlas.missed.get(path, "") <= self.atlas.last.get(path, "")
        )

    def answers(self) -> list[Answer]:
        """The questions with one answer, in a fixed order."""
        found = (self._answer(key, question) for key, question in sorted(self.questions.items()) if question.ended)
        return [answer for answer in found if answer is not None]

    def _answer(self, key: str, question: Question) -> Answer | None:
        ended = {path: {session.place.root for session, _, _ in found} for path, found in question.ended.items()}
        path = max(ended, key=lambda one: (len(ended[one]), one))
        found = question.ended[path]
        answer = Answer(key, as_written(held.term for _, _, held in found), path, len(question.asked), found)
        sessions, anywhere = len(ended[path]), len({root for roots in ended.values() for root in roots})
        plain = len(subwords(answer.term)) < 2
        if (
            not is_rule(answer.places)
            or 2 * sessions <= answer.asked
            or sessions < (plain_agreement_min if plain else agreement_min) * anywhere
            or (plain and sessions < plain_sessions_min)
            or answer.searches < searches_min
            or not self.is_seen_since(path, key)
            or not is_telling(answer.term)
            or is_given_away(answer.term, path)
        ):
            return None
        return answer

    def is_seen_since(self, path: str, key: str) -> bool:
        """Whether a file was seen in the latest session whose search for something ended in any file, or later."""
        question = self.questions.get(key)
        ends = [session.at for found in question.ended.values() for session, _, _ in found] if question else []
        return self.atlas.last.get(path, "") >= max(ends, default="")


def as_written(terms: Iterable[str]) -> str:
    """The most frequent way of writing."""
    counts = Counter(terms)
    return min(counts, key=lambda term: (-counts[term], term))


def is_telling(term: str) -> bool:
    """Whether a term is no number, digest or the like."""
    return _RANDOM.fullmatch(term) is None


def is_given_away(term: str, path: str) -> bool:
    """Whether a path says what was sought: the whole of it, or half of its words in the names of the file and its folder."""
    name = key_of(f"{basename(dirname(path))}{basename(path)}")
    words = subwords(term)
    return key_of(term) in key_of(path) or 2 * sum(word.rstrip("s") in name for word in words) >= len(words)
