"""Whether two sentences ask for the same, in whatever words.

What people say twice they say in other words: "use uv, not pip", "don't use pip here, we use uv". What stays is what they speak
of, and which of it is wanted. So two sentences agree if most telling words of the shorter one are in the other and no word is wanted
in one and unwanted in the other. Numbers have to be the same.
"""

import re
from dataclasses import dataclass

shared_words_min = 2
shared_part_min = 0.6

_WORD = re.compile(r"[^\W_][\w'’./+-]*|--?\w[\w-]*|[,:;.!?]")
_AGAINST = frozenset("not never don't dont doesn't no avoid stop without cannot can't shouldn't mustn't".split())  # noqa: SIM905
_AGAINST_PAIRS = frozenset((("instead", "of"), ("rather", "than")))
_ORDINARY = frozenset(
    """
    a about actually again all also always an and any are as asked at be been before but by can did do does done each either else
    every ever few for from get give go had has have here how i if in instead into is it its it's just keep let like look make me more
    must my need now of on one only or other our out over please prefer put rather really remember repo project said same say
    see should since so some still sure than thanks that the their them then there these they thing things this those to told too
    try up us use used uses using very want wanted was way we were what when where which while who why will with would write yes yet
    you your
    """.split()  # noqa: SIM905
)


@dataclass(frozen=True, slots=True)
class Asked:
    """What a sentence speaks of."""

    wanted: frozenset[str]
    unwanted: frozenset[str]

    @property
    def words(self) -> frozenset[str]:
        return self.wanted | self.unwanted


def asked(sentence: str) -> Asked:
    """The telling words of a sentence, apart into those after a "not" or "instead of", up to the next comma, and the others."""
    wanted: set[str] = set()
    unwanted: set[str] = set()
    against = False
    words = [word.lower().replace("’", "'") for word in _WORD.findall(sentence)]
    for n, word in enumerate(words):
        after = words[n + 1] if n + 1 < len(words) else ""
        if word in ",:;.!?":
            against = False
        elif word in _AGAINST:
            # "No, …" answers what was before; it negates nothing in its sentence.
            against = not (word == "no" and (not after or after in ",:;.!?"))
        elif (word, after) in _AGAINST_PAIRS:
            against = True
        elif word not in _ORDINARY and (stem := _stem(word.rstrip("./-'"))):
            (unwanted if against else wanted).add(stem)
    return Asked(frozenset(wanted), frozenset(unwanted))


def agreement(a: Asked, b: Asked) -> float:
    """The part of the shorter sentence that the other one shares; 0 where they contradict each other or share too little."""
    shared = a.words & b.words
    if len(shared) < shared_words_min or _numbers(a) != _numbers(b):
        return 0.0
    both = (a.wanted & a.unwanted) | (b.wanted & b.unwanted)
    if any((word in a.wanted) != (word in b.wanted) for word in shared - both):
        return 0.0
    return len(shared) / min(len(a.words), len(b.words))


def _stem(word: str) -> str:
    """A word without its ending, where it is an ordinary one: "committing" and "commits" are "commit"."""
    if not word.isalpha():
        return word
    for ending in ("ing", "ed", "s"):
        if word.endswith(ending) and len(word) - len(ending) >= 4 and not word.endswith("ss"):
            word = word[: -len(ending)]
            return word[:-1] if ending != "s" and word[-1] == word[-2] else word
    return word


def _numbers(one: Asked) -> frozenset[str]:
    return frozenset(word for word in one.words if any(letter.isdigit() for letter in word))
