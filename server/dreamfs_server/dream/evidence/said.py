"""What somebody says in their own words, as against what they quote, paste or forward.

A quote was said once, wherever it is repeated: it is no second observation and no wish of whoever quotes it. What nobody sees
who reads the message (a comment in the mark-up, the target and the title of a link) was said by nobody.
"""

import re
from collections.abc import Iterator

_FENCE = re.compile(r"^\s{0,3}(?:```|~~~)")
_QUOTED = re.compile(r"^\s{0,3}(?:>|\|\s?>|»|&gt;)")
_INTRODUCED = re.compile(
    r"(?i)^(?:on .{4,80} wrote:|.{1,60} (?:wrote|said|writes|posted|quoted):\s*$|-{2,}\s?(?:original|forwarded) message|begin forwarded message)"
)
_THREAD_LINE = re.compile(
    r"^\s{0,3}[\[(|*`]{0,3}\s?(?:\d{4}-\d\d-\d\d[T ,]*)?\d{1,2}:\d\d(?::\d\d)?(?:\.\d+)?\s?(?:[AaPp][Mm])?(?:Z|\s?UTC|\s?[+-]\d\d:?\d\d|\s?[A-Z]{3,4})?[\])|*`]{0,3}"
    r"[\s|—–-]{1,4}(?:<[^<>\n]{1,40}>|\*{0,2}@?[\w.'-]{1,30}(?: [A-Z][\w.'-]{0,30})?\*{0,2}\s?[:|>—–])"
)
_SENTENCE = re.compile(r"(?:[^.!?\n]|[.!?](?![\s.!?]|$))+[.!?]*")
"""A point inside a number, a version or a name ends no sentence."""
_A_CLIENTS = re.compile(r"^\s*<|^Caveat:|^\[Request interrupted|^This session is being continued|system-reminder")
_COMMENT = re.compile(r"<!--.*?(?:-->|\Z)", re.DOTALL)
_LINK = re.compile(r"(?<=\])\((?:[^()\n]|\([^()\n]*\))*\)|^\s{0,3}\[[^\]\n]+\]:\s.*$", re.MULTILINE)
_QUOTATION = re.compile(
    r"\"[^\"\n]+\"|“[^”\n]+”|„[^“”\n]+[“”]|«[^»\n]+»|»[^«\n]+«|「[^」\n]+」|『[^』\n]+』|(?<!\w)['‘][^'‘’\n]{8,}['’](?!\w)"
)
_QUOTATION_WORDS_MIN = 3
"""What is shorter is a name or a value that somebody sets off."""
_REPEATED = re.compile(
    r"(?i)(?:(?<!\bi )(?<!\bwe )(?<!\bi have )(?<!\bich )\b(?:wrote|said|posted|quoted|schrieb|sagte|meinte|(?:a )?écrit|a dit|escribió|dijo|ha scritto|escreveu|schreef)\b[^:\n]{0,40}:|:[^\S\n]*(?:>|&gt;))[^\S\n].*$",
    re.MULTILINE,
)
"""`mira wrote on Monday: …`, `from last time: > …`."""
_QUOTE_MARKS = re.compile(r"^[\s*_]*[\"“«'].*[\"”»'][.!?\s]*$")


def is_a_clients(text: str) -> bool:
    """Whether a message is a client's own, put among those of the person: what a command printed, that something was interrupted."""
    return _A_CLIENTS.search(text) is not None


def borrowed(line: str) -> bool:
    """Whether a line is somebody else's: quoted, or a line of a thread with its time and name."""
    return _QUOTED.match(line) is not None or _THREAD_LINE.match(line) is not None


def is_within_quotes(text: str, at: int) -> bool:
    """Whether a place in a sentence lies between quotation marks: `"Cause: a stuck lock." was what ada wrote`."""
    before = text[:at]
    closing = sum(before.count(mark) for mark in "”»")
    return before.count('"') % 2 == 1 or sum(before.count(mark) for mark in "“«„") > closing


def own_spans(text: str) -> Iterator[tuple[int, int]]:
    """The lines of a text that are its author's own: offsets, without the line breaks.

    Left out are quotes, fenced blocks, lines of a thread pasted into it, and all that follows `… wrote:`.
    """
    at = 0
    fenced = False
    first = True
    for line in text.split("\n"):
        start, end = at, at + len(line)
        at = end + 1
        if _FENCE.match(line):
            fenced = not fenced
            continue
        if _INTRODUCED.match(line.strip()):
            return
        # The first line may be the message's own header, kept where a log writes it into the text.
        if line.strip() and not fenced and not (borrowed(line) and (not first or _QUOTED.match(line))):
            yield start, end
        first = first and not line.strip()


def own_sentences(text: str) -> Iterator[tuple[int, int, str]]:
    """The sentences of a text that are its author's own: offsets, and the sentence on one line, without what it quotes."""
    own = without_quotations(text)
    for start, end in own_spans(text):
        for found in _SENTENCE.finditer(own, start, end):
            sentence = " ".join(found.group().split())
            if sentence and not _QUOTE_MARKS.match(sentence):
                yield found.start(), found.start() + len(found.group().rstrip()), sentence


def without_quotations(text: str) -> str:
    """The text with blanks for what its author did not say in it: quotations, comments, targets of links; every offset stays."""
    if "<!--" in text:
        text = _COMMENT.sub(_blank, text)
    if "](" in text or "]:" in text:
        text = _LINK.sub(_blank, text)
    text = _QUOTATION.sub(
        lambda found: _blank(found) if len(found[0].split()) >= _QUOTATION_WORDS_MIN else found[0], text
    )
    return _REPEATED.sub(_after_colon, text)


def _blank(found: re.Match[str]) -> str:
    return re.sub(r"[^\n]", " ", found[0])


def _after_colon(found: re.Match[str]) -> str:
    at = found[0].index(":") + 1
    return found[0][:at] + " " * (len(found[0]) - at)
