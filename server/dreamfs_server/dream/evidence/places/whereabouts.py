"""Which paths a session touched, from where, and which of them were not there.

A tool's path arguments and the paths in its shell commands are read as *looks*. The working directory of the shell is
followed through `cd`, since clients keep it from call to call; where a session shows that its client does not (the same
relative `cd` works twice), every command starts at the root again. A relative path is joined to that directory and stays
relative to the folder that the session began in, whose name the log mostly leaves out (`roots.py`).
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from posixpath import normpath

from dreamfs_server.dream.evidence.steps import Step

_READ_CHARACTERS = 4_000
_SAYS = re.compile(
    r"(?i)no such file|cannot (?:access|stat|open)|does not exist|not a directory|can't open file|did not match any"
    r"|directory not found|cannot find module|enoent"
)
"""A cheap look before the dear ones."""
_NAME = r"[^\s:'\"<>`|,;()]+"
_MISSED = (
    re.compile(rf"(?i)(?:no such file or directory|not a directory): ({_NAME})\s*$"),
    re.compile(r"(?i)cannot (?:access|stat|open) ['‘\"]([^'’\"\n]+)['’\"]"),
    re.compile(rf"({_NAME}): (?:open: )?(?:No such file or directory|Not a directory|IO error for operation)"),
    re.compile(r"can't open file ['\"]([^'\"\n]+)['\"]"),
    re.compile(r"(?i)no such file or directory[^'\"\n]{0,30}['\"]([^'\"\n]+)['\"]"),
    re.compile(rf"(?i)(?:path|file|directory) (?:does not exist|not found): ({_NAME})"),
    re.compile(r"pathspec ['\"]([^'\"\n]+)['\"] did not match"),
    re.compile(r"Cannot find module ['\"]((?:\.{0,2}/)[^'\"\n]+)['\"]"),
    re.compile(rf"\b(?:stat|lstat|open|chdir) ({_NAME}): no such file or directory"),
)
_NOT_THERE = re.compile(r"(?i)(?:file|path|directory) does not exist|no such file or directory|enoent|not a directory")
_SEGMENT = re.compile(r"\s*(?:&&|\|\||[;|\n])\s*")
_HIDES = re.compile(r"2>\s*/dev/null|&>\s*/dev/null|\|\|")
"""What keeps a failure from being seen."""
_PATH = re.compile(r"(?:~|\.{1,2})?/?[\w@+.\-\[\]]+(?:/[\w@+.\-\[\]]+)*/?|/")
_NAMES_FOLDER = re.compile(r"\s(?:-C|--prefix|--cwd|--dir|--directory)[ =](\S+)")
_DRIVE = re.compile(r"([A-Za-z]):[\\/]")
_TAKES_PATHS = frozenset(
    [
        "cat",
        "head",
        "tail",
        "less",
        "wc",
        "ls",
        "find",
        "stat",
        "file",
        "source",
        ".",
        "diff",
        "tree",
        "du",
        "chmod",
        "grep",
        "rg",
        "sed",
        "jq",
        "awk",
        "bat",
        "nl",
        "sort",
        "md5sum",
    ]
)
_PATTERN_FIRST = frozenset(("grep", "rg", "sed", "jq", "awk"))
_RUNS_A_FILE = frozenset(("python", "python3", "node", "bash", "sh", "zsh", "ruby", "perl", "tsx", "deno", "bun"))
_FILE_TOOLS = frozenset(
    ("read", "edit", "write", "multiedit", "notebookedit", "notebookread", "view", "create", "str_replace")
)
_SEARCHES = frozenset(("grep", "glob", "ls", "list"))
_MAKES = frozenset(("write", "create"))
_LISTED_LINES_MAX = 200
_CONTEXT = re.compile(r"[-:]\d+[-:]")
"""A line of a file as a search shows it, not a file's name."""


@dataclass(frozen=True, slots=True)
class Look:
    """One path that a step asked for."""

    step: Step
    path: str
    """Absolute, below `~`, or relative to the folder that the session began in; without `.` and `..` where possible."""
    there: bool
    said: str = ""
    """The path as it was written."""
    start: int = 0
    end: int = 0
    """Of a path that is not there: the line of the result that says so."""
    folder: str = ""
    """The working directory that a relative path was given in."""
    made: bool = False
    """The step made the file; that it is there afterwards tells nothing of where to look."""
    entered: bool = False
    """It is the folder of a `cd`."""
    listed: bool = False
    """The path stands in a search's answer; it was not asked for."""


def looks(all_steps: Sequence[Step]) -> list[Look]:
    """The looks of one session, in order."""
    folders = working_directories(all_steps)
    return [look for step in all_steps for look in _of(step, folders[step.position]) if look.path]


def working_directories(all_steps: Sequence[Step]) -> list[str | None]:
    """In which directory each step's command starts; "" is where the session began, None is not known."""
    kept = _followed(all_steps)
    return kept if kept is not None else ["" for _ in all_steps]


def _followed(all_steps: Sequence[Step]) -> list[str | None] | None:
    """As `working_directories`, for a client whose shell stays where it is; None where the log shows that it does not."""
    at: str | None = ""
    result: list[str | None] = []
    for step in all_steps:
        result.append(at)
        if not step.command or step.failed or step.refused or step.result is None:
            continue
        to = at
        for segment in _SEGMENT.split(step.command):
            if target := _cd(segment):
                again = at and not target.startswith((".", "/", "~")) and f"/{at}/".endswith(f"/{target.rstrip('/')}/")
                if again and to == at:
                    return None
                to = joined(to, target)
        if "Shell cwd was reset to " in step.result.text[-400:]:
            to = ""
        at = to
    return result


def directory_of(step: Step, start: str | None) -> str | None:
    """In which directory the program of a step's command runs (`Step.program`)."""
    at = start
    for segment in _SEGMENT.split(step.command):
        if target := _cd(segment):
            at = joined(at, target)
        elif step.program in segment:
            named = _NAMES_FOLDER.search(segment)
            return joined(at, named[1].strip("\"'")) if named else at
    return at


def _cd(segment: str) -> str:
    words = segment.strip("( )").split()
    if len(words) < 2 or words[0] not in ("cd", "pushd"):
        return ""
    target = words[1].strip("\"'")
    return target if _PATH.fullmatch(target) or target == "-" else "-"


def joined(folder: str | None, path: str) -> str | None:
    """A path as seen from a folder; None where that cannot be known. A drive becomes `/c/`, as shells on Windows say it."""
    if drive := _DRIVE.match(path):
        path = f"/{drive[1].lower()}/{path[3:]}"
        path = path.replace("\\", "/")
    if path.startswith(("/", "~")):
        return normpath(path)
    if folder is None or path == "-":
        return None
    whole = normpath(f"{folder}/{path}" if folder else path)
    if whole == ".":
        return ""
    return None if whole.startswith("..") else whole


def _of(step: Step, start: str | None) -> Iterator[Look]:
    if step.result is None or step.refused:
        return
    if step.command:
        yield from _of_command(step, start)
    elif step.tool.lower() in _FILE_TOOLS | _SEARCHES:
        yield from _of_file(step)


def _of_file(step: Step) -> Iterator[Look]:
    tool = step.tool.lower()
    text = step.result.text if step.result is not None else ""
    path = joined("", step.file) if step.file else None
    if step.failed:
        found = _NOT_THERE.search(text, 0, _READ_CHARACTERS)
        if found is not None and path and "posix_spawn" not in text:
            yield Look(
                step, path, there=False, said=step.file, start=_line_start(text, found), end=_line_end(text, found)
            )
        return
    if path:
        yield Look(step, path, there=True, made=tool in _MAKES)
    if tool in _SEARCHES:
        lines = text.split("\n", _LISTED_LINES_MAX)[:_LISTED_LINES_MAX]
        for line in lines:
            if (
                "/" in line
                and _PATH.fullmatch(line)
                and not _CONTEXT.search(line)
                and (listed := joined("", line)) is not None
            ):
                yield Look(step, listed, there=True, listed=True)


def _of_command(step: Step, start: str | None) -> Iterator[Look]:
    text = step.result.text if step.result is not None else ""
    near = text[:_READ_CHARACTERS]
    if _SAYS.search(near) is not None:
        yield from _missed(step, start, near)
    elif not _HIDES.search(step.command):
        yield from _read(step, start)


def _missed(step: Step, start: str | None, text: str) -> Iterator[Look]:
    met: set[str] = set()
    for pattern in _MISSED:
        for found in pattern.finditer(text):
            said = found.group(1).rstrip("/.") or found.group(1)
            if said in met or len(said) < 2 or not _PATH.fullmatch(said):
                continue
            asked = _asked(step, start, said)
            if not asked:
                continue
            met.add(said)
            folder = asked[0]
            path = joined(folder, said)
            if path is not None:
                relative = not said.startswith(("/", "~"))
                yield Look(
                    step,
                    path,
                    there=False,
                    said=said,
                    start=_line_start(text, found),
                    end=_line_end(text, found),
                    folder=(folder or "") if relative else "",
                    entered=re.search(rf"\bcd\s+['\"]?{re.escape(said)}", step.command) is not None,
                )


def _asked(step: Step, start: str | None, said: str) -> tuple[str | None] | tuple[()]:
    """The directory in which a command asked for a path; nothing where it did not name it."""
    at = start
    for segment in _SEGMENT.split(step.command):
        if re.search(rf"(?<![\w/.-]){re.escape(said)}(?![\w.-])", segment) is not None:
            return () if _HIDES.search(segment) else (at,)
        if target := _cd(segment):
            at = joined(at, target)
    return ()


def _read(step: Step, start: str | None) -> Iterator[Look]:
    at = start
    for segment in _SEGMENT.split(step.command):
        words = segment.strip("( )").split()
        if not words or any(mark in segment for mark in ("$", "`", "*", "{")):
            continue
        if target := _cd(segment):
            at = joined(at, target)
            if at:
                yield Look(step, at, there=True, said=target, folder=at, entered=True)
        elif not step.failed:  # That a later part failed, without a word about a path, says nothing against a `cd`.
            for word in _paths_of(words):
                path = joined(at, word)
                if path:
                    yield Look(
                        step, path, there=True, said=word, folder="" if word.startswith(("/", "~")) else at or ""
                    )


def _paths_of(words: Sequence[str]) -> list[str]:
    """The arguments of a simple command that name files or folders which have to be there."""
    program = words[0].rsplit("/", 1)[-1]
    given = [word.strip("\"'") for word in words[1:] if not word.startswith(("-", ">", "2>", "<"))]
    if program in _PATTERN_FIRST:
        given = given[1:]
    elif program in _RUNS_A_FILE:
        given = given[:1] if given and "." in given[0] else []
    elif program not in _TAKES_PATHS:
        given = []
    return [
        word
        for word in given
        if ("/" in word or "." in word or program == "ls") and _PATH.fullmatch(word) and not word.isdigit()
    ]


def _line_start(text: str, found: re.Match[str]) -> int:
    return text.rfind("\n", 0, found.start()) + 1


def _line_end(text: str, found: re.Match[str]) -> int:
    end = text.find("\n", found.end())
    return len(text) if end < 0 else end
