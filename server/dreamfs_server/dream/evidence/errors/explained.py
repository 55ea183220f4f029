"""Errors that a wrong place or a time limit explains: each thing is told once, and where it is told with more than its message."""

import re
from collections.abc import Sequence
from dataclasses import replace

from dreamfs_server.dream.evidence.places.roots import told_path
from dreamfs_tools.dreaming import Card

explained_share = 0.5
"""Of an error's quotes, those of the ways out among them, that rules about wrong places have to tell."""
_SWAP = re.compile(r"write `([^`]+)` for `([^`]+)`")
_NO_CD = re.compile(r"leave out `cd [^`]*`")


def explained(cards: Sequence[Card], misplaced: Sequence[Card]) -> list[Card]:
    """Cards of errors, marked where other findings (wrong places, time limits) tell most of what they quote, so that each is told once."""
    answers: dict[str, list[tuple[int, int]]] = {}
    for card in misplaced:
        for source, first, last in card.data["explains"] if card.data["rule"] else ():
            answers.setdefault(source, []).append((first, last))

    def told(card: Card) -> bool:
        quotes = [quote for claim in card.claims for quote in claim.evidence]
        hits = sum(any(a <= quote.lines[0] <= b for a, b in answers.get(quote.source, ())) for quote in quotes)
        return hits >= max(2, explained_share * len(quotes))

    pairs = [
        (card.data["wrong"], card.data["right"])
        for card in misplaced
        if card.data["rule"] and card.data["kind"] == "path"
    ]
    stayed = any(card.data["rule"] and card.data["kind"] == "stayed" for card in misplaced)

    def is_told(way_out: str) -> bool:
        # A shell that stayed where an earlier `cd` led needs no second one.
        return _is_place(way_out, pairs) or (stayed and _NO_CD.match(way_out) is not None)

    return [
        replace(
            card,
            data={
                **card.data,
                "explained": told(card),
                "tallies": [tally for tally in card.data["tallies"] if not is_told(tally.label)],
            },
        )
        for card in cards
    ]


def _is_place(label: str, pairs: Sequence[tuple[str, str]]) -> bool:
    """Whether a way out only says where one of the told places is."""
    if (swap := _SWAP.match(label)) is None:
        return False
    right, wrong = (told_path(part.rstrip("/"), "") for part in swap.groups())
    return any(_is_end_of(a, wrong) and (not b or _is_end_of(b, right)) for a, b in pairs)


def _is_end_of(place: str, said: str) -> bool:
    """Whether a way out names a place in short: by its last parts, or by a home's folder that it lies in."""
    return f"/{place}".endswith(f"/{said}") or (said.startswith("~/") and place.startswith(f"{said}/"))
