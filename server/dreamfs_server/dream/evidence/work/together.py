"""What goes together: files that are changed in the same sessions, and commands that follow the change of certain files.

What is looked at are files, the files of one kind in one folder (`db/migrations/*.sql`), and all files of one kind (`*.proto`), as
far as `sessions_min` sessions changed them and no more than `share_max`: at most `units_max`, the most frequent. A command
counts where it ran after such a change, and in other sessions where it ran after any. All pairs are tested (`strata.py`), and
Benjamini-Hochberg holds the share of false ones at `q_max`.

What is told also has to be worth telling: it holds in `share_min` of the sessions that changed the first, at `ratio_min` times the
rate of the others, on `days_min` days, and still in the latest third of all sessions. Pairs that the names give away are left
out: one folder, one name, a language's own tools. It is an association: nothing shows that one is needed for the other.
"""

import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from posixpath import basename, dirname, splitext
from typing import Any

from dreamfs_server.dream.evidence.places.roots import told_path
from dreamfs_server.dream.evidence.places.visits import Atlas
from dreamfs_server.dream.evidence.places.whereabouts import joined
from dreamfs_server.dream.evidence.steps import Step, first_line_span
from dreamfs_server.dream.evidence.support import Place, spread, support, told
from dreamfs_server.dream.evidence.work.named_commands import named_commands
from dreamfs_server.dream.evidence.work.strata import q_values, together_by_chance
from dreamfs_server.dream.material import Gathered, cite
from dreamfs_tools.dreaming import Card, Claim, Evidence

sessions_min = 5
days_min = 3
share_max = 0.6
"""Of the sessions with changes, above which a file goes with everything."""
share_min = 0.5
ratio_min = 3.0
q_max = 0.01
units_max = 300
files_max = 400
"""Of one session, that are kept."""
late_min = 3
"""Sessions of the latest third that have to have changed the first. There it has to hold as well, and of files not by
chance (`late_p_max`): what was worked on together for a month is over."""
late_p_max = 0.05
sessions_of_phase = 25
"""About so many sessions in a row are compared with each other."""
evidence_max = 6
cards_max = 12

_CHANGES = frozenset(("edit", "write", "multiedit", "notebookedit", "create", "str_replace", "insert"))
_TOOLS_OF: Mapping[str, str] = {
    ".go": r"go |gofmt|golangci|goimports|staticcheck",
    ".rs": r"cargo|rustc|rustfmt|rustup",
    ".py": r"py|python|uv|ruff|mypy|black|poetry|pip|tox|flake8",
    ".ts": r"npm|npx|pnpm|yarn|bun|tsc|node|eslint|prettier|vitest|jest|tsx",
    ".js": r"npm|npx|pnpm|yarn|bun|node|eslint|prettier|vitest|jest",
    ".java": r"mvn|gradle|javac",
    ".md": r".*(?:markdown|mdl|vale|prettier)",
    ".sh": r".*(?:shellcheck|shfmt|bats)",
}
"""Commands that the kind of a file gives away."""
_SAME_TOOLS = {
    ".tsx": ".ts",
    ".jsx": ".js",
    ".mjs": ".js",
    ".svelte": ".ts",
    ".vue": ".ts",
    ".css": ".ts",
    ".mdx": ".md",
    ".kt": ".java",
}


@dataclass(frozen=True, slots=True)
class Changed:
    """What one session changed, and what it ran afterwards."""

    place: Place
    at: str
    files: Mapping[str, tuple[int, Evidence]]
    """Each file as the log has it, with the step of its first change and a quote."""
    ran: Mapping[str, tuple[int, Evidence]]
    """Each command that ran after the first change, with the step at which it ran last and a quote."""


@dataclass(frozen=True, slots=True)
class Pair:
    """Two things that go together."""

    first: str
    second: str
    runs: bool
    """The second is a command."""
    both: int
    """As bits, as the next three."""
    with_first: int
    with_second: int
    everything: int
    p_value: float
    q_value: float = 1.0


def changed(gathered: Gathered, place: Place, all_steps: Sequence[Step]) -> Changed:
    """What one session changed and ran."""
    session_id = gathered.session.session_id
    files: dict[str, tuple[int, Evidence]] = {}
    ran: dict[str, tuple[int, Evidence]] = {}
    for step in all_steps:
        if step.call is None or step.result is None or step.refused:
            continue
        if step.tool.lower() in _CHANGES and step.file and not step.failed:
            path = joined("", step.file)
            if path and path not in files and len(files) < files_max:
                span = _tail_span(step.call.text, step.file)
                quote = cite(session_id, step.call, *span)
                if quote.quote:
                    files[path] = (step.position, quote)
        elif step.command and files:
            for name in named_commands(step.command):
                if (quote := _quote(session_id, step, name)).quote:
                    ran[name] = (step.position, quote)
    started = gathered.session.started_at
    return Changed(place, started.isoformat() if started else "", files, ran)


def _tail_span(text: str, path: str) -> tuple[int, int]:
    """Where a call names the end of a path: the folder and the file. What stands before is the same in every quote."""
    said = json.dumps(path, ensure_ascii=False)[1:-1]
    at = text.find(said)
    if at < 0:
        return first_line_span(text)
    tail = re.search(r"(?:[^/\\\\]+[/\\\\]+)?[^/\\\\]+$", said)
    return at + (tail.start() if tail else 0), at + len(said)


def _quote(session_id: str, step: Step, name: str) -> Evidence:
    if step.call is None:
        return Evidence("", (0, 0), "")
    text = step.call.text
    program = name.split(maxsplit=1)[0]
    found = re.search(re.escape(name).replace(r"\ ", r"\s+(?:-\S+\s+)*"), text) or re.search(re.escape(program), text)
    if found is None:
        return Evidence("", (0, 0), "")
    return cite(session_id, step.call, found.start(), found.end())


class _World:
    """All sessions with changes, numbered in the order of time, and what each unit is in as bits."""

    def __init__(self, sessions: Iterable[Changed], atlas: Atlas) -> None:
        by_root: dict[str, list[Changed]] = defaultdict(list)
        for one in sessions:
            if one.files:
                by_root[one.place.root].append(one)
        ordered = sorted(by_root.values(), key=lambda found: min((one.at, one.place) for one in found))
        self.places = [min(one.place for one in found) for found in ordered]
        self.quotes: dict[str, dict[int, Evidence]] = defaultdict(dict)
        self.files: dict[str, int] = defaultdict(int)
        self.kinds: dict[str, set[str]] = defaultdict(set)
        self.ran: dict[str, int] = defaultdict(int)
        self.followed: dict[tuple[str, str], int] = defaultdict(int)
        self.sizes: list[int] = []
        self.sizes_of: dict[str, dict[int, int]] = defaultdict(dict)
        for number, found in enumerate(ordered):
            names: set[str] = set()
            for one in sorted(found, key=lambda one: one.place):
                names |= self._read(number, one, atlas)
            self.sizes.append(len(names))
            for unit, count in Counter(unit for name in names for unit in units(name)).items():
                self.sizes_of[unit][number] = count
        self.everything = (1 << len(ordered)) - 1
        late = len(ordered) - len(ordered) // 3
        self.latest = self.everything >> late << late

    def _read(self, number: int, one: Changed, atlas: Atlas) -> set[str]:
        bit = 1 << number
        since: dict[str, int] = {}
        names: set[str] = set()
        for path, (position, quote) in sorted(one.files.items(), key=lambda item: (item[1][0], item[0])):
            name = in_project(path, atlas.root_of[one.place.session_id])
            if not name:
                continue
            names.add(name)
            for unit in units(name):
                self.files[unit] |= bit
                self.kinds[unit].add(name)
                self.quotes[unit].setdefault(number, quote)
                since.setdefault(unit, position)
        for command, (position, quote) in sorted(one.ran.items()):
            self.ran[command] |= bit
            self.quotes[f"$ {command}"].setdefault(number, quote)
            for unit, first in since.items():
                if position > first:
                    self.followed[unit, command] |= bit
        return names


def in_project(path: str, root: str) -> str:
    """A path as it is told, "" outside the project; where the folder is not known, what is no scratch and no setting counts."""
    name = told_path(path, root)
    outside = ("/", "~") if root else ("/tmp/", "/private/", "/var/", "~/.")  # noqa: S108  # other people's folders
    return "" if name.startswith(outside) else name


def units(path: str) -> list[str]:
    """What a change of a file is a change of."""
    ending = splitext(path)[1]
    folder = dirname(path)
    return [path, *([f"{folder}/*{ending}"] if folder and ending else []), *([f"*{ending}"] if ending else [])]


def pairs_of(sessions: Iterable[Changed], atlas: Atlas) -> tuple["_World", list[Pair]]:
    """What goes together, most certain first."""
    world = _World(sessions, atlas)
    most = share_max * len(world.places)
    often = {unit: bits for unit, bits in world.files.items() if sessions_min <= bits.bit_count() <= most}
    # A pattern that stands for a single file says nothing that the file does not.
    often = {unit: bits for unit, bits in often.items() if "*" not in unit or len(world.kinds[unit]) > 1}
    chosen = sorted(often, key=lambda unit: (-often[unit].bit_count(), unit))[:units_max]
    commands = {name: bits for name, bits in world.ran.items() if sessions_min <= bits.bit_count() <= most}
    tested = 0
    found: list[Pair] = []
    for pair in [*_of_files(world, chosen), *_of_commands(world, chosen, sorted(commands))]:
        tested += 1
        if pair.both.bit_count() >= sessions_min:
            found.append(pair)
    measured = [replace(p, p_value=_p_value(world, p, p.everything)) for p in found]
    # Of what is equally sure, the more particular is told.
    measured.sort(key=lambda p: (p.p_value, p.first.startswith("*."), "*" in p.first + p.second, p.first, p.second))
    adjusted = q_values([p.p_value for p in measured], tested)
    told_pairs = [
        replace(p, q_value=float(f"{q:.2g}"))
        for p, q in zip(measured, adjusted, strict=True)
        if q <= q_max and _is_telling(world, p)
    ]
    return world, _without_repeats(told_pairs)


def _p_value(world: _World, pair: Pair, among: int) -> float:
    """By chance among some sessions. How much a session changed is counted without the two that are looked at."""
    own = [world.sizes_of[unit] for unit in (pair.first, pair.second) if unit in world.sizes_of]
    phases = max(2, round(len(world.sizes) / sessions_of_phase)) if among == pair.everything else 1
    strata: dict[tuple[int, int], int] = defaultdict(int)
    for number, size in enumerate(world.sizes):
        rest = max(0, size - sum(counts.get(number, 0) for counts in own))
        strata[rest.bit_length(), phases * number // len(world.sizes)] |= 1 << number
    return together_by_chance(pair.with_first, pair.with_second, [bits & among for _, bits in sorted(strata.items())])


def _of_files(world: _World, chosen: Sequence[str]) -> Iterator[Pair]:
    for one, other in combinations(sorted(chosen), 2):
        if _is_given_away(one, other):
            continue
        a, b = world.files[one], world.files[other]
        # The rarer is told first: more of its sessions have the other.
        first, second = (one, other) if (a.bit_count(), one) <= (b.bit_count(), other) else (other, one)
        yield Pair(first, second, False, a & b, world.files[first], world.files[second], world.everything, 1.0)


def _of_commands(world: _World, chosen: Sequence[str], commands: Sequence[str]) -> Iterator[Pair]:
    for unit in chosen:
        changed_in = world.files[unit]
        for command in commands:
            if _is_tool_of(command, unit):
                continue
            follows = world.followed.get((unit, command), 0)
            ran = follows | (world.ran[command] & ~changed_in)
            yield Pair(unit, command, True, follows, changed_in, ran, world.everything, 1.0)


def _is_tool_of(command: str, unit: str) -> bool:
    ending = splitext(unit)[1]
    tools = _TOOLS_OF.get(_SAME_TOOLS.get(ending, ending))
    return (
        tools is not None
        and re.match(tools, command) is not None
        and not re.search(r" run |^make |^just |^task ", command)
    )


def _is_given_away(one: str, other: str) -> bool:
    """Whether the names of two units tell that they go together: one folder, one in the other, or one name."""
    a, b = dirname(one), dirname(other)
    if a == b or one.startswith("*.") or other.startswith("*."):
        return True
    if "*" in one + other and (f"{a}/".startswith(f"{b}/") or f"{b}/".startswith(f"{a}/")):
        return True
    stems = [
        re.sub(r"(?i)[._-]?(?:tests?|spec|integration|e2e)\b|^tests?_", "", splitext(basename(x))[0]).lower()
        for x in (one, other)
    ]
    if "*" not in one + other and (stems[0] in stems[1] or stems[1] in stems[0]):
        return True
    folders = [re.sub(r"(?i)\b(?:tests?|spec|__tests__|src)/?", "", f"{x}/") for x in (a, b)]
    return "*" in one and "*" in other and folders[0] == folders[1]


def _is_telling(world: _World, p: Pair) -> bool:
    days = {world.places[n].day for n in _numbers(p.both)}
    late = world.latest
    return (
        len(days) >= days_min
        and (p.with_first & late).bit_count() >= late_min
        and _holds(p, p.everything)
        and _holds(p, late)
        and (p.runs or _p_value(world, p, late) <= late_p_max)
    )


def _holds(p: Pair, among: int) -> bool:
    """Whether it holds among some sessions, and far less in the others of them."""
    first = (p.with_first & among).bit_count()
    others = (among & ~p.with_first).bit_count()
    rate = (p.both & among).bit_count() / first
    other = (p.with_second & ~p.with_first & among).bit_count() / others if others else 1.0
    return rate >= share_min and rate >= ratio_min * other


def _without_repeats(found: Sequence[Pair]) -> list[Pair]:
    """Of pairs that say the same of a file and of its folder, the most certain."""
    result: list[Pair] = []
    for pair in found:
        if not any(_overlap(pair.first, one.first) and _overlap(pair.second, one.second) for one in result) and not any(
            _overlap(pair.first, one.second) and _overlap(pair.second, one.first) for one in result
        ):
            result.append(pair)
    return result


def _overlap(one: str, other: str) -> bool:
    return one == other or dirname(one) == dirname(other) != "" or other in units(one) or one in units(other)


def together_cards(sessions: Iterable[Changed], atlas: Atlas) -> list[Card]:
    """One card a pair, most certain first; at most `cards_max`.

    Args:
        sessions: what each changed.
        atlas: what all sessions know of paths.
    """
    world, found = pairs_of(sessions, atlas)
    return [_card(world, pair) for pair in found[:cards_max]]


def _card(world: _World, p: Pair) -> Card:
    both = _numbers(p.both)
    places = {number: world.places[number] for number in both}
    rests = support(places.values())
    others = (p.everything & ~p.with_first).bit_count()
    elsewhere = (p.with_second & ~p.with_first).bit_count()
    second = p.with_second.bit_count()
    statistics: dict[str, Any] = {
        "changed": p.first,
        "with": p.second,
        "runs": p.runs,
        "both": len(both),
        "of": p.with_first.bit_count(),
        "elsewhere": elsewhere,
        "of_others": others,
        "sessions": rests.sessions,
        "days": rests.days,
        "tasks": rests.tasks,
        "q_value": p.q_value,
    }
    then = f"`{p.second}` ran afterwards" if p.runs else f"`{p.second}` was changed too"
    text = (
        f"Where `{p.first}` was changed, {then} in {len(both)} of {p.with_first.bit_count()} sessions ({told(rests)}); "
        f"in the others in {elsewhere} of {others}. Of the {second} with the second, {len(both)} had the first. "
        f"An association, q = {p.q_value:.2g}."
    )
    quotes: list[Evidence] = []
    number_of = {place: number for number, place in places.items()}
    for place in spread(number_of, evidence_max // 2):
        number = number_of[place]
        quotes += [world.quotes[p.first][number], world.quotes[f"$ {p.second}" if p.runs else p.second][number]]
    claim = Claim(text, "association", quotes, rests, statistics)
    return Card(
        number=0,
        miner="together",
        title=f"{p.first} goes with {p.second}",
        body=text,
        claims=[claim],
        weight=float(len(both)),
        data=statistics,
    )


def _numbers(bits: int) -> list[int]:
    return [number for number in range(bits.bit_length()) if bits >> number & 1]
