"""The lines that begin a message in a thread saved as text: who, when, and what.

`[2026-11-03 14:02] ada: …`, `14:02 <ada> …`, `2026-11-03T14:02:11Z <bot> …`, `**ada** (14:02 CET): …`, `### ada — 14:02`,
`| 14:02 | ada | … |`, a name and a time alone on a line. A bare name (`14:02 ada …`, `ada: …`) is one only where the thread
shows elsewhere that somebody is called so.
"""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from dreamfs_server.transcripts.clock import CLOCK, ZONE, zone_of

_MONTH = r"(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]*\.?"
_DAY = rf"(?:\d{{4}}[-/]\d\d[-/]\d\d|\d{{1,2}}[./]\d{{1,2}}[./]\d{{2,4}}|{_MONTH} \d{{1,2}},? \d{{4}}|\d{{1,2}} {_MONTH},? \d{{4}})"
_TIME = rf"(?:{_DAY}(?:[T ]|, | at )?\s?)?{CLOCK}(?:\s?\(?(?:{ZONE})\)?)?"
_NAME = (
    r"@?[^\W\d_][\w.'’-]{0,30}(?: [^\W\d_a-z][\w.'’-]{0,30}){0,2}(?: ?[(\[](?:bot|app|BOT|APP)[)\]]| (?:APP|BOT)\b)?"
)
_LEAD = r"^ {0,3}(?:[-*+•] {1,3}|#{1,6} {1,3}|\| {0,3})?"
_TIMED = re.compile(
    rf"{_LEAD}[\[(`*]{{0,4}}(?P<at>{_TIME})[\])`*,]{{0,4}}(?=[\s|—–:<\[-]|$)\s{{0,3}}(?:[|—–·:-]{{1,2}}\s{{0,3}})?(?P<after>.*)$"
)
_WHO = (
    re.compile(r"^[`*]{0,2}<@?(?P<who>[^<>\n]{1,40})>[`*]{0,2}:?\s*(?P<rest>.*)$"),
    re.compile(rf"^\[(?P<who>{_NAME})\]:?\s+(?P<rest>.*)$"),
    re.compile(rf"^\*\*(?P<who>{_NAME}):?\*\*:?(?:\s|$)\s*(?P<rest>.*)$"),
    re.compile(rf"^(?P<who>{_NAME})\s?(?::|>|\||—|–)(?:\s|$)\s*(?P<rest>.*)$"),
)
_NAMED_FIRST = re.compile(
    rf"{_LEAD}[*_]{{0,2}}(?P<who>{_NAME})[*_]{{0,2}}:?[\s,|—–·@-]{{0,4}}\s?[\[(]?(?P<at>{_TIME})[\])]?\*{{0,2}}\s?(?::\s*(?P<rest>.*)|$)"
)
_BARE = re.compile(r"^[*_]{0,2}(?P<who>@?[\w.'’-]{1,30})[*_]{0,2}:?[*_]{0,2}\s+(?P<rest>\S.*)$")
_COLON = re.compile(rf"^[*_]{{0,2}}(?P<who>{_NAME})[*_]{{0,2}}:[*_]{{0,2}}(?:\s+|$)(?P<rest>.*)$")
_LABELS = frozenset(
    ["impact", "note", "notes", "summary", "severity", "status", "owner", "owners", "resolution", "resolved", "cause", "root", "trigger", "detection", "detected", "mitigation", "mitigated", "timeline", "action", "actions", "todo", "date", "time", "times", "start", "started", "end", "ended", "duration", "from", "to", "cc", "subject", "sent", "title", "service", "services", "environment", "env", "tags", "update", "updates", "updated", "created", "error", "errors", "warning", "warn", "info", "debug", "fatal", "critical", "notice", "lessons", "follow-up", "followup", "followups", "next", "question", "answer", "q", "a", "re", "fwd", "http", "https", "affected", "symptoms", "symptom", "fix", "context", "background", "description", "details", "priority", "version", "link", "links", "see", "also", "incident", "alert", "host", "region", "key", "value", "done", "at", "on", "the", "deployed", "deploy", "opened", "closed", "yes", "no", "ok", "okay", "tldr", "edit", "ps", "hint", "tip", "example", "output", "input", "command", "result", "results"]
)  # fmt: skip
_NAMES_ONCE_MIN = 2


@dataclass(frozen=True, slots=True)
class Opening:
    """The beginning of a message."""

    at: str
    who: str
    """"" for an entry that has a time and no name."""
    rest: str


def opening(line: str, known: frozenset[str] = frozenset()) -> Opening | None:
    """Whether a line begins a message; `known` are names, in lower case."""
    if len(line) > 20_000:
        return None
    found = _TIMED.match(line)
    if found:
        at, after = _zoned(found["at"], found["after"])
        if line.lstrip().startswith("|"):
            after = after.rstrip().removesuffix("|").rstrip()
        for pattern in _WHO:
            who = pattern.match(after)
            if who and _is_name(who["who"]):
                return Opening(at, who["who"], who["rest"])
        bare = _BARE.match(after)
        if bare and bare["who"].strip("@").lower() in known:
            return Opening(at, bare["who"], bare["rest"])
        return Opening(at, "", after)
    found = _NAMED_FIRST.match(line)
    if found and _is_name(found["who"]):
        return Opening(found["at"], found["who"], found["rest"] or "")
    found = _COLON.match(line)
    if found and found["who"].strip("@").lower() in known:
        return Opening("", found["who"], found["rest"])
    return None


def names_in(lines: Sequence[str], listed: Sequence[str] = ()) -> frozenset[str]:
    """Who speaks in a thread, in lower case.

    Those listed, those who stand between a time and a mark, and words that stand in a name's place again and again.
    """
    sure = {name.strip("@ ").lower() for name in listed}
    bare: Counter[str] = Counter()
    colon: Counter[str] = Counter()
    for line in lines:
        opened = opening(line)
        if opened and opened.who:
            sure.add(opened.who.strip("@").lower())
        elif opened and (found := _BARE.match(opened.rest)):
            bare[found["who"].strip("@")] += 1
        elif (found := _COLON.match(line)) and _is_name(found["who"]):
            colon[found["who"].strip("@")] += 1
    often = {name for name, count in bare.items() if count >= _NAMES_ONCE_MIN and name.islower() and _is_name(name)}
    # `Impact:` stands once, a speaker again and again, and seldom alone.
    speaking = {name for name, count in colon.items() if count >= _NAMES_ONCE_MIN}
    return frozenset(
        sure | {n.lower() for n in often} | ({n.lower() for n in speaking} if len(speaking) > 1 else set())
    )


def _is_name(who: str) -> bool:
    words = who.strip("@*").lower().split()
    return bool(words) and not any(word.strip("'s") in _LABELS for word in words[:1]) and zone_of(who) is None


def _zoned(at: str, after: str) -> tuple[str, str]:
    """A word in capitals after a time is its zone only if there is such a zone."""
    found = re.search(r"\s\(?([A-Z]{2,4})\)?$", at)
    if found and found[1] not in {"AM", "PM"} and zone_of(found[1]) is None:
        return at[: found.start()], f"{found[1]} {after}"
    return at, after
