"""The prompt `dream`: hands the curation of a dream to the client's own model."""

from pathlib import Path
from typing import Annotated, Any

from mcp.server.mcpserver import MCPServer
from mcp.shared.exceptions import MCPError
from mcp_types import INVALID_PARAMS
from pydantic import Field

from dreamfs_tools.answers import moment, plural
from dreamfs_tools.dreaming import Dream
from dreamfs_tools.errors import Refusal
from dreamfs_tools.filesystem import Filesystem, Snapshot
from dreamfs_tools.mounts import Mounts
from dreamfs_tools.shapes import to_json

_TEMPLATE = Path(__file__).with_suffix(".md")


def add_dream(app: MCPServer[Any], filesystem: Filesystem, mounts: Mounts) -> None:
    """Register the prompt."""

    @app.prompt(
        name="dream", description="Curate a memory: read what many sessions left behind and propose better notes."
    )
    async def dream(  # pyright: ignore[reportUnusedFunction]
        store: Annotated[str, Field(description="Which memory; /memories if left out.")] = "/memories",
        since: Annotated[str, Field(description="Only sessions since this date, such as 2026-11-01.")] = "",
        instructions: Annotated[str, Field(description="What to look for, in words.")] = "",
    ) -> str:
        try:
            return await filesystem.read(lambda snapshot: dream_text(snapshot, mounts, store, since, instructions))
        except Refusal as refusal:
            raise MCPError(code=INVALID_PARAMS, message=refusal.sentence) from None


def dream_text(snapshot: Snapshot, mounts: Mounts, store: str, since: str, instructions: str) -> str:
    """What the `dream` prompt says: how to begin or go on, the work, and what good curation is.

    Raises:
        Refusal: `not_found`, `read_only`, `invalid_argument` for a store that cannot be dreamed about.
    """
    place = mounts.writable_place(snapshot, store or "/memories")
    if place.path:
        raise Refusal("invalid_argument", f"A dream is of a whole store, such as /memories, not of {place.shown}.")
    waiting = [dream for dream in snapshot.dreams.dreams(place.store) if dream.waits_for_client(snapshot.now)]
    begin = _go_on(snapshot, waiting[0]) if waiting else _start(place.shown, since, instructions)
    template = _TEMPLATE.read_text(encoding="utf-8").rstrip("\n")
    return template.replace("{store}", place.shown).replace("{begin}", begin)


def _start(store: str, since: str, instructions: str) -> str:
    asked = {"store": store, "curator": "client"}
    asked |= {"since": since} if since else {}
    asked |= {"instructions": instructions} if instructions else {}
    return (
        f"Call the tool `dream` with {to_json(asked)}. It answers with the dream's id (ID below) while it mines the stored "
        'transcripts. Until it waits for your proposals, call `dream_status` with action "wait".'
    )


def _go_on(snapshot: Snapshot, dream: Dream) -> str:
    made = snapshot.dreams.proposals(dream.dream_id)
    has = (
        f"has {plural(len(made), 'proposal')} already: view them first, and go on after them"
        if made
        else "has none yet"
    )
    until = f" until {moment(dream.waits_until)}" if dream.waits_until else ""
    return (
        f"Dream {dream.dream_id} (ID below), begun at {moment(dream.created_at)}, waits for proposals{until} and {has}. Do not "
        "start another: go on with this one."
    )
