"""A team with habits: some files are changed together, a command follows some changes, some tests fail wherever they run.

What misleads: sessions so long that they have everything in them, two areas that were worked on in the same month only, a file
that nearly every session changes, commands that run after any change, tests that a change broke, one bad day, and a reason to fail that
all sessions with it brought about by changing the same file.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random

from bench.corpora.dialogue import Dialogue, Session
from bench.corpora.names import NOUNS, identifier, uuid
from bench.corpora.truth import Practice, Truth

HOME = "/home/dev/project"
AREAS = ("orders", "carts", "search", "mail", "audit", "prices", "stock", "users", "taxes", "media", "labels", "routes")
REASONS = (
    "listen tcp 127.0.0.1:{}: bind: permission denied",
    "dial unix /var/run/{}.sock: connect: connection refused",
    "open /etc/app/{}.toml: too many open files in system",
    "x509: certificate signed by unknown authority for host-{}",
)


@dataclass(slots=True)
class Habits:
    """What is planted, and who met it."""

    lead: str
    mirror: str
    source: str
    """The folder of files that are generated from, and the command that generates."""
    command: str
    reason: str
    test: str
    met: dict[str, list[Session]] = field(default_factory=dict[str, list[Session]])

    def note(self, name: str, session: Session) -> None:
        held = self.met.setdefault(name, [])
        if session not in held:
            held.append(session)


def hold(rng: Random, count: int, start: datetime, truth: Truth, *, healthy_only: bool) -> list[Session]:
    """Hold the sessions of a team over some weeks; `truth` gets what was planted."""
    days = max(30, count // 2)
    starts = sorted(start + timedelta(days=days) * rng.random() for _ in range(count))
    one, two, three, four, five = rng.sample(AREAS, 5)
    habits = Habits(
        lead=f"server/{one}/schema.sql",
        mirror=f"clients/{two}/types.ts",
        source=f"contracts/{three}",
        command=rng.choice(("make generate", "mise run codegen", "just stubs", "npm run gen")),
        reason=rng.choice(REASONS),
        test=f"Test{four.title()}{identifier(rng, 3).title()}",
    )
    bad_day = rng.choice(starts).date()
    sessions: list[Session] = []
    for number, at in enumerate(starts):
        session = Session(uuid(rng), at.replace(microsecond=0), f"Change {rng.choice(NOUNS)} ({identifier(rng, 4)}).")
        work = Work(Dialogue(rng, session), habits, planted=not healthy_only)
        work.change(early=3 * number < count, phase=(four, five), most=rng.random() < 0.1)
        work.test(bad_day=at.date() == bad_day, broken=five)
        sessions.append(session)
    if not healthy_only:
        for name, first, second in (
            ("files", habits.lead, habits.mirror),
            ("command", f"{habits.source}/", habits.command),
            ("test", habits.reason.partition("{")[0], habits.test),
        ):
            met = habits.met.get(name, [])
            truth.practices.append(
                Practice(name, first, second, tuple(s.session_id for s in met), len({s.started_at.date() for s in met}))
            )
    truth.ordinary += ["--- FAIL", "FAIL"]
    truth.distractors += [
        "long sessions",
        "a busy month",
        "always changed",
        "always run",
        "broken tests",
        "one bad day",
    ]
    return sessions


@dataclass(slots=True)
class Work:
    """What happens in one session."""

    talk: Dialogue
    habits: Habits
    planted: bool

    def edit(self, path: str) -> None:
        given = {"file_path": f"{HOME}/{path}", "old_string": "a", "new_string": identifier(self.talk.rng, 5)}
        self.talk.call("Read", {"file_path": f"{HOME}/{path}"}, "1\ta = 1")
        self.talk.call("Edit", given, f"The file {HOME}/{path} has been updated.")

    def change(self, *, early: bool, phase: tuple[str, str], most: bool) -> None:
        """Change some files: the planted ones with what goes with them, others at random."""
        rng, habits, session = self.talk.rng, self.habits, self.talk.session
        self.talk.user(session.task)
        if rng.random() < 0.85:
            self.edit("server/core/registry.go")
        areas = rng.sample(AREAS, 9 if most else rng.randint(1, 3))
        for area in areas:
            self.edit(f"server/{area}/{rng.choice(('handler', 'store'))}.go")
            if rng.random() < 0.3:
                self.edit(f"web/{rng.choice(AREAS)}/page.ts")
        if early and rng.random() < 0.4:
            self.edit(f"server/{phase[0]}/legacy.go")
            self.edit(f"web/{phase[1]}/legacy.ts")
        if rng.random() < 0.2:
            self.edit(habits.lead)
            if rng.random() < (0.85 if self.planted else 0.15):
                self.edit(habits.mirror)
                habits.note("files", session)
        elif rng.random() < 0.06:
            self.edit(habits.mirror)
        generates = 0.08
        if rng.random() < 0.2:
            self.edit(f"{habits.source}/{rng.choice(AREAS)}.proto")
            generates = 0.85 if self.planted else 0.08
            habits.note("command", session)
        if rng.random() < generates:
            self.talk.bash(habits.command, "generated 12 files")
        if rng.random() < 0.7:
            self.talk.bash("make lint", "ok")

    def test(self, *, bad_day: bool, broken: str) -> None:
        """Run the tests: some fail for the change, some for where they run."""
        rng, habits = self.talk.rng, self.habits
        lines: list[str] = []
        if rng.random() < 0.25:
            area = rng.choice(AREAS)
            lines.append(f"--- FAIL: Test{area.title()}{identifier(rng, 2).title()} (0.02s)")
            lines.append(
                f"    {area}_test.go:{rng.randint(9, 400)}: expected {rng.randint(1, 99)}, got {rng.randint(1, 99)}"
            )
        if bad_day:
            lines += ["--- FAIL: TestMailQueue (3.00s)", "    mail_test.go:40: lookup mail.internal: no such host here"]
        if rng.random() < 0.06:
            self.edit(f"server/{broken}/pool.go")
            lines += [
                "--- FAIL: TestPoolDrains (1.00s)",
                f"    pool_test.go:{rng.randint(9, 99)}: pool was closed twice",
            ]
        if self.planted and rng.random() < 0.12:
            said = habits.reason.replace("{}", str(rng.randint(1000, 9000)))
            lines += [f"--- FAIL: {habits.test} (0.00s)", f"    set_up_test.go:31: {said}"]
            habits.note("test", self.talk.session)
        self.talk.bash(
            "go test ./... 2>&1 | tail -30", "\n".join([*lines, "FAIL" if lines else "ok  \tapp/server\t0.4s"])
        )
