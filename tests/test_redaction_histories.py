"""Whatever happened before and whatever comes after: what was redacted is nowhere, and all else reads the same."""

import asyncio
import tempfile
from collections.abc import Callable
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from dreamfs_server.sqlite.filesystem import Engine
from dreamfs_server.sqlite.pack import pack
from dreamfs_server.sqlite.redaction import SqliteEraser
from dreamfs_tools.call import Call
from dreamfs_tools.diff import diff
from dreamfs_tools.errors import Refusal
from dreamfs_tools.filesystem import Author, ChangeFilter, Edit, Entry, Move, Planned, Put, Remove, Snapshot, Store
from dreamfs_tools.history import history
from dreamfs_tools.mounts import Mounts
from dreamfs_tools.redaction import Redaction
from dreamfs_tools.sought import telling_lines
from dreamfs_tools.view import view
from writing_world import noon

LONG = " ".join(f"word-{number}" for number in range(60)) + "\n"
"""Makes a text long enough to be stored as a difference."""
SECRETS = ["sesame-one", "sesame-two"]
LINES = st.sampled_from(
    [LONG, "second\n", "a third line, longer\n", f"the word is {SECRETS[0]} here\n", f"- {SECRETS[1]}\n"]
)
TEXTS = st.lists(LINES, max_size=4).map("".join)
PATHS = st.sampled_from(["a", "b", "f/a"])
Step = tuple[str, ...]
STEPS: st.SearchStrategy[Step] = st.one_of(
    st.tuples(st.just("put"), PATHS, TEXTS),
    st.tuples(st.just("put"), PATHS, TEXTS),
    st.tuples(st.just("remove"), PATHS),
    st.tuples(st.just("move"), PATHS, PATHS),
    st.tuples(st.just("pack")),
    st.tuples(st.just("fork"), st.integers(0, 9).map(str)),
    st.tuples(st.just("text"), PATHS, st.sampled_from(SECRETS)),
    st.tuples(st.just("whole"), PATHS, st.integers(1, 9).map(str)),
)
Texts = dict[tuple[str, int, str], str | None]
"""(store, version, path) → what was there; None for what is gone."""


class World:
    """An engine, and beside it a plain record of every text at every version."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.expected: Texts = {}
        self.gone: set[str] = set()
        self.eraser = SqliteEraser(engine.database, noon, lambda size: b"\1" * size)

    async def do(self, step: Step) -> None:
        match step:
            case ("put", path, text):
                self.gone = {gone for gone in self.gone if gone not in text}
                await self.write(path, lambda _: Put("memories", path, text, "modified"))
            case ("remove", path):
                await self.write(path, lambda here: Remove("memories", path) if here else None)
            case ("move", path, to):
                await self.write(
                    to, lambda there: None if there or path == to else Move("memories", path, "memories", to)
                )
            case ("pack",):
                await pack(self.engine.database)
            case ("fork", at):
                stores = await self.engine.read(lambda s: s.stores())
                head = next(store.head for store in stores if store.slug == "memories")
                if len(stores) < 3:
                    name = f"fork-{len(stores)}"
                    await self.engine.fork_store("memories", Store(name, name), min(int(at), head))
            case ("text", path, secret):
                await self.redact(Redaction("memories", path, secret, everywhere=True), {}, [secret])
            case ("whole", path, version):
                then = self.expected.get(("memories", int(version), path))
                if then:
                    whole = then.strip("\n")
                    wanted: Texts = {key: None for key, other in self.expected.items() if other == then}
                    redaction = Redaction("memories", path, versions=[int(version)], everywhere=True)
                    own = await self.engine.read(lambda s: own_versions(s, path))
                    staying = [other for key in own if (other := self.expected[key]) and other != then]
                    parts = [whole] if len(whole) >= 16 else []
                    await self.redact(redaction, wanted, [*parts, *telling_lines([then], staying)])
            case _:
                raise AssertionError(step)
        seen = await self.engine.read(everything)
        for key, found in seen.items():
            self.expected.setdefault(key, found)
        assert seen == self.expected

    async def redact(self, redaction: Redaction, wanted: Texts, parts: list[str]) -> None:
        try:
            erased = await self.eraser.erase(redaction, Author(actor="user:ada"))
        except Refusal as refusal:
            if refusal.code != "not_found":
                raise
            return
        assert erased.is_erased
        self.expected |= wanted
        for part in parts:
            for key, found in self.expected.items():
                self.expected[key] = None if found is None else found.replace(part, "[redacted]")
            self.gone.add(part)

    async def write(self, path: str, edit: Callable[[Entry | None], Edit | None]) -> None:
        def plan(snapshot: Snapshot) -> Planned[None]:
            here = snapshot.tree("memories").entry(path)
            made = edit(here)
            if isinstance(made, Move) and snapshot.tree("memories").entry(made.path) is None:
                return Planned(None)
            return Planned(None, [made] if made else [])

        await self.engine.write(plan, Author(session_id="s-1"))

    async def check_answers(self) -> None:
        call = Call(self.engine, Mounts(), Author())
        answers = [(await history(call, "/", limit=1_000)).text]
        for store, version, path in list(self.expected):
            shown = f"/{store}/{path}"
            answers.append((await view(call, shown, version=version, annotate=True)).text)
            answers.append((await diff(call, shown, 0, version)).text)
        for secret in self.gone & set(SECRETS):
            assert not [answer for answer in answers if secret in answer]


def own_versions(snapshot: Snapshot, path: str) -> list[tuple[str, int, str]]:
    """Where whatever was ever at a path has been."""
    ids = {row.memory_id for row in snapshot.changes("memories", ChangeFilter(path=path), 1_000)}
    rows = [row for one in ids for row in snapshot.changes("memories", ChangeFilter(memory_id=one), 1_000)]
    return [("memories", row.version, row.path) for row in rows if row.operation != "deleted"]


def everything(snapshot: Snapshot) -> Texts:
    return {
        (store.slug, version, entry.path): tree.text(entry)
        for store in snapshot.stores()
        for version in range(1, store.head + 1)
        for tree in [snapshot.tree(store.slug, version)]
        for entry in tree.walk()
    }


@settings(max_examples=40, deadline=None)
@given(st.lists(STEPS, min_size=3, max_size=10), PATHS, st.permutations(SECRETS))
def test_whatever_happens_what_was_redacted_is_nowhere_and_all_else_reads_the_same(
    steps: list[Step], path: str, secrets: list[str]
) -> None:
    first: list[Step] = [
        ("put", path, f"{LONG}before\n{secrets[0]}\nafter\n"),
        ("put", path, f"{LONG}{secrets[1]} {secrets[0]}\n"),
    ]
    last: list[Step] = [("whole", path, "1"), *(("text", path, secret) for secret in secrets)]

    async def run(path: Path) -> set[str]:
        engine = await Engine.open(path, noon)
        try:
            world = World(engine)
            for step in [*first, *steps, *last]:
                await world.do(step)
            await world.check_answers()
            live = {text for text in world.expected.values() if text}
            return {text for text in world.gone if not any(text in other for other in live) and "\n" not in text}
        finally:
            await engine.close()

    with tempfile.TemporaryDirectory() as folder:
        gone = asyncio.run(run(Path(folder, "memory.db")))
        raw = b"".join(path.read_bytes() for path in Path(folder).iterdir())
        assert not [text for text in gone if text.encode() in raw]
