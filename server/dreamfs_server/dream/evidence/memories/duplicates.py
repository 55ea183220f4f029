"""Memories that say the same twice.

A memory is a duplicate of another when the other one has every statement of it (`same.py`) and nothing tells their subjects
apart (`subjects.py`); then it can be retired without loss. An entry that one list has twice can lose its second copy.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import zip_longest

from dreamfs_server.dream.evidence.memories.blocks import Page, Piece, page
from dreamfs_server.dream.evidence.memories.likenesses import near_cards
from dreamfs_server.dream.evidence.memories.links import is_index, target_path
from dreamfs_server.dream.evidence.memories.same import Sayings, exceptions, holds, opens, sayings
from dreamfs_server.dream.evidence.memories.sentences import Words, sentences
from dreamfs_server.dream.evidence.memories.statements import statement_words_min, statements
from dreamfs_server.dream.evidence.memories.subjects import one_subject, reads_as_copy
from dreamfs_server.dream.material import Memory, cite_memory
from dreamfs_server.dream.risk import STEERING_FILES
from dreamfs_tools.dreaming import Card, Claim, Evidence

cards_max = 40
retired_max = 19
"""Of one card: a proposal has at most twenty quotes. The rest comes with the next dream."""
part_size_min = 3
"""A file that says less is a duplicate of an equal one, not of a long one that happens to say the same."""
candidates_max = 50
repeated_words_min = 4


@dataclass(frozen=True, slots=True)
class Note:
    """A memory taken apart."""

    memory: Memory
    page: Page
    said: Sayings
    linked: int
    """How many other memories lead to it."""


def duplicate_cards(memories: Sequence[Memory]) -> list[Card]:
    """Duplicate files, repeated entries and near-duplicates among live memories; archived ones are left alone."""
    live = sorted((m for m in memories if "/archive/" not in m.path), key=lambda m: m.path)
    notes = _notes(live)
    cards = _same_files(notes)
    gone = {str(path) for card in cards for path in card.data["retire"]}
    left = [note for note in notes if note.memory.path not in gone]
    cards += filter(None, map(_repeated, left))
    cards += near_cards([n.memory for n in left], {n.memory.path: statements(n.memory) for n in left})
    return cards[:cards_max]


def says_all(whole: Note, part: Note) -> bool:
    """Whether one memory says all that another one says, of the same thing."""
    if part.said.size < part_size_min and part.said.size != whole.said.size:
        return False
    paths = (whole.memory.path, part.memory.path)
    if part.said.size < whole.said.size and exceptions(whole.said, part.said):
        return False
    if holds(whole.said, part.said):
        return one_subject((whole.page.title, part.page.title), paths, part.said.stems)
    section = part.said.title
    if section and (section,) in whole.said.sections:
        titles = (f"{whole.page.title} {part.page.title}", part.page.title)
        return holds(whole.said, part.said, (section,)) and one_subject(titles, paths, part.said.stems)
    return False


def note_of(path: str, text: str, live: Iterable[str]) -> Note:
    """A text as it would stand at a path, among live ones, to compare it with another one."""
    return _note(Memory(path, text, 0), set(live), 0)


def _notes(live: Sequence[Memory]) -> list[Note]:
    paths = {memory.path for memory in live}
    notes = [_note(memory, paths, 0) for memory in live]
    linked: dict[str, int] = defaultdict(int)
    for memory in live:
        for path in _targets(memory, paths):
            linked[path] += 1
    return [Note(n.memory, n.page, n.said, linked[n.memory.path]) for n in notes]


def _note(memory: Memory, live: set[str], linked: int) -> Note:
    read = page(memory.text)
    return Note(memory, read, sayings(read, _link(memory, live)), linked)


def _link(memory: Memory, live: set[str]) -> Callable[[str], str]:
    mount = "/" + memory.path.split("/")[1]
    return partial(target_path, source=memory.path, mount=mount, live=live)


def _targets(memory: Memory, live: set[str]) -> set[str]:
    found: set[str] = set()
    link = _link(memory, live)

    def seen(target: str) -> str:
        found.add(link(target).partition("#")[0])
        return target

    if "](" in memory.text or "[[" in memory.text:
        sentences(memory.text, seen)
    return (found & live) - {memory.path}


def _same_files(notes: Sequence[Note]) -> list[Card]:
    """The largest first, each either kept or retired in favour of one that is kept and says all of it."""
    kept = _Kept()
    groups: dict[str, list[Note]] = defaultdict(list)
    by_path = {note.memory.path: note for note in notes}
    for note in sorted(notes, key=lambda n: (-n.said.size, _keep_order(n))):
        stays = note.memory.pinned or note.memory.read_only or _read_for_its_place(note.memory.path)
        holder = None if stays or not note.said.atoms else kept.holder(note)
        if holder is None:
            kept.add(note)
        else:
            groups[holder.memory.path].append(note)
    return [
        _same_card(by_path[path], sorted(group, key=lambda n: n.memory.path)[:retired_max])
        for path, group in sorted(groups.items())
    ]


class _Kept:
    """What stays, to be found by what it says."""

    def __init__(self) -> None:
        self.by_words: dict[Words, list[Note]] = defaultdict(list)
        self.by_title: dict[tuple[str, Words], list[Note]] = defaultdict(list)

    def add(self, note: Note) -> None:
        for words in {words for _, _, words in note.said.atoms}:
            self.by_words[words].append(note)
            self.by_title[note.page.title, words].append(note)

    def holder(self, note: Note) -> Note | None:
        """The first that says all of it, looked for by what the fewest say."""
        said = sorted({words for _, _, words in note.said.atoms})
        if sum(map(len, said)) < statement_words_min:
            return None
        rare = min(said, key=lambda words: len(self.by_words.get(words, ())))
        found = [
            *self.by_title.get((note.page.title, rare), ())[:candidates_max],
            *self.by_words.get(rare, ())[:candidates_max],
        ]
        return next((other for other in found if says_all(other, note)), None)


def _keep_order(note: Note) -> tuple[bool, int, bool, bool, int, int, int, str]:
    """What to keep of equals: pinned, most linked, written by a person or agent, the elder, the shorter path."""
    memory = note.memory
    return (
        not memory.pinned,
        -note.linked,
        memory.by_dream,
        reads_as_copy(memory.path),
        memory.version,
        memory.path.count("/"),
        len(memory.path),
        memory.path,
    )


def _read_for_its_place(path: str) -> bool:
    return is_index(path) or path.rsplit("/", 1)[-1].casefold() in STEERING_FILES


def _same_card(kept: Note, others: Sequence[Note]) -> Card:
    keep = kept.memory
    evidence = [_cited(keep, _first(kept, others[0])), *(_cited(n.memory, _first(n, n)) for n in others)]
    names = ", ".join(f"`{n.memory.path}`" for n in others)
    text = f"{names} say{'s' * (len(others) == 1)} nothing that `{keep.path}` does not say."
    if len(text) > 1000:
        text = (
            f"{len(others)} memories say nothing that `{keep.path}` does not say, `{others[0].memory.path}` among them."
        )
    return Card(
        number=0,
        miner="duplicates",
        title=f"{len(others) + 1} memories say the same: {keep.path}",
        body=text,
        claims=[Claim(text=text, kind="observed", evidence=evidence)],
        weight=3.0 * len(others),
        data={
            "kind": "same",
            "keep": keep.path,
            "retire": [n.memory.path for n in others],
            "titles": {n.memory.path: n.page.title for n in others if not _title_stays(n, kept)},
            "versions": {n.memory.path: n.memory.version for n in others},
        },
    )


def _title_stays(note: Note, kept: Note) -> bool:
    """Whether the title of what goes is one of what stays, whatever its form."""
    return not note.said.title or note.said.title in (kept.said.title, *(key[1][0] for key in kept.said.keys if key[1]))


def _first(note: Note, other: Note) -> Piece:
    """The first piece of a memory that says something of another one; headings are not quoted."""
    said = {words for _, _, words in other.said.atoms}
    pieces = [(piece, told) for _, block, piece, told in note.said.pieces if block.kind != "heading"]
    return next((piece for piece, told in pieces if said.intersection(told)), pieces[0][0])


def _cited(memory: Memory, piece: Piece) -> Evidence:
    return cite_memory(memory, piece.start, piece.end)


def _repeated(note: Note) -> Card | None:
    """Entries and paragraphs that stand twice below the same headings and entries; the later one adds nothing."""
    memory = note.memory
    if memory.pinned or memory.read_only:
        return None
    first: dict[tuple[tuple[Words, ...], Words], Piece] = {}
    repeats: list[tuple[Piece, Piece]] = []
    pieces = note.said.pieces
    for (under, block, piece, said), following in zip_longest(pieces, pieces[1:]):
        if block.kind not in ("list", "paragraph"):
            continue
        words = tuple(word for sentence in said for word in (*sentence, "\n"))
        restricted = following is not None and following[1] is block and opens(following[3])
        alone = not (piece.parent or piece.text.endswith(":") or opens(said) or restricted)
        if not alone or len(words) - len(said) < repeated_words_min:
            continue
        if (under, words) in first:
            repeats.append((first[under, words], piece))
        else:
            first[under, words] = piece
    if not repeats:
        return None
    evidence = [_cited(memory, piece) for pair in repeats[:4] for piece in pair]
    n = len(repeats)
    text = f"`{memory.path}` says {n} line{'s' * (n != 1)} twice in one section."
    return Card(
        number=0,
        miner="duplicates",
        title=f"Repeated lines in {memory.path}",
        body=text,
        claims=[Claim(text=text, kind="observed", evidence=evidence)],
        weight=1.0 + n,
        data={"kind": "lines", "path": memory.path, "spans": [(b.start, b.end) for _, b in repeats]},
    )
