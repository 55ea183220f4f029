"""`/dreams/<id>/…` as read-only files: agenda, evidence cards, proposals with their diffs and quotes, report."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial

from dreamfs_tools.dream_naming import Naming
from dreamfs_tools.dream_pages import agenda, card_page, card_path, proposal_page, proposal_path, report
from dreamfs_tools.filesystem import Entry, Snapshot, Wanted

Pages = Mapping[str, Callable[[], str]]


@dataclass(frozen=True, slots=True)
class DreamTree:
    """A `Tree` over the dreams of some stores. Its files have no versions: they are computed when read."""

    snapshot: Snapshot
    stores: tuple[str, ...]
    names: tuple[str, ...] = ()
    """What the reader calls the stores, in the same order; left out: as they are called themselves."""
    _known: dict[str, Pages] = field(default_factory=dict[str, Pages])

    def entry(self, path: str) -> Entry | None:
        """The file or folder at a path."""
        if not path:
            return _folder("", 0)
        dream_id, _, inside = path.partition("/")
        pages = self._pages(dream_id)
        if not pages:
            return None
        if inside in pages:
            return self._file(path, pages[inside]())
        below = [name for name in pages if not inside or name.startswith(inside + "/")]
        return _folder(path, len(below)) if below else None

    def walk(self, path: str = "", *, depth: int = 0, after: str = "") -> Iterable[Entry]:
        """What lies below a folder, sorted."""
        names = set(self._files(path))
        if depth:
            names |= {"/".join(name.split("/")[:length]) for name in names for length in range(1, name.count("/") + 1)}
            top = path.count("/") + 1 if path else 0
            names = {name for name in names if top < name.count("/") + 1 <= top + depth and _below(name, path)}
        for name in sorted(names, key=_key):
            if not after or _key(name) > _key(after):
                entry = self.entry(name)
                assert entry is not None
                yield entry

    def text(self, entry: Entry) -> str | None:
        """A file's content."""
        dream_id, _, inside = entry.path.partition("/")
        page = self._pages(dream_id).get(inside)
        return page() if page else None

    def texts(
        self, path: str = "", *, containing: str = "", after: str = "", wanted: Wanted | None = None
    ) -> Iterable[tuple[Entry, str]]:
        """Files with their contents, sorted."""
        here = self.entry(path)
        entries = [here] if here is not None and here.kind == "file" else self.walk(path, after=after)
        for entry in entries:
            text = self.text(entry)
            if text is None or containing not in text or (after and _key(entry.path) <= _key(after)):
                continue
            if wanted is None or wanted(entry.path, text.encode()):
                yield entry, text

    def _files(self, path: str) -> Iterator[str]:
        wanted = path.partition("/")[0]
        for dream_id in [wanted] if wanted else self._ids():
            for name in self._pages(dream_id):
                if _below(f"{dream_id}/{name}", path):
                    yield f"{dream_id}/{name}"

    def _ids(self) -> list[str]:
        return [dream.dream_id for store in self.stores for dream in self.snapshot.dreams.dreams(store)]

    def _pages(self, dream_id: str) -> Pages:
        if dream_id not in self._known:
            self._known[dream_id] = self._read(dream_id)
        return self._known[dream_id]

    def _read(self, dream_id: str) -> Pages:
        dream = self.snapshot.dreams.dream(dream_id)
        if dream is None or dream.store not in self.stores:
            return {}
        called = dict(zip(self.stores, self.names, strict=False)).get(dream.store, dream.store)
        naming = Naming(dream.store, called)
        cards = [naming.card(card) for card in self.snapshot.dreams.cards(dream_id)]
        proposals = [naming.proposal(proposal) for proposal in self.snapshot.dreams.proposals(dream_id)]
        dream = naming.dream(dream)
        pages: dict[str, Callable[[], str]] = {"agenda.md": partial(agenda, dream, cards)}
        pages |= {card_path(card): partial(card_page, card) for card in cards}
        pages |= {proposal_path(proposal): partial(proposal_page, dream, proposal) for proposal in proposals}
        return pages | {"report.md": partial(report, dream, cards, proposals)}

    def _file(self, path: str, text: str) -> Entry:
        return Entry("", path, "file", 0, len(text.encode("utf-8", "surrogatepass")), None)


def _folder(path: str, files: int) -> Entry:
    return Entry("", path, "folder", 0, 0, None, files=files)


def _below(path: str, folder: str) -> bool:
    return not folder or path.startswith(folder + "/")


def _key(path: str) -> list[str]:
    return path.split("/")
