"""Compares what a model reads with the text that was last judged good, kept under tests/snapshots/.

Set DREAMFS_WRITE_SNAPSHOTS=1 to keep what is said now; read the difference before you commit it.
"""

import os
from pathlib import Path

FOLDER = Path(__file__).parent / "snapshots"


def assert_as_judged(name: str, text: str) -> None:
    """`text` is exactly what the file `name` under tests/snapshots/ holds."""
    path = FOLDER / name
    if os.environ.get("DREAMFS_WRITE_SNAPSHOTS"):
        path.write_text(text, encoding="utf-8")
    assert text == path.read_text(encoding="utf-8")
