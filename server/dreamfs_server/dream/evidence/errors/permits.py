"""What the client does not let an agent do, by kind of call: which, how often, and whether a second try ever got through.

A client asks a person, or a list of rules, before some calls. Where nobody can answer (a sub-agent, a script, a rule that says no)
the call fails before the tool ran, and each session finds out anew. So calls are counted by what they are called
(`command_names.py`, else the program or the tool), or by the form that the client objects to (a redirection, several commands in
one line), against all calls of that name or form in sessions in which anything was not permitted: elsewhere nobody was asked. Where all
refusals of a tool were of one file, or of files below one folder, it is about that place and not about the tool. What a person
declined is no such refusal.
"""

import posixpath
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from dreamfs_server.dream.evidence.errors.client_phrases import NOT_PERMITTED
from dreamfs_server.dream.evidence.errors.families import family
from dreamfs_server.dream.evidence.errors.recovery import alike, steps_after_max
from dreamfs_server.dream.evidence.errors.signature import is_masked, mask, signature
from dreamfs_server.dream.evidence.places.roots import told_path
from dreamfs_server.dream.evidence.places.visits import lines_of
from dreamfs_server.dream.evidence.steps import Step
from dreamfs_server.dream.evidence.support import Place, is_rule, spread, support, told
from dreamfs_server.dream.evidence.work.command_names import names
from dreamfs_server.dream.material import UNDATED, Gathered, cite
from dreamfs_tools.dreaming import Card, Claim, Evidence

REDIRECTS = "a command that redirects its output (`>`)"
SEVERAL = "several commands in one line (`&&`, `;`, `|`)"
_FORMS = (
    (REDIRECTS, re.compile(r"(?i)output redirection"), re.compile(r"(?<![\d&>=-])>(?![&=])")),
    (SEVERAL, re.compile(r"(?i)shell operators|multiple operations"), re.compile(r"&&|\|\||;|(?<!\|)\|(?!\|)")),
)
"""What the client objects to, how it says so, and how such a command looks."""
share_min = 0.2
"""Of the calls of a name, that must not have been permitted: else it was about that one call."""
cards_max = 12
evidence_max = 6
place_depth_min = 2
"""Folders above a place, for it to say more than that it is on this machine."""
_READ_CHARACTERS = 400


@dataclass(frozen=True, slots=True)
class Denial:
    """One call that was not permitted."""

    place: Place
    name: str
    said: str
    """What the client answered, without its particulars."""
    quote: Evidence
    answer: tuple[str, int, int]
    again: bool
    """It was tried again."""
    passed: bool
    """A later try got through."""
    file: str
    """The file that it was about, with its home as `~`; "" for a command."""
    key: tuple[str, str]
    """The same event copied into another session has the same key; "" when undated."""


@dataclass(frozen=True, slots=True)
class Permits:
    """What one session was permitted and what not."""

    place: Place
    calls: Counter[str]
    denials: Sequence[Denial]
    files: Counter[tuple[str, str]] = field(default_factory=Counter[tuple[str, str]])
    """How often a tool was called for a file."""


def permits(gathered: Gathered, place: Place, all_steps: Sequence[Step]) -> Permits:
    """The calls of one session by name; none are counted where everything was permitted."""
    denied = [step for step in all_steps if step.failed and _is_denied(step)]
    if not denied:
        return Permits(place, Counter(), ())
    done = [step for step in all_steps if step.result is not None and not step.refused]
    calls = Counter(name_of(step) for step in done)
    for form, _, looks in _FORMS:
        calls[form] = sum(looks.search(step.command) is not None for step in done)
    found = [_denial(gathered.session.session_id, place, step, all_steps) for step in denied]
    files = Counter((step.tool, told_path(step.file, "")) for step in done if step.file and not step.command)
    return Permits(place, calls, [one for one in found if one.quote.quote], files)


def _is_denied(step: Step) -> bool:
    text = step.result.text[:_READ_CHARACTERS] if step.result is not None else ""
    said = signature(text)
    return said is not None and not said.bare and family(said.line, "", bare=False) == NOT_PERMITTED


def name_of(step: Step) -> str:
    """What a call is called: its command, as far as that has a name, or its tool."""
    return (names(step.command).broad or step.program or step.tool) if step.command else step.tool


def told_name(name: str) -> str:
    """A name of a call in code quotes; a form of one as it is."""
    return name if any(name == form for form, _, _ in _FORMS) else f"`{name}`"


def _denial(session_id: str, place: Place, step: Step, all_steps: Sequence[Step]) -> Denial:
    result = step.result
    assert result is not None  # only answered steps are denied
    said = signature(result.text[:_READ_CHARACTERS])
    assert said is not None
    later = all_steps[step.position + 1 : step.position + 1 + steps_after_max]
    again = [other for other in later if alike(step, other) and not other.refused and other.result is not None]
    return Denial(
        place=place,
        name=next((form for form, says, _ in _FORMS if says.search(said.line)), name_of(step)),
        said=" ".join("…" if is_masked(word) else word for word in mask(said.line)[1]),
        quote=cite(session_id, result, said.start, said.end),
        answer=lines_of(session_id, result),
        again=bool(again),
        passed=any(not other.failed for other in again),
        file="" if step.command else told_path(step.file, ""),
        key=(result.at.isoformat(), said.line) if result.at is not None else ("", ""),
    )


def permit_cards(found: Sequence[Permits], repeats_order: Callable[[str], bool]) -> list[Card]:
    """One card a kind of call, the one that was refused most often first.

    Args:
        found: of all sessions, in any order.
        repeats_order: whether a line says something of an order to agents; such a line is not quoted.
    """
    ordered = sorted(found, key=lambda one: one.place)
    calls: Counter[str] = Counter()
    files: Counter[tuple[str, str]] = Counter()
    for one in ordered:
        calls.update(one.calls)
        files.update(one.files)
    owner: dict[tuple[str, str], str] = {}
    by_name: dict[str, list[Denial]] = defaultdict(list)
    for denial in (denial for one in ordered for denial in one.denials):
        if not denial.key[0] or owner.setdefault(denial.key, denial.place.session_id) == denial.place.session_id:
            by_name[denial.name].append(denial)
        else:
            calls[denial.name] -= 1
            files[denial.name, denial.file] -= 1
    cards: list[Card] = []
    for name, members in sorted(by_name.items()):
        told_as, of = _narrowed(name, members, calls[name], files, repeats_order)
        if is_rule(denial.place for denial in members) and len(members) >= share_min * of:
            cards.append(_card(told_as, members, of, repeats_order))
    return sorted(cards, key=lambda card: (-card.weight, card.title))[:cards_max]


def _narrowed(
    name: str,
    members: Sequence[Denial],
    calls: int,
    files: Mapping[tuple[str, str], int],
    repeats_order: Callable[[str], bool],
) -> tuple[str, int]:
    """The name with the one place that all refusals were about, if it is allowed elsewhere; and how many calls that were."""
    paths = {denial.file for denial in members}
    if "" in paths or any(path.startswith("/") != min(paths).startswith("/") for path in paths):
        return name, calls
    place = posixpath.commonpath(paths)
    own = sum(
        n for (tool, path), n in files.items() if tool == name and (path == place or path.startswith(f"{place}/"))
    )
    is_told = place.count("/") >= place_depth_min and not repeats_order(place) and "`" not in place
    told_as = f"{name} {place}" if len(paths) == 1 else f"{name} {place}/"
    return (told_as, own) if is_told and len(members) <= own < calls else (name, calls)


def _card(name: str, members: Sequence[Denial], calls: int, repeats_order: Callable[[str], bool]) -> Card:
    rests = support(denial.place for denial in members)
    tried = {denial.place.root for denial in members if denial.again}
    passed = {denial.place.root for denial in members if denial.passed}
    text = f"{told_name(name)} was not permitted in {len(members)} of {calls} calls, in {told(rests)}."
    if tried:
        text += f" Of {len(tried)} sessions that tried again, {len(passed)} got through."
    first: dict[Place, Evidence] = {}
    for denial in members:
        if not repeats_order(denial.quote.quote):
            first.setdefault(denial.place, denial.quote)
    claim = Claim(
        text=text,
        kind="rule",
        evidence=[first[place] for place in spread(first, evidence_max)],
        support=rests,
        statistics={
            "not_permitted": name,
            "count": len(members),
            "calls": calls,
            "tried": len(tried),
            "passed": len(passed),
            "sessions": rests.sessions,
            "tasks": rests.tasks,
            "days": rests.days,
        },
    )
    said = Counter(denial.said for denial in members if not repeats_order(denial.said))
    return Card(
        number=0,
        miner="permits",
        title=f"Not permitted: {name}",
        body=text,
        claims=[claim],
        weight=float(len(members) + sum(denial.again for denial in members)),
        data={
            "kind": "permit",
            "rule": True,
            "name": name,
            "said": min(said, key=lambda line: (-said[line], line), default=""),
            "days": sorted({denial.place.day for denial in members} - {UNDATED}),
            "explains": frozenset(denial.answer for denial in members),
        },
    )
