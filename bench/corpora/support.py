"""A support desk: chats with customers in the shape of τ-bench, several trials of each task, without times."""

from datetime import datetime, timedelta
from random import Random

from bench.corpora.dialogue import Dialogue, Session
from bench.corpora.errors import Mishap
from bench.corpora.names import NOUNS, PEOPLE, identifier
from bench.corpora.trouble import Trouble
from bench.corpora.truth import Truth

TRIALS = 4


def hold(rng: Random, count: int, start: datetime, truth: Truth, *, healthy_only: bool) -> list[Session]:
    """Hold the chats; `truth` gets what was planted."""
    recurring = [] if healthy_only else _mishaps(rng)
    task = rng.randrange(max(1, count // TRIALS))
    narrow = () if healthy_only else [range(task * TRIALS, min(count, task * TRIALS + TRIALS))]
    trouble = Trouble(rng, count, recurring=recurring, narrow=narrow, once=4)
    sessions: list[Session] = []
    for number in range(count):
        at = start + timedelta(minutes=37 * number)
        text = f"A customer asks about order {1000 + 7 * (number // TRIALS)} and wants the {NOUNS[number // TRIALS % len(NOUNS)]} changed."
        session = Session(f"{number // TRIALS}-{number % TRIALS}", at, text, "tau", number // TRIALS, number % TRIALS)
        session.reward = float(rng.random() < 0.6)
        _chat(rng, Dialogue(rng, session), number, trouble)
        sessions.append(session)
    trouble.note(truth, sessions)
    truth.distractors.append("an error of one task in all its trials")
    return sessions


def _mishaps(rng: Random) -> list[Mishap]:
    first, second, third = rng.sample(NOUNS, 3)
    return [
        Mishap("id={id}", f"Error: {first} {{id}} must be unlocked before it changes", "must be unlocked before it changes", "unlock=true id={id}", '{"ok": true}', "unlock=true", f"update_{first}"),
        Mishap("id={id} amount={n}", f"Error: payment method for {second} {{id}} cannot take a partial refund", "cannot take a partial refund", "full=true id={id}", '{"refunded": {n}}', "full=true", "refund_payment"),
        Mishap("email={id}", f"Error: no {third} under that e-mail address {{id}}", "under that e-mail address", "phone={n}", '{"customer": "{id}"}', "phone=", "find_customer"),
    ]  # fmt: skip


def _chat(rng: Random, talk: Dialogue, number: int, trouble: Trouble) -> None:
    name = rng.choice(PEOPLE)
    talk.user(f"Hello, this is {name}. {talk.session.task}")
    talk.call(
        "get_order",
        {"order_id": f"W{rng.randint(1000, 9999)}"},
        f'{{"order": "W{identifier(rng, 6)}", "items": {rng.randint(1, 9)}}}',
    )
    trouble.happen(number, talk)
    talk.say(f"Thank you, {name}. It is changed.")
    talk.user("Great, that was all.")
