"""What a snapshot shows of dreams while nothing stores them."""

from collections.abc import Sequence

from dreamfs_tools.dreaming import Card, Dream, Proposal


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
