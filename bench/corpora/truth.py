"""What was planted, in a form that scoring can compare with and people can read."""

from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Association:
    """Events of type `follow` come `lag_seconds` after events of type `lead`."""

    lead: tuple[str, ...]
    """Words which together name the event type; each stands in every line that shows it."""
    follow: tuple[str, ...]
    lag_seconds: float
    jitter_seconds: float
    """Standard deviation of the lag."""
    hit_rate: float
    pairs: int = 0
    """Planted pairs of which some session shows both ends."""
    leads: int = 0
    """Lead events that some session shows."""


@dataclass(frozen=True, slots=True)
class Excused:
    """Two event types that do go together, for a reason that a finding has to name."""

    first: tuple[str, ...]
    second: tuple[str, ...]
    reason: str
    """`schedule` or `chain`."""


@dataclass(frozen=True, slots=True)
class RecurringError:
    fragment: str
    """Constant text of the line that says what went wrong."""
    sessions: tuple[str, ...]
    days: int
    tasks: int
    recovery: str
    """Constant text of the call that then works."""
    tried: int
    """Sessions with the error; of them, `recovered` found the way out."""
    recovered: int

    @property
    def is_rule(self) -> bool:
        """Whether three sessions on two days, of three tasks, support it."""
        return len(self.sessions) >= 3 and self.days >= 2 and self.tasks >= 3


@dataclass(frozen=True, slots=True)
class WrongPlace:
    """Something that is looked for in one place and found in another."""

    kind: str
    wrong: str
    """A path, a command, or a program that is run in the wrong folder."""
    right: str
    sessions: tuple[str, ...]
    days: int


@dataclass(frozen=True, slots=True)
class Precondition:
    """An error that comes after something far more often than otherwise."""

    fragment: str
    """Constant text of the error."""
    condition: str
    """A word without which the condition cannot be said."""
    sessions: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SlowCommand:
    """A command that sessions wait for."""

    command: str
    """As a finding has to name it."""
    way: str
    """What gets past the time limit that cuts it off, or ""."""
    seconds: float
    """About how long it takes."""
    sessions: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Large:
    """Something that gives back far more than is needed."""

    name: str
    """A path, or a command as a finding has to name it."""
    kind: str
    """`file` or `command`."""
    narrower: str
    """What gives a third or less."""
    sessions: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Practice:
    """Something that this team does, or that befalls it, in many sessions."""

    kind: str
    """`files` that are changed together, a `command` that follows a change, or a `test` that fails wherever it runs."""
    first: str
    """A path, the folder of such paths, or constant text of why the test fails."""
    second: str
    sessions: tuple[str, ...]
    days: int


@dataclass(frozen=True, slots=True)
class Passage:
    """A line of a memory, or with an empty `line` the whole of it."""

    path: str
    line: str = ""


@dataclass(frozen=True, slots=True)
class Pair:
    """Two memories or lines: a hard negative, or a contradiction."""

    first: Passage
    second: Passage
    differs_in: str


@dataclass(frozen=True, slots=True)
class RelativeDate:
    path: str
    line: str
    expected: str
    """ISO date that the line means."""


@dataclass(frozen=True, slots=True)
class DeadLink:
    path: str
    target: str


@dataclass(frozen=True, slots=True)
class Forbidden:
    """Text that no accepted line may say."""

    fragment: str
    reason: str
    """`order`, `guess` or `blame`."""


@dataclass(slots=True)
class Truth:
    seed: int
    world: str
    associations: list[Association] = field(default_factory=list["Association"])
    excused: list[Excused] = field(default_factory=list["Excused"])
    errors: list[RecurringError] = field(default_factory=list["RecurringError"])
    ordinary: list[str] = field(default_factory=list[str])
    """Constant text of errors that recur and are nobody's mistake, such as a failing test: neither right nor wrong."""
    one_offs: list[str] = field(default_factory=list[str])
    """Constant text of errors with too little support for a rule."""
    places: list[WrongPlace] = field(default_factory=list["WrongPlace"])
    preconditions: list[Precondition] = field(default_factory=list["Precondition"])
    slow: list[SlowCommand] = field(default_factory=list["SlowCommand"])
    large: list[Large] = field(default_factory=list["Large"])
    practices: list[Practice] = field(default_factory=list["Practice"])
    duplicates: list[list[Passage]] = field(default_factory=list[list["Passage"]])
    hard_negatives: list[Pair] = field(default_factory=list["Pair"])
    contradictions: list[Pair] = field(default_factory=list["Pair"])
    """`second` is the newer."""
    relative_dates: list[RelativeDate] = field(default_factory=list["RelativeDate"])
    dead_links: list[DeadLink] = field(default_factory=list["DeadLink"])
    forbidden: list[Forbidden] = field(default_factory=list["Forbidden"])
    opened_by: tuple[str, ...] = ()
    """The event type that sessions were opened because of, if any."""
    distractors: list[str] = field(default_factory=list[str])
    """Names of what was put in to mislead."""

    def as_json(self) -> dict[str, Any]:
        return asdict(self)
