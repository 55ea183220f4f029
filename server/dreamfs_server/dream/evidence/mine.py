"""All miners over one dream's material."""

from collections.abc import Sequence
from dataclasses import replace

from dreamfs_server.dream.evidence.access import access_cards
from dreamfs_server.dream.evidence.alerts import Firing, alert_cards, firings
from dreamfs_server.dream.evidence.assertions import assertion_cards, assertions, compare
from dreamfs_server.dream.evidence.before import contrasts, enriched
from dreamfs_server.dream.evidence.circumstances import Called, calls
from dreamfs_server.dream.evidence.conflicts import conflict_cards
from dreamfs_server.dream.evidence.copies import Copies
from dreamfs_server.dream.evidence.corrections import Wish, correction_cards, wishes
from dreamfs_server.dream.evidence.dates import date_cards
from dreamfs_server.dream.evidence.duplicates import duplicate_cards
from dreamfs_server.dream.evidence.duration_cards import duration_cards
from dreamfs_server.dream.evidence.durations import slow_commands
from dreamfs_server.dream.evidence.error_cards import commands_of, error_cards
from dreamfs_server.dream.evidence.errors import Failure, failures, recurring
from dreamfs_server.dream.evidence.explained import explained
from dreamfs_server.dream.evidence.facts import checks, fact_cards, observe
from dreamfs_server.dream.evidence.failing_tests import FailedTest, failed_tests, failing_test_cards
from dreamfs_server.dream.evidence.findings import Finding, findings
from dreamfs_server.dream.evidence.folders import Run, folder_cards, runs
from dreamfs_server.dream.evidence.lags import lag_cards, seen_by
from dreamfs_server.dream.evidence.links import link_cards
from dreamfs_server.dream.evidence.orders import Orders
from dreamfs_server.dream.evidence.places import place_cards, wrong_places
from dreamfs_server.dream.evidence.polling import Poll, polled, polling_cards, polls
from dreamfs_server.dream.evidence.programs import Unknown, program_cards, unknown_commands
from dreamfs_server.dream.evidence.recurrence import Recurrence
from dreamfs_server.dream.evidence.retellings import Retellings
from dreamfs_server.dream.evidence.retries import Loop, loop_cards, loops
from dreamfs_server.dream.evidence.steps import steps
from dreamfs_server.dream.evidence.support import Place
from dreamfs_server.dream.evidence.together import Changed, changed, together_cards
from dreamfs_server.dream.evidence.visits import Visit, atlas_of, visit
from dreamfs_server.dream.evidence.waits import Wait, waits
from dreamfs_server.dream.evidence.windows import Seen
from dreamfs_server.dream.material import Material
from dreamfs_tools.dreaming import Card


def mine(material: Material) -> list[Card]:
    """Evidence cards, numbered from 1, most worth acting on first.

    Sessions are read once, in any order; what is kept of each is small. The same material gives the same cards.
    """
    places: list[Place] = []
    failed: list[Failure] = []
    done: dict[str, set[str]] = {}
    seen: list[Seen] = []
    visits: list[Visit] = []
    ran_in: dict[str, list[Run]] = {}
    unknown: list[Unknown] = []
    worked: dict[str, set[str]] = {}
    called: list[Called] = []
    timed: list[Wait] = []
    slept: list[Poll] = []
    changes: list[Changed] = []
    broken: list[FailedTest] = []
    looped: list[Loop] = []
    wished: list[Wish] = []
    fired: list[Firing] = []
    concluded: list[Finding] = []
    met, retold, orders = Copies(), Retellings(), Orders()
    held = assertions(material.memories)
    recommended = checks(material.memories)
    after = Recurrence(material.accepted, material.access or ())
    for gathered in material.sessions:
        session = gathered.session
        place = Place(session.session_id, gathered.root, gathered.day, session.task, session.outcome)
        places.append(place)
        met.meet(gathered)
        retold.meet(gathered)
        orders.meet(gathered)
        taken = steps(gathered)
        seen.append(seen_by(gathered, place))
        fresh = failures(gathered, place, taken)
        failed.extend(fresh)
        after.observe(gathered, fresh)
        visits.append(visit(gathered, place, taken))
        ran_in[place.session_id] = runs(gathered, taken)
        missing, worked[place.session_id] = unknown_commands(gathered, place, taken)
        unknown.extend(missing)
        called.extend(calls(gathered, place, taken))
        timed.extend(waits(gathered, place, taken))
        slept.extend(polls(gathered, place, taken))
        changes.append(changed(gathered, place, taken))
        broken.extend(failed_tests(gathered, place, taken))
        looped.extend(loops(gathered, place, taken))
        wished.extend(wishes(gathered, place))
        fired.extend(firings(gathered, place))
        concluded.extend(findings(gathered, place))
        compare(held, gathered, place)
        observe(recommended, gathered, place, taken)
        for command in commands_of(taken):
            done.setdefault(command, set()).add(place.root)
    copies = met.found()
    copies = {**retold.found(copies), **copies}
    places = [place for place in places if place.session_id not in copies]
    failed = [failure for failure in failed if failure.place.session_id not in copies]
    looped = [loop for loop in looped if loop.place.session_id not in copies]
    wished = [wish for wish in wished if wish.place.session_id not in copies]
    seen = [one for one in seen if one.session_id not in copies]
    visits = [one for one in visits if one.place.session_id not in copies]
    called = [one for one in called if one.place.session_id not in copies]
    changes = [one for one in changes if one.place.session_id not in copies]
    broken = [one for one in broken if one.place.session_id not in copies]
    unknown = [one for one in unknown if one.place.session_id not in copies]
    timed = [one for one in timed if one.place.session_id not in copies]
    slept = [one for one in slept if one.place.session_id not in copies]
    fired = [one for one in fired if one.place.session_id not in copies]
    concluded = [one for one in concluded if one.place.session_id not in copies]
    read = {place.root for place in places}
    ran = {command: frozenset(roots & read) for command, roots in done.items()}
    duplicates = duplicate_cards(material.memories)
    retired = {path for card in duplicates for path in card.data.get("retire", ())}
    kept = [memory for memory in material.memories if memory.path not in retired]
    misplaced = [
        *place_cards(wrong_places(visits)),
        *folder_cards(visits, ran_in),
        *program_cards(unknown, worked, places),
    ]
    lasting = duration_cards(slow_commands(timed, (place.day for place in places)), orders.repeats)
    # Two rules of ours with numbers of their own are no conflict, and what dreams wrote supports nothing.
    ours = {memory.path for memory in kept if memory.by_dream}
    cards = [
        *explained(
            enriched(error_cards(failed, places, ran), contrasts(recurring(failed), called)), [*misplaced, *lasting]
        ),
        *misplaced,
        *lasting,
        *polling_cards(polled(slept, (place.day for place in places)), orders.repeats),
        *failing_test_cards(broken, changes),
        *together_cards(changes, atlas_of(visits)),
        *lag_cards(seen),
        *loop_cards(looped),
        *correction_cards(wished),
        *duplicates,
        *(card for card in conflict_cards(kept) if not ours.issuperset(side[0] for side in card.data["sides"])),
        *date_cards(kept),
        *link_cards(material.memories, material.mount),
        *fact_cards(recommended, frozenset(copies)),
        *alert_cards(fired, concluded),
        *assertion_cards(held, frozenset(copies)),
        *access_cards(material.access, material.memories, material.mount),
        *after.cards(),
    ]
    return _in_order(orders.without(cards))


def _in_order(cards: Sequence[Card]) -> list[Card]:
    ordered = sorted(cards, key=lambda card: (-card.weight, card.miner, card.title, card.body))
    return [replace(card, number=number) for number, card in enumerate(ordered, 1)]
