"""Dreams: a run over a store and many transcripts, the evidence it found, and the proposals it makes.

Nothing here changes memory. A proposal is data until a person accepts it; accepting is an ordinary revision, made
through the seam with a `Verdict` beside the edits so that both happen or neither does. DESIGN section 10.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Literal, Protocol

from dreamfs_tools.filesystem import Author

DreamStatus = Literal["pending", "running", "completed", "incomplete", "failed", "canceled"]
ProposalStatus = Literal["pending", "accepted", "rejected", "stale", "quarantined", "reverted"]
Risk = Literal["low", "medium", "high"]
ClaimKind = Literal["observed", "hypothesis", "rule", "association"]
ChangeOperation = Literal["create", "replace", "edit", "rename", "retire"]

CLIENT = "client"
"""The curator that is the connected client's own model."""
GATHERING = "gathering"
"""The first step; a dream without an owner that is here still waits for a process."""
CLIENT_DREAM_HOURS_MAX = 12
"""How long a client's dream waits for proposals. Whoever began it may never come back, and it keeps its store's only place."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """A quote: an exact substring of the cited lines as `view` shows them, without the numbers."""

    source: str
    """`/transcripts/<session>` or a memory's path as its mount shows it."""
    lines: tuple[int, int]
    quote: str


@dataclass(frozen=True, slots=True)
class Support:
    """What a claim rests on, counted over distinct things."""

    sessions: int = 0
    days: int = 0
    tasks: int = 0


@dataclass(frozen=True, slots=True)
class Claim:
    """One statement with what supports it."""

    text: str
    kind: ClaimKind
    evidence: Sequence[Evidence] = ()
    support: Support = field(default_factory=Support)
    statistics: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """Recomputable numbers; shapes in DESIGN section 13."""


@dataclass(frozen=True, slots=True)
class ProposedChange:
    """One change of a proposal, in the shape of `dream_propose`; paths as the mount shows them."""

    operation: ChangeOperation
    path: str
    file_text: str = ""
    old_str: str = ""
    new_str: str = ""
    new_path: str = ""
    expected_version: int | None = None
    """The version it was made against; filled in when the proposal is saved, 0 for a file that did not exist."""
    diff: str = ""
    """What this change does, as a unified diff; filled in when the proposal is saved."""


@dataclass(frozen=True, slots=True)
class Dropped:
    """What replaced text said that the new text does not, and why."""

    text: str
    reason: str


@dataclass(frozen=True, slots=True)
class Proposal:
    """One reviewable, atomic change."""

    number: int
    """From 1 within its dream; 0 before it is saved."""
    title: str
    rationale: str
    changes: Sequence[ProposedChange]
    claims: Sequence[Claim]
    dropped: Sequence[Dropped] = ()
    status: ProposalStatus = "pending"
    risk: Risk = "low"
    base_version: int = 0
    """The store's head it was made against."""
    diff: str = ""
    """Unified diff of all changes as shown to the reviewer."""
    fingerprint: str = ""
    """Equal for proposals that say the same, so that a rejected one is not made again without new evidence."""
    evidence_key: str = ""
    """Equal while a proposal rests on the same evidence."""
    flags: Sequence[str] = ()
    """What the validator wants the reviewer to see."""
    reviewed_by: str = ""
    reviewed_at: datetime | None = None
    reason: str = ""
    version: int = 0
    """The revision that accepted it."""
    reverts: str = ""
    """`<dream>/<number>` of each proposal that accepting this one undoes, separated by spaces; "" for ordinary ones."""
    edited: bool = False
    """What was accepted is the reviewer's own text; the revision has it."""
    is_there_already: bool = False
    """Said of one that was accepted just now: nothing was left to change, and `version` is the one that has it. Not kept."""


@dataclass(frozen=True, slots=True)
class Card:
    """One piece of mined evidence."""

    number: int
    miner: str
    title: str
    body: str
    """Markdown as a curator reads it."""
    claims: Sequence[Claim] = ()
    weight: float = 0.0
    """What acting on it would save; orders the agenda."""
    data: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """The miner's own facts for the embedded curator."""


@dataclass(frozen=True, slots=True)
class Coverage:
    """What a dream looked at."""

    sessions: int = 0
    events: int = 0
    skipped: Sequence[Mapping[str, str]] = ()
    """Sessions left out: `{"session_id", "reason"}`."""


@dataclass(frozen=True, slots=True)
class Dream:
    """One run."""

    dream_id: str
    store: str
    status: DreamStatus
    curator: str
    snapshot_version: int
    created_at: datetime
    requested_by: str = ""
    instructions: str = ""
    sessions: Sequence[str] = ()
    """The ids it was asked to read; empty for all."""
    since: datetime | None = None
    output: Literal["propose", "fork"] = "propose"
    started_at: datetime | None = None
    finished_at: datetime | None = None
    coverage: Coverage = field(default_factory=Coverage)
    usage: Mapping[str, Any] = field(default_factory=dict[str, Any])
    step: str = ""
    """Where a running dream is, for people."""
    error: str = ""
    """Why it ended `failed` or `incomplete`, a sentence."""
    owner: str = ""
    """The process that runs it, as `dream/owner.py` writes it; "" while nobody does (a client's dream has no process)."""
    prompt_hash: str = ""
    """SHA-256 of the prompts that a model was given, lower-case hex; "" where no model was asked."""

    @property
    def is_open(self) -> bool:
        """Whether it may still propose; one open dream a store."""
        return self.status in {"pending", "running"}

    @property
    def waits_until(self) -> datetime | None:
        """When a dream that waits for a client's model ends by itself; None for one that does not wait."""
        if self.curator != CLIENT or not self.is_open or self.owner or self.step == GATHERING:
            return None
        return self.created_at + timedelta(hours=CLIENT_DREAM_HOURS_MAX)

    def waits_for_client(self, now: datetime) -> bool:
        """Whether it takes proposals of a client's model now."""
        until = self.waits_until
        return until is not None and now < until


@dataclass(frozen=True, slots=True)
class DreamRequest:
    """What somebody asks a dream to do."""

    store: str
    """A slug."""
    curator: str = "auto"
    sessions: Sequence[str] = ()
    since: datetime | None = None
    instructions: str = ""
    output: Literal["propose", "fork"] = "propose"
    requested_by: str = ""
    chosen: str = ""
    """Why this curator, a sentence; filled in when the dream begins."""


Door = Literal["terminal", "client", "console", "policy"]
"""Where a person answers; high-risk and quarantined proposals only at the terminal and the console. `policy` is no person:
a store's `auto_accept`, which takes nothing but tidying."""


@dataclass(frozen=True, slots=True)
class EditedFile:
    """A reviewer's own text in place of what a proposal would write."""

    path: str
    """As the mount shows it, where the file will be."""
    text: str
    version: int
    """The file's version when its text was shown; 0 for a new file."""


@dataclass(frozen=True, slots=True)
class Review:
    """A person's answer to one proposal."""

    dream_id: str
    proposal: int
    accept: bool
    reviewer: str
    """`user:<login>` or the name given with `--as`."""
    door: Door
    reason: str = ""
    edited: Sequence[EditedFile] = ()
    """For an acceptance: the files whose text the reviewer changed. The rest is accepted as proposed."""


@dataclass(frozen=True, slots=True)
class PersonsAnswer:
    """What a person put into the client's form about one proposal."""

    accept: bool
    reason: str = ""


Ask = Callable[[str], Awaitable[PersonsAnswer | None]]
"""Shows a person one proposal and gives the answer; None when the form was dismissed. Only a host can make one."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a person said of a proposal."""

    dream_id: str
    proposal: int
    status: Literal["accepted", "rejected", "stale", "reverted"]
    reviewer: str
    reason: str = ""
    edited: bool = False


@dataclass(frozen=True, slots=True)
class Disbelief:
    """A session or memory that a person called false: dreams neither read nor cite it."""

    source: str
    """`/transcripts/<session>`, or a memory's path as its mount shows it."""
    by: str
    at: datetime
    reason: str = ""


class DreamReader(Protocol):
    """Reads of dreams at one snapshot. Synchronous."""

    def dreams(self, store: str = "") -> Sequence[Dream]:
        """Newest first; of all stores where none is named."""
        ...

    def dream(self, dream_id: str) -> Dream | None: ...

    def cards(self, dream_id: str) -> Sequence[Card]: ...

    def proposals(self, dream_id: str) -> Sequence[Proposal]: ...

    def disbeliefs(self, store: str) -> Sequence[Disbelief]:
        """What people called false, sorted by source."""
        ...


class DreamJournal(Protocol):
    """Keeps dreams. Every call is one durable transaction."""

    async def begin(self, dream: Dream) -> Dream:
        """Store a new dream.

        Raises:
            Refusal: `locked` when another dream of the store is pending or running; it names that dream.
        """
        ...

    async def update(self, dream: Dream) -> Dream:
        """Replace a dream's own fields, unless it has ended meanwhile: what ended stays as it ended.

        Returns:
            The dream as it now stands, so that whoever runs it sees that somebody canceled it.
        """
        ...

    async def take_over(self, dream_id: str, owner: str, abandoned: str) -> Dream:
        """Make `owner` the one who runs an open dream, if its owner still is `abandoned`: of several only one gets it.

        Returns:
            The dream as it now stands; look at its `owner`.
        """
        ...

    async def save_cards(self, dream_id: str, cards: Sequence[Card]) -> None:
        """Replace the cards of a dream."""
        ...

    async def propose(self, dream_id: str, proposal: Proposal) -> Proposal:
        """Add a proposal and give it the next number.

        Raises:
            Refusal: `not_found`; `conflict` when the dream is no longer open.
        """
        ...

    async def judge(self, verdict: Verdict) -> Proposal:
        """Record a verdict that changes no file (rejected, stale).

        Raises:
            Refusal: `not_found`; `conflict` when the proposal is no longer pending or quarantined.
        """
        ...

    async def disbelieve(self, store: str, disbelief: Disbelief) -> None:
        """Call a source false; saying so again changes nothing.

        Raises:
            Refusal: `not_found` when there is no such store.
        """
        ...

    async def believe(self, store: str, source: str) -> bool:
        """Take that back; False when nobody had called it false."""
        ...


Tell = Callable[[Dream], Awaitable[None]]


class Dreams(Protocol):
    """What the tools and commands do with dreams. Only a person's `Review` ever changes memory."""

    async def start(self, request: DreamRequest) -> Dream:
        """Begin a dream and let it run; a client's dream waits for `propose` instead.

        Raises:
            Refusal: `locked` while another dream of the store is open; `not_found`, `read_only`; `unavailable` for a
                curator that cannot work here, with what to do.
        """
        ...

    async def may_ask_a_model(self) -> bool:
        """Whether a dream could call a model over the network now: a person allowed it, and it can be reached."""
        ...

    async def wait(self, dream_id: str, seconds: float, tell: Tell | None = None) -> Dream:
        """Give a dream as it stands once it ended, or after `seconds`. One whose process died is run on.

        Args:
            dream_id: which.
            seconds: how long to wait.
            tell: is given the dream at each step that it is seen to come to.
        """
        ...

    async def finish(self, dream_id: str) -> Dream:
        """Complete a client's dream. One that ended is given as it is."""
        ...

    async def cancel(self, dream_id: str) -> Dream:
        """End an open dream, from any process; its proposals stay. One that ended is given as it is."""
        ...

    async def propose(self, dream_id: str, proposal: Proposal) -> Proposal:
        """Validate a proposal for an open dream and save it.

        Raises:
            Refusal: naming each claim and change that failed and why; nothing is saved.
        """
        ...

    async def review(self, review: Review, author: Author) -> Proposal:
        """Record what a person said; accepting is one revision of the store, made by `dream:<id>` for the reviewer.

        Raises:
            Refusal: `conflict` when the proposal is settled already; `stale` when memory moved on and the change no
                longer applies (the proposal is then marked stale); `not_allowed` for a door that may not.
        """
        ...
