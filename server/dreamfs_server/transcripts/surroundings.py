"""What lies around a file that is read: an export keeps who is called what in files of their own, beside the messages."""

import json
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any, BinaryIO

BESIDE_BYTES_MAX = 64 << 20

Beside = Callable[[str], AbstractContextManager[BinaryIO] | None]
"""Opens a file by its path from the folder of the one that is read, such as `../users.json`; None where there is none."""


class Surroundings:
    """The folder of a file, and what is said in JSON beside it. What was read once is not read again for the next file."""

    def __init__(
        self, folder: str = "", beside: Beside | None = None, place: str = "", known: dict[str, Any] | None = None
    ) -> None:
        """Args:
        folder: the name of the folder that the file lies in, "" at the top of a zip.
        beside: opens what lies there.
        place: where the folder is, for `known`.
        known: what was read beside other files of this import.
        """
        self.folder = folder
        self._beside = beside
        self._place = place
        self._known = {} if known is None else known

    def json(self, *names: str) -> Any:
        """The first of some files that is there and holds JSON; None where none does."""
        return next((value for name in names if (value := self._one(name)) is not None), None)

    def _one(self, name: str) -> Any:
        key = f"{self._place}/{name}"
        if key not in self._known:
            self._known[key] = self._read(name)
        return self._known[key]

    def _read(self, name: str) -> Any:
        try:
            opened = self._beside(name) if self._beside is not None else None
            if opened is None:
                return None
            with opened as stream:
                data = stream.read(BESIDE_BYTES_MAX + 1)
            return json.loads(data.decode("utf-8-sig", "replace")) if len(data) <= BESIDE_BYTES_MAX else None
        except (OSError, ValueError, RecursionError):
            return None
