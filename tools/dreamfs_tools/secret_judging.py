"""Whether a value is a secret, or only stands for one: a placeholder, a variable, a name in code, a plain word."""

import base64
import binascii
import math
from collections import Counter

from dreamfs_tools.secret_search import Expression

ENTROPY_BITS_MIN = 2.4
"""Shannon entropy per byte below which a value is a word or a pattern, not a secret."""

_DEFAULTS = frozenset(
    b"password passwort pass passwd pwd secret user guest root admin postgres mysql test token key pw port android changeit".split()
)
_NAMINGS = frozenset(b"password passwd passphrase passwort yourpassword mypassword sudopassword".split())
_STAND_INS = tuple(
    b"your my_ my- example sample changeme change_me change-me placeholder redacted dummy xxxx **** .... ---- ____ "
    b"insert replace todo fixme undefined null none true false environ getenv process.env secrets. vault: op://".split()
)
_NAME_IN_CAPITALS = Expression(
    r"^(?:[A-Z]+[_-])*[A-Z]*(?:PASS|PW|SECRET|TOKEN|KEY|CRED|USER|HERE)[A-Z]*(?:[_-][A-Z]+)*$"
)
_NAMES_ONE = Expression(r"passw|secret|token|credential|(?:^|[_-])(?:pass|pw|key)(?:$|[_-])", case_sensitive=False)
_NUMBERED = Expression(r"^[a-z]+(?:[-_][a-z]+){0,2}[-_]\d{1,3}$")
_ORDINARY = Expression(
    r"^(?:arn:aws.*|[\w.$]+@[0-9a-f]{5,8}"  # an object as Java prints it
    r"|[a-z][\w.-]*(?::\w+)?(?:\|[a-z][\w.-]*(?::[\w,.]+)?)+"  # `required|string|min:8`
    r"|[a-z0-9_.@-]+(?:/[a-z0-9_.@-]+)+"  # a path
    r"|[A-Za-z]?[a-z]+\d+[A-Z][a-z]{3,}\W*)$"  # `Uint8Array`
)


def is_placeholder(value: bytes) -> bool:
    """Whether a value only stands for one: `${TOKEN}`, `<your key>`, `changeme`, `xxxx`."""
    if value[:1] in b"$%@&|/~.#*{" or b"${" in value or b"{{" in value or b"://" in value or b"\xe2\x80\xa6" in value:
        return True
    if b"[redacted:" in value or (value.endswith(b"..") and len(value) < 40):
        return True
    lower = value.lower()
    return any(word in lower for word in _STAND_INS) and (len(value) < 24 or entropy(value) < 4.0)


def is_default(value: bytes) -> bool:
    """Whether a password is one that everybody knows, so that nothing is given away."""
    return value.lower() in _DEFAULTS


def is_typed(value: bytes) -> bool:
    """Whether what stands where a password has to stand is one, however short; not its name, a variable or a format."""
    return any(33 <= byte < 127 for byte in value) and not (
        value.lower() in _NAMINGS
        or value[:1] in b"$%<{`["
        or b"$(" in value
        or b"[redacted" in value
        or (b"{" in value and b"}" in value)
        or _NAME_IN_CAPITALS.fits(value)
        or any(word in value.lower() for word in (b"your", b"\xe2\x80\xa6", b"...", b"xxx", b"***", b"placeholder"))
    )


def is_password(value: bytes) -> bool:
    """Whether what stands where a password has to stand is one that is worth hiding."""
    names_one = _NAMES_ONE.fits(value) and not any(48 <= byte <= 57 for byte in value)
    return len(value) >= 3 and is_typed(value) and not (names_one or is_placeholder(value) or is_default(value))


def is_varied(value: bytes) -> bool:
    """Letters and digits, and not a repeated pattern."""
    has_digit = any(48 <= byte <= 57 for byte in value)
    has_letter = any(65 <= byte <= 90 or 97 <= byte <= 122 for byte in value)
    return has_digit and has_letter and entropy(value) >= ENTROPY_BITS_MIN


def is_drawn(value: bytes) -> bool:
    """Whether letters alone look drawn by lot: of both cases, and no words that stand for something."""
    return (
        value != value.lower()
        and value != value.upper()
        and entropy(value) >= 3.5
        and not any(word in value.lower() for word in _STAND_INS)
    )


def is_code(value: bytes, *, exported: bool) -> bool:
    """Whether an unquoted value is a name or a path rather than a literal; `export X=…` assigns literals."""
    if b"/" in value and b"." in value:
        return True
    if _is_random(value):
        return False
    if any(word in value.lower() for word in (b"key", b"token", b"secret", b"passw", b"credential")):
        return not exported  # `private_key: Ed25519PrivateKey`
    words = value.replace(b".", b"_").replace(b"-", b"_").replace(b":", b"_").split(b"_")
    if exported:
        return b"." in value and all(word.isalpha() for word in words if word)
    # Words with at most a trailing digit or two: `user.token2`, `session_token_v2`, `gpt-4o`.
    return len(words) > 1 and all(
        len(word) <= 3
        or (len(word) < 12 and word.rstrip(b"0123456789").isalpha())
        or (word.isalpha() and word.islower())
        for word in words
    )


def is_numbered(value: bytes) -> bool:
    """Whether a value is a word or three with a number, as tests have them: `token-123`."""
    return _NUMBERED.fits(value)


def is_ordinary(value: bytes) -> bool:
    """Whether a value is something else that has a form of its own, quoted or not: a path, a rule, a type."""
    return _ORDINARY.fits(value)


def holds_login(value: bytes) -> bool:
    """Whether a value is the base64 of `user:password`."""
    try:
        plain = base64.b64decode(value + b"=" * (-len(value) % 4), validate=True)
    except (binascii.Error, ValueError):
        return False
    user, colon, password = plain.partition(b":")
    return (
        bool(colon and user and password) and all(32 <= byte < 127 for byte in plain) and not is_placeholder(password)
    )


def entropy(value: bytes) -> float:
    """Shannon entropy in bits per byte."""
    total = len(value)
    return -sum(n / total * math.log2(n / total) for n in Counter(value).values())


def _is_random(value: bytes) -> bool:
    """Long, in one piece, and of all kinds of characters in a number that names do not have."""
    kinds = (
        sum(48 <= byte <= 57 for byte in value),
        sum(65 <= byte <= 90 for byte in value),
        sum(97 <= byte <= 122 for byte in value),
    )
    return len(value) >= 20 and b"." not in value and b"_" not in value and min(kinds) >= 3 and entropy(value) >= 3.8
