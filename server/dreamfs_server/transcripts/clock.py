"""Times as people write them in a thread: with or without a day, with the name of a zone or none.

What a line leaves out its surroundings say: a heading or the head of the document names the day and the zone. Where nothing
names a zone the time is taken as UTC; where nothing names a day there is no time.
"""

import re
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo

from dreamfs_server.transcripts.reading import moment

_HOURS = {
    "UTC": 0, "GMT": 0, "Z": 0, "WET": 0, "WEST": 1, "CET": 1, "MEZ": 1, "BST": 1, "CEST": 2, "MESZ": 2, "EET": 2, "EEST": 3,
    "MSK": 3, "IST": 5.5, "SGT": 8, "JST": 9, "AEST": 10, "AEDT": 11, "EST": -5, "EDT": -4, "CST": -6, "CDT": -5, "MST": -7,
    "MDT": -6, "PST": -8, "PDT": -7,
}  # fmt: skip
_OF_PLACES = {"ET": "America/New_York", "CT": "America/Chicago", "MT": "America/Denver", "PT": "America/Los_Angeles"}
_MONTHS = {name: n for n, name in enumerate("jan feb mar apr may jun jul aug sep oct nov dec".split(), 1)}  # noqa: SIM905
_MONTH = r"(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\.?"
_DAY = re.compile(
    rf"(?ix)(?<![\d.])(?:(?P<y>\d{{4}})[-/](?P<m>\d\d?)[-/](?P<d>\d\d?) | (?P<d1>\d{{1,2}})\.(?P<m1>\d{{1,2}})\.(?P<y1>\d{{4}}|\d\d)"
    rf"| (?P<d2>\d{{1,2}})(?:st|nd|rd|th)?\ (?P<n2>{_MONTH}),?\ (?P<y2>\d{{4}}) | (?P<n3>{_MONTH})\ (?P<d3>\d{{1,2}})(?:st|nd|rd|th)?,?\ (?P<y3>\d{{4}})"
    r"| (?P<m4>\d{1,2})/(?P<d4>\d{1,2})/(?P<y4>\d{4}|\d\d))(?!\d)"
)
_PACKED_DAY = re.compile(r"(?<!\d)(20\d\d)(\d\d)(\d\d)(?!\d)")
ZONE = r"Z\b|UTC(?:[+-]\d{1,2}(?::?\d\d)?)?|[+-]\d\d:?\d\d|[A-Z]{2,4}\b"
_ZONE_SAID = re.compile(
    r"(?i:\b(?:all\s+)?(?:times?(?:zone|stamps|line)?|(?:uhr)?zeit(?:en)?|hora(?:s|rio)?)\s*(?:are|is|shown|given|below)?\s*(?:in|:|\()?\s*\**)([A-Za-z]+/[A-Za-z_]+|UTC[+-]\d{1,2}(?::?\d\d)?|[A-Z]{2,4})\b"
)
CLOCK = r"(?<![\d:.])\d{1,2}:\d\d(?::\d\d(?:[.,]\d{1,9})?)?(?:\s?[AaPp]\.?[Mm]\b\.?)?"
_CLOCK = re.compile(rf"(?P<clock>{CLOCK})(?:\s?\(?(?P<zone>{ZONE})\)?)?")


def zone_of(name: str) -> tzinfo | None:
    """A zone by its abbreviation, its offset (`+01:00`, `UTC+1`) or its place (`Europe/Berlin`); None if there is no such."""
    name = name.strip().strip("()")
    if name.upper() in _HOURS:
        return timezone(timedelta(hours=_HOURS[name.upper()]))
    if found := re.fullmatch(r"(?:UTC|GMT)?([+-])(\d{1,2}):?(\d\d)?", name):
        shift = timedelta(hours=int(found[2]), minutes=int(found[3] or 0))
        return timezone(shift if found[1] == "+" else -shift) if shift < timedelta(hours=24) else None
    try:
        return ZoneInfo(_OF_PLACES.get(name, name)) if "/" in _OF_PLACES.get(name, name) else None
    except (ValueError, OSError, KeyError):
        return None


def zone_said(lines: Iterable[str]) -> tzinfo | None:
    """The zone that a document says its times are in."""
    for line in lines:
        if (found := _ZONE_SAID.search(line)) and (zone := zone_of(found[1])):
            return zone
    return None


def day_in(text: str) -> date | None:
    """The first day that a text names in full; `03.11.2026` is a European's, `11/03/2026` an American's."""
    found = _DAY.search(text)
    if found is None:
        packed = _PACKED_DAY.search(text)
        return _date(*map(int, packed.groups())) if packed else None
    part = {name[0] + name[1:]: value for name, value in found.groupdict().items() if value}
    year = int(next(value for name, value in part.items() if name[0] == "y"))
    day = int(next(value for name, value in part.items() if name[0] == "d"))
    named = next((value for name, value in part.items() if name[0] == "n"), "")
    month = _MONTHS[named[:3].lower()] if named else int(next(v for name, v in part.items() if name[0] == "m"))
    return _date(year + 2000 if year < 100 else year, month, day)


class Clock:
    """Reads the times of one document in order; knows which day it is there."""

    def __init__(self, day: date | None = None, zone: tzinfo | None = None) -> None:
        """Begin on `day`, in `zone`; UTC where none is known."""
        self.day = day
        self._zone = zone or UTC
        self._last: datetime | None = None

    def turn_to(self, day: date) -> None:
        """What follows happened on this day."""
        self.day, self._last = day, None

    def read(self, written: str) -> datetime | None:
        """A time in UTC; None where the day is not known. A clock that falls back by half a day has passed midnight."""
        if (
            re.match(r"\s*\d{4}-\d\d-\d\dT", written)
            and (at := moment(written))
            and re.search(r"Z|[+-]\d\d:?\d\d$", written)
        ):
            self.day = at.date()
            return at
        day, found = day_in(written), _CLOCK.search(re.sub(r"(?<=\d)T(?=\d)", " ", written))
        if found is None:
            return datetime(day.year, day.month, day.day, tzinfo=UTC) if day else None
        on = day or self.day
        if on is None:
            return None
        zone = (zone_of(found["zone"]) if found["zone"] else None) or self._zone
        at = _at(on, found["clock"], zone)
        if at is None:
            return None
        if day is None and self._last is not None and self._last - at > timedelta(hours=12):
            at += timedelta(days=1)
            self.day = on + timedelta(days=1)
        elif day is not None:
            self.day = day
        self._last = at
        return at.astimezone(UTC)


def _at(day: date, clock: str, zone: tzinfo) -> datetime | None:
    found = re.match(r"(\d{1,2}):(\d\d)(?::(\d\d)(?:[.,](\d{1,6})\d*)?)?\s?([AaPp])?", clock)
    if found is None:
        return None
    hour = int(found[1])
    if found[5]:
        hour = hour % 12 + (12 if found[5].lower() == "p" else 0)
    try:
        fraction = int((found[4] or "0").ljust(6, "0"))
        return datetime(day.year, day.month, day.day, hour, int(found[2]), int(found[3] or 0), fraction, zone)
    except ValueError:
        return None


def _date(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None
