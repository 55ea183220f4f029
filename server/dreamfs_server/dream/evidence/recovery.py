"""What was done after a failed call, and whether the goal was then reached.

Two things are tried after an error: another step first (look, install, read), or the same call changed. Both are
labelled in a way that can be the same in another session, so that trials add up over sessions:

- *first*: the step right after the error, when it is not another attempt; it worked when an attempt succeeded soon after.
- *change*: what differs between the failed call and a later attempt (words of a command, arguments of a call); it worked
  when that very attempt succeeded.

Each session counts once for a label, at its first trial, so that a loop in one session does not speak for many.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from math import sqrt

from dreamfs_server.dream.evidence.steps import Step
from dreamfs_tools.dreaming import Evidence

steps_after_max = 12
"""How far after an error an attempt still counts as its consequence."""

_SPLIT = re.compile(r"[\s/=:,;'\"()|&<>]+")
_SUBCOMMANDS = frozenset(
    [
        "git",
        "npm",
        "npx",
        "yarn",
        "pnpm",
        "pip",
        "pip3",
        "uv",
        "cargo",
        "go",
        "docker",
        "kubectl",
        "helm",
        "terraform",
        "aws",
        "gcloud",
        "az",
        "poetry",
        "conda",
        "apt",
        "apt-get",
        "brew",
        "make",
    ]
)


@dataclass(frozen=True, slots=True)
class Trial:
    """One thing that was done after an error."""

    label: str
    """In words, the same in every session that did the same."""
    change: bool
    """A changed attempt, rather than another step first."""
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
            if not step.failed and not step.refused and step.result is not None:
                success = step
                break
    trials: list[Trial] = []
    if later and later[0] not in attempts and not later[0].refused and (label := _label_first(failed, later[0])):
        trials.append(Trial(label, change=False, worked=success is not None, step=success or later[0]))
    trials.extend(
        Trial(label, change=True, worked=attempt is success, step=attempt)
        for attempt in attempts
        if not attempt.refused and (label := _label_change(failed, attempt))
    )
    lost = success.position - failed.position if success is not None else 1 + len(attempts)
    return Episode(trials, success, lost, [step.position for step in attempts])


def alike(failed: Step, later: Step) -> bool:
    """Whether a later call is another attempt at what a failed one was for."""
    if failed.tool != later.tool:
        return False
    if failed.command or later.command:
        a, b = _words(failed.command), _words(later.command)
        if not a or not b:
            return False
        return len(a & b) / len(a | b) >= 0.34 or (failed.program == later.program and len(a & b) >= 2)
    if failed.file or later.file:
        return failed.file.rsplit("/", 1)[-1] == later.file.rsplit("/", 1)[-1]
    keys = {*failed.given, *later.given}
    return not keys or 3 * sum(failed.given.get(key) == later.given.get(key) for key in keys) >= len(keys)


def _words(command: str) -> frozenset[str]:
    return frozenset(
        word for word in _SPLIT.split(command[:1000]) if word and word != "cd" and not word.startswith("2>")
    )


def _label_first(failed: Step, step: Step) -> str:
    if step.command:
        words = step.program.split()
        if not words or len(words[0]) > 30 or not re.fullmatch(r"[\w.+-]+", words[0]):
            return ""
        program = words[0]
        if program in _SUBCOMMANDS:
            found = re.search(rf"\b{re.escape(program)}\s+([a-z][a-z-]+)", step.command)
            program = f"{program} {found.group(1)}" if found else program
        return f"run `{program}` first"
    if step.file and step.file == failed.file:
        return f"call `{step.tool}` on the same file first"
    return f"call `{step.tool}` first"


def _label_change(failed: Step, attempt: Step) -> str:
    if failed.command and attempt.command:
        return _command_change(failed.command, attempt.command)
    return _argument_change(failed.given, attempt.given)


def _command_change(before: str, after: str) -> str:
    a, b = before.split()[:80], after.split()[:80]
    if a == b:
        return "repeat it unchanged"
    matcher = SequenceMatcher(a=a, b=b, autojunk=False)
    parts: list[str] = []
    for tag, i, j, k, n in matcher.get_opcodes():
        if tag == "equal":
            continue
        old, new = a[i:j], b[k:n]
        if max(len(old), len(new)) > 4:
            return ""
        if len(old) == len(new) == 1:
            parts.append(_swap(old[0], new[0]))
        elif old and new:
            parts.append(f"write `{' '.join(new)}` for `{' '.join(old)}`")
        else:
            parts.append(f"add `{' '.join(new)}`" if new else f"leave out `{' '.join(old)}`")
    return ", ".join(sorted(set(parts))) if len(set(parts)) <= 2 else ""


def _swap(old: str, new: str) -> str:
    """A replaced word; of two paths only the folders that differ, so that it reads the same for every file below."""
    if "/" in old and "/" in new:
        a, b = old.split("/"), new.split("/")
        while len(a) > 1 and len(b) > 1 and a[-1] == b[-1]:
            a.pop()
            b.pop()
        old, new = "/".join(a) or "/", "/".join(b) or "/"
    return f"write `{new}` for `{old}`"


def _argument_change(before: Mapping[str, object], after: Mapping[str, object]) -> str:
    keys = sorted(key for key in {*before, *after} if before.get(key) != after.get(key))
    if not keys:
        return "repeat it unchanged"
    if len(keys) > 2:
        return ""
    added = [key for key in keys if key not in before]
    dropped = [key for key in keys if key not in after]
    changed = [key for key in keys if key in before and key in after]
    parts: list[str] = []
    if added:
        parts.append("give " + " and ".join(f"`{key}`" for key in added))
    if dropped:
        parts.append("leave out " + " and ".join(f"`{key}`" for key in dropped))
    for key in changed:
        old, new = before[key], after[key]
        if isinstance(old, str) and isinstance(new, str) and "/" in old and "/" in new and len(old) + len(new) < 300:
            parts.append(_swap(old, new) + f" in `{key}`")
        else:
            parts.append(f"change `{key}`")
    return ", ".join(parts)


@dataclass(frozen=True, slots=True)
class Tally:
    """How often one thing was tried and worked, over sessions."""

    label: str
    change: bool
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


def tallies(trials: Iterable[tuple[str, Trial, Evidence | None]]) -> list[Tally]:
    """Trials of one error, as (session, trial, quote of the step) in order of time within a session, added up by label.

    Best first: what worked most surely, a changed attempt before a mere first step.
    """
    first: dict[tuple[str, str], tuple[Trial, Evidence | None]] = {}
    for session, trial, quote in trials:
        first.setdefault((trial.label, session), (trial, quote))
    labels: dict[str, list[tuple[str, Trial, Evidence | None]]] = {}
    for (label, session), (trial, quote) in sorted(first.items(), key=lambda item: item[0]):
        labels.setdefault(label, []).append((session, trial, quote))
    result: list[Tally] = []
    for label, rows in labels.items():
        rows.sort(key=lambda row: (not row[1].worked, row[0]))
        result.append(
            Tally(
                label=label,
                change=rows[0][1].change,
                tried=len(rows),
                worked=sum(row[1].worked for row in rows),
                evidence=[(session, quote) for session, _, quote in rows if quote is not None],
            )
        )
    return sorted(result, key=lambda tally: (-tally.floor - 0.1 * tally.change, tally.label))
