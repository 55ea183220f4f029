"""Commands that memories recommend, and whether newer sessions saw them work.

Only what is mechanical is checked: a command in code quotes that sessions ran, word for word, after the memory was last
written. Where it worked it is confirmed, with the day; where it failed every time it is contradicted.
"""

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from dreamfs_server.dream.evidence.steps import Step
from dreamfs_server.dream.evidence.support import Place, spread, support, told
from dreamfs_server.dream.material import Gathered, Memory, cite, cite_memory
from dreamfs_tools.dreaming import Card, Claim, Evidence

sessions_min = 3
_CODE = re.compile(r"`([^`\n]{5,160})`")
_COMMAND = re.compile(r"^(?:\./|[a-z][\w.-]*\s)")


@dataclass(slots=True)
class Check:
    """What became of one recommended command."""

    memory: Memory
    start: int
    end: int
    worked: dict[Place, Evidence] = field(default_factory=dict[Place, Evidence])
    failed: dict[Place, Evidence] = field(default_factory=dict[Place, Evidence])
    last: datetime | None = None


def checks(memories: Sequence[Memory]) -> dict[str, list[Check]]:
    """Command → where memories recommend it."""
    result: dict[str, list[Check]] = defaultdict(list)
    for memory in memories:
        if "/archive/" in memory.path or memory.by_dream:
            continue
        for found in _CODE.finditer(memory.text):
            if _COMMAND.match(found.group(1)) and " " in found.group(1).strip():
                result[" ".join(found.group(1).split())].append(Check(memory, found.start(), found.end()))
    return result


def observe(wanted: Mapping[str, list[Check]], gathered: Gathered, place: Place, all_steps: Sequence[Step]) -> None:
    """Note what a session's steps say about recommended commands."""
    if not wanted:
        return
    for step in all_steps:
        if not step.command or step.call is None or step.result is None or step.refused:
            continue
        command = " ".join(step.command.split())
        for check in wanted.get(command, ()):
            at = step.result.at
            if at is None or (check.memory.revised_at is not None and at <= check.memory.revised_at):
                continue
            span = step.call.text.find(step.command[:60])
            quote = cite(gathered.session.session_id, step.call, max(span, 0), max(span, 0) + len(step.command))
            if quote.quote:
                (check.failed if step.failed else check.worked).setdefault(place, quote)
                check.last = max(check.last, at) if check.last else at


def fact_cards(wanted: Mapping[str, list[Check]], copies: frozenset[str] = frozenset()) -> list[Card]:
    """Confirmed and contradicted commands with at least `sessions_min` sessions that ran them, none of them a copy."""
    cards: list[Card] = []
    for command, places in sorted(wanted.items()):
        for check in places:
            for verdicts in (check.worked, check.failed):
                for place in [place for place in verdicts if place.session_id in copies]:
                    del verdicts[place]
            ran = support({*check.worked, *check.failed}).sessions
            if ran < sessions_min or check.last is None or (check.worked and check.failed):
                continue
            holds = bool(check.worked)
            seen = check.worked if holds else check.failed
            verdict = "worked" if holds else "failed"
            text = f"`{command}` of `{check.memory.path}` {verdict} every time since it was written: {told(support(seen))}, last on {check.last:%Y-%m-%d}."
            evidence = [cite_memory(check.memory, check.start, check.end), *(seen[p] for p in spread(seen, 5))]
            cards.append(
                Card(
                    number=0,
                    miner="facts",
                    title=f"{'Confirmed' if holds else 'Contradicted'}: {command} in {check.memory.path}",
                    body=text,
                    claims=[Claim(text, "observed", evidence, support(seen))],
                    weight=1.0 if holds else 1.0 + ran,
                    data={
                        "holds": holds,
                        "path": check.memory.path,
                        "span": (check.start, check.end),
                        "last": check.last,
                        "sessions": ran,
                    },
                )
            )
    return cards
