"""What was done after a failed call, and whether the goal was then reached.

Four things are tried after an error, and each is labelled so that it can be the same in another session:

- *change*: what differs between the failed call and a later attempt (words of a command, arguments of a call); it worked
  when that very attempt succeeded.
- *kind*: the same, told by programs, subcommands and flags alone, so that it is the same whatever it was done to.
- *first*: the step right after the error, when it is no attempt; it worked when an attempt succeeded soon after.
- *instead*: another command that succeeded, after which the failed call was not attempted again. What a session would
  have done anyway is no way out, so an *instead* counts only if sessions with the error do it twice as often as others.
- *next*: the same, where the two commands name nothing in common; it counts only if most sessions with the error did it.

Each session counts once for a label, at its first trial, so that a loop in one session does not speak for many.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import sqrt
from pathlib import PurePosixPath
from typing import Literal

from dreamfs_server.dream.evidence.errors.command_changes import (
    INTERPRETERS,
    LOOKING,
    SUBCOMMANDS,
    Simple,
    changes,
    simple_commands,
)
from dreamfs_server.dream.evidence.errors.labels import REPEAT, UNSEEN, label_change, label_ideas, labels_first
from dreamfs_server.dream.evidence.errors.signature import mask, signature
from dreamfs_server.dream.evidence.steps import Step
from dreamfs_tools.dreaming import Evidence

steps_after_max = 12
"""How far after an error an attempt still counts as its consequence."""

near_steps = 3
"""Within so many steps, a call of the same tool with other values is another attempt."""

next_sessions_min = 4
said_again_characters_min = 12
"""Of a message: a shorter line may well stand in other output."""
_READ_CHARACTERS = 20_000
_DIGITS = re.compile(r"\d+")
_NOTHING = re.compile(
    r"\[\]|\{\}|\(?no (?!errors?\b|issues?\b|problems?\b|warnings?\b|changes?\b|differences?\b|output\b|content\b)[^\n]{1,80}|0 (?:results|matches|rows|items|files)\b[^\n]{0,40}|none\.?",
    re.IGNORECASE,
)
"""The answer of what looks for something and finds nothing."""

_KEEPING = frozenset(["git", "gh", "hg", "svn", "jj"])
"""Programs that keep what was done: a session goes on to them whatever failed, unless it was one of theirs."""
_CUT_OFF = re.compile(r"(?:^|\s)-[ce](?:\s|$)|^[^\"]*\"[^\"]*$|^[^']*'[^']*$|<<")
"""Of a command's shape: a script on the line, or a quotation that the line does not end."""
_MASK = re.compile(r"<(?:url|time|id|ip|path|n|str)>")
_SETS_PATH = re.compile(r"\b(?:export\s+)?PATH=\S+\s*(?:(?:&&|;)\s*)?")
_TASKS = re.compile(r"\b(?:(?:npm|pnpm|yarn|bun|deno|mise|composer)\s+run|make|just)\s+([a-z][\w:-]*)")
"""What a runner of tasks is asked to run."""
_BIN = re.compile(r"(?<!\S)/[\w./+-]*/bin/(?=[\w.+-])")
"""The folder of a program that is called by its path."""
_SERVED = frozenset(("grep", "glob", "ls", "list", "search", "webfetch", "fetch", "read", "view"))
"""A client's own tools whose work another can do."""
_GIVEN_CHARACTERS, _TELLING_CHARACTERS = 300, 4
_READING = frozenset(("read", "view", "grep", "glob", "ls", "list", "notebookread"))
_THINKING = frozenset(("think", "todowrite", "calculate", "todoread"))
_SPLIT = re.compile(r"[\s/=:,;'\"()|&<>]+")
Way = Literal["change", "kind", "first", "instead", "next"]


@dataclass(frozen=True, slots=True)
class Trial:
    """One thing that was done after an error."""

    label: str
    """In words, the same in every session that did the same."""
    way: Way
    worked: bool
    step: Step


@dataclass(frozen=True, slots=True)
class Episode:
    """A failed call and its consequence."""

    trials: Sequence[Trial]
    recovered_by: Step | None
    """The first later attempt that succeeded."""
    cost_calls: int
    """Calls spent: the failed one, and what followed until an attempt succeeded or the failed attempts alone."""
    attempts: Sequence[int]
    """Positions of the later attempts."""


def episode(all_steps: Sequence[Step], failed: Step) -> Episode:
    """What followed a failed call within `steps_after_max` steps."""
    later = all_steps[failed.position + 1 : failed.position + 1 + steps_after_max]
    attempts: list[Step] = []
    success: Step | None = None
    for step in later:
        if alike(failed, step):
            attempts.append(step)
            if _succeeded(failed, step):
                success = step
                break
    trials: list[Trial] = []
    acts = next((step for step in later if step.tool.lower() not in _THINKING), None)
    if attempts and acts is not None and acts not in attempts and not acts.refused:
        trials.extend(
            Trial(label, "first", worked=success is not None, step=acts) for label in labels_first(failed, acts)
        )
    for attempt in attempts:
        if not attempt.refused:
            labels = [
                label
                for label in label_change(failed, attempt)
                if label != REPEAT or _at_once(failed, attempt, attempts, later)
            ]
            trials.extend(Trial(label, "change", worked=attempt is success, step=attempt) for label in labels)
            trials.extend(
                Trial(label, "kind", worked=attempt is success, step=attempt)
                for label in (*changes(failed.command, attempt.command), *_ideas(failed, attempt))
                if label not in labels
            )
    if attempts and failed.file and attempts[0].file == failed.file and not _has_looked(failed, attempts[0], later):
        trials.append(Trial(UNSEEN, "change", worked=attempts[0] is success, step=attempts[0]))
    if success is None and (other := _other_way(failed, later, attempts)) is not None:
        shared = _things(simple_commands(failed.command)) & _things(simple_commands(other.command))
        line = shape(other.command)
        # What varies in a line that shares nothing with the failed one is of the session's next task.
        if shared or (failed.command and "…" not in line):
            way: Way = "instead" if shared else "next"
            trials.append(Trial(f"run `{line}` instead", way, worked=not other.failed, step=other))
    if success is None and (tool := _other_tool(failed, later, attempts)) is not None:
        trials.append(Trial(_told_tool(tool), "instead", worked=True, step=tool))
    lost = success.position - failed.position if success is not None else 1 + len(attempts)
    return Episode(trials, success, lost, [step.position for step in attempts])


def _succeeded(failed: Step, step: Step) -> bool:
    """Whether an attempt reached the goal: it did not fail, gave something, and did not say again what the failed call said.

    Behind a pipe (`bun test | tail`) nothing else tells that it failed.
    """
    if step.failed or step.refused or step.result is None:
        return False
    text = step.result.text
    if _NOTHING.fullmatch(text.strip()):
        return False
    said = signature(failed.result.text, of_shell=bool(failed.command)) if failed.result is not None else None
    if said is None or said.bare or len(said.line) < said_again_characters_min:
        return True
    line = _plain(said.line)
    return all(_plain(one) != line for one in text[:_READ_CHARACTERS].split("\n"))


def _plain(line: str) -> str:
    return _DIGITS.sub("0", line.strip())


def _ideas(failed: Step, attempt: Step) -> list[str]:
    return label_ideas(failed.command, attempt.command) if failed.command and attempt.command else []


def _has_looked(failed: Step, attempt: Step, later: Sequence[Step]) -> bool:
    """Whether the file was read between, with whatever tool; a tool that reads needs no other look."""
    if failed.tool.lower() in _READING:
        return True
    name = PurePosixPath(failed.file).name
    return any(
        not step.failed and (step.file == failed.file or name in step.command)
        for step in later
        if step.position < attempt.position
    )


def _at_once(failed: Step, attempt: Step, attempts: Sequence[Step], later: Sequence[Step]) -> bool:
    """Whether nothing but attempts and thoughts stands between: the same call after an edit is another trial."""
    between = [step for step in later if failed.position < step.position < attempt.position]
    return all(step in attempts or step.tool.lower() in _THINKING for step in between)


def _other_way(failed: Step, later: Sequence[Step], attempts: Sequence[Step]) -> Step | None:
    """The first command after the last attempt that does something rather than look, and is told by its shape.

    What the failed line ran already is the rest of it and no other way; a script that an interpreter is given on the line
    (`python -c "`) has no shape.
    """
    ran = {one.verb for one in simple_commands(failed.command)}
    aside = LOOKING | INTERPRETERS | (set[str]() if failed.program == "git" else _KEEPING)
    after = max((step.position for step in attempts), default=-1)
    return next(
        (
            step
            for step in later[:4]
            if step.position > after
            and step.command
            and not step.refused
            and step.program not in aside
            and _CUT_OFF.search(shape(step.command) or "-c") is None
            and not ran & {one.verb for one in simple_commands(step.command)}
        ),
        None,
    )


def _other_tool(failed: Step, later: Sequence[Step], attempts: Sequence[Step]) -> Step | None:
    """The first call of another tool, right after the last attempt, that did what one of a client's own tools failed to do.

    It did so if it names what was looked for, and succeeded.
    """
    if failed.command or failed.tool.lower() not in _SERVED:
        return None
    wanted = {
        part
        for value in failed.given.values()
        if isinstance(value, str) and len(value) < _GIVEN_CHARACTERS
        for part in (value, *_SPLIT.split(value))
        if len(part) >= _TELLING_CHARACTERS
    }
    after = max((step.position for step in attempts), default=failed.position)
    for step in later:
        if after < step.position <= after + near_steps and step.tool != failed.tool and not step.refused:
            said = step.command or " ".join(str(value) for value in step.given.values())
            if any(part in said for part in wanted):
                return step if _succeeded(failed, step) else None
    return None


def _told_tool(step: Step) -> str:
    return (
        f"use `{step.program.split()[0]}` in the shell instead"
        if step.command and step.program
        else f"use `{step.tool}` instead"
    )


def _things(commands: Iterable[Simple]) -> set[str]:
    """What simple commands are about: their words, of paths the last part."""
    words = {word.strip("'\"").rstrip("/").rsplit("/", 1)[-1] for one in commands for word in one.others}
    return {word for word in words if len(word) > 1 and not word.isdigit() and not word.startswith((">", "2>"))}


def shape(command: str) -> str:
    """A command with its particulars masked, as what sessions have in common; "" for one too long to be a habit."""
    line = " ".join(command.split("\n", 1)[0].split())
    if not line or len(line) > 160:
        return ""
    _, masked = mask(line)
    return " ".join(_MASK.sub("…", word) for word in masked)


def alike(failed: Step, later: Step) -> bool:
    """Whether a later call is another attempt at what a failed one was for."""
    if failed.tool != later.tool:
        return False
    if failed.command or later.command:
        a, b = _words(failed.command), _words(later.command)
        if not a or not b or _does_something_else(failed, later):
            return False
        return len(a & b) / len(a | b) >= 0.34 or (failed.program == later.program and len(a & b) >= 2)
    if failed.file or later.file:
        one, other = PurePosixPath(failed.file), PurePosixPath(later.file)
        return one.name == other.name or (one.parent == other.parent and one.stem == other.stem)
    keys = {*failed.given, *later.given}
    equal = sum(failed.given.get(key) == later.given.get(key) for key in keys)
    if 3 * equal >= len(keys):
        return True
    return later.position - failed.position <= near_steps


def _does_something_else(failed: Step, later: Step) -> bool:
    """Whether the same program is asked for another of the things that it does: `helm rollback` is no second `helm upgrade`."""
    tasks = [set(_TASKS.findall(step.command[:1000])) for step in (failed, later)]
    if all(tasks) and not tasks[0] & tasks[1]:
        return True
    if failed.program != later.program or failed.program not in SUBCOMMANDS:
        return False
    lines = (_BIN.sub("", step.command) for step in (failed, later))
    one, other = ({each.verb for each in simple_commands(line)} for line in lines)
    return bool(one) and bool(other) and not one & other


def _words(command: str) -> frozenset[str]:
    return frozenset(
        word
        for word in _SPLIT.split(_SETS_PATH.sub("", command[:1000]))
        if word and word != "cd" and not word.startswith("2>")
    )


@dataclass(frozen=True, slots=True)
class Tally:
    """How often one thing was tried and worked, over sessions."""

    label: str
    way: Way
    tried: int
    worked: int
    evidence: Sequence[tuple[str, Evidence]]
    """Session and quote of successes first."""

    @property
    def floor(self) -> float:
        """The lower end of Wilson's 90 % interval of the success rate: few trials count for less than many."""
        z = 1.645
        n = self.tried
        share = self.worked / n
        return (share + z * z / (2 * n) - z * sqrt(share * (1 - share) / n + z * z / (4 * n * n))) / (1 + z * z / n)


def tallies(
    trials: Iterable[tuple[str, Trial, Evidence | None]], done: Mapping[str, frozenset[str]], sessions: int
) -> list[Tally]:
    """Trials of one error, added up by label; best first: what worked most surely, a changed attempt before another step.

    Args:
        trials: (session, trial, quote of the step), in order of time within a session.
        done: shape of a command → sessions that ran it at all.
        sessions: how many there are in all.
    """
    first: dict[tuple[str, str], tuple[Trial, Evidence | None]] = {}
    met: set[str] = set()
    for session, trial, quote in trials:
        met.add(session)
        first.setdefault((trial.label, session), (trial, quote))
    labels: dict[str, list[tuple[str, Trial, Evidence | None]]] = {}
    for (label, session), (trial, quote) in sorted(first.items(), key=lambda item: item[0]):
        labels.setdefault(label, []).append((session, trial, quote))
    result: list[Tally] = []
    for label, rows in labels.items():
        trial = rows[0][1]
        ran = done.get(shape(trial.step.command), frozenset())
        if trial.way in ("instead", "next") and _is_habit(len(rows), met, ran, sessions):
            continue
        if trial.way == "next" and not (len(rows) >= next_sessions_min and 2 * len(rows) >= len(met)):
            continue
        rows.sort(key=lambda row: (not row[1].worked, row[0]))
        result.append(
            Tally(
                label=label,
                way=trial.way,
                tried=len(rows),
                worked=sum(row[1].worked for row in rows),
                evidence=[(session, quote) for session, _, quote in rows if quote is not None],
            )
        )
    return sorted(
        result,
        key=lambda tally: (
            -tally.floor - _PREFERRED[tally.way],
            tally.label.count(", "),
            -len(tally.label),
            tally.label,
        ),
    )


def _is_habit(tried: int, met: set[str], done: frozenset[str], sessions: int) -> bool:
    others = sessions - len(met)
    return others > 0 and len(done - met) / others > 0.5 * tried / len(met)


_PREFERRED = {"change": 0.1, "kind": 0.07, "first": 0.0, "instead": 0.05, "next": 0.0}
