"""How good the dream without a model is: planted corpora in, proposals out, compared with what was planted."""

import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from statistics import median
from typing import Any

from bench.corpora import Corpus, Options, generate, null_options, worked_example
from bench.corpora.corpus import shuffled
from bench.corpora.seeds import seeds
from bench.direct import Desk
from bench.door import Door, NotThereError
from bench.registry import Row
from bench.scoring import Score, findings, score

NAME = "dream"
BUDGET = "the embedded dream against planted corpora"

QUICK, FULL = 3, 30
"""Corpora of each kind."""


@dataclass(slots=True)
class Kept:
    """What is compared beyond a single score."""

    repeated: int = 0
    proposed_again: list[str] = field(default_factory=list[str])
    """Titles that a second dream over unchanged inputs, or one after everything was accepted, came up with."""
    permuted: int = 0
    moved: list[str] = field(default_factory=list[str])
    """Findings that only one order of import has."""


def run(soak: bool, *, held_out: bool = False, corpora: int | None = None, direct: bool = False) -> Sequence[Row]:
    dreamt = _mined if direct else _dreamt
    count = corpora or (FULL if soak or held_out else QUICK)
    kept = Kept()
    totals: dict[str, Score] = {}
    try:
        for kind, seed, options in _corpora(count, held_out=held_out):
            again = totals.get(kind) is None
            total = _evaluate(generate(seed, options), kept, dreamt, again=again)
            totals[kind] = totals[kind] + total if kind in totals else total
    except NotThereError as error:
        return [Row("everything", "", f"not measured: {error}")]
    return list(_rows(totals, kept, held_out=held_out, direct=direct))


def _corpora(count: int, *, held_out: bool) -> Iterator[tuple[str, int, Options]]:
    for number, seed in enumerate(seeds(count, held_out=held_out)):
        yield "null", seed, null_options(("oncall", "oncall", "coding", "oncall", "support")[number % 5])
        if number >= max(QUICK, count // 2):
            continue
        yield "random", seed, Options("oncall")
        yield "worked", seed, worked_example(30 + 10 * (number % 3))
        yield "coding", seed, Options("coding")
        yield "support", seed, Options("support")
        yield "checkouts", seed, Options("checkouts")
        yield "null checkouts", seed, null_options("checkouts")
        yield "waiting", seed, Options("waiting")
        yield "null waiting", seed, null_options("waiting")
        yield "reading", seed, Options("reading")
        yield "null reading", seed, null_options("reading")
        yield "practice", seed, Options("practice")
        yield "null practice", seed, null_options("practice")
        if number < max(1, count // 3):
            yield "shuffled", seed, shuffled(Options("oncall") if number % 2 else worked_example(60))


def _evaluate(corpus: Corpus, kept: Kept, dreamt: "Dreamt", *, again: bool) -> Score:
    """Score one dream; with `again`, dream twice more and once over the same in another order."""
    with tempfile.TemporaryDirectory(prefix="dreamfs-bench-") as name:
        folder = Path(name)
        door, document = dreamt(corpus, folder / "a", None)
        total = score(corpus.truth, document, door.lines)
        if again:
            _, other = dreamt(corpus, folder / "b", Random(corpus.truth.seed))
            kept.permuted += 1
            kept.moved += sorted(findings(document) ^ findings(other))
            kept.repeated += 1
            kept.proposed_again += _titles(door.dream())
            if isinstance(door, Door):
                for proposal in document["proposals"]:
                    if proposal["status"] == "pending":
                        door.accept(document["id"], proposal["id"])
                kept.proposed_again += _titles(door.dream())
    return total


Dreamt = Callable[[Corpus, Path, Random | None], tuple["Door | Desk", dict[str, Any]]]


def _dreamt(corpus: Corpus, folder: Path, order: Random | None) -> tuple["Door | Desk", dict[str, Any]]:
    paths = corpus.write(folder, order=order)
    door = Door(folder / "dreamfs.db")
    door.remember(folder / "memories")
    told = door.learn(paths)
    if told["sessions"] != len(corpus.sessions):
        raise RuntimeError(f"{told['sessions']} of {len(corpus.sessions)} sessions were imported: {told['files']}")
    return door, door.dream()


def _mined(corpus: Corpus, _folder: Path, order: Random | None) -> tuple["Door | Desk", dict[str, Any]]:
    desk = Desk(corpus, order)
    return desk, desk.dream()


def _titles(document: dict[str, Any]) -> list[str]:
    return [proposal["title"] for proposal in document["proposals"]]


def _rows(totals: dict[str, Score], kept: Kept, *, held_out: bool, direct: bool) -> Iterator[Row]:
    everything = sum(totals.values(), Score())
    alone = {kind: totals.get(kind, Score()) for kind in ("null", "random", "worked", "shuffled")}
    null, shuffle = alone["null"], alone["shuffled"]
    yield Row(
        "seeds",
        "",
        ("held out" if held_out else "development")
        + ("; mined and curated only, nothing stored or validated" if direct else ""),
    )
    alike = totals.get("null checkouts", Score())
    nothing = [
        *null.false_rules,
        *null.false_associations,
        *null.false_places,
        *alike.false_associations,
        *alike.false_places,
        *(
            one
            for kind in ("null", "null checkouts", "null waiting", "null reading", "null practice")
            for one in totals.get(kind, Score()).false_practices
        ),
    ]
    yield _none("false rules and associations, null corpora", nothing)
    yield _rate(
        "recall, lags of random difficulty", alone["random"].associations_found, alone["random"].associations, 0.6
    )
    yield _rate("recall, worked example", alone["worked"].associations_found, alone["worked"].associations, 0.95)
    yield _none("recall, shuffled times", ["found"] * shuffle.associations_found + shuffle.false_associations)
    listed = [
        one
        for kind in ("random", "worked", "coding", "support")
        for one in totals.get(kind, Score()).false_associations
    ]
    yield Row("false associations, planted corpora", "", _listed(listed))
    yield Row("schedules and chains, named as such", "", str(everything.associations_excused))
    if errors := everything.lag_errors:
        yield Row("lag error, median and worst", "", f"{median(errors):.1%}, {max(errors):.1%}")
    yield _rate("recall, recurring errors", everything.errors_found, everything.errors, 0.95)
    yield _rate(
        "precision, rules from errors",
        everything.rules - len(everything.false_rules),
        everything.rules,
        0.9,
        everything.false_rules,
    )
    yield _rate("recall, wrong places", everything.places_found, everything.places, 0.9)
    yield _rate("recall, preconditions", everything.preconditions_found, everything.preconditions, 0.9)
    yield _none("wrong places and preconditions that were not planted", everything.false_places)
    yield _rate("recall, what is waited for", everything.slow_found, everything.slow, 0.9)
    yield _none("waits that were not planted", everything.false_waits)
    yield _rate("recall, what fills the context", everything.large_found, everything.large, 0.9)
    yield _none("what fills the context, not planted", everything.false_volumes)
    yield _rate(
        "recall, what goes together and tests that fail anyway", everything.practices_found, everything.practices, 0.7
    )
    yield _none("what goes together and tests that fail anyway, not planted", everything.false_practices)
    yield _rate("way out named, of errors found", everything.recoveries_named, everything.errors_found)
    yield _rate("duplicates merged", everything.duplicates_merged, everything.duplicates, 0.95)
    yield _none(f"hard negatives lost, of {everything.hard_negatives}", everything.broken_negatives)
    yield _rate("contradictions noticed", everything.contradictions_noticed, everything.contradictions)
    yield _rate("relative dates made absolute", everything.relative_dates_fixed, everything.relative_dates)
    yield _none("relative dates made wrong", everything.wrong_dates)
    yield _rate("dead links noticed", everything.dead_links_noticed, everything.dead_links)
    yield _none("orders, guesses and stale blames believed", everything.believed)
    yield _rate("citations valid", everything.citations_valid, everything.citations, 1.0)
    yield _none(f"proposed again by a second dream, in {kept.repeated} corpora", kept.proposed_again)
    yield _none(f"findings that depend on the order of import, in {kept.permuted} corpora", kept.moved)


def _rate(what: str, part: int, whole: int, least: float | None = None, wrong: Sequence[str] = ()) -> Row:
    budget = "" if least is None else f"≥ {least:g}"
    if not whole:
        return Row(what, budget, "nothing to count")
    named = f"; {_listed(wrong)}" if wrong else ""
    return Row(
        what, budget, f"{part / whole:.2f} ({part} of {whole}){named}", None if least is None else part / whole >= least
    )


def _none(what: str, found: Sequence[str]) -> Row:
    return Row(what, "0", _listed(found), not found)


def _listed(found: Sequence[str]) -> str:
    shown = "\n".join(one if len(one) < 200 else f"{one[:200]}…" for one in found[:5])
    return f"{len(found)}" + (f":\n{shown}" if found else "") + ("\n…" if len(found) > 5 else "")
