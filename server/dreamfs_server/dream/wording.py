"""How added text reads: no relative dates, nothing of the replaced text lost in silence, no orders out of tool output.

All of it looks at plain text and knows nothing of stores.
"""

import re
from collections.abc import Iterable, Iterator, Sequence

from rapidfuzz import fuzz, process

from dreamfs_server.dream.evidence.guard import orders_agents
from dreamfs_server.dream.evidence.orders import addresses_agents
from dreamfs_tools.dreaming import Dropped
from dreamfs_tools.text import edits, ended_lines

_NUMBER_WORD = r"(?:\d+|a|an|one|two|three|four|five|six|seven|eight|nine|ten|few|a few|several|couple of|a couple of)"
_UNIT = r"(?:second|minute|hour|day|week|month|quarter|year|sprint)s?"
_DAY = r"(?:mon|tues|wednes|thurs|fri|satur|sun)day"
RELATIVE_DATE = re.compile(
    rf"\b(?:today|yesterday|tomorrow|tonight|recently|lately|just now|the other day|earlier today"
    rf"|{_NUMBER_WORD}\s+{_UNIT}\s+(?:ago|from now)"
    rf"|(?:last|past|previous|next|coming)\s+(?:night|weekend|{_UNIT}|{_DAY})(?<!s)"
    rf"|this\s+(?:morning|afternoon|evening|week|weekend|month|quarter|year|sprint|{_DAY}))\b",
    re.IGNORECASE,
)
_QUOTED = re.compile(r"`+[^`\n]*`+|\"[^\"\n]*\"|“[^”\n]*”|«[^»\n]*»")
_FENCE = re.compile(r"^\s{0,3}(```|~~~)")

NEGATION = re.compile(
    r"\b(?:not|never|no|none|nothing|without|cannot|nor|neither|n't|don't|doesn't|isn't|aren't|won't|can't|mustn't"
    r"|shouldn't|wasn't|weren't|didn't|avoid)\b",
    re.IGNORECASE,
)
# Every repetition ends at a character that it cannot hold itself, and a path begins where none goes on: linear time.
_HARD = re.compile(
    r"https?://[^\s<>\"'`)\]]+"  # addresses
    r"|(?<![\w/.@~-])~?/?(?:[\w.@-]+/)+[\w.@-]*"  # paths
    r"|(?<![\w-])--?[A-Za-z][\w-]*"  # flags
    r"|[$]?\d[\d.,:/×x-]*\d(?:\s?%|[A-Za-z]{1,4}\b)?|\d+(?:\s?%|[A-Za-z]{1,4}\b)?"  # numbers, dates, times, versions
    r"|(?<!\w)[A-Za-z_]\w*(?:[.:]{1,2}[A-Za-z_]\w*)+(?:\(\))?"  # dotted names
    r"|(?<!\w)(?:[A-Za-z]\w*_\w+|[a-z][a-z0-9]*[A-Z]\w*|[A-Z]{2,}[\w-]*)"  # snake_case, camelCase, CONSTANTS
)
_SIMILAR_PERCENT_MIN = 60

_ORDER = re.compile(
    r"ignore (?:all |any )?(?:the )?(?:previous|prior|above|other)\b|disregard (?:all|any|the|previous)|\bsystem prompt\b"
    r"|you are now\b|new instructions?\b|do not (?:tell|inform|mention|reveal|ask)\b|without (?:asking|telling|confirm)"
    r"|from now on\b|curl\b[^\n]*\|\s*(?:ba|z)?sh|wget\b[^\n]*\|\s*(?:ba|z)?sh|\bexfiltrat|rm -rf /"
    r"|(?:send|post|upload|forward|email)\b[^\n.]{0,60}\b(?:to|at) https?://|disable (?:the )?(?:review|check|guard|safety)",
    re.IGNORECASE,
)
_IMPERATIVE = re.compile(
    r"(?:^|[.;:!]\s+)(?:please\s+)?(?:always|never|must|run|execute|delete|remove|send|install|download|open|use|call|"
    r"approve|grant|disable|enable|skip|add|set)\b|\b(?:you|agents?|assistants?) (?:must|should|shall|need to|have to)\b",
    re.IGNORECASE,
)
COPIED_WORDS_MIN = 6


def added_lines(before: str, after: str) -> list[tuple[int, str]]:
    """The lines of `after` that `before` does not have, with their numbers from 1."""
    old, new = ended_lines(before), ended_lines(after)
    return [
        (number + 1, new[number].rstrip("\n"))
        for edit in edits(old, new)
        for number in range(edit.new_start, edit.new_end)
    ]


def removed_lines(before: str, after: str) -> list[str]:
    """The lines of `before` that `after` no longer has."""
    old, new = ended_lines(before), ended_lines(after)
    return [line.rstrip("\n") for edit in edits(old, new) for line in old[edit.old_start : edit.old_end]]


def prose(text: str) -> list[str]:
    """The lines of a text with code and quotes blanked out: fences, `code`, "quotes" and lines that begin with `>`."""
    shown: list[str] = []
    fence = ""
    for line in text.split("\n"):
        mark = _FENCE.match(line)
        if fence or mark or line.lstrip().startswith(">"):
            shown.append("")
            if mark and not fence:
                fence = mark[1]
            elif mark and mark[1] == fence:
                fence = ""
        else:
            shown.append(_QUOTED.sub(" ", line))
    return shown


def relative_dates(before: str, after: str) -> list[tuple[int, str]]:
    """The relative dates on added lines, outside code and quotes: (line, words)."""
    lines = prose(after)
    return [
        (number, found[0])
        for number, _ in added_lines(before, after)
        for found in RELATIVE_DATE.finditer(lines[number - 1])
    ]


def lost(removed: Sequence[str], kept: str, dropped: Sequence[Dropped]) -> list[str]:
    """What the removed lines said that neither the kept text nor `dropped` says: hard tokens and negations."""
    listed = "\n".join(drop.text for drop in dropped).casefold()
    present = set(hard_tokens(kept.split("\n")))
    tokens = [
        token
        for token in dict.fromkeys(hard_tokens(removed))
        if token not in present and not _contains(kept.casefold(), token) and not _contains(listed, token)
    ]
    said = [line for line in kept.split("\n") if line.strip()] + [drop.text for drop in dropped]
    return tokens + [line.strip() for line in removed if NEGATION.search(line) and not _still_negated(line, said)]


def hard_tokens(lines: Iterable[str]) -> Iterator[str]:
    """Numbers, dates, addresses, paths, flags and identifiers, without the words of relative dates."""
    for line in lines:
        for found in _HARD.finditer(RELATIVE_DATE.sub(" ", line)):
            token = found[0].strip(".,:;/-").casefold()
            if token and (len(token) > 1 or token.isdigit()):
                yield token


def orders(added: str, tool_output: Sequence[str]) -> list[str]:
    """What of added text reads as an order that came out of tool or web output.

    Two kinds: phrases that address an agent over its person's head, anywhere; and imperative lines, outside code and quotes,
    that repeat at least `COPIED_WORDS_MIN` words in a row of a cited tool result, or of what somebody in a thread says of agents.
    """
    runs = {run for output in tool_output for run in _runs(output)}
    copied = [
        line.strip()
        for line in prose(added)
        if any(run in runs for run in _runs(line))
        and (_IMPERATIVE.search(line.lstrip("-*•# 0123456789.")) or orders_agents(line))
    ]
    addressed = [line.strip() for line in added.split("\n") if addresses_agents(line, by_its_person=True)]
    return list(dict.fromkeys([*(match[0] for match in _ORDER.finditer(added)), *addressed, *copied]))


def _runs(text: str) -> Iterator[str]:
    words = re.findall(r"\w+", text.casefold())
    for start in range(len(words) - COPIED_WORDS_MIN + 1):
        yield " ".join(words[start : start + COPIED_WORDS_MIN])


def _contains(text: str, token: str) -> bool:
    return re.search(rf"(?<!\w){re.escape(token)}(?!\w)", text) is not None


def _still_negated(line: str, kept: Sequence[str]) -> bool:
    best = process.extractOne(line, kept, scorer=fuzz.token_set_ratio, score_cutoff=_SIMILAR_PERCENT_MIN)
    return best is not None and NEGATION.search(best[0]) is not None
