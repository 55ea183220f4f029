"""Which tool error happens in which session, how often it is retried, and whether the way out was found."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from random import Random

from bench.corpora import errors
from bench.corpora.dialogue import Dialogue, Session
from bench.corpora.errors import Mishap
from bench.corpora.truth import RecurringError, Truth


@dataclass(slots=True)
class Course:
    """One error's way through the sessions."""

    mishap: Mishap
    sessions: frozenset[int]
    recovery_rate: float
    planted: bool
    met: list[int] = field(default_factory=list[int])
    recovered: int = 0


class Trouble:
    """Plans errors before the sessions are held, lets them happen, and reports what did."""

    def __init__(
        self,
        rng: Random,
        sessions: int,
        *,
        recurring: Sequence[Mishap],
        narrow: Sequence[Sequence[int]] = (),
        once: int = 6,
    ) -> None:
        """Args:
        rng: draws everything.
        sessions: how many there will be.
        recurring: errors to plant; each happens in at least six sessions.
        narrow: sets of sessions in which one more error recurs, too narrow for a rule (one day, one task).
        once: how many errors happen a single time.
        """
        self.rng = rng
        everywhere = range(sessions)
        self.courses = [
            Course(
                mishap,
                frozenset(errors.spread(rng, everywhere, rng.uniform(0.06, 0.3), 6)),
                rng.uniform(0.7, 0.95),
                planted=True,
            )
            for mishap in recurring
        ]
        rare = errors.once(rng, once + len(narrow))
        for where, mishap in zip(narrow, rare, strict=False):
            self.courses.append(Course(mishap, frozenset(where), 0.8, planted=False))
        for mishap in rare[len(narrow) :]:
            self.courses.append(Course(mishap, frozenset([rng.randrange(sessions)]), 0.5, planted=False))

    def happen(self, number: int, talk: Dialogue) -> None:
        """Let the errors of session `number` happen, in any order."""
        due = [course for course in self.courses if number in course.sessions]
        self.rng.shuffle(due)
        for course in due:
            course.met.append(number)
            course.recovered += self._occur(course, talk)

    def note(self, truth: Truth, sessions: Sequence[Session]) -> None:
        """Write into `truth` what happened."""
        for course in self.courses:
            if not course.planted:
                truth.one_offs.append(course.mishap.fragment)
                continue
            met = [sessions[number] for number in course.met]
            dated = {session.started_at.date() for session in met if session.shape == "claude-code"}
            undated = any(session.shape != "claude-code" for session in met)
            tasks = len({session.task for session in met})
            mishap = course.mishap
            truth.errors.append(
                RecurringError(
                    mishap.fragment,
                    tuple(s.session_id for s in met),
                    len(dated) + undated,
                    tasks,
                    mishap.fix,
                    len(met),
                    course.recovered,
                )
            )
        truth.distractors.append("one-offs")

    def _occur(self, course: Course, talk: Dialogue) -> bool:
        rng, mishap = self.rng, course.mishap
        thing = rng.getrandbits(32)  # what fails is tried again on the same file, branch or build
        for attempt in range(rng.choice((1, 1, 1, 2, 3))):
            if attempt:
                talk.say("Trying that again.")
            self._fail(mishap, talk, thing)
        if rng.random() < 0.3:
            talk.call(
                "Read",
                {"file_path": f"/home/dev/project/{rng.choice(errors.FILES)}.toml"},
                f"1\tname = {rng.randint(1, 99)}",
            )
        if rng.random() >= course.recovery_rate:
            talk.say("I will leave that for now and go on.")
            return False
        talk.call(
            mishap.tool,
            _arguments(mishap, errors.filled(mishap.working, Random(thing))),
            errors.filled(mishap.answer, rng),
        )
        return True

    def _fail(self, mishap: Mishap, talk: Dialogue, thing: int) -> None:
        rng = self.rng
        text = errors.filled(mishap.says, rng)
        if mishap.tool == "Bash":
            text = f"Exit code {rng.choice((1, 1, 2, 127))}\n{text}"
        talk.call(mishap.tool, _arguments(mishap, errors.filled(mishap.failing, Random(thing))), text, is_error=True)


def _arguments(mishap: Mishap, text: str) -> dict[str, str]:
    """A shell's command, or `key=value` pairs as a tool's arguments."""
    if mishap.tool == "Bash":
        return {"command": text, "description": "Run a command"}
    return dict(pair.split("=", 1) for pair in text.split())
