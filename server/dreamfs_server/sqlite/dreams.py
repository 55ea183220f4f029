"""Dreams in the database: reading them in a snapshot, keeping them, and recording what a person said of a proposal.

A verdict that comes with a change is recorded by `record_verdict` inside the engine's own write transaction, so that an
accepted proposal and its revision are there both or not at all.
"""

import sqlite3
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache
from typing import Any

from pydantic import TypeAdapter

from dreamfs_server.sqlite.connection import Database
from dreamfs_server.sqlite.rows import milliseconds, moment
from dreamfs_tools.dream_pages import locked
from dreamfs_tools.dreaming import Card, Claim, Coverage, Disbelief, Dream, Dropped, Proposal, ProposedChange, Verdict
from dreamfs_tools.errors import Refusal

Row = tuple[Any, ...]

_DREAM_COLUMNS = """
SELECT d.dream_id, s.slug, d.status, d.curator, d.snapshot_version, d.created_at, d.requested_by, d.instructions,
       d.sessions, d.since, d.output, d.started_at, d.finished_at, d.coverage, d.usage, d.step, d.error, d.owner,
       d.prompt_hash
FROM dream AS d JOIN store AS s USING (store_id)
"""
_DREAMS = f"{_DREAM_COLUMNS} WHERE ?1 IN ('', s.slug) ORDER BY d.created_at DESC, d.rowid DESC"
_DREAM = f"{_DREAM_COLUMNS} WHERE d.dream_id = ?"
_OPEN = "SELECT dream_id FROM dream WHERE store_id = ? AND status IN ('pending', 'running')"
_STORE = "SELECT store_id FROM store WHERE slug = ? AND deleted_at IS NULL"
_INSERT_DREAM = """
INSERT INTO dream (dream_id, store_id, status, curator, snapshot_version, created_at, requested_by, instructions, sessions,
                   since, output, started_at, finished_at, coverage, usage, step, error, owner, prompt_hash)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
"""
_UPDATE_DREAM = """
UPDATE dream SET status = ?, started_at = ?, finished_at = ?, coverage = ?, usage = ?, step = ?, error = ?, owner = ?,
                 prompt_hash = ?
WHERE dream_id = ? AND status IN ('pending', 'running')
"""
_TAKE_OVER = """
UPDATE dream SET owner = ?, status = 'running' WHERE dream_id = ? AND owner = ? AND status IN ('pending', 'running')
"""
_CARDS = "SELECT number, miner, title, body, claims, weight, data FROM dream_card WHERE dream_id = ? ORDER BY number"
_DELETE_CARDS = "DELETE FROM dream_card WHERE dream_id = ?"
_INSERT_CARD = """
INSERT INTO dream_card (dream_id, number, miner, title, body, claims, weight, data) VALUES (?, ?, ?, ?, ?, ?, ?, ?)
"""
_PROPOSAL_COLUMNS = """
SELECT number, title, rationale, changes, claims, dropped, status, risk, base_version, diff, fingerprint, evidence_key,
       flags, reviewed_by, reviewed_at, reason, version, reverts, edited
FROM proposal
"""
_PROPOSALS = f"{_PROPOSAL_COLUMNS} WHERE dream_id = ? ORDER BY number"
_PROPOSAL = f"{_PROPOSAL_COLUMNS} WHERE dream_id = ? AND number = ?"
_NEXT_PROPOSAL = "SELECT 1 + coalesce(max(number), 0) FROM proposal WHERE dream_id = ?"
_SAME_PROPOSAL = "SELECT number FROM proposal WHERE dream_id = ? AND fingerprint = ?"
_INSERT_PROPOSAL = """
INSERT INTO proposal (dream_id, number, title, rationale, changes, claims, dropped, status, risk, base_version, diff,
                      fingerprint, evidence_key, flags, reviewed_by, reviewed_at, reason, version, reverts)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, '', NULL, '', 0, ?)
"""
_INSERT_SOURCE = "INSERT OR IGNORE INTO proposal_source (dream_id, number, source) VALUES (?, ?, ?)"
_JUDGE = """
UPDATE proposal SET status = ?, reviewed_by = ?, reviewed_at = ?, reason = ?, version = ?, edited = ?
WHERE dream_id = ? AND number = ?
"""
_REVERTED = "UPDATE proposal SET status = 'reverted' WHERE dream_id = ? AND number = ? AND status = 'accepted'"
_DISBELIEFS = """
SELECT d.source, d.by, d.at, d.reason FROM disbelief AS d JOIN store AS s USING (store_id)
WHERE s.slug = ? AND s.deleted_at IS NULL ORDER BY d.source
"""
_DISBELIEVE = "INSERT OR IGNORE INTO disbelief (store_id, source, at, by, reason) VALUES (?, ?, ?, ?, ?)"
_BELIEVE = """
DELETE FROM disbelief
WHERE source = ? AND store_id = (SELECT store_id FROM store WHERE slug = ? AND deleted_at IS NULL)
"""


class SqliteDreamReader:
    """A `DreamReader` over the connection of one snapshot."""

    def __init__(self, c: sqlite3.Connection) -> None:
        self._c = c

    def dreams(self, store: str = "") -> Sequence[Dream]:
        """Newest first."""
        return [_dream_of(row) for row in self._c.execute(_DREAMS, (store,)).fetchall()]

    def dream(self, dream_id: str) -> Dream | None:
        """One dream."""
        row = self._c.execute(_DREAM, (dream_id,)).fetchone()
        return _dream_of(row) if row else None

    def cards(self, dream_id: str) -> Sequence[Card]:
        """In order of their numbers."""
        return [
            Card(number, miner, title, body, _claims().validate_json(claims), weight, _facts().validate_json(data))
            for number, miner, title, body, claims, weight, data in self._c.execute(_CARDS, (dream_id,)).fetchall()
        ]

    def proposals(self, dream_id: str) -> Sequence[Proposal]:
        """In order of their numbers."""
        return [_proposal_of(row) for row in self._c.execute(_PROPOSALS, (dream_id,)).fetchall()]

    def disbeliefs(self, store: str) -> Sequence[Disbelief]:
        """Sorted by source."""
        return [
            Disbelief(source, by, moment(at), reason)
            for source, by, at, reason in self._c.execute(_DISBELIEFS, (store,)).fetchall()
        ]


class SqliteDreamJournal:
    """A `DreamJournal`: every call is one durable transaction.

    Args:
        database: open.
        clock: the time of a verdict that changes no file.
    """

    def __init__(self, database: Database, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._database = database
        self._clock = clock

    async def begin(self, dream: Dream) -> Dream:
        """Store a new dream; `locked` while another one of its store is open."""

        def insert(c: sqlite3.Connection) -> Dream:
            store = c.execute(_STORE, (dream.store,)).fetchone()
            if store is None:
                raise Refusal("not_found", f"There is no store {dream.store}.")
            if other := c.execute(_OPEN, store).fetchone():
                raise locked(_known(c, other[0]))
            c.execute(_INSERT_DREAM, _dream_row(dream, store[0]))
            return dream

        return await self._database.write(insert)

    async def update(self, dream: Dream) -> Dream:
        """Replace an open dream's own fields; what ended stays as it ended."""

        def replace_fields(c: sqlite3.Connection) -> Dream:
            c.execute(
                _UPDATE_DREAM,
                (
                    *(dream.status, _time(dream.started_at), _time(dream.finished_at)),
                    *(_json(_coverage(), dream.coverage), _json(_facts(), dream.usage)),
                    *(dream.step, dream.error, dream.owner, dream.prompt_hash, dream.dream_id),
                ),
            )
            return _known(c, dream.dream_id)

        return await self._database.write(replace_fields)

    async def take_over(self, dream_id: str, owner: str, abandoned: str) -> Dream:
        """Make `owner` the one who runs an open dream that `abandoned` ran."""

        def take(c: sqlite3.Connection) -> Dream:
            c.execute(_TAKE_OVER, (owner, dream_id, abandoned))
            return _known(c, dream_id)

        return await self._database.write(take)

    async def save_cards(self, dream_id: str, cards: Sequence[Card]) -> None:
        """Replace the cards of a dream."""
        rows = [
            (
                *(dream_id, card.number, card.miner, card.title, card.body),
                *(_json(_claims(), card.claims), card.weight, _json(_facts(), card.data)),
            )
            for card in cards
        ]

        def save(c: sqlite3.Connection) -> None:
            c.execute(_DELETE_CARDS, (dream_id,))
            c.executemany(_INSERT_CARD, rows)

        await self._database.write(save)

    async def propose(self, dream_id: str, proposal: Proposal) -> Proposal:
        """Add a proposal to an open dream and give it the next number."""

        def add(c: sqlite3.Connection) -> Proposal:
            dream = _known(c, dream_id)
            if not dream.is_open:
                raise Refusal("conflict", f"Dream {dream_id} is {dream.status}: it takes no more proposals.")
            if same := c.execute(_SAME_PROPOSAL, (dream_id, proposal.fingerprint)).fetchone():
                raise Refusal("already_exists", f"Proposal {same[0]} of dream {dream_id} says the same.")
            (number,) = c.execute(_NEXT_PROPOSAL, (dream_id,)).fetchone()
            saved = replace(proposal, number=number)
            c.execute(_INSERT_PROPOSAL, _proposal_row(dream_id, saved))
            sources = {evidence.source for claim in saved.claims for evidence in claim.evidence}
            c.executemany(_INSERT_SOURCE, [(dream_id, number, source) for source in sorted(sources)])
            return saved

        return await self._database.write(add)

    async def judge(self, verdict: Verdict) -> Proposal:
        """Record a verdict that changes no file."""
        now = self._clock()
        return await self._database.write(lambda c: record_verdict(c, verdict, 0, now))

    async def disbelieve(self, store: str, disbelief: Disbelief) -> None:
        """Call a source false."""

        def add(c: sqlite3.Connection) -> None:
            known = c.execute(_STORE, (store,)).fetchone()
            if known is None:
                raise Refusal("not_found", f"There is no store {store}.")
            given = (disbelief.source, milliseconds(disbelief.at), disbelief.by, disbelief.reason)
            c.execute(_DISBELIEVE, (*known, *given))

        await self._database.write(add)

    async def believe(self, store: str, source: str) -> bool:
        """Take that back."""
        return await self._database.write(lambda c: c.execute(_BELIEVE, (source, store)).rowcount > 0)


def record_verdict(c: sqlite3.Connection, verdict: Verdict, version: int, now: datetime) -> Proposal:
    """Record what a person said of a proposal, inside a write transaction.

    Args:
        c: with the transaction open.
        verdict: accepted, rejected, stale or reverted.
        version: the revision made for it in this transaction; 0 for none.
        now: its time.

    Raises:
        Refusal: `not_found`; `conflict` when it is settled already. The transaction must then not commit.
    """
    row = c.execute(_PROPOSAL, (verdict.dream_id, verdict.proposal)).fetchone()
    if row is None:
        raise Refusal("not_found", f"Dream {verdict.dream_id} has no proposal {verdict.proposal}.")
    proposal = _proposal_of(row)
    if proposal.status not in ({"accepted"} if verdict.status == "reverted" else {"pending", "quarantined"}):
        raise Refusal(
            "conflict",
            f"Proposal {proposal.number} of dream {verdict.dream_id} is {proposal.status} already. Nothing was changed.",
            proposal=proposal.number,
            status=proposal.status,
        )
    settled = replace(
        proposal,
        status=verdict.status,
        reviewed_by=verdict.reviewer,
        reviewed_at=now,
        reason=verdict.reason,
        version=version or proposal.version,
        edited=verdict.edited or proposal.edited,
    )
    c.execute(
        _JUDGE,
        (
            *(settled.status, settled.reviewed_by, milliseconds(now), settled.reason, settled.version, settled.edited),
            *(verdict.dream_id, verdict.proposal),
        ),
    )
    for undone in proposal.reverts.split() if verdict.status == "accepted" else ():
        dream_id, _, number = undone.rpartition("/")
        mark_reverted(c, dream_id, int(number))
    return settled


def mark_reverted(c: sqlite3.Connection, dream_id: str, number: int) -> None:
    """Note that what an accepted proposal wrote was taken back; others are left as they are."""
    c.execute(_REVERTED, (dream_id, number))


def _known(c: sqlite3.Connection, dream_id: str) -> Dream:
    row = c.execute(_DREAM, (dream_id,)).fetchone()
    if row is None:
        raise Refusal("not_found", f"There is no dream {dream_id}.")
    return _dream_of(row)


def _dream_of(row: Row) -> Dream:
    (dream_id, store, status, curator, snapshot_version, created_at, requested_by, instructions) = row[:8]
    (sessions, since, output, started_at, finished_at, coverage, usage, step, error, owner, prompt_hash) = row[8:]
    return Dream(
        dream_id=dream_id,
        store=store,
        status=status,
        curator=curator,
        snapshot_version=snapshot_version,
        created_at=moment(created_at),
        requested_by=requested_by,
        instructions=instructions,
        sessions=_names().validate_json(sessions),
        since=None if since is None else moment(since),
        output=output,
        started_at=None if started_at is None else moment(started_at),
        finished_at=None if finished_at is None else moment(finished_at),
        coverage=_coverage().validate_json(coverage),
        usage=_facts().validate_json(usage),
        step=step,
        error=error,
        owner=owner,
        prompt_hash=prompt_hash,
    )


def _dream_row(dream: Dream, store_id: int) -> Row:
    return (
        *(
            dream.dream_id,
            store_id,
            dream.status,
            dream.curator,
            dream.snapshot_version,
            milliseconds(dream.created_at),
        ),
        *(
            dream.requested_by,
            dream.instructions,
            _json(_names(), list(dream.sessions)),
            _time(dream.since),
            dream.output,
        ),
        *(_time(dream.started_at), _time(dream.finished_at), _json(_coverage(), dream.coverage)),
        *(_json(_facts(), dream.usage), dream.step, dream.error, dream.owner, dream.prompt_hash),
    )


def _proposal_of(row: Row) -> Proposal:
    (number, title, rationale, changes, claims, dropped, status, risk, base_version, diff, fingerprint, key) = row[:12]
    (flags, reviewed_by, reviewed_at, reason, version, reverts, edited) = row[12:]
    return Proposal(
        number=number,
        title=title,
        rationale=rationale,
        changes=_changes().validate_json(changes),
        claims=_claims().validate_json(claims),
        dropped=_dropped().validate_json(dropped),
        status=status,
        risk=risk,
        base_version=base_version,
        diff=diff,
        fingerprint=fingerprint,
        evidence_key=key,
        flags=_names().validate_json(flags),
        reviewed_by=reviewed_by,
        reviewed_at=None if reviewed_at is None else moment(reviewed_at),
        reason=reason,
        version=version,
        reverts=reverts,
        edited=bool(edited),
    )


def _proposal_row(dream_id: str, proposal: Proposal) -> Row:
    return (
        *(dream_id, proposal.number, proposal.title, proposal.rationale, _json(_changes(), proposal.changes)),
        *(_json(_claims(), proposal.claims), _json(_dropped(), proposal.dropped), proposal.status, proposal.risk),
        *(proposal.base_version, proposal.diff, proposal.fingerprint, proposal.evidence_key),
        *(_json(_names(), list(proposal.flags)), proposal.reverts),
    )


def _time(at: datetime | None) -> int | None:
    return None if at is None else milliseconds(at)


def _json(adapter: TypeAdapter[Any], value: Any) -> str:
    return adapter.dump_json(value).decode()


# Adapters are built when first used: a server that never dreams does not pay for them.
@cache
def _names() -> TypeAdapter[list[str]]:
    return TypeAdapter(list[str])


@cache
def _facts() -> TypeAdapter[Mapping[str, Any]]:
    return TypeAdapter(Mapping[str, Any])


@cache
def _coverage() -> TypeAdapter[Coverage]:
    return TypeAdapter(Coverage)


@cache
def _claims() -> TypeAdapter[Sequence[Claim]]:
    return TypeAdapter(Sequence[Claim])


@cache
def _changes() -> TypeAdapter[Sequence[ProposedChange]]:
    return TypeAdapter(Sequence[ProposedChange])


@cache
def _dropped() -> TypeAdapter[Sequence[Dropped]]:
    return TypeAdapter(Sequence[Dropped])
