"""Alerts that come again, and what people found each time.

An alert is a line that says so: `FIRING: HighLatency on checkout (p99 2.3 s)`, `[FIRING:1] …`, `Triggered: …`. Its name is what
stays constant when numbers and identifiers vary. One alert at one time is counted once, however many threads show it; threads
count as sessions, days as days. What people found in the end (`findings.py`) is told as k of n, as their claim.

A cause that only one thread names is a hypothesis with its count of one, and stays among the evidence.
"""

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from dreamfs_server.dream.evidence.guard import may_tell, sayable
from dreamfs_server.dream.evidence.orders import Site
from dreamfs_server.dream.evidence.people.findings import Finding, alike, grouped, takes_back
from dreamfs_server.dream.evidence.said import own_spans
from dreamfs_server.dream.evidence.support import Place, is_rule, spread, support, told
from dreamfs_server.dream.material import UNDATED, Gathered, cite
from dreamfs_tools.dreaming import Card, Claim, Evidence

name_words_max = 6
cards_max = 30
once_shown_max = 20
_WORDS = r"FIRING|FIRED|TRIGGERED|ALERT(?:ING)?|ALARM|PROBLEM|PAGE(?:D)?|CRITICAL|CRIT|WARNING|DOWN"
_POSTED = re.compile(rf"(?i)\W{{0,6}}(?:{_WORDS})\b(?::\s?\d+)?\]?\W{{1,4}}(?P<what>[^\W\d].*)$")
_SAID = re.compile(rf"\W{{0,6}}(?:{_WORDS})\b(?::\s?\d+)?\]?\W{{1,4}}(?P<what>[^\W\d].*)$")
_ANY = re.compile(rf"(?i)\b(?:{_WORDS})\b")
_LABEL = re.compile(r"\balertname\s?[=:]\s?[\"']?(?P<name>[\w-]+)")
_CAMELS = r"(?:[A-Z][A-Za-z0-9]*[a-z0-9][A-Z]|[A-Z]{2,}[a-z])[A-Za-z0-9]*"
_NAME_WITH_DIGITS = re.compile(r"(?=.*\d)(?=.*[A-Za-z])[A-Z]\w*")
"""`CheckoutLatencyP99`, `HTTP5xxHigh`; a host is written small."""
_NAME_IN_CAMELS = re.compile(_CAMELS)
_LABELLED = re.compile(
    rf"(?:\W{{0,6}}|\W{{0,3}}\[[^\]\n]{{1,30}}\]\W{{0,4}})(?P<what>{_CAMELS}\s(?:.*\s)?[\w.-]+=\S.*)$"
)
"""A name and its labels, posted by a program: `🔥 ReplicationLag instance=ledger-2`."""
_OVER = re.compile(r"(?i)\bresolved\b|\brecover(?:ed|y)\b|\bcleared\b|\bok\b|✅|🟢|\backnowledged\b|\bsilenced\b")
_END = re.compile(
    r"\s[\w.-]+=|\s[-—–|]\s|\(|\[|\s(?:value|since|started|runbook|see|is|has|was|for|at)\b|[,;=]|\. |https?:"
)


@dataclass(frozen=True, slots=True)
class Firing:
    """One alert at one time, as one session shows it."""

    place: Place
    name: str
    at: datetime | None
    quote: Evidence
    posted: bool = True
    """A program posted it; else a person pasted it."""


def firings(gathered: Gathered, place: Place, withheld: list[Site]) -> list[Firing]:
    """The alerts that a session shows: what programs posted, and what people pasted in an alert's own form.

    A line is quoted up to what may not be told; one whose name may not be told is added to `withheld`.
    """
    result: list[Firing] = []
    for event in gathered.events:
        posted = event.kind == "tool_result"
        if event.origin == "self" or not (posted or (event.role in {"user", "system"} and event.kind == "text")):
            continue
        program = posted and event.call_id in {"", event.tool}
        if len(event.text) > 20_000 or not (_ANY.search(event.text) or (program and "=" in event.text)):
            continue
        pattern = _POSTED if program else _SAID
        for start, end in own_spans(event.text):
            found = pattern.match(event.text, start, end)
            if found is None and program and not _OVER.search(event.text, start, end):
                found = _LABELLED.match(event.text, start, end)
            name = _name(found["what"]) if found else ""
            if not name:
                continue
            quote = cite(
                gathered.session.session_id, event, start, start + len(sayable(event.text[start:end], "value"))
            )
            if may_tell(name, "name") and quote.quote:
                result.append(Firing(place, name, event.at, quote, posted))
            else:
                withheld.append((place.session_id, cite(gathered.session.session_id, event, start, end).lines[0]))
    return result


def alert_cards(fired: Sequence[Firing], found: Sequence[Finding]) -> list[Card]:
    """A card for each alert that at least two sessions saw, one for each cause that came again without one, and one for all
    that was seen once.
    """
    once = _distinct(fired)
    by_name: dict[str, list[Firing]] = defaultdict(list)
    for one in once:
        by_name[one.name].append(one)
    alerted = {one.place.root for one in once}
    cards = [_alert(name, members, found, alerted) for name, members in sorted(by_name.items()) if _roots(members) >= 2]
    explained = [c.data["cause"][0].words for c in cards if is_rule({f.place for f in c.data["cause"]})]
    told_with_alert = {p.root for card in cards for p in card.data["places"]}
    causes = [f for f in found if f.topic == "cause"]
    for group in grouped(causes):
        roots = {f.place.root for f in group}
        if _taken_back(group, [f for f in found if f.topic == "denied"]):
            continue
        # A cause that an alert's own card names is not told again.
        if any(alike(group[0].words, words) for words in explained):
            continue
        if len(roots) >= 2 and len(roots - told_with_alert) >= 2:
            cards.append(_cause(group, found, sorted({one.name for one in once if one.place.root in roots})))
    cards.sort(key=lambda card: (-card.weight, card.title))
    return [*cards[:cards_max], *_once(by_name, causes)]


def _distinct(fired: Sequence[Firing]) -> list[Firing]:
    """Each alert of one minute once; without a time, once an incident, unless that shows the alert with a time too. What a person
    pasted was fired where it was posted.
    """
    timed = {(one.name, one.place.root) for one in fired if one.at is not None}
    fired = [one for one in fired if one.at is not None or (one.name, one.place.root) not in timed]
    origin = {one.quote.quote: one.place.root for one in fired if one.posted}
    fired = [one for one in fired if one.posted or origin.get(one.quote.quote, one.place.root) == one.place.root]
    seen: set[tuple[str, str]] = set()
    result: list[Firing] = []
    for one in sorted(fired, key=lambda f: (f.place, f.quote.lines)):
        when = one.at.strftime("%Y-%m-%d %H:%M") if one.at is not None else one.place.root
        if (one.name, when) not in seen:
            seen.add((one.name, when))
            result.append(one)
    return result


def _alert(name: str, members: Sequence[Firing], found: Sequence[Finding], alerted: set[str]) -> Card:
    places = {one.place for one in members}
    roots = {place.root for place in places}
    rests = support(places)
    denied = [f for f in found if f.topic == "denied" and (f.place.root in roots or f.place.root not in alerted)]
    agreed = {
        topic: _agreed([f for f in found if f.topic == topic and f.place.root in roots], denied)
        for topic in ("cause", "fix")
    }
    text = f"`{name}` fired {len(members)} time{'s' * (len(members) != 1)} in {told(rests)}."
    lines = [text, *_told_agreed(agreed, len(roots))]
    first: dict[Place, Evidence] = {}
    for one in members:
        first.setdefault(one.place, one.quote)
    evidence = [first[place] for place in spread(first, 8)]
    return _card(f"Alert again: {name}", name, lines, places, evidence, agreed)


def _cause(group: Sequence[Finding], found: Sequence[Finding], alerts: Sequence[str]) -> Card:
    places = {f.place for f in group}
    roots = {place.root for place in places}
    value = group[0].value
    agreed = {"cause": list(group), "fix": _agreed([f for f in found if f.topic == "fix" and f.place.root in roots])}
    text = f"People named “{value}” as the cause in {told(support(places))}."
    lines = [text, *_told_agreed({"fix": agreed["fix"]}, len(roots))]
    card = _card(f"Cause again: {value}", value, lines, places, _quotes(group, 8), agreed)
    return replace(card, data={**card.data, "alerts": alerts})


def _card(
    title: str,
    name: str,
    lines: Sequence[str],
    places: set[Place],
    evidence: list[Evidence],
    agreed: dict[str, list[Finding]],
) -> Card:
    rule = is_rule(places)
    rests = support(places)
    claims = [Claim(lines[0], "rule" if rule else "hypothesis", evidence, rests)]
    for topic, group in agreed.items():
        if group and not title.startswith("Cause"):
            claims.append(
                Claim(
                    f"{'What it was' if topic == 'cause' else 'What ended it'}, people's claim in {told(support(f.place for f in group))}: “{group[0].value}”",
                    "observed" if len(group) > 1 else "hypothesis",
                    _quotes(group, 6),
                    support(f.place for f in group),
                )
            )
    body = [*lines]
    if not rule:
        body.append("A hypothesis: a rule needs 3 sessions on 2 days.")
    return Card(
        number=0,
        miner="alerts",
        title=title,
        body="\n".join(body),
        claims=claims,
        weight=float(rests.sessions),
        data={
            "name": name,
            "is_alert": title.startswith("Alert"),
            "rule": rule,
            "places": sorted(places),
            "cause": agreed.get("cause", []),
            "fix": agreed.get("fix", []),
            "days": sorted({place.day for place in places} - {UNDATED}),
        },
    )


def _agreed(found: Sequence[Finding], denied: Sequence[Finding] = ()) -> list[Finding]:
    """The largest group that says the same, one a session; empty where no two agree, or where it may be out of date.

    That is so where a later sentence takes it back, or where the last two sessions agree on something else.
    """
    groups = grouped(found)
    if not groups or len({f.place.root for f in groups[0]}) < 2:
        return []
    if len(groups) > 1 and len({f.place.root for f in groups[1]}) == len({f.place.root for f in groups[0]}):
        return []
    newest = sorted((f for f in found if f.at is not None), key=lambda f: (f.at, f.place), reverse=True)[:2]
    later = next((group for group in groups if len(newest) == 2 and all(f in group for f in newest)), groups[0])
    return [] if _taken_back(later, denied) else later


def _taken_back(group: Sequence[Finding], denied: Sequence[Finding]) -> bool:
    first = min((f.at for f in group if f.at is not None), default=None)
    return any(
        takes_back(one.words, group[0].words) and (first is None or one.at is None or one.at >= first) for one in denied
    )


def _told_agreed(agreed: dict[str, list[Finding]], of: int) -> Iterator[str]:
    for topic, words in (("cause", "What it was, by people's words"), ("fix", "What ended it, by people's words")):
        if group := agreed.get(topic):
            yield f"- {words}: “{group[0].value}” in {len({f.place.root for f in group})} of {of} sessions"


def _once(by_name: dict[str, list[Firing]], causes: Sequence[Finding]) -> list[Card]:
    """What was seen in a single session: each a hypothesis with its count, and no more than that."""
    claims: list[Claim] = []
    for group in grouped(causes):
        if len({f.place.root for f in group}) == 1:
            text = f"People named “{group[0].value}” as the cause (1 session)."
            claims.append(Claim(text, "hypothesis", _quotes(group, 1), support(f.place for f in group)))
    for name, members in sorted(by_name.items()):
        if _roots(members) == 1:
            text = f"`{name}` fired (1 session)."
            claims.append(Claim(text, "hypothesis", [members[0].quote], support(one.place for one in members)))
    if not claims:
        return []
    title = f"Seen once: {len(claims)} cause{'s' * (len(claims) != 1)} and alerts of one session each"
    lines = [
        f"{title}. Hypotheses; nothing follows from one case.",
        *(f"- {claim.text}" for claim in claims[:once_shown_max]),
    ]
    lines += [f"- and {len(claims) - once_shown_max} more"] if len(claims) > once_shown_max else []
    return [Card(0, "alerts", title, "\n".join(lines), claims[:once_shown_max], 0.0, {"once": True})]


def _quotes(group: Sequence[Finding], limit: int) -> list[Evidence]:
    first: dict[Place, Evidence] = {}
    for one in group:
        first.setdefault(one.place, one.quote)
    return [first[place] for place in spread(first, limit)]


def _roots(members: Sequence[Firing]) -> int:
    return len({one.place.root for one in members})


def _name(what: str) -> str:
    """What stays constant of an alert's line: its first words, without those that hold a digit, unless the first is written as a name.

    `DiskPressure on node-3 /var 97% full` begins with a name; what follows its first value belongs to the one case.
    """
    if labelled := _LABEL.search(what):
        return labelled["name"]
    words = [word.strip("`*_:.\"'“”]") for word in _END.split(what, maxsplit=1)[0].split()]
    kept = [word for word in words if word and not any(letter.isdigit() for letter in word)]
    if words and _NAME_WITH_DIGITS.fullmatch(words[0]):
        kept = [words[0], *kept]
    if words and words[0] in kept and _NAME_IN_CAMELS.fullmatch(words[0]):
        kept = words[: next((n for n, word in enumerate(words) if word not in kept), len(words))]
    while kept and kept[-1].lower() in {"on", "in", "of", "the", "a", "to", "and", "with", "by"}:
        kept.pop()
    return " ".join(kept[:name_words_max])
