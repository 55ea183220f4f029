"""What each tool call of a session gave back, in characters: the files that it read, the commands that it ran, and other tools.

A read is *again* where the session had been given all its lines before, each with its number, since it last edited the file itself and
since it was last summarised: so nothing in it was new. Where the client passed on a beginning only, or refused the whole as too
large, the answer was *cut*. That a client says "unchanged" instead of the file costs nothing and is no read.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from heapq import nsmallest
from typing import Literal
from zlib import crc32

from dreamfs_server.dream.evidence.places.visits import lines_of
from dreamfs_server.dream.evidence.places.whereabouts import joined
from dreamfs_server.dream.evidence.steps import Step, first_line_span, path_span
from dreamfs_server.dream.evidence.support import Place
from dreamfs_server.dream.evidence.work.command_names import names
from dreamfs_server.dream.evidence.work.forms import Form, form
from dreamfs_server.dream.material import Gathered, cite
from dreamfs_tools.dreaming import Evidence
from dreamfs_tools.transcript import Event

Kind = Literal["file", "command", "tool", ""]

telling_characters = 10_000
"""Smaller answers are counted; those of a narrower form of a command are quoted too."""
sample_lines = 16
all_lines_min = 2_000
"""A read that asks for so many lines from the first on asks for the whole."""
_READS = frozenset(("read", "view", "notebookread", "read_file"))
_EDITS = frozenset(("edit", "multiedit", "write", "notebookedit", "str_replace", "create", "insert"))
_RANGES = ("offset", "limit", "view_range", "start_line", "end_line", "pages")
_UNCHANGED = re.compile(r"^\W{0,3}(?:File unchanged since|Wasted call)")
_REFUSED = re.compile(r"exceeds maximum allowed (?:tokens|size)")
_SAVED = re.compile(r"^\W{0,3}(?:persisted-output>\s*)?Output too large \(")
_TRUNCATED = re.compile(r"\[[\d,]{1,12} (?:characters|lines) truncated\]")
_NUMBER = re.compile(r"(?m)^\s*\d+(?:→|\t)\s*")
_REMINDER = "<system-reminder>"
_BEGINNING = 300
_TELLING = 12
"""Characters of a line that may tell one file from others; a bracket does not."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What one call gave back."""

    place: Place
    key: tuple[str, str]
    """The same event copied into another session has the same key; "" when undated."""
    position: int
    kind: Kind
    """"" for what is only counted: edits, commands without a name, errors."""
    name: str
    """Of a file as the log has it, of a command without what makes its form, or of a tool."""
    characters: int
    failed: bool = False
    cut: bool = False
    part: bool = False
    """Of a file: a range of it was asked for."""
    again: bool = False
    form: Form | None = None
    """Of a command."""
    sample: frozenset[int] = frozenset()
    """Of a file read whole: sums of some of its lines, by which another version of it is known."""
    quotes: Sequence[Evidence] = ()
    lines: tuple[str, int, int] | None = None
    """Where the client says that it cut the answer."""


def answers(gathered: Gathered, place: Place, all_steps: Sequence[Step]) -> list[Answer]:
    """What the calls of one session gave back, in order."""
    session_id = gathered.session.session_id
    summaries = [event.n for event in gathered.events if event.kind == "summary" and event.origin != "self"]
    given: dict[str, set[str]] = {}
    result: list[Answer] = []
    for step in all_steps:
        if step.result is None or step.refused:
            continue
        while summaries and step.result.n > summaries[0]:
            del summaries[0]
            given.clear()
        if (path := _path(step)) and step.tool.lower() in _EDITS and not step.failed:
            given.pop(path, None)
        result.append(_answer(session_id, place, step, path, given))
    return result


def _path(step: Step) -> str:
    return (joined("", step.file) or "") if step.file and step.tool.lower() in _READS | _EDITS else ""


def _answer(session_id: str, place: Place, step: Step, path: str, given: dict[str, set[str]]) -> Answer:
    call, answer = step.call, step.result
    text = answer.text if answer is not None else ""
    key = (call.at.isoformat(), call.call_id or step.tool) if call is not None and call.at is not None else ("", "")
    counted = Answer(place, key, step.position, "", "", len(text), step.failed)
    if call is None or answer is None:
        return counted
    if _is_cut(step, text):
        counted = replace(counted, cut=True, lines=lines_of(session_id, answer))
    if step.command:
        return _of_command(counted, session_id, step, call)
    if step.failed and not counted.cut:
        return counted
    if path:
        return _of_read(counted, session_id, step, call, path, given) if step.tool.lower() in _READS else counted
    quotes = _quoted(session_id, call, first_line_span(call.text)) if _is_telling(counted) else ()
    return replace(counted, kind="tool", name=step.tool, quotes=quotes)


def _of_command(counted: Answer, session_id: str, step: Step, call: Event) -> Answer:
    named = names(step.command)
    found = form(step.command, named) if named.broad and step.given.get("run_in_background") is not True else None
    if found is None:
        return counted
    telling = _is_telling(counted) or found.label != found.command
    quotes = _quoted(session_id, call, first_line_span(call.text)) if telling else ()
    return replace(counted, kind="command", name=found.command, form=found, quotes=quotes)


def _of_read(
    counted: Answer, session_id: str, step: Step, call: Event, path: str, given: dict[str, set[str]]
) -> Answer:
    text = step.result.text if step.result is not None else ""
    if _UNCHANGED.match(text):
        return counted
    part, body = _is_part(step), text.rpartition(_REMINDER)[0] or text
    known = given.setdefault(path, set())
    again = False
    if not counted.cut:
        shown = set(body.split("\n"))
        again = bool(known) and shown <= known
        known |= shown
    telling = not part and _is_telling(counted)
    return replace(
        counted,
        kind="file",
        name=path,
        part=part,
        again=again,
        sample=_sample(body) if telling and not counted.cut else frozenset(),
        quotes=_quoted(session_id, call, path_span(call.text, step.file)) if telling else (),
    )


def _is_telling(counted: Answer) -> bool:
    return counted.cut or counted.characters >= telling_characters


def _is_cut(step: Step, text: str) -> bool:
    if _SAVED.match(text) or (step.failed and _REFUSED.search(text, 0, _BEGINNING)):
        return True
    return bool(step.command) and len(text) >= telling_characters and _TRUNCATED.search(text) is not None


def _is_part(step: Step) -> bool:
    asked = {key: step.given[key] for key in _RANGES if step.given.get(key)}
    first, limit = asked.get("offset", 0), asked.get("limit", all_lines_min)
    if asked.keys() <= {"offset", "limit"} and isinstance(first, int) and isinstance(limit, int):
        return first > 1 or limit < all_lines_min
    return bool(asked)


def _sample(text: str) -> frozenset[int]:
    """Of the sums of all lines that say something the least: two versions of one file have many of them in common."""
    lines = {line for line in _NUMBER.sub("", text).split("\n") if len(line) >= _TELLING}
    return frozenset(nsmallest(sample_lines, (crc32(line.encode(errors="replace")) for line in lines)))


def _quoted(session_id: str, call: Event, span: tuple[int, int]) -> Sequence[Evidence]:
    quote = cite(session_id, call, *span)
    return (quote,) if quote.quote else ()
