"""Notes that say the same in another form are duplicates; notes that differ in a word are not."""

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from itertools import permutations
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dreamfs_server.dream.curators.embedded import curate
from dreamfs_server.dream.evidence import mine
from dreamfs_server.dream.job import Job, embedded
from dreamfs_server.dream.material import Memory
from dreamfs_server.dream.review import decide
from dreamfs_server.dream.service import DreamService
from dreamfs_server.dream.validation import EVIDENCE_COUNT_MAX
from dreamfs_tools.dreaming import Card, DreamRequest, Proposal, Review
from dreamfs_tools.filesystem import Author, Planned, Put
from mined_sessions import material, memory
from note_pairs import DIFFERENT, NOTE, SAME, STEPS, NotePair
from sqlite_world import opened

NOW = datetime(2026, 11, 22, 11, 3, tzinfo=UTC)
BESIDE = {
    "limits.md": "# Limits of refunds\n\nSet by Eve.\n",
    "pay/limits.md": "# Limits of pay\n\nSet by Ann.\n",
    "shop/limits.md": "# Limits of the shop\n\nSet by Bob.\n",
}
"""What links of the pairs lead to."""
NAMES = [pair.name for pair in SAME]


def duplicates(*memories: Memory) -> list[Card]:
    return [card for card in mine(material(memories=memories)) if card.miner == "duplicates"]


def cards(pair: NotePair) -> list[Card]:
    beside = [memory(path, text) for path, text in BESIDE.items()]
    return duplicates(memory(pair.paths[0], pair.first, 1), memory(pair.paths[1], pair.second, 2), *beside)


@pytest.mark.parametrize("pair", SAME, ids=NAMES)
def test_another_form_is_a_duplicate(pair: NotePair) -> None:
    [card] = cards(pair)
    assert card.data["keep"] == f"/memories/{pair.paths[0]}"


@pytest.mark.parametrize("pair", DIFFERENT, ids=[pair.name for pair in DIFFERENT])
def test_another_meaning_is_none(pair: NotePair) -> None:
    assert cards(pair) == []
    assert cards(replace(pair, first=pair.second, second=pair.first)) == []


@pytest.mark.parametrize("pair", SAME, ids=NAMES)
async def test_it_is_proposed_and_after_acceptance_nothing_is_left_to_propose(tmp_path: Path, pair: NotePair) -> None:
    files = {pair.paths[0]: pair.first, pair.paths[1]: pair.second, **BESIDE}
    async with opened(tmp_path, NOW) as engine:
        puts = [Put("memories", path, text, "created") for path, text in files.items()]
        await engine.write(lambda _: Planned(None, puts), Author(session_id="s-1"))

        async def dream(name: str) -> Sequence[Proposal]:
            job = Job(engine, engine.journal, mine, {"embedded": embedded(curate)})
            await DreamService(job, lambda: name).start(DreamRequest("memories"))
            return await engine.read(lambda snapshot: snapshot.dreams.proposals(name))

        [proposal] = await dream("d-1")
        [change] = proposal.changes
        assert (change.operation, proposal.status) == ("retire", "pending")
        await decide(engine, engine.journal, Review("d-1", 1, True, "ada", "terminal"), Author())
        gone = change.path.removeprefix("/memories/")
        entries = await engine.read(lambda snapshot: {entry.path for entry in snapshot.tree("memories").walk()})
        assert entries == (files.keys() - {gone}) | {f"archive/{gone}"}
        assert await dream("d-2") == []


@pytest.mark.parametrize("pair", SAME[:3], ids=NAMES[:3])
def test_which_one_stays_does_not_depend_on_their_order(pair: NotePair) -> None:
    notes = [memory("a.md", pair.first, 1), memory("b.md", pair.second, 2), memory("c/d.md", pair.first, 1)]
    found = [[card.data for card in duplicates(*some)] for some in permutations(notes)]
    assert all(one == found[0] for one in found)
    assert found[0][0]["retire"] == ["/memories/b.md", "/memories/c/d.md"]


def test_a_note_of_which_another_has_every_statement_goes_and_keeps_its_statements_there() -> None:
    part = "# Ledger export\n\n* Never start it by hand while the books are open.\n* A failed run can be repeated within 6 hours.\n* The job needs the role `ledger_ro` and 12 GB of memory\n"
    whole = NOTE.replace("It writes to `/var/ledger/out`.\nNever", "It writes to `/var/ledger/out`.\n\n- Never")
    [card] = duplicates(memory("a.md", part, 1), memory("b.md", whole.replace("\n\n- The job", "\n- The job"), 2))
    assert (card.data["keep"], card.data["retire"]) == ("/memories/b.md", ["/memories/a.md"])


def test_a_note_is_part_of_a_section_that_has_its_title() -> None:
    more = "\nAsk Kim first. Tell the desk at 4411. Keys are in room 3.\n"
    note = STEPS + more
    whole = f"# Runbook\n\nSee below.\n\n#{note}\n## Other\n\nMore is in room 12.\n"
    [card] = duplicates(memory("a.md", note, 1), memory("b.md", whole, 2))
    assert card.data["keep"] == "/memories/b.md"
    assert duplicates(memory("a.md", note, 1), memory("b.md", whole.replace("# Runbook", "# Staging", 1), 2)) == []


def test_of_equals_the_one_that_others_link_to_stays() -> None:
    index = memory("index.md", "# Index\n\n- [ledger](b.md)\n", 3)
    [card] = duplicates(memory("a.md", NOTE, 1), memory("b.md", NOTE, 2), index)
    assert card.data["keep"] == "/memories/b.md"


def test_a_link_to_what_was_retired_is_led_to_what_replaced_it() -> None:
    retired = memory(
        "archive/notes/ledger.md", f"> Retired 2026-11-20 by dream d-1; replaced by /memories/a.md.\n\n{NOTE}"
    )
    index = memory("index.md", "# Index\n\n- [ledger](notes/ledger.md)\n")
    stuff = material(memories=[memory("a.md", NOTE), retired, index])
    [proposal] = curate(stuff, mine(stuff))
    assert [change.file_text for change in proposal.changes] == ["# Index\n\n- [ledger](a.md)\n"]


def test_what_is_pinned_can_only_be_read_or_is_read_for_its_place_is_not_retired() -> None:
    first = memory("a.md", NOTE, 1)
    for other in (
        replace(memory("b.md", NOTE, 2), pinned=True),
        replace(memory("b.md", NOTE, 2), read_only=True),
        memory("b/CLAUDE.md", NOTE, 2),
        memory("b/README.md", NOTE, 2),
    ):
        assert all(other.path not in card.data["retire"] for card in duplicates(first, other))
        assert duplicates(replace(first, read_only=True), other) == []


def test_many_copies_are_one_proposal_as_large_as_one_may_be_and_the_rest_comes_later() -> None:
    notes = [memory(f"{chr(97 + n)}/note.md", NOTE, n + 1) for n in range(25)]
    notes = [replace(note, path=note.path.replace("/note", f"/{chr(97 + n)}")) for n, note in enumerate(notes)]
    [card] = duplicates(*notes)
    assert len(card.data["retire"]) == EVIDENCE_COUNT_MAX - 1
    left = [note for note in notes if note.path not in card.data["retire"]]
    [card] = duplicates(*left)
    assert len(card.data["retire"]) == 5


def test_a_title_that_goes_is_listed_as_dropped() -> None:
    other = NOTE.replace("# Ledger export", "# How to export the ledger")
    stuff = material(memories=[memory("a.md", NOTE, 1), memory("b.md", other, 2)])
    [proposal] = curate(stuff, mine(stuff))
    assert [one.text for one in proposal.dropped] == ["How to export the ledger"]


@pytest.mark.parametrize(
    "text",
    [
        "# A\n\n- Staging:\n  - Restart the ingest worker after a change.\n- Live:\n  - Restart the ingest worker after a change.\n",
        "# A\n\n1. Restart the ingest worker now.\n2. Run the migration of the day.\n3. Restart the ingest worker now.\n",
        "# A\n\n- [ ] Restart the ingest worker after a change.\n- [x] Restart the ingest worker after a change.\n",
        "# A\n\nThen run the following command on fin-07:\n\n```\nup\n```\n\nThen run the following command on fin-07:\n\n```\ndown\n```\n",
        "# A\n\n- Restart the ingest worker after a change.\n- Except on Fridays at noon.\n- Restart the ingest worker after a change.\n- Except on Sundays at noon.\n",
        "# A\n\nThe worker is restarted by the\nmachine that runs the nightly jobs.\n\nThe backup is copied by the\nmachine that runs the nightly jobs.\n",
        "# A\n\n**Staging**\n\n- Restart the ingest worker after a change.\n\n**Live**\n\n- Restart the ingest worker after a change.\n",
    ],
    ids=["other parents", "steps", "done and open", "before code", "exceptions", "part of a paragraph", "bold headings"],
)  # fmt: skip
def test_a_line_that_stands_twice_with_two_meanings_stays(text: str) -> None:
    assert duplicates(memory("a.md", text)) == []


def test_an_entry_over_two_lines_that_stands_twice_goes_whole() -> None:
    entry = "- Restart the ingest worker\n  after a schema change.\n"
    again = "* restart the **ingest** worker after a schema change\n"
    stuff = material(memories=[memory("a.md", f"# A\n\n{entry}- Other things matter too here.\n{entry}")])
    [proposal] = curate(stuff, mine(stuff))
    assert proposal.changes[0].file_text == f"# A\n\n{entry}- Other things matter too here.\n"
    stuff = material(memories=[memory("a.md", f"# A\n\n{entry}- Other things matter too here.\n{again}")])
    [proposal] = curate(stuff, mine(stuff))
    assert proposal.changes[0].file_text == f"# A\n\n{entry}- Other things matter too here.\n"


WORDS = [
    "worker",
    "backup",
    "runs",
    "host",
    "disk",
    "starts",
    "never",
    "not",
    "room",
    "12",
    "40",
    "7.5",
    "`make`",
    "`--all`",
    "/etc/app.toml",
    "v2",
    "Kim",
    "Monday",
    "copies",
    "waits",
    "closed",
    "open",
    "queue",
    "fin-07",
]
_words = st.lists(st.sampled_from(WORDS), min_size=4, max_size=9)
_sentence = _words.map(lambda words: ("Our", *words))
_sentences = st.lists(_sentence, min_size=1, max_size=4, unique=True)
Section = tuple[str, list[tuple[str, ...]], list[tuple[str, ...]]]
_HEADINGS = ["Readers", "Writers", "Nights"]
_note = st.lists(
    st.tuples(st.sampled_from(_HEADINGS), _sentences, _sentences), min_size=1, max_size=3, unique_by=lambda s: s[0]
)


@st.composite
def forms(draw: st.DrawFn, note: list[Section]) -> str:
    """The note in any form."""

    def wrapped(words: Sequence[str], indent: str) -> str:
        text = words[0]
        for word in words[1:]:
            gap = draw(st.sampled_from([" ", " ", " ", "  ", f"\n{indent}"]))
            text += gap + word
        return text

    def marked(words: Sequence[str]) -> list[str]:
        mark = draw(st.sampled_from(["", "**", "*", "_"]))
        chosen = draw(st.integers(0, len(words) - 1))
        return [f"{mark}{w}{mark}" if n == chosen and w.isalpha() else w for n, w in enumerate(words)]

    level = draw(st.integers(1, 2))
    lines = ["#" * level + " Nightly work"]
    for heading, paragraph, entries in note:
        lines += ["", "#" * (level + 1) + f" {heading}", ""]
        told = [word for sentence in paragraph for word in [*marked(sentence[:-1]), f"{sentence[-1]}."]]
        lines += [wrapped(told, ""), ""]
        mark = draw(st.sampled_from("-*+"))
        for entry in draw(st.permutations(entries)):
            stop = draw(st.sampled_from(["", "."]))
            opening = draw(st.sampled_from([entry[0], entry[0].lower()]))
            lines.append(f"{mark} " + wrapped([*marked([opening, *entry[1:-1]]), entry[-1] + stop], "  "))
            lines += [""] * draw(st.integers(0, 1))
    blank = draw(st.sampled_from(["", " ", "\t"]))
    return draw(st.sampled_from(["\n", "\r\n"])).join(f"{line}{blank}" for text in lines for line in text.split("\n"))


@settings(max_examples=50, deadline=None)
@given(st.data(), _note)
def test_any_form_of_a_note_is_found(data: st.DataObject, note: list[Section]) -> None:
    first, second = data.draw(forms(note)), data.draw(forms(note))
    found = duplicates(memory("a.md", first, 1), memory("b.md", second, 2))
    size = sum(len(paragraph) + len(entries) for _, paragraph, entries in note)
    assert size == 0 or [card.data["retire"] for card in found if card.data["kind"] == "same"] == [["/memories/b.md"]]


@settings(max_examples=50, deadline=None)
@given(st.data(), _note, st.sampled_from(["other", "without", "more", "not"]))
def test_a_note_with_one_word_changed_is_not(data: st.DataObject, note: list[Section], how: str) -> None:
    section = data.draw(st.integers(0, len(note) - 1))
    heading, paragraph, entries = note[section]
    in_list = data.draw(st.booleans())
    said = [*(entries if in_list else paragraph)]
    at = data.draw(st.integers(0, len(said) - 1))
    place = data.draw(st.integers(1, len(said[at]) - 1))
    old = said[at]
    word = {"other": data.draw(st.sampled_from(WORDS)), "not": "not", "more": "13"}.get(how, "")
    middle = () if how == "without" else (word,) if how == "other" else (old[place], word)
    said[at] = (*old[:place], *middle, *old[place + 1 :])
    known = {sentence for _, one, two in note for sentence in (*one, *two)}
    if said[at] in known:
        return
    changed = [*note]
    changed[section] = (heading, paragraph, said) if in_list else (heading, said, entries)
    first, second = data.draw(forms(note)), data.draw(forms(changed))
    assert [
        card for card in duplicates(memory("a.md", first, 1), memory("b.md", second, 2)) if card.data["kind"] == "same"
    ] == []


@given(st.text(alphabet=st.sampled_from("#-*_>|`~1. \n\tab:[]()\r\\"), max_size=200))
def test_a_text_of_marks_alone_is_read_and_quoted_exactly(text: str) -> None:
    for card in duplicates(memory("a.md", text, 1), memory("b.md", text, 2)):
        for evidence in card.claims[0].evidence:
            first, last = evidence.lines
            assert evidence.quote
            assert evidence.quote in "\n".join(text.split("\n")[first - 1 : last])
            assert re.search(r"\S", evidence.quote)
