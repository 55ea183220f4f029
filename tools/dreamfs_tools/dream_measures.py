"""What became of a dream's accepted rules, as the newest dream that measured it found."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from dreamfs_tools.dream_pages import RECURRENCE
from dreamfs_tools.dreaming import Card, Dream
from dreamfs_tools.filesystem import Snapshot

_NUMBERS = ("readers", "readers_with", "others", "others_with")


@dataclass(frozen=True, slots=True)
class Measured:
    """The measures of one dream's proposals."""

    by: str
    """The dream that measured; "" where none did."""
    cards: Mapping[int, Sequence[Card]]
    """Number of the proposal → a card a rule."""

    def page(self, proposal: int) -> list[str]:
        """What to show beneath a proposal."""
        cards = self.cards.get(proposal, ())
        return [f"## After acceptance, as of dream {self.by}\n", *(card.body for card in cards), ""] if cards else []

    def shapes(self, proposal: int) -> list[dict[str, object]]:
        """The same for machines: in how many sessions that read the rule the error occurred, and of the others."""
        return [
            {
                "signature": str(card.data["signature"]),
                **{name: int(card.data[name]) for name in _NUMBERS},
                "verdict": str(card.data["verdict"]),
                "measured_by": self.by,
            }
            for card in self.cards.get(proposal, ())
        ]


def newest_measures(snapshot: Snapshot, dream: Dream) -> Measured:
    """Look for the newest dream that measured this one's rules."""
    for later in snapshot.dreams.dreams(dream.store):
        found: dict[int, list[Card]] = {}
        for card in snapshot.dreams.cards(later.dream_id):
            if card.miner == RECURRENCE and card.data.get("dream_id") == dream.dream_id:
                found.setdefault(int(card.data["proposal"]), []).append(card)
        if found:
            return Measured(later.dream_id, found)
    return Measured("", {})
