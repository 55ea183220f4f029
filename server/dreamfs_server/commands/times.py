"""Points in time as a person writes them at a terminal."""

import re
from datetime import UTC, datetime, timedelta

from dreamfs_tools.errors import Refusal

_AGO = re.compile(r"(\d{1,6})([mhdw])")
_UNITS = {"m": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(days=1), "w": timedelta(weeks=1)}
_DATE_CHARACTERS = len("2026-11-22")
_TICK = timedelta(milliseconds=1)


def read_time(option: str, text: str, now: datetime, *, end: bool = False) -> datetime | None:
    """Read a date, a time in RFC 3339, or how long ago: `2026-11-22`, `2026-11-22T09:00:00Z`, `30m`, `12h`, `7d`, `2w`.

    Args:
        option: what the person wrote it for, to speak of it.
        text: what was written; "" for nothing.
        now: the time now, with a time zone.
        end: a bare date means its last moment rather than its first. Without a zone, times are UTC.

    Raises:
        Refusal: `invalid_argument`.
    """
    if not text:
        return None
    if ago := _AGO.fullmatch(text):
        try:
            return now - int(ago[1]) * _UNITS[ago[2]]
        except OverflowError:
            raise _unreadable(option, text) from None
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise _unreadable(option, text) from None
    at = at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
    return at + timedelta(days=1) - _TICK if end and len(text) == _DATE_CHARACTERS else at


def _unreadable(option: str, text: str) -> Refusal:
    return Refusal(
        "invalid_argument",
        f"{option} {text} is not a time. Write a date (2026-11-22), a time (2026-11-22T09:00:00Z), or how long ago "
        "(30m, 12h, 7d, 2w).",
    )
