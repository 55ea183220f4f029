"""The memory a dream starts from: healthy notes, and what drifted in them."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from random import Random

from bench.corpora.names import NOUNS, PEOPLE, REGIONS, identifier, services
from bench.corpora.truth import DeadLink, Pair, Passage, RelativeDate, Truth


@dataclass(slots=True)
class Memories:
    """Files by their path in the store."""

    files: dict[str, list[str]] = field(default_factory=dict[str, list[str]])

    def add(self, path: str, *lines: str) -> None:
        self.files.setdefault(path, []).extend(lines)

    def texts(self) -> dict[str, str]:
        return {path: "\n".join(lines) + "\n" for path, lines in sorted(self.files.items())}


def plant(rng: Random, truth: Truth, start: date, *, healthy_only: bool) -> Memories:
    """Write memories and what is wrong with them into `truth`.

    Args:
        rng: draws everything.
        truth: gets what was planted.
        start: the first day of the world.
        healthy_only: only notes that want no change, hard negatives among them.
    """
    memories = Memories()
    names = services(rng, 8)
    _healthy(rng, memories, names)
    _hard_negatives(rng, memories, truth, names)
    if not healthy_only:
        _duplicates(rng, memories, truth, names)
        _contradictions(rng, memories, truth, names, start)
        _relative_dates(rng, memories, truth, start)
        _dead_links(rng, memories, truth)
    return memories


def _healthy(rng: Random, memories: Memories, names: Sequence[str]) -> None:
    for name in names[:4]:
        owner = rng.choice(PEOPLE)
        memories.add(
            f"services/{name}.md",
            f"# {name}",
            "",
            f"- {owner} owns it; escalate in the #{name} channel.",
            f"- It runs in {rng.choice(REGIONS)} with {rng.randint(2, 9)} replicas.",
            f"- Its {rng.choice(NOUNS)} is rebuilt on every release; a restart does not lose it.",
        )


def _hard_negatives(rng: Random, memories: Memories, truth: Truth, names: Sequence[str]) -> None:
    """Lines and files that read alike and mean different things."""
    service = names[4]
    number, day = rng.randint(10, 80), rng.randint(1, 27)
    noun = rng.choice(NOUNS)
    variants = [
        ("number", f"- {service} allows {number} connections per {noun} before it sheds load.", f"- {service} allows {number + 5} connections per {noun} before it sheds load."),
        ("path", f"- The {noun} settings of the nightly job are in /etc/{service}/nightly.toml.", f"- The {noun} settings of the nightly job are in /etc/{service}/hourly.toml."),
        ("date", f"- The {noun} audit of {service} was passed on 2026-01-{day:02d}.", f"- The {noun} audit of {service} was passed on 2026-02-{day:02d}."),
        ("identifier", f"- Ticket OPS-{number}{day} tracks the slow {noun} export in {service}.", f"- Ticket OPS-{number}{day + 1} tracks the slow {noun} export in {service}."),
        ("negation", f"- Restarting {service} during a {noun} migration is safe in staging.", f"- Restarting {service} during a {noun} migration is not safe in production."),
    ]  # fmt: skip
    for position, (differs_in, first, second) in enumerate(variants):
        if rng.random() < 0.6:
            path = "notes/operations.md"
            memories.add(path, first, second)
            passages = Passage(path, first), Passage(path, second)
        else:
            paths = f"facts/{noun}-{position}a.md", f"facts/{noun}-{position}b.md"
            for path, line in zip(paths, (first, second), strict=True):
                memories.add(path, f"# About the {noun}", "", line, "- Seen by the platform team during the review.")
            passages = Passage(paths[0]), Passage(paths[1])
        truth.hard_negatives.append(Pair(*passages, differs_in))
    truth.distractors.append("near-miss duplicates")


def _duplicates(rng: Random, memories: Memories, truth: Truth, names: Sequence[str]) -> None:
    """One entry written by five sessions, and one file saved twice or thrice."""
    service, noun = names[6], rng.choice(NOUNS)
    entry = f"- When the {noun} of {service} stalls, drain it first and then restart the consumer; a restart alone loses {rng.randint(2, 40)} messages."
    entries = [entry, *(_reworded(rng, entry) for _ in range(rng.choice((2, 4))))]
    path = f"runbooks/{service}.md"
    memories.add(path, f"# Runbook of {service}", "", *entries)
    truth.duplicates.append([Passage(path, line) for line in entries])

    topic = rng.choice(("deploys", "backups", "certificates", "paging"))
    lines = [
        f"# How {topic} work",
        "",
        f"- {topic.capitalize()} of {names[7]} run through the {rng.choice(NOUNS)} pipeline, started by hand.",
        f"- Allow {rng.randint(5, 50)} minutes, and tell {rng.choice(PEOPLE)} before starting.",
        f"- The checklist is kept with the {rng.choice(NOUNS)} tooling in {rng.choice(REGIONS)}.",
    ]
    paths = [f"how-to/{topic}.md", f"notes/{topic}-copy.md"]
    memories.add(paths[0], *lines)
    memories.add(paths[1], *([*lines, ""] if rng.random() < 0.5 else [f"{line} " for line in lines]))
    truth.duplicates.append([Passage(path) for path in paths])


def _reworded(rng: Random, line: str) -> str:
    """The same entry as another session would have saved it: white space, marker, case, full stop."""
    body = line.removeprefix("- ")
    return rng.choice(
        [line, f"* {body}", f"- {body.removesuffix('.')}", f"- {body[0].lower()}{body[1:]}", f"-  {body} "]
    )


def _contradictions(rng: Random, memories: Memories, truth: Truth, names: Sequence[str], start: date) -> None:
    """Two dated statements of one fact; the newer one holds."""
    service, noun = names[7], rng.choice(NOUNS)
    days = rng.sample([7, 14, 30, 60, 90], 2)
    old_day, new_day = start - timedelta(days=200), start - timedelta(days=20)
    old = f"- As of {old_day.isoformat()} the {noun} of {service} is kept for {days[0]} days."
    new = f"- As of {new_day.isoformat()} the {noun} of {service} is kept for {days[1]} days."
    paths = ("retention/policy.md", "retention/review.md")
    memories.add(paths[0], "# Retention", "", old)
    memories.add(paths[1], "# Retention review", "", new)
    truth.contradictions.append(Pair(Passage(paths[0], old), Passage(paths[1], new), "number"))


def _relative_dates(rng: Random, memories: Memories, truth: Truth, start: date) -> None:
    """Lines that were true on the day above them."""
    path = "journal/changes.md"
    day = start - timedelta(days=rng.randint(40, 90))
    memories.add(path, "# Changes")
    for word, days in rng.sample([("yesterday", 1), ("two days ago", 2), ("today", 0)], 2):
        line = (
            f"- The {rng.choice(NOUNS)} limit was raised {word} by {rng.choice(PEOPLE)}, request {identifier(rng, 6)}."
        )
        memories.add(path, "", f"## {day.isoformat()}", "", line)
        truth.relative_dates.append(RelativeDate(path, line, (day - timedelta(days=days)).isoformat()))
        day += timedelta(days=rng.randint(3, 9))


def _dead_links(rng: Random, memories: Memories, truth: Truth) -> None:
    """An index that points to a note which moved away, and to others that are there."""
    living = sorted(memories.files)[:3]
    target = f"runbooks/{rng.choice(NOUNS)}-{identifier(rng, 4)}.md"
    links = [*living, target]
    rng.shuffle(links)
    memories.add(
        "index.md", "# Index", "", *(f"- [{link.rsplit('/', 1)[-1].removesuffix('.md')}]({link})" for link in links)
    )
    truth.dead_links.append(DeadLink("index.md", target))
