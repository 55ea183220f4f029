"""A dream's calls of a model, and what a person allowed them to cost, in the database.

Whether a call may be made is decided in the transaction that writes it down, so that two processes that dream at once
cannot both spend the last of an allowance.
"""

import json
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from dreamfs_server.sqlite.connection import Database
from dreamfs_server.sqlite.rows import milliseconds, moment
from dreamfs_tools.errors import Refusal
from dreamfs_tools.model_call import MICROUSD, Allowance, ModelCall

_CALLS = """
SELECT number, purpose, model, request_hash, request, continues, response, usage, cost_microusd, batch_id, error,
       created_at, finished_at
FROM model_call WHERE dream_id = ? ORDER BY number
"""
_NEXT = "SELECT 1 + coalesce(max(number), 0) FROM model_call WHERE dream_id = ?"
_INSERT = """
INSERT INTO model_call (dream_id, number, purpose, model, request_hash, request, continues, cost_microusd, created_at)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
"""
_FINISH = """
UPDATE model_call SET response = ?, usage = ?, cost_microusd = ?, batch_id = ?, error = ?, finished_at = ?
WHERE dream_id = ? AND number = ?
"""
_DREAM = "SELECT status, usage FROM dream WHERE dream_id = ?"
_USED = "UPDATE dream SET usage = ? WHERE dream_id = ?"
_ALLOWANCE = """
SELECT microusd_per_month, allowed_by, allowed_at FROM allowance WHERE provider = ? ORDER BY allowance_id DESC LIMIT 1
"""
_SPENT = "SELECT coalesce(sum(cost_microusd), 0) FROM model_call WHERE created_at >= ?"
_ALLOW = "INSERT INTO allowance (provider, microusd_per_month, allowed_by, allowed_at) VALUES (?, ?, ?, ?)"


class SqliteModelCalls:
    """The `ModelCalls` of a database.

    Args:
        database: open.
        clock: the time of calls and allowances, UTC; its month is the one that an allowance counts.
    """

    def __init__(self, database: Database, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._clock = clock

    async def of(self, dream_id: str) -> Sequence[ModelCall]:
        """A dream's calls, in order."""
        return await self._database.read(lambda c: [_call_of(row) for row in c.execute(_CALLS, (dream_id,)).fetchall()])

    async def begin(self, dream_id: str, provider: str, call: ModelCall) -> ModelCall:
        """Write down a call that is about to be made, if it may be."""
        now = self._clock()

        def insert(c: sqlite3.Connection) -> ModelCall:
            (status, _) = c.execute(_DREAM, (dream_id,)).fetchone()
            if status not in {"pending", "running"}:
                raise Refusal("conflict", f"Dream {dream_id} is {status}: it asks no model any more.")
            _check_allowed(_allowance(c, provider, now), provider, call.cost_microusd)
            (number,) = c.execute(_NEXT, (dream_id,)).fetchone()
            c.execute(
                _INSERT,
                (
                    *(dream_id, number, call.purpose, call.model, call.request_hash, _json(call.request)),
                    *(call.continues, call.cost_microusd, milliseconds(now)),
                ),
            )
            return replace(call, number=number, created_at=now)

        return await self._database.write(insert)

    async def finish(self, dream_id: str, call: ModelCall, spent: Mapping[str, Any]) -> None:
        """Write down how a call ended, and what the dream used so far."""
        now = milliseconds(self._clock())
        ended = now if call.response or call.error else None

        def update(c: sqlite3.Connection) -> None:
            response = _json(call.response) if call.response else ""
            c.execute(
                _FINISH,
                (
                    *(response, _json(call.usage), call.cost_microusd, call.batch_id, call.error, ended),
                    *(dream_id, call.number),
                ),
            )
            (_, usage) = c.execute(_DREAM, (dream_id,)).fetchone()
            c.execute(_USED, (_json({**json.loads(usage), **spent}), dream_id))

        await self._database.write(update)

    async def allowance(self, provider: str) -> Allowance | None:
        """What is allowed now."""
        now = self._clock()
        return await self._database.read(lambda c: _allowance(c, provider, now))

    async def allow(self, provider: str, microusd_per_month: int, by: str) -> Allowance | None:
        """Allow an amount a month from now on; 0 takes it back."""
        now = self._clock()

        def insert(c: sqlite3.Connection) -> Allowance | None:
            c.execute(_ALLOW, (provider, microusd_per_month, by, milliseconds(now)))
            return _allowance(c, provider, now)

        return await self._database.write(insert)


def _allowance(c: sqlite3.Connection, provider: str, now: datetime) -> Allowance | None:
    row = c.execute(_ALLOWANCE, (provider,)).fetchone()
    if row is None or not row[0]:
        return None
    month = now.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    (spent,) = c.execute(_SPENT, (milliseconds(month),)).fetchone()
    return Allowance(provider, row[0], row[1], moment(row[2]), spent)


def _check_allowed(allowance: Allowance | None, provider: str, most_microusd: int) -> None:
    if allowance is None:
        raise Refusal(
            "not_allowed",
            f"Nobody allowed {provider} to be asked. A person can: `dreamfs dream allow {provider} --usd-per-month N`.",
        )
    if most_microusd > allowance.left_microusd:
        raise Refusal(
            "limit",
            f"The next call could cost USD {most_microusd / MICROUSD:.4f}, and USD {allowance.left_microusd / MICROUSD:.4f} "
            f"is left of the USD {allowance.microusd_per_month / MICROUSD:.2f} that {allowance.allowed_by} allowed for a "
            "month.",
        )


def _call_of(row: tuple[Any, ...]) -> ModelCall:
    (number, purpose, model, request_hash, request, continues, response, usage, cost, batch_id, error) = row[:11]
    (created_at, finished_at) = row[11:]
    return ModelCall(
        number=number,
        purpose=purpose,
        model=model,
        request_hash=request_hash,
        request=json.loads(request),
        continues=continues,
        response=json.loads(response) if response else {},
        usage=json.loads(usage),
        cost_microusd=cost,
        batch_id=batch_id,
        error=error,
        created_at=moment(created_at),
        finished_at=None if finished_at is None else moment(finished_at),
    )


def _json(document: Mapping[str, Any]) -> str:
    return json.dumps(document, ensure_ascii=False)
