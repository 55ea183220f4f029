"""Find secrets in text, and replace them before anything is stored.

Two passes of one expression each, in linear time. *Tokens* are recognised by their own shape (`ghp_…`, `AKIA…`).
*Values* are recognised by what stands before them (`password = …`, `Authorization: Bearer …`, `postgres://u:…@`) and
then judged: a placeholder, a variable or a plain word is no secret. What was compared and measured:
`docs/decisions/`, the page on secrets.
"""

import math
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import re2

from dreamfs_tools.secret_patterns import BOUNDARY, KEY_BLOCK, TOKENS, VALUES

ENTROPY_BITS_MIN = 2.4
"""Shannon entropy per byte below which a value is a word or a pattern, not a secret."""


@dataclass(frozen=True, slots=True)
class Secret:
    """One secret found; the secret itself is not kept."""

    kind: str
    """What it is, in kebab-case: `github-token`."""
    line: int
    """Where it starts, from 1."""


def find_secrets(text: str) -> list[Secret]:
    """The secrets in a text, in order."""
    data = _encoded(text)
    found: list[Secret] = []
    line, position = 1, 0
    for start, _end, kind in _spans(data):
        line += data.count(b"\n", position, start)
        position = start
        found.append(Secret(kind, line))
    return found


def redact_secrets(text: str) -> tuple[str, int]:
    """Replace every secret by `[redacted: KIND]`.

    Returns:
        The text without its secrets, and how many there were. Redacting again changes nothing.
    """
    data = _encoded(text)
    pieces: list[bytes] = []
    position = count = 0
    for start, end, kind in _spans(data):
        pieces += [data[position:start], f"[redacted: {kind}]".encode()]
        position = end
        count += 1
    if not count:
        return text, 0
    pieces.append(data[position:])
    return b"".join(pieces).decode("utf-8", "surrogatepass"), count


def _compile(pattern: str, *, case_sensitive: bool = True) -> Any:
    options = re2.Options()
    options.max_mem = 64 << 20
    options.log_errors = False
    options.case_sensitive = case_sensitive
    compiled: Any = re2.compile(pattern, options)  # pyright: ignore[reportUnknownMemberType]  # re2 ships no types
    return compiled


def _group(kind: str) -> str:
    return kind.replace("-", "_")


_TOKEN = _compile(
    f"(?P<private_key>{KEY_BLOCK})|{BOUNDARY}(?:"
    + "|".join(f"(?P<{_group(kind)}>{pattern})" for kind, pattern in TOKENS)
    + ")"
)
_VALUE = _compile("|".join(f"(?:{pattern})" for _, pattern in VALUES), case_sensitive=False)
_VALUE_GROUP: dict[str, int] = dict(_VALUE.groupindex)
_TOKEN_KIND = {index: name.replace("_", "-") for name, index in _TOKEN.groupindex.items()}


def _encoded(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def _spans(data: bytes) -> list[tuple[int, int, str]]:
    """Byte spans without overlap, in order. A token's own shape says more than what stands before it."""
    tokens = list(_tokens(data))
    ends = [end for _, end, _ in tokens]
    spans = list(tokens)
    for span in _values(data):
        following = bisect_right(ends, span[0])
        if following == len(tokens) or tokens[following][0] >= span[1]:
            spans.append(span)
    return sorted(spans)


def _tokens(data: bytes) -> Iterator[tuple[int, int, str]]:
    for match in _TOKEN.finditer(data):
        index = next(index for index in _TOKEN_KIND if match.span(index) != (-1, -1))
        start, end = match.span(index)
        if _varied(data[start:end]):
            yield start, end, _TOKEN_KIND[index]


def _values(data: bytes) -> Iterator[tuple[int, int, str]]:
    position = 0
    while (match := _VALUE.search(data, position)) is not None:
        found = _judge(match)
        if found is None:
            # Part of what was rejected may be a name with its own value: `token = password: hunter2xyz`.
            position = _resume(match)
            continue
        yield found
        position = found[1]


def _span(match: Any, group: str) -> tuple[int, int]:
    start, end = match.span(_VALUE_GROUP[group])
    return int(start), int(end)


def _resume(match: Any) -> int:
    for group in ("value", "password", "bearer", "curl"):
        if match.group(group) is not None:
            return _span(match, group)[0]
    return int(match.end())


def _judge(match: Any) -> tuple[int, int, str] | None:
    if (password := match.group("password")) is not None:
        is_default = password == match.group("user") or password.lower() in _DEFAULT_PASSWORDS
        return None if is_default or _placeholder(password) else (*_span(match, "password"), "url-password")
    if (bearer := match.group("bearer")) is not None:
        return None if _placeholder(bearer) or not _varied(bearer) else (*_span(match, "bearer"), "authorization")
    if (curl := match.group("curl")) is not None:
        return None if _placeholder(curl) else (*_span(match, "curl"), "password")
    return _judge_assignment(match)


def _judge_assignment(match: Any) -> tuple[int, int, str] | None:
    name: bytes = match.group("name").lower()
    value: bytes = match.group("value").rstrip(b".:!?*")
    start, _ = _span(match, "value")
    span = start, start + len(value)
    if match.group("gap") is not None and not name.startswith(b"--"):
        return None  # prose: "the token abc12345" names something; `--token abc12345` assigns
    if name.endswith(_NOT_SECRET_SUFFIXES) or _placeholder(value):
        return None
    is_password = b"pass" in name or b"pwd" in name
    if len(value) < (6 if is_password else 8) or not _varied(value):
        return None
    exported = match.group("sign") == b"=" and match.group("name").isupper()
    if match.group("quote") is None and (match.group("call") or _is_code(value, exported=exported)):
        return None
    if b"aws" in name and len(value) == 40:
        return *span, "aws-secret-key"
    if is_password:
        return *span, "password"
    return *span, "api-key" if b"key" in name else "token" if b"token" in name else "secret"


_NOT_SECRET_WORDS = (
    b"id ids name type count path file url uri endpoint hash ttl length len policy field version ref arn expiry expires "
    b"at in limit budget usage size manager store provider class env var hint prefix format regex pattern label"
).split()
_NOT_SECRET_SUFFIXES = tuple(mark + word for mark in (b"_", b"-", b".") for word in _NOT_SECRET_WORDS)
_DEFAULT_PASSWORDS = frozenset(
    b"password pass passwd pwd secret user guest root admin postgres mysql test token key pw port".split()
)
_PLACEHOLDERS = tuple(
    b"your my_ my- example sample changeme change_me change-me placeholder redacted dummy xxxx **** .... ---- ____ "
    b"insert replace todo fixme undefined null none true false environ getenv process.env secrets. vault: op://".split()
)


def _placeholder(value: bytes) -> bool:
    """Whether a value only stands for one: `${TOKEN}`, `<your key>`, `changeme`, `xxxx`."""
    if value[:1] in b"$%@&|/~.#*" or b"${" in value or b"{{" in value or b"://" in value or b"\xe2\x80\xa6" in value:
        return True
    lower = value.lower()
    return any(word in lower for word in _PLACEHOLDERS) and (len(value) < 24 or _entropy(value) < 4.0)


def _is_code(value: bytes, *, exported: bool) -> bool:
    """Whether an unquoted value is a name or a path rather than a literal; `export X=…` assigns literals."""
    if b"/" in value and b"." in value:
        return True
    if any(word in value.lower() for word in (b"key", b"token", b"secret", b"passw", b"credential")):
        return not exported  # `private_key: Ed25519PrivateKey`
    words = value.replace(b".", b"_").replace(b"-", b"_").replace(b":", b"_").split(b"_")
    if exported:
        return b"." in value and all(word.isalpha() for word in words if word)
    # Words with at most a trailing digit or two: `user.token2`, `session_token_v2`, `gpt-4o`.
    return len(words) > 1 and all(
        len(word) <= 3 or (len(word) < 12 and word.rstrip(b"0123456789").isalpha()) for word in words
    )


def _varied(value: bytes) -> bool:
    """Letters and digits, and not a repeated pattern."""
    has_digit = any(48 <= byte <= 57 for byte in value)
    has_letter = any(65 <= byte <= 90 or 97 <= byte <= 122 for byte in value)
    return has_digit and has_letter and _entropy(value) >= ENTROPY_BITS_MIN


def _entropy(value: bytes) -> float:
    total = len(value)
    return -sum(n / total * math.log2(n / total) for n in Counter(value).values())
