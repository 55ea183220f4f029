"""A corpus: logs, memories and the truth about them, from one seed."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Literal

from bench.corpora import checkouts, coding, dialogue, errors, memories, oncall, practice, reading, support, waiting
from bench.corpora.dialogue import Session
from bench.corpora.truth import Truth

WorldName = Literal["oncall", "coding", "support", "checkouts", "practice", "waiting", "reading"]
WORLDS: tuple[WorldName, ...] = ("oncall", "coding", "support", "checkouts", "practice", "waiting", "reading")


@dataclass(frozen=True, slots=True)
class Options:
    """What to plant and how much of it."""

    world: WorldName = "oncall"
    sessions: int = 100
    associations: Literal["random", "worked", "none"] = "random"
    shuffle_times: bool = False
    """Draw the time of every event anew: nothing follows anything any more."""
    healthy_only: bool = False
    """No recurring error and no drift in the memory either; only what may mislead."""


def null_options(world: WorldName = "oncall", sessions: int = 100) -> Options:
    """A corpus in which there is nothing to find."""
    return Options(world, sessions, "none", healthy_only=True)


def worked_example(sessions: int = 30) -> Options:
    """An alert 60 s after a CPU spike, in 85 % of the spikes."""
    return Options("oncall", sessions, "worked")


@dataclass(frozen=True, slots=True)
class Corpus:
    options: Options
    sessions: Sequence[Session]
    memories: dict[str, str]
    """Text of each memory by its path in the store."""
    truth: Truth

    def write(self, folder: Path, *, order: Random | None = None) -> list[Path]:
        """Write `transcripts/`, `memories/` and `truth.json` below a folder.

        Args:
            folder: is made if it does not exist.
            order: shuffles the order of the sessions, which must not matter.

        Returns:
            The transcript files, in the order in which they are to be imported.
        """
        sessions = list(self.sessions)
        if order is not None:
            order.shuffle(sessions)
        transcripts = folder / "transcripts"
        transcripts.mkdir(parents=True, exist_ok=True)
        written: list[Path] = []
        for session in sessions:
            if session.shape == "claude-code":
                written.append(_text(transcripts / f"{session.session_id}.jsonl", dialogue.claude_code(session)))
            elif session.shape == "openai":
                chat = json.dumps(dialogue.openai(session), ensure_ascii=False)
                written.append(_text(transcripts / f"{session.session_id}.json", chat))
        if trials := [dialogue.tau(session) for session in sessions if session.shape == "tau"]:
            written.append(_text(transcripts / "support.json", json.dumps(trials, ensure_ascii=False)))
        for path, text in self.memories.items():
            _text(folder / "memories" / path, text)
        _text(folder / "truth.json", json.dumps(self.truth.as_json(), ensure_ascii=False, indent=1))
        return written


def generate(seed: int, options: Options) -> Corpus:
    """Make a corpus; the same seed and options make the same one."""
    # Each part draws from its own stream, so that a change in one leaves the others as they were.
    truth = Truth(seed, options.world)
    start = datetime(2026, 3, 2, tzinfo=UTC) + timedelta(days=Random(f"{seed} start").randrange(200))
    held = _hold(Random(f"{seed} {options.world}"), options, start, truth)
    kept = memories.plant(Random(f"{seed} memories"), truth, start.date(), healthy_only=options.healthy_only)
    return Corpus(options, held, kept.texts(), truth)


def _hold(rng: Random, options: Options, start: datetime, truth: Truth) -> list[Session]:
    if options.world == "coding":
        return coding.hold(rng, options.sessions, start, truth, healthy_only=options.healthy_only)
    if options.world == "checkouts":
        return checkouts.hold(rng, options.sessions, start, truth, healthy_only=options.healthy_only)
    if options.world == "waiting":
        return waiting.hold(rng, options.sessions, start, truth, healthy_only=options.healthy_only)
    if options.world == "reading":
        return reading.hold(rng, options.sessions, start, truth, healthy_only=options.healthy_only)
    if options.world == "practice":
        return practice.hold(rng, options.sessions, start, truth, healthy_only=options.healthy_only)
    if options.world == "support":
        return support.hold(rng, options.sessions, start, truth, healthy_only=options.healthy_only)
    recurring = [] if options.healthy_only else errors.house_made(rng, 2)
    plan = oncall.Plan(options.sessions, options.associations, options.shuffle_times)
    return oncall.hold(rng, plan, start, truth, recurring)


def shuffled(options: Options) -> Options:
    """The same corpus with shuffled times."""
    return replace(options, shuffle_times=True)


def _text(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path
