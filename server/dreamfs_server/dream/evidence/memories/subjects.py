"""Whether two memories are about one thing, as far as their titles and paths say.

Two services can have the same port, and a note be true of staging only. So equal texts are duplicates only if neither title
nor path names something that the other does not: an environment, a place, a number, or any word at all on both sides.
"""

import posixpath
import re
from collections.abc import Iterable, Sequence
from functools import lru_cache

_WORD = re.compile(r"[A-Z]{2,}(?![a-z])|[A-Z]?[a-z]+|[A-Z]|\d+|[^\W\d_]+")
_SCOPES = [
    "america", "android", "apac", "asia", "blue", "canary", "daily", "debian", "dev", "development", "east",
    "emea", "eu", "europe", "external", "follower", "green", "hourly", "inbound", "internal", "ios", "leader",
    "linux", "live", "mac", "macos", "monthly", "north", "outbound", "preprod", "preview", "primary", "private",
    "prod", "production", "public", "qa", "sandbox", "secondary", "south", "stage", "staging", "standby", "test",
    "uat", "ubuntu", "uk", "us", "weekday", "weekend", "weekly", "west", "windows",
]  # fmt: skip
"""Places and environments of which a note can be true."""
_NEGATIONS = frozenset(["never", "no", "not", "without"])
_GENERIC = [
    "about", "again", "alert", "and", "at", "basic", "by", "cheat", "copy", "detail", "doc", "document",
    "documentation", "dup", "duplicate", "fact", "faq", "for", "general", "guide", "how", "howto", "in", "info",
    "information", "instruction", "it", "its", "knowledge", "me", "memo", "memory", "my", "note", "of", "on",
    "or", "our", "overview", "page", "procedure", "quick", "reference", "runbook", "service", "setup", "sheet",
    "summary", "system", "the", "thing", "tip", "to", "what", "wiki", "with", "work", "works",
]  # fmt: skip
"""What a title or a path says of the note and not of its subject."""
_FILING = [
    "archive", "backup", "bak", "common", "draft", "from", "inbox", "index", "is", "legacy", "main", "md", "misc",
    "new", "old", "ops", "other", "readme", "session", "shared", "team", "temp", "tmp", "txt",
]  # fmt: skip
"""What a path says besides of where somebody put it."""
_ONE = {
    "db": "database",
    "config": "configuration",
    "repo": "repository",
    "env": "environment",
    "k8s": "kubernetes",
    "prod": "production",
    "dev": "development",
    "stage": "staging",
    "documentation": "doc",
    "deployment": "deploy",
    "ssl": "tls",
    "mac": "macos",
    "cert": "certificate",
}
"""Words for one thing."""
_DIRECTIONS = frozenset(["to", "from", "into", "before", "after", "vs", "over", "without", "not", "no"])


def one_subject(titles: tuple[str, str], paths: tuple[str, str], said: frozenset[str]) -> bool:
    """Whether nothing tells the subjects of two memories apart.

    Args:
        titles: of the two; "" where there is none.
        paths: of the two.
        said: words that both say, as `stems` gives them.
    """
    return _titles(titles, paths, said) and _paths(paths, titles)


def reads_as_copy(path: str) -> bool:
    """Whether a path says of itself that it is a copy, or put aside."""
    return not _COPY_STEMS.isdisjoint(stems([path]))


def stems(words: Iterable[str]) -> frozenset[str]:
    """The words without their inflection; of names and paths, their parts."""
    return frozenset(stem(part) for word in words for part in _WORD.findall(word))


@lru_cache(maxsize=20_000)
def stem(word: str) -> str:
    """A word without its inflection and under its usual name."""
    word = word.lower()
    word = _ONE.get(word, word)
    for ending in ("ies", "ing", "ed", "s"):
        if word.endswith(ending) and len(word) - len(ending) >= 3 and not word.endswith(("ss", "us", "is")):
            word = word.removesuffix(ending) + ("y" if ending == "ies" else "")
            break
    word = word.removesuffix("e") if len(word) > 4 else word
    return _ONE.get(word, word)


_SCOPE_STEMS = frozenset(map(stem, _SCOPES))
_GENERIC_STEMS = frozenset(map(stem, _GENERIC))
_FILING_STEMS = _GENERIC_STEMS | frozenset(map(stem, _FILING))
_COPY_STEMS = frozenset(
    map(stem, ["again", "backup", "bak", "copy", "draft", "dup", "duplicate", "old", "temp", "tmp"])
)


def _titles(titles: tuple[str, str], paths: tuple[str, str], body: frozenset[str]) -> bool:
    if titles[0].casefold() == titles[1].casefold():
        return True
    first, second = ([stem(word) for word in _WORD.findall(title)] for title in titles)
    if "certificat" in first and "certificat" in second:
        first, second = ([word for word in one if word != "tls"] for one in (first, second))
    named = [set(one) - _GENERIC_STEMS for one in (first, second)]
    if named[0] == named[1]:
        ordered = [[word for word in one if word in named[0]] for one in (first, second)]
        words = " ".join(titles).lower().replace("how to", "").split()
        return ordered[0] == ordered[1] or _DIRECTIONS.isdisjoint(words)
    if named[0] - named[1] and named[1] - named[0]:
        return False
    known = set(body)
    for title, path in zip(titles, paths, strict=True):
        if not title:
            known |= stems([path])
    apart = named[0] ^ named[1]
    return apart <= known and not apart & (_SCOPE_STEMS | _NEGATIONS)


def _paths(paths: tuple[str, str], titles: tuple[str, str]) -> bool:
    words = [[_tokens(segment) for segment in path.strip("/").split("/")[1:]] for path in paths]
    scopes = [{word for segment in one for word in segment} & _SCOPE_STEMS for one in words]
    both = stems([titles[0]]) & stems([titles[1]])
    if not scopes[0] ^ scopes[1] <= both or (scopes[0] - scopes[1] and scopes[1] - scopes[0]):
        return False
    titled = stems(titles)
    return not (_sibling_folders(words, titled) or _series(paths, words))


def _sibling_folders(words: Sequence[Sequence[Sequence[str]]], titled: frozenset[str]) -> bool:
    """`billing/deploy.md` and `checkout/deploy.md`: the folder says whose it is."""
    first, second = words
    if len(first) != len(second) or first[-1] != second[-1]:
        return False
    apart = [
        (set(a) - _FILING_STEMS, set(b) - _FILING_STEMS) for a, b in zip(first[:-1], second[:-1], strict=True) if a != b
    ]
    if len(apart) != 1:
        return False
    [(a, b)] = apart
    return bool(a and b) and not (a <= titled or b <= titled)


def _series(paths: tuple[str, str], words: Sequence[Sequence[Sequence[str]]]) -> bool:
    """`web-1.md` and `web-2.md` in one folder, or two days of a journal: a file for each of several things."""
    first, second = (one[-1] for one in words)
    if all(word.isdigit() for word in [*first, *second]):
        return first != second
    if posixpath.dirname(paths[0]) != posixpath.dirname(paths[1]):
        return False
    common = set(first) & set(second) - _FILING_STEMS
    apart = [set(one) - common - _FILING_STEMS for one in (first, second)]
    return any(len(word) > 1 and not word.isdigit() for word in common) and all(apart)


def _tokens(segment: str) -> list[str]:
    return [stem(word) for word in _WORD.findall(segment.removesuffix(".md"))]
