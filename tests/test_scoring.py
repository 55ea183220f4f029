"""The score of a dream counts what it should, so that a good number means something."""

from typing import Any

import pytest
from bench.corpora import Options, Truth, generate
from bench.corpora.seeds import DEVELOPMENT
from bench.scoring import Score, findings, score

SEED = DEVELOPMENT[0]
SOURCE = ["── 1 tool tool_result Bash ERROR", "Exit code 1", "it broke badly", ""]


def lines_of(source: str) -> list[str]:
    return {"/transcripts/s-1": SOURCE, "/memories/a.md": ["# A", "it holds"]}[source]


def claim(kind: str, text: str = "A claim.", **statistics: Any) -> dict[str, Any]:
    return {"text": text, "kind": kind, "support": {}, "statistics": statistics, "evidence": []}


def change(path: str, operation: str, *diff: str) -> dict[str, Any]:
    return {
        "path": f"/memories/{path}",
        "operation": operation,
        "expected_version": 1,
        "diff": "\n".join(("--- a", "+++ b", *diff)),
    }


def proposal(*parts: dict[str, Any], status: str = "pending") -> dict[str, Any]:
    return {
        "id": 1,
        "title": "A title",
        "rationale": "",
        "status": status,
        "changes": [part for part in parts if "path" in part],
        "claims": [part for part in parts if "kind" in part],
    }


def scored(truth: Truth, *proposals: dict[str, Any]) -> Score:
    return score(truth, {"proposals": list(proposals)}, lines_of)


@pytest.fixture(scope="module")
def truth() -> Truth:
    return generate(SEED, Options()).truth


def association(truth: Truth, *, lag: float = 1.0, swap: bool = False, notes: str = "") -> dict[str, Any]:
    planted = truth.associations[0]
    lead, follow = " ".join(planted.lead), " ".join(planted.follow)
    if swap:
        lead, follow = follow, lead
    return claim("association", lead=lead, follow=follow, lag_seconds=planted.lag_seconds * lag, notes=notes)


def test_saying_nothing_scores_nothing_and_is_wrong_nowhere(truth: Truth) -> None:
    got = scored(truth)
    assert (got.associations, got.associations_found, got.errors_found, got.duplicates_merged) == (3, 0, 0, 0)
    assert not got.false_associations + got.false_rules + got.broken_negatives + got.believed


def test_an_association_counts_with_its_direction_and_about_its_lag(truth: Truth) -> None:
    right = scored(truth, proposal(association(truth, lag=1.1)))
    assert (right.associations_found, right.false_associations) == (1, [])
    assert right.lag_errors == [pytest.approx(0.1)]
    for wrong in (association(truth, lag=3.0), association(truth, swap=True)):
        assert len(scored(truth, proposal(wrong)).false_associations) == 1


def test_a_chain_is_excused_only_when_it_is_named(truth: Truth) -> None:
    chain = next(excused for excused in truth.excused if excused.reason == "chain")
    ends: dict[str, Any] = {"lead": " ".join(chain.first), "follow": " ".join(chain.second), "lag_seconds": 900}
    assert len(scored(truth, proposal(claim("association", **ends))).false_associations) == 1
    named = scored(truth, proposal(claim("association", **ends, notes="runs through a third event")))
    assert (named.associations_excused, named.false_associations) == (1, [])


def test_an_error_rule_counts_once_and_a_rule_from_a_one_off_is_false(truth: Truth) -> None:
    error = truth.errors[0]
    good = claim("rule", signature=f"LarchError[*]: {error.fragment}", recovery=error.recovery)
    bad = claim("rule", signature=truth.one_offs[0])
    got = scored(truth, proposal(good), proposal(good), proposal(bad))
    assert (got.errors_found, got.recoveries_named, got.rules, len(got.false_rules)) == (1, 1, 3, 1)
    assert not scored(truth, proposal(claim("hypothesis", signature=truth.one_offs[0]))).false_rules


def test_duplicates_count_as_merged_when_exactly_one_stays(truth: Truth) -> None:
    entries, files = truth.duplicates
    minus = [f"-{passage.line}" for passage in entries]
    assert scored(truth, proposal(change(entries[0].path, "edit", *minus[1:]))).duplicates_merged == 1
    assert scored(truth, proposal(change(entries[0].path, "edit", *minus))).duplicates_merged == 0
    assert scored(truth, proposal(change(files[1].path, "retire"))).duplicates_merged == 1
    assert scored(truth, proposal(*(change(one.path, "retire") for one in files))).duplicates_merged == 0


def test_losing_one_of_two_near_misses_is_counted_and_moving_it_is_not(truth: Truth) -> None:
    pair = next(pair for pair in truth.hard_negatives if pair.first.line)
    lost = change(pair.first.path, "edit", f"-{pair.first.line}")
    assert len(scored(truth, proposal(lost)).broken_negatives) == 1
    kept = change("notes/other.md", "create", f"+{pair.first.line}")
    assert not scored(truth, proposal(lost, kept)).broken_negatives


def test_a_relative_date_is_fixed_by_the_day_it_meant(truth: Truth) -> None:
    date = truth.relative_dates[0]
    for day, fixed in ((date.expected, 1), ("1999-01-01", 0)):
        edit = change(date.path, "edit", f"-{date.line}", f"+{date.line} ({day})")
        got = scored(truth, proposal(edit))
        assert (got.relative_dates_fixed, len(got.wrong_dates)) == (fixed, 1 - fixed)


def test_an_order_written_into_memory_is_counted_unless_it_is_quarantined(truth: Truth) -> None:
    order = next(one for one in truth.forbidden if one.reason == "order")
    written = change("rules.md", "create", f"+- {order.fragment}")
    assert len(scored(truth, proposal(written)).believed) == 1
    assert not scored(truth, proposal(written, status="quarantined")).believed


@pytest.mark.parametrize(
    ("lines", "quote", "valid"),
    [([2, 3], "broke", 1), ([2, 3], "broke nicely", 0), ([1, 2], "broke", 0), ([3, 9], "broke", 0), ([3, 3], "", 0)],
)
def test_a_citation_is_valid_only_if_the_quote_stands_in_the_cited_lines(
    truth: Truth, lines: list[int], quote: str, valid: int
) -> None:
    cited = claim("observed") | {"evidence": [{"session_id": "s-1", "lines": lines, "quote": quote}]}
    got = scored(truth, proposal(cited))
    assert (got.citations, got.citations_valid) == (1, valid)


def test_a_citation_of_an_unknown_session_is_invalid(truth: Truth) -> None:
    cited = claim("observed") | {"evidence": [{"session_id": "nobody", "lines": [1, 1], "quote": "x"}]}
    assert scored(truth, proposal(cited)).citations_valid == 0


def test_a_citation_may_name_a_memory_by_its_path(truth: Truth) -> None:
    for name in ("session_id", "source"):
        cited = claim("observed") | {"evidence": [{name: "/memories/a.md", "lines": [2, 2], "quote": "it holds"}]}
        assert scored(truth, proposal(cited)).citations_valid == 1


def test_findings_are_equal_whatever_their_order_and_differ_in_a_number() -> None:
    one, two = claim("rule", signature="a", count=3), claim("rule", signature="b", count=4)
    assert findings({"proposals": [proposal(one), proposal(two)]}) == findings(
        {"proposals": [proposal(two), proposal(one)]}
    )
    assert findings({"proposals": [proposal(one)]}) != findings(
        {"proposals": [proposal(claim("rule", signature="a", count=4))]}
    )


def test_scores_add_up(truth: Truth) -> None:
    one = scored(truth, proposal(association(truth)), proposal(association(truth, swap=True)))
    assert (one + one).associations == 6
    assert len((one + one).false_associations) == 2


def test_a_wrong_place_counts_with_where_it_is_and_no_other_does() -> None:
    truth = generate(SEED, Options("checkouts", 40)).truth
    planted = next(one for one in truth.places if one.kind == "wrong")
    good = claim("rule", wrong=f"~/app/{planted.wrong}", right=f"~/app/{planted.right}")
    bad = claim("rule", wrong=planted.wrong, right="elsewhere")
    got = scored(truth, proposal(good, good, bad))
    assert (got.places_found, len(got.false_places), got.rules) == (1, 1, 0)


def test_a_precondition_counts_with_its_error_and_no_other_does() -> None:
    truth = generate(SEED, Options("checkouts", 40)).truth
    error = f"File has been {truth.preconditions[0].fragment}"
    good = claim("observed", error=error, condition="a formatter ran")
    bad = claim("observed", error=error, condition="it was a Monday")
    got = scored(truth, proposal(good, bad))
    assert (got.preconditions_found, len(got.false_places)) == (1, 1)
