"""`auto_accept=tidy`: what a store may take from a dream without a person. Exact duplicates and missing lines of an index.

Nothing that a dream says of its own proposal is believed. Whether it is tidying is decided from what it would do to the
store as it is now, inside the transaction that does it: a memory retired in favour of one that holds the same text, or an
index that gains links, in our own fixed form, to files that exist. Anything else waits for a person.
"""

import posixpath
import re
from collections.abc import Sequence

from dreamfs_server.dream.evidence.memories.links import is_index
from dreamfs_server.dream.risk import STEERING_FILES
from dreamfs_tools.dreaming import Dream, Proposal, ProposedChange
from dreamfs_tools.filesystem import Edit, Move, Put, Snapshot, Tree

REVIEWER = "policy:tidy"
PROPOSALS_COUNT_MAX = 5
"""Of one dream; the rest waits for a person."""
FILES_COUNT_MAX = 20
"""Of one proposal."""
_ENTRY = re.compile(r"- \[([^\]\[\n]+)\]\(([^()\s]+)\)")


def why_not_tidy(snapshot: Snapshot, dream: Dream, proposal: Proposal, edits: Sequence[Edit]) -> str:
    """Why a store's policy may not accept a proposal, as a sentence; "" when it may.

    Args:
        snapshot: the present, in the transaction that would accept it.
        dream: the one that proposes.
        proposal: open.
        edits: what accepting it now would do.
    """
    store = snapshot.store(dream.store)
    if store is None or store.auto_accept != "tidy":
        return f"The store /{dream.store} does not set auto_accept to tidy."
    if (
        proposal.status != "pending"
        or proposal.risk == "high"
        or proposal.flags
        or proposal.dropped
        or proposal.reverts
    ):
        return "It is flagged, quarantined, of high risk, drops something or undoes something."
    if not edits or len(edits) > FILES_COUNT_MAX:
        return f"It changes {len(edits)} files; a policy takes 1 to {FILES_COUNT_MAX}."
    accepted = [one for one in snapshot.dreams.proposals(dream.dream_id) if one.reviewed_by == REVIEWER]
    if len(accepted) >= PROPOSALS_COUNT_MAX:
        return f"{PROPOSALS_COUNT_MAX} proposals of this dream were accepted by policy already."
    tree = snapshot.tree(dream.store)
    kept = {change.path: change.new_path for change in proposal.changes if change.operation == "retire"}
    for edit in edits:
        if isinstance(edit, Move):
            why = _why_no_duplicate(tree, f"/{dream.store}", edit, kept)
        elif isinstance(edit, Put):
            why = _why_no_index(tree, edit, proposal.changes)
        else:
            why = "It removes a file."
        if why:
            return why
    return ""


def _why_no_duplicate(tree: Tree, mount: str, edit: Move, kept: dict[str, str]) -> str:
    target = kept.get(f"{mount}/{edit.path}", "")
    if not target or target in kept:
        return f"{edit.path} is moved, but not in favour of a file that stays."
    if is_index(edit.path) or edit.path.rpartition("/")[2].casefold() in STEERING_FILES:
        return f"{edit.path} is read for where it is."
    mine, other = _text(tree, edit.path), _text(tree, target.removeprefix(f"{mount}/"))
    if mine is None or other is None or mine.rstrip() != other.rstrip() or not mine.strip():
        return f"{edit.path} does not say exactly what {target} says."
    return ""


def _why_no_index(tree: Tree, edit: Put, changes: Sequence[ProposedChange]) -> str:
    before = _text(tree, edit.path)
    if before is None or not is_index(edit.path):
        return f"{edit.path} is no index that exists."
    if not edit.text.startswith(before.rstrip()):
        return f"What {edit.path} says already would change."
    folder = posixpath.dirname(edit.path)
    for line in edit.text[len(before.rstrip()) :].split("\n"):
        entry = _ENTRY.fullmatch(line)
        target = posixpath.normpath(posixpath.join(folder, entry[2])) if entry else ""
        if line and (entry is None or _text(tree, target) is None or entry[1] != _name(target)):
            return f"{edit.path} would gain a line that is no plain link to a file that exists."
        if any(change.path.endswith(f"/{target}") for change in changes if entry and change.operation == "retire"):
            return f"{edit.path} would link to a file that is retired."
    return ""


def _name(path: str) -> str:
    return path.rpartition("/")[2].removesuffix(".md")


def _text(tree: Tree, path: str) -> str | None:
    entry = tree.entry(path) if path and not path.startswith(("..", "/")) else None
    return tree.text(entry) if entry is not None and entry.kind == "file" else None
