"""What the tools tell a model, in the terms of the person at a terminal: flags and commands instead of arguments and tools."""

import re
from collections.abc import Sequence

_TERMS: Sequence[tuple[re.Pattern[str], str]] = [
    (re.compile(pattern), words)
    for pattern, words in (
        (r"\byou sent expected_version=(\d+)", r"you gave --expected-version \1"),
        (r"\bsend expected_version=(\d+)", r"add --expected-version \1"),
        (r"\bexpected_version=(\d+)", r"--expected-version \1"),
        (r"Invalid `expected_version` parameter", "Invalid --expected-version"),
        (r"`expected_version`", "--expected-version"),
        (r'\bon_conflict="merge"', "--merge"),
        (r"\brepeat the call\b", "repeat the command"),
        (r"\b[Ll]eave out session_id\b", "Leave out --session"),
        (r"\buse restore with version=-1", "use dreamfs restore PATH -1"),
        (r"\bview with version=-1 shows what it said", "dreamfs cat PATH --version -1 shows what it said"),
        (r"\bsee history\b", "see dreamfs log"),
        (r"(?<![/\w-])history shows\b", "dreamfs log shows"),
        (r"\buse str_replace\b", "use dreamfs edit"),
        (r"(?<![`/\w-])(its )?old_str(?= is | `)", r"\1--old text"),
        (
            r"Wait for it with dream_status, or end it: dream_status with dream_id (\S+) and action cancel\.",
            r"`dreamfs dream show \1` says how far it is, `dreamfs dream cancel \1` ends it.",
        ),
        (
            r"Go on with it: view /dreams/(\S+)/agenda\.md and call dream_propose\. Or end it: dream_status with .*",
            r"It goes on in a client, with the prompt dream; or end it: `dreamfs dream cancel \1`.",
        ),
        (r"\bview both with version and view_range\b", "look at both with dreamfs cat --version"),
    )
]
_OF_A_FILE = (" ", "+", "-", "@")
"""How the lines of a difference begin: what a file says is left as it is."""


def in_terminal_terms(sentence: str) -> str:
    """A sentence that names arguments of tools, with the flags and commands that a person types."""
    lines = sentence.split("\n")
    return "\n".join(line if line.startswith(_OF_A_FILE) else _reworded(line) for line in lines)


def _reworded(line: str) -> str:
    for pattern, words in _TERMS:
        line = pattern.sub(words, line)
    return line
