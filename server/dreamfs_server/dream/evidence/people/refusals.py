"""What people did not permit in one session, what they said to it, and what they let through.

A person who refuses a call in Claude Code leaves a result that begins with words of the client's, in some versions with the person's
own behind them; else these are the next message. What settings, hooks or the client itself refused begins otherwise and was put to
nobody. Nor is every such result a refusal of its call:

- who interrupts the agent leaves the same words behind on calls that were about to run, or had begun to (`client_notes.py`). So
  tools count for nothing about which nobody is asked, nor does what was refused within a second, or while nobody was asked;
- of calls that were open together, all are refused with the one that was: they count once, as that which has words, else as what all
  of them are, and not at all where they differ;
- a plan that nobody answered was mostly accepted, and carried out in another session.

Only sessions are looked at in which a person refused something or was shown a plan, or whose client noted a mode in which people are asked.
"""

import re
from bisect import bisect_right
from collections.abc import Container, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from posixpath import splitext

from dreamfs_server.dream.evidence.client_notes import ASKS_NOBODY, EDITS_FREELY, began, mode_at, modes
from dreamfs_server.dream.evidence.errors.command_changes import SUBCOMMANDS
from dreamfs_server.dream.evidence.orders import addresses_agents
from dreamfs_server.dream.evidence.people.agreement import Asked, asked
from dreamfs_server.dream.evidence.people.ways import asks_or_is_of_one_case, says_how
from dreamfs_server.dream.evidence.places.whereabouts import joined
from dreamfs_server.dream.evidence.said import is_a_clients, own_sentences
from dreamfs_server.dream.evidence.steps import Step, first_line_span
from dreamfs_server.dream.evidence.support import Place
from dreamfs_server.dream.evidence.work.command_names import each_name
from dreamfs_server.dream.material import Gathered, cite
from dreamfs_tools.dreaming import Evidence
from dreamfs_tools.transcript import Event

PLAN = "ExitPlanMode"
"""The tool that puts a plan to a person; they are asked in every mode."""
CHANGES_FILES = frozenset(("Write", "Edit", "MultiEdit", "NotebookEdit"))
decided_seconds_min = 1.0
"""Nobody reads what is asked and refuses it in less."""
words_characters_max = 160
words_min = 3
messages_looked_at_max = 12
_NEVER_ASKED = frozenset(
    (
        *("Read", "Glob", "Grep", "LS", "NotebookRead", "TodoWrite", "TodoRead", "ToolSearch", "AskUserQuestion", "Agent", "Task"),
        *("TaskOutput", "TaskCreate", "TaskUpdate", "TaskList", "TaskGet", "TaskStop", "BashOutput", "KillShell", "KillBash"),
        *("AgentOutputTool", "Skill", "SlashCommand", "EnterPlanMode", "SendMessage"),
    )
)  # fmt: skip
"""What runs without asking, unless outside the project, or long enough to be interrupted; a question that was left is no call refused."""
_REFUSED = re.compile(
    r"(?:The user doesn't want to proceed with this tool use|Permission for this tool use was denied)\. The tool use was rejected\b"
)
_THEIR_WORDS = re.compile(
    r"[^\n]{0,300}?(?:the user said:|The user said:|The user provided the following reason for the rejection:)\s*"
    r"(.+?)\s*(?:\n\nNote: The user's next message|\Z)",
    re.DOTALL,
)
_RAN = re.compile(r"Exit code|Error|Command|\[?Request interrupted")
"""How the result of a call begins that ran, and failed or was interrupted; else settings, a hook or the client came before it."""
_TELLING = re.compile(r'"(?:command|file_path|plan)": "((?:[^"\\]|\\.)+)"')
_LOOKS = re.compile(
    r"(?:Get|Select|Where|ForEach|Format|Test|Measure|Sort|Out|Join|Split|Resolve|Compare|ConvertTo|ConvertFrom)-[A-Z]|(?:Write-(?:Host|Output)"
    r"|Start-Sleep|Push-Location|Pop-Location|Set-Location|dir|where|where\.exe|code|open|findstr|more)$"
)
"""Commands that look, of other shells than `LOOKING` knows."""


@dataclass(frozen=True, slots=True)
class Call:
    """One call that people could have refused."""

    key: str
    """The same call copied into another session has the same key."""
    kinds: frozenset[str]
    """What it is: its tool, with the ending of its file; or its commands, and their programs as `git …`."""
    path: str = ""
    """The file that it changes."""


@dataclass(frozen=True, slots=True)
class Words:
    """A sentence that a person said to a refusal."""

    text: str
    asked: Asked
    quote: Evidence
    with_it: bool
    """They were given with the refusal; else they are of the next message."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """One refusal."""

    place: Place
    at: datetime | None
    call: Call
    words: Sequence[Words]
    quotes: Sequence[Evidence]
    """The call, and the refusal."""


@dataclass(frozen=True, slots=True)
class Decided:
    """What people decided in one session."""

    place: Place
    refused: Sequence[Refusal]
    let_through: Sequence[Call]


def refused_with(event: Event) -> tuple[int, int] | None:
    """Where in a refusal the person's own words stand; None for all else. Another's server could pose as the client."""
    if not event.is_error or event.tool.startswith("mcp__") or not _REFUSED.match(event.text):
        return None
    found = _THEIR_WORDS.match(event.text)
    return found.span(1) if found is not None else None


def decided(gathered: Gathered, place: Place, all_steps: Sequence[Step]) -> Decided | None:
    """What people decided in one session; None where nothing shows that anybody was asked."""
    noted = modes(gathered.events)
    ends = [step for step in all_steps if _is_refused(step)]
    if not ends and all(mode in ASKS_NOBODY for _, mode in noted) and all(step.tool != PLAN for step in all_steps):
        return None
    running = began(gathered.events) if ends else {}
    refused: list[Refusal] = []
    for stroke in _strokes(ends):
        one = _refusal(gathered, place, [step for step in stroke if _by_choice(step, running, noted)])
        if one is not None:
            refused.append(one)
    put = [step for step in all_steps if _was_let_through(step) and _was_asked(step, noted, surely=not ends)]
    let_through = [call for step in put if (call := _call(place, step)).kinds]
    return Decided(place, refused, let_through) if refused or let_through else None


def _is_refused(step: Step) -> bool:
    return step.call is not None and step.result is not None and _refusal_span(step.result) is not None


def _refusal_span(event: Event) -> tuple[int, int] | None:
    found = _REFUSED.match(event.text) if event.is_error else None
    return found.span() if found is not None else None


def _was_let_through(step: Step) -> bool:
    """Whether a call ran, though it may have failed or been interrupted."""
    if step.call is None or step.result is None or _is_refused(step):
        return False
    return _RAN.match(step.result.text) is not None or not (step.refused or step.failed)


def _by_choice(step: Step, running: Container[str], noted: Sequence[tuple[int, str]]) -> bool:
    """Whether a call that did not run was put to somebody who took the time to look at it."""
    call, answer = step.call, step.result
    if call is None or answer is None or call.call_id in running:
        return False
    if call.at is not None and answer.at is not None and (answer.at - call.at).total_seconds() < decided_seconds_min:
        return False
    return step.tool == PLAN or mode_at(noted, call.n) not in ASKS_NOBODY


def _was_asked(step: Step, noted: Sequence[tuple[int, str]], *, surely: bool) -> bool:
    """Whether people are asked about such a call; `surely` wants a mode that says so."""
    mode = mode_at(noted, step.call.n) if step.call is not None else ""
    if step.tool == PLAN or not mode:
        return step.tool == PLAN or not surely
    return mode not in ASKS_NOBODY and not (mode == EDITS_FREELY and step.tool in CHANGES_FILES)


def _strokes(ends: Sequence[Step]) -> list[list[Step]]:
    """Refused calls by what refused them: each was open when the first of its stroke came back."""
    result: list[list[Step]] = []
    closed = 0
    for step in ends:
        if result and step.call is not None and step.call.n < closed:
            result[-1].append(step)
        else:
            result.append([step])
            closed = step.result.n if step.result is not None else 0
    return result


def _refusal(gathered: Gathered, place: Place, stroke: Sequence[Step]) -> Refusal | None:
    """What one refusal is of; None where that cannot be told."""
    with_words = [step for step in stroke if step.result is not None and refused_with(step.result)]
    told = with_words or [step for step in stroke if _kinds(step)]
    kinds = frozenset[str].intersection(*map(_kinds, told)) if told else frozenset[str]()
    if not kinds or told[0].call is None or told[0].result is None:
        return None
    step, call, answer = told[0], told[0].call, told[0].result
    message = None if with_words else _next_message(gathered.events, answer)
    if step.tool == PLAN and message is None and not with_words:
        return None
    session_id = gathered.session.session_id
    spans = ((call, _telling_span(call)), (answer, _refusal_span(answer) or (0, 0)))
    quotes = [cite(session_id, event, *span) for event, span in spans]
    return Refusal(
        place,
        answer.at,
        replace(_call(place, step), kinds=kinds),
        _words(session_id, answer, message),
        [quote for quote in quotes if quote.quote],
    )


def _words(session_id: str, answer: Event, message: Event | None) -> list[Words]:
    """The sentences worth repeating; of the next message only those that say how to work."""
    span = refused_with(answer)
    event, start = (answer, span[0]) if span else (message, 0)
    if event is None:
        return []
    text = event.text[span[0] : span[1]] if span else event.text
    if addresses_agents(text, by_its_person=True):
        return []
    found: list[Words] = []
    for first, end, sentence in own_sentences(text):
        if len(sentence) > words_characters_max or len(sentence.split()) < words_min or sentence.startswith(("/", "<")):
            continue
        if not (says_how(sentence) or (span and not asks_or_is_of_one_case(sentence))):
            continue
        quote = cite(session_id, event, start + first, start + end)
        if quote.quote:
            found.append(Words(sentence, asked(sentence), quote, span is not None))
    return found


def _next_message(events: Sequence[Event], answer: Event) -> Event | None:
    """What a person said next, before the agent did anything else."""
    at = bisect_right(events, answer.n, key=lambda event: event.n)
    said = (event for event in events[at:] if event.origin != "self" and event.kind != "meta")
    for event, _ in zip(said, range(messages_looked_at_max), strict=False):
        if event.role == "assistant":
            return None
        if event.role == "user" and event.kind == "text" and not is_a_clients(event.text):
            return event
    return None


def _call(place: Place, step: Step) -> Call:
    event = step.call or step.result
    at = event.at.isoformat() if event is not None and event.at is not None else place.session_id
    key = f"{at} {event.call_id or event.n}" if event is not None else ""
    path = (joined("", step.file) or "") if step.tool in CHANGES_FILES else ""
    return Call(key, _kinds(step), path)


def _kinds(step: Step) -> frozenset[str]:
    """What a call is, from the narrow to the broad; empty for what nobody is asked about."""
    if step.tool in _NEVER_ASKED:
        return frozenset()
    if step.tool in CHANGES_FILES:
        ending = splitext(step.file.replace("\\", "/"))[1]
        return frozenset((step.tool, f"{step.tool} *{ending}") if ending else (step.tool,))
    if not step.command:
        return frozenset((step.tool,))
    names = [name for name in each_name(step.command) if not _LOOKS.match(name)]
    return frozenset((*names, *(of_program(name) for name in names if of_program(name))))


def of_program(name: str) -> str:
    """All that a program with subcommands does, as `git …`; "" for others."""
    program, _, subcommand = name.partition(" ")
    return f"{program} …" if subcommand and program in SUBCOMMANDS else ""


def _telling_span(call: Event) -> tuple[int, int]:
    """What of a call says what it is: the command, the file, or its first line."""
    found = _TELLING.search(call.text)
    return found.span(1) if found is not None else first_line_span(call.text)
