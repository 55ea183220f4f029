"""Values that a name calls secret: `password = …`, `"apiKey": "…"`, `--token …`, `DB_PASS=…`.

Most of what stands so is no secret but code, a placeholder or prose, so that the value is judged by where it stands.
"""

from dreamfs_tools.secret_cues import STOP
from dreamfs_tools.secret_judging import is_code, is_numbered, is_ordinary, is_password, is_placeholder, is_varied
from dreamfs_tools.secret_prose import BEFORE_BYTES, NAMES, is_told
from dreamfs_tools.secret_search import Expression, Found

NAME_BYTES_MAX = 64
VALUE_BYTES_MAX = 4_096
JUDGED_BYTES_MAX = 256
"""Of a value; what it is shows in as much."""
BACK_BYTES = 160
"""How far before a name the word may stand that makes what follows its value: `set`, `login`."""
PASSWORD_BYTES_MIN, VALUE_BYTES_MIN = 6, 8
SHORTENED_BYTES_MAX = 40
"""Of what stands before `...`: so little of a secret gives nothing away."""

_NAME_BYTES = frozenset(b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-")
_VALUE_END = Expression(f"[{STOP}]")
_QUOTED_END = Expression(r"[\s\"'`\\]")
# `set NAME "VALUE"` of Tcl and fish, Docker's `ENV NAME VALUE`.
_SETS = Expression(r"(?:(?:\b|\\[nrt])set(?:[ \t]+-\w+)*|\bsetx|(?:^|\n|\\n|→|\")[ \t]*(?:ENV|ARG))[ \t]+$")
# `aws configure set NAME VALUE`, netrc's `login USER password VALUE`.
_GIVES = Expression(
    r"(?:\bconfig(?:ure)?[ \t]+(?:set[ \t]+)?\S{0,80}|\bset(?:[ \t]+-[A-Za-z]+)+[ \t]+|\bsetx[ \t]+|(?:^|\n|\\n|→|\")[ \t]*(?:ENV|ARG)[ \t]+|\b(?:login|user|default)(?:\s|\\+n)+\S{1,64}(?:\s|\\+n)+)$",
    case_sensitive=False,
)
_ACCOUNT = Expression(r"\b(?:create|alter|grant)\s[^;]*$", case_sensitive=False)
_SHORT_NAME = Expression(
    r"(?:(?:^|[_.-])(?:pass|pw|PASS|PW)|[a-z0-9](?:Pass|PW)|^(?:Pass|PW)"
    r"|(?i)(?:db|root|bind|user|admin|smtp|mail|ssh|sudo|my|mysql|ftp|login|master|store|key|require|become)(?:pass|pw))$"
)
# `define('DB_PASSWORD', '…')`, `localStorage.setItem("token", "…")`.
_CALL = Expression(r"\b(?:define|setItem|setenv|putenv|SetEnvironmentVariable)\(\s?\\*[\"']$")
_ALWAYS = frozenset((b"PGPASSWORD", b"MYSQL_PWD", b"SSHPASS", b"RESTIC_PASSWORD", b"BORG_PASSPHRASE"))
"""Variables that programs read: whatever stands there is a password."""
_NOT_SECRET_WORDS = (
    b"id ids name type count path file url uri endpoint hash ttl length len policy field version ref arn expiry expires "
    b"at in limit budget usage size manager store provider class env var hint prefix format regex pattern label"
).split()
_NOT_SECRET_SUFFIXES = tuple(mark + word for mark in (b"_", b"-", b".") for word in _NOT_SECRET_WORDS)


def assignment(data: bytes, cue: Found, start: int) -> tuple[int, int, str] | None:
    """The span of the value that begins at `start`, if it is a secret."""
    name_start, name_end = cue.span("name")
    floor = max(0, name_start - NAME_BYTES_MAX)
    while name_start > floor and data[name_start - 1] in _NAME_BYTES:
        name_start -= 1
    if data[max(0, name_start - 11) : name_start] == b"[redacted: ":
        return None
    written, quote = data[name_start:name_end], cue.text("quote")
    name = written.lower()
    end = extent(data, start, quote)
    if data[name_start - 1 : name_start] in (b"?", b"&"):
        end = start + len(data[start:end].split(b"&", 1)[0])
    value = data[start : min(end, start + JUDGED_BYTES_MAX)]
    if cue.has("gap") and not _is_given(data, name_start, quote):
        # Prose: "the token abc12345" names something; `--token abc12345` assigns.
        is_sql = quote and name == b"password" and names_account(data, name_start) and is_password(value)
        before = data[max(0, name_start - BEFORE_BYTES) : name_start]
        is_one = is_sql or (name in NAMES and is_told(written, before, b"", quote, value, data[end : end + 4]))
        return (start, end, "password") if is_one else None
    if not _is_name(written, quote, cue.text("sign")) or is_placeholder(value) or is_ordinary(value):
        return None
    exported = cue.text("sign") == b"=" and written.isupper()
    if exported and written in _ALWAYS:
        return (start, end, "password") if is_password(value) else None
    is_pass = b"pass" in name or b"pwd" in name or name.endswith(b"pw")
    if len(value) < (PASSWORD_BYTES_MIN if is_pass else VALUE_BYTES_MIN) or not is_varied(value):
        return None
    if _is_part(data, cue, name_start, end, len(value)) or (not is_pass and is_numbered(value)):
        return None
    if b"aws" in name and len(value) == 40:
        return start, end, "aws-secret-key"
    if not quote and is_code(value, exported=exported):
        return None
    kind = "password" if is_pass else "api-key" if b"key" in name else "token" if b"token" in name else "secret"
    return start, end, kind


def extent(data: bytes, start: int, quote: bytes) -> int:
    """Where a value ends: at its closing quote, or as far as it goes without one."""
    stop = min(len(data), start + VALUE_BYTES_MAX)
    if quote:
        found = _QUOTED_END.search(data, start, stop)
        if found is not None and data[found.start() : found.start() + 4].lstrip(b"\\")[:1] == quote[-1:]:
            return found.start()
    found = _VALUE_END.search(data, start, stop)
    end = stop if found is None else found.start()
    return end if quote else start + len(data[start:end].rstrip(b".:!?*"))


def names_account(data: bytes, position: int) -> bool:
    """Whether a statement of SQL up to here is about an account."""
    return _ACCOUNT.fits(data[max(0, position - BACK_BYTES) : position])


def _is_given(data: bytes, name_start: int, quote: bytes) -> bool:
    """Whether a name and a value with a blank between them are a flag, a setting or a login, not prose."""
    before = data[max(0, name_start - BACK_BYTES) : name_start]
    if data[name_start : name_start + 1] == b"-" or data[name_start : name_start + 11] == b"requirepass":
        return True
    return _SETS.fits(before) if quote else _GIVES.fits(before)


def _is_name(written: bytes, quote: bytes, sign: bytes) -> bool:
    """Whether what a name calls may be a secret: not `token_count`, not `publicKeyToken`, not `bypass`."""
    name = written.lower()
    if name.endswith(_NOT_SECRET_SUFFIXES) or b"publickey" in name.replace(b"_", b""):
        return False
    if not name.endswith((b"pass", b"pw")):
        return True
    is_result = sign == b":" and not quote and name in {b"pass", b"pw"}  # `PASS: test_a1`
    return _SHORT_NAME.fits(written) and not is_result


def _is_part(data: bytes, cue: Found, name_start: int, end: int, size: int) -> bool:
    """Whether a value is only a part of what stands there: a call, a beginning, what is no element of XML."""
    if cue.text("apart") == b">":
        return not (data[name_start - 1 : name_start] == b"<" and data[end : end + 2] == b"</")
    if cue.has("listed") and not (cue.text("quote") and _CALL.fits(data[max(0, name_start - 40) : name_start])):
        return True
    rest = data[end : end + 12].lstrip(b"\\")
    if rest.startswith((b"$(", b"${", b"`$")) or (size < SHORTENED_BYTES_MAX and rest.startswith(b"..")):
        return True
    return not cue.text("quote") and not cue.has("apart") and rest.startswith((b"(", b"[", b"{", b"<"))
