"""Under which circumstances each call was made: what a session had done before, and how the call was put.

Every circumstance is a sentence that completes "in calls where …", holds or does not hold at a call, and is known from the
calls before it alone. Which of them go with an error is for `before.py` to test.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from posixpath import basename

from dreamfs_server.dream.evidence.errors.command_changes import LOOKING
from dreamfs_server.dream.evidence.places.visits import lines_of
from dreamfs_server.dream.evidence.places.whereabouts import directory_of, working_directories
from dreamfs_server.dream.evidence.steps import Step
from dreamfs_server.dream.evidence.support import Place
from dreamfs_server.dream.evidence.work.command_names import names
from dreamfs_server.dream.material import Gathered

NAMED = "a shell command had named the file since it was last read or edited"
REWRITTEN = "a formatter or git had run since the file was last read or edited"
UNREAD = "the file had not been read or edited in the session"
SHELL_ONLY = "the file had been seen through the shell only"
FORGOTTEN = "the session had been summarised since the file was last read or edited"
EDITED = "the file had been edited since it was last read"
PARTLY = "the file had last been read in part only"
LONG = "the text to replace had more than ten lines"
OLD = "more than thirty calls lay between it and the last look at the file"
SUMMARISED = "the session had been summarised before"
TOGETHER = "other calls were made together with it"
DELEGATED = "a sub-agent made it"
AWAY = "the shell was in another folder than where the session began"
GLOBBED = "it had a pattern (`*`, `[…]`) for the shell"

_SHAPES = (
    ("a backslash stood right before a quote", re.compile(r"\\[\"'](?:\s|$|[;&|)])")),
    (GLOBBED, re.compile(r"(?<!\\)(?:\*|\[[^\]\s]+\])")),
    ("it had a here-document", re.compile(r"<<-?\s*['\"]?\w")),
    ("code was given on the line (`-c`, `-e`)", re.compile(r"\s-[ce]\s+['\"]")),
    ("several commands were chained (`&&`, `;`)", re.compile(r"&&|;(?!\s*(?:do|then|done|fi)\b)")),
    ("it had a loop or a condition", re.compile(r"(?:^|[;&|]\s*|\n)(?:for|while|until|if)\s")),
)
"""How a command line is put. Patterns, chains and loops are looked for outside of quotes."""
_OUTSIDE = frozenset((1, 4, 5))

long_lines_min = 11
old_calls_min = 31
shape_characters_max = 1_000
flags_max = 12
"""Of one command, that are looked at."""

_EDITS = frozenset(("edit", "multiedit", "write", "notebookedit", "str_replace", "create"))
_READS = frozenset(("read", "view", "notebookread"))
_REWRITES = re.compile(
    r"\b(?:gofmt|goimports|gofumpt|prettier|black|isort|rustfmt|clang-format|shfmt|stylua|biome|pre-commit|lefthook)\b"
    r"|\b(?:ruff|eslint|golangci-lint|stylelint|clippy|rubocop|lint)\b[^|;&]*(?:\bformat\b|--fix|\s-[aA]\b)"
    r"|\b(?:cargo|make|mise|just|task|npm|pnpm|yarn|bun|dotnet|mix|deno|go)\s+(?:run\s+)?(?:fmt|format)\b|\blint:fix\b"
    r"|\bgit\s+(?:checkout|stash|pull|merge|rebase|reset|restore|switch|cherry-pick|revert|apply)\b"
)
_HOST = re.compile(r"https?://(?:[^/@\s]*@)?([\w.-]{3,80})(?=[:/?#]|$)")
_HELD = re.compile(r"'[^']*'|\"(?:\\.|[^\"\\])*\"")
_FLAG = re.compile(r"(?<!\S)--[a-z][a-z-]+")


@dataclass(frozen=True, slots=True)
class Called:
    """One call and its circumstances."""

    place: Place
    kind: tuple[str, str]
    """Tool and program: calls of one kind are compared."""
    answer: tuple[str, int, int]
    where: frozenset[str]
    file: str = ""
    """The file or folder that the call was about, as it was given; "" for a command."""
    host: str = ""
    """Whom it asked, of a call with a web address."""
    name: str = ""
    """What the command is called (`command_names.py`)."""
    flags: frozenset[str] = frozenset()
    """What it was given."""


def calls(gathered: Gathered, place: Place, all_steps: Sequence[Step]) -> list[Called]:
    """The calls of one session that were answered, in order."""
    starts = working_directories(all_steps)
    together = _together(gathered)
    summaries = sorted(event.n for event in gathered.events if event.kind == "summary")
    looks: dict[str, int] = {}
    reads: dict[str, int] = {}
    in_part: dict[str, bool] = {}
    result: list[Called] = []
    for step in all_steps:
        if step.result is None or step.refused or step.call is None:
            continue
        kind = (step.tool, step.program if step.command else "")
        where: set[str] = set()
        if gathered.session.parent:
            where.add(DELEGATED)
        if step.call.n in together:
            where.add(TOGETHER)
        if summaries and summaries[0] < step.call.n:
            where.add(SUMMARISED)
        flags: list[str] = []
        if step.command:
            flags = _FLAG.findall(step.command[:500])[:flags_max]
            where.update(f"`{flag}` was given" for flag in flags)
            where.update(_shapes(step.command[:shape_characters_max]))
            if directory_of(step, starts[step.position]) not in ("", None):
                where.add(AWAY)
        elif step.file and step.tool.lower() in _EDITS:
            where |= _about_file(step, all_steps, looks, reads, in_part, summaries)
        about = ("", "") if step.command else (step.file, _host(step))
        name = names(step.command).broad if step.command else ""
        answer = lines_of(gathered.session.session_id, step.result)
        result.append(Called(place, kind, answer, frozenset(where), *about, name, frozenset(flags)))
        if step.file and not step.failed and step.tool.lower() in _EDITS | _READS:
            looks[step.file] = step.position
            if step.tool.lower() in _READS:
                reads[step.file] = step.position
                in_part[step.file] = bool(step.given.get("offset") or step.given.get("limit"))
    return result


def _host(step: Step) -> str:
    url = step.given.get("url")
    found = _HOST.match(url) if isinstance(url, str) else None
    return found[1].lower() if found else ""


def _shapes(command: str) -> list[str]:
    bare = _HELD.sub("''", command)
    return [name for n, (name, looks) in enumerate(_SHAPES) if looks.search(bare if n in _OUTSIDE else command)]


def _about_file(
    step: Step,
    all_steps: Sequence[Step],
    looks: dict[str, int],
    reads: dict[str, int],
    in_part: dict[str, bool],
    summaries: Sequence[int],
) -> set[str]:
    where: set[str] = set()
    name = basename(step.file.replace("\\", "/"))
    seen = looks.get(step.file)
    since = all_steps[(seen + 1 if seen is not None else 0) : step.position]
    shell = [one for one in since if one.command and not one.refused and one.result is not None]
    if seen is None:
        where.add(UNREAD)
        if any(name in one.command for one in shell):
            where.add(SHELL_ONLY)
    else:
        last = all_steps[seen].call
        if any(name in one.command and one.program not in LOOKING - {"sed"} for one in shell):
            where.add(NAMED)
        if any(_REWRITES.search(one.command) for one in shell):
            where.add(REWRITTEN)
        if step.position - seen >= old_calls_min:
            where.add(OLD)
        if last is not None and step.call is not None and any(last.n < n < step.call.n for n in summaries):
            where.add(FORGOTTEN)
        if seen > reads.get(step.file, -1):
            where.add(EDITED)
        elif in_part.get(step.file):
            where.add(PARTLY)
    old = step.given.get("old_string") or step.given.get("old_str")
    if isinstance(old, str) and old.count("\n") + 1 >= long_lines_min:
        where.add(LONG)
    return where


def _together(gathered: Gathered) -> set[int]:
    """Numbers of the calls that were made before any of them was answered."""
    result: set[int] = set()
    run: list[int] = []
    for event in gathered.events:
        if event.kind == "tool_call":
            run.append(event.n)
        elif event.kind == "tool_result" or event.role == "user":
            if len(run) > 1:
                result.update(run)
            run = []
    return result
