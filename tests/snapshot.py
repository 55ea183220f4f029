"""Text that people and models read, compared exactly with files under tests/snapshots.

`DREAMFS_SNAPSHOTS=write pytest …` writes them anew; the difference is then read like any other change.
"""

import os
from pathlib import Path

FOLDER = Path(__file__).parent / "snapshots"


def assert_snapshot(name: str, text: str) -> None:
    path = FOLDER / name
    if os.environ.get("DREAMFS_SNAPSHOTS") == "write":
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8", newline="\n")
    assert path.read_text(encoding="utf-8") == text
