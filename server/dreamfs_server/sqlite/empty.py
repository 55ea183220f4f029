"""What a snapshot shows of transcripts and dreams while nothing stores them."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from dreamfs_tools.dreaming import Card, Dream, Proposal
from dreamfs_tools.transcript import Event, Session


class NoTranscripts:
    """No sessions."""

    def sessions(self, store: str, *, since: datetime | None = None, after: str = "") -> Iterable[Session]:
        """None."""
        return ()

    def session(self, store: str, session_id: str) -> Session | None:
        """None."""
        return None

    def events(self, store: str, session_id: str, *, lines: tuple[int, int] | None = None) -> Iterable[Event]:
        """None."""
        return ()


class NoDreams:
    """No dreams."""

    def dreams(self, store: str = "") -> Sequence[Dream]:
        """None."""
        return ()

    def dream(self, dream_id: str) -> Dream | None:
        """None."""
        return None

    def cards(self, dream_id: str) -> Sequence[Card]:
        """None."""
        return ()

    def proposals(self, dream_id: str) -> Sequence[Proposal]:
        """None."""
        return ()
