"""Secrets that are known by what stands before them: `password = …`, `Authorization: Bearer …`, `postgres://u:…@`.

Each cue is judged here or by the module of its kind. After one the search goes on right behind it, so that nothing that it stands
in is skipped: a header of a `curl` that also has a password.
"""

from collections.abc import Iterator

from dreamfs_tools import secret_cookies
from dreamfs_tools.secret_assignments import JUDGED_BYTES_MAX, VALUE_BYTES_MAX, assignment, extent, names_account
from dreamfs_tools.secret_commands import CommandLines
from dreamfs_tools.secret_cues import CUE
from dreamfs_tools.secret_fed import fed, sent
from dreamfs_tools.secret_judging import (
    holds_login,
    is_code,
    is_default,
    is_drawn,
    is_ordinary,
    is_password,
    is_placeholder,
    is_varied,
)
from dreamfs_tools.secret_manifests import in_manifest
from dreamfs_tools.secret_prose import BEFORE_BYTES, is_told
from dreamfs_tools.secret_search import Expression, Found

Span = tuple[int, int, str]

_CREDENTIAL_END = Expression(r"[^A-Za-z0-9._~+/=-]")
_QUOTED_END = Expression(r"[\s\"'`\\]")
_ENDS = {
    "credential": _CREDENTIAL_END,
    "login": _CREDENTIAL_END,
    "signature": Expression(r"[^A-Za-z0-9%+/_=.~-]"),
    "pgpass": _QUOTED_END,
    "identified": _QUOTED_END,
}
_QUOTES = {"spoken": "opening", "saying": "hold"}
_GROUPS = ("spoken", "saying", "password", "kept", *_ENDS)


def values(data: bytes) -> Iterator[Span]:
    """The spans of secret values; some may overlap, and they are in no order."""
    position = read = 0
    commands = CommandLines(data)
    while (cue := CUE.search(data, position)) is not None:
        if cue.has("program"):
            start, position = cue.span("program")
            yield from commands.given(start, position)
        elif cue.has("eater"):
            position = cue.start("eater")
            yield from fed(data, cue.start(), position)
        elif cue.has("send"):
            start, position = cue.span("send")
            yield from sent(data, start, cue.start("typed"), is_line=cue.has("sendline"))
        elif cue.has("cookie") or cue.has("manifest"):
            position = cue.end()
            if position > read:
                is_cookie = cue.has("cookie")
                spans, read = (
                    secret_cookies.in_header(data, position) if is_cookie else in_manifest(data, position, read)
                )
                yield from spans
        else:
            # Part of what was rejected may be a name with a value of its own: `token = password: hunter2xyz`.
            position, found = _judged(data, cue)
            if found is not None:
                position = found[1]
                yield found


def _judged(data: bytes, cue: Found) -> tuple[int, Span | None]:
    """Where the value behind a cue begins, and its span if it is a secret."""
    if cue.has("name"):
        start = cue.start("quoted" if cue.has("quoted") else "value")
        return start, assignment(data, cue, start)
    group = next(group for group in _GROUPS if cue.has(group))
    start, end = cue.span(group)
    if group in _QUOTES:
        end = extent(data, start, cue.text(_QUOTES[group]))
    elif group in _ENDS:
        found = _ENDS[group].search(data, start, start + VALUE_BYTES_MAX)
        end = min(len(data), start + VALUE_BYTES_MAX) if found is None else found.start()
    if group == "saying":
        told, value = cue.start("told"), data[start : min(end, start + JUDGED_BYTES_MAX)]
        words = cue.text("told"), data[max(0, told - BEFORE_BYTES) : told], cue.text("says"), cue.text("hold")
        return start, (start, end, "password") if is_told(*words, value, data[end : end + 4]) else None
    kind = _kind(data, cue, group, data[start : min(end, start + JUDGED_BYTES_MAX)])
    return start, (start, end, kind) if kind else None


def _kind(data: bytes, cue: Found, group: str, value: bytes) -> str:
    """What kind of secret a value is behind the cue of a group; "" for none."""
    if group == "spoken":
        return "password" if is_varied(value) and not is_placeholder(value) and not is_ordinary(value) else ""
    if group == "password":
        is_known = value == cue.text("user") or is_default(value) or is_placeholder(value)
        return "" if is_known else "url-password"
    if group == "credential":
        return "authorization" if _is_credential(cue, value) else ""
    if group == "login":
        return "authorization" if holds_login(value) else ""
    if group == "signature":
        return "signed-url" if is_varied(value) else ""
    if group == "kept":
        return secret_cookies.KIND if secret_cookies.is_secret(cue.text("jar"), value) else ""
    is_statement = group != "identified" or names_account(data, cue.start())
    return "password" if is_statement and is_password(value) else ""


def _is_credential(cue: Found, value: bytes) -> bool:
    """Whether what follows `Authorization:` or `Bearer` is one, not the next word of a sentence or a name in code."""
    scheme = cue.text("scheme").lower()
    if scheme == b"basic":
        return holds_login(value)
    if len(value) < 16 or is_placeholder(value):
        return False
    digits = sum(48 <= byte <= 57 for byte in value)
    if cue.has("header") and not scheme:
        return len(value) >= 20 and digits >= 4 and is_varied(value) and not is_code(value, exported=False)
    return (digits >= 2 and is_varied(value)) or (cue.has("header") and len(value) >= 24 and is_drawn(value))
