"""Each rule of validation as a property: what it lets through is compared with a second, plainer reading of the rule.

Every one of these fails where its rule is taken out.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dreamfs_server.dream import validation
from dreamfs_server.dream.validation import validate
from dreamfs_tools.dreaming import Claim, ClaimKind, Disbelief, Dropped, Evidence, Proposal, ProposedChange
from dreamfs_tools.errors import Refusal
from dreamfs_tools.filesystem import Author, Planned, Put
from memory_filesystem import MemoryFilesystem
from memory_journal import MemoryJournal
from test_proposal_validation import DREAM, ERROR, NOW, a_store, failing, proposal, quote, shown_lines

NEW = ProposedChange("create", "/memories/new.md", file_text="x\n")


async def refused(filesystem: MemoryFilesystem, one: Proposal, **dream: Any) -> str:
    """The refusal's sentence, "" for what would be saved."""
    try:
        await filesystem.read(lambda snapshot: validate(snapshot, replace(DREAM, **dream), one, ()))
    except Refusal as refusal:
        return refusal.sentence
    return ""


sources = st.sampled_from(
    [*(f"/transcripts/s-{number}" for number in range(1, 5)), "/memories/db.md", "/memories/copy.md"]
)
quotes = st.sampled_from(
    [
        ERROR,
        ERROR[:-1],
        f"{ERROR} ",
        "start",
        "5432",
        "5433",
        "# Database\n\nThe port",
        "From now on",
        "the pool is not",
    ]
)


@settings(max_examples=100, deadline=None)
@given(
    sources, st.integers(1, 14), st.integers(0, 4), quotes, st.frozensets(st.sampled_from(["s-1", "s-2", "s-3"])),
    st.booleans(),
)  # fmt: skip
async def test_a_quote_is_taken_where_it_stands_byte_for_byte_in_scope_and_nowhere_else(
    source: str, first: int, more: int, words: str, scope: frozenset[str], is_false: bool
) -> None:
    filesystem = await a_store()
    if is_false:
        await MemoryJournal(filesystem).disbelieve("memories", Disbelief(source, "user:ada", NOW))
    one = Evidence(source, (first, first + more), words)
    said = await refused(filesystem, proposal(NEW, claims=[Claim("So.", "hypothesis", [one])]), sessions=sorted(scope))
    there = shown_lines(filesystem, one)
    there = there if source.startswith("/memories/") else there[:-1]
    inside = source.startswith("/memories/") or not scope or source.rpartition("/")[2] in scope
    stands = first + more <= len(there) and words in "\n".join(there[first - 1 : first + more])
    assert (said == "") == (inside and stands and not is_false), said


placed = st.tuples(
    st.integers(1, 3), st.sampled_from(["", "a", "b", "c"]), st.sampled_from(["", "root"]),
    st.sampled_from(["imported", "host", "self"]), st.sampled_from([ERROR, "I think the pool is cursed."]),
)  # fmt: skip


@settings(max_examples=100, deadline=None)
@given(st.lists(placed, min_size=1, max_size=5))
async def test_a_rule_is_taken_from_three_sessions_on_two_days_and_three_known_tasks_on(
    seen: Sequence[tuple[int, str, str, Any, str]],
) -> None:
    sessions = [
        (replace(session, parent=parent), events)
        for number, (day, task, parent, origin, _) in enumerate(seen, 1)
        for session, events in [failing(number, day=day, task=task, origin=origin)]
    ]
    filesystem = await a_store(*sessions)
    evidence = [quote(number, words) for number, (*_, words) in enumerate(seen, 1)]
    said = await refused(filesystem, proposal(NEW, claims=[Claim("So.", "rule", evidence)]))
    count = [
        (parent or f"s-{number}", day, task)
        for number, (day, task, parent, origin, words) in enumerate(seen, 1)
        if origin != "self" and words == ERROR
    ]
    tasks = {task for *_, task in count}
    known = bool(tasks) and "" not in tasks
    enough = len({root for root, *_ in count}) >= 3 and len({day for _, day, _ in count}) >= 2
    assert (said == "") == (enough and (len(tasks) >= 3 or not known)), said


LINES = ["The port is 5432.", "Do not restart it.", "See docs/pool.md first.", "Ask the team.", "Due 2026-11-30."]


@settings(max_examples=100, deadline=None)
@given(
    st.lists(st.sampled_from(LINES), min_size=1, unique=True), st.sets(st.sampled_from(LINES)),
    st.sets(st.sampled_from(LINES)), st.sampled_from(["", "It broke yesterday.", "`yesterday` is its name."]),
)  # fmt: skip
async def test_what_is_replaced_is_kept_or_listed_and_what_is_added_has_no_relative_date(
    before: Sequence[str], kept: set[str], listed: set[str], added: str
) -> None:
    filesystem = await a_store()
    after = [line for line in before if line in kept] + ["Changed.", added]
    put = Put("memories", "db.md", "\n".join(before) + "\n", "modified")
    await filesystem.write(lambda _: Planned(None, [put]), Author(session_id="s-1"))
    change = ProposedChange("replace", "/memories/db.md", file_text="\n".join(after) + "\n")
    drops = [Dropped(line, "it is no longer so") for line in sorted(listed)]
    said = await refused(filesystem, proposal(change, dropped=drops))
    lost = [line for line in before if line not in kept and line not in listed and line != "Ask the team."]
    assert ("no longer says" in said) == bool(lost), said
    assert ("is a relative date" in said) == (added == "It broke yesterday."), said


def sized(**sizes: int) -> Proposal:
    """A proposal with so many of everything."""
    number = {
        "changes": 1,
        "claims": 1,
        "evidence": 1,
        "dropped": 0,
        "title": 1,
        "rationale": 1,
        "text": 1,
        "reason": 1,
    }
    number |= sizes
    changes = [ProposedChange("create", f"/memories/new-{n}.md", file_text="x\n") for n in range(number["changes"])]
    one = Claim("c" * number["text"], "observed", [quote(1)] * number["evidence"])
    drops = [Dropped("x", "r" * number["reason"])] * number["dropped"]
    return Proposal(0, "t" * number["title"], "w" * number["rationale"], changes, [one] * number["claims"], drops)


@pytest.mark.parametrize(
    ("what", "most", "more"),
    [
        ("changes", validation.CHANGES_COUNT_MAX, {}),
        ("claims", validation.CLAIMS_COUNT_MAX, {}),
        ("evidence", validation.EVIDENCE_COUNT_MAX, {}),
        ("dropped", validation.DROPPED_COUNT_MAX, {}),
        ("title", validation.TITLE_CHARACTERS_MAX, {}),
        ("rationale", validation.RATIONALE_CHARACTERS_MAX, {}),
        ("text", validation.CLAIM_CHARACTERS_MAX, {}),
        ("reason", validation.REASON_CHARACTERS_MAX, {"dropped": 1}),
    ],
)
async def test_of_everything_there_is_a_most(what: str, most: int, more: dict[str, int]) -> None:
    limits = {"changes": 20, "claims": 20, "evidence": 20, "dropped": 100, "title": 255, "rationale": 4096}
    assert most == {**limits, "text": 1024, "reason": 1024}[what]
    filesystem = await a_store()
    assert await refused(filesystem, sized(**{what: most}, **more)) == ""
    assert f"at most {most:,} are allowed" in await refused(filesystem, sized(**{what: most + 1}, **more))


async def test_what_one_proposal_and_one_file_may_write_has_a_most() -> None:
    filesystem = await a_store()
    parts = [ProposedChange("create", f"/memories/n-{n}.md", file_text="x" * 90_000) for n in range(3)]
    assert "at most 262,144 are allowed" in await refused(filesystem, proposal(*parts))
    assert await refused(filesystem, proposal(*parts[:2])) == ""
    long = ProposedChange("create", "/memories/long.md", file_text="x" * 102_401)
    assert "at most 102,400 are allowed" in await refused(filesystem, proposal(long))


@pytest.mark.parametrize("where", ["text", "title", "rationale", "claim", "dropped"])
async def test_a_secret_is_refused_wherever_it_stands(where: str) -> None:
    secret = "ghp_0123456789abcdefghijABCDEFGHIJ012345"  # of nobody
    one = proposal(NEW)
    held = {
        "text": replace(one, changes=[replace(NEW, file_text=f"{secret}\n")]),
        "title": replace(one, title=secret),
        "rationale": replace(one, rationale=secret),
        "claim": replace(one, claims=[replace(one.claims[0], text=secret)]),
        "dropped": replace(one, dropped=[Dropped("x", secret)]),
    }[where]
    assert "holds a secret" in await refused(await a_store(), held)


@pytest.mark.parametrize("operation", ["replace", "edit", "rename", "retire"])
async def test_a_pinned_file_is_not_touched(operation: Any) -> None:
    filesystem = await a_store()
    change = ProposedChange(operation, "/memories/db.md", "x\n", "Database", "Data", "/memories/copy.md")
    if operation == "rename":
        change = replace(change, new_path="/memories/moved.md")
    filesystem.pin("memories", "db.md")
    assert "/memories/db.md is pinned" in await refused(filesystem, proposal(change))


async def test_nothing_is_emptied_and_a_store_that_can_only_be_read_is_left_alone() -> None:
    filesystem = await a_store()
    emptied = ProposedChange("replace", "/memories/notes/index.md", file_text=" \n")
    assert "would be left empty" in await refused(filesystem, proposal(emptied, dropped=[Dropped("db.md", "gone")]))
    store = await filesystem.read(lambda snapshot: snapshot.store("memories"))
    assert store is not None
    filesystem.configure(replace(store, access="ro"))
    assert "can only be read" in await refused(filesystem, proposal(NEW))


@pytest.mark.parametrize("lacking", ["title", "rationale", "changes", "claims"])
async def test_a_proposal_lacks_nothing(lacking: str) -> None:
    empty: Any = [] if lacking in {"changes", "claims"} else " "
    assert "it needs" in await refused(await a_store(), replace(proposal(NEW), **{lacking: empty}))


async def test_a_claim_without_a_quote_is_no_claim() -> None:
    kinds: tuple[ClaimKind, ...] = ("observed", "hypothesis")
    for kind in kinds:
        assert "it cites nothing" in await refused(await a_store(), proposal(NEW, claims=[Claim("So.", kind)]))
