"""Times as logs print them, each with where in its line it stands.

Read are RFC 3339 and its relatives (a space or a comma, slashes between the numbers), syslog and journal lines, access logs,
`ctime` and mail dates, klog, and seconds, milli-, micro- or nanoseconds since 1970. What a form leaves out, a year, comes
from when the session looked. A time without a zone is UTC.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

_reach = 80
"""Characters from the start of a line in which its own time stands; later ones are part of what it says."""
_MONTH_NAMES = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split()  # noqa: SIM905
_MONTHS = {name: n for n, name in enumerate(_MONTH_NAMES, 1)}
_MONTH = f"({'|'.join(_MONTH_NAMES)})"
_CLOCK = r"(\d\d):(\d\d):(\d\d)(?:[.,]\d{1,9})?"
_ZONE = r"(Z|UTC|GMT|[+-]\d\d:?\d\d)?(?![\d:])"

_ISO = re.compile(rf"(?<!\d)(\d{{4}})[-/](\d\d)[-/](\d\d)[T ]{_CLOCK}\s?{_ZONE}")
_DAY_FIRST = re.compile(rf"(?<!\d)(\d{{1,2}})[/ -]{_MONTH}[/ -](\d{{4}})[: ]{_CLOCK}\s?{_ZONE}")
_YEAR_LAST = re.compile(
    rf"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun) {_MONTH} {{1,2}}(\d{{1,2}}) {_CLOCK} (?:(UTC|GMT) )?(\d{{4}})\b"
)
_SYSLOG = re.compile(rf"(?:^|[\s>:|→]){_MONTH} {{1,2}}(\d{{1,2}}) {_CLOCK}\s+\S+(?=\s)")
_KLOG = re.compile(rf"(?:^|[\s|:])[IWEF](\d\d)(\d\d) {_CLOCK}\s+\d+\s")
_EPOCH = re.compile(
    r"(?:^\[?|\b(?:ts|time|timestamp)=\"?|\baudit\()(1[5-9]\d{8}(?:\d{3}){0,3}(?:\.\d+)?)(?=[\s\]\",:)|]|$)"
)
_DATE = re.compile(
    rf"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun),? +(?:{_MONTH} +(\d{{1,2}})|(\d{{1,2}}) +{_MONTH}) +{_CLOCK}(?: ([AP]M))?(?: ([A-Z]{{2,5}}|[+-]\d\d(?:\d\d)?))? (\d{{4}})\b"
)
_ALONE = re.compile(r"(?<![\d.])1[5-9]\d{8}(?:\d{3}){0,3}(?:\.\d+)?(?![\d.])")
_PRESENT = frozenset(
    "now date time current as of at it is the today utc local server mon tue wed thu fri sat sun".split()  # noqa: SIM905
)
"""Words beside a time that leave it the present."""
_ZONE_HOURS = {
    "UTC": 0, "GMT": 0, "Z": 0, "WET": 0, "WEST": 1, "CET": 1, "CEST": 2, "EET": 2, "EEST": 3, "MSK": 3, "JST": 9, "KST": 9,
    "AEST": 10, "AEDT": 11, "NZST": 12, "NZDT": 13, "EST": -5, "EDT": -4, "CDT": -5, "MST": -7, "MDT": -6, "PST": -8, "PDT": -7,
}  # fmt: skip
"""Letters that mean one zone to most who print them; `CST`, `IST` and `BST` do not."""
_ANY = re.compile(r"\d\d:\d\d:\d\d|\b1[5-9]\d{8}(?:\d{3}){0,3}\b")
_NUMBER = re.compile(r"\d{10}(?:\d{3}){0,3}(?:\.\d+)?")

Stamp = tuple[float, int, int]
"""Seconds since 1970, and where the time begins and ends in its line."""


def stamp(line: str, year: int, looked_at: datetime | None) -> Stamp | None:
    """The time of a line: the first in it that is near its start. `year` is for forms that leave it out."""
    found: list[tuple[int, re.Match[str], Callable[[re.Match[str], int, datetime | None], float | None]]] = []
    for pattern, read in _FORMS:
        match = pattern.search(line, 0, _reach)
        if match is None:
            continue
        if match.start() <= 1 and (seconds := read(match, year, looked_at)) is not None:
            return seconds, match.start(), match.end()  # Most lines begin with their time.
        found.append((match.start(), match, read))
    for _, match, read in sorted(found, key=lambda one: one[0]):
        seconds = read(match, year, looked_at)
        if seconds is not None:
            return seconds, match.start(), match.end()
    return None


def shows_a_time(text: str) -> bool:
    """Whether there can be a time in a text at all; cheap."""
    return _ANY.search(text) is not None


@dataclass(frozen=True, slots=True)
class Now:
    """What a line says that says nothing but the time."""

    seconds: float
    """Since 1970, as if in UTC where no zone is known."""
    zoned: bool
    zone: str = ""
    """Letters that may mean several zones."""
    of_date: bool = False
    """It has the form in which `date` prints."""


def clock_shown(line: str) -> Now | None:
    """The time that a line says if it says nothing else, such as what `date` prints."""
    if len(line) > _reach or not _ANY.search(line):
        return None
    for pattern, read in ((_DATE, _dated), (_ISO, _iso_now), (_DAY_FIRST, _day_first_now), (_ALONE, _alone)):
        if (found := pattern.search(line)) is not None:
            beside = re.findall(r"\w+", line[: found.start()] + " " + line[found.end() :])
            return read(found) if all(word.lower() in _PRESENT for word in beside) else None
    return None


def seconds_of(value: object) -> float | None:
    """What a field that holds a time says: text in a form with a year, or a number since 1970."""
    if isinstance(value, str):
        if _NUMBER.fullmatch(value):
            return epoch_seconds(float(value))
        for pattern, read in ((_ISO, _iso), (_DAY_FIRST, _day_first), (_YEAR_LAST, _year_last)):
            if (match := pattern.search(value)) is not None:
                return read(match, 0, None)
        return None
    if isinstance(value, int | float) and not isinstance(value, bool):
        return epoch_seconds(float(value))
    return None


def epoch_seconds(value: float) -> float | None:
    """A number since 1970 in any usual unit, as seconds; None where it is no time."""
    for unit in (1.0, 1e3, 1e6, 1e9):
        if 1e9 < value / unit < 3e9:
            return value / unit
    return None


def year_shown(text: str) -> int | None:
    """The year of the first full time in a text."""
    if (found := _ISO.search(text)) is not None:
        return int(found[1])
    if (found := _DAY_FIRST.search(text)) is not None:
        return int(found[3])
    if (number := re.search(r"\b1[5-9]\d{8}\b", text)) is not None:
        return datetime.fromtimestamp(int(number.group()), UTC).year
    return None


def after_a_time(text: str) -> str:
    """A line without the time that it begins with."""
    found = stamp(text, 2000, None)
    return text[found[2] :] if found is not None and found[1] <= 1 else text


def starts_with_a_time(text: str) -> bool:
    return _ISO.match(text) is not None


def _iso(found: re.Match[str], _year: int, _looked_at: datetime | None) -> float | None:
    return _zoned(_moment(found[1], found[2], *found.groups()[2:6]), found[7])


def _day_first(found: re.Match[str], _year: int, _looked_at: datetime | None) -> float | None:
    return _zoned(_moment(found[3], _MONTHS[found[2]], found[1], *found.groups()[3:6]), found[7])


def _year_last(found: re.Match[str], _year: int, _looked_at: datetime | None) -> float | None:
    return _zoned(_moment(found[7], _MONTHS[found[1]], *found.groups()[1:5]), None)


def _dated(found: re.Match[str]) -> Now | None:
    month, day, first_day, month_after, hour, minute, second, half, zone, year = found.groups()
    if half:
        hour = int(hour) % 12 + 12 * (half == "PM")
    moment = _moment(year, _MONTHS[month or month_after], day or first_day, hour, minute, second)
    if moment is None:
        return None
    if zone and zone[0] in "+-":
        return Now(_offset(moment, zone.ljust(5, "0")), zoned=True, of_date=True)
    hours = _ZONE_HOURS.get(zone or "")
    seconds = moment.timestamp() - (hours or 0) * 3600
    return Now(seconds, hours is not None, zone if zone and hours is None else "", of_date=True)


def _iso_now(found: re.Match[str]) -> Now | None:
    seconds = _iso(found, 0, None)
    return None if seconds is None else Now(seconds, bool(found[7]))


def _day_first_now(found: re.Match[str]) -> Now | None:
    seconds = _day_first(found, 0, None)
    return None if seconds is None else Now(seconds, bool(found[7]), of_date=True)


def _alone(found: re.Match[str]) -> Now | None:
    seconds = epoch_seconds(float(found.group()))
    return None if seconds is None else Now(seconds, zoned=True)


def _without_year(found: re.Match[str], year: int, looked_at: datetime | None) -> float | None:
    month = _MONTHS.get(found[1]) or int(found[1])
    moment = _moment(year, month, *found.groups()[1:5])
    if moment is not None and looked_at is not None and moment - looked_at > timedelta(days=2):
        moment = _moment(year - 1, month, *found.groups()[1:5])
    return _zoned(moment, None)


def _number(found: re.Match[str], _year: int, _looked_at: datetime | None) -> float | None:
    return epoch_seconds(float(found[1]))


_FORMS: tuple[tuple[re.Pattern[str], Callable[[re.Match[str], int, datetime | None], float | None]], ...] = (
    (_ISO, _iso),
    (_DAY_FIRST, _day_first),
    (_YEAR_LAST, _year_last),
    (_SYSLOG, _without_year),
    (_KLOG, _without_year),
    (_EPOCH, _number),
)


def _moment(
    year: str | int, month: str | int, day: str | int, hour: str | int, minute: str | int, second: str | int
) -> datetime | None:
    try:
        return datetime(int(year), int(month), int(day), int(hour), int(minute), min(int(second), 59), tzinfo=UTC)
    except ValueError:
        return None


def _zoned(moment: datetime | None, zone: str | None) -> float | None:
    if moment is None:
        return None
    return _offset(moment, zone) if zone and zone[0] in "+-" else moment.timestamp()


def _offset(moment: datetime, zone: str) -> float:
    digits = zone[1:].replace(":", "")
    offset = int(digits[:2]) * 3600 + int(digits[2:]) * 60
    return moment.timestamp() - (offset if zone[0] == "+" else -offset)
