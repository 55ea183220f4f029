"""What differs between two command lines in what they run, whatever they run it on: programs, subcommands, flags.

A session that adds `git pull --rebase &&`, and one that runs `git pull` on a line of its own, did the same thing. So a line is
taken apart into its simple commands, and each is reduced to a *verb* (`git push`, `uv run pytest`) and its flags.
"""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

LOOKING = frozenset(
    [
        "ls",
        "cat",
        "head",
        "tail",
        "grep",
        "rg",
        "find",
        "pwd",
        "which",
        "echo",
        "env",
        "less",
        "wc",
        "tree",
        "stat",
        "file",
        "type",
        "printenv",
        "ps",
        "df",
        "du",
        "sed",
        "awk",
        "jq",
        "sleep",
        "cd",
        "true",
        "test",
        "sort",
        "uniq",
        "tr",
        "cut",
        "tee",
        "xargs",
        "printf",
        "export",
        "source",
        "set",
    ]
)
"""Programs that look at something, or only feed others."""
SUBCOMMANDS = frozenset(
    [
        "git",
        "npm",
        "npx",
        "yarn",
        "pnpm",
        "bun",
        "pip",
        "pip3",
        "uv",
        "cargo",
        "go",
        "docker",
        "kubectl",
        "helm",
        "terraform",
        "aws",
        "gcloud",
        "az",
        "poetry",
        "conda",
        "apt",
        "apt-get",
        "brew",
        "make",
        "gh",
        "mise",
        "just",
        "rustup",
        "dotnet",
        "mvn",
        "gradle",
    ]
)
"""Programs whose first word says what they do."""
INTERPRETERS = frozenset(
    [
        "ssh",
        "bash",
        "sh",
        "zsh",
        "fish",
        "powershell",
        "powershell.exe",
        "pwsh",
        "cmd",
        "cmd.exe",
        "wsl",
        "perl",
        "ruby",
        "node",
        "deno",
        "osascript",
        "eval",
        "for",
        "while",
        "if",
    ]
)
"""Programs that say nothing of what they were asked to do."""
DESTROYING = frozenset(
    [
        "rm",
        "rmdir",
        "dd",
        "mkfs",
        "shred",
        "truncate",
        "kill",
        "pkill",
        "killall",
        "shutdown",
        "reboot",
        "dropdb",
        "chmod",
        "chown",
    ]
)
"""Programs that are not named without what they are given: `rm` may be anything."""
_RUNS_ANOTHER = frozenset(
    ("uv run", "poetry run", "npm exec", "pnpm exec", "bundle exec", "npx", "bunx", "python -m", "python3 -m")
)
_HELD = re.compile(r"'[^']*'|\"(?:\\.|[^\"\\])*\"")
_BETWEEN = re.compile(r"&&|\|\||[;|\n]|(?<![>&\d])&(?![>&\d])")
_BEFORE = re.compile(r"^(?:\w+=\S*\s+|(?:sudo|time|nohup|env|then|do|else|exec)\s+|timeout\s+\S+\s+|[({!]\s*)+")
_WORD = re.compile(r"[A-Za-z~./][\w.+@~/:-]*")
_FLAG = re.compile(r"--?[A-Za-z][\w-]*")
characters_max = 2_000


@dataclass(frozen=True, slots=True)
class Simple:
    """One simple command."""

    verb: str
    flags: frozenset[str]
    others: frozenset[str]
    """Its other words, quoted ones left out."""
    words: tuple[str, ...] = ()
    """All its words in order, `''` for quoted text."""


def simple_commands(line: str) -> list[Simple]:
    """The simple commands of a command line that do something, in order; quoted text is passed over."""
    found: list[Simple] = []
    held = _HELD.sub("''", line[:characters_max])
    for part in _BETWEEN.split(held):
        words = _BEFORE.sub("", part.strip()).split()
        if not words or not _WORD.fullmatch(words[0]):
            continue
        verb = _verb(words)
        if verb and verb.split()[0] not in LOOKING:
            flags = frozenset(m.group() for word in words[1:] if (m := _FLAG.match(word)))
            others = frozenset(
                word for word in words[1:] if not word.startswith("-") and word not in {"''", *verb.split()}
            )
            found.append(Simple(verb, flags, others, tuple(words)))
    return found


def _is_said_otherwise(flag: str, verb: str, before: Sequence[Simple], after: Sequence[Simple]) -> bool:
    """Whether a flag went with its value and something else came: `psql -h db1 -c q` became `psql "host=db1 …" -c q`.

    Who only leaves the flag out does not do what worked.
    """
    had = Counter(word for one in before if one.verb == verb for word in one.words)
    has = Counter(word for one in after if one.verb == verb for word in one.words)
    values = {
        value
        for one in before
        if one.verb == verb
        for word, value in pairwise(one.words)
        if word == flag and not value.startswith("-")
    }
    return any(has[value] < had[value] for value in values) and bool(has - had)


def _are_one_idea(one: Simple, other: Simple) -> bool:
    """Whether the second runs the same in another way: the same program in another environment, or on the same things."""
    names = [
        re.sub(r"[\d.]+$", "", simple.verb.replace("-m ", "").split()[-1].rsplit("/", 1)[-1]) for simple in (one, other)
    ]
    if names[0] == names[1] or one.verb.split()[0] == other.verb.split()[-1]:
        return True
    return bool(one.others) and 2 * len(one.others & other.others) >= len(one.others | other.others)


def _verb(words: Sequence[str]) -> str:
    program = words[0] if words[0].startswith((".", "/", "~")) and "bin/" in words[0] else words[0].rsplit("/", 1)[-1]
    verb = program
    rest = list(words[1:])
    if program in SUBCOMMANDS or program in {"python", "python3"}:
        while rest and program == "git" and rest[0].startswith("-"):
            del rest[: 2 if rest[0] in {"-C", "-c"} else 1]
        if rest and re.fullmatch(r"[a-z][a-z:-]+|-m", rest[0]):
            verb = f"{program} {rest.pop(0)}"
    if verb in _RUNS_ANOTHER and rest and _WORD.fullmatch(rest[0]) and "/" not in rest[0]:
        verb = f"{verb} {rest[0]}"
    return verb


def _asked_for(found: Sequence[Simple], verb: str) -> set[str]:
    """The first words of a program whose subcommands are not known, where they look like one."""
    firsts = {one.words[1] for one in found if one.verb == verb and " " not in verb and len(one.words) > 1}
    return {word for word in firsts if re.fullmatch(r"[a-z][a-z-]+", word)}


def changes(before: str, after: str) -> list[str]:
    """What the second line runs otherwise, in words; empty where that is nothing, or too much to be one idea."""
    a, b = simple_commands(before), simple_commands(after)
    verbs_a, verbs_b = [one.verb for one in a], [one.verb for one in b]
    gone = [verb for verb in dict.fromkeys(verbs_a) if verb not in verbs_b]
    new = [verb for verb in dict.fromkeys(verbs_b) if verb not in verbs_a]
    if any(verb.split()[0] in DESTROYING or verb in {"git clean", "git reset"} for verb in new):
        return []
    if len(gone) == len(new) == 1:
        [one], [other] = ([x for x in found if x.verb == verb[0]][:1] for found, verb in ((a, gone), (b, new)))
        return [f"run `{new[0]}` rather than `{gone[0]}`"] if _are_one_idea(one, other) else []
    if gone or len(new) > 1:
        return []
    if new:
        return [f"run `{new[0]}` first"] if verbs_b.index(new[0]) < len(verbs_b) - 1 else []
    said: list[str] = []
    if any(_asked_for(a, verb) != _asked_for(b, verb) for verb in dict.fromkeys(verbs_a)):
        return []  # `trk show 7` and `trk list --parent 7`: the flag belongs to another thing that it does
    for verb in dict.fromkeys(verbs_a):
        flags_a = {flag for one in a if one.verb == verb for flag in one.flags}
        flags_b = {flag for one in b if one.verb == verb for flag in one.flags}
        added, left = sorted(flags_b - flags_a), sorted(flags_a - flags_b)
        if not added and any(_is_said_otherwise(flag, verb, a, b) for flag in left):
            return []
        if len(added) + len(left) <= 2:
            said += [f"give `{flag}` to `{verb}`" for flag in added] + [
                f"leave out `{flag}` of `{verb}`" for flag in left
            ]
    return [", ".join(said)] if 0 < len(said) <= 2 else []
