"""RE2 over bytes, with types: what the search for secrets is made of."""

from collections.abc import Iterator
from functools import cached_property
from typing import Any

import re2

PROGRAM_BYTES_MAX = 64 << 20
"""An expression that would need more is refused when it is compiled, so that none fails silently on some text."""


class Found:
    """One place where an expression matches."""

    __slots__ = ("_groups", "_match")

    def __init__(self, match: Any, groups: dict[str, int]) -> None:
        self._match = match
        self._groups = groups

    def span(self, group: str = "") -> tuple[int, int]:
        """Where it stands, or one of its groups: (-1, -1) for one that took no part."""
        start, end = self._match.span(self._groups[group] if group else 0)
        return int(start), int(end)

    def start(self, group: str = "") -> int:
        """Where it begins, or one of its groups."""
        return self.span(group)[0]

    def end(self, group: str = "") -> int:
        """Where it ends, or one of its groups."""
        return self.span(group)[1]

    def has(self, group: str) -> bool:
        """Whether the expression knows the group, and it took part."""
        return group in self._groups and self.span(group)[0] >= 0

    def text(self, group: str = "") -> bytes:
        """What matched, or what a group did; b"" for one that took no part."""
        found: bytes | None = self._match.group(self._groups[group] if group else 0)
        return found or b""


class Expression:
    """An expression, compiled when it is first used: a server that starts needs none."""

    def __init__(self, pattern: str, *, case_sensitive: bool = True) -> None:
        self._pattern = pattern
        self._case_sensitive = case_sensitive

    @cached_property
    def _compiled(self) -> Any:
        options = re2.Options()
        options.max_mem = PROGRAM_BYTES_MAX
        options.log_errors = False
        options.case_sensitive = self._case_sensitive
        compiled: Any = re2.compile(self._pattern, options)  # pyright: ignore[reportUnknownMemberType]  # re2 ships no types
        return compiled

    @cached_property
    def _groups(self) -> dict[str, int]:
        return dict(self._compiled.groupindex)

    def search(self, data: bytes, start: int = 0, end: int | None = None) -> Found | None:
        """The first match; `^` and `$` are the data's own ends, whatever part is searched."""
        match = self._compiled.search(data, start, end)
        return None if match is None else Found(match, self._groups)

    def match(self, data: bytes, start: int = 0, end: int | None = None) -> Found | None:
        """The match that begins right at `start`."""
        match = self._compiled.match(data, start, end)
        return None if match is None else Found(match, self._groups)

    def all(self, data: bytes, start: int = 0, end: int | None = None) -> Iterator[Found]:
        """Every match, one behind the other."""
        for match in self._compiled.finditer(data, start, end):
            yield Found(match, self._groups)

    def fits(self, data: bytes) -> bool:
        """Whether it matches anywhere."""
        return self._compiled.search(data) is not None
