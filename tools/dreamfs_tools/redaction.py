"""Redaction: what is to be removed for good, where every copy of it is, and what came of it.

Redaction acts on bytes, not on paths: a text that has to go is looked for in every store, fork, proposal, card and
transcript of the database, and all copies go together or none does. Only what the database keeps can be reached.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal, Protocol

from dreamfs_tools.answers import plural
from dreamfs_tools.filesystem import Author
from dreamfs_tools.needle import REDACTED
from dreamfs_tools.transcript import Event, line_count

if TYPE_CHECKING:
    from dreamfs_tools.sought import Sought

ROWS_SHOWN_MAX = 200
REASON_CHARACTERS_MAX = 1_024


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
    take: Sequence[str] = ()
    """Places elsewhere whose copies may be removed too: a path with all below it, or a kind such as `access log`."""
    leave: Sequence[str] = ()
    """Places, named likewise, that keep the lines of it that they have; the whole of it they cannot keep."""

    def takes(self, copy: "Copy") -> bool:
        """Whether a copy elsewhere may be removed."""
        return copy.own or self.everywhere or _is_named(copy, self.take)

    def leaves(self, copy: "Copy") -> bool:
        """Whether lines are to stay where they are."""
        return _is_named(copy, self.leave)


@dataclass(frozen=True, slots=True)
class Copy:
    """One place that holds the text."""

    kind: str
    """`version`, `message`, `transcript`, `proposal`, `card`, `dream`, `model call`, `access log`, `store`, …"""
    where: str
    """As people find it: `/memories/a.md version 3`, `/transcripts/s-1 line 40`."""
    own: bool = False
    """Whether it belongs to the history of the path that was named."""
    lines: int = 0
    """How many different lines of it are there; 0 where the whole of it is."""


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
    left: Sequence[Copy] = ()
    """Places that keep lines of it, because that was asked for."""
    lines_kept: int = 0
    """How many lines of it were not looked for: too short, or in versions of the path that stay."""

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


def event_text(event: Event, text: str, sought: "Sought", *, lines: bool = True) -> str:
    """A transcript event's text without what is sought, rendered in as many lines as before, so that citations hold."""
    result = sought.replaced_by_line(text, lines=lines)
    if _lines(event, result) == _lines(event, text):
        return result
    return sought.replaced_by_line(text, REDACTED, lines=lines)


def plan_text(plan: ErasurePlan) -> str:
    """A plan as a person reads it before saying yes."""
    whole = [copy for copy in plan.copies if not copy.lines]
    parts = [copy for copy in plan.copies if copy.lines]
    lines = [f"{plural(len(whole), 'copy', 'copies')}:", *_listed(whole)]
    if parts:
        lines += [f"{plural(len(parts), 'place')} with lines of it:", *_listed(parts)]
    if plan.left:
        lines += ["Lines of it that stay where they are, as --leave says:", *_listed(plan.left)]
    if plan.lines_kept:
        lines.append(
            f"{plural(plan.lines_kept, 'line')} of it, short or in versions that stay too: looked for only with --text."
        )
    if plan.names:
        lines.append("Names that hold it and stay; choose others where you can:")
        lines += [f"  {copy.kind}: {copy.where}" for copy in plan.names[:ROWS_SHOWN_MAX]]
    if plan.backups:
        lines.append("Known backups, which are out of reach: remove them yourself:")
        lines += [f"  {backup}" for backup in plan.backups]
    lines.append("Other backups, file system snapshots, exports and the logs of clients are out of reach.")
    return "\n".join(lines)


def copy_words(copy: Copy) -> str:
    """A place on a line."""
    lines = f" ({plural(copy.lines, 'line')})" if copy.lines else ""
    return f"{copy.kind}: {copy.where}{lines}"


def plan_shape(plan: ErasurePlan) -> dict[str, Any]:
    """A plan for machines."""
    return {
        "copies": [_shape(copy) for copy in plan.copies],
        "names": [_shape(copy) for copy in plan.names],
        "backups": list(plan.backups),
        "spared": [_shape(copy) for copy in plan.spared],
        "left": [_shape(copy) for copy in plan.left],
        "lines_kept": plan.lines_kept,
    }


Outcome = Literal["erased", "hidden, erasure pending"]


def outcome_of(erased: Erased) -> Outcome:
    """What may be said of the bytes."""
    return "erased" if erased.is_erased else "hidden, erasure pending"


def _shape(copy: Copy) -> dict[str, Any]:
    return {"kind": copy.kind, "where": copy.where, "own": copy.own, "lines": copy.lines}


def _listed(copies: Sequence[Copy]) -> list[str]:
    shown = [f"  {copy_words(copy)}" for copy in copies[:ROWS_SHOWN_MAX]]
    more = len(copies) - ROWS_SHOWN_MAX
    return [*shown, f"  … and {more:,} more: --json lists them all"] if more > 0 else shown


def _is_named(copy: Copy, places: Sequence[str]) -> bool:
    where = copy.where.rpartition(" line ")[0] if copy.kind == "transcript" and " line " in copy.where else copy.where
    for place in places:
        bare = place.rstrip("/")
        if bare in {"", copy.kind, where} or where.startswith((f"{bare}/", f"{bare} ")):
            return True
    return False


def _lines(event: Event, text: str) -> int:
    return line_count(replace(event, text=text))
