"""The person's part of the demonstration: run a dream, read what it proposes, and accept it, at a terminal."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from dreamfs_server.demo.stage import Stage
from dreamfs_tools.answers import plural

OF_AN_AGENT = {"CLAUDECODE", "CLAUDE_CODE_SESSION_ID"}


class Person:
    """Types commands, as one would in a terminal."""

    def __init__(self, stage: Stage, database: Path) -> None:
        self._stage = stage
        # The person of the story is no agent, whichever shell tells it; this is a database of the story's own.
        self._environment = {name: value for name, value in os.environ.items() if name not in OF_AN_AGENT}
        self._environment["DREAMFS_DB"] = str(database)

    def types(self, *words: str, quiet: bool = False, lines: int = 12) -> str:
        """Run a command, showing it and what it prints.

        Raises:
            RuntimeError: it failed; the demonstration is then at fault.
        """
        if not quiet:
            self._stage.command("dreamfs", *words)
        done = subprocess.run(  # noqa: S603  # our own program, with our own words
            [sys.executable, "-m", "dreamfs_server", *words],
            env=self._environment,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise RuntimeError(f"dreamfs {' '.join(words)} failed: {done.stderr.strip()}")
        if not quiet:
            self._stage.show(done.stdout, lines=lines)
        return done.stdout


def dream_over_the_week(stage: Stage, person: Person) -> None:
    """Dream over the recorded week, show the best proposal, accept it, and show who made the new version."""
    stage.scene(
        "A dream",
        "No model, no key: code reads the week's transcripts, counts, and proposes. Every claim cites the lines it rests on.",
    )
    dream = _dream(stage, person)
    if not dream["proposals"]:
        raise RuntimeError("the dream of the demonstration proposed nothing")
    best = dream["proposals"][0]
    stage.scene("Accepted by a person", "Nothing has changed so far. One command accepts one proposal.")
    person.types("dream", "review", dream["id"], str(best["id"]), "--accept", "--as", "you")
    person.types("log", best["changes"][0]["path"], lines=6)


def dream_over_transcripts(stage: Stage, person: Person, transcripts: Path) -> None:
    """Import somebody's own transcripts into the temporary database, dream, and show what is proposed."""
    stage.scene("Your transcripts", "They are read into a temporary database that is gone when this ends.")
    person.types("transcripts", "import", str(transcripts))
    stage.scene("A dream", "No model, no key, nothing leaves this machine.")
    dream = _dream(stage, person, shown=5)
    if not dream["proposals"]:
        stage.tell("Nothing to change: it found no pattern strong enough to propose. That is a good result, too.")


def _dream(stage: Stage, person: Person, shown: int = 2) -> dict[str, Any]:
    stage.command("dreamfs", "dream", "run")
    dream: dict[str, Any] = json.loads(person.types("dream", "run", "--json", quiet=True))
    coverage = dream["coverage"]
    stage.show(
        f"{coverage['sessions']} sessions, {coverage['events']:,} events read; {len(dream['proposals'])} proposals."
    )
    for number, proposal in enumerate(dream["proposals"]):
        _proposal(stage, proposal, quotes=3 if number < shown else 2)
    return dream


def _proposal(stage: Stage, proposal: dict[str, Any], quotes: int) -> None:
    stage.tell(f"\nProposal {proposal['id']}: {proposal['title']} (risk {proposal['risk']})")
    for change in proposal["changes"]:
        stage.diff(change["diff"])
    for claim in proposal["claims"]:
        support = claim["support"]
        stage.tell(f"{claim['kind']}: {claim['text']}")
        if support["sessions"]:  # what rests on memories alone was seen in none
            stage.tell(f"seen in {plural(support['sessions'], 'session')} on {plural(support['days'], 'day')}")
        for evidence in claim["evidence"][:quotes]:
            first, last = evidence["lines"]
            lines = f"L{first}" if first == last else f"L{first}-L{last}"
            quote = evidence["quote"].strip().splitlines()[0][:110] if evidence["quote"].strip() else ""
            stage.show(f"{evidence['session_id']}#{lines}  {quote}", "italic")
