"""A coding team: sessions that edit, run and test, and fall into the same holes."""

from datetime import date, datetime, timedelta
from random import Random

from bench.corpora import errors
from bench.corpora.dialogue import Dialogue, Session
from bench.corpora.names import NOUNS, identifier, uuid
from bench.corpora.trouble import Trouble
from bench.corpora.truth import Truth

VERBS = ("Rename", "Speed up", "Document", "Split", "Port", "Harden", "Simplify", "Extend", "Untangle", "Type")


def hold(rng: Random, count: int, start: datetime, truth: Truth, *, healthy_only: bool) -> list[Session]:
    """Hold the sessions of a team over some weeks; `truth` gets what was planted."""
    days = max(10, count // 5)
    starts = sorted(start + timedelta(days=days) * rng.random() for _ in range(count))
    tasks = [
        f"{rng.choice(VERBS)} the {rng.choice(NOUNS)} {rng.choice(errors.FILES)} ({identifier(rng, 4)})."
        for _ in starts
    ]
    recurring = [] if healthy_only else [*rng.sample(errors.known(rng), 3), *errors.house_made(rng, 2)]
    trouble = Trouble(rng, count, recurring=recurring, narrow=() if healthy_only else [_busiest_day(starts)])
    sessions: list[Session] = []
    for number, (at, task) in enumerate(zip(starts, tasks, strict=True)):
        session = Session(uuid(rng), at.replace(microsecond=0), task)
        _work(rng, Dialogue(rng, session), number, trouble)
        sessions.append(session)
    trouble.note(truth, sessions)
    truth.ordinary.append("FAILED tests/")
    return sessions


def _busiest_day(starts: list[datetime]) -> list[int]:
    """Some sessions of one day: what recurs in them alone has no second day."""
    by_day: dict[date, list[int]] = {}
    for number, at in enumerate(starts):
        by_day.setdefault(at.date(), []).append(number)
    return max(by_day.values(), key=len)[:5]


def _work(rng: Random, talk: Dialogue, number: int, trouble: Trouble) -> None:
    talk.user(talk.session.task)
    talk.say("I will read the code first.")
    for _ in range(rng.randint(1, 4)):
        name = rng.choice(errors.FILES)
        text = "\n".join(
            f"{line}\tdef {name}_{identifier(rng, 4)}(value): return value * {rng.randint(2, 99)}"
            for line in range(1, rng.randint(5, 25))
        )
        talk.call("Read", {"file_path": f"/home/dev/project/{name}.py"}, text)
    trouble.happen(number, talk)
    name = rng.choice(errors.FILES)
    talk.call(
        "Edit",
        {"file_path": f"/home/dev/project/{name}.py", "old_string": "value", "new_string": "amount"},
        f"The file /home/dev/project/{name}.py has been updated.",
    )
    if rng.random() < 0.4:
        test = errors.failing_test(rng)
        talk.bash(test.failing, f"Exit code 1\n{errors.filled(test.says, rng)}", is_error=True)
        talk.call(
            "Edit",
            {"file_path": f"/home/dev/project/{name}.py", "old_string": "amount", "new_string": "total"},
            f"The file /home/dev/project/{name}.py has been updated.",
        )
        talk.bash(test.working, errors.filled(test.answer, rng))
    talk.say("Done; the tests pass.")
