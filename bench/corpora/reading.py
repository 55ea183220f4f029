"""A team that reads: one file is large and is read whole again and again, one command prints far more than anybody needs.

What misleads: files of an ordinary size that every session reads, a file that was large until it was split, one that is large and read on a
single day, a file of another project under the large one's path, a command that prints now much, now little, and failures that print
more than successes.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random

from bench.corpora.dialogue import Dialogue, Session
from bench.corpora.names import NOUNS, identifier, uuid
from bench.corpora.truth import Large, Truth

HOMES = ("/home/dev/project", "/home/dev/project-2", "/home/mia/src/project")
OTHER = "/home/dev/website"
REFUSED = "File content (31441 tokens) exceeds maximum allowed tokens (25000). Please use offset and limit parameters to read specific portions."


@dataclass(frozen=True, slots=True)
class Habits:
    """What is large here."""

    file: str
    file_lines: int
    command: str
    command_lines: int
    quiet: str
    split: str
    """Was large in the first half."""
    once: str
    """Is large, and read on a single day."""


def hold(rng: Random, count: int, start: datetime, truth: Truth, *, healthy_only: bool) -> list[Session]:
    """Hold the sessions of a team over some weeks; `truth` gets what was planted."""
    days = max(12, count // 4)
    starts = sorted(start + timedelta(days=days) * rng.random() for _ in range(count))
    one, two, three, four = rng.sample(NOUNS, 4)
    command = rng.choice((f"npm run test:{one}", f"mise run check-{one}", f"just verify-{one}"))
    habits = Habits(
        file=f"src/{two}/{rng.choice(('page.tsx', 'orchestrator.py', 'schema.sql'))}",
        file_lines=rng.randint(700, 1_800),
        command=command,
        command_lines=rng.randint(300, 700),
        quiet=rng.choice((f"{command} | tail", f"{command} --silent")),
        split=f"src/{three}/service.py",
        once=f"docs/{four}.md",
    )
    busy = rng.choice(starts).date()
    met: dict[str, list[str]] = {"file": [], "command": []}
    sessions: list[Session] = []
    for number, at in enumerate(starts):
        session = Session(uuid(rng), at.replace(microsecond=0), f"Change {rng.choice(NOUNS)} ({identifier(rng, 4)}).")
        work = Work(Dialogue(rng, session), habits, rng.choice(HOMES))
        work.talk.user(session.task)
        work.mislead(early=2 * number < count, busy=at.date() == busy)
        if not healthy_only:
            for name in work.fill(number):
                met[name].append(session.session_id)
        sessions.append(session)
    if not healthy_only:
        truth.large.append(Large(habits.file, "file", "part", tuple(met["file"])))
        truth.large.append(Large(habits.command, "command", habits.quiet, tuple(met["command"])))
    truth.distractors += [
        "ordinary files",
        "a split file",
        "a busy day",
        "another project",
        "diffs",
        "failures print more",
    ]
    return sessions


@dataclass(slots=True)
class Work:
    """What happens in one session."""

    talk: Dialogue
    habits: Habits
    home: str

    @property
    def rng(self) -> Random:
        return self.talk.rng

    def read(self, path: str, lines: int, *, first: int = 1, home: str = "", whole: bool = True) -> None:
        asked = {} if whole else {"offset": first, "limit": lines}
        self.talk.call("Read", {"file_path": f"{home or self.home}/{path}", **asked}, _text(path, lines, first))

    def mislead(self, *, early: bool, busy: bool) -> None:
        """Read and run what is of an ordinary size, or large for once."""
        rng, habits = self.rng, self.habits
        self.talk.bash("git status", f"nothing to commit\nShell cwd was reset to {self.home}")
        for path in ("src/app/main.py", "src/app/settings.py", f"src/{rng.choice(NOUNS)}/util.py"):
            for _ in range(rng.randint(0, 2)):
                self.read(path, rng.randint(80, 200))
        self.talk.bash("git diff", "+ changed\n" * int(rng.expovariate(1 / 300)))
        for _ in range(rng.randint(0, 2)):
            failed = rng.random() < 0.3
            self.talk.bash("make lint", "src/app/main.py:1: too long\n" * (300 if failed else 1), is_error=failed)
        if rng.random() < 0.4:
            self.read(habits.split, 900 if early else 90)
        if busy:
            self.read(habits.once, 1_200)
        if rng.random() < 0.1:
            self.read(habits.file, rng.randint(30, 90), home=OTHER)

    def fill(self, number: int) -> list[str]:
        """Read what is large and run what prints much; gives the names of it."""
        rng, habits = self.rng, self.habits
        met: list[str] = []
        lines = habits.file_lines + number
        if rng.random() < 0.4:
            met.append("file")
            if rng.random() < 0.1:
                self.talk.call("Read", {"file_path": f"{self.home}/{habits.file}"}, REFUSED, is_error=True)
            else:
                self.read(habits.file, lines)
            for _ in range(rng.randint(0, 3)):
                self.read(habits.file, rng.randint(20, 80), first=rng.randint(2, lines - 100), whole=False)
        if rng.random() < 0.4:
            met.append("command")
            for _ in range(rng.randint(1, 3)):
                self.talk.bash(habits.command, "ok    src/app.test.ts (3 tests) 12 ms\n" * habits.command_lines)
            if rng.random() < 0.5:
                self.talk.bash(
                    habits.quiet.replace("| tail", f"2>&1 | tail -{rng.randint(5, 30)}"), "ok\n" * rng.randint(3, 30)
                )
        return met


def _text(path: str, lines: int, first: int) -> str:
    """Lines of a file as the client numbers them; the same file says the same on most of them."""
    return "\n".join(f"{n:>6}→{path}: value_{n % 977} = load({n})" for n in range(first, first + lines))
