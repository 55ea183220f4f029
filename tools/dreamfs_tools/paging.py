"""Answers that come in pages: how many rows, how many characters, and where the next page starts.

A cursor is the last thing shown, wrapped so that a caller hands it back unchanged. It carries a check over the
question it belongs to, so that a mangled or misplaced cursor is refused rather than answered wrongly.
"""

import base64
import binascii
import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from dreamfs_tools.answers import plural
from dreamfs_tools.errors import Refusal

LIMIT_ROWS_MAX = 1_000
ANSWER_CHARACTERS_MAX = 40_000
PAGE_CHARACTERS_MAX = ANSWER_CHARACTERS_MAX - 2_000
"""For the rows; the rest is for what stands around them."""


@dataclass(frozen=True, slots=True)
class Row:
    """One row of an answer."""

    said: str
    """A line (or several) of text, or one JSON item."""
    position: Sequence[Any]
    """Where a page that ends with this row goes on: JSON values, for the cursor."""


R = TypeVar("R", bound=Row)


def check_limit(limit: int) -> None:
    """Refuse a number of rows that no page may have.

    Raises:
        Refusal: `invalid_argument` for a limit outside 1–1,000.
    """
    if not 1 <= limit <= LIMIT_ROWS_MAX:
        raise Refusal("invalid_argument", f"The limit must be between 1 and {LIMIT_ROWS_MAX:,}, not {limit:,}.")


def take_page(rows: Iterable[R], limit: int) -> tuple[list[R], bool]:
    """The first rows, at most `limit` and no more than fit one answer (but one at least), and whether there are more."""
    page: list[R] = []
    left = PAGE_CHARACTERS_MAX
    for row in rows:
        left -= len(row.said) + 1
        if page and (len(page) == limit or left < 0):
            return page, True
        page.append(row)
    return page, False


def document(name: str, rows: Sequence[Row], next_cursor: str) -> str:
    """What `format="json"` answers: the items, where the next page starts (null at the end), whether this is all."""
    items = ",".join(row.said for row in rows)
    cursor = json.dumps(next_cursor or None)
    return f'{{"{name}":[{items}],"next_cursor":{cursor},"complete":{json.dumps(not next_cursor)}}}'


def write_cursor(question: Sequence[object], position: Sequence[Any]) -> str:
    """Wrap a position.

    Args:
        question: the tool and the arguments that the next call has to repeat.
        position: JSON values that say where this page ended.
    """
    raw = json.dumps([_check(question, position), *position], ensure_ascii=False, separators=(",", ":"))
    return base64.urlsafe_b64encode(raw.encode()).decode().rstrip("=")


def read_cursor(question: Sequence[object], cursor: str) -> list[Any]:
    """The position that `write_cursor` wrapped; empty for an empty cursor.

    Raises:
        Refusal: `invalid_argument` when it is not a cursor of this question.
    """
    if not cursor:
        return []
    parts: Any
    try:
        parts = json.loads(base64.b64decode(cursor.encode() + b"=" * (-len(cursor) % 4), b"-_", validate=True))
    except (ValueError, binascii.Error, RecursionError):
        parts = None
    values: list[Any] = list(parts) if isinstance(parts, list) else []  # pyright: ignore[reportUnknownArgumentType]  # JSON
    if not values or values[0] != _check(question, values[1:]):
        raise Refusal(
            "invalid_argument",
            "The cursor does not belong to this question. Pass the cursor of the last answer unchanged with the same "
            "arguments, or leave it out to start again.",
        )
    return values[1:]


def _check(question: Sequence[object], position: Sequence[Any]) -> str:
    said = json.dumps([list(question), list(position)], ensure_ascii=True)
    return hashlib.blake2s(said.encode(), digest_size=6).hexdigest()


def more_line(shown: int, word: str, many: str, next_cursor: str) -> str:
    """The line that says an answer is not all: `[100 entries shown, there are more: go on with cursor="…"]`."""
    return f'[{plural(shown, word, many)} shown, there are more: go on with cursor="{next_cursor}"]'
