"""What a person says of a proposal, and the one revision that accepting it makes.

No model has a way in here: the callers are the terminal command, the console, and the host's form that only a person
can fill in. Accepting is one write through the seam: the change, its verdict, or neither.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from dreamfs_server.dream.apply import ARCHIVE, FileChange, Stale, fold, rebase, retirement_note
from dreamfs_server.dream.tidy import REVIEWER, why_not_tidy
from dreamfs_tools.admission import admit
from dreamfs_tools.dreaming import Dream, DreamJournal, EditedFile, Proposal, Review, Verdict
from dreamfs_tools.errors import Refusal
from dreamfs_tools.filesystem import Author, Edit, Filesystem, Move, Planned, Put, Remove, Snapshot, Tree

REASON_CHARACTERS_MAX = 1_024


@dataclass(frozen=True, slots=True)
class _Outcome:
    status: Literal["accepted", "stale"]
    proposal: Proposal
    why: str = ""
    held: int = 0
    """The version that has all of an accepted change already; 0 where there was something to do."""


async def decide(filesystem: Filesystem, journal: DreamJournal, review: Review, author: Author) -> Proposal:
    """Record what a person said.

    Args:
        filesystem: the engine.
        journal: where verdicts without a change go.
        review: the answer.
        author: whence the person answers. Of it the client and transport are kept; the session is not, since no session
            wrote what the dream did.

    Returns:
        The proposal as it then stands.

    Raises:
        Refusal: `not_found`, `conflict` when it is settled already, `not_allowed` for a door that may not, `stale` when
            memory moved on (the proposal is then marked stale); for an edited text `conflict` when its file was changed
            since it was shown, and what any write may be refused for.
    """
    if len(review.reason) > REASON_CHARACTERS_MAX:
        raise Refusal(
            "too_large",
            f"The reason has {len(review.reason):,} characters; at most {REASON_CHARACTERS_MAX:,} are allowed.",
        )
    if (review.door == "policy") != (review.reviewer == REVIEWER) or (review.door == "policy" and not review.accept):
        raise Refusal("not_allowed", f"{REVIEWER} is no person's name, and a policy only accepts. Nothing was changed.")
    if not review.accept:
        await filesystem.read(lambda snapshot: _undecided(snapshot, review))
        return await journal.judge(
            Verdict(review.dream_id, review.proposal, "rejected", review.reviewer, review.reason)
        )
    as_dream = Author(
        actor=f"dream:{review.dream_id}",
        on_behalf_of=review.reviewer,
        client=author.client,
        protocol_version=author.protocol_version,
        transport=author.transport,
        request_id=author.request_id,
    )
    outcome, committed = await filesystem.write(lambda snapshot: _accept(snapshot, review), as_dream)
    if outcome.status == "stale":
        raise Refusal(
            "stale",
            f"Proposal {review.proposal} of dream {review.dream_id} no longer applies: {outcome.why} Nothing was changed; "
            "it is marked stale. Dream again to have it made anew.",
            proposal=review.proposal,
            status="stale",
        )
    version = max((revision.number for revision in committed.revisions.values()), default=0) if committed else 0
    return replace(
        outcome.proposal,
        status="accepted",
        reviewed_by=review.reviewer,
        reason=review.reason,
        version=version or outcome.held,
        is_there_already=outcome.held > 0,
    )


def selection(text: str, numbers: Sequence[int]) -> list[int]:
    """The proposals that `1,3-5` or `all` names, in order.

    Args:
        text: numbers and ranges with commas between.
        numbers: those there are.

    Raises:
        Refusal: `invalid_argument`, `not_found`.
    """
    if text.strip().casefold() == "all":
        return list(numbers)
    chosen: set[int] = set()
    for part in text.split(","):
        first, dash, last = (piece.strip() for piece in part.partition("-"))
        ends = (first, last if dash else first)
        if not all(end.isascii() and end.isdigit() and len(end) <= 9 for end in ends) or int(ends[0]) > int(ends[1]):
            raise Refusal(
                "invalid_argument", f"{text!r} is not a selection; write numbers and ranges such as 1,3-5, or all."
            )
        within = {number for number in numbers if int(ends[0]) <= number <= int(ends[1])}
        if len(within) != int(ends[1]) - int(ends[0]) + 1:
            there = ", ".join(str(number) for number in numbers) or "none"
            raise Refusal("not_found", f"There is no proposal {part.strip()}; the proposals are: {there}.")
        chosen |= within
    return sorted(chosen)


def results(snapshot: Snapshot, dream_id: str, number: int) -> list[EditedFile]:
    """What accepting a proposal now would make its files hold, for a reviewer to edit; retired ones are left out.

    Raises:
        Refusal: `not_found`; `stale` when it no longer applies.
    """
    dream, proposal = find(snapshot, dream_id, number)
    try:
        edits = _edits(snapshot, dream, proposal)
    except Stale as stale:
        raise Refusal("stale", f"Proposal {number} of dream {dream_id} no longer applies: {stale}") from None
    now = snapshot.tree(dream.store)
    found: list[EditedFile] = []
    for edit in edits:
        at = now.entry(edit.path)
        text = None if isinstance(edit, Remove) else edit.text
        if isinstance(edit, Move) and text is None and at is not None:
            text = now.text(at)
        if text is not None and not _retires(edit):
            target = edit.new_path if isinstance(edit, Move) else edit.path
            found.append(EditedFile(f"/{dream.store}/{target}", text, at.version if at is not None else 0))
    return found


def _accept(snapshot: Snapshot, review: Review) -> Planned[_Outcome]:
    dream, proposal = _undecided(snapshot, review)
    store = snapshot.store(dream.store)
    if store is None or store.archived_at is not None:
        raise Refusal("read_only", f"The store /{dream.store} can no longer be written. Nothing was changed.")
    verdict = Verdict(review.dream_id, review.proposal, "accepted", review.reviewer, review.reason, bool(review.edited))
    try:
        files = _files(snapshot, dream, proposal)
        edits = rebase(files, snapshot.tree(dream.store), dream.store)
    except Stale as stale:
        settled = replace(verdict, status="stale", reason=str(stale), edited=False)
        return Planned(_Outcome("stale", proposal, str(stale)), verdict=settled)
    if review.door == "policy" and (why := why_not_tidy(snapshot, dream, proposal, edits)):
        raise Refusal("not_allowed", f"A person decides about proposal {proposal.number}: {why} Nothing was changed.")
    message = proposal.title
    if review.edited:
        edits = _edited(snapshot, review, edits)
        message += f" (edited by {review.reviewer})"
    message = admit(snapshot, edits, message, {dream.store: dream.store})
    held = 0 if edits else _held(snapshot.tree(dream.store), files)
    outcome = _Outcome("accepted", proposal, held=held)
    return Planned(outcome, edits, message=message, dream_id=dream.dream_id, verdict=verdict)


def _held(now: Tree, files: Sequence[FileChange]) -> int:
    """The version since which a store has what a proposal would write."""
    return max((entry.version for file in files if (entry := now.entry(file.new_path))), default=0)


def _edits(snapshot: Snapshot, dream: Dream, proposal: Proposal) -> Sequence[Edit]:
    return rebase(_files(snapshot, dream, proposal), snapshot.tree(dream.store), dream.store)


def _files(snapshot: Snapshot, dream: Dream, proposal: Proposal) -> Sequence[FileChange]:
    """What a proposal does to each file.

    Raises:
        Stale: something that its base says of a file no longer holds, whatever was written since.
    """
    base = snapshot.tree(dream.store, proposal.base_version)
    for change in proposal.changes:
        entry = base.entry(change.path.removeprefix(f"/{dream.store}/"))
        if entry is not None and entry.pinned:
            raise Stale(
                f"{change.path} was pinned since, and no dream changes what is pinned; `dreamfs pin {change.path} --off` "
                "unpins it."
            )
    folded = fold(
        base, f"/{dream.store}", proposal.changes, note=retirement_note(dream.created_at, f"dream {dream.dream_id}")
    )
    if folded.failures:
        raise Stale(folded.failures[0])
    return folded.files


def _edited(snapshot: Snapshot, review: Review, edits: Sequence[Edit]) -> Sequence[Edit]:
    """The edits with the reviewer's texts in place of the proposed ones.

    Raises:
        Refusal: `conflict`, `invalid_argument`.
    """
    shown = {file.path: file for file in results(snapshot, review.dream_id, review.proposal)}
    texts = {file.path: file for file in review.edited}
    if unknown := sorted(set(texts) - set(shown)):
        raise Refusal(
            "invalid_argument", f"Proposal {review.proposal} does not write {unknown[0]}. Nothing was changed."
        )
    for path, file in texts.items():
        if file.version != shown[path].version:
            raise Refusal(
                "conflict",
                f"{path} was changed while you edited it (version {shown[path].version}). Nothing was changed. Look at the "
                "proposal again.",
            )
    done: list[Edit] = []
    for edit in edits:
        target = "" if isinstance(edit, Remove) else edit.new_path if isinstance(edit, Move) else edit.path
        own = texts.get(f"/{edit.store}/{target}")
        if own is None or isinstance(edit, Remove) or _retires(edit):
            done.append(edit)
        elif isinstance(edit, Move) or own.text != _text_now(snapshot, edit):
            done.append(replace(edit, text=own.text))
    if not done:
        raise Refusal("invalid_argument", "Your text is what memory says already. Reject the proposal instead.")
    return done


def _retires(edit: Edit) -> bool:
    return (
        isinstance(edit, Move) and edit.new_path.startswith(f"{ARCHIVE}/") and not edit.path.startswith(f"{ARCHIVE}/")
    )


def _text_now(snapshot: Snapshot, edit: Put) -> str | None:
    tree = snapshot.tree(edit.store)
    entry = tree.entry(edit.path)
    return tree.text(entry) if entry is not None and entry.kind == "file" else None


def _undecided(snapshot: Snapshot, review: Review) -> tuple[Dream, Proposal]:
    dream, proposal = find(snapshot, review.dream_id, review.proposal)
    if proposal.status not in {"pending", "quarantined"}:
        by = f" by {proposal.reviewed_by}" if proposal.reviewed_by else ""
        raise Refusal(
            "conflict",
            f"Proposal {proposal.number} of dream {dream.dream_id} is {proposal.status}{by} already. Nothing was changed.",
            proposal=proposal.number,
            status=proposal.status,
        )
    if review.accept and review.door == "client" and (proposal.risk == "high" or proposal.status == "quarantined"):
        word = "quarantined" if proposal.status == "quarantined" else "of high risk"
        raise Refusal(
            "not_allowed",
            f"Proposal {proposal.number} is {word}: it can be accepted only at a terminal, with "
            f"`dreamfs dream review {dream.dream_id} {proposal.number}`. Nothing was changed.",
        )
    return dream, proposal


def find(snapshot: Snapshot, dream_id: str, number: int) -> tuple[Dream, Proposal]:
    """A proposal with its dream.

    Raises:
        Refusal: `not_found`, naming what there is.
    """
    dream = snapshot.dreams.dream(dream_id)
    if dream is None:
        raise Refusal("not_found", f"There is no dream {dream_id}; `dreamfs dream list` shows the dreams there are.")
    proposals = snapshot.dreams.proposals(dream_id)
    for proposal in proposals:
        if proposal.number == number:
            return dream, proposal
    there = ", ".join(str(proposal.number) for proposal in proposals) or "none"
    raise Refusal("not_found", f"Dream {dream_id} has no proposal {number}; its proposals are: {there}.")
