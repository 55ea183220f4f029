"""Cookies that let somebody in: those whose name says session or token, in headers, scripts and cookie jars."""

from collections.abc import Iterator

from dreamfs_tools.secret_judging import is_drawn, is_placeholder, is_varied
from dreamfs_tools.secret_search import Expression

KIND = "cookie"
VALUE_BYTES_MIN = 8

_LINE_END = Expression(r"\n|(?:^|[^\\])\\\\?[nr]")
_PAIR = Expression(
    r"(?P<name>[A-Za-z0-9_.$%-]+)\\*[\"']?[ \t]?[=:][ \t]?\\*[\"']?(?P<value>[^\s\"'`\\;,{}()\[\]<>]+)(?P<call>[(\[{<]?)"
)
_LETS_IN = Expression(
    r"sess(?:$|[^a-z]|ion|id)|(?:^|[._-]|connect\.|ss)sid$|auth(?:$|[^o]|o[^r])|token|jwt|csrf|xsrf|remember|secret|passw"
    r"|log_?in|identity|clearance|(?:^|[._-])sso|saml|ticket|credential|^li_at$|^datr$|^xs$",
    case_sensitive=False,
)


def in_header(data: bytes, start: int) -> tuple[list[tuple[int, int, str]], int]:
    """The secret values in what follows `Cookie:` up to the end of the line, and where that is."""
    found = _LINE_END.search(data, start)
    stop = found.start() if found is not None else len(data)
    return list(in_line(data, start, stop)), stop


def is_secret(name: bytes, value: bytes) -> bool:
    """Whether a cookie of that name and value lets its owner in."""
    return (
        len(value) >= VALUE_BYTES_MIN
        and _LETS_IN.fits(name)
        and (is_varied(value) or (len(value) >= 20 and is_drawn(value)))
        and not is_placeholder(value)
    )


def in_line(data: bytes, start: int, stop: int) -> Iterator[tuple[int, int, str]]:
    """The secret values between two places."""
    for match in _PAIR.all(data, start, stop):
        if not match.text("call") and is_secret(match.text("name"), match.text("value")):
            yield *match.span("value"), KIND
