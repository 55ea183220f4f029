"""How long each shell command of a session ran, told apart from the time that a person took to permit it.

From the call to its result a log shows both. What is known of a command's own time, the surest first:

- The client noted while it ran for how long it had been running (`bash_progress`); so it began then, whenever it was asked for. In
  a session with such notes a command without one was through before the first would have been due.
- The client asked nobody: the last `permission-mode` it noted permits everything.
- Else only an upper bound is known. It is left out where it cannot be the command's own time: it is longer than the time limit,
  which did not strike, or far longer than what the output says; where other calls ran beside it; and where a person interrupted it.

A command hit a *time limit* where the result says so, or ends with the exit code of a stopped program once the limit was over, or where
the client moved it into the background then.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from dreamfs_server.dream.evidence.client_notes import ASKS_NOBODY, began, mode_at, modes
from dreamfs_server.dream.evidence.places.visits import lines_of
from dreamfs_server.dream.evidence.steps import Step, first_line_span
from dreamfs_server.dream.evidence.support import Place
from dreamfs_server.dream.evidence.work.command_names import Names, names
from dreamfs_server.dream.material import Gathered, cite
from dreamfs_tools.dreaming import Evidence
from dreamfs_tools.transcript import Event

NOTED_AFTER_SECONDS = 2.0
"""A client that notes progress does so from then on."""
default_limit_seconds: Mapping[str, float] = {"Bash": 120.0, "PowerShell": 120.0}
"""What these tools allow where the call says nothing."""
quoted_from_seconds = 5.0
"""Shorter runs are counted but not quoted."""
SLEEPS = re.compile(r"(?<![\w'\"-])(?:sleep|Start-Sleep)\s+(?:-\w+\s+)?(\d+(?:\.\d+)?)(m)?\b")
"""How a command line says that it waits, and how long."""
_GRACE_SECONDS = 5.0
_STATED_TIMES = 3.0
_STATED_SPARE_SECONDS = 20.0
_END_CHARACTERS = 4_000
_TAIL_CHARACTERS = 400
_STATED = re.compile(
    r"(?i)(?:\b(?:in|took|time:?|elapsed:?|duration:?|real)\s+|\t|\()(?:(\d{1,4})\s?m(?:in)?\s?)?(\d{1,6}(?:\.\d+)?) ?s(?:ec(?:onds?)?)?\b"
)
_TIMED_OUT = re.compile(r"(?i)\b(?:command )?timed out after \d|\btimeout of \d+ ?(?:ms|s)\b.{0,20}\bexceeded\b")
_STOPPED = re.compile(r"(?i)\bexit(?:ed with)? (?:code|status):? ?(?:143|124|137)\b|\bSIGTERM\b")
_MOVED = re.compile(r"(?i)^\W*command (?:is )?running in (?:the )?background\b|moved to (?:the )?background")
_INTERRUPTED = re.compile(r"\[interrupted\]|\[Request interrupted")
_COMMAND = re.compile(r'"(?:command|cmd|script|code)": "((?:[^"\\]|\\.)+)"')
_OWN_LIMIT = re.compile(r"(?:^|[;&|(\s])g?timeout\s+(?:-\S+\s+)*(\d+)(s|m)?\b")


@dataclass(frozen=True, slots=True)
class Wait:
    """One run of a shell command."""

    place: Place
    key: tuple[str, str]
    """The same event copied into another session has the same key."""
    position: int
    names: Names
    seconds: float
    sure: bool
    """It is the command's own time; else somebody may have been asked first."""
    limit: float
    """Seconds that it was allowed; 0 where unknown."""
    given: float
    """Of them, what the call gave itself; 0 where nothing."""
    cut: bool
    """The limit struck."""
    background: bool
    """It was started in the background, so that nobody waited."""
    finished: bool
    """It ended by itself, or was started in the background as asked."""
    quotes: Sequence[Evidence]
    """The call and a line of the result."""
    answer: tuple[str, int, int]
    """The lines of the result: its source, first and last line."""


def waits(gathered: Gathered, place: Place, all_steps: Sequence[Step]) -> list[Wait]:
    """The named shell commands of a session with their times, in order."""
    started, noted = began(gathered.events), modes(gathered.events)
    result: list[Wait] = []
    for step in all_steps:
        if step.refused or not step.command or step.call is None or step.result is None:
            continue
        if step.call.at is None or step.result.at is None or _INTERRUPTED.search(step.result.text, 0, 4_000):
            continue
        if SLEEPS.search(step.command):
            continue  # It waits by itself; what for is for `polling.py` to say.
        named = names(step.command)
        if named.broad and (one := _wait(gathered, place, all_steps, step, named, started, noted)) is not None:
            result.append(one)
    return result


def _wait(
    gathered: Gathered,
    place: Place,
    all_steps: Sequence[Step],
    step: Step,
    named: Names,
    started: Mapping[str, datetime],
    noted: Sequence[tuple[int, str]],
) -> Wait | None:
    call, answer = step.call, step.result
    if call is None or answer is None or call.at is None or answer.at is None:
        return None
    seconds = (answer.at - call.at).total_seconds()
    given = _seconds(step.given.get("timeout") or step.given.get("timeout_ms"))
    limit = given or _own_limit(step.command) or default_limit_seconds.get(step.tool, 0.0)
    background = step.given.get("run_in_background") is True
    sure = True
    if call.call_id in started:
        seconds = (answer.at - started[call.call_id]).total_seconds()
    elif started:
        seconds = min(seconds, NOTED_AFTER_SECONDS)
    else:
        sure = mode_at(noted, call.n) in ASKS_NOBODY
    cut = not background and _is_cut(answer.text, seconds, limit)
    if seconds < 0 or (not sure and not cut and not background and _is_doubtful(step, all_steps, seconds, limit)):
        return None
    return Wait(
        place=place,
        key=(call.at.isoformat(), named.narrow),
        position=step.position,
        names=named,
        seconds=seconds,
        sure=sure,
        limit=limit,
        given=given,
        cut=cut,
        background=background,
        finished=not cut and not (background and step.failed),
        quotes=_quotes(gathered.session.session_id, step) if cut or seconds >= quoted_from_seconds else (),
        answer=lines_of(gathered.session.session_id, answer),
    )


def _seconds(value: object) -> float:
    """A limit given in milliseconds, or by some tools in seconds."""
    if isinstance(value, bool) or not isinstance(value, int | float) or value <= 0:
        return 0.0
    return value / 1000 if value >= 1000 else float(value)


def _own_limit(command: str) -> float:
    found = _OWN_LIMIT.search(command[:500])
    return float(found[1]) * (60 if found[2] == "m" else 1) if found else 0.0


def _is_cut(text: str, seconds: float, limit: float) -> bool:
    over = limit > 0 and seconds >= 0.9 * limit
    for part in (text[:_TAIL_CHARACTERS], text[-_TAIL_CHARACTERS:]):
        if over and (_TIMED_OUT.search(part) or _STOPPED.search(part) or _MOVED.search(part)):
            return True
    return False


def _is_doubtful(step: Step, all_steps: Sequence[Step], seconds: float, limit: float) -> bool:
    """Whether the time from call to result cannot be the command's own."""
    call, answer = step.call, step.result
    if call is None or answer is None or (limit and seconds > limit + _GRACE_SECONDS):
        return True
    before, after = all_steps[max(step.position - 1, 0) : step.position], all_steps[step.position + 1 :][:1]
    if any(one.result is not None and one.result.n > call.n for one in before):
        return True
    if any(one.call is not None and one.call.n < answer.n for one in after):
        return True
    stated = [int(m or 0) * 60 + float(s) for m, s in _STATED.findall(answer.text[-_END_CHARACTERS:])]
    return bool(stated) and seconds > _STATED_TIMES * max(stated) + _STATED_SPARE_SECONDS


def _quotes(session_id: str, step: Step) -> Sequence[Evidence]:
    found = [cite(session_id, event, *span) for event, span in _spans(step)]
    return [quote for quote in found if quote.quote]


def _spans(step: Step) -> list[tuple[Event, tuple[int, int]]]:
    """The command where the call has it, and the line of the result that says how it ended: of a limit, else the last."""
    spans: list[tuple[Event, tuple[int, int]]] = []
    if step.call is not None:
        given = _COMMAND.search(step.call.text)
        spans.append((step.call, given.span(1) if given else first_line_span(step.call.text)))
    if step.result is not None and (text := step.result.text).strip():
        said = _TIMED_OUT.search(text, 0, _TAIL_CHARACTERS) or _STOPPED.search(text, 0, _TAIL_CHARACTERS)
        end = text.find("\n", said.end()) if said else len(text.rstrip())
        end = len(text) if end < 0 else end
        spans.append((step.result, (text.rfind("\n", 0, said.start() if said else end) + 1, end)))
    return spans
