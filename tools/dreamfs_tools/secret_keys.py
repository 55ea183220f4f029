"""Private keys: blocks between two marks, as files have them and as tools show them.

A block's lines may be numbered, quoted or blamed, its line breaks escaped once or several times (JSON within JSON), and
its beginning or its end may be cut off. So it is walked line by line from its mark, as long as lines end in base64.
"""

from collections.abc import Iterator

from dreamfs_tools.secret_judging import entropy, is_varied
from dreamfs_tools.secret_search import Expression, Found

KIND = "private-key"
BEFORE_BYTES_MAX = 400
"""What a tool may put before a line: a number, a file's name, an author."""
LINE_BYTES_MIN = 64
"""Of a key right behind its first mark that is cut off; anything may stand behind a mark that is only named."""
ODD_LINES_MAX = 8
"""Headers within a block."""

_BREAK = r"(?:\r?\n|\\+r\\+n|\\+[nr]|%0D%0A|%0A)"
_BASE64 = r"(?:[A-Za-z0-9+/=]|\\+/|\\+u00[23][bBdDfF]|%2[BF]|%3D)"
_GAP = r"(?: |\+|%20)"
_NAME = rf"(?:[A-Z0-9]{{2,9}}{_GAP})*PRIVATE{_GAP}KEY(?:{_GAP}BLOCK)?"
_MARK = Expression(
    rf"(?P<begin>-{{4,5}}{_GAP}?BEGIN{_GAP}{_NAME}{_GAP}?-{{4,5}}|PuTTY-User-Key-File-\d: [a-z0-9-]+)"
    rf"|(?P<end>-{{4,5}}{_GAP}?END{_GAP}{_NAME}{_GAP}?-{{4,5}}|Private-MAC: [0-9a-f]+)"
    # The same as base64, as a kubeconfig has it: `-----BEGIN ` and one of the kinds of keys.
    r"|(?P<packed>LS0tLS1CRUdJTi(?:BQUklWQVRFIEtFW|BSU0EgUFJJVkFURSBLRV|BFQyBQUklWQVRFIEtFW|BEU0EgUFJJVkFURSBLRV"
    r"|BPUEVOU1NIIFBSSVZBVEUgS0VZ|BFTkNSWVBURUQgUFJJVkFURSBLRV|BQR1AgUFJJVkFURSBLRV)"
    rf"{_BASE64}{{20,}}(?:{_BREAK}[ \t]*{_BASE64}{{20,}})*)"
)
_NEXT_BREAK = Expression(_BREAK)
_BODY = Expression(rf"^(?P<before>|.*?(?:[^A-Za-z0-9+/=\\%]|\\+t|\\+u2192))(?P<body>{_BASE64}+)[\s\"',;)+\\]*$")
_IN_ONE_LINE = Expression(rf"^[\s\"'+,]*(?P<body>(?:{_BASE64}{{16,}}[ \t]*)+)")
_HEADER = Expression(r"[A-Z][A-Za-z-]+: ?\S")
_EMPTY = Expression(r"^[\s\"',;+>|#)\\]*$")


def key_blocks(data: bytes) -> Iterator[tuple[int, int, str]]:
    """The spans of private keys in order, without overlap."""
    marks = list(_MARK.all(data))
    reached = 0
    for number, mark in enumerate(marks):
        start, end = mark.span()
        if start < reached:
            continue
        following = marks[number + 1] if number + 1 < len(marks) else None
        span: tuple[int, int] | None = start, end
        if mark.has("begin"):
            span = _forward(data, start, end, following)
        elif mark.has("end"):
            span = _backward(data, reached, start, end)
        reached = end
        if span is not None:
            reached = span[1]
            yield *span, KIND


def _forward(data: bytes, start: int, position: int, following: Found | None) -> tuple[int, int] | None:
    """From a block's first mark to its last, or to where it was cut off; nothing beyond the following mark is read."""
    limit = len(data) if following is None else following.start()
    is_closed = following is not None and following.has("end")
    indent = _indent(data, start)
    end, is_key, short, odd = 0, False, 0, 0
    for line_start, line_end in _lines(data, position, limit):
        line = data[line_start:line_end]
        is_empty = _EMPTY.fits(line)
        if line_start == position:
            found = _IN_ONE_LINE.search(line)
            is_whole = found is not None and (is_closed or len(found.text("body")) >= LINE_BYTES_MIN)
            if not is_empty and not is_whole:
                return None
        else:
            found = None if is_empty else _body(line, indent)
        body = b"" if found is None else found.text("body")
        if found is not None and len(body) >= 16 and not short:
            end = line_start + found.end("body")
            is_key = is_key or _looks_drawn(body)
        elif body and end and short < 2:
            short += 1  # the last line, and a checksum: only right before the end
        elif line_end < limit and not is_empty and len(line) > indent + 2:
            odd += 1
            if short or odd > ODD_LINES_MAX or not _HEADER.fits(line):
                is_closed = False
                break
    if is_key and is_closed and following is not None:
        return start, following.end()
    return (start, end) if is_key else None


def _backward(data: bytes, floor: int, mark: int, end: int) -> tuple[int, int] | None:
    """The last lines of a block whose beginning was cut off."""
    indent = _indent(data, mark)
    if b"[redacted: " in data[mark - indent : mark]:
        return None
    breaks = [(found.start() + floor, found.end() + floor) for found in _NEXT_BREAK.all(data[floor:mark])]
    first, is_key = -1, False
    for at in range(len(breaks) - 1, -1, -1):
        line_start = breaks[at - 1][1] if at else floor
        found = _body(data[line_start : breaks[at][0]], indent)
        if found is None or (len(found.text("body")) < 16 and at < len(breaks) - 2):
            break
        first = line_start + found.start("body")
        is_key = is_key or _looks_drawn(found.text("body"))
    return (first, end) if is_key else None


def _indent(data: bytes, position: int) -> int:
    """How much stands before a mark on its line, or in its string: what is before a quote is around the block."""
    window = data[max(0, position - BEFORE_BYTES_MAX) : position]
    start = max((found.end() for found in _NEXT_BREAK.all(window)), default=0)
    return len(window) - max(start, window.rfind(b'"') + 1)


def _body(line: bytes, indent: int) -> Found | None:
    """What a line of a key ends in; about as much stands before it as before the mark."""
    found = _BODY.search(line)
    if found is None or len(found.text("before").rpartition(b'"')[2]) > indent + 4:
        return None
    body = found.text("body")
    return found if len(body) < 16 or len(body) >= 40 or is_varied(body) else None


def _lines(data: bytes, position: int, limit: int) -> Iterator[tuple[int, int]]:
    """The lines up to a limit; the first one is what is left of the mark's own, the last one what stands before the next."""
    while (found := _NEXT_BREAK.search(data, position, limit)) is not None:
        yield position, found.start()
        position = found.end()
    yield position, limit


def _looks_drawn(body: bytes) -> bool:
    """Whether base64 is that of a key, not the word `mock` or three dots."""
    return len(body) >= 16 and is_varied(body) and entropy(body) > 3.5
