"""Which sessions tell the same conversation in another form: a thread as text and as JSON, or exported again when it was longer.

`copies.py` knows copies that are equal event by event. Forms differ in roles, in the layout and in how exact times are, so here
the words are compared: a session most of whose runs of words stand in another one is a retelling of it. Two conversations that
only use the same words (a job that is started every night) began at different times, which no zone explains.
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
_WORD = pattern(r"\w+")


@dataclass(slots=True)
class Retellings:
    """The sessions met so far, as digests of their runs of words."""

    _runs: dict[str, frozenset[int]] = field(default_factory=dict[str, frozenset[int]])
    _about: dict[str, Session] = field(default_factory=dict[str, Session])

    def meet(self, gathered: Gathered) -> None:
        """Note one session; what tools answered says nothing of who told it, and runs of a benchmark are experiments."""
        about = gathered.session
        if (about.task and about.outcome) or about.parent:
            return
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
        return {session: _last(result, session) for session in result}

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


def _last(result: Mapping[str, str], session: str) -> str:
    seen = {session}
    while (following := result.get(session)) and following not in seen:
        session = following
        seen.add(session)
    return session
