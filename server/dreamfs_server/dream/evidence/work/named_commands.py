"""What a project calls its commands: `mise run lint`, `go test`, `npm run test:unit`.

A name is a program with its subcommand and, where the program runs tasks by name, the task. What a command was pointed at (a
package, one test, a file) is left out, so that sessions which did the same thing have the same name for it.
"""

import re
from collections.abc import Sequence

from dreamfs_server.dream.evidence.errors.command_changes import DESTROYING, INTERPRETERS, LOOKING, SUBCOMMANDS

_HELD = re.compile(r"'[^']*'|\"(?:\\.|[^\"\\])*\"")
_BETWEEN = re.compile(r"&&|\|\||\||;|\n|(?<![>&\d])&(?![>&\d])")
_VARIABLE = re.compile(r"[A-Za-z_]\w*=\S*")
_BEFORE = frozenset(("sudo", "time", "nohup", "env", "exec", "command", "!", "(", "{"))
_PROGRAM = re.compile(r"[A-Za-z][\w.+-]{0,29}")
_TASK = re.compile(r"[A-Za-z][\w.:/-]{0,39}")
_OF_SHELL = frozenset(
    [
        "do",
        "done",
        "then",
        "else",
        "fi",
        "esac",
        "case",
        "function",
        "return",
        "exit",
        "wait",
        "read",
        "trap",
        "local",
        "unset",
        "pushd",
        "popd",
    ]
)
_RUNS_TASKS = frozenset(
    ("mise run", "npm run", "pnpm run", "yarn run", "bun run", "deno task", "just", "make", "task", "rake")
)
_RUNS_PROGRAMS = frozenset(
    (
        "npx",
        "bunx",
        "pnpm exec",
        "npm exec",
        "uv run",
        "poetry run",
        "bundle exec",
        "python -m",
        "python3 -m",
        "mise exec",
        "uvx",
    )
)
_HAS_SUBCOMMANDS = (SUBCOMMANDS | {"deno", "bundle"}) - _RUNS_TASKS - _RUNS_PROGRAMS
_NOT_OF_A_PROJECT = (
    LOOKING
    | DESTROYING
    | INTERPRETERS
    | _OF_SHELL
    | {"git", "gh", "mkdir", "cp", "mv", "ln", "touch", "curl", "wget", "claude"}
)
"""Programs that mean the same in every project."""
characters_max = 2_000


def named_commands(line: str) -> list[str]:
    """The names of the project's commands in a command line, in order; quoted text is passed over."""
    found: list[str] = []
    for part in _BETWEEN.split(_HELD.sub("''", line[:characters_max])):
        words = part.split()
        while words and (words[0] in _BEFORE or _VARIABLE.fullmatch(words[0]) or words[0] == "timeout"):
            del words[: 2 if words[0] == "timeout" else 1]
        if name := _name(words):
            found.append(name)
    return found


def _name(words: Sequence[str]) -> str:
    if not words:
        return ""
    program = words[0].rsplit("/", 1)[-1]
    if not _PROGRAM.fullmatch(program) or program in _NOT_OF_A_PROJECT:
        return ""
    rest = [word for word in words[1:] if not word.startswith("-") or word == "-m"]
    name = program
    if program in ("python", "python3"):
        if not rest or rest[0] != "-m":
            return ""  # a script, or a line of code: nothing that a project calls by name
        name = f"{program} {rest.pop(0)}"
    elif program in _HAS_SUBCOMMANDS and rest and _TASK.fullmatch(rest[0]):
        name = f"{program} {rest.pop(0)}"
    if (name in _RUNS_TASKS or name in _RUNS_PROGRAMS) and rest and _TASK.fullmatch(rest[0]):
        name = f"{name} {rest[0]}"
    elif name in _RUNS_PROGRAMS:
        return ""
    return name
