"""Many long sessions, for measuring speed and memory: as large as 300 real ones."""

from collections.abc import Iterator
from pathlib import Path
from random import Random

from bench.corpora import dialogue, errors
from bench.corpora.corpus import Options, generate
from bench.corpora.dialogue import Dialogue, Session
from bench.corpora.names import NOUNS, identifier

SESSIONS = 300
BYTES = 120_000_000


def write(folder: Path, seed: int, *, sessions: int = SESSIONS, bytes_total: int = BYTES) -> list[Path]:
    """Write Claude Code logs, half of an on-call team and half of a coding team, filled up with what agents read.

    Returns:
        The files; together `bytes_total` within a few per cent.
    """
    folder.mkdir(parents=True, exist_ok=True)
    rng = Random(f"{seed} large")
    paths: list[Path] = []
    for session in _sessions(seed, sessions):
        _fill(rng, session, bytes_total // sessions)
        path = folder / f"{session.session_id}.jsonl"
        path.write_text(dialogue.claude_code(session), encoding="utf-8")
        paths.append(path)
    return paths


def _sessions(seed: int, count: int) -> Iterator[Session]:
    for world, half in (("oncall", count - count // 2), ("coding", count // 2)):
        options = Options("oncall", half) if world == "oncall" else Options("coding", half)
        for session in generate(seed, options).sessions:
            session.shape = "claude-code"
            yield session


def _fill(rng: Random, session: Session, size: int) -> None:
    """Add reads, searches and builds until the log has about this many bytes."""
    talk = Dialogue(rng, session)
    talk.now = session.turns[-1].at
    written = len(dialogue.claude_code(session).encode())
    while written < size:
        text = _page(rng, rng.choice((20, 60, 120, 240)))
        # The log holds an output twice, as the model saw it and as the client keeps it.
        written += 2 * len(text.encode()) + 1_600
        name = f"/home/dev/project/{rng.choice(errors.FILES)}.py"
        if rng.random() < 0.3:
            talk.bash(f"rg -n {rng.choice(NOUNS)} src", text)
        elif rng.random() < 0.08:
            oddity = f"Exit code 1\n{errors.filled('warning {id} at step {n}', rng)}\n{identifier(rng, 10)}: {identifier(rng, 6)} {identifier(rng, 7)}"
            talk.bash(f"make {rng.choice(errors.FILES)}", oddity, is_error=True)
        else:
            talk.call("Read", {"file_path": name}, text)


def _page(rng: Random, lines: int) -> str:
    return "\n".join(
        f"{n}\t    {rng.choice(NOUNS)}_{rng.choice(errors.FILES)} = load_{rng.choice(NOUNS)}(settings.{rng.choice(errors.FILES)}, limit={rng.randint(1, 999)})"
        for n in range(1, lines + 1)
    )
