"""Memories as statements: what a file says, line by line, and when two lines say the same.

Similar is not the same: contradictions score more alike than paraphrases do. So two statements are the same only if their
telling words are the same in the same order; what may differ is case of ordinary words, layout, punctuation at the ends and
a few empty words. Numbers, paths, dates, identifiers and negations are all telling.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from dreamfs_server.dream.material import Memory

_EMPTY_WORDS = frozenset(
    [
        "a",
        "an",
        "the",
        "is",
        "are",
        "was",
        "were",
        "be",
        "been",
        "it",
        "its",
        "this",
        "that",
        "these",
        "those",
        "we",
        "our",
        "please",
        "also",
        "just",
        "very",
        "really",
        "so",
    ]
)
_BULLET = re.compile(r"^\s*(?:[-*+•]\s+|\d{1,3}[.)]\s+|>\s*|#{1,6}\s+)*(?:\[[ xX]\]\s+)?")
_WORD = re.compile(r"[^\s`*\"“”‘’(){}\[\]<>|,;!?]+")
_NEGATION = frozenset(
    [
        "not",
        "no",
        "never",
        "none",
        "without",
        "neither",
        "nor",
        "cannot",
        "unless",
        "except",
        "false",
        "disabled",
        "off",
    ]
)
_VALUE = re.compile(
    r"^[-+]?[$€£]?\d[\d.,:/-]*(?:[a-zA-Z%]{1,4})?$|^v\d[\w.]*$|^~?\.{0,2}/[\w./@+-]*$|^(?:[\w-]+/)+[\w.-]+$|^\w+://\S+$"
)
statement_words_min = 3


@dataclass(frozen=True, slots=True)
class Statement:
    """One line of a memory that says something."""

    memory: Memory
    start: int
    end: int
    """Offsets in the memory's text, the whole line without its break."""
    heading: bool
    fenced: bool
    """Inside a code fence, where lines are verbatim."""
    under: tuple[str, ...]
    """The telling words of the heading above it."""
    words: tuple[str, ...]
    """The telling words in order."""

    @property
    def text(self) -> str:
        """The line without its bullet."""
        return _BULLET.sub("", self.memory.text[self.start : self.end]).strip()


def statements(memory: Memory) -> list[Statement]:
    """The lines of a memory that say something; those of a code fence word for word."""
    result: list[Statement] = []
    at = 0
    fenced = False
    under: tuple[str, ...] = ()
    for line in memory.text.split("\n"):
        start, end = at, at + len(line)
        at = end + 1
        if line.lstrip().startswith(("```", "~~~")):
            fenced = not fenced
            continue
        words = tuple(line.split()) if fenced else telling(line)
        if words:
            heading = line.lstrip().startswith("#") and not fenced
            result.append(Statement(memory, start, end, heading, fenced, under, words))
            under = words if heading else under
    return result


def telling(line: str) -> tuple[str, ...]:
    """The words of a line that carry its meaning, ordinary words in lower case."""
    body = _BULLET.sub("", line)
    result: list[str] = []
    for found in _WORD.finditer(body):
        word = found.group().rstrip(".:").strip("'_—–")
        if not word or not any(letter.isalnum() for letter in word):
            if found.group() in ("=", "==", "!=", "<", ">", "->", "→"):
                result.append(found.group())
            continue
        plain = re.fullmatch(r"[A-Z]?[a-z]+(?:['’-][a-z]+)*", word) is not None
        word = word.lower() if plain else word
        if word not in _EMPTY_WORDS:
            result.append(word)
    return tuple(result)


def hard(words: Sequence[str]) -> list[str]:
    """The words that must not differ between two statements that say the same: values, identifiers, negations."""
    return [word for word in words if is_value(word) or is_negation(word) or is_identifier(word)]


def is_value(word: str) -> bool:
    """A number, an amount, a date, a version, a path or a URL."""
    return _VALUE.match(word) is not None


def is_negation(word: str) -> bool:
    """A word that turns a statement round."""
    return word in _NEGATION or word.endswith(("n't", "n’t"))


def is_identifier(word: str) -> bool:
    """A name rather than a word: digits, underscores, dots or capitals within it."""
    return bool(re.search(r"\d|_|[a-z][A-Z]|\w\.\w|[A-Z]{2}", word))
