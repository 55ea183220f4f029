"""How much of what a command prints is asked for: `npm test`, `npm test --silent` and `npm test | tail` are three forms of one command.

The command itself is named as everywhere (`command_names.py`), by the narrowest name, without the flags that only change what is printed.
"""

import re
from dataclasses import dataclass

from dreamfs_server.dream.evidence.work.command_names import Names

FILTERS = frozenset(
    ("tail", "head", "grep", "egrep", "fgrep", "rg", "sed", "awk", "cut", "wc", "jq", "sort", "uniq", "tr", "findstr")
)
"""Programs that pass on a part of what they are given."""
_HELD = re.compile(r"'[^']*'|\"(?:\\.|[^\"\\])*\"")
_PIPED = re.compile(r"(?<!\|)\|&?(?![|&])\s*([A-Za-z]\w*)")
_KEPT = re.compile(r"(?:^|[^<>\-=0-9])(?:&|1)?>>?(?![>&])\s*[\w./~$\"'-]")
"""What is printed goes to a file."""
_FILTERED = re.compile(rf"(?<!\|)\|&?\s*(?:{'|'.join(sorted(FILTERS))})\b[^|;&\n]*")
_PRINTING = re.compile(
    r"(?<!\S)(?:-q+|-s|-v+|--(?:quiet|silent|verbose|no-progress|nocapture|stat|oneline|short|porcelain|name-only)"
    r"|--(?:tb|reporter|log-?level)(?:[= ][a-z][\w-]*)?)(?!\S)"
)
"""Flags that change what is printed only, those with a value together with it."""


@dataclass(frozen=True, slots=True)
class Form:
    """One form of a command."""

    command: str
    """Its name, the same for all forms."""
    label: str
    """The name with what makes the form."""
    filters: frozenset[str]


def form(line: str, named: Names) -> Form | None:
    """The form of a command line; None where what it prints goes to a file.

    Args:
        line: the command line, without here-documents.
        named: its names.
    """
    bare = _HELD.sub("''", line)
    if _KEPT.search(bare.replace("2>/dev/null", "").replace("2> /dev/null", "")):
        return None
    command = " ".join(word for word in named.narrow.split() if not _PRINTING.fullmatch(word))
    flags = sorted({flag.replace("=", " ") for flag in _PRINTING.findall(_FILTERED.sub("", bare))})
    filters = [program for program in _PIPED.findall(bare) if program in FILTERS]
    label = " ".join((command, *flags, *(f"| {program}" for program in dict.fromkeys(filters))))
    return Form(command, label, frozenset(filters))
