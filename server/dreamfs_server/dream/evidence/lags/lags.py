"""Associations in time as evidence cards, each hit cited at both ends."""

from collections.abc import Sequence

from dreamfs_server.dream.evidence.lags.association import Association, associations
from dreamfs_server.dream.evidence.lags.explanations import explained
from dreamfs_server.dream.evidence.lags.happenings import Happening, happenings
from dreamfs_server.dream.evidence.lags.stories import in_one_output, stories
from dreamfs_server.dream.evidence.lags.windows import Seen, Window
from dreamfs_server.dream.evidence.support import Place
from dreamfs_server.dream.material import UNDATED, Gathered
from dreamfs_tools.dreaming import Card, Claim, Evidence, Support

cited_pairs_max = 6
claims_max = 8
"""Of a story's names for the same times, that are claims."""
beside_shown_max = 12
explained_weight = 0.25
one_output_weight = 0.5
"""Of what is always printed together: whoever sees the one sees the other."""


def seen_by(gathered: Gathered, place: Place) -> Seen:
    """What a session saw happen."""
    events, until = happenings(gathered)
    return Seen(gathered.session.session_id, place.root, place.day, place.day != UNDATED, events, until)


def lag_cards(seen: Sequence[Seen]) -> list[Card]:
    """One card a story; those weigh less that something else explains, or that are seen in one output anyhow."""
    found, windows = associations(seen)
    return [_card(told, windows) for told in stories(explained(found, windows), windows)]


def _card(told: Sequence[Association], windows: Sequence[Window]) -> Card:
    one = told[0]
    claims = [_claim(each, windows) for each in told[:claims_max]]
    beside = [f"`{each.lead}` → `{each.follow}` after {told_lag(each.lag_seconds)}" for each in told[1:]]
    body = [claims[0].text.partition(" Note: ")[0], *(f"- {note}" for note in one.notes)]
    if beside:
        more = len(beside) - beside_shown_max
        shown = "; ".join(beside[:beside_shown_max]) + (f"; and {more} more" if more > 0 else "")
        body.append(f"- the same times under other names: {shown}")
    return Card(
        number=0,
        miner="lags",
        title=f"{one.lead} → {one.follow} after {told_lag(one.lag_seconds)}",
        body="\n".join(body),
        claims=claims,
        weight=(explained_weight if one.explained else one_output_weight if in_one_output(one, windows) else 1.0)
        * one.hits,
        data={"association": one, "beside": told[1:claims_max]},
    )


def _claim(one: Association, windows: Sequence[Window]) -> Claim:
    pairs = _shown_pairs(one, windows)
    roots = {session.root for _, _, sessions in pairs for session in sessions}
    evidence: list[Evidence] = []
    cited: set[str] = set()
    for a, b, _ in pairs:
        if len(evidence) < 2 * cited_pairs_max and a.session_id not in cited:
            cited.add(a.session_id)
            evidence += [Evidence(f"/transcripts/{x.session_id}", x.lines, x.quote) for x in (a, b)]
    if not evidence:
        evidence = [Evidence(f"/transcripts/{x.session_id}", x.lines, x.quote) for a, b, _ in pairs[:1] for x in (a, b)]
    text = (
        f"`{one.follow}` comes about {told_lag(one.lag_seconds)} after `{one.lead}` "
        f"({told_lag(one.lag_low)} to {told_lag(one.lag_high)}): {one.hits} of {one.trials} times; "
        f"{one.preceded} of {one.follows} `{one.follow}` had one before. An association, not a cause."
    )
    noted = "; ".join(one.notes)
    return Claim(
        text=text + (f" Note: {noted}." if noted else ""),
        kind="association",
        evidence=evidence,
        support=Support(len(roots), one.days, 0),
        statistics={
            "lead": one.lead,
            "follow": one.follow,
            "lag_seconds": one.lag_seconds,
            "lag_low": one.lag_low,
            "lag_high": one.lag_high,
            "hits": one.hits,
            "trials": one.trials,
            "sessions": len(roots),
            "q_value": one.q_value,
            "notes": noted,
        },
    )


def _shown_pairs(one: Association, windows: Sequence[Window]) -> list[tuple[Happening, Happening, list[Seen]]]:
    """Both ends of each hit as some session saw them, and the sessions that saw both."""
    result: list[tuple[Happening, Happening, list[Seen]]] = []
    for number, a, b in one.pairs:
        both: list[tuple[Happening, Happening, Seen]] = []
        ends: list[Happening | None] = [None, None]
        for session in windows[number].sessions:
            lead, follow = session.event(one.lead, a), session.event(one.follow, b)
            ends = [ends[0] or lead, ends[1] or follow]
            if lead is not None and follow is not None:
                both.append((lead, follow, session))
        if both:
            result.append((both[0][0], both[0][1], [session for _, _, session in both]))
        elif ends[0] is not None and ends[1] is not None:
            result.append((ends[0], ends[1], windows[number].sessions[:1]))
    return result


def told_lag(seconds: float) -> str:
    """A lag for people: seconds below two minutes, then minutes."""
    return f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.1f} min"
