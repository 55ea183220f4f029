"""A team that waits: some commands take long, one is cut off by a time limit, one thing elsewhere is asked for again and again.

What misleads: quick commands that a person was slow to permit, a command that was slow until it became fast, one that is slow on a single
day, one that one session waits for, files that are read after a long question, and laptops that sleep.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import Any

from bench.corpora.dialogue import Dialogue, Session
from bench.corpora.names import NOUNS, identifier, uuid
from bench.corpora.truth import SlowCommand, Truth

CUT_OFF = "Exit code 143\nCommand timed out after 2m 0.0s"
LIMIT_SECONDS = 120.0


@dataclass(frozen=True, slots=True)
class Habits:
    """What is slow here."""

    slow: str
    slow_seconds: float
    part: str
    """Runs some of the slow one's work."""
    cut: str
    cut_seconds: float
    awaited: str
    once_slow: str
    """Was slow in the first half."""
    quick: tuple[str, ...]
    notes: bool
    """The client notes how long commands run; where it does not, the times from call to result are all there is."""


def hold(rng: Random, count: int, start: datetime, truth: Truth, *, healthy_only: bool) -> list[Session]:
    """Hold the sessions of a team over some weeks; `truth` gets what was planted."""
    days = max(12, count // 4)
    starts = sorted(start + timedelta(days=days) * rng.random() for _ in range(count))
    one, two, three = rng.sample(NOUNS, 3)
    habits = Habits(
        slow=rng.choice((f"make check-{one}", f"npm run e2e:{one}", f"mise run test:{one}")),
        slow_seconds=rng.uniform(30, 90),
        part=f"go test -run Test{one.title()}",
        cut=rng.choice((f"just bundle-{two}", f"yarn build:{two}", f"bash scripts/{two}.sh")),
        cut_seconds=rng.uniform(130, 300),
        awaited=rng.choice(("gh run view", "kubectl rollout status", "docker compose ps")),
        once_slow=f"make gen-{three}",
        quick=("git push", f"make lint-{one}", "git commit", "cargo fmt"),
        notes=rng.random() < 0.5,
    )
    busy = rng.choice(starts).date()
    lonely = rng.randrange(count)
    met: dict[str, list[str]] = {"slow": [], "cut": [], "awaited": []}
    sessions: list[Session] = []
    for number, at in enumerate(starts):
        session = Session(uuid(rng), at.replace(microsecond=0), f"Change {rng.choice(NOUNS)} ({identifier(rng, 4)}).")
        work = Work(Dialogue(rng, session), habits)
        work.talk.user(session.task)
        work.mislead(early=2 * number < count, busy=at.date() == busy, lonely=number == lonely)
        if not healthy_only:
            for name in work.wait():
                met[name].append(session.session_id)
        sessions.append(session)
    if not healthy_only:
        cut = habits.cut.replace("scripts/", "")
        truth.slow.append(SlowCommand(habits.slow, "", habits.slow_seconds, tuple(met["slow"])))
        truth.slow.append(SlowCommand(cut, "longer", habits.cut_seconds, tuple(met["cut"])))
        truth.slow.append(SlowCommand(habits.awaited, "", 0.0, tuple(met["awaited"])))
    truth.distractors += ["permission waits", "became fast", "slow on one day", "slow once", "slow reads"]
    return sessions


@dataclass(slots=True)
class Work:
    """What happens in one session."""

    talk: Dialogue
    habits: Habits

    @property
    def rng(self) -> Random:
        return self.talk.rng

    def run(
        self,
        command: str,
        seconds: float,
        output: str = "done",
        *,
        asked: float = 0.0,
        failed: bool = False,
        **given: Any,
    ) -> None:
        arguments: Mapping[str, Any] = {"command": command, **given, "description": "Run a command"}
        self.talk.wait(arguments, output, seconds, asked=asked, notes=self.habits.notes, is_error=failed)

    def mislead(self, *, early: bool, busy: bool, lonely: bool) -> None:
        """Take long for reasons that are no command's."""
        rng, habits = self.rng, self.habits
        self.talk.call("Read", {"file_path": f"/home/dev/app/{rng.choice(NOUNS)}.py"}, "1\tx = 1")
        if rng.random() < 0.2:
            self.talk.now += timedelta(seconds=rng.uniform(30, 4_000))
        for command in habits.quick:
            for _ in range(rng.randint(0, 3)):
                asked = rng.expovariate(1 / 40) if rng.random() < 0.4 else 0.0
                self.run(command, rng.uniform(0.2, 4), asked=asked)
        self.run("ls", 0.1, "README.md")
        for _ in range(rng.randint(0, 2)):
            self.run(habits.once_slow, rng.uniform(35, 60) if early else rng.uniform(1, 4))
        if busy:
            self.run("make seed-database", rng.uniform(40, 80))
        if lonely:
            for _ in range(5):
                self.run("make big-report", rng.uniform(60, 110))

    def wait(self) -> list[str]:
        """Wait for what is slow; gives the names of it."""
        rng, habits = self.rng, self.habits
        met: list[str] = []
        if rng.random() < 0.4:
            met.append("slow")
            for _ in range(rng.randint(1, 3)):
                self.run(
                    f"{habits.slow} 2>&1 | tail -{rng.randint(5, 90)}", habits.slow_seconds * rng.uniform(0.8, 1.3)
                )
        for _ in range(rng.randint(0, 2)):
            self.run(habits.part, rng.uniform(1, 3), "ok")
        if rng.random() < 0.3:
            met.append("cut")
            if rng.random() < 0.6:
                self.run(habits.cut, LIMIT_SECONDS + 0.3, CUT_OFF, failed=True)
            self.run(
                habits.cut,
                habits.cut_seconds * rng.uniform(0.8, 1.2),
                "bundled",
                timeout=rng.choice((400_000, 600_000)),
            )
        if rng.random() < 0.25:
            met.append("awaited")
            number = rng.randint(1_000, 9_999)
            rest = {"gh run view": f" {number}", "kubectl rollout status": " deploy/app"}.get(habits.awaited, "")
            for _ in range(rng.randint(2, 6)):
                self.run(f"sleep 30 && {habits.awaited}{rest}", 30.6, "in progress")
        return met
