"""Recurring tool errors: what fails again and again.

Every failed call gives one signature line (`signature.py`); masked lines are grouped into templates (`templates.py`). Words
that a mask hid but that never vary are put back, and a value that recurs often enough on its own (one wrong directory,
one missing module) becomes a finding of its own. What is left over, too rare in any one wording, is gathered into families
(`families.py`), so that few findings name most errors. Errors are counted over distinct sessions, days and tasks; the weight is
the number of calls that the error cost, per task where tasks are known, because four runs of one task are one experiment.

A recurring error can be a legitimate step (a failing test while fixing a bug, `grep` that finds nothing). Such findings say
so and are not made into rules.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

from dreamfs_server.dream.evidence.errors.client_phrases import NOT_PERMITTED
from dreamfs_server.dream.evidence.errors.families import family
from dreamfs_server.dream.evidence.errors.legitimate import is_legitimate
from dreamfs_server.dream.evidence.errors.recovery import Trial, episode
from dreamfs_server.dream.evidence.errors.signature import (
    LINT_RULE,
    Signature,
    exit_code,
    is_masked,
    mask,
    rule_of,
    signature,
)
from dreamfs_server.dream.evidence.errors.silencing import silenced_by
from dreamfs_server.dream.evidence.errors.templates import WILDCARD, fits, templates
from dreamfs_server.dream.evidence.orders import blanked
from dreamfs_server.dream.evidence.steps import SHOWS_FILES, Step, first_line_span
from dreamfs_server.dream.evidence.support import Place, rule_sessions_min, rule_tasks_min, support
from dreamfs_server.dream.material import Gathered, cite
from dreamfs_tools.dreaming import Evidence

split_sessions_min = 3
same_number_sessions_min = 5
"""Sessions in which a number below 100 must be the same to be part of the error: a line that is 1 twice is chance."""
_NOT_FOUND = re.compile(
    r"command not found: ([\w.+-]+)$|: ([\w.+-]+): command not found$|^(?:/[\w/]+/)?(?:ba|da|a|z|k)?sh: (?:\d+: )?([\w.+-]+): not found$"
    r"|^'([\w.+-]+)' is not recognized as an internal"
)
SILENCE = "silence it with"
ONE_ERROR = frozenset((NOT_PERMITTED, "Cygwin or MSYS could not start a process"))
"""Families that are one error, whatever the words."""
IN_ANY_WORDS = ", in any words"
"""What follows a family's name in a finding's signature."""


@dataclass(frozen=True, slots=True)
class Failure:
    """One failed call."""

    place: Place
    tool: str
    program: str
    words: tuple[str, ...]
    masked: tuple[str, ...]
    quote: Evidence
    trials: Sequence[tuple[Trial, Evidence | None]]
    cost_calls: int
    """0 for a failure that is a further attempt after one already counted."""
    recovered: bool
    expected: bool
    """Perhaps a legitimate step."""
    key: tuple[str, str]
    """The same event copied into another session (a resumed or forked conversation) has the same key; "" when undated."""
    family: str = ""
    """What it is about, in any words (`families.py`); "" for an error of no known family."""


def failures(gathered: Gathered, place: Place, all_steps: Sequence[Step]) -> list[Failure]:
    """The failed calls of one session."""
    result: list[Failure] = []
    counted: dict[int, tuple[str, ...]] = {}
    for step in all_steps:
        if not step.failed or step.result is None:
            continue
        text = blanked(step.result.text)
        found = signature(text, shows_files=step.program in SHOWS_FILES, of_shell=bool(step.command))
        if found is None or (found.bare and text != step.result.text):
            continue  # what is left of an order to agents is no message
        line = _told_signature(found, step)
        about = family(line, step.result.text, bare=found.bare)
        words, masked = (tuple(line.split()),) * 2 if found.bare else mask(line)
        end = found.start + len(text[found.start : found.end].rstrip())
        quote = cite(gathered.session.session_id, step.result, found.start, end)
        if not masked or not quote.quote:
            continue
        after = episode(all_steps, step)
        trials = [*after.trials, *_silenced(all_steps, step, line, recovered=after.recovered_by is not None)]
        again = counted.get(step.position) == masked
        for position in after.attempts:
            counted[position] = masked
        result.append(
            Failure(
                place=place,
                tool=step.tool,
                program=step.program,
                words=words,
                masked=masked,
                quote=quote,
                trials=[(trial, _quote_of(gathered.session.session_id, trial.step)) for trial in trials],
                cost_calls=0 if again else after.cost_calls,
                recovered=after.recovered_by is not None,
                expected=is_legitimate(found, step, about),
                key=(step.result.at.isoformat(), found.line) if step.result.at is not None else ("", ""),
                family=about,
            )
        )
    return result


def _silenced(all_steps: Sequence[Step], step: Step, line: str, *, recovered: bool) -> list[Trial]:
    """That a linter was told to pass over it, where its rule is the error."""
    if not line.startswith(f"{LINT_RULE} "):
        return []
    found = silenced_by(all_steps, step, line.removeprefix(f"{LINT_RULE} "))
    return [Trial(f"{SILENCE} `{found[0]}`", "first", worked=recovered, step=found[1])] if found is not None else []


def _told_signature(found: Signature, step: Step) -> str:
    """The signature line; where there is nothing but an exit code, with the program, since a bare code names nothing."""
    if found.bare:
        text = step.result.text if step.result is not None else ""
        code = exit_code(text)
        said = f"exit code {code} and no message" if code else "an error without a message"
        return f"{step.program or step.tool}: {said}"
    if missing := _NOT_FOUND.search(found.line):  # every shell says it otherwise
        return f"command not found: {next(filter(None, missing.groups()))}"
    return rule_of(found.line) or found.line


def _quote_of(session_id: str, step: Step) -> Evidence | None:
    if step.call is None:
        return None
    text = step.call.text
    at = -1
    for value in (step.given.get("command"), step.file):
        if isinstance(value, str) and value:
            at = text.find(value.split("\n", 1)[0])
            if at >= 0:
                end = text.find("\n", at)
                quote = cite(session_id, step.call, at, len(text) if end < 0 else end)
                return quote if quote.quote else None
    quote = cite(session_id, step.call, *first_line_span(text))
    return quote if quote.quote else None


@dataclass(slots=True, eq=False)
class Finding:
    """One recurring error."""

    words: Sequence[str]
    """Of its signature; a mask or a wildcard where it leaves something open."""
    failures: list[Failure] = field(default_factory=list[Failure])
    family: str = ""
    """What they are about, where they share no words; "" where they do."""
    told: Sequence[Failure] = ()
    """Those of them that a finding in their own words tells as well."""

    def covers(self, failure: Failure) -> bool:
        """Whether a failed call is one of this error: word for word but for what it leaves open, or of its family."""
        return failure.family == self.family if self.family else fits(self.words, failure.words, failure.masked)

    @property
    def signature(self) -> str:
        """The line that tells it."""
        return " ".join(self.words)

    @property
    def own(self) -> Sequence[Failure]:
        """Those that no other finding tells."""
        told = {id(failure) for failure in self.told}
        return [failure for failure in self.failures if id(failure) not in told]

    @property
    def places(self) -> set[Place]:
        return {failure.place for failure in self.failures}


def recurring(all_failures: Sequence[Failure]) -> list[Finding]:
    """Errors that came twice at least, grouped by what is the same in them: the same words, or else the same family.

    What came twice in one session only stays a hypothesis: two sittings of one task are one experience.
    """
    unique = _once(all_failures)
    template_of = templates(failure.masked for failure in unique)
    groups: dict[tuple[str, ...], list[Failure]] = defaultdict(list)
    for failure in unique:
        groups[template_of[failure.masked]].append(failure)
    result: list[Finding] = []
    of_family: dict[str, list[Finding]] = defaultdict(list)
    for words, members in groups.items():
        for finding in _split(words, members):
            result.append(finding)
            names = {failure.family for failure in finding.failures}
            if len(names) == 1 and (name := names.pop()):
                of_family[name].append(finding)
    for name, findings in of_family.items():
        rare = [
            finding
            for finding in findings
            if name in ONE_ERROR or support(finding.places).sessions < split_sessions_min
        ]
        if rare and len(findings) > 1:
            result = [finding for finding in result if finding not in rare]
            result.append(_in_any_words(name, findings, rare))
    return [finding for finding in result if _came_again(finding)]


def _came_again(finding: Finding) -> bool:
    """Whether two sessions had it, or one had it twice, further attempts at the same left out."""
    return support(finding.places).sessions >= 2 or sum(failure.cost_calls > 0 for failure in finding.failures) >= 2


def _in_any_words(name: str, findings: Sequence[Finding], rare: Sequence[Finding]) -> Finding:
    """One finding in place of several that are too rare to stand alone."""
    members = sorted(
        (failure for finding in findings for failure in finding.failures),
        key=lambda failure: (failure.place, failure.quote.lines),
    )
    alone = {id(failure) for finding in findings if finding not in rare for failure in finding.failures}
    return Finding(
        f"{name}{IN_ANY_WORDS}".split(), members, name, [failure for failure in members if id(failure) in alone]
    )


def _once(all_failures: Sequence[Failure]) -> list[Failure]:
    """Drops copies of one event: a resumed conversation repeats the log of the one it goes on from."""
    ordered = sorted(all_failures, key=lambda failure: (failure.place, failure.quote.lines))
    seen: dict[tuple[str, str], str] = {}
    result: list[Failure] = []
    for failure in ordered:
        if failure.key[0] and seen.setdefault(failure.key, failure.place.session_id) != failure.place.session_id:
            continue
        result.append(failure)
    return result


def _split(words: tuple[str, ...], members: list[Failure]) -> list[Finding]:
    """Puts back what never varies, and takes out values that recur often enough on their own."""
    varying = [i for i, word in enumerate(words) if is_masked(word)]
    result: list[Finding] = []
    rest = members
    while True:
        best: tuple[int, int, str] | None = None
        for i in varying:
            if words[i] in ("<n>", "<time>", "<ip>"):
                continue
            values = Counter((value, root) for value, root in {(f.words[i], f.place.root) for f in rest})
            roots = Counter(value for value, _ in values)
            if len(roots) < 2:
                continue
            for value, count in roots.items():
                chosen = {f.place for f in rest if f.words[i] == value}
                if count >= split_sessions_min and _often(chosen):
                    candidate = (count, -i, value)
                    best = max(best, candidate) if best is not None else candidate
        if best is None:
            break
        _, minus_i, value = best
        taken = [f for f in rest if f.words[-minus_i] == value]
        rest = [f for f in rest if f.words[-minus_i] != value]
        result.append(Finding(_text(words, taken), taken))
        if not rest:
            break
    if rest:
        result.append(Finding(_text(words, rest), rest))
    return result


def _often(places: set[Place]) -> bool:
    found = support(places)
    tasks = found.tasks + len({place.root for place in places if not place.task})
    return found.sessions >= rule_sessions_min and tasks >= rule_tasks_min


def _text(words: tuple[str, ...], members: Sequence[Failure]) -> list[str]:
    sessions = len({failure.place.root for failure in members})
    return [_word(i, members, sessions) if is_masked(word) else word for i, word in enumerate(words)]


def _word(i: int, members: Sequence[Failure], sessions: int) -> str:
    """What a mask stands for, where several sessions agree on it; else the mask."""
    values = {failure.words[i] for failure in members}
    masks = {failure.masked[i] for failure in members}
    name = masks.pop() if len(masks) == 1 else WILDCARD
    if len(values) > 1:
        return name
    value = values.pop()
    small = "<n>" in name and len(re.sub(r"\D", "", value)) < 3
    return value if sessions >= (same_number_sessions_min if small else 2) else name
