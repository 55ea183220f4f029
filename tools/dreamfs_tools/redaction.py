"""Redaction: what is to be removed for good, where every copy of it is, and what came of it.

Redaction acts on bytes, not on paths: a text that has to go is looked for in every store, fork, proposal, card and
transcript of the database, and all copies go together or none does. Only what the database keeps can be reached.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Literal, Protocol

from dreamfs_tools.answers import plural
from dreamfs_tools.filesystem import Author
from dreamfs_tools.needle import REDACTED, Needle
from dreamfs_tools.transcript import Event, line_count

ROWS_SHOWN_MAX = 200


@dataclass(frozen=True, slots=True)
class Redaction:
    """What somebody wants removed."""

    store: str
    """A slug."""
    path: str
    """Inside the store: a file, also one that is deleted; with `text` also a folder."""
    text: str | None = None
    """The passage; None removes whole versions."""
    versions: Sequence[int] = ()
    """Which versions of the file, without `text`; empty for all of them."""
    replacement: str = REDACTED
    everywhere: bool = False
    """Whether copies elsewhere than in the path's own history may be removed too."""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Copy:
    """One place that holds the text."""

    kind: str
    """`version`, `message`, `transcript`, `proposal`, `card`, `dream`, `model call`, `access log`, `store`, …"""
    where: str
    """As people find it: `/memories/a.md version 3`, `/transcripts/s-1 line 40`."""
    own: bool = False
    """Whether it belongs to the history of the path that was named."""


@dataclass(frozen=True, slots=True)
class ErasurePlan:
    """What a redaction or a pruning would remove, and what it cannot."""

    copies: Sequence[Copy]
    names: Sequence[Copy] = ()
    """Paths, ids of sessions and the like that hold the text; they are what things are called and stay."""
    backups: Sequence[str] = ()
    """Known backups, which are out of reach."""
    spared: Sequence[Copy] = ()
    """What a pruning would let go by its rules and keeps, because something may still be merged against it."""

    @property
    def elsewhere(self) -> Sequence[Copy]:
        """The copies that are not in the path's own history."""
        return [copy for copy in self.copies if not copy.own]


@dataclass(frozen=True, slots=True)
class Erased:
    """What was removed."""

    plan: ErasurePlan
    revisions: Mapping[str, int] = field(default_factory=dict[str, int])
    """Store → the revision in which live files were replaced."""
    is_erased: bool = False
    """Whether the bytes are gone from the files of the database; False: hidden, erasure pending."""


@dataclass(frozen=True, slots=True)
class Pruning:
    """Which old contents to let go; what is given counts together, so that both have to allow it.

    Several at once let go what any of them does; so two stores with rules of their own may lose what both have.
    """

    store: str = ""
    """A slug; "" for all stores."""
    superseded_before: datetime | None = None
    """Contents that stopped being current before this."""
    keep_versions: int | None = None
    """How many of the newest versions of each memory stay whatever their age; the live one always does."""


class Eraser(Protocol):
    """Removes texts from a database for good. Each call of `erase` and `prune` is all or nothing."""

    async def plan(self, redaction: Redaction) -> ErasurePlan:
        """Find every copy.

        Raises:
            Refusal: `not_found`, `invalid_argument`.
        """
        ...

    async def erase(self, redaction: Redaction, author: Author) -> Erased:
        """Remove every copy, then rewrite the files of the database without it.

        Raises:
            Refusal: as `plan`; `not_allowed` when there are copies elsewhere and `everywhere` is not given; `locked`.
        """
        ...

    async def plan_pruning(self, prunings: Sequence[Pruning]) -> ErasurePlan:
        """Find the contents that a pruning would let go."""
        ...

    async def prune(self, prunings: Sequence[Pruning], author: Author) -> Erased:
        """Let contents go; their revisions stay."""
        ...

    async def finish(self) -> int:
        """Rewrite the files for redactions that wait for it; gives how many still wait."""
        ...


def event_text(event: Event, text: str, needle: Needle) -> str:
    """A transcript event's text without the needle, rendered in as many lines as before, so that citations hold."""
    result = needle.replaced_by_line(text)
    if _lines(event, result) == _lines(event, text):
        return result
    return needle.replaced_by_line(text, REDACTED)


def plan_text(plan: ErasurePlan) -> str:
    """A plan as a person reads it before saying yes."""
    lines = [f"{plural(len(plan.copies), 'copy', 'copies')}:"]
    lines += [f"  {copy.kind}: {copy.where}" for copy in plan.copies[:ROWS_SHOWN_MAX]]
    if len(plan.copies) > ROWS_SHOWN_MAX:
        lines.append(f"  … and {len(plan.copies) - ROWS_SHOWN_MAX:,} more: --json lists them all")
    if plan.names:
        lines.append("Names that hold it and stay; choose others where you can:")
        lines += [f"  {copy.kind}: {copy.where}" for copy in plan.names[:ROWS_SHOWN_MAX]]
    if plan.backups:
        lines.append("Known backups, which are out of reach: remove them yourself:")
        lines += [f"  {backup}" for backup in plan.backups]
    lines.append("Other backups, file system snapshots, exports and the logs of clients are out of reach.")
    return "\n".join(lines)


def plan_shape(plan: ErasurePlan) -> dict[str, Any]:
    """A plan for machines."""
    return {
        "copies": [_shape(copy) for copy in plan.copies],
        "names": [_shape(copy) for copy in plan.names],
        "backups": list(plan.backups),
        "spared": [_shape(copy) for copy in plan.spared],
    }


Outcome = Literal["erased", "hidden, erasure pending"]


def outcome_of(erased: Erased) -> Outcome:
    """What may be said of the bytes."""
    return "erased" if erased.is_erased else "hidden, erasure pending"


def _shape(copy: Copy) -> dict[str, Any]:
    return {"kind": copy.kind, "where": copy.where, "own": copy.own}


def _lines(event: Event, text: str) -> int:
    return line_count(replace(event, text=text))
