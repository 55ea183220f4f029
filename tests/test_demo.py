"""The demonstration, as `make demo` runs it: real server processes, to its end."""

import os
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent


def demo(tmp_path: Path, *words: str) -> str:
    environment = {**os.environ, "DREAMFS_DB": str(tmp_path / "own.db"), "CLAUDECODE": "1"}
    done = subprocess.run(
        [sys.executable, "-m", "dreamfs_server", "demo", *words],
        capture_output=True,
        text=True,
        encoding="utf-8",
        env=environment,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert not (tmp_path / "own.db").exists(), "the demonstration keeps to its temporary folder"
    return done.stdout


def test_the_week_is_played_to_its_end_and_a_cited_proposal_is_accepted(tmp_path: Path) -> None:
    said = demo(tmp_path)
    assert "40 of 40 lines are in the file; none was lost." in said
    assert "[refused: conflict]" in said
    assert "That worked in 20 of 20 sessions that tried it." in said
    assert "follows catalog-db cpu saturated" in said
    assert "Merge 2 notes that say the same" in said
    assert "is accepted as version" in said
    assert "claude mcp add memory" in said


def test_with_transcripts_it_dreams_over_those(tmp_path: Path) -> None:
    said = demo(tmp_path, str(HERE / "transcripts"))
    assert "A dream" in said
    assert "claude mcp add memory" in said
