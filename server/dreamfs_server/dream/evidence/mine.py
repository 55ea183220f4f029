"""All miners over one dream's material."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from typing import TypeVar

from dreamfs_server.dream.evidence.copies import Copies
from dreamfs_server.dream.evidence.errors.before import contrasts, enriched
from dreamfs_server.dream.evidence.errors.circumstances import Called, calls
from dreamfs_server.dream.evidence.errors.error_cards import commands_of, error_cards
from dreamfs_server.dream.evidence.errors.errors import Failure, failures, recurring
from dreamfs_server.dream.evidence.errors.explained import explained
from dreamfs_server.dream.evidence.errors.outcomes import outcome_cards
from dreamfs_server.dream.evidence.errors.permits import Permits, permit_cards, permits
from dreamfs_server.dream.evidence.errors.recurrence import Recurrence
from dreamfs_server.dream.evidence.errors.retries import Loop, loop_cards, loops
from dreamfs_server.dream.evidence.lags.lags import lag_cards, seen_by
from dreamfs_server.dream.evidence.lags.windows import Seen
from dreamfs_server.dream.evidence.memories.access import access_cards
from dreamfs_server.dream.evidence.memories.assertions import assertion_cards, assertions, compare
from dreamfs_server.dream.evidence.memories.conflicts import conflict_cards
from dreamfs_server.dream.evidence.memories.dates import date_cards
from dreamfs_server.dream.evidence.memories.duplicates import duplicate_cards
from dreamfs_server.dream.evidence.memories.facts import checks, fact_cards, observe
from dreamfs_server.dream.evidence.memories.links import link_cards
from dreamfs_server.dream.evidence.orders import Orders, Site
from dreamfs_server.dream.evidence.people.alerts import Firing, alert_cards, firings
from dreamfs_server.dream.evidence.people.corrections import Wish, correction_cards, told_texts, wishes
from dreamfs_server.dream.evidence.people.declined import declined_cards
from dreamfs_server.dream.evidence.people.findings import Finding, findings
from dreamfs_server.dream.evidence.people.one_incident import Incidents
from dreamfs_server.dream.evidence.people.refusals import Decided, decided
from dreamfs_server.dream.evidence.places.folders import Run, folder_cards, runs
from dreamfs_server.dream.evidence.places.lookup_cards import lookup_cards
from dreamfs_server.dream.evidence.places.lookups import Lookups, lookups
from dreamfs_server.dream.evidence.places.places import place_cards, wrong_places
from dreamfs_server.dream.evidence.places.programs import Unknown, program_cards, unknown_commands
from dreamfs_server.dream.evidence.places.visits import Visit, atlas_of, visit
from dreamfs_server.dream.evidence.places.whereabouts import looks
from dreamfs_server.dream.evidence.retellings import Retellings
from dreamfs_server.dream.evidence.steps import Step, steps
from dreamfs_server.dream.evidence.support import Place
from dreamfs_server.dream.evidence.work.answers import Answer, answers
from dreamfs_server.dream.evidence.work.duration_cards import duration_cards
from dreamfs_server.dream.evidence.work.durations import slow_commands
from dreamfs_server.dream.evidence.work.failing_tests import FailedTest, failed_tests, failing_test_cards
from dreamfs_server.dream.evidence.work.polling import Poll, polled, polling_cards, polls
from dreamfs_server.dream.evidence.work.together import Changed, changed, together_cards
from dreamfs_server.dream.evidence.work.volume import filling
from dreamfs_server.dream.evidence.work.volume_cards import volume_cards
from dreamfs_server.dream.evidence.work.waits import Wait, waits
from dreamfs_server.dream.material import Gathered, Material
from dreamfs_tools.dreaming import Card

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class _Observed:
    """What the miners keep of one session; the session itself is let go."""

    place: Place
    seen: Seen
    failed: Sequence[Failure]
    visit: Visit
    looked_up: Lookups
    ran_in: Sequence[Run]
    unknown: Sequence[Unknown]
    worked: set[str]
    called: Sequence[Called]
    timed: Sequence[Wait]
    slept: Sequence[Poll]
    given: Sequence[Answer]
    changed: Changed
    broken: Sequence[FailedTest]
    looped: Sequence[Loop]
    permitted: Permits
    wished: Sequence[Wish]
    decided: Decided | None
    fired: Sequence[Firing]
    concluded: Sequence[Finding]
    commands: set[str]


def mine(material: Material) -> list[Card]:
    """Evidence cards, numbered from 1, most worth acting on first.

    Sessions are read once, in any order; what is kept of each is small. The same material gives the same cards.
    """
    met, retold, orders, incidents = Copies(), Retellings(), Orders(), Incidents()
    held = assertions(material.memories)
    recommended = checks(material.memories)
    after = Recurrence(material.accepted, material.access or ())
    observed: list[_Observed] = []
    for gathered in material.sessions:
        taken = steps(gathered)
        one = _observed(gathered, taken, orders.withheld)
        observed.append(one)
        for watching in (met, retold, orders):
            watching.meet(gathered)
        incidents.meet(gathered, one.place, one.fired, one.concluded)
        after.observe(gathered, one.failed)
        compare(held, gathered, one.place)
        observe(recommended, gathered, one.place, taken)
    copies = met.found()
    copies = {**retold.found(copies), **copies}
    rooted = incidents.found(copies)
    cards = [
        *_of_sessions([_rooted(one, rooted) for one in observed if one.place.session_id not in copies], orders),
        *_of_memories(material),
        *fact_cards(recommended, frozenset(copies)),
        *assertion_cards(held, frozenset(copies), rooted),
        *after.cards(),
    ]
    return _in_order(orders.without(cards))


def _observed(gathered: Gathered, taken: Sequence[Step], withheld: list[Site]) -> _Observed:
    session = gathered.session
    place = Place(session.session_id, gathered.root, gathered.day, session.task, session.outcome)
    seen = looks(taken)
    unknown, worked = unknown_commands(gathered, place, taken)
    return _Observed(
        place=place,
        seen=seen_by(gathered, place),
        failed=failures(gathered, place, taken),
        visit=visit(gathered, place, taken, seen),
        looked_up=lookups(gathered, place, taken, seen),
        ran_in=runs(gathered, taken),
        unknown=unknown,
        worked=worked,
        called=calls(gathered, place, taken),
        timed=waits(gathered, place, taken),
        slept=polls(gathered, place, taken),
        given=answers(gathered, place, taken),
        changed=changed(gathered, place, taken),
        broken=failed_tests(gathered, place, taken),
        looped=loops(gathered, place, taken),
        permitted=permits(gathered, place, taken),
        wished=wishes(gathered, place, withheld),
        decided=decided(gathered, place, taken),
        fired=firings(gathered, place, withheld),
        concluded=findings(gathered, place, withheld),
        commands=commands_of(taken),
    )


def _rooted(one: _Observed, rooted: Mapping[str, Place]) -> _Observed:
    """What people say in it, as said of the incident that another session told first."""
    first = rooted.get(one.place.session_id)
    if first is None:
        return one
    place = replace(one.place, root=first.root, day=first.day)
    return replace(
        one,
        wished=[replace(wish, place=place) for wish in one.wished],
        fired=[replace(firing, place=place) for firing in one.fired],
        concluded=[replace(finding, place=place) for finding in one.concluded],
    )


def _of_sessions(observed: Sequence[_Observed], orders: Orders) -> list[Card]:
    """What several sessions say together."""
    places = [one.place for one in observed]
    days = [place.day for place in places]
    visits = [one.visit for one in observed]
    atlas = atlas_of(visits)
    changes = [one.changed for one in observed]
    failed = _all(one.failed for one in observed)
    missed = place_cards(wrong_places(visits))
    misplaced = [
        *missed,
        *folder_cards(visits, {one.place.session_id: one.ran_in for one in observed}),
        *program_cards(
            _all(one.unknown for one in observed), {one.place.session_id: one.worked for one in observed}, places
        ),
    ]
    lasting = duration_cards(slow_commands(_all(one.timed for one in observed), days), orders.repeats)
    large = volume_cards(filling(_all(one.given for one in observed), visits, atlas), orders.repeats)
    findings = recurring(failed)
    circumstances = contrasts(findings, _all(one.called for one in observed), atlas, orders.repeats)
    refused = permit_cards([one.permitted for one in observed], orders.repeats)
    asked_for = correction_cards(_all(one.wished for one in observed))
    errors = enriched(error_cards(failed, places, _ran(observed)), circumstances)
    return [
        *explained(errors, [*misplaced, *lasting, *large, *refused]),
        *outcome_cards(findings, places),
        *refused,
        *misplaced,
        *lookup_cards(
            [one.looked_up for one in observed],
            atlas,
            orders.repeats,
            {card.data["right"] for card in missed if card.data["rule"]} - {""},
        ),
        *lasting,
        *large,
        *polling_cards(polled(_all(one.slept for one in observed), days), orders.repeats),
        *failing_test_cards(_all(one.broken for one in observed), changes),
        *together_cards(changes, atlas),
        *lag_cards([one.seen for one in observed]),
        *loop_cards(_all(one.looped for one in observed)),
        *asked_for,
        *declined_cards([one.decided for one in observed if one.decided], atlas, told_texts(asked_for), orders.repeats),
        *alert_cards(_all(one.fired for one in observed), _all(one.concluded for one in observed)),
    ]


def _of_memories(material: Material) -> list[Card]:
    """What is the matter with memories themselves."""
    duplicates = duplicate_cards(material.memories)
    retired = {path for card in duplicates for path in card.data.get("retire", ())}
    kept = [memory for memory in material.memories if memory.path not in retired]
    # Two rules of ours with numbers of their own are no conflict, and what dreams wrote supports nothing.
    ours = {memory.path for memory in kept if memory.by_dream}
    return [
        *duplicates,
        *(card for card in conflict_cards(kept) if not ours.issuperset(side[0] for side in card.data["sides"])),
        *date_cards(kept),
        *link_cards(material.memories, material.mount),
        *access_cards(material.access, material.memories, material.mount),
    ]


def _ran(observed: Sequence[_Observed]) -> dict[str, frozenset[str]]:
    """Shape of a command → the sessions that ran it."""
    done: dict[str, set[str]] = {}
    for one in observed:
        for command in one.commands:
            done.setdefault(command, set()).add(one.place.root)
    return {command: frozenset(roots) for command, roots in done.items()}


def _all(parts: Iterable[Sequence[T]]) -> list[T]:
    return list(chain.from_iterable(parts))


def _in_order(cards: Sequence[Card]) -> list[Card]:
    ordered = sorted(cards, key=lambda card: (-card.weight, card.miner, card.title, card.body))
    return [replace(card, number=number) for number, card in enumerate(ordered, 1)]
