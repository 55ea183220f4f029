"""Which sessions are copies: one conversation exported twice under two names, or once before it had ended.

A copy says nothing that the other does not, so it is no second observation. What is compared is who said what and when.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field

from dreamfs_server.dream.material import Gathered

events_min = 2
characters_min = 200
"""A log with less of both can be alike by chance."""


@dataclass(slots=True)
class Copies:
    """The sessions met so far, as digests of what they begin with."""

    _whole: dict[str, bytes] = field(default_factory=dict[str, bytes])
    _begins: dict[bytes, set[str]] = field(default_factory=dict[bytes, set[str]])

    def meet(self, gathered: Gathered) -> None:
        """Note one session. Runs of a benchmark (a task with an outcome) are experiments, however alike they end."""
        about = gathered.session
        if about.task and about.outcome:
            return
        if len(gathered.events) < events_min and sum(len(event.text) for event in gathered.events) < characters_min:
            return
        running = hashlib.sha256()
        digest = b""
        for event in gathered.events:
            at = event.at.isoformat() if event.at is not None else ""
            for part in (event.role, event.kind, event.tool, at, event.text):
                running.update(part.encode(errors="replace") + b"\0")
            digest = running.digest()
            self._begins.setdefault(digest, set()).add(about.session_id)
        self._whole[about.session_id] = digest

    def found(self) -> Mapping[str, str]:
        """Copy → the session that says all of it; of two that are equal the one with the lesser id stays."""
        result: dict[str, str] = {}
        for session_id, digest in self._whole.items():
            longer = sorted(
                other
                for other in self._begins[digest] - {session_id}
                if self._whole[other] != digest or other < session_id
            )
            if longer:
                result[session_id] = longer[0]
        return result
