"""Families of errors: what errors in different words are all about, where no single wording recurs often enough.

A specific template (`templates.py`) says more, so a family gathers only what the specific ones leave over. A family is about a
program that many people use, or about the form of a message; none is about one project. Its name has the words that a reader
knows from the messages.
"""

import re

from dreamfs_server.dream.evidence.errors.family_patterns import OF_LINE, OF_TEXT

_TEXT_CHARACTERS = 6_000
_RAISED = re.compile(r"^(?:E\s+)?(?:[A-Za-z_][\w]*(?:\.|::))*([A-Z]\w*(?:Error|Exception))\b")
_TESTED = re.compile(r"^(?:E\s+)?(?:AssertionError\b|assert\b)")
NO_MESSAGE = "an exit code and no message"


def family(line: str, text: str, *, bare: bool) -> str:
    """What an error is about, in a few words; "" where none of the families fits.

    Args:
        line: its signature, a linter's rule already named.
        text: the whole result; its beginning and end are looked at.
        bare: the text has an exit code, and no line that names an error.
    """
    if _TESTED.match(line):
        return "tests failed"
    if not bare:
        for name, pattern in OF_LINE:
            if pattern.search(line):
                return name
    ends = text if len(text) <= 2 * _TEXT_CHARACTERS else f"{text[:_TEXT_CHARACTERS]}\n{text[-_TEXT_CHARACTERS:]}"
    for name, pattern in OF_TEXT:
        if pattern.search(ends):
            return name
    if raised := _RAISED.match(line):
        return raised.group(1)
    return NO_MESSAGE if bare else ""
