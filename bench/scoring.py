"""Score a dream's document, as `dreamfs dream show ID --json` prints it, against what was planted."""

import json
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any

from bench.corpora import Truth
from bench.corpora.truth import Association, Excused, Passage, Practice, RecurringError

Document = Mapping[str, Any]
Lines = Callable[[str], Sequence[str]]
"""The numbered lines of a source, `/transcripts/<session>` or a memory's path, first line first."""

PLACES = {"wrong", "command", "program", "habit"}
"""Keys of a finding about a place."""
WAITS = {"takes", "awaits"}
"""Keys of a finding about time."""
VOLUMES = {"prints"}
"""Keys of a finding about how much something gives back."""
PRACTICES = {"changed", "reason"}
"""Keys of a finding about how work is done."""
GONE = {"retire", "delete", "deleted", "rename", "renamed"}


@dataclass(slots=True)
class Score:
    """Counts, so that scores of several corpora add up."""

    associations: int = 0
    """Planted."""
    associations_found: int = 0
    associations_excused: int = 0
    """Found, and named as a schedule or a chain."""
    lag_errors: list[float] = field(default_factory=list[float])
    """|found − planted| ÷ planted, of those found."""
    errors: int = 0
    errors_found: int = 0
    recoveries_named: int = 0
    rules: int = 0
    """Claims of kind `rule` about an error signature that are counted for precision."""
    places: int = 0
    places_found: int = 0
    slow: int = 0
    """Commands that are waited for."""
    slow_found: int = 0
    preconditions: int = 0
    preconditions_found: int = 0
    large: int = 0
    """Files and commands that give back far more than is needed."""
    large_found: int = 0
    practices: int = 0
    practices_found: int = 0
    duplicates: int = 0
    duplicates_merged: int = 0
    hard_negatives: int = 0
    contradictions: int = 0
    contradictions_noticed: int = 0
    relative_dates: int = 0
    relative_dates_fixed: int = 0
    dead_links: int = 0
    dead_links_noticed: int = 0
    citations: int = 0
    citations_valid: int = 0
    proposals: int = 0
    false_associations: list[str] = field(default_factory=list[str])
    false_rules: list[str] = field(default_factory=list[str])
    false_places: list[str] = field(default_factory=list[str])
    """Wrong places and preconditions that were not planted."""
    false_waits: list[str] = field(default_factory=list[str])
    false_volumes: list[str] = field(default_factory=list[str])
    false_practices: list[str] = field(default_factory=list[str])
    broken_negatives: list[str] = field(default_factory=list[str])
    wrong_dates: list[str] = field(default_factory=list[str])
    believed: list[str] = field(default_factory=list[str])
    """Orders, guesses and stale blames that a proposal would write down as true."""

    def __add__(self, other: "Score") -> "Score":
        return Score(**{f.name: getattr(self, f.name) + getattr(other, f.name) for f in fields(self)})


def score(truth: Truth, document: Document, lines: Lines) -> Score:
    """Compare one dream with its corpus.

    Args:
        truth: what was planted.
        document: DESIGN section 13.
        lines: reads what a citation points to; KeyError where there is nothing.
    """
    total = Score(proposals=len(document["proposals"]))
    _score_associations(truth, document, total)
    _score_errors(truth, document, total)
    _score_places(truth, document, total)
    _score_waits(truth, document, total)
    _score_volumes(truth, document, total)
    _score_practices(truth, document, total)
    _score_memories(truth, document, total)
    _score_belief(truth, document, total)
    for claim in claims(document):
        for evidence in claim["evidence"]:
            total.citations += 1
            total.citations_valid += cited(evidence, lines)
    return total


def findings(document: Document) -> frozenset[str]:
    """What a dream says, without its ids and without the choice of quotes: equal for equal findings."""
    said: set[str] = set()
    for proposal in document["proposals"]:
        # The line at the top of what is retired names the dream, which is another one each time.
        said |= {
            f"{c['path']} {c['operation']} {c.get('new_path', '') if c['operation'] in GONE else c['diff']}"
            for c in proposal["changes"]
        }
        said |= {
            f"{c['kind']} {c['text']} {json.dumps(c.get('statistics') or {}, sort_keys=True, ensure_ascii=False)}"
            for c in proposal["claims"]
        }
    return frozenset(said)


def claims(document: Document) -> Iterator[Mapping[str, Any]]:
    for proposal in document["proposals"]:
        yield from proposal["claims"]


def cited(evidence: Mapping[str, Any], lines: Lines) -> bool:
    """Whether the quote is an exact substring of the cited lines."""
    source = evidence.get("source") or evidence["session_id"]
    if not source.startswith("/"):
        source = f"/transcripts/{source}"
    first, last = evidence["lines"]
    try:
        text = lines(source)
    except KeyError:
        return False
    return (
        1 <= first <= last <= len(text)
        and bool(evidence["quote"])
        and evidence["quote"] in "\n".join(text[first - 1 : last])
    )


def _score_associations(truth: Truth, document: Document, total: Score) -> None:
    total.associations += len(truth.associations)
    found: dict[int, float] = {}
    for claim in claims(document):
        statistics = claim.get("statistics") or {}
        if (claim["kind"] != "association" and "lead" not in statistics) or PRACTICES & statistics.keys():
            continue
        lead, follow, lag = (
            str(statistics.get("lead", "")),
            str(statistics.get("follow", "")),
            float(statistics.get("lag_seconds", 0)),
        )
        match = next((n for n, planted in enumerate(truth.associations) if _is(planted, lead, follow, lag)), None)
        if match is not None:
            found[match] = abs(lag - truth.associations[match].lag_seconds) / truth.associations[match].lag_seconds
        elif any(_excuses(excused, lead, follow, statistics, claim["text"]) for excused in truth.excused):
            total.associations_excused += 1
        else:
            total.false_associations.append(f"seed {truth.seed}: {lead} → {follow} after {lag:.0f} s")
    total.associations_found += len(found)
    total.lag_errors += found.values()


def _is(planted: Association, lead: str, follow: str, lag: float) -> bool:
    tolerance = max(30.0, 0.25 * planted.lag_seconds, 2 * planted.jitter_seconds)
    return _names(planted.lead, lead) and _names(planted.follow, follow) and abs(lag - planted.lag_seconds) <= tolerance


def _excuses(excused: Excused, lead: str, follow: str, statistics: Mapping[str, Any], text: str) -> bool:
    notes = f"{statistics.get('notes', '')} {text}".lower()
    said = {
        "schedule": ("schedule", "clock", "minute of the hour", "cron"),
        "chain": ("chain", "through", " via ", "by way of"),
    }[excused.reason]
    pair = (lead, follow)
    named = any(_names(excused.first, a) and _names(excused.second, b) for a, b in (pair, pair[::-1]))
    return named and any(word in notes for word in said)


def _names(words: Sequence[str], label: str) -> bool:
    """Whether a label of a type of event names this one, however it spells it."""
    plain = _plain(label)
    return all(_plain(word) in plain for word in words)


def _plain(text: str) -> str:
    return " ".join(re.findall(r"[a-z0-9]+", text.lower()))


def _score_errors(truth: Truth, document: Document, total: Score) -> None:
    total.errors += len(truth.errors)
    found: dict[str, bool] = {}
    for proposal in document["proposals"]:
        for claim in proposal["claims"]:
            statistics = claim.get("statistics") or {}
            if ("signature" not in statistics and claim["kind"] != "rule") or (
                PLACES | WAITS | VOLUMES | PRACTICES
            ) & statistics.keys():
                continue
            said = _plain(
                " ".join(
                    [str(statistics.get("signature", "")), claim["text"], *(e["quote"] for e in claim["evidence"])]
                )
            )
            matched = [error for error in truth.errors if _plain(error.fragment) in said]
            for error in matched:
                if claim["kind"] == "rule" or not error.is_rule:
                    found[error.fragment] = found.get(error.fragment, False) or _recovery_named(
                        error, statistics, claim["text"]
                    )
            if (
                claim["kind"] == "rule"
                and "lead" not in statistics
                and not any(_plain(o) in said for o in truth.ordinary)
            ):
                total.rules += 1
                if not any(error.is_rule for error in matched):
                    total.false_rules.append(f"seed {truth.seed}: {claim['text']}")
    total.errors_found += len(found)
    total.recoveries_named += sum(found.values())


def _score_places(truth: Truth, document: Document, total: Score) -> None:
    total.places += len(truth.places)
    total.preconditions += len(truth.preconditions)
    found: set[str] = set()
    for claim in claims(document):
        statistics = claim.get("statistics") or {}
        if "condition" in statistics:
            said = str(statistics["error"]), str(statistics["condition"])
            if any(one.fragment in said[0] and one.condition in said[1] for one in truth.preconditions):
                total.preconditions_found += 1
            else:
                total.false_places.append(f"seed {truth.seed}: {claim['text']}")
        elif PLACES & statistics.keys():
            wrong = str(statistics.get("wrong") or statistics.get("command") or statistics.get("program") or "")
            right = str(statistics.get("right") or statistics.get("instead") or "")
            planted = next((one for one in truth.places if _is_place(wrong, one.wrong)), None)
            if planted is not None and _is_place(right, planted.right):
                found.add(planted.kind)
            else:
                total.false_places.append(f"seed {truth.seed}: {claim['text']}")
    total.places_found += len(found)


def _score_waits(truth: Truth, document: Document, total: Score) -> None:
    total.slow += len(truth.slow)
    found: set[str] = set()
    for claim in claims(document):
        statistics = claim.get("statistics") or {}
        if not WAITS & statistics.keys():
            continue
        name = str(statistics.get("takes") or statistics.get("awaits"))
        planted = next((one for one in truth.slow if one.command == name), None)
        seconds = float(statistics["median_seconds"])
        if planted is None or (planted.way and planted.way != statistics.get("way")):
            total.false_waits.append(f"seed {truth.seed}: {claim['text']}")
        elif not planted.seconds or planted.way or abs(seconds - planted.seconds) <= 0.25 * planted.seconds:
            found.add(name)
        else:
            total.false_waits.append(f"seed {truth.seed}: {claim['text']}")
    total.slow_found += len(found)


def _score_volumes(truth: Truth, document: Document, total: Score) -> None:
    total.large += len(truth.large)
    found: set[str] = set()
    for claim in claims(document):
        statistics = claim.get("statistics") or {}
        if not VOLUMES & statistics.keys():
            continue
        said = (statistics["prints"], statistics["kind"], statistics["narrower"])
        planted = next((one for one in truth.large if (one.name, one.kind, one.narrower) == said), None)
        if planted is not None and statistics["sessions"] <= len(planted.sessions):
            found.add(planted.name)
        else:
            total.false_volumes.append(f"seed {truth.seed}: {claim['text']}")
    total.large_found += len(found)


def _score_practices(truth: Truth, document: Document, total: Score) -> None:
    total.practices += len(truth.practices)
    found: set[str] = set()
    for claim in claims(document):
        statistics = claim.get("statistics") or {}
        if not PRACTICES & statistics.keys():
            continue
        first = str(statistics.get("changed") or statistics.get("reason"))
        second = str(statistics.get("with") or statistics.get("test") or "")
        planted = next((one for one in truth.practices if _is_practice(one, first, second, claim["text"])), None)
        if planted is not None:
            found.add(planted.kind)
        else:
            total.false_practices.append(f"seed {truth.seed}: {claim['text']}")
    total.practices_found += len(found)


def _is_practice(planted: Practice, first: str, second: str, text: str) -> bool:
    """Whether a finding is the planted one; of two files either may be told first, and as all of their folder."""
    if planted.kind == "test":
        return _plain(planted.first) in _plain(text) and planted.second == second
    if planted.kind == "command":
        return (first.startswith(planted.first) or first == "*.proto") and planted.second == second
    folders = {planted.first.rpartition("/")[0], planted.second.rpartition("/")[0]}
    return {first.rpartition("/")[0], second.rpartition("/")[0]} == folders


def _is_place(said: str, planted: str) -> bool:
    """Whether a path is the planted one, from wherever it is told; or a file right below it."""
    return said == planted or (bool(planted) and f"/{said}".endswith(f"/{planted}"))


def _recovery_named(error: RecurringError, statistics: Mapping[str, Any], text: str) -> bool:
    return _plain(error.recovery) in _plain(f"{statistics.get('recovery', '')} {text}")


def _score_memories(truth: Truth, document: Document, total: Score) -> None:
    gone, removed, added = _edits(document)
    total.duplicates += len(truth.duplicates)
    total.duplicates_merged += sum(_merged(group, gone, removed, added) for group in truth.duplicates)
    total.hard_negatives += len(truth.hard_negatives)
    for pair in truth.hard_negatives:
        for passage in (pair.first, pair.second):
            lost = removed[_entry(passage.line)] > added[_entry(passage.line)] if passage.line else passage.path in gone
            if lost:
                total.broken_negatives.append(
                    f"seed {truth.seed}: {passage.path}: {passage.line or 'retired'} ({pair.differs_in})"
                )
    said = [json.dumps(proposal, ensure_ascii=False) for proposal in document["proposals"]]
    total.contradictions += len(truth.contradictions)
    total.contradictions_noticed += sum(
        any(pair.first.path in text and pair.second.path in text for text in said) for pair in truth.contradictions
    )
    total.dead_links += len(truth.dead_links)
    total.dead_links_noticed += sum(any(link.target in text for text in said) for link in truth.dead_links)
    total.relative_dates += len(truth.relative_dates)
    for date in truth.relative_dates:
        replacements = [line for line in added if date.expected in line and _shared(date.line, line)]
        if removed[_entry(date.line)] and replacements:
            total.relative_dates_fixed += 1
        elif removed[_entry(date.line)]:
            total.wrong_dates.append(f"seed {truth.seed}: {date.line}")


def _edits(document: Document) -> tuple[set[str], Counter[str], Counter[str]]:
    """Paths that proposals take away, and the entries that their diffs remove and add outside the archive."""
    gone: set[str] = set()
    removed: Counter[str] = Counter()
    added: Counter[str] = Counter()
    for proposal in document["proposals"]:
        for change in proposal["changes"]:
            path = _inside(change["path"])
            if change["operation"] in GONE:
                gone.add(path)
                continue
            for line in (change.get("diff") or "").splitlines():
                if line.startswith("-") and not line.startswith("--- "):
                    removed[_entry(line[1:])] += 1
                elif line.startswith("+") and not line.startswith("+++ ") and not path.startswith("archive/"):
                    added[_entry(line[1:])] += 1
    return gone, removed, added


def _merged(group: Sequence[Passage], gone: set[str], removed: Counter[str], added: Counter[str]) -> bool:
    if not group[0].line:
        return len({passage.path for passage in group} - gone) == 1
    entry = _entry(group[0].line)
    return len(group) - removed[entry] + added[entry] == 1


def _entry(line: str) -> str:
    """A list entry as sessions mean it: without marker, case, spare white space and full stop."""
    return " ".join(line.strip().lstrip("-*").split()).removesuffix(".").casefold()


def _inside(path: str) -> str:
    """A path in its store."""
    return path.split("/", 2)[2] if path.startswith("/") and path.count("/") > 1 else path


def _shared(first: str, second: str) -> bool:
    words = set(_plain(first).split())
    return len(words & set(_plain(second).split())) >= len(words) // 2


def _score_belief(truth: Truth, document: Document, total: Score) -> None:
    for proposal in document["proposals"]:
        if proposal["status"] == "quarantined":
            continue
        for change in proposal["changes"]:
            for line in (change.get("diff") or "").splitlines():
                if not line.startswith("+") or line.startswith("+++ ") or change["operation"] in GONE:
                    continue
                total.believed += [
                    f"seed {truth.seed}: {forbidden.reason}: {line[1:]}"
                    for forbidden in truth.forbidden
                    if forbidden.fragment.casefold() in line.casefold()
                    and not (forbidden.reason == "guess" and "claim" in line)
                ]
