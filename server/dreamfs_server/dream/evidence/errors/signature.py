"""The one line of a tool's error that says what went wrong, and that line with its particulars masked.

Choosing the line matters more than the clustering that follows: `Exit code 1` would merge everything. So framing lines are
passed over, and the line that looks most like a cause wins: the last line of a traceback, then what names a missing
thing, then a diagnostic about a place in the source, then any line with an error word, then the first line. What a runner says when it
is through (`make: *** [test] Error 1`) names nothing, and comes last.
"""

import re
from dataclasses import dataclass

_READ_CHARACTERS = 6_000
_LINE_CHARACTERS_MAX = 300
"""Longer lines are data (minified code, one-line JSON), not messages."""

LINT_RULE = "lint rule"
_CLIENT = "<tool_use_error>"
_ANSI = re.compile(r"\x1b(?:\[[0-9;?]*[A-Za-z]|[()][0-9A-B])")
_FRAMING = re.compile(
    r"""^\W*(?:
        (?:Error:\s*)?(?:Exit|exit|return(?:ed)?)[ ]?(?:code|status)?:?[ ]\d+
      | (?:Error:\s*)?(?:[\w.]*CalledProcessError:\s*)?(?:the\ )?[Cc]ommand\ (?:failed|exited)\b.*
      | (?:Error:\s*)?(?:[\w.]*CalledProcessError:\s*)?[Cc]ommand\ .*returned\ non-zero\ exit\ status.*
      | Error\ executing\ tool\b.*\bexit\ (?:code|status)\b.* | (?:Error:\s*)?(?:<\w+>\s*(?:</\w+>\s*)?)+
      | Traceback\ \(most\ recent\ call\ last\).* | Stack\ trace:? | stderr:? | stdout:? | Error:? | error:?
      | </?\w+> | During\ handling\ of\ the\ above.* | The\ above\ exception\ was.* | npm\ ERR!\ (?:code|errno|A\ complete).*
      | STDERR:? | STDOUT:? | \[?(?:exit|returncode)\W.* | \$\ .* | \#\ [\w./-]+(?:\ \[[^\]]+\])? | At\ line:\d+\ char:\d+
    )\W*$""",
    re.VERBOSE,
)
_SAYS = re.compile(
    r"(?:<?\w+>?|[\w./()+-]+(?:: line \d+|:\d+)?): (?=.*(?i:not|no|denied|is a directory|error|failed|illegal|invalid|unknown|unrecogni|cannot|usage|option))|(?i:Error|fatal|usage|Command|Exit)\b"
)
"""How a program that shows files begins what it says itself: with its name."""
_COMMAND_FAILED = re.compile(r"Command (?:failed|exited)\b.*\w")
_EXIT = re.compile(r"(?i)\bexit(?:ed)?[ ](?:with[ ])?(?:code|status)?[ :]*(\d+)")
_EXCEPTION = re.compile(
    r"^(?:E\s+)?(?:[A-Za-z_][\w.]*\.)?[A-Z]\w*(?:Error|Exception|Warning|Interrupt|Exit|NotFound|Timeout|Expired)\b(?:\[[^\]\n]*\])?(?::|$|\s*\()"
    r"|^error\[\w+\]:"
)
_CAUSES = (
    (
        8,
        re.compile(
            r"(?i)command not found|no such file or directory|permission denied|not a git repository|cannot find module"
            r"|no module named|(?:unrecogni[sz]ed|illegal|unknown) (?:option|argument|command|subcommand|flag|revision)s?\b|address already in use"
            r"|connection refused|could not resolve|is not recognized|has not been read yet|has been modified since"
            r"|string to replace not found|not found in file|timed? ?out|does not exist|no matches? (?:found|of)"
            r"|^fatal:|out of memory|disk (?:is )?full|no space left|invalid (?:option|argument|choice)"
        ),
    ),
    (
        6,
        re.compile(
            r"(?i)(?:^|[\s\[(])(?:error|fatal|panic|failed|failure|denied|refused|rejected|forbidden|unauthorized)\b"
            r"|: [45]\d\d (?-i:[A-Z])[a-z]+"
        ),
    ),
    (
        4,
        re.compile(
            r"(?i)^usage: |\b(?:cannot|can't|could not|couldn't|unable to|not found|missing|requires?d?|needed|invalid|must|unexpected|undefined|exceed\w*|too (?:large|long|many)|not (?:allowed|available|enough|supported|permitted))\b"
        ),
    ),
)
_VERDICT = re.compile(
    r"^(?:FAILED|ERROR) \S+::|^FAIL(?:ED|URE)?\b|^--- FAIL\b|^\d+ (?:passed|failed|errors?|issues?|problems?|warnings?)\b|^Found \d+ errors?\b"
    r"|^BUILD FAILED|^make(?:\[\d+\])?: \*\*\* .*\bError \d+|\btask failed$|^error:? (?:Command failed|script |Recipe |could not compile)"
    r"|^fatal: failed to write commit object|^npm (?:ERR!|error) (?:Lifecycle|Test failed|command|path|workspace|code)\b|^Error: Process completed with exit code"
)
"""What a runner says when it is through: that something failed, not what."""
_CHATTER = re.compile(
    r"^PASSED \S+::|^=+ .* =+$|^-+$|^\s*(?:at |File \"|\|)|^(?:=== (?:RUN|PAUSE|CONT|NAME)|--- (?:PASS|SKIP)|PASS$|ok\s|\?\s)|^={2,}(?:>|\s)"
    r"|^[0-9a-f]{7,40} \S|^[✓✔☑]|^[+-]\s{2,}\S|^[^\t]+\t[^\t]+\t|^;(?!; (?:connection|communications|no servers))|^\S+:\d+: : #|^[\w./-]+\.\w+:\d+: (?:\S+ ){0,6}\S* ?(?:INFO|DEBUG)\b|^(?:\S+ ){0,2}\W*(?:INFO|INF|DEBUG|DBG|TRACE)\b|^= (?:note|help):"
)
"""What tools print along the way."""
_WARNS = re.compile(r"^(?:\S+ ){0,2}\W*(?:WARN(?:ING)?|WRN)\b")
"""A warning: no error beside others, but the message where there is nothing else."""
_CODE = re.compile(r"^(?://|/\*|\*\s)|[\w)\]>\"'] ?\{$|[\w)\]\"'];$")
"""An excerpt of the source that a diagnostic is about."""
_LOCATED = re.compile(
    r"^(?:\./)?(?:[\w@+~.-]*/)*[\w@+-][\w@+.-]*\.[A-Za-z]\w{0,5}(?::\d+(?::\d+)?|\(\d+(?:,\d+)?\)):? +\S"
)
_RULE = re.compile(
    r"(?<=\s)(?:error )?([A-Z]{1,4}\d{2,5}(?:/[a-z][a-z-]+)?)\b(?=:? )|[\[(]([a-z][a-z0-9]*(?:-[a-z0-9]+)*)[)\]]$"
)
_SENTENCE = re.compile(r"(?:^|\s)[^\W\d_]{2,}\W{0,3}\s+[^\W\d_]{2,}\W{0,3}\s+[^\W\d_]{2,}")
"""Three words: below an exit code, a number, a path or a name alone is what was printed and no message."""
_TITLE = re.compile(r"\[[A-Z][A-Za-z]*(?:[ -][\w-]+){1,6}\]")
"""Who speaks, as a line of its own above everything: a hook that has something to ask first."""
_PRINTED_LINES_MIN = 3
"""From so many lines on, a command's output that names no error is what it had to print, whatever its exit code."""
_SUDO = re.compile(r"^\[sudo\] password for [\w.-]+:\s*(?=\S)")
_TAG = re.compile(r"^\[(?!(?i:error|fatal|warn|warning|info|debug)\])[a-z][\w:.-]*\]\s+(?=\S)")
_CWD = re.compile(r"(?<=[.!?])\s+(?:Note: your current|Current) working directory\b.*$")
_HINT = re.compile(r"(?<=[.!?])\s+(?:Did you mean|Note: your current working directory|Current working directory)\b.*$")

_MASKS = (
    (re.compile(r"(?<=with command ).+?(?= has been denied)|(?<=requires approval: ).+$"), "<str>"),
    (re.compile(r"\b[0-9a-f]{7,40}\.\.\. .+$"), "<id>"),
    (re.compile(r"(?i)\b[a-z][a-z0-9+.-]*://[^\s'\"<>)]+"), "<url>"),
    (
        re.compile(r"(?<![\w./])(?:[\w@+~.-]*/)*[\w@+.-]+\.[A-Za-z]\w{0,5}(?::\d+(?::\d+)?(?![\w.])|\(\d+(?:,\d+)?\))"),
        "<path>",
    ),
    (re.compile(r"\b\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:[.,]\d+)?)?(?:Z|[+-]\d\d:?\d\d)?)?"), "<time>"),
    (re.compile(r"\b\d\d:\d\d(?::\d\d(?:\.\d+)?)?\b"), "<time>"),
    (re.compile(r"\b[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}\b"), "<id>"),
    (re.compile(r"\b0x[0-9a-fA-F]+\b"), "<id>"),
    (re.compile(r"(?<![\w.])\d{1,3}(?:\.\d{1,3}){3}(?::\d{1,5})?(?![\w.]*\w)"), "<ip>"),
    (
        re.compile(
            r"(?<![\w.])(?:~|\.{1,2})?(?:/[\w.@+%=,~-]+){2,}/?|(?<![\w./])(?:~|\.{1,2})/[\w.@+%=,~/-]+|(?<![\w.])/[\w.@+-]{2,}/?"
        ),
        "<path>",
    ),
    (re.compile(r"\b[A-Za-z]:\\[^\s'\"]+"), "<path>"),
    (re.compile(r"(?<![\w./-])(?:[\w@+-]+/)+[\w.@+-]*\w"), "<path>"),
    (re.compile(r"\b(?=[0-9a-f]*\d)[0-9a-f]{7,64}\b"), "<id>"),
    (re.compile(r"\b(?=[\w-]*\d)(?=[\w-]*[A-Za-z_])[\w-]+\b"), "<id>"),
    (re.compile(r"(?<![\w<])[-+]?\d+(?:,\d{3})*(?:\.\d+)*%?(?![\w>])"), "<n>"),
)
_QUOTED = re.compile(r"'[^'\n]{1,120}'|\"[^\"\n]{1,120}\"|`[^`\n]{1,120}`|‘[^’\n]{1,120}’|“[^”\n]{1,120}”")
_MASKED = re.compile(r"<(?:url|time|id|ip|path|n|str)>")


@dataclass(frozen=True, slots=True)
class Signature:
    """Where an error says what went wrong."""

    start: int
    end: int
    """Offsets in the result's text."""
    line: str
    """What stands there, without escapes and wrapping tags."""
    bare: bool = False
    """No line of the text names an error."""


def signature(text: str, *, shows_files: bool = False, of_shell: bool = False) -> Signature | None:
    """The most telling line of an error text; None for an empty text.

    Only the beginning and the end of a long text are looked at, where tools put their verdict.

    Args:
        text: the whole result.
        shows_files: the program prints what stands in files; so a line that merely has the word "error" is no message of its own.
        of_shell: what a command line printed; so of many lines none of which names an error, the first is no message either.
    """
    if text.lstrip().startswith(_CLIENT):
        return _of_client(text)
    best: tuple[int, int, int, str] | None = None
    lines = 0
    framing: tuple[int, int, str] | None = None
    in_traceback = False
    for start, end in _candidate_lines(text):
        raw = text[start:end]
        line = _clean(raw)
        if not line or len(line) > _LINE_CHARACTERS_MAX:
            continue
        if line.startswith("Traceback (most recent"):
            in_traceback = True
        if lines == 0 and _TITLE.fullmatch(line):
            return Signature(start, end, line)
        if _FRAMING.match(line):
            framing = framing or (start, end, line)
            continue
        score = _score(line, in_traceback=in_traceback, indented=raw[:1].isspace())
        if score >= 10:
            in_traceback = False
        if shows_files and not _SAYS.match(line):
            score = min(score, 0)
        # Of tracebacks the last exception is what surfaced; of other lines the first names the cause.
        lines += 1
        if best is None or score > best[0] or (score == best[0] >= 10):
            best = (score, start, end, line)
    if best is not None:
        score, start, end, line = best
        if framing is None and of_shell and score <= 0 and lines >= _PRINTED_LINES_MIN:
            return Signature(start, end, line, bare=True)
        if framing is None or score > 0 or (score == 0 and lines == 1 and _SENTENCE.search(line)):
            return Signature(start, end, line)
    if framing is not None:
        # One line alone is the message; of several that name no error, none is.
        start, end, line = framing
        return Signature(start, end, line, bare=best is not None or _COMMAND_FAILED.match(line) is None)
    return None


def _of_client(text: str) -> Signature | None:
    """A client's own message says it in its first line; what follows is what it was given, such as the code to replace."""
    spans = [(a, b) for a, b in _candidate_lines(text) if _clean(text[a:b])]
    if not spans:
        return None
    (start, end), *rest = spans
    if _clean(text[start:end]).endswith(":") and rest:
        end = rest[0][1]
    lines = text[start:end].split("\n")
    said = " ".join(_clean(line) for line in lines if _clean(line))[:_LINE_CHARACTERS_MAX]
    return Signature(start, end, _HINT.sub("", said))


def _candidate_lines(text: str) -> list[tuple[int, int]]:
    spans: list[tuple[int, int]] = []
    parts = [(0, len(text))]
    if len(text) > 2 * _READ_CHARACTERS:
        parts = [(0, _READ_CHARACTERS), (text.find("\n", len(text) - _READ_CHARACTERS) + 1, len(text))]
    for begin, finish in parts:
        at = begin
        while at < finish:
            end = text.find("\n", at, finish)
            end = finish if end < 0 else end
            spans.append((at, end))
            at = end + 1
    return spans


def _clean(line: str) -> str:
    line = _CWD.sub("", _SUDO.sub("", _ANSI.sub("", line).strip()))
    return _TAG.sub("", re.sub(r"^(?:<\w+>)+|(?:</\w+>)+$", "", line).strip())


def _score(line: str, *, in_traceback: bool, indented: bool) -> int:
    if _EXCEPTION.match(line) and (not indented or line.startswith("E ")):
        return 12 if in_traceback else 10
    if _CHATTER.match(line) or _CODE.search(line):
        return -1
    if _WARNS.match(line):
        return 0
    if _VERDICT.search(line):
        return 1
    score = 7 if _LOCATED.match(line) else 0
    for value, pattern in _CAUSES:
        if pattern.search(line):
            score = max(value, score)
            break
    return score - 1 if indented and score else score


def is_verdict(line: str) -> bool:
    """Whether a signature line only says that a check, a build or a test failed, or where in the source."""
    return _VERDICT.search(line) is not None or _LOCATED.match(line) is not None


def rule_of(line: str) -> str:
    """A linter's diagnostic as the rule it names: what it says of the place differs each time, the rule is the error."""
    if not (located := _LOCATED.match(line)):
        return ""
    found = _RULE.search(line, located.end() - 1)
    return f"{LINT_RULE} {next(filter(None, found.groups()))}" if found else ""


def exit_code(text: str) -> str:
    """The exit code that an error text states, else ""."""
    found = _EXIT.search(text, 0, 400)
    return found.group(1) if found else ""


def mask(line: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """A line as words, and the same words with numbers, identifiers, paths, times and quoted text masked.

    Both have the same length, so that what a mask stood for can be put back where it never varies.
    """
    spans: list[tuple[int, int, str]] = []
    taken = bytearray(len(line))
    for pattern, name in ((_QUOTED, "<str>"), *_MASKS):
        for found in pattern.finditer(line):
            a, b = found.span()
            if not any(taken[a:b]):
                taken[a:b] = b"\x01" * (b - a)
                spans.append((a, b, name))
    words: list[str] = []
    masked: list[str] = []
    at = 0
    word = shape = ""
    for a, b, name in sorted([*spans, (len(line), len(line), "")]):
        for piece in re.split(r"(\s+)", line[at:a]):
            if piece.isspace():
                if word:
                    words.append(word)
                    masked.append(shape)
                word = shape = ""
            else:
                word += piece
                shape += piece
        word += line[a:b]
        shape += name
        at = b
    if word:
        words.append(word)
        masked.append(shape)
    return tuple(words), tuple(masked)


def is_masked(word: str) -> bool:
    """Whether a word of a masked line stands for something that varies."""
    return word == "<*>" or _MASKED.search(word) is not None
