"""The tool `dream_status`: where a dream is, and what a caller may do about it."""

from collections.abc import Mapping, Sequence
from itertools import count
from typing import Literal

from dreamfs_tools.call import Answer, Call
from dreamfs_tools.dream_measures import Measured, newest_measures
from dreamfs_tools.dream_naming import Naming
from dreamfs_tools.dream_pages import proposal_path, status_lines
from dreamfs_tools.dream_shape import dream_document
from dreamfs_tools.dream_waiting import decide_on, waiting, waiting_before
from dreamfs_tools.dreaming import Dream, Dreams, Proposal, Tell
from dreamfs_tools.errors import Refusal
from dreamfs_tools.filesystem import Snapshot
from dreamfs_tools.mounts import Mount, mount_of
from dreamfs_tools.shapes import to_json

WAIT_SECONDS_MAX = 300


async def dream_status(
    call: Call,
    dream_id: str,
    action: Literal["status", "wait", "finish", "cancel"] = "status",
    wait_seconds: int = 25,
    format: Literal["text", "json"] = "text",  # noqa: A002  # the contract's name
) -> Answer:
    """Say where a dream is: state, coverage, cost, proposals. "finish" completes a dream you curate; "cancel" ends it.

    Only a person accepts proposals.
    """
    check_wait(wait_seconds)
    dreams = dreams_of(call)
    called = await call.filesystem.read(lambda snapshot: naming_of(call, snapshot, dream_id))
    if action == "finish":
        dream = await dreams.finish(dream_id)
    elif action == "cancel":
        dream = await dreams.cancel(dream_id)
    else:
        dream = await dreams.wait(dream_id, wait_seconds if action == "wait" else 0, steps_of(call, called))
    return await told(call, dream, format)


def dreams_of(call: Call) -> Dreams:
    """Who runs dreams.

    Raises:
        Refusal: `unavailable` where nobody does.
    """
    if call.dreams is None:
        raise Refusal("unavailable", "This server runs no dreams. A person can run one: `dreamfs dream run`.")
    return call.dreams


def steps_of(call: Call, called: Naming) -> Tell | None:
    """Tells the client each step of a dream, where it wants to know."""
    progress, numbers = call.progress, count(1)
    if progress is None:
        return None

    async def tell(dream: Dream) -> None:
        await progress(next(numbers), f"Dream {dream.dream_id} of /{called.name}: {dream.step or dream.status}")

    return tell


def check_wait(seconds: int) -> None:
    """Refuse a wait that is none.

    Raises:
        Refusal: `invalid_argument`.
    """
    if not 0 <= seconds <= WAIT_SECONDS_MAX:
        raise Refusal("invalid_argument", f"wait_seconds must be between 0 and {WAIT_SECONDS_MAX}, not {seconds:,}.")


def visible_dream(call: Call, snapshot: Snapshot, dream_id: str) -> Dream:
    """A dream of a store that the caller may write.

    Raises:
        Refusal: `not_found`.
    """
    dream = snapshot.dreams.dream(dream_id)
    stores = {mount.store.slug for mount in call.mounts.table(snapshot).values() if mount.store and mount.writable}
    if dream is None or dream.store not in stores:
        known = [one.dream_id for store in sorted(stores) for one in snapshot.dreams.dreams(store)][:5]
        hint = f" The newest are: {', '.join(known)}." if known else " There are none yet; start one with dream."
        raise Refusal("not_found", f"There is no dream {dream_id}.{hint}")
    return dream


async def told(call: Call, dream: Dream, how: Literal["text", "json"]) -> Answer:
    """An answer about a dream: where it is, its proposals, and what to do next."""

    def query(snapshot: Snapshot) -> tuple[Naming, Sequence[Proposal], Measured, bool, list[str]]:
        mounts, proposals = call.mounts.table(snapshot), snapshot.dreams.proposals(dream.dream_id)
        measured = newest_measures(snapshot, dream) if how == "json" else Measured("", {})
        before = [] if dream.is_open else waiting_before(snapshot, dream)
        return naming(mounts, dream.store), proposals, measured, "dreams" in mounts, before

    called, proposals, measured, shown, before = await call.filesystem.read(query)
    dream, proposals = called.dream(dream), [called.proposal(proposal) for proposal in proposals]
    data = {"code": "ok", "dream_id": dream.dream_id, "status": dream.status, "proposals": len(proposals)}
    if how == "json":
        return Answer(to_json(dream_document(dream, proposals, measured)), data)
    lines = [*status_lines(dream, proposals), *_next_steps(dream, proposals, shown=shown), *before]
    return Answer("\n".join(lines), data)


def naming_of(call: Call, snapshot: Snapshot, dream_id: str) -> Naming:
    """What a caller calls the store of a dream.

    Raises:
        Refusal: as `visible_dream`.
    """
    return naming(call.mounts.table(snapshot), visible_dream(call, snapshot, dream_id).store)


def naming(mounts: Mapping[str, Mount], store: str) -> Naming:
    """What a caller with these mounts calls a store; its own name where no mount shows it."""
    mount = mount_of({name: mount for name, mount in mounts.items() if mount.writable}, store)
    return Naming(store, mount.name if mount is not None else store)


def _next_steps(dream: Dream, proposals: Sequence[Proposal], *, shown: bool) -> list[str]:
    where = f"/dreams/{dream.dream_id}"
    if dream.waits_until is not None:
        return [
            (
                f"Now view {where}/agenda.md and the cards it lists, propose with dream_propose, then end with dream_status, "
                'action "finish".'
            )
        ]
    if dream.is_open:
        return [f'It goes on without you. Ask again with dream_status, dream_id {dream.dream_id}, action "wait".']
    steps = decide_on(dream, proposals)
    if steps and shown:
        steps.append(f"Read a proposal with its diff and quotes: {where}/{proposal_path(waiting(proposals)[0])}")
    return steps
