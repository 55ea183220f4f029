"""What a command line is called, so that the same work has the same name in every session.

Three names, from the broad to the narrow: the program with its subcommand and task (`mise run test:ci`, `go test`, `bash e2e.sh`); that
with what it was run on, where this says all or only a part (`go test ./...`, `go test <path>`, `pytest -k`); and that with all flags.
Numbers, paths and quoted text are left out. A line of up to three commands is named by all of them; one that only looks, or whose
program says nothing of what it was asked to do, has no name.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import takewhile

from dreamfs_server.dream.evidence.errors.command_changes import DESTROYING, INTERPRETERS, Simple, simple_commands

parts_max = 3
name_characters_max = 100
words_max = 4
_SCRIPT = re.compile(r"[\w@%+.~/-]*?([\w-]+\.(?:sh|bash|py|js|mjs|ts|rb|pl|ps1|exp))")
_TASK = re.compile(r"[a-z][\w:.-]*")
_PROGRAM = re.compile(r"[\w./+-]+(?: [\w./:+-]+){0,3}")
_REDIRECTION = re.compile(r"\d?[<>]")
_FLAG = re.compile(r"--?[A-Za-z][\w-]*(?:(?<=tags)=\w+|(?<=features)=\w+)?")
"""A flag; what it is given may be anybody's secret, and is kept of those only that name variants of the code."""
_RUNNERS = frozenset(
    ("make", "just", "task", "tox", "nox", "rake", "gradle", "gradlew", "mvn", "mvnw", "yarn", "pnpm", "bazel")
)
"""Programs whose words are names of tasks."""
_GROUPS = frozenset(("gh", "glab", "aws", "gcloud", "az", "kubectl", "docker compose"))
"""What has subcommands of subcommands."""
_SILENT = frozenset(("-v", "--verbose", "-q", "--quiet", "-json", "--json", "-s", "--color", "--no-color"))
"""Flags that change what is printed only."""
_NAMES_NOTHING = (
    INTERPRETERS
    | DESTROYING
    | {"python", "python3", "exit", "sudo", "script", "command", "open", "code", "expect", "ssh", "telnet", "''"}
)
_CLOSING = frozenset(("for", "done", "fi", "do", "then", "break", "exit", "continue", "trap", "wait"))
_ALL = frozenset(("./...", "...", "--all", "--workspace", "--all-targets"))
_PART = frozenset(
    (
        "-run",
        "--run",
        "-k",
        "-t",
        "--filter",
        "--grep",
        "-g",
        "--tests",
        "--testNamePattern",
        "--testPathPattern",
        "--only",
        "-p",
        "-package",
    )
)
"""Flags that choose a part of what there is."""
_CONTROL = re.compile(r"(?m)(^|[;&|(]\s*|\b(?:do|then|else)\s+)(?:until|while|if|do|then|else|!)\s+(?=[A-Za-z./~!])")


@dataclass(frozen=True, slots=True)
class Names:
    """One command line's names; all "" where it has none."""

    broad: str = ""
    target: str = ""
    narrow: str = ""


NAMELESS = Names()


@lru_cache(maxsize=4_096)  # Three miners ask for the lines of the same session, one after the other.
def names(line: str) -> Names:
    """The names of a command line; loops and conditions are named by what they run."""
    while (bare := _CONTROL.sub(r"\1", line)) != line:
        line = bare
    parts = [part for part in simple_commands(line) if part.verb.split()[0] not in _CLOSING]
    if not 0 < len(parts) <= parts_max:
        return NAMELESS
    named = [_names(part) for part in parts]
    if NAMELESS in named:
        return NAMELESS
    broad = _joined(one.broad for one in named)
    if len(broad) > name_characters_max:
        return NAMELESS
    return Names(broad, _joined(one.target for one in named), _joined(one.narrow for one in named))


def each_name(line: str) -> list[str]:
    """The broad names of the commands of a line, in order; what destroys is named by its program alone."""
    parts = [part for part in simple_commands(line) if part.verb.split()[0] not in _CLOSING]
    found = [_names(part).broad or (part.verb if part.verb in DESTROYING else "") for part in parts]
    return list(dict.fromkeys(filter(None, found)))


def _joined(parts: Iterable[str]) -> str:
    return " && ".join(dict.fromkeys(parts))


def _names(part: Simple) -> Names:
    words = _own_words(part)
    program = part.verb.split()[0].rsplit("/", 1)[-1]
    broad = program if "/" in part.verb else part.verb
    rest = list(words[len(part.verb.split()) :])
    if program in _NAMES_NOTHING and " " not in part.verb.removesuffix(" -m"):
        script = _SCRIPT.fullmatch(words[1]) if len(words) > 1 else None
        if script is None:
            return NAMELESS
        broad, rest = f"{program} {script[1]}", list(words[2:])
    elif part.verb in _GROUPS or program in _GROUPS:
        if rest and re.fullmatch(r"[a-z][a-z-]*", rest[0]):
            broad += f" {rest.pop(0)}"
    elif part.verb.endswith(" run") or program in _RUNNERS:
        while rest and _TASK.fullmatch(rest[0]) and broad.count(" ") < words_max - 1:
            broad += f" {rest.pop(0)}"
    if not _PROGRAM.fullmatch(broad):
        return NAMELESS
    flags = sorted({found[0] for word in rest if (found := _FLAG.match(word)) and found[0] not in _SILENT | _ALL})
    chosen = [flag for flag in flags if flag.partition("=")[0] in _PART]
    every = next((word for word in rest if word in _ALL), "")
    if chosen:
        target = f"{broad} {chosen[0]}"
    elif every:
        target = f"{broad} {every}"
    else:
        target = f"{broad} <path>" if any("/" in word and not word.startswith("-") for word in rest) else broad
    return Names(broad, target, " ".join((target, *(flag for flag in flags if flag not in chosen))))


def _own_words(part: Simple) -> Sequence[str]:
    """Its words up to a redirection."""
    words = takewhile(lambda word: not _REDIRECTION.match(word), part.words)
    return [word for word in words if word != "--"]
