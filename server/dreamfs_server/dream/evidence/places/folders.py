"""Commands from the wrong folder: what fails where it is run and works one `cd` away, and shells that stayed where they were.

Two findings:

- *Run elsewhere*: a program that says that its project is not there (no `package.json`, no `go.mod`, no rule) in
  one folder, and next works in another. Told only if it says so in `failing_min` of its calls there, over all
  sessions, and in none but few of its calls in the other folder; calls and failures of both are given.
- *The shell stayed*: a relative path that is there from where the session began, and was asked for after an earlier call had
  changed the folder. It is no property of a path, so all sessions count together.
"""

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from dreamfs_server.dream.evidence.places.places import place_card, told_folder
from dreamfs_server.dream.evidence.places.visits import Visit, atlas_of, lines_of, once
from dreamfs_server.dream.evidence.places.whereabouts import directory_of, working_directories
from dreamfs_server.dream.evidence.steps import Step
from dreamfs_server.dream.evidence.support import Place, rule_sessions_min, spread, support, told
from dreamfs_server.dream.material import Gathered, cite
from dreamfs_tools.dreaming import Card, Evidence

failing_min = 0.6
failing_elsewhere_max = 0.2
steps_after_max = 12
found_sessions_min = 2
evidence_max = 6

_MISPLACED = re.compile(
    # A missing repository is left to the errors: git says one and the same sentence everywhere.
    r"(?i)could not (?:read|find) [^\n]{0,60}package\.json|no such file or directory, open '[^']*package\.json'|enoent[^\n]*package\.json"
    r"|no package\.json|couldn't find a package\.json|missing script:|go\.mod file not found|cannot find main module|does not contain main module"
    r"|no rule to make target|no targets specified and no makefile|could not find `?cargo\.toml|no configuration file provided: not found"
    r"|no tsconfig|could not find a? ?(?:pom\.xml|build\.gradle|gemfile|pyproject\.toml)|the goal you specified requires a project|file or directory not found:"
    r"|unable to find (?:the )?(?:pyproject|package)\.|can't open file"
)
_READ_CHARACTERS = 4_000


@dataclass(frozen=True, slots=True)
class Run:
    """One call of a program."""

    program: str
    folder: str
    """As the session's log gives it; `Visit` knows how to tell it."""
    position: int
    misplaced: bool
    worked: bool
    answer: tuple[str, int, int]
    """The lines of what it answered."""
    quote: Evidence | None
    """Of the failure, or of the call that worked after one."""


def runs(gathered: Gathered, all_steps: Sequence[Step]) -> list[Run]:
    """The calls of programs in known folders, in order."""
    starts = working_directories(all_steps)
    result: list[Run] = []
    misplaced: dict[str, int] = {}
    for step in all_steps:
        if not step.command or step.result is None or step.refused or not re.fullmatch(r"[\w.+-]{1,30}", step.program):
            continue
        folder = directory_of(step, starts[step.position])
        if folder is None:
            continue
        found = _MISPLACED.search(step.result.text, 0, _READ_CHARACTERS) if step.failed else None
        quote = None
        session_id = gathered.session.session_id
        if found is not None:
            misplaced[step.program] = step.position
            start, end = step.result.text.rfind("\n", 0, found.start()) + 1, step.result.text.find("\n", found.end())
            quote = cite(session_id, step.result, start, len(step.result.text) if end < 0 else end)
        elif (
            not step.failed
            and step.call is not None
            and step.position - misplaced.get(step.program, -99) <= steps_after_max
        ):
            at = max(step.call.text.find(step.command.split("\n", 1)[0]), 0)
            end = step.call.text.find("\n", at)
            quote = cite(session_id, step.call, at, len(step.call.text) if end < 0 else end)
        result.append(
            Run(
                step.program,
                folder,
                step.position,
                found is not None,
                not step.failed,
                lines_of(session_id, step.result),
                quote,
            )
        )
    return result


def folder_cards(visits: Sequence[Visit], ran: Mapping[str, Sequence[Run]]) -> list[Card]:
    """Cards of both findings.

    Args:
        visits: of all sessions.
        ran: session → its runs.
    """
    atlas = atlas_of(visits)
    return [*_elsewhere(visits, ran, atlas.told), *_stayed(visits, atlas.last)]


def _elsewhere(visits: Sequence[Visit], ran: Mapping[str, Sequence[Run]], tell: Any) -> list[Card]:
    calls: dict[tuple[str, str], list[tuple[Visit, Run]]] = defaultdict(list)
    moved: dict[tuple[str, str], dict[str, tuple[str, str, Run]]] = defaultdict(dict)
    for v in sorted(visits, key=lambda one: one.place):
        open_at: dict[str, tuple[str, int]] = {}
        for run in ran.get(v.place.session_id, ()):
            folder = tell(v, run.folder)
            calls[run.program, folder].append((v, run))
            if run.misplaced:
                open_at[run.program] = (folder, run.position)
            elif run.worked:
                missed_in, at = open_at.pop(run.program, (folder, run.position))
                if missed_in != folder and run.position - at <= steps_after_max:
                    moved[run.program, missed_in].setdefault(v.place.root, (v.at, folder, run))
    cards: list[Card] = []
    for (program, folder), answers in sorted(moved.items()):
        there = sorted((at, root, right, run) for root, (at, right, run) in answers.items())
        right = there[-1][2]
        found = {root: run for _, root, to, run in there if to == right}
        here = calls[program, folder]
        missed = [(v, run) for v, run in here if run.misplaced]
        other = calls[program, right]
        fails = sum(run.misplaced for _, run in other)
        places = {v.place for v, _ in missed}
        if (
            len(found) >= found_sessions_min
            and len({place.root for place in places}) >= rule_sessions_min
            and len(missed) >= failing_min * len(here)
            and fails <= failing_elsewhere_max * len(other)
        ):
            cards.append(_elsewhere_card(program, folder, right, here, missed, other, found))
    return cards


def _elsewhere_card(
    program: str,
    folder: str,
    right: str,
    here: Sequence[tuple[Visit, Run]],
    missed: Sequence[tuple[Visit, Run]],
    other: Sequence[tuple[Visit, Run]],
    found: Mapping[str, Run],
) -> Card:
    places = {v.place for v, _ in missed}
    rests = support(places)
    fails = sum(run.misplaced for _, run in other)
    text = (
        f"`{program}` in {told_folder(folder)} found no project in {len(missed)} of {len(here)} calls, in {told(rests)}; "
        f"in {told_folder(right)} in {fails} of {len(other)}."
    )
    first: dict[Place, Evidence] = {}
    for v, run in missed:
        if run.quote is not None and run.quote.quote:
            first.setdefault(v.place, run.quote)
    finds = [run.quote for _, run in sorted(found.items()) if run.quote is not None and run.quote.quote][:2]
    statistics: dict[str, Any] = {
        "program": program,
        "folder": folder,
        "right": right,
        "count": len(missed),
        "calls": len(here),
        "calls_right": len(other),
        "failed_right": fails,
        "sessions": rests.sessions,
        "tasks": rests.tasks,
        "days": rests.days,
        "found": len(found),
    }
    return place_card(
        f"Run elsewhere: {program}",
        text,
        places,
        [*(first[p] for p in spread(first, evidence_max)), *finds],
        statistics,
        float(len(missed)),
        {
            "kind": "folder",
            "program": program,
            "folder": folder,
            "right": right,
            "failed": len(missed),
            "calls": len(here),
            "failed_right": fails,
            "calls_right": len(other),
        },
        (run.answer for _, run in missed),
    )


def _stayed(visits: Sequence[Visit], last: Mapping[str, str]) -> list[Card]:
    missed = [(v, m) for v, m in once(visits) if m.from_start and m.from_start in last]
    places = {v.place for v, _ in missed}
    if len({place.root for place in places}) < rule_sessions_min:
        return []
    rests = support(places)
    text = (
        f"{len(missed)} calls in {told(rests)} gave a path that is there from where the session began, after an earlier `cd`: "
        "the shell had stayed there."
    )
    first: dict[Place, Evidence] = {}
    for v, miss in missed:
        first.setdefault(v.place, miss.quote)
    statistics: dict[str, Any] = {
        "habit": "a relative path after an earlier cd",
        "count": len(missed),
        "sessions": rests.sessions,
        "tasks": rests.tasks,
        "days": rests.days,
    }
    return [
        place_card(
            "The shell stays in the folder of an earlier cd",
            text,
            places,
            [first[p] for p in spread(first, evidence_max)],
            statistics,
            float(len(missed)),
            {"kind": "stayed", "count": len(missed)},
            (m.answer for _, m in missed),
        )
    ]
