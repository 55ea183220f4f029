"""A program: which of some byte strings are in some files. Run by `erasing.py` in a process of its own.

The files of an open database must not be opened in the process that uses it: closing them there would drop its locks.
Reads `{"files": [path], "needles": [hex]}` from standard input, and writes the numbers of the needles that it found as a
JSON list.
"""

import json
import sys
from collections.abc import Sequence
from pathlib import Path

CHUNK_BYTES = 1 << 22


def found(path: Path, needles: Sequence[bytes]) -> set[int]:
    """The numbers of the needles that a file has; a file that is not there has none."""
    overlap = max((len(needle) for needle in needles), default=1) - 1
    result: set[int] = set()
    try:
        with path.open("rb") as file:
            tail = b""
            while chunk := file.read(CHUNK_BYTES):
                window = tail + chunk
                result |= {n for n, needle in enumerate(needles) if n not in result and needle in window}
                tail = window[len(window) - overlap :] if overlap else b""
    except FileNotFoundError:
        return set()
    return result


def main() -> None:
    """Answer one question."""
    asked = json.load(sys.stdin)
    needles = [bytes.fromhex(needle) for needle in asked["needles"]]
    numbers = {n for path in asked["files"] for n in found(Path(path), needles)}
    sys.stdout.write(json.dumps(sorted(numbers)))


if __name__ == "__main__":
    main()
