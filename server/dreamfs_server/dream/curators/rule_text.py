"""What a rule about a recurring error says, and whether that is news.

Whoever meets an error reads its message. A rule is worth a reader's time only for what the message does not say: a way out
that it does not name, that a second try is lost, or that no try ever worked. The sentences are ours; from transcripts come short
fragments in code quotes.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from dreamfs_server.dream.curators.wording import fragment, gives_away
from dreamfs_server.dream.evidence.chance import at_least
from dreamfs_server.dream.evidence.errors.client_phrases import NOT_PERMITTED
from dreamfs_server.dream.evidence.errors.errors import IN_ANY_WORDS, ONE_ERROR
from dreamfs_server.dream.evidence.errors.families import NO_MESSAGE
from dreamfs_server.dream.evidence.errors.labels import AGAIN, NO_GLOB, QUOTES, REPEAT, SLASHES, UNSEEN
from dreamfs_server.dream.evidence.errors.occurrence import Occurrence
from dreamfs_server.dream.evidence.errors.recovery import Tally
from dreamfs_server.dream.evidence.errors.templates import WILDCARD
from dreamfs_server.dream.evidence.guard import is_destructive, reads_as_order
from dreamfs_server.dream.evidence.support import told
from dreamfs_tools.dreaming import Card

floor_min = 0.3
"""Of the success rate's 90 % interval, below which what was done next is not recommended."""
tried_share_min = 1 / 3
"""Of the sessions with the error, that must have tried what is recommended, unless `worked_min` found it to work."""
worked_min = 3
passing_floor_min = 0.5
"""The same for repeating the very same call."""
dead_end_tried_min = 5
"""Sessions in which something has to fail each time for a rule to speak against it: what worked once may work again."""
repeats_in_vain_min, repeats_in_vain_share = 3, 0.25
"""Sessions that repeated the very same call, and how few of them it may have helped, for a rule to speak against it."""
swapped_share_min = 0.5
"""Of the sessions with the error, that must have replaced one value by another, or added it: else it was theirs alone."""
_SWAPPED = re.compile(r"write `[^`]*` for `|add `(?!-|[A-Z_]+=)")
outcome_p_max = 0.05
_IDEA: dict[str, str] = {"kind": "change"}
"""Ways that are one idea, told more or less particularly."""
_OF_A_FILE = frozenset(
    ("file not read, or changed since", "string to replace not found", "string to replace found several times")
)
"""Families in which it matters whether a file was looked at."""
_OF_WHAT_IS_ASKED = _OF_A_FILE | {
    "no such file or directory",
    "no file matches",
    "too much to read at once",
    "a directory, not a file",
    "wrong arguments of a tool",
}
"""Families in which the tool works and what it was asked for is wrong: another tool is no way out."""
_OF_THE_SHELL = frozenset(
    (
        "no file matches",
        "the shell cannot parse it",
        "no such file or directory",
        "command not found",
        "wrong option or usage",
    )
)
"""Families in which it matters what the shell made of a line."""
_ONLY_OF = {UNSEEN: _OF_A_FILE, NO_GLOB: _OF_THE_SHELL, QUOTES: _OF_THE_SHELL, SLASHES: _OF_THE_SHELL}
_SELF_EVIDENT = {
    "file not read, or changed since": "call `",
    "string to replace not found": "call `",
    "string to replace found several times": "give `",
    "too much to read at once": "give `",
    "a directory, not a file": "write `ls`",
    "nothing to change": "call `",
    "wrong arguments of a tool": "give `",
}
"""Ways out of the client's own errors about editing that every agent knows: what they begin with."""


@dataclass(frozen=True, slots=True)
class Said:
    """A rule in words."""

    title: str
    block: str


def said_of(card: Card) -> Said | None:
    """The rule of a card; None where nothing can be said that the error message does not say."""
    said = _answered(card)
    if not said:
        return None
    about: str = card.data["about"]
    tallies: list[Tally] = [
        tally
        for tally in card.data["tallies"]
        if _may_say(tally) and about != NOT_PERMITTED and about in _ONLY_OF.get(tally.label, (about,))
    ]
    good = next((tally for tally in tallies if tally.label not in AGAIN and _is_way_out(tally, card)), None)
    good = good or next((tally for tally in tallies if tally.label == REPEAT and _passes(tally, card)), None)
    bad = _dead_ends(t for t in tallies if t is not good)
    # That tries failed which had nothing in common says nothing of the next one.
    stuck: int = card.data["stuck"] if not card.data["in_any_words"] or about in ONE_ERROR else 0
    known = good is not None and _is_known(good, card)
    before: Mapping[str, Any] | None = card.data.get("before")
    if not (stuck or bad or before or (good is not None and not known)):
        return None
    lines = [f"- When {_where(card)} {said}:"]
    if good:
        lines.append(f"- Do: {good.label}. That worked in {good.worked} of {good.tried} sessions that tried it.")
    if before:
        lines.append(
            f"- It comes far more often where {before['condition']}: {before['failed_with']} of {before['calls_with']} such calls "
            f"failed so, {before['failed_without']} of {before['calls_without']} others (an association)."
        )
    if good and (also := _also(good, tallies)) is not None:
        lines.append(f"- Or: {also.label}; {also.worked} of {also.tried}.")
    if stuck:
        lines.append(f"- Do not try it again: no later attempt worked, in any of the {stuck} sessions that tried.")
    lines += [
        f"- Do not: {t.label}; that worked in {t.worked} of {t.tried}."
        for t in bad[:2]
        if not (stuck and t.label in AGAIN)
    ]
    lines += [_seen(card), *_since(card.data["occurrence"]), *_outcome(card.data["contrast"])]
    news = None if known else good
    advice = f"far more often where {before['condition']}" if before and not news else _advice(news, bad, stuck)
    return Said(f"{short(card).rstrip('.:')}: {advice}"[:255], "\n".join(lines))


def _answered(card: Card) -> str:
    signature: str = card.data["signature"]
    if signature.startswith((WILDCARD, NO_MESSAGE)):
        return ""  # different programs, with nothing in common
    if card.data["in_any_words"]:
        example = fragment(card.data["example"])
        return f"fails with *{short(card)}*{IN_ANY_WORDS}{f' (such as {example})' if example else ''}"
    said = fragment(signature)
    return f"answers {said}" if said else ""


def _is_way_out(tally: Tally, card: Card) -> bool:
    """Whether enough sessions found it to work for it to be about the error, and not about what else they did."""
    enough = tally.worked >= worked_min or (
        tally.worked >= 2 and tally.tried >= tried_share_min * card.claims[0].support.sessions
    )
    if tally.label.startswith("use `") and card.data["about"] in _OF_WHAT_IS_ASKED:
        return False
    if tally.label.startswith("write `") and tally.label.endswith("` there"):
        enough = enough and tally.tried >= tried_share_min * card.claims[0].support.sessions
    if _SWAPPED.match(tally.label):
        enough = enough and tally.tried >= swapped_share_min * card.claims[0].support.sessions
    if card.data["in_any_words"]:
        enough = tally.worked >= worked_min and tally.tried >= tried_share_min * card.claims[0].support.sessions
    return enough and tally.floor >= floor_min


def _passes(repeated: Tally, card: Card) -> bool:
    """Whether the very same call usually works the next time, so that nothing need be changed."""
    return repeated.worked >= worked_min and repeated.floor >= passing_floor_min and _is_way_out(repeated, card)


def _is_known(tally: Tally, card: Card) -> bool:
    """Whether the message itself names the way out, or everybody knows it."""
    if tally.label.startswith(_SELF_EVIDENT.get(card.data["about"], "\0")):
        return True
    named = re.findall(r"`([^`]+)`", tally.label)
    signature: str = card.data["signature"].lower()
    return bool(named) and all(re.search(rf"\b{re.escape(word.lower())}\b", signature) for word in named)


def _also(good: Tally, tallies: Sequence[Tally]) -> Tally | None:
    """Another way out, where the best one is not sure."""
    return next(
        (
            t
            for t in tallies
            if good.floor < 0.6
            and _IDEA.get(t.way, t.way) != _IDEA.get(good.way, good.way)
            and t.worked >= 3
            and t.floor >= 0.5
            and t is not good
            and t.label not in AGAIN
        ),
        None,
    )


def _dead_ends(tallies: Iterable[Tally]) -> list[Tally]:
    """What was tried in vain. A call repeated unchanged is also one without another look at the file: that is said once."""
    bad = [t for t in tallies if _is_in_vain(t)]
    again = [t for t in bad if t.label in AGAIN]
    if len(again) > 1:
        bad.remove(min(again, key=lambda t: (t.tried, t.label != UNSEEN)))
    return bad


def _is_in_vain(t: Tally) -> bool:
    if t.label in AGAIN:
        few = t.worked == 0 or (t.tried >= dead_end_tried_min and t.worked <= repeats_in_vain_share * t.tried)
        return t.tried >= repeats_in_vain_min and few
    # That one value was wrong says nothing of others.
    return t.tried >= dead_end_tried_min and t.worked == 0 and not t.label.startswith("write `")


def _advice(good: Tally | None, bad: Sequence[Tally], stuck: int) -> str:
    if good:
        return good.label
    if stuck:
        return "trying again never worked"
    return f"to {bad[0].label} worked in {bad[0].worked} of {bad[0].tried} sessions"


def _may_say(tally: Tally) -> bool:
    """Commands stand in code quotes; one that destroys or gives a secret away, or a quote that reads as an order, is not passed on."""
    quoted = re.findall(r"`([^`]*)`", tally.label)
    return (
        not is_destructive(tally.label)
        and not any(reads_as_order(f"{text} ") and len(text.split()) > 3 for text in quoted)
        and not any(gives_away(text) for text in quoted)
        and tally.label.count("`") % 2 == 0
    )


def _where(card: Card) -> str:
    named = [tool for tool in card.data["tools"] if tool != "tool"] or card.data["tools"]
    tools = " or ".join(f"`{tool}`" for tool in named[:3])
    programs = [p for p in card.data["programs"] if re.fullmatch(r"[\w.+-]{1,30}", p)]
    return f"{tools} (`{programs[0]}`)" if programs and len(programs) <= 2 else tools


def _seen(card: Card) -> str:
    """How often, and what it cost."""
    days: list[str] = card.data["days"]
    span = "undated" if not days else f"{days[0]} to {days[-1]}" if days[0] != days[-1] else days[0]
    found = card.claims[0]
    occurrence: Occurrence = card.data["occurrence"]
    share = f"; {found.support.sessions / occurrence.sessions:.0%} of all sessions" if occurrence.sessions > 1 else ""
    cost: float = card.data["cost_calls"]
    lost: float = card.data["lost"]
    return f"- Seen {found.statistics['count']} times in {told(found.support)} ({span}){share}{_mostly(card)}" + (
        f". {cost:.1f} calls lost each time, about {lost:.0f} in all." if cost >= 1.5 else "."
    )


def _mostly(card: Card) -> str:
    """Which program has it most, where the words are of many."""
    name, count = card.data["by_program"][0]
    several = card.data["in_any_words"] and len(card.data["by_program"]) > 1 and count >= 3
    return f"; most from `{name}` ({count})" if several and re.fullmatch(r"[\w.+-]{1,30}", name) else ""


def _since(occurrence: Occurrence) -> list[str]:
    lines: list[str] = []
    if occurrence.since:
        lines.append(
            f"- New since {occurrence.since}: none of the {occurrence.before} sessions before that day had it."
        )
    if occurrence.until:
        lines.append(f"- Perhaps over: none of the {occurrence.after} sessions after {occurrence.until} had it.")
    if occurrence.agents is not None:
        subs, all_subs, others, all_others = occurrence.agents
        lines.append(f"- Sub-agents have it more often: {subs} of {all_subs}, other sessions {others} of {all_others}.")
    return lines


def _outcome(contrast: dict[str, int]) -> list[str]:
    """How sessions with it ended, where that is worse than without it in the same tasks, and not by chance."""
    if not contrast or not contrast["same_tasks"]:
        return []
    failed = contrast["with"] - contrast["with_success"]
    failed_without = contrast["same_tasks"] - contrast["same_tasks_success"]
    if at_least(contrast["with"], failed, contrast["same_tasks"], failed_without) > outcome_p_max:
        return []
    line = (
        f"- It goes with failure: {failed} of {contrast['with']} sessions with it failed, {failed_without} of "
        f"{contrast['same_tasks']} without it in the same tasks."
    )
    return [line]


def short(card: Card) -> str:
    """The error in at most 80 characters."""
    signature = fragment(card.data["signature"].removesuffix(IN_ANY_WORDS)).strip("`").strip()
    return signature if len(signature) <= 80 else signature[:79] + "…"
