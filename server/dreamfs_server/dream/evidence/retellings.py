"""Which sessions tell the same conversation in another form: a thread as text and as JSON, or exported again when it was longer.

`copies.py` knows copies that are equal event by event. Forms differ in roles, in the layout and in how exact times are, so here
the words are compared: a session most of whose runs of words stand in another one is a retelling of it. Two conversations that
only use the same words (a job that is started every night) began at different times, which no zone explains.

A short thread has too few words for that. It is a retelling of one that has each of its messages, said at the same times.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import blake2b
from re import compile as pattern

from dreamfs_server.dream.evidence.said import own_spans
from dreamfs_server.dream.material import Gathered
from dreamfs_tools.transcript import Session

run_words = 8
contained_min = 0.7
runs_min, runs_min_undated = 20, 60
runs_max = 4_000
common_sessions_min = 20
"""A run in so many sessions is a form of words."""
zone_seconds_max = 14 * 3600
_QUARTER, _SLACK_SECONDS = 900, 90
messages_min, messages_max = 2, 60
by_people_words_min = 6
"""Alerts of one time stand in threads of different incidents; what people say at one time does not."""
messages_words_min_undated = 20
_WORD = pattern(r"\w+")
_NAMED = pattern(r"^@?[\w.'’-]{1,30}:\s")


@dataclass(frozen=True, slots=True)
class _Message:
    """What was said, and when within a quarter of an hour: zones differ by whole ones."""

    words: tuple[str, ...]
    minute: int | None


@dataclass(frozen=True, slots=True)
class _Thread:
    said: frozenset[_Message]
    by_people: int
    """Words of people."""


@dataclass(slots=True)
class Retellings:
    """The sessions met so far, as digests of their runs of words."""

    _runs: dict[str, frozenset[int]] = field(default_factory=dict[str, frozenset[int]])
    _about: dict[str, Session] = field(default_factory=dict[str, Session])
    _threads: dict[str, _Thread] = field(default_factory=dict[str, _Thread])

    def meet(self, gathered: Gathered) -> None:
        """Note one session; what tools answered says nothing of who told it, and runs of a benchmark are experiments."""
        about = gathered.session
        if (about.task and about.outcome) or about.parent:
            return
        if (short := _thread(gathered)) is not None:
            self._threads[about.session_id] = short
            self._about[about.session_id] = about
        found: set[int] = set()
        for event in gathered.events:
            posted = event.kind == "tool_result" and event.call_id in {"", event.tool}
            if (event.kind != "text" and not posted) or event.role == "system":
                continue
            for start, end in own_spans(event.text[:20_000]):
                words = _WORD.findall(event.text[start:end].casefold())
                for at in range(max(0, len(words) - run_words + 1)):
                    digest = blake2b(" ".join(words[at : at + run_words]).encode(errors="replace"), digest_size=6)
                    found.add(int.from_bytes(digest.digest()))
            if len(found) > runs_max:
                return  # no thread of people is so long; what it repeats, `copies.py` sees
        if len(found) >= runs_min:
            self._runs[about.session_id] = frozenset(found)
            self._about[about.session_id] = about

    def found(self, copies: Mapping[str, str]) -> Mapping[str, str]:
        """Retelling → the session that says all of it; of two that say the same, the one with the lesser id stays.

        Args:
            copies: sessions that are out already, so that of two none takes the other's place.
        """
        where: dict[int, list[str]] = defaultdict(list)
        told = sorted(self._runs.keys() - copies.keys())
        for session_id in told:
            for run in self._runs[session_id]:
                where[run].append(session_id)
        result: dict[str, str] = {}
        for session_id in told:
            telling = [run for run in self._runs[session_id] if len(where[run]) < common_sessions_min]
            shared = Counter(other for run in telling for other in where[run] if other != session_id)
            for other, count in sorted(shared.items(), key=lambda pair: (-pair[1], pair[0])):
                if count < contained_min * max(len(telling), runs_min) or not self._same_time(
                    session_id, other, len(telling)
                ):
                    continue
                longer, shorter = len(self._runs[other]), len(self._runs[session_id])
                if result.get(other) != session_id and (longer > shorter or (longer == shorter and other < session_id)):
                    result[session_id] = other
                    break
        self._add_short(result, copies)
        return {session: _last(result, session) for session in result}

    def _add_short(self, result: dict[str, str], copies: Mapping[str, str]) -> None:
        """Add the short threads each of whose messages another thread has."""
        having: dict[tuple[str, ...], list[str]] = defaultdict(list)
        for session_id in sorted(self._threads.keys() - copies.keys()):
            for words in {message.words for message in self._threads[session_id].said}:
                having[words].append(session_id)
        for session_id in sorted(self._threads.keys() - copies.keys() - result.keys()):
            mine = self._threads[session_id]
            longest = max(mine.said, key=lambda message: (len(message.words), message.words))
            for other in having[longest.words]:
                if other == session_id or result.get(other) == session_id or not self._retells(session_id, other):
                    continue
                theirs = self._threads[other]
                if len(theirs.said) > len(mine.said) or (len(theirs.said) == len(mine.said) and other < session_id):
                    result[session_id] = other
                    break

    def _retells(self, one: str, other: str) -> bool:
        mine, theirs = self._threads[one], self._threads[other]
        a, b = self._about[one].started_at, self._about[other].started_at
        if a is not None and b is not None and all(message.minute is not None for message in mine.said):
            return mine.said <= theirs.said and abs((a - b).total_seconds()) <= zone_seconds_max
        if a is not None and b is not None and not self._same_time(one, other, 0):
            return False
        words = sum(len(message.words) for message in mine.said)
        return words >= messages_words_min_undated and {m.words for m in mine.said} <= {m.words for m in theirs.said}

    def _same_time(self, one: str, other: str, runs: int) -> bool:
        a, b = self._about[one].started_at, self._about[other].started_at
        if a is None or b is None:
            return runs >= runs_min_undated
        apart = abs((a - b).total_seconds())
        midnight = any(at.hour == at.minute == at.second == 0 for at in (a, b))
        off = apart % _QUARTER
        return apart <= zone_seconds_max + (10 * 3600 if midnight else 0) and (
            midnight or apart <= 3600 or min(off, _QUARTER - off) <= _SLACK_SECONDS
        )


def _thread(gathered: Gathered) -> _Thread | None:
    """The messages of a short thread, without its headings; None for anything else."""
    said: set[_Message] = set()
    by_people = 0
    for event in gathered.events:
        posted = event.kind == "tool_result" and event.call_id in {"", event.tool}
        if event.kind in {"tool_call", "tool_result"} and not posted:
            return None
        if event.role == "system" or event.kind not in {"text", "tool_result"}:
            continue
        if event.at is None and not event.speaker and event.role == "user" and gathered.session.started_at is not None:
            continue  # what stands before the first message of a thread
        words = tuple(_WORD.findall(_NAMED.sub("", event.text[:20_000]).casefold()))
        minute = event.at.minute % (_QUARTER // 60) if event.at is not None else None
        if words:
            said.add(_Message(words, minute))
            by_people += len(words) * (event.role == "user" and not posted)
    if not messages_min <= len(said) <= messages_max or by_people < by_people_words_min:
        return None
    return _Thread(frozenset(said), by_people)


def _last(result: Mapping[str, str], session: str) -> str:
    seen = {session}
    while (following := result.get(session)) and following not in seen:
        session = following
        seen.add(session)
    return session
