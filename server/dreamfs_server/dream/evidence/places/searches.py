"""The searches of a session: what each call seeks, whether in files or in their names only, and in which folders.

A search is one of a tool (`Grep`, `Glob`, `LS`) or of a shell command (`grep -r`, `rg`, `git grep`, `find`, `fd`, `ls`, `tree`, and
what PowerShell has). One that looks into a named file only (`grep -n total src/till.py`) is no search for a file: it
opens it.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from posixpath import basename, splitext

from dreamfs_server.dream.evidence.places.sought import key_of, name_terms, terms_of
from dreamfs_server.dream.evidence.steps import Step

terms_max = 8
"""Of one search, that are kept."""

_WORD = r"(?:'[^']*'|\"(?:\\.|[^\"\\])*\"|\\.|[^\s'\"|;&()<>\\])+"
_TOKEN = re.compile(rf"(?:\d|&)?>+(?:&\d|\s*{_WORD})|&&|\|\||[|;&\n]|{_WORD}")
_HELD = re.compile(r"'([^']*)'|\"((?:\\.|[^\"\\])*)\"|\\([^\w\\:])")
_REDIRECTS = re.compile(r"(?:\d|&)?>")
_ENDS = frozenset(("&&", "||", ";", "&", "\n", "|"))
_BEFORE = frozenset(("sudo", "time", "command", "{", "!", "then", "do", "else"))
_GREPS = frozenset(("grep", "egrep", "fgrep", "rg", "ag", "ack", "git grep", "select-string", "sls"))
_WIDE = frozenset(("rg", "ag", "ack", "git grep"))
"""They look through a folder without being told to."""
_LISTS = frozenset(("ls", "tree", "dir", "get-childitem", "gci"))
_FINDS = frozenset(("find", "fd", "fdfind"))
_MAY_SEARCH = re.compile(
    r"(?i)\b(?:e?grep|fgrep|rg|ag|ack|select-string|sls|ls|tree|dir|get-childitem|gci|find|fd|fdfind)\b"
)
"""A cheap look before the dear one."""
_LOOKS_INSIDE = {"grep": True, "glob": False, "ls": False, "list": False}
"""The tools that search, and whether they look into files."""
_HAS_VALUE = re.compile(r"^-\w*[ABCmeftgTjd]$|^--(?:max-count|type|glob|context|regexp)$|(?i:^-pattern$)")
_GIVES_PATTERN = re.compile(r"^-\w*e$|^--regexp$|(?i:^-pattern$)")
_GIVES_NAME = re.compile(r"(?i)^--?(?:i?name|i?path|i?wholename|i?regex|filter|include)$")
_RECURSES = re.compile(r"-\w*[rR]|--recursive$")


@dataclass(frozen=True, slots=True)
class Search:
    """One searching call."""

    step: Step
    terms: tuple[str, ...]
    """What was sought, as written: words, and where a pattern has two or three in a row, these together."""
    inside: bool
    """It looked into files, not at their names only."""
    folders: tuple[str, ...]
    """Where, as written; () where it did not say."""


def search_of(step: Step) -> Search | None:
    """The search that a step makes; None where it makes none."""
    if step.refused or step.result is None:
        return None
    if step.command:
        return _of_command(step) if _MAY_SEARCH.search(step.command) else None
    inside = _LOOKS_INSIDE.get(step.tool.lower())
    if inside is None:
        return None
    given = {key: value for key, value in step.given.items() if isinstance(value, str)}
    pattern, folder = given.get("pattern", ""), given.get("path", "")
    if inside and is_file(folder):
        return None
    terms = [*terms_of(pattern), *name_terms(given.get("glob", ""))] if inside else name_terms(pattern)
    return Search(step, _few(terms), inside, (folder,) if folder else ())


def is_file(path: str) -> bool:
    """Whether a path names one file, by its looks."""
    name = basename(path.replace("\\", "/"))
    return bool(splitext(name)[1]) and not set("*?{") & set(name)


def _few(found: Iterable[str]) -> tuple[str, ...]:
    first: dict[str, str] = {}
    for term in found:
        first.setdefault(key_of(term), term)
    return tuple(first.values())[:terms_max]


@dataclass(slots=True)
class _Part:
    """What one simple command of a line searches."""

    inside: bool
    terms: list[str] = field(default_factory=list[str])
    folders: list[str] = field(default_factory=list[str])


def _of_command(step: Step) -> Search | None:
    """The searches of a command line as one, with what the parts behind a pipe look for in their answer."""
    parts: list[_Part] = []
    for words, piped in _commands(step.command):
        if piped and not parts:
            continue  # What filters another program's output searches nothing.
        again = words[0] == "xargs"
        named = words[next((n for n, word in enumerate(words) if word in _GREPS), len(words)) :] if again else words
        part = _part(named, piped=piped) if named else None
        if part is not None and piped:
            part.inside, part.folders = part.inside and again, []
        parts += [part] if part is not None else []
    if not parts:
        return None
    terms = _few(term for part in parts for term in part.terms)
    folders = tuple(folder for part in parts for folder in part.folders)
    return Search(step, terms, any(part.inside for part in parts), folders)


def _commands(line: str) -> list[tuple[list[str], bool]]:
    """The simple commands of a line, each with whether another one's output goes into it."""
    result: list[tuple[list[str], bool]] = []
    words: list[str] = []
    piped = False
    for piece in [*_TOKEN.findall(line), "\n"]:
        if _REDIRECTS.match(piece):
            continue
        if piece not in _ENDS:
            words.append(_HELD.sub(lambda m: m[1] or m[2] or m[3] or "", piece))
            continue
        while words and (words[0] in _BEFORE or re.match(r"\w+=", words[0])):
            del words[0]
        if words:
            result.append((words, piped))
        words, piped = [], piece == "|"
    return result


def _part(words: Sequence[str], *, piped: bool) -> _Part | None:
    """What a simple command searches; None where it searches nothing."""
    program = words[0].rsplit("/", 1)[-1].lower()
    rest = list(words[1:])
    if program == "git" and rest[:1] == ["grep"]:
        program, rest = "git grep", rest[1:]
    if program in _GREPS:
        return _grep(program, rest, piped=piped)
    if program in _FINDS or program in _LISTS:
        return _find(program, rest)
    return None


def _grep(program: str, rest: Sequence[str], *, piped: bool) -> _Part | None:
    patterns: list[str] = []
    others: list[str] = []
    flags: list[str] = []
    takes = ""
    for word in rest:
        if takes:
            (patterns if _GIVES_PATTERN.match(takes) else flags).append(word)
            takes = ""
        elif word.startswith("-") and len(word) > 1:
            flags.append(word)
            takes = word if _HAS_VALUE.match(word) else ""
        else:
            others.append(word)
    if "-v" in flags:
        return None
    if not patterns:
        patterns, others = others[:1], others[1:]
    wide = program in _WIDE or any(map(_RECURSES.match, flags))
    if not piped and (not wide or others) and all(map(is_file, others)):
        return None
    return _Part(True, [term for pattern in patterns for term in terms_of(pattern)], others)


def _find(program: str, rest: Sequence[str]) -> _Part | None:
    part = _Part(False)
    before, excluded = "", False
    for at, word in enumerate(rest):
        if _GIVES_NAME.match(before) or (program in _LISTS and "*" in word):
            part.terms += name_terms(word) if not excluded else []
            excluded = False
        elif word == "-exec" and (found := _part([*rest[at + 1 :], "-"], piped=True)) is not None:
            part.inside = True
            part.terms += found.terms
            break
        elif word.startswith("-") or word in {"(", ")", "!"}:
            excluded = word in {"!", "-not"} or (excluded and _GIVES_NAME.match(word) is not None)
        elif program in {"fd", "fdfind"} and not part.terms:
            part.terms += terms_of(word)
        elif not (before.startswith("-") and program == "find"):
            part.folders.append(word)
        before = word
    if part.folders and program in _LISTS and all(map(is_file, part.folders)):
        return None
    return part
