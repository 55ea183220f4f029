"""How much could go wrong if a person accepts in haste; high-risk proposals are decided at the terminal or console."""

import re
from collections.abc import Sequence

from dreamfs_server.dream.apply import FileChange
from dreamfs_server.dream.wording import added_lines, removed_lines
from dreamfs_tools.dreaming import Proposal, Risk

STEERING_FILES = frozenset({"claude.md", "agents.md", "gemini.md", ".cursorrules", "system.md", "instructions.md"})
"""Files that clients read as orders by themselves."""
GUTTED_SHARE_MIN = 0.5
GUTTED_LINES_MIN = 10
_ADDRESS = re.compile(r"https?://\S+", re.IGNORECASE)


def risk_of(files: Sequence[FileChange], proposal: Proposal, *, quarantined: bool) -> Risk:
    """Rate a proposal.

    *High*: quarantined, touches a file that clients obey, adds an address that the text did not have, or takes away at
    least half of a file of ten lines or more. *Medium*: takes away or moves anything else. *Low*: only adds, or archives
    what another file says word for word.
    """
    if quarantined or any(_steers(file) or _new_address(file) or _gutted(file) for file in files):
        return "high"
    kept = {line.strip() for file in files if not file.retires for line in file.after.split("\n")}
    kept |= {line.strip() for change in proposal.changes for line in change.new_str.split("\n")}
    if proposal.dropped or any(_takes_away(file, kept) for file in files):
        return "medium"
    return "low"


def higher(one: Risk, other: Risk) -> Risk:
    """The higher of two; what a curator says of itself can only raise it."""
    order: tuple[Risk, ...] = ("low", "medium", "high")
    return order[max(order.index(one), order.index(other))]


def _steers(file: FileChange) -> bool:
    return file.new_path.rpartition("/")[2].casefold() in STEERING_FILES and not file.retires


def _new_address(file: FileChange) -> bool:
    added = " ".join(line for _, line in added_lines(file.before, file.after))
    return any(found not in file.before for found in _ADDRESS.findall(added))


def _gutted(file: FileChange) -> bool:
    lines = [line for line in file.before.split("\n") if line.strip()]
    if file.retires or len(lines) < GUTTED_LINES_MIN:
        return False
    gone = [line for line in removed_lines(file.before, file.after) if line.strip()]
    return len(gone) >= GUTTED_SHARE_MIN * len(lines)


def _takes_away(file: FileChange, kept: set[str]) -> bool:
    if file.retires or file.moves:
        return True
    return any(line.strip() and line.strip() not in kept for line in removed_lines(file.before, file.after))
