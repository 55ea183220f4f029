"""What went before an error: circumstances under which calls of its kind fail so more often than otherwise.

For every recurring error the calls of its tools and programs are split by each circumstance (`circumstances.py`), and by whether
they failed with this error. The test is exact and conditional on the session: sessions differ in how often they fail and in what
they do, so only the calls of one conversation are compared with each other. Under the null a session with n calls, m of them failed and k
under the circumstance has a hypergeometric number of failures there; the sum over sessions is their convolution, and the
p-value its upper tail. Further attempts after a failure are left out, since they fail for the same reason.

The file, folder or host that a call was about is a circumstance too: one file in which edits fail, one page that is too long. So is
a flag that it lacks and other calls of the same command have: `--run` of a test runner that otherwise watches and never ends.

All pairs of an error and a circumstance that five sessions could bear out are tested, and Benjamini-Hochberg holds the share
of false ones among those told at `q_max`. What is told also has to be large: failures under it in `sessions_min` sessions, at
`ratio_min` times the rate of other calls. It is an association: no experiment was made.
"""

import re
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from dreamfs_server.dream.evidence.chance import at_least_within, q_values
from dreamfs_server.dream.evidence.errors.circumstances import GLOBBED, SHELL_ONLY, UNREAD, Called
from dreamfs_server.dream.evidence.errors.errors import Failure, Finding
from dreamfs_server.dream.evidence.guard import is_destructive, reads_as_order
from dreamfs_server.dream.evidence.places.roots import told_path
from dreamfs_server.dream.evidence.places.visits import Atlas
from dreamfs_server.dream.evidence.support import Place, spread, support, told
from dreamfs_tools.dreaming import Card, Claim, Evidence

sessions_min = 5
ratio_min = 3.0
rate_min = 0.05
"""Of the calls under a circumstance, that have to fail for it to be worth a word."""
q_max = 0.001
evidence_max = 6
ABOUT = "it was about "
"""How a circumstance begins that names the file, folder or host."""
_RESTATES = {
    UNREAD: ("read", "exist", "no such file"),
    SHELL_ONLY: ("exist", "no such file"),
    GLOBBED: ("no match", "pattern"),
}
"""A circumstance that an error with one of these words states itself, or that follows from it."""
_ABOUT_RESTATES = ("exist", "no such file", "not found: /", "directory", "not a file")
"""What is missing or is a folder is said where places are (`places.py`)."""
_NAME = re.compile(r"[\w@+~./:()\[\]-]{2,120}")


_NAMED_FLAG = re.compile(r"`--([a-z][a-z-]+)` was ")
_LACKED_FLAG = re.compile(r"`(--[a-z][a-z-]+)` was not given")
_FORCES = re.compile(r"--(?:force|no-verify|yes|hard|skip|insecure|no-|allow|ignore|dangerously|unsafe)")
_Counted = tuple[Called, Failure | None]
"""A call, and the failure that it was."""


@dataclass(frozen=True, slots=True)
class Contrast:
    """One circumstance of one error."""

    error: str
    condition: str
    failed_with: int
    calls_with: int
    failed_without: int
    calls_without: int
    p_value: float
    q_value: float
    failures: Sequence[Failure]
    """Those under it."""

    @property
    def text(self) -> str:
        """It in words."""
        return (
            f"Of calls where {self.condition}, {self.failed_with} of {self.calls_with} failed so; of others of their kind "
            f"{self.failed_without} of {self.calls_without}"
        )


def contrasts(
    findings: Sequence[Finding], called: Sequence[Called], atlas: Atlas, repeats_order: Callable[[str], bool]
) -> dict[str, Contrast]:
    """For each error that has one, the circumstance that most of its failures share.

    Args:
        findings: recurring errors.
        called: the calls of all sessions, in any order.
        atlas: what all of them know of paths.
        repeats_order: whether words are those of an order that stands in a transcript.
    """
    by_kind: dict[tuple[str, str], list[Called]] = defaultdict(list)
    for one in _about(called, atlas, repeats_order):
        by_kind[one.kind].append(one)
    tested: list[Contrast] = []
    for finding in findings:
        if len({failure.place.root for failure in finding.failures}) >= sessions_min:
            tested += _tests(finding, by_kind)
    result: dict[str, Contrast] = {}
    # The last of an error wins: the one that most failures share, of those the surest.
    for contrast in sorted(_with_q_values(tested), key=_telling_most):
        if _is_telling(contrast):
            result[contrast.error] = contrast
    return result


def _telling_most(one: Contrast) -> tuple[int, float, bool, str]:
    # What was done is worth more than where it was done, if both hold of the same calls.
    return one.failed_with, -one.p_value, not one.condition.startswith(ABOUT), one.condition


def _about(called: Sequence[Called], atlas: Atlas, repeats_order: Callable[[str], bool]) -> list[Called]:
    """Calls with what they were about as a circumstance, where enough sessions made some about it."""
    names = [_name(one, atlas) for one in called]
    roots: dict[str, set[str]] = defaultdict(set)
    for one, name in zip(called, names, strict=True):
        roots[name].add(one.place.root)
    told_names = {
        name
        for name, found in roots.items()
        if len(found) >= sessions_min
        and _NAME.fullmatch(name)
        and not repeats_order(name)
        and not reads_as_order(re.sub(r"[/_.:-]+", " ", name))
    }
    return [
        replace(one, where=one.where | {f"{ABOUT}`{name}`"}) if name in told_names else one
        for one, name in zip(called, names, strict=True)
    ]


def _name(one: Called, atlas: Atlas) -> str:
    path = one.file.replace("\\", "/").rstrip("/")
    return told_path(path, atlas.root_of.get(one.place.session_id, "")) if path else one.host


def _restates(condition: str, signature: str) -> bool:
    line = signature.lower()
    if (flag := _NAMED_FLAG.match(condition)) and re.search(rf"\b{re.escape(flag[1])}\b", line):
        return True  # `no bin target named x`, where `--bin` was given
    words = _ABOUT_RESTATES if condition.startswith(ABOUT) else _RESTATES.get(condition, ())
    return any(word in line for word in words) or condition.removeprefix(ABOUT).strip("`").lower() in line


def _tests(finding: Finding, by_kind: Mapping[tuple[str, str], Sequence[Called]]) -> list[Contrast]:
    failed = _Failed(finding.failures)
    counted = [
        (one, failure)
        for kind in sorted({(f.tool, f.program) for f in finding.failures})
        for one in by_kind.get(kind, ())
        # A further attempt fails for the same reason.
        if (failure := failed.at(one)) is None or failure.cost_calls
    ]
    result = _of(finding, counted, lambda one: one.where)
    of_name: dict[str, list[_Counted]] = defaultdict(list)
    for one, failure in counted:
        of_name[one.name].append((one, failure))
    for name, members in sorted(of_name.items()):
        if name and any(failure is not None for _, failure in members):
            result += _of(finding, members, _lacking(name, members))
    return result


def _lacking(name: str, members: Sequence[_Counted]) -> Callable[[Called], Iterable[str]]:
    """Which flags a call of a command was not given that enough sessions give it; what forces something is no flag to miss."""
    given: dict[str, set[str]] = defaultdict(set)
    for one, _ in members:
        for flag in one.flags:
            given[flag].add(one.place.root)
    usual = {
        flag: f"`{flag}` was not given to `{name}`"
        for flag, roots in sorted(given.items())
        if len(roots) >= sessions_min and not _FORCES.match(flag) and not is_destructive(f"{name} {flag}")
    }
    return lambda one: [told for flag, told in usual.items() if flag not in one.flags]


def _of(finding: Finding, counted: Sequence[_Counted], conditions: Callable[[Called], Iterable[str]]) -> list[Contrast]:
    """The contrasts of an error among some calls, by the conditions that hold of each."""
    sessions: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    under: dict[str, list[_Counted]] = defaultdict(list)
    total = 0
    for one, failure in counted:
        total += failure is not None
        sessions[one.place.root][0] += 1
        sessions[one.place.root][1] += failure is not None
        for condition in conditions(one):
            under[condition].append((one, failure))
    result: list[Contrast] = []
    for condition, chosen in sorted(under.items()):
        if _restates(condition, finding.signature):
            continue
        if len({one.place.root for one, _ in chosen}) < sessions_min:
            continue
        failures = [failure for _, failure in chosen if failure is not None]
        result.append(
            Contrast(
                error=finding.signature,
                condition=condition,
                failed_with=len(failures),
                calls_with=len(chosen),
                failed_without=total - len(failures),
                calls_without=len(counted) - len(chosen),
                p_value=_p_value(chosen, sessions),
                q_value=1.0,
                failures=failures,
            )
        )
    return result


class _Failed:
    """Which calls failed with one error, by the lines of their answers."""

    def __init__(self, failures: Sequence[Failure]) -> None:
        self._of: dict[str, list[tuple[int, Failure]]] = defaultdict(list)
        for failure in failures:
            self._of[failure.quote.source].append((failure.quote.lines[0], failure))
        for found in self._of.values():
            found.sort(key=lambda pair: pair[0])

    def at(self, one: Called) -> Failure | None:
        source, first, last = one.answer
        found = self._of.get(source, [])
        at = bisect_right(found, first - 1, key=lambda pair: pair[0])
        return found[at][1] if at < len(found) and found[at][0] <= last else None


def _p_value(under: Sequence[_Counted], sessions: Mapping[str, Sequence[int]]) -> float:
    """The chance of at least so many failures under a circumstance, had it nothing to do with them within a session.

    Args:
        under: calls under it, each with its failure.
        sessions: session → its calls, and those of them that failed.
    """
    counts: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    for one, failure in under:
        counts[one.place.root][0] += 1
        counts[one.place.root][1] += failure is not None
    return at_least_within(
        (sessions[root][0], sessions[root][1], k, both) for root, (k, both) in sorted(counts.items())
    )


def _with_q_values(tested: Sequence[Contrast]) -> list[Contrast]:
    """Benjamini and Hochberg's adjusted p-values, over all that was tested."""
    ordered = sorted(tested, key=lambda one: (one.p_value, one.error, one.condition))
    adjusted = q_values([one.p_value for one in ordered], len(ordered))
    return [replace(one, q_value=q) for one, q in zip(ordered, adjusted, strict=True)]


def _is_telling(one: Contrast) -> bool:
    rate = one.failed_with / one.calls_with
    other = one.failed_without / one.calls_without if one.calls_without else 1.0
    return (
        one.q_value <= q_max
        and len({failure.place.root for failure in one.failures}) >= sessions_min
        and rate >= rate_min
        and rate >= ratio_min * other
    )


def enriched(cards: Sequence[Card], found: Mapping[str, Contrast]) -> list[Card]:
    """Cards of errors with what went before, as a claim of its own; legitimate steps are left as they are."""
    return [
        _with_claim(card, one)
        if (one := found.get(card.data["signature"])) is not None and not card.data["expected"] and _is_news(one, card)
        else card
        for card in cards
    ]


def _is_news(one: Contrast, card: Card) -> bool:
    """Whether the way out does not say it already: to give the flag that was not given."""
    flag = _LACKED_FLAG.match(one.condition)
    recovery: str = card.claims[0].statistics["recovery"]
    return flag is None or flag[1] not in re.split(r"[\s=`,]+", recovery)


def _with_claim(card: Card, one: Contrast) -> Card:
    places = {failure.place for failure in one.failures}
    rests = support(places)
    text = f"`{one.error}`: {one.text} ({told(rests)}; an association, q = {one.q_value:.2g})."
    first: dict[Place, Evidence] = {}
    for failure in sorted(one.failures, key=lambda failure: (failure.place, failure.quote.lines)):
        first.setdefault(failure.place, failure.quote)
    statistics: dict[str, Any] = {
        "error": one.error,
        "condition": one.condition,
        "failed_with": one.failed_with,
        "calls_with": one.calls_with,
        "failed_without": one.failed_without,
        "calls_without": one.calls_without,
        "sessions": rests.sessions,
        "days": rests.days,
        "tasks": rests.tasks,
        "q_value": one.q_value,
    }
    claim = Claim(
        text=text,
        kind="observed",
        evidence=[first[place] for place in spread(first, evidence_max)],
        support=rests,
        statistics=statistics,
    )
    return replace(
        card,
        claims=[*card.claims, claim],
        body=f"{card.body}\n{text}",
        data={**card.data, "before": statistics},
    )
