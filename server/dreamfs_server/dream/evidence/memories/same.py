"""Whether one memory says all that another one says, in whatever form.

A memory is a set of statements: sentences, entries of lists, rows, blocks of code, lines of front matter, each with the
headings and entries it stands under. One memory holds another if it has every statement, in the same order where order may
matter: that of plain entries and of rows does not, that of steps and of sentences does. A sentence that leans on the one
before it ("then", "except", "it") has to follow the same one, and one that restricts it must not come in between.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise

from dreamfs_server.dream.evidence.memories.blocks import Block, Page, Piece
from dreamfs_server.dream.evidence.memories.sentences import Words, sentences, title_words
from dreamfs_server.dream.evidence.memories.subjects import stems

Key = tuple[str, tuple[Words, ...], Words]
"""Kind, what it stands under, and what it says."""

_RESTRICTS = frozenset([
    "aber", "although", "apart", "außer", "but", "except", "exception", "exceptions", "excepto", "excluding",
    "however", "mais", "not", "only", "otherwise", "pero", "salvo", "sauf", "though", "unless",
])  # fmt: skip
_LEANS = _RESTRICTS | frozenset([
    "after", "afterward", "afterwards", "again", "also", "and", "before", "both", "either", "else", "finally",
    "hence", "here", "instead", "lastly", "likewise", "meanwhile", "neither", "next", "nor", "or", "same",
    "second", "so", "still", "such", "that", "then", "there", "therefore", "these", "third", "this", "those",
    "thus", "until", "which", "yet",
])  # fmt: skip
_PRONOUNS = frozenset([
    "he", "her", "his", "it", "its", "she", "their", "them", "they",
])  # fmt: skip
_SEQUENCE = frozenset([
    "priorities", "priority", "procedure", "ranking", "sequence", "step", "steps",
])  # fmt: skip
_FIRST = frozenset([
    "afterward", "afterwards", "finally", "first", "lastly", "next", "second", "then", "third",
])  # fmt: skip
_THIS = frozenset(["this", "that", "following", "in"])
_NOWHERE = ("front", "heading")
"""What has no place among the others."""


@dataclass(frozen=True, slots=True)
class Unit:
    """A statement at its place."""

    key: Key
    block: int
    free: bool
    """Its place among the others of its block says nothing."""
    before: Key | None
    """What was said last, below the same headings."""
    leans: bool
    """It cannot be understood without what stands before it."""
    pronoun: bool
    """It speaks of something that it may not name."""
    restricts: bool


@dataclass
class Sayings:
    """What a memory says."""

    title: Words
    pieces: list[tuple[tuple[Words, ...], Block, Piece, list[Words]]] = field(
        default_factory=list[tuple[tuple[Words, ...], Block, Piece, list[Words]]]
    )
    """Each piece with what it stands under, its block and its sentences."""
    units: list[Unit] = field(default_factory=list[Unit])
    runs: list[tuple[Key, bool]] = field(default_factory=list[tuple[Key, bool]])
    """Of each block all its sentences in order, and whether they are steps."""
    keys: frozenset[Key] = frozenset()
    atoms: frozenset[Key] = frozenset()
    """Its sentences, rows and so on, entries of several sentences taken apart."""
    sections: frozenset[tuple[Words, ...]] = frozenset()
    """The outermost headings."""
    _places: dict[tuple[Words, ...], "Places"] = field(default_factory=dict[tuple[Words, ...], "Places"])

    def places(self, above: tuple[Words, ...] = ()) -> "Places":
        """Where it says what, in all or in one section."""
        if above not in self._places:
            self._places[above] = Places(self, above)
        return self._places[above]

    @cached_property
    def stems(self) -> frozenset[str]:
        """All its words, as titles are compared with them."""
        return stems(word for _, _, words in self.keys for word in words)

    @property
    def size(self) -> int:
        """How many different things it says."""
        return len(self.atoms)


def sayings(page: Page, link: Callable[[str], str] = lambda target: target) -> Sayings:
    """A page as statements.

    Args:
        page: the memory's blocks.
        link: where a link's target leads, told in the same way from every file.
    """
    told = Sayings(title_words(page.title))
    before: dict[tuple[Words, ...], Key | None] = {}
    atoms: set[Key] = set()
    for number, block in enumerate(page.blocks):
        under = tuple(title_words(text) for text in block.under)
        pieces = list(_pieces(block, link))
        steps = block.kind == "steps" or (block.kind == "list" and _ordered(told.title, under, pieces))
        run = ("run", under, _joined([words for _, piece, _ in pieces for words in piece]))
        told.runs.append((run, steps))
        for kind, piece, source in pieces:
            told.pieces.append((under, block, source, piece))
            atoms.update((kind, under, words) for words in piece)
            for words in _said(block, piece):
                key: Key = (kind, under, words)
                last = before.get(under)
                opening = words[0].lower().rstrip(",") if words else ""
                told.units.append(
                    Unit(
                        key,
                        number,
                        block.kind in ("table", "front") or (block.kind == "list" and not steps),
                        last,
                        kind in ("code", "row", "quote") or opening in _LEANS,
                        not _PRONOUNS.isdisjoint([opening, *words]),
                        opening in _RESTRICTS,
                    )
                )
                before[under] = key if kind == "text" else last
    told.keys = frozenset(unit.key for unit in told.units)
    told.atoms = frozenset(atoms)
    told.sections = frozenset(key[1][:1] for key in told.keys)
    return told


def holds(whole: Sayings, part: Sayings, above: tuple[Words, ...] = ()) -> bool:
    """Whether `whole` says all that `part` says; their titles are not compared.

    Args:
        whole: what would stay.
        part: what could go.
        above: the section of `whole` to look in.
    """
    places = whole.places(above)
    found: list[tuple[int, int, bool]] = []
    floor = 0
    for number, units in _by_block(part):
        run, steps = part.runs[number]
        placed = units[0].key[0] not in _NOWHERE
        at = places.run(run, floor)
        if at is not None:
            if not places.leans_alike(units[0], at[0]) or places.restricted(units[-1], at[-1], part):
                return False
            if placed:
                found.append((at[0], number, False))
                floor = max(floor, at[-1] + 1)
            continue
        if steps:
            return False
        after = floor
        for unit in units:
            place = places.unit(unit, floor)
            if place is None or not places.leans_alike(unit, place) or places.restricted(unit, place, part):
                return False
            if placed:
                found.append((place, number, unit.free and whole.units[place].free))
                after = max(after, place + 1)
                floor = floor if unit.free else after
        floor = after
    return _in_order(found, [unit.block for unit in whole.units])


class Places:
    """Where a memory says what."""

    def __init__(self, whole: Sayings, above: tuple[Words, ...]) -> None:
        self.whole = whole
        self.above = above
        self.units: dict[Key, list[int]] = {}
        self.runs: dict[Key, list[list[int]]] = {}
        depth = len(above)
        blocks: dict[int, list[int]] = {}
        for place, unit in enumerate(whole.units):
            kind, under, words = unit.key
            if under[:depth] != above:
                continue
            blocks.setdefault(unit.block, []).append(place)
            if not whole.runs[unit.block][1]:
                self.units.setdefault((kind, under[depth:], words), []).append(place)
        for block, places in blocks.items():
            kind, under, words = whole.runs[block][0]
            if whole.units[places[0]].key[0] in ("text", "front"):
                self.runs.setdefault((kind, under[depth:], words), []).append(places)

    def unit(self, unit: Unit, floor: int) -> int | None:
        """The first place after what was found before that says it, one like its own where there is one."""
        found = self.units.get(unit.key, ())
        ranked = ((place < floor, self.whole.units[place].free != unit.free, place) for place in found)
        return min(ranked, default=(True, True, None))[2]

    def run(self, key: Key, floor: int) -> list[int] | None:
        """The first block after what was found before that says all of it in this order."""
        found = self.runs.get(key, [])
        return min(found, key=lambda places: (places[0] < floor, places[0]), default=None)

    def _lowered(self, key: Key | None) -> Key | None:
        return None if key is None else (key[0], key[1][len(self.above) :], key[2])

    def leans_alike(self, unit: Unit, place: int) -> bool:
        other = self.whole.units[place]
        if unit.leans or (unit.pronoun and not (unit.free and other.free)):
            return unit.before == self._lowered(other.before)
        return True

    def restricted(self, unit: Unit, place: int, part: Sayings) -> bool:
        """Whether what follows restricts it, and the part does not say so."""
        following = self.whole.units[place + 1 : place + 2]
        if following and following[0].restricts and following[0].before == self.whole.units[place].key:
            return self._lowered(following[0].key) not in part.keys
        return False


def exceptions(whole: Sayings, part: Sayings) -> bool:
    """Whether what `whole` says besides has a heading or an opening that takes something back."""
    for _, under, words in whole.keys - part.keys:
        if any("exception" in word.lower() or word.lower() == "except" for heading in under for word in heading):
            return True
        if len(under) > 0 and words and words[0].lower() in _RESTRICTS and any(under[-1] == k[2] for k in part.keys):
            return True
    return False


def opens(said: Sequence[Words]) -> bool:
    """Whether a text leans on what stands before it, or restricts that."""
    return bool(said and said[0]) and said[0][0].lower().rstrip(",") in _LEANS


def _by_block(part: Sayings) -> Iterator[tuple[int, list[Unit]]]:
    units: list[Unit] = []
    for unit in part.units:
        if units and units[-1].block != unit.block:
            yield units[0].block, units
            units = []
        units.append(unit)
    if units:
        yield units[0].block, units


def _in_order(found: Sequence[tuple[int, int, bool]], blocks: Sequence[int]) -> bool:
    """Whether the places rise, once free entries of one block that are entries of one block are sorted."""
    slots: dict[tuple[int, int], list[int]] = {}
    for slot, (place, block, free) in enumerate(found):
        if free:
            slots.setdefault((block, blocks[place]), []).append(slot)
    places = [place for place, _, _ in found]
    for held in slots.values():
        for slot, place in zip(held, sorted(places[slot] for slot in held), strict=True):
            places[slot] = place
    return all(a <= b for a, b in pairwise(places))


def _pieces(block: Block, link: Callable[[str], str]) -> Iterator[tuple[str, list[Words], Piece]]:
    """Each piece as its kind and its sentences, and itself."""
    for piece in block.pieces:
        if block.kind == "code":
            yield "code", [(block.head, piece.text)], piece
        elif block.kind == "table":
            yield "row", [(*_cells(block.head, link), "\n", *_cells(piece.text, link))], piece
        elif block.kind == "heading":
            yield "heading", [title_words(piece.text)], piece
        elif block.kind == "front":
            yield "front", [tuple(piece.text.split(" "))], piece
        elif block.kind == "quote":
            yield (
                "quote",
                [_joined([words for line in piece.text.split("\n") for words in sentences(line, link)])],
                piece,
            )
        elif said := sentences(piece.text, link):
            yield "text", said, piece


def _said(block: Block, piece: Sequence[Words]) -> Sequence[Words]:
    """The statements of a piece: an entry of a list is one, a paragraph has one for each sentence unless it repeats one."""
    if block.kind in ("list", "steps") or (block.kind == "paragraph" and len(set(piece)) < len(piece)):
        return [_joined(piece)]
    return piece


def _cells(text: str, link: Callable[[str], str]) -> Words:
    return tuple(" ".join(_joined(sentences(cell, link))) for cell in text.split(" | "))


def _joined(parts: Sequence[Words]) -> Words:
    if len(parts) == 1:
        return parts[0]
    return tuple(word for part in parts for word in (*part, "\n"))


def _ordered(title: Words, under: tuple[Words, ...], pieces: Sequence[tuple[str, list[Words], Piece]]) -> bool:
    """Whether plain entries are steps by what they or their heading say."""
    heading = [word.lower().strip(":") for word in (under[-1] if under else title)]
    if not _SEQUENCE.isdisjoint(heading) or any(a in _THIS and b == "order" for a, b in pairwise(heading)):
        return True
    return any(words and words[0].lower().rstrip(",") in _FIRST for _, piece, _ in pieces for words in piece[:1])
