"""After acceptance: whether the error that a rule is about still occurs, among its readers and among others.

A session counts when it began after the rule was accepted. It read the rule when the access log has a view or a search of
the rule's file, at the version that brought the rule or a later one; then only errors after that moment are held against
the rule. Under `sessions_min` on either side nothing is concluded. Sessions choose what they read, so a difference is an
association; a rule is called worse, and a revert suggested, only where chance explains it badly (Fisher's exact test,
one-sided).
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from dreamfs_server.dream.evidence.chance import at_least
from dreamfs_server.dream.evidence.errors.errors import IN_ANY_WORDS, Failure
from dreamfs_server.dream.evidence.errors.templates import WILDCARD
from dreamfs_server.dream.material import AcceptedRule, Gathered
from dreamfs_tools.dreaming import Card
from dreamfs_tools.filesystem import AccessNote

sessions_min = 20
p_max = 0.05

Verdict = Literal["too early to say", "helps", "no difference", "worse"]


@dataclass(slots=True)
class _Counted:
    readers: dict[str, bool] = field(default_factory=dict[str, bool])
    """Session that a person started → whether the error occurred in it."""
    others: dict[str, bool] = field(default_factory=dict[str, bool])


class Recurrence:
    """Counts, session by session, in any order.

    Args:
        rules: what was accepted.
        access: the access log.
    """

    def __init__(self, rules: Sequence[AcceptedRule], access: Sequence[AccessNote]) -> None:
        self._rules = rules
        self._counted = [_Counted() for _ in rules]
        self._reads: dict[tuple[str, str], list[AccessNote]] = defaultdict(list)
        for note in access:
            if note.kind in {"view", "search"}:
                self._reads[note.session, note.path].append(note)

    def observe(self, gathered: Gathered, failed: Sequence[Failure]) -> None:
        """Count one session with its failed calls."""
        began = gathered.session.started_at
        for rule, counted in zip(self._rules, self._counted, strict=True):
            if began is None or began < rule.at:
                continue
            times = [_time(failure) for failure in failed if _is_about(rule.signature, failure)]
            read = self._first_read(gathered, rule)
            side = counted.others if read is None else counted.readers
            occurred = any(read is None or at is None or at >= read for at in times)
            side[gathered.root] = side.get(gathered.root, False) or occurred

    def cards(self) -> list[Card]:
        """One card a rule that any session could have read."""
        return [
            _card(rule, counted)
            for rule, counted in zip(self._rules, self._counted, strict=True)
            if counted.readers or counted.others
        ]

    def _first_read(self, gathered: Gathered, rule: AcceptedRule) -> datetime | None:
        names = (gathered.session.session_id, gathered.root)
        times = [
            note.at
            for name in dict.fromkeys(names)
            for path in rule.paths
            for note in self._reads.get((name, path), ())
            if note.version >= rule.version and note.at is not None
        ]
        return min(times, default=None)


def verdict(readers: int, readers_with: int, others: int, others_with: int) -> Verdict:
    """What the counts say: sessions that read the rule, how many had the error, and the same of the others."""
    if min(readers, others) < sessions_min:
        return "too early to say"
    if at_least(readers, readers_with, others, others_with) <= p_max:
        return "worse"
    if at_least(others, others_with, readers, readers_with) <= p_max:
        return "helps"
    return "no difference"


def _is_about(signature: str, failure: Failure) -> bool:
    if failure.family and signature == failure.family + IN_ANY_WORDS:
        return True
    return says(signature, failure.words, failure.masked)


def says(signature: str, words: Sequence[str], masked: Sequence[str]) -> bool:
    """Whether a failed call's line is one of a signature: word by word the same, or what the signature masks."""
    starts = ends = {0}
    for word, mask in zip(words, masked, strict=True):
        ends = {at + len(one) for at in starts for one in (word, mask, WILDCARD) if signature.startswith(one, at)}
        starts = {end + 1 for end in ends if signature[end : end + 1] == " "}
    return len(signature) in ends


def _card(rule: AcceptedRule, counted: _Counted) -> Card:
    data: Mapping[str, Any] = {
        "dream_id": rule.dream_id,
        "proposal": rule.proposal,
        "signature": rule.signature,
        "version": rule.version,
        "readers": len(counted.readers),
        "readers_with": sum(counted.readers.values()),
        "others": len(counted.others),
        "others_with": sum(counted.others.values()),
    }
    found = verdict(data["readers"], data["readers_with"], data["others"], data["others_with"])
    return Card(
        number=0,
        miner="recurrence",
        title=f"After acceptance, {found}: {rule.signature}",
        body="\n".join(_told(rule, data, found)),
        data={**data, "verdict": found},
    )


def _told(rule: AcceptedRule, data: Mapping[str, Any], found: Verdict) -> Iterable[str]:
    yield (
        f"Proposal {rule.proposal} of dream {rule.dream_id} was accepted on {rule.at:%Y-%m-%d} as version {rule.version}. "
        f"Since then `{rule.signature}` occurred in {data['readers_with']} of {data['readers']} sessions that read it, and "
        f"in {data['others_with']} of {data['others']} that did not: {found}."
    )
    if found == "too early to say":
        yield f"At least {sessions_min} sessions of each kind are needed."
    elif found == "worse":
        yield f"Consider to take it back: `dreamfs dream revert {rule.dream_id} {rule.proposal}`."


def _time(failure: Failure) -> datetime | None:
    return datetime.fromisoformat(failure.key[0]) if failure.key[0] else None
