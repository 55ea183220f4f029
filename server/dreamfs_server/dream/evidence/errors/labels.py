"""What was done after a failed call, in words that are the same in every session that did the same; "" for what is no advice."""

import re
from collections.abc import Mapping
from difflib import SequenceMatcher

from dreamfs_server.dream.evidence.errors.command_changes import DESTROYING, INTERPRETERS, LOOKING, SUBCOMMANDS
from dreamfs_server.dream.evidence.errors.signature import mask
from dreamfs_server.dream.evidence.guard import is_destructive
from dreamfs_server.dream.evidence.steps import Step

changed_words_max = 8
REPEAT = "repeat it unchanged"
UNSEEN = "try again without reading the file"
AGAIN = frozenset((REPEAT, UNSEEN))
"""What is no way out, even where it worked: only whether it is worth a call."""

_FILE_KEYS = frozenset(("file_path", "path", "notebook_path", "filename", "file"))
_LOOKS = re.compile(r"\bgit\s+(?:diff|status|log|show|branch|remote)\b")
_SHOWING = re.compile(
    r"\s*(?:2>&1|[12]?>\s*/dev/null|\|\s*(?:tail|head)(?:\s+-n?\s*\d+|\s+-c\s*\d+)?|\|\s*cat|;\s*echo\s+\S*\$\?\S*)\s*$"
)
"""The end of a command line that only says how much of the output is to be seen."""
_VARIABLE = re.compile(r"[A-Z_][A-Z0-9_]*(?==\S)")
QUOTES = "put quotes around what the shell would take apart"
NO_GLOB = "name the files, or let the program match them, without a pattern (`*`, `?`, `[…]`) for the shell"
ABSOLUTE = "give the absolute path"
SLASHES = "write paths with `/`, not with `\\`"
telling_characters_min = 3
shown_characters_max = 80
"""Of a command that is told as it was run."""
changed_places_max = 3
"""Of a command line: more of them are another command."""
_HELD = re.compile(r"'[^']*'|\"(?:\\.|[^\"\\])*\"")
_UNQUOTED = re.compile(r"['\"\\]")
_GLOB = re.compile(r"(?<!\\)[*?\[]")
_DRIVE = re.compile(r"\b([A-Za-z]):/")
_PIECES = re.compile(r"(?<=[/:=@])|(?=[/:=@])")
_PROGRAM_PATH = re.compile(r"(?:^|[\s;&|(\"'])(/[\w.+-]+(?:/[\w.+-]+)*/bin/[\w.+-]+)(?=[\s;&|)\"']|$)")
_PATH_SET = re.compile(r"\bPATH=[\"']?((?:/[\w.+/-]+|\$\w+|:|\$\{\w+\})+)")
_HANDLED_FIRST = frozenset(
    f"run `{name}` first" for name in ("mv", "cp", "touch", "echo", "printf", "ln", "tee", "sed", "awk")
)
"""What says nothing without the files that it was about."""
_READ_CHARACTERS = 20_000
_NUMBERS = re.compile(r"[\d.,:_-]*")
_ASKS = frozenset(("pattern", "query", "url", "prompt", "todos"))
"""Arguments of searches and questions: what was asked differs each time, so the tool alone tells nothing."""


def labels_first(failed: Step, step: Step) -> list[str]:
    """What was done right before another try, from the most particular to the most general way to put it.

    Nothing of a command that must not be recommended: `curl … | sh` is not told as `curl` either.
    """
    general = "" if is_destructive(step.command) or _is_echoed(failed, step) else _label_first(failed, step)
    if not general or not step.command:
        return [general] if general else []
    line = " ".join(_without_showing(step.command).split())
    exact = f"run `{line}` first" if len(line) <= shown_characters_max and "`" not in line else ""
    if "\n" in step.command.strip():
        exact = ""
    if general in _HANDLED_FIRST:
        return [exact] if exact else []
    if general == _label_first(step, failed):
        # The same program once more is another attempt, unless it is asked for something else.
        said, wanted = (_without_showing(one.command).split()[1:2] for one in (step, failed))
        return [exact] if exact and said != wanted else []
    return [exact, general] if exact and exact != general else [general]


def _is_echoed(failed: Step, step: Step) -> bool:
    """Whether a script or a hook had run the same and shown it (`$ bun test src/`): that is looking at the failure once more."""
    words = step.command.split()[:2]
    if len(words) < 2 or failed.result is None:
        return False
    shown = failed.result.text[:_READ_CHARACTERS]
    return re.search(rf"(?m)^\s*[$>] {re.escape(' '.join(words))}\b", shown) is not None


def _label_first(failed: Step, step: Step) -> str:
    if step.command:
        words = step.program.split()
        if not words or len(words[0]) > 30 or not re.fullmatch(r"[\w.+-]+", words[0]):
            return ""
        program = words[0]
        if program in LOOKING | INTERPRETERS | DESTROYING or _LOOKS.search(step.command[:200]):
            return ""
        if program in SUBCOMMANDS:
            found = re.search(rf"\b{re.escape(program)}\s+([a-z][a-z-]+)", step.command)
            program = f"{program} {found.group(1)}" if found else program
        return f"run `{program}` first"
    if step.file:
        # A look at some other file is no advice.
        return f"call `{step.tool}` on the same file first" if step.file == failed.file else ""
    if _ASKS & step.given.keys():
        return ""
    return f"call `{step.tool}` first"


def label_change(failed: Step, attempt: Step) -> list[str]:
    """What differs, from the most particular to the most general way to put it."""
    if failed.command and attempt.command:
        return _command_change(failed.command, attempt.command)
    return _argument_change(failed.given, attempt.given)


def label_ideas(before: str, after: str) -> list[str]:
    """What a changed command line has in common with other changes, whatever it was about: another time other words."""
    a, b = _without_showing(before), _without_showing(after)
    if folders := _program_folders(a, b):
        return [f"put `{folder}` on `PATH`" for folder in folders]
    if a != b and _UNQUOTED.sub("", a) == _UNQUOTED.sub("", b):
        return [QUOTES] if len(_HELD.findall(b)) > len(_HELD.findall(a)) or b.count("\\") > a.count("\\") else []
    if _GLOB.search(_HELD.sub("", a)) and not _GLOB.search(_HELD.sub("", b)):
        return [NO_GLOB]
    if _with_slashes(a) == _with_slashes(b) and a.count("\\") > b.count("\\"):
        return [SLASHES]
    # Flags come and go beside; what they are given stays.
    one, other = ([word for word in line.split()[:80] if not word.startswith("-")] for line in (a, b))
    changed = [
        (one[i:j], other[k:n])
        for tag, i, j, k, n in SequenceMatcher(a=one, b=other, autojunk=False).get_opcodes()
        if tag != "equal"
    ]
    if len(changed) > changed_places_max:
        return []
    swapped = [pair for old, new in changed if len(old) == len(new) for pair in zip(old, new, strict=True)]
    if len(swapped) > changed_places_max:
        return []
    if len(changed) == len(swapped) == 1:
        [(old, new)] = swapped
        if new.startswith("/") and new.endswith(f"/{old.removeprefix('./')}"):
            return [ABSOLUTE]
    wanted = [name for old, new in swapped for name in dict.fromkeys((_swapped_in(old, new), _form(new))) if name]
    return [f"write `{name}` there" for name in wanted]


def _program_folders(before: str, after: str) -> list[str]:
    """Folders in which a program of the first line was looked for by the second, be it by its path or by `PATH`."""
    names = {word.strip("'\"") for word in before.split()[:80]}
    found = [path.rpartition("/")[0] for path in _PROGRAM_PATH.findall(after) if path.rpartition("/")[2] in names]
    if not found:
        found = [folder for value in _PATH_SET.findall(after) for folder in value.split(":") if folder.endswith("bin")]
    before_paths = before.split()
    return [folder for folder in dict.fromkeys(found) if not any(folder in word for word in before_paths)]


def _form(word: str) -> str:
    """A word with its numbers as `…`, where enough is left for it to be told by: `HEAD:fix-1044` and `HEAD:fix-7` have one form."""
    form = re.sub(r"[0-9]{3,}", "…", word.strip("'\""))
    return (
        form
        if "…" in form and len(re.sub(r"[^A-Za-z]", "", form)) > 2 * telling_characters_min and "`" not in form
        else ""
    )


def _with_slashes(command: str) -> str:
    """A command line whose paths are written with `/`, drives as folders, quotes left out."""
    plain = _UNQUOTED.sub(lambda found: "/" if found[0] == "\\" else "", command)
    return re.sub(r"/+(?=\s|$)|(?<=/)/+", "", _DRIVE.sub(r"/\1/", plain)).lower()


def _swapped_in(old: str, new: str) -> str:
    """What stands in the new word where the old one had something else; "" where that says nothing without the old one."""
    a, b = _PIECES.split(old), _PIECES.split(new)
    if len(a) == len(b):
        differ = [y for x, y in zip(a, b, strict=True) if x != y]
        new = differ[0] if len(differ) == 1 else new
    named = new.strip("'\"")
    return named if len(named) >= telling_characters_min and not _NUMBERS.fullmatch(named) and "`" not in named else ""


def _command_change(before: str, after: str) -> list[str]:
    a, b = _without_showing(before).split()[:80], _without_showing(after).split()[:80]
    if a == b:
        return [REPEAT]
    # Two words of one shape (a number and a number) are lined up, so that what is left over is what was added.
    shapes_a, shapes_b = ([_shape_of(word) for word in words] for words in (a, b))
    parts: list[str] = []
    swaps: list[str] = []
    particular: list[str] = []
    variables: list[str] = []
    for tag, i, j, k, n in SequenceMatcher(a=shapes_a, b=shapes_b, autojunk=False).get_opcodes():
        if tag == "equal":
            particular += [_swap(x, y) for x, y in zip(a[i:j], b[k:n], strict=True) if x != y]
            continue
        old, new = " ".join(a[i:j]), " ".join(b[k:n])
        if max(j - i, n - k) > changed_words_max:
            return []
        if not old and i == 0 and new.endswith(("&&", ";")):
            parts.append(f"run `{new.rstrip('&;').strip()}` before it")
        elif j - i == n - k == 1:
            swaps.append(_swap(old, new))
        elif old and new:
            parts.append(f"write `{new}` for `{old}`")
        else:
            parts.append(f"add `{new}`" if new else f"leave out `{old}`")
        if not old and (variable := _VARIABLE.match(new)) is not None and n - k == 1:
            variables.append(f"set `{variable[0]}` for it")
    labels: list[str] = []
    for chosen in (sorted({*parts, *swaps, *particular}), sorted({*parts, *swaps}), sorted({*parts})):
        if chosen and len(chosen) <= 2 and ", ".join(chosen) not in labels:
            labels.append(", ".join(chosen))
    # The value may be another each time.
    return [*labels, *variables] if len(variables) == len(parts) == 1 else labels


def _without_showing(command: str) -> str:
    """A command line without what only says how much of its output is to be seen."""
    while (end := _SHOWING.search(command)) is not None:
        command = command[: end.start()]
    return command


def _shape_of(word: str) -> str:
    _, masked = mask(word)
    return masked[0] if masked else word


def _swap(old: str, new: str) -> str:
    """A replaced word; of two paths only the folders that differ, so that it reads the same for every file below, or only
    what follows their common folder, so that it reads the same in every checkout.
    """
    if "/" in old and "/" in new:
        a, b = old.split("/"), new.split("/")
        renamed = a[-1] != b[-1] and "." in a[-1] and "." in b[-1]
        while len(a) > 1 and len(b) > 1 and a[-1] == b[-1]:
            a.pop()
            b.pop()
        while renamed and len(a) > 1 and len(b) > 1 and a[0] == b[0]:
            del a[0], b[0]
        old, new = "/".join(a) or "/", "/".join(b) or "/"
    return f"write `{new}` for `{old}`"


def _argument_change(before: Mapping[str, object], after: Mapping[str, object]) -> list[str]:
    keys = sorted(key for key in {*before, *after} if before.get(key) != after.get(key))
    if not keys:
        return [REPEAT]
    structural = [key for key in keys if (key in before) != (key in after)]
    labels: list[str] = []
    for chosen, named in ((keys, True), (keys, False), (structural, True), (structural, False)):
        if 0 < len(chosen) <= 2:
            parts = [_argument(key, before, after, named=named) for key in chosen]
            if all(parts) and (label := ", ".join(parts)) not in labels:
                labels.append(label)
    # Which part of a file is read, and where to look, are changed together: the place is what matters.
    places = [part for key in keys if (part := _argument(key, before, after, named=True)).endswith(f" in `{key}`")]
    return [*labels, *(place for place in places if place not in labels)]


def _argument(key: str, before: Mapping[str, object], after: Mapping[str, object], *, named: bool) -> str:
    if key not in after:
        return f"leave out `{key}`"
    old, new = before.get(key), after[key]
    short = isinstance(new, bool | int) or (isinstance(new, str) and 0 < len(new) <= 60 and "\n" not in new)
    if (
        named
        and isinstance(old, str)
        and isinstance(new, str)
        and "/" in old
        and "/" in new
        and len(old) + len(new) < 300
    ):
        return _swap(old, new) + f" in `{key}`"
    if named and short:
        return f"give `{key}={str(new).lower() if isinstance(new, bool) else new}`"
    if key not in before:
        return f"give `{key}`"
    # That another text, another file or the only argument was given is no advice.
    return f"change `{key}`" if short and len(before) > 1 and key not in _FILE_KEYS | _ASKS else ""
