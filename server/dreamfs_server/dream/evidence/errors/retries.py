"""Loops: the same call again and again, and what that cost.

A loop is one goal called at least `loop_calls_min` times close together, most of them failing, or the very same call with
the very same answer. Its cost is the calls after the first. Loops are counted per tool and goal over sessions.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from dreamfs_server.dream.evidence.errors.recovery import shape
from dreamfs_server.dream.evidence.steps import Step, first_line_span
from dreamfs_server.dream.evidence.support import Place, spread, support, told
from dreamfs_server.dream.material import Gathered, cite
from dreamfs_tools.dreaming import Card, Claim, Evidence

loop_calls_min = 3
apart_steps_max = 4
cards_max = 20


@dataclass(frozen=True, slots=True)
class Loop:
    """One loop in one session."""

    place: Place
    what: str
    failing: bool
    calls: int
    quote: Evidence


def loops(gathered: Gathered, place: Place, all_steps: Sequence[Step]) -> list[Loop]:
    """The loops of one session."""
    runs: dict[tuple[str, str], list[Step]] = {}
    done: list[list[Step]] = []
    for step in all_steps:
        key = _key(step)
        if not key[1]:
            continue
        run = runs.get(key)
        if run is not None and step.position - run[-1].position <= apart_steps_max:
            run.append(step)
        else:
            runs[key] = [step]
            done.append(runs[key])
    return [loop for run in done if (loop := _loop(gathered, place, run)) is not None]


def _key(step: Step) -> tuple[str, str]:
    if step.command:
        return (step.tool, shape(step.command))
    return (step.tool, step.file or "/".join(sorted(step.given)))


def _loop(gathered: Gathered, place: Place, run: Sequence[Step]) -> Loop | None:
    if len(run) < loop_calls_min or run[0].call is None:
        return None
    failing = 2 * sum(step.failed for step in run) > len(run)
    answers = {(step.call.text if step.call else "", step.result.text if step.result else "") for step in run}
    if not failing and len(answers) > 1:
        return None
    text = run[-1].call.text if run[-1].call is not None else ""
    event = run[-1].call or run[0].call
    quote = cite(gathered.session.session_id, event, *first_line_span(text))
    what = f"`{shape(run[0].command)}`" if run[0].command else f"`{run[0].tool}`"
    return Loop(place, what, failing, len(run), quote) if quote.quote else None


def loop_cards(found: Sequence[Loop]) -> list[Card]:
    """One card a kind of loop that at least two sessions fell into, the most costly first."""
    groups: dict[tuple[str, bool], list[Loop]] = defaultdict(list)
    for loop in found:
        groups[loop.what, loop.failing].append(loop)
    cards: list[Card] = []
    for (what, failing), members in sorted(groups.items()):
        places = {loop.place for loop in members}
        rests = support(places)
        if rests.sessions < 2:
            continue
        extra = sum(loop.calls - 1 for loop in members)
        how = "failed again and again" if failing else "was called again with the same answer"
        text = f"{what} {how}: {len(members)} loops, {extra} calls after the first, in {told(rests)}."
        first: dict[Place, Evidence] = {}
        for loop in sorted(members, key=lambda one: (-one.calls, one.place, one.quote.lines)):
            first.setdefault(loop.place, loop.quote)
        cards.append(
            Card(
                number=0,
                miner="retries",
                title=f"Loop: {what} {how}",
                body=text,
                claims=[
                    Claim(text=text, kind="observed", evidence=[first[p] for p in spread(first, 6)], support=rests)
                ],
                weight=0.3 * extra,
                data={"what": what, "failing": failing, "extra": extra},
            )
        )
    return sorted(cards, key=lambda card: (-card.weight, card.title))[:cards_max]
