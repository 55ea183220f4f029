"""Find secrets in text, and replace them before anything is stored.

Three passes of one expression each, in linear time: private keys by their marks, *tokens* by their own shape (`ghp_…`, `AKIA…`),
*values* by what stands before them (`password = …`, `Authorization: Bearer …`, `mysql -p…`), which are then judged: a
placeholder, a variable or a plain word is no secret. What was compared and measured:
`docs/decisions/`, the page on secrets.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from dreamfs_tools.secret_judging import is_drawn, is_varied
from dreamfs_tools.secret_keys import key_blocks
from dreamfs_tools.secret_patterns import BOUNDARY, TOKENS, WITHOUT_MARK
from dreamfs_tools.secret_search import Expression
from dreamfs_tools.secret_values import Span, values


@dataclass(frozen=True, slots=True)
class Secret:
    """One secret found; the secret itself is not kept."""

    kind: str
    """What it is, in kebab-case: `github-token`."""
    line: int
    """Where it starts, from 1."""


def find_secrets(text: str) -> list[Secret]:
    """The secrets in a text, in order."""
    data = _encoded(text)
    found: list[Secret] = []
    line, position = 1, 0
    for start, _end, kind in _spans(data):
        line += data.count(b"\n", position, start)
        position = start
        found.append(Secret(kind, line))
    return found


def redact_secrets(text: str) -> tuple[str, int]:
    """Replace every secret by `[redacted: KIND]`.

    Returns:
        The text without its secrets, and how many there were. Redacting again changes nothing.
    """
    data = _encoded(text)
    spans = _spans(data)
    return (_without(data, spans).decode("utf-8", "surrogatepass"), len(spans)) if spans else (text, 0)


_ANY_TOKEN = "|".join(f"(?P<{kind.replace('-', '_')}>{pattern})" for kind, pattern in TOKENS)
_TOKEN = Expression(f"{BOUNDARY}(?:{_ANY_TOKEN})")
_NEXT_TOKEN = Expression(_ANY_TOKEN)
_KINDS = {kind.replace("-", "_"): kind for kind, _ in TOKENS}


def _encoded(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def _spans(data: bytes) -> list[Span]:
    """Byte spans without overlap, in order.

    Each pass sees the text as the one before leaves it, as it is seen when it is redacted again. A token's own shape says more
    than what stands before it.
    """
    spans: list[Span] = []
    for search in (key_blocks, _tokens, values):
        found = sorted(search(_without(data, spans)))
        if found:
            spans = sorted(spans + _before(spans, found))
    return spans


def _mark(kind: str) -> bytes:
    return f"[redacted: {kind}]".encode()


def _without(data: bytes, spans: Sequence[Span]) -> bytes:
    if not spans:
        return data
    pieces: list[bytes] = []
    position = 0
    for start, end, kind in spans:
        pieces += [data[position:start], _mark(kind)]
        position = end
    return b"".join([*pieces, data[position:]])


def _before(replaced: Sequence[Span], found: Sequence[Span]) -> list[Span]:
    """Where spans of the text with its marks stood before; of two that overlap the first one counts, and a mark is none."""
    result: list[Span] = []
    shift = reached = 0
    ahead = iter(replaced)
    mark = next(ahead, None)
    for start, end, kind in found:
        while mark is not None and mark[0] - shift <= start:
            reached = max(reached, mark[0] - shift + len(_mark(mark[2])))
            shift += mark[1] - mark[0] - len(_mark(mark[2]))
            mark = next(ahead, None)
        if start >= reached and (mark is None or end <= mark[0] - shift):
            result.append((start + shift, end + shift, kind))
            reached = end
    return result


def _tokens(data: bytes) -> Iterator[Span]:
    position = 0
    while (match := _TOKEN.search(data, position)) is not None:
        while match is not None:
            name = next(name for name in _KINDS if match.has(name))
            start, position = match.span(name)
            value, kind = data[start:position], _KINDS[name]
            if not is_varied(value) and (kind in WITHOUT_MARK or not is_drawn(value)):
                break
            yield start, position, kind
            match = _NEXT_TOKEN.match(data, position)  # one right behind another has no boundary before it
