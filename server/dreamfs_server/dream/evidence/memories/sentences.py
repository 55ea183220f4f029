"""The sentences of a text as words that carry meaning, for telling whether two texts say the same in another form.

Left out is only what says nothing: white space, marks of emphasis, articles, a comma, a full stop, and the capital at the
beginning of a sentence. Numbers, names, negations, questions, struck out text, and all within code stay as they are.
"""

import re
import unicodedata
from collections.abc import Callable, Sequence

Words = tuple[str, ...]

_CODE = re.compile(r"(?<!`)(`{1,3})(?!`)(.+?)(?<!`)\1(?!`)", re.DOTALL)
_MASK = re.compile("\ue000(\\d+)\ue001")
_LINK = re.compile(r"(\]\(<?|\[\[)([^)\]|#\s>]+(?:#[^)\]|\s>]*)?)")
_SPLIT = re.compile(r"(?<=[.!?;])(?:[\"')\]*_]*)\s+")
_SHORT = re.compile(
    r"(?i)(?:^|[\s(\"'])(?:e\.?g|i\.?e|vs|cf|approx|ca|nr|fig|dr|mr|mrs|resp|incl|z\.\s?b|d\.\s?h|bzw)\.$"
)
# What is emphasised is short: an unclosed mark looks no further.
_EMPHASIS = (
    re.compile(r"(?<![\w*])\*\*(?=[^\s*])(.{1,300}?)(?<=[^\s*])\*\*(?![\w*])"),
    re.compile(r"(?<![\w_])__(?=[^\s_])(?![\w.]{1,80}__)(.{1,300}?)(?<=[^\s_])__(?![\w_])"),
    re.compile(r"(?<![\w_])__(?=[A-Z]?[a-z]+__)([A-Z][a-z]+)__(?![\w_])"),
    re.compile(r"(?<![\w*])\*(?=[^\s*])([^*]+?)(?<=[^\s*])\*(?![\w*])"),
    re.compile(r"(?<![\w_/.])_(?=[^\s_])([^_]+?)(?<=[^\s_])_(?![\w_/.])"),
)
_PLAIN = str.maketrans(
    {"“": '"', "”": '"', "„": '"', "’": "'", "‘": "'", "\u00a0": " ", "\u202f": " ", "–": "-", "—": "-"}
)
_FIRST = re.compile(r"([\"'(]*)([A-Z])((?:[a-z]+(?:'[a-z]+)?)?)([\"')]*)")
_ARTICLES = frozenset(["a", "an", "the"])
_SOME = frozenset(["few", "little", "bit", "lot"])
_DASHES = frozenset(["-", "--"])
_SPOKEN = frozenset(["no", "not", "never", "yes"])


def sentences(text: str, link: Callable[[str], str] = lambda target: target) -> list[Words]:
    """The sentences of an unwrapped text, each as its telling words.

    Args:
        text: a paragraph, an entry of a list or a heading.
        link: where a link's target leads, told in the same way from every file.
    """
    code: list[str] = []

    def masked(found: re.Match[str]) -> str:
        code.append(found[2].strip() or found[2])
        return f"\ue000{len(code) - 1}\ue001"

    if "\ue000" in text:
        return [tuple(text.split())]
    plain = _CODE.sub(masked, text) if "`" in text else text
    if "](" in plain or "[[" in plain:
        plain = _LINK.sub(lambda found: f"{found[1]}{link(found[2])}", plain)
    if not plain.isascii():
        plain = unicodedata.normalize("NFC", plain).translate(_PLAIN)
    if "*" in plain or "_" in plain:
        for pattern in _EMPHASIS:
            plain = pattern.sub(r"\1", plain)
    return [words for part in _parts(plain) if (words := _words(part, code))]


def title_words(text: str) -> Words:
    """The words of a heading; case says nothing of ordinary ones."""
    return tuple(
        word.lower() if re.fullmatch(r"[A-Z][a-z]+", word) else word
        for sentence in sentences(text)
        for word in sentence
    )


def _parts(text: str) -> list[str]:
    parts: list[str] = []
    begin = 0
    for found in _SPLIT.finditer(text):
        if _SHORT.search(text[begin : found.start()]):
            continue
        parts.append(text[begin : found.end()])
        begin = found.end()
    return [*parts, text[begin:]]


def _words(part: str, code: Sequence[str]) -> Words:
    raw = part.split()
    words: list[str] = []
    for position, word in enumerate(raw):
        if word in _DASHES and not _between_numbers(raw, position):
            continue
        told = word if not word.strip(".,;:!") else _bare(word, last=position == len(raw) - 1)
        if not words and (found := _FIRST.fullmatch(told)):
            told = found[1] + found[2].lower() + found[3] + found[4]
        if told in _ARTICLES and not (position + 1 < len(raw) and raw[position + 1].lower() in _SOME):
            continue
        words += _unmasked(told, code)
    return tuple(words)


def _bare(word: str, *, last: bool) -> str:
    """Without the punctuation at its end; that of a question stays, and a comma after "no"."""
    bare = word.rstrip(".,;:")
    if last:
        bare = bare.rstrip(".!")
    return bare + "," if not last and word.endswith(",") and bare.lower() in _SPOKEN else bare


def _between_numbers(raw: Sequence[str], position: int) -> bool:
    sides = [*raw[max(position - 1, 0) : position], *raw[position + 1 : position + 2]]
    return len(sides) == 2 and all(any(letter.isdigit() for letter in side) for side in sides)


def _unmasked(word: str, code: Sequence[str]) -> list[str]:
    """Code is its words, or one word where its spaces matter; what touches it stays with it."""
    if not _MASK.search(word):
        return [word]
    told = _MASK.sub(lambda found: code[int(found[1])], word)
    return [told] if "  " in told or "\n" in told or "\t" in told else told.split()
