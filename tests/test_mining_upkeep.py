"""Relative dates become days, links lead somewhere, and an index lists what is there."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dreamfs_server.dream.curators.embedded import curate
from dreamfs_server.dream.evidence import mine
from dreamfs_server.dream.material import Memory
from dreamfs_tools.dreaming import Proposal
from mined_sessions import material, memory


def proposals(*memories: Memory) -> list[Proposal]:
    stuff = material(memories=memories)
    return curate(stuff, mine(stuff))


def rewritten(text: str, *, on: str = "2026-11-18") -> str:
    note = replace(memory("a.md", text), revised_at=datetime.fromisoformat(on).replace(tzinfo=UTC))
    found = proposals(note)
    return found[0].changes[0].file_text if found else text


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("The limit was raised yesterday by Ines.", "The limit was raised on 2026-11-17 by Ines."),
        ("Yesterday the limit was raised.", "On 2026-11-17 the limit was raised."),
        ("It broke two days ago and again today.", "It broke on 2026-11-16 and again on 2026-11-18."),
        ("The freeze begins next Monday for all.", "The freeze begins on 2026-11-23 for all."),
        ("The freeze ended last Wednesday for all.", "The freeze ended on 2026-11-11 for all."),
        ("It has been down since yesterday for all.", "It has been down since 2026-11-17 for all."),
        ("The audit is due in 3 weeks for us.", "The audit is due on 2026-12-09 for us."),
        ("It was paged last night again, twice.", "It was paged on the night of 2026-11-17 again, twice."),
        ("We migrated last month without loss.", "We migrated in 2026-10 without loss."),
        ("We migrate next week without loss.", "We migrate in the week of 2026-11-23 without loss."),
    ],
)
def test_a_relative_date_is_written_as_the_day_it_meant(before: str, after: str) -> None:
    assert rewritten(f"# Notes\n\n- {before}\n") == f"# Notes\n\n- {after}\n"


@pytest.mark.parametrize(
    "head",
    [
        "# Notes\n\nWritten 2026-03-05.\n",
        "---\ntitle: Notes\ndate: 2026-03-05\n---\n",
        "# Notes\n\n_Last updated: 2026-03-05_\n",
        "# Notes of 2026-03-05\n\n## Limits\n",
    ],
)
def test_a_file_that_says_when_it_was_written_is_believed_over_the_day_it_came_in(head: str) -> None:
    assert "raised on 2026-03-04 by" in rewritten(f"{head}\n- The limit was raised yesterday by Ines.\n")


def test_a_day_at_the_head_is_not_that_of_a_line_added_later() -> None:
    text = "# Notes\n\nWritten 2026-03-05.\n\n- The limit was raised yesterday by Ines.\n"
    came, added = datetime(2026, 3, 6, tzinfo=UTC), datetime(2026, 11, 18, tzinfo=UTC)
    note = replace(memory("a.md", text), written_at=[came, came, came, came, added, came])
    assert "raised on 2026-11-17 by" in proposals(note)[0].changes[0].file_text


@pytest.mark.parametrize("said", ["Due 2026-03-05.", "Written 2026-12-24."])
def test_a_day_at_the_head_that_is_no_day_of_writing_counts_for_nothing(said: str) -> None:
    text = f"# Notes\n\n{said}\n\n- The limit was raised yesterday by Ines.\n"
    assert "raised on 2026-11-17 by" in rewritten(text)


@pytest.mark.parametrize(
    "line",
    [
        "Every night the job exports what came in yesterday.",
        "The report shows yesterday's numbers to all.",
        "Run `deploy --since yesterday` for that one.",
        'He wrote "done tomorrow" and left it there.',
        "> We will do that tomorrow, they said.",
    ],
)
def test_habits_code_and_quotes_keep_their_words(line: str) -> None:
    assert rewritten(f"# Notes\n\n{line}\n") == f"# Notes\n\n{line}\n"


def test_the_heading_above_says_what_a_date_is_relative_to() -> None:
    text = "# Log\n\n## 2026-03-01\n\n- The quota was cut yesterday by half.\n"
    assert "on 2026-02-28 by half" in rewritten(text)


def test_a_line_counts_from_the_day_it_was_written() -> None:
    lines = ["# Log", "", "- The quota was cut yesterday by half.", ""]
    written = tuple(datetime(2026, 5, 5, tzinfo=UTC) for _ in lines)
    [proposal] = proposals(replace(memory("a.md", "\n".join(lines)), written_at=written))
    assert "on 2026-05-04 by half" in proposal.changes[0].file_text
    assert proposal.dropped[0].text == "yesterday"


@given(st.dates(date(2000, 1, 10), date(2090, 1, 1)), st.sampled_from(["Monday", "Friday", "Sunday"]))
def test_weekdays_lie_within_a_week_of_the_day(base: date, weekday: str) -> None:
    for which, sign in (("last", -1), ("next", 1)):
        text = rewritten(f"# N\n\n- It was planned for all {which} {weekday} again.\n", on=base.isoformat())
        day = date.fromisoformat(text.split(" on ")[1].split()[0])
        assert day.strftime("%A") == weekday
        assert timedelta(0) < sign * (day - base) <= timedelta(days=7)


def test_a_link_to_a_note_that_moved_follows_it() -> None:
    index = memory("notes/a.md", "# A\n\nSee [the runbook](../old/cpu.md) and [web](https://example.org/x.md).\n")
    [proposal] = proposals(index, memory("runbooks/cpu.md", "# CPU\n\nText of the runbook.\n"))
    assert "[the runbook](../runbooks/cpu.md) and [web](https://example.org/x.md)" in proposal.changes[0].file_text


def test_a_dead_link_is_marked_and_its_target_kept() -> None:
    [proposal] = proposals(memory("index.md", "# Index\n\n- [cpu](runbooks/cpu.md)\n"))
    assert "- cpu (there is no `runbooks/cpu.md` any more)" in proposal.changes[0].file_text
    assert proposals(memory("index.md", proposal.changes[0].file_text)) == []


def test_an_index_that_lists_most_notes_gets_the_others() -> None:
    notes = [memory(f"n{i}.md", f"# N{i}\n\nNote number {i} about thing {i}.\n", i + 2) for i in range(4)]
    index = memory("README.md", "# Notes\n\n- [n0](n0.md)\n- [n1](n1.md)\n- [n2](n2.md)\n")
    [proposal] = [p for p in proposals(index, *notes) if p.changes[0].path.endswith("README.md")]
    assert proposal.changes[0].file_text == "# Notes\n\n- [n0](n0.md)\n- [n1](n1.md)\n- [n2](n2.md)\n- [n3](n3.md)\n"


def test_a_readme_that_lists_little_is_no_index() -> None:
    notes = [memory(f"n{i}.md", f"# N{i}\n\nText {i} of this one.\n", i + 2) for i in range(9)]
    assert [
        p for p in proposals(memory("README.md", "# Notes\n\nStart at [n0](n0.md).\n"), *notes) if "README" in p.title
    ] == []


def test_of_two_dated_statements_the_later_holds_and_the_earlier_is_linked() -> None:
    old = memory("a.md", "# R\n\n- As of 2026-01-05 the ledger of api is kept for 30 days.\n", 1)
    new = memory("b.md", "# R\n\n- As of 2026-06-05 the ledger of api is kept for 14 days.\n", 2)
    [proposal] = proposals(old, new)
    [change] = proposal.changes
    assert change.path == "/memories/a.md"
    assert change.new_str == f"{change.old_str} (superseded as of 2026-06-05: see `/memories/b.md`)"
    [again] = [replace(old, text=old.text.replace(change.old_str, change.new_str))]
    assert proposals(again, new) == []


def test_undecided_conflicts_go_to_a_register_once() -> None:
    old = memory("a.md", "# R\n\n- The ledger of api is kept for 30 days.\n", 1)
    new = memory("b.md", "# R\n\n- The ledger of api is kept for 14 days.\n", 2)
    [proposal] = proposals(old, new)
    [change] = proposal.changes
    assert change.path == "/memories/conflicts.md"
    assert "> The ledger of api is kept for 30 days." in change.file_text
    assert "> The ledger of api is kept for 14 days." in change.file_text
    assert proposals(old, new, memory("conflicts.md", change.file_text, 3)) == []
