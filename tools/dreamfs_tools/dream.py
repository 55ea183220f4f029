"""The tool `dream`: start a dream. The data of dreams is in `dreaming.py`, and given on from here."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Literal

from dreamfs_tools.call import Answer, Call
from dreamfs_tools.dream_naming import Naming
from dreamfs_tools.dream_status import check_wait, dreams_of, steps_of, told
from dreamfs_tools.dreaming import (
    Card,
    ChangeOperation,
    Claim,
    ClaimKind,
    Coverage,
    Door,
    Dream,
    DreamJournal,
    DreamReader,
    DreamRequest,
    Dreams,
    DreamStatus,
    Dropped,
    Evidence,
    Proposal,
    ProposalStatus,
    ProposedChange,
    Review,
    Risk,
    Support,
    Verdict,
)
from dreamfs_tools.errors import Refusal
from dreamfs_tools.filesystem import Snapshot

__all__ = [
    "Card",
    "ChangeOperation",
    "Claim",
    "ClaimKind",
    "Coverage",
    "Door",
    "Dream",
    "DreamJournal",
    "DreamReader",
    "DreamRequest",
    "DreamStatus",
    "Dreams",
    "Dropped",
    "Evidence",
    "Proposal",
    "ProposalStatus",
    "ProposedChange",
    "Review",
    "Risk",
    "Support",
    "Verdict",
]


async def dream(
    call: Call,
    store: str = "/memories",
    sessions: Sequence[str] = (),
    since: str = "",
    instructions: str = "",
    curator: Literal["auto", "embedded", "anthropic", "client"] = "auto",
    output: Literal["propose", "fork"] = "propose",
    wait_seconds: int = 25,
    format: Literal["text", "json"] = "text",  # noqa: A002  # the contract's name
) -> Answer:
    """Start a dream: read many stored sessions and propose a better memory. Nothing changes until a person accepts.

    `sessions` and `since` (2026-11-01) narrow what it reads. `curator` "client" lets you propose: it then answers with
    the agenda to read. Waits a little; go on with dream_status.
    """
    check_wait(wait_seconds)
    dreams = dreams_of(call)
    called = await call.filesystem.read(lambda snapshot: _store(call, snapshot, store))
    request = DreamRequest(
        store=called.slug,
        curator=curator,
        sessions=list(sessions),
        since=_time(since),
        instructions=instructions,
        output=output,
        requested_by=call.author.label,
    )
    try:
        started = await dreams.start(request)
    except Refusal as refusal:
        raise called.refusal(refusal) from None
    return await told(call, await dreams.wait(started.dream_id, wait_seconds, steps_of(call, called)), format)


def _store(call: Call, snapshot: Snapshot, path: str) -> Naming:
    place = call.mounts.writable_place(snapshot, path)
    if place.path or place.mount is None or place.mount.store is None:
        raise Refusal("invalid_argument", f"A dream is of a whole store, such as /memories, not of {place.shown}.")
    return Naming(place.mount.store.slug, place.mount.name)


def _time(since: str) -> datetime | None:
    if not since:
        return None
    try:
        at = datetime.fromisoformat(since)
    except ValueError:
        raise Refusal(
            "invalid_argument", f"since {since!r} is not a date or time; write 2026-11-01 or 2026-11-01T09:00:00Z."
        ) from None
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
