"""Passwords told in a sentence: `the password is …`, `log in with password '…'`, `Sudo password: 7`.

Words follow the word password all the time, so that this takes a quote with a digit in it, or what no word looks like.
"""

from dreamfs_tools.secret_judging import is_code, is_ordinary, is_placeholder, is_typed, is_varied
from dreamfs_tools.secret_search import Expression

NAMES = frozenset((b"password", b"passphrase", b"passcode", b"passwort", b"passwd", b"pw"))
MIXED_BYTES_MIN, MARKED_BYTES_MIN = 8, 6
"""Of a value without quotes: of letters of both cases and digits, or with another character among letters and digits."""
BEFORE_BYTES = 12
"""How far before the name the word may stand that says what the password is for, or that it is used."""

_IS_USED = Expression(r"\b(?:with|using|use)\s$", case_sensitive=False)
_IS_SUDO = Expression(r"\bsudo\s$", case_sensitive=False)
_CLOSING = {b"(": b")"}


def is_told(name: bytes, before: bytes, says: bytes, quote: bytes, value: bytes, rest: bytes) -> bool:
    """Whether a sentence tells a password.

    Args:
        name: the word for it, as written.
        before: what stands before it.
        says: what stands between it and its value: `is`, a colon, or nothing.
        quote: the quote that opens the value, a parenthesis, or nothing.
        value: the value.
        rest: what follows it.
    """
    has_digit = any(48 <= byte <= 57 for byte in value)
    if not has_digit or not is_typed(value) or is_placeholder(value) or is_ordinary(value):
        return False
    is_sudo = _IS_SUDO.fits(before)
    if quote:
        opening = quote[-1:]
        is_closed = rest.lstrip(b"\\")[:1] == _CLOSING.get(opening, opening)
        # `password: '12'` is code as well; `Password: '12'` is written for a person.
        is_meant = is_sudo or (opening != b"(" and (says.strip(b"*") != b":" or name[:1].isupper()))
        return is_closed and is_meant and not is_code(value, exported=False)
    if is_sudo and says:
        return True
    return (bool(says.strip(b":*")) or _IS_USED.fits(before)) and _is_no_word(value)


def _is_no_word(value: bytes) -> bool:
    if not is_varied(value) or is_code(value, exported=False):
        return False
    is_marked = any(mark in value for mark in b"!@#$%^&*+=?~") and len(value) >= MARKED_BYTES_MIN
    return is_marked or (value != value.lower() and value != value.upper() and len(value) >= MIXED_BYTES_MIN)
