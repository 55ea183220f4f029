"""What a store may be called and hold, at the edge of each limit, in each engine that keeps stores."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dreamfs_server.sqlite.filesystem import Engine
from dreamfs_tools.errors import Refusal
from dreamfs_tools.filesystem import Limits, Store
from dreamfs_tools.stores import CONTENT_BYTES_MAX, FILES_COUNT_MAX, check_store, free_slug, slug_of
from writing_world import noon

STORE = Store("team", "Team")


@pytest.fixture
async def engine(tmp_path: Path) -> AsyncIterator[Engine]:
    engine = await Engine.open(tmp_path / "dreamfs.db", noon)
    yield engine
    await engine.close()


@pytest.mark.parametrize(
    ("name", "slug"),
    [
        ("Team Runbooks & Policies", "team-runbooks-policies"),
        ("a -- b", "a-b"),
        ("  (2026) ", "2026"),
        ("Café", "caf"),
        ("日本", ""),
        ("x" * 70, "x" * 70),
    ],
)
def test_a_name_gives_a_slug(name: str, slug: str) -> None:
    assert slug_of(name) == slug


@given(st.text())
def test_the_slug_of_any_name_may_be_used_or_is_empty_or_reserved(name: str) -> None:
    slug = slug_of(name)
    assert slug_of(slug) == slug
    if slug:
        check_store(Store(free_slug(slug, []), "n"))


def test_a_slug_that_is_taken_or_reserved_is_numbered() -> None:
    assert free_slug("app", []) == "app"
    assert free_slug("app", ["app", "app-2"]) == "app-3"
    assert free_slug("dreams", []) == "dreams-2"
    assert free_slug("x" * 64, ["x" * 64]) == "x" * 62 + "-2"
    assert free_slug("x" * 63 + "-y", []) == "x" * 63, "who asks nobody gets one that can be used"


@pytest.mark.parametrize(
    "store",
    [
        replace(STORE, slug="a" * 64),
        replace(STORE, slug="0-"),
        replace(STORE, name="é" * 255),
        replace(STORE, description="é" * 1_024),
        replace(STORE, metadata={f"{n:064}": "é" * 512 for n in range(16)}),
        replace(STORE, limits=Limits(1, 1)),
        replace(STORE, limits=Limits(CONTENT_BYTES_MAX, FILES_COUNT_MAX)),
    ],
)
async def test_a_store_at_a_limit_is_kept(engine: Engine, store: Store) -> None:
    await engine.create_store(store)
    kept = await engine.read(lambda snapshot: snapshot.store(store.slug))
    assert kept is not None
    assert replace(kept, created_at=None) == store


@pytest.mark.parametrize(
    ("store", "sentence"),
    [
        (replace(STORE, slug="a" * 65), "A store's slug has at most 64 characters; "),
        (replace(STORE, slug=""), "A store's slug is 1 to 64 of a-z, 0-9 and -"),
        (replace(STORE, slug="Team"), "A store's slug is 1 to 64 of a-z, 0-9 and -"),
        (replace(STORE, slug="team\n"), "A store's slug is 1 to 64 of a-z, 0-9 and -"),
        (replace(STORE, slug="transcripts"), "/transcripts is a name of dreamfs itself"),
        (replace(STORE, slug="dreams"), "/dreams is a name of dreamfs itself"),
        (replace(STORE, slug="project"), "/project is a name of dreamfs itself"),
        (replace(STORE, slug="memories"), "There is already a store memories."),
        (replace(STORE, name=" "), "A store needs a name."),
        (replace(STORE, name="x" * 256), "A store's name has at most 255 characters; this one has 256."),
        (replace(STORE, name="a\nb"), "A store's name is one line without control characters; this one has U+000A."),
        (replace(STORE, name="\ud800"), "A store's name is one line without control characters; this one has U+D800."),
        (replace(STORE, description="a\x1b[2J"), "A store's description is one line without control characters; "),
        (replace(STORE, description="a\u2028b"), "this one has U+2028. Leave it out."),
        (replace(STORE, metadata={"k": "a\0b"}), "A store's metadata is one line without control characters"),
        (replace(STORE, metadata={"k\t": "v"}), "A store's metadata is one line without control characters"),
        (replace(STORE, description="x" * 1_025), "A store's description has at most 1,024 characters"),
        (replace(STORE, metadata={str(n): "" for n in range(17)}), "A store has at most 16 pairs of metadata"),
        (replace(STORE, metadata={"k" * 65: ""}), "A key of metadata has 1 to 64 characters"),
        (replace(STORE, metadata={"": "v"}), "A key of metadata has 1 to 64 characters"),
        (replace(STORE, metadata={"k": "v" * 513}), "A value of metadata has at most 512 characters"),
        (replace(STORE, limits=Limits(content_bytes=0)), "the size of a file, in bytes, is between 1 and 10,485,760"),
        (replace(STORE, limits=Limits(files_count=1_000_001)), "the number of files is between 1 and 1,000,000"),
    ],
)
async def test_a_store_over_a_limit_is_refused_and_says_which(engine: Engine, store: Store, sentence: str) -> None:
    with pytest.raises(Refusal) as refused:
        await engine.create_store(store)
    assert sentence in refused.value.sentence
    assert [found.slug for found in await engine.read(lambda snapshot: snapshot.stores())] == ["memories"]


async def test_a_change_of_settings_keeps_slug_and_files(engine: Engine) -> None:
    await engine.create_store(STORE)
    await engine.change_store("team", lambda store: replace(store, slug="other", access="ro", files=9, head=9))
    found = await engine.read(lambda snapshot: snapshot.stores())
    assert [(store.slug, store.access, store.head) for store in found] == [("memories", "rw", 0), ("team", "ro", 0)]
    with pytest.raises(Refusal, match="There is no store other"):
        await engine.change_store("other", lambda store: store)
    with pytest.raises(Refusal, match="1,024 characters"):
        await engine.change_store("team", lambda store: replace(store, description="x" * 1_025))


async def test_an_archived_store_stays_archived_since_its_first_time(engine: Engine) -> None:
    await engine.create_store(STORE)
    await engine.archive_store("team")
    await engine.archive_store("team")
    await engine.change_store("team", lambda store: replace(store, archived_at=None))
    found = await engine.read(lambda snapshot: snapshot.store("team"))
    assert found is not None
    assert found.archived_at == noon()


async def test_a_deleted_store_frees_its_slug_and_its_fork_goes_on(engine: Engine) -> None:
    await engine.create_store(STORE)
    await engine.fork_store("team", replace(STORE, slug="fork"))
    await engine.delete_store("team")
    with pytest.raises(Refusal, match="There is no store team"):
        await engine.delete_store("team")
    await engine.create_store(replace(STORE, description="another"))
    found = await engine.read(lambda snapshot: snapshot.store("fork"))
    assert found is not None
    assert found.forked_from.startswith("team~"), "the store that has the name now is another one"


async def test_a_project_has_one_store(engine: Engine) -> None:
    await engine.create_store(replace(STORE, project="/src/app"))
    with pytest.raises(Refusal, match="The store team is that project's memory already"):
        await engine.create_store(Store("second", "Second", project="/src/app"))
    with pytest.raises(Refusal, match="The store team is that project's memory already"):
        await engine.change_store("memories", lambda store: replace(store, project="/src/app"))
    await engine.delete_store("team")
    await engine.create_store(Store("second", "Second", project="/src/app"))
