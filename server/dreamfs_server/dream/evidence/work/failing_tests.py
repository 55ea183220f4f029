"""Tests that fail for one and the same reason in sessions that worked on different things.

A test that fails is work: the change broke it. But one reason that comes back over weeks, whatever was changed, belongs to the
machine, to the set-up or to chance, and each session finds that out anew. Test runners are mostly read through a pipe, so that such
a call counts as having worked: therefore it is the output that is read, not the exit status.

A reason is the first line after a failed test that says something, with numbers and identifiers masked. It has to fail tests in
`sessions_min` sessions on `days_min` days that are `span_days_min` apart, and no file may have been changed before the failure in
more than `shared_max` of them, unless about as many of all sessions change it.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from posixpath import basename
from typing import Any

from dreamfs_server.dream.evidence.places.whereabouts import joined
from dreamfs_server.dream.evidence.steps import SHOWS_FILES, Step
from dreamfs_server.dream.evidence.support import Place, is_rule, spread, support, told
from dreamfs_server.dream.evidence.work.together import Changed
from dreamfs_server.dream.material import UNDATED, Gathered, cite
from dreamfs_tools.dreaming import Card, Claim, Evidence

sessions_min = 3
days_min = 3
span_days_min = 7
shared_max = 0.5
lift_min = 2.0
tests_shown_max = 3
evidence_max = 6
cards_max = 8
_READ_CHARACTERS = 60_000
_FAILURES_OF_CALL_MAX = 40

_FAILED = re.compile(
    r"^[ \t]*--- FAIL: (?P<go>[\w/.-]+) \(|^FAILED (?P<py>[\w./-]+::[\w\[\]:.-]+)(?: - (?P<why>[^\n]+))?"
    r"|^test (?P<rs>[\w:]+) \.\.\. FAILED",
    re.MULTILINE,
)
_GO_REASON = re.compile(r"^[ \t]+[\w./-]+\.go:\d+: (?P<why>[^\n]{8,})$", re.MULTILINE)
_SAYS_WHAT_DIFFERS = re.compile(
    r"(?i)\b(?:expected|want(?:ed)?|got|assert\w*|should|unexpected|mismatch|not equal|actual)\b|[=!]="
)
"""A comparison of what came with what was to come: the test did its work."""
_VARIES = re.compile(r"0x[0-9a-f]+|\b[0-9a-f]{7,40}\b|/[\w./-]*|\"[^\"\n]*\"|'[^'\n]*'|\d+")
_CHANGES = frozenset(("edit", "write", "multiedit", "notebookedit", "create", "str_replace", "insert"))
_RUNS_TESTS = re.compile(r"\b(?:tests?|pytest|check|ci|nextest|tox|nox)\b")
why_characters_max = 160


@dataclass(frozen=True, slots=True)
class FailedTest:
    """One test that failed in one call."""

    place: Place
    test: str
    reason: str
    """Masked."""
    why: str
    """As the runner said it."""
    quote: Evidence
    changed: frozenset[str]
    """The names of files that the session had changed before."""
    hidden: bool
    """The call counts as having worked."""


def failed_tests(gathered: Gathered, place: Place, all_steps: Sequence[Step]) -> list[FailedTest]:
    """The failed tests of one session that say why, each reason and test once."""
    session_id = gathered.session.session_id
    done: set[str] = set()
    seen: set[tuple[str, str]] = set()
    found: list[FailedTest] = []
    for step in all_steps:
        if step.tool.lower() in _CHANGES and step.file and not step.failed:
            done.add(joined("", step.file) or step.file)
        if not step.command or step.result is None or step.refused or step.program in SHOWS_FILES:
            continue
        if not _RUNS_TESTS.search(step.command):
            continue
        text = step.result.text[:_READ_CHARACTERS]
        for number, failure in enumerate(_FAILED.finditer(text)):
            if number == _FAILURES_OF_CALL_MAX:
                break
            test = failure["go"] or failure["py"] or failure["rs"] or ""
            span = _reason(text, failure)
            if span is None:
                continue
            why = text[slice(*span)].strip()
            reason = _VARIES.sub("<*>", why)
            if (test, reason) in seen or _SAYS_WHAT_DIFFERS.search(why):
                continue
            seen.add((test, reason))
            quote = cite(session_id, step.result, *span)
            if quote.quote:
                found.append(
                    FailedTest(place, test, reason, why, quote, frozenset(map(basename, done)), not step.failed)
                )
    return found


def _reason(text: str, failure: re.Match[str]) -> tuple[int, int] | None:
    if failure["py"]:
        return failure.span("why") if failure["why"] else None
    if failure["go"]:
        # What a test says stands below its line, or above it with `-v`.
        next_one = _FAILED.search(text, failure.end())
        below = _GO_REASON.search(text, failure.end(), next_one.start() if next_one else len(text))
        return below.span("why") if below and below.start() <= failure.end() + 400 else None
    name = re.escape(failure["rs"])
    said = re.search(rf"^thread '{name}'[^\n]*panicked at [^\n]*\n(?P<why>[^\n]{{8,}})", text, re.MULTILINE)
    return said.span("why") if said else None


def failing_test_cards(found: Iterable[FailedTest], changes: Iterable[Changed]) -> list[Card]:
    """One card a reason, in the most sessions first; at most `cards_max`.

    Args:
        found: of all sessions, in any order.
        changes: what all sessions changed.
    """
    everywhere = _shares(changes)
    of_reason: dict[str, list[FailedTest]] = defaultdict(list)
    for one in sorted(found, key=lambda one: (one.place, one.quote.lines, one.test)):
        of_reason[one.reason].append(one)
    cards = [
        card
        for reason, members in sorted(of_reason.items())
        if (card := _card(reason, members, everywhere)) is not None
    ]
    return sorted(cards, key=lambda card: (-card.weight, card.title))[:cards_max]


def _card(reason: str, members: Sequence[FailedTest], everywhere: Mapping[str, float]) -> Card | None:
    places = {one.place for one in members}
    if not is_rule(places) or not _comes_back(places) or _is_about_a_change(members, everywhere):
        return None
    rests = support(places)
    tests = Counter(
        {test: len({one.place.root for one in members if one.test == test}) for test in {m.test for m in members}}
    )
    ordered = sorted(tests, key=lambda test: (-tests[test], test))
    # The same test in the same words once only is no recurrence: one of the tests has to come back as well.
    if tests[ordered[0]] < 2:
        return None
    shown = Counter(one.why for one in members)
    why = min(shown, key=lambda text: (-shown[text], text))[:why_characters_max]
    hidden = {one.place.root for one in members if one.hidden}
    days = sorted({place.day for place in places} - {UNDATED})
    statistics: dict[str, Any] = {
        "reason": reason,
        "tests": len(tests),
        "test": ordered[0],
        "hidden": len(hidden),
        "sessions": rests.sessions,
        "days": rests.days,
        "tasks": rests.tasks,
    }
    text = (
        f"`{why}` failed {len(tests)} test{'s' * (len(tests) != 1)} in {told(rests)} that changed different files, "
        f"most often `{ordered[0]}` ({tests[ordered[0]]} sessions)."
    )
    first: dict[Place, Evidence] = {}
    for one in members:
        first.setdefault(one.place, one.quote)
    claim = Claim(text, "rule", [first[place] for place in spread(first, evidence_max)], rests, statistics)
    return Card(
        number=0,
        miner="practice",
        title=f"Fails whatever is changed: {ordered[0]}",
        body=text,
        claims=[claim],
        weight=2.0 * rests.sessions,
        data={**statistics, "kind": "test", "why": why, "named": ordered[:tests_shown_max], "days_seen": days},
    )


def _comes_back(places: Iterable[Place]) -> bool:
    days = sorted(date.fromisoformat(day) for day in {place.day for place in places} - {UNDATED})
    return len(days) >= days_min and (days[-1] - days[0]).days >= span_days_min


def _is_about_a_change(members: Sequence[FailedTest], everywhere: Mapping[str, float]) -> bool:
    """Whether most sessions had changed one and the same file before, and other sessions far less often."""
    changed: dict[str, set[str]] = defaultdict(set)
    for one in members:
        changed[one.place.root] |= one.changed
    often = Counter(name for names in changed.values() for name in names)
    return any(
        count > 1 and (share := count / len(changed)) > shared_max and share >= lift_min * everywhere.get(name, 0.0)
        for name, count in often.items()
    )


def _shares(changes: Iterable[Changed]) -> dict[str, float]:
    """In which share of the sessions with changes a file of each name was changed."""
    names: dict[str, set[str]] = defaultdict(set)
    for one in changes:
        if one.files:
            names[one.place.root] |= {basename(path) for path in one.files}
    return {name: count / len(names) for name, count in Counter(n for found in names.values() for n in found).items()}
