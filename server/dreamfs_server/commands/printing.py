"""What agents wrote, on a person's terminal: nothing in it is obeyed."""

import sys
import unicodedata

import click

_JOINER = "\u200d"


def say(text: str, *, nl: bool = True, err: bool = False) -> None:
    """Print a text: as it is into a pipe, and on a terminal with what the terminal might obey made visible."""
    if (sys.stderr if err else sys.stdout).isatty():
        text = "\n".join(printable(line) for line in text.split("\n"))
    click.echo(text, nl=nl, err=err)


def printable(text: str) -> str:
    """A text on a terminal: tabs as blanks, every other character that the terminal might obey as a visible escape."""
    return "".join(
        "    " if letter == "\t" else letter if _is_plain(letter) else letter.encode("unicode_escape").decode()
        for letter in text
    )


def _is_plain(letter: str) -> bool:
    return letter == _JOINER or unicodedata.category(letter) not in {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
