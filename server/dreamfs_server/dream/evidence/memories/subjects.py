"""Whether two memories are about one thing, as far as their titles and paths say.

Two services can have the same port, and a note be true of staging only. So equal texts are duplicates only if neither title
nor path names something that the other does not: an environment, a place, a number, or any word at all on both sides.
"""

import posixpath
import re
from collections.abc import Iterable, Sequence

_WORD = re.compile(r"[A-Z]{2,}(?![a-z])|[A-Z]?[a-z]+|[A-Z]|\d+|[^\W\d_]+")
_SCOPES = frozenset(
    "staging stage production prod preprod preview dev development qa uat sandbox canary live test eu us uk apac emea asia "
    "europe america north south east west linux macos mac windows ubuntu debian android ios blue green primary secondary "
    "standby leader follower internal external public private inbound outbound weekday weekend daily weekly monthly hourly "
    "never not no without".split()
)
_GENERIC = frozenset(
    "about again alert all and archive at backup bak basic by copy detail doc document documentation draft dup duplicate fact "
    "faq for from general guide how howto in inbox index info information instruction kb legacy main me memo memory misc my new "
    "note of old on other our overview page quick readme reference runbook session shared sheet summary team temp the thing tip "
    "tmp to what wiki with work knowledge service system setup procedure cheat md txt common ops".split()
)
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


def one_subject(titles: tuple[str, str], paths: tuple[str, str], said: Iterable[str]) -> bool:
    """Whether nothing tells the subjects of two memories apart.

    Args:
        titles: of the two; "" where there is none.
        paths: of the two.
        said: words that both say.
    """
    body = {stem(part) for word in said for part in _WORD.findall(word)}
    return _titles(titles, paths, body) and _paths(paths, titles, body)


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


def _titles(titles: tuple[str, str], paths: tuple[str, str], body: set[str]) -> bool:
    if titles[0].casefold() == titles[1].casefold():
        return True
    first, second = ([stem(word) for word in _WORD.findall(title)] for title in titles)
    if "certificat" in first and "certificat" in second:
        first, second = ([word for word in one if word != "tls"] for one in (first, second))
    named = [set(one) - _GENERIC_STEMS for one in (first, second)]
    if named[0] == named[1]:
        ordered = [[word for word in one if word in named[0]] for one in (first, second)]
        return ordered[0] == ordered[1] or not _DIRECTIONS & {*titles[0].lower().split(), *titles[1].lower().split()}
    if named[0] - named[1] and named[1] - named[0]:
        return False
    known = set(body)
    for title, path in zip(titles, paths, strict=True):
        if not title:
            known |= {stem(word) for word in _WORD.findall(path)}
    return named[0] ^ named[1] <= known


def _paths(paths: tuple[str, str], titles: tuple[str, str], body: set[str]) -> bool:
    words = [[_tokens(segment) for segment in path.strip("/").split("/")[1:]] for path in paths]
    scopes = [{word for segment in one for word in segment} & _SCOPE_STEMS for one in words]
    if scopes[0] != scopes[1] and ((scopes[0] - scopes[1] and scopes[1] - scopes[0]) or not scopes[0] ^ scopes[1] <= body):
        return False
    titled = {stem(word) for title in titles for word in _WORD.findall(title)}
    return not (_sibling_folders(words, titled) or _series(paths, words))


def _sibling_folders(words: Sequence[Sequence[Sequence[str]]], titled: set[str]) -> bool:
    """`billing/deploy.md` and `checkout/deploy.md`: the folder says whose it is."""
    first, second = words
    if len(first) != len(second) or first[-1] != second[-1]:
        return False
    apart = [(set(a) - _GENERIC_STEMS, set(b) - _GENERIC_STEMS) for a, b in zip(first[:-1], second[:-1], strict=True) if a != b]
    if len(apart) != 1:
        return False
    [(a, b)] = apart
    return bool(a and b) and not (a <= titled or b <= titled)


def _series(paths: tuple[str, str], words: Sequence[Sequence[Sequence[str]]]) -> bool:
    """`web-1.md` and `web-2.md` in one folder, or two days of a journal: a file for each of several things."""
    first, second = (one[-1] for one in words)
    if all(word.isdigit() for word in first + second):
        return first != second
    if posixpath.dirname(paths[0]) != posixpath.dirname(paths[1]):
        return False
    common = set(first) & set(second) - _GENERIC_STEMS
    apart = [set(one) - common - _GENERIC_STEMS for one in (first, second)]
    return any(len(word) > 1 for word in common) and all(apart)


def _tokens(segment: str) -> list[str]:
    return [stem(word) for word in _WORD.findall(segment.removesuffix(".md"))]
