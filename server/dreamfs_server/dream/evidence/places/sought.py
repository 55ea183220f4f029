"""What a pattern seeks: its identifiers.

Syntax, wildcards, endings and the words of programming languages say nothing of what was sought. One thing may be written in
several ways (`retryBudget`, `retry_budget`, `retry budget`); they have one key.
"""

import re
from posixpath import basename

words_max = 3
"""Of one term; what has more is a sentence."""
word_characters_min, word_characters_max = 3, 60
pattern_characters_max = 400

_EITHER_CASE = re.compile(r"\[(\w)(\w)\]")
_SYNTAX = re.compile(r"\\[bBsSdDwWAZzrnt<>]|\[[^\]\n]*\]|\{[\d,]*\}|\(\?[\w:!=<]*")
_ENDED = re.compile(r"\\?\.\(?(?:\?:)?[\w|\\]+\)?\$")
_ENDINGS = re.compile(r"(?<=\w)(?:\.[A-Za-z]{1,10}|\.?\*)+$|^\*\.\w+$")
_PIECE = re.compile(r"[^\W\d][\w-]*")
_SUBWORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+|[^\W\d_]+")
_OF_LANGUAGES = frozenset(
    re.findall(
        r"\w+",
        """
    abstract and any app apps args array async await bool boolean break case catch char class component const
    continue def default delete describe double elif else end enum except export exports extends false fields final
    fixme float for foreach from func function functions get global has how impl implements import imports include
    index inline instanceof int interface lambda let lib long main match mod module mut name namespace new nil none
    not null object optional override package params private props protected pub public raise readonly record
    require required return returns self set src static std str string struct super switch template test tests text
    this throw throws todo true try type typedef typename typeof types undefined union unsigned use using val value
    var virtual void volatile when where while with yield
    """,
    )
)


def terms_of(pattern: str) -> list[str]:
    """What a regular expression seeks: of each of its alternatives the words, together and one by one."""
    plain = _ENDED.sub(" ", pattern[:pattern_characters_max])
    plain = _EITHER_CASE.sub(lambda m: m[1] if m[1].lower() == m[2].lower() else m[0], plain)
    return [term for part in re.split(r"\\?\|", plain) for term in _terms(_SYNTAX.sub(" ", part))]


def name_terms(pattern: str) -> list[str]:
    """What a pattern of file names seeks, without folders and endings."""
    name = basename(pattern[:pattern_characters_max].replace("\\", "/").rstrip("/"))
    return _terms(_ENDINGS.sub("", re.sub(r"\{[^}]*\}", " ", name)))


def _terms(text: str) -> list[str]:
    words = [
        word
        for piece in _PIECE.findall(text)
        if (word := piece.strip("_-")).lower() not in _OF_LANGUAGES
        and word_characters_min <= len(word) <= word_characters_max
    ]
    return [" ".join(words), *words] if 1 < len(words) <= words_max else words


def key_of(term: str) -> str:
    """Equal for one thing however it is written."""
    return re.sub(r"[\W_]+", "", term).casefold()


def subwords(term: str) -> list[str]:
    """The words that a term is made of, in lower case."""
    return [word.casefold() for word in _SUBWORD.findall(term)]


def says(text: str, term: str) -> bool:
    """Whether a text, in lower case, has a term in any way of writing it; of several words, all on one line."""
    words = term.casefold().split()
    if len(words) == 1:
        return words[0] in text or key_of(term) in text
    return all(word in text for word in words) and any(all(word in line for word in words) for line in text.split("\n"))
