"""Whether two sentences ask for the same, in whatever words.

What people say twice they say in other words: "use uv, not pip", "don't use pip here, we use uv". What stays is what they speak
of, and which of it is wanted. So two sentences agree if most telling words of the shorter one are in the other and no word is wanted
in one and unwanted in the other. Where a sentence has one telling word only and it is unwanted ("don't commit"), that has to be all
that the other has.
Numbers have to be the same, and so has how far it goes: leaving the other files alone is not leaving the files alone, and never to
commit is not to do it after the tests only.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

shared_words_min = 2
shared_part_min = 0.6
stem_letters_min = 3

_WORD = re.compile(r"[^\W_][\w'’./+-]*|--?\w[\w-]*|[,:;.!?]")
_AGAINST = frozenset(
    """
    not never don't dont doesn't no avoid stop without cannot can't shouldn't mustn't
    nicht nie niemals kein keine keinen keiner statt ohne nunca jamás sin evita ne pas jamais sans évite arrête
    """.split()  # noqa: SIM905
)
_AGAINST_PAIRS = frozenset(
    (
        ("instead", "of"),
        ("rather", "than"),
        ("en", "vez"),
        ("en", "lugar"),
        ("au", "lieu"),
        ("plutôt", "que"),
        ("deja", "de"),
    )
)
_AGAINST_BEFORE = frozenset(("nicht", "nie", "niemals"))
"""These may stand behind what they negate, with its verb at most after them: "die anderen Dateien nicht ändern"."""
_OTHERS = frozenset(("other", "ander", "otro", "otra", "autr"))
"""Stems."""
_UNLESS = frozenset("unless until till without except außer ohne bis salvo hasta sin sauf jusqu'à sans".split())  # noqa: SIM905
_ORDINARY = frozenset(
    """
    a about actually add adding again all also always an and any are as asked at be been before but by can did do does done each
    either else every ever few for from get give go had has have here how i if in instead into is it its it's just keep let like look
    make me more must my need now of on one only or our out over please prefer put rather really remember repo project said same
    say see should since so some still sure than thanks that the their them then there these they thing things this those to told
    too try up us use used uses using very want wanted was way we were what when where which while who why will with would write
    yes yet you your
    aber auch auf an am bitte das dass dem den der des die doch du ein eine einen er es für hier ich im immer in ist mit mal nur
    schon sie so und verwende verwenden verwendet benutze benutzen benutzt nutze nutzen nutzt nimm hör soll sollen um von wir zu zum
    al aquí con como de del el en es esta este la las lo los más no para por porque que quiero se siempre su te un una usa usamos
    uses usar utiliza vez lugar y favor
    au aux avec ce ces dans de des du elle est et ici il je la le les lieu mais nous on ou par plus plutôt pour que qui sur toujours
    tu un une utilise utiliser utilisez utilisons vous
    """.split()  # noqa: SIM905
)


@dataclass(frozen=True, slots=True)
class Asked:
    """What a sentence speaks of."""

    wanted: frozenset[str]
    unwanted: frozenset[str]
    reach: frozenset[str] = frozenset()
    """How far it goes: of other things only, under a condition only."""

    @property
    def words(self) -> frozenset[str]:
        return self.wanted | self.unwanted


def asked(sentence: str) -> Asked:
    """The telling words of a sentence, apart into those after a "not" or "instead of", up to the next comma, and the others."""
    wanted: set[str] = set()
    unwanted: set[str] = set()
    clause: set[str] = set()
    against = False
    words = _words(sentence)
    for n, word in enumerate(words):
        after = words[n + 1] if n + 1 < len(words) else ""
        if word in ",:;.!?":
            against = False
            clause = set()
        elif word in _AGAINST:
            # "No, …" answers what was before; it negates nothing in its sentence.
            against = not (word == "no" and (not after or after in ",:;.!?"))
            if word in _AGAINST_BEFORE and (not after or after in ",:;.!?" or _ends(words, n + 2)):
                wanted -= clause
                unwanted |= clause
        elif (word, after) in _AGAINST_PAIRS:
            against = True
        elif word not in _ORDINARY and (stem := _stem(word)):
            (unwanted if against else wanted).add(stem)
            clause.add(stem)
    reach = _OTHERS & (wanted | unwanted)
    if not _UNLESS.isdisjoint(words):
        reach |= {"unless"}
    return Asked(frozenset(wanted), frozenset(unwanted), reach)


def agreement(a: Asked, b: Asked) -> float:
    """The part of the shorter sentence that the other one shares; 0 where they contradict each other or share too little."""
    shared = a.words & b.words
    if _numbers(a) != _numbers(b) or a.reach != b.reach:
        return 0.0
    if len(shared) < shared_words_min and not (shared == a.unwanted == b.unwanted == a.words | b.words):
        return 0.0
    both = (a.wanted & a.unwanted) | (b.wanted & b.unwanted)
    if any((word in a.wanted) != (word in b.wanted) for word in shared - both):
        return 0.0
    return len(shared) / min(len(a.words), len(b.words))


def _words(sentence: str) -> list[str]:
    """Words and marks in lower case; French "n'utilise" is two."""
    found: list[str] = []
    for raw in _WORD.findall(sentence):
        word = raw.lower().replace("’", "'")
        if word.startswith("n'"):
            found.append("ne")
            word = word[2:]
        bare = word.rstrip("./-'") or word
        found.append(bare)
        if word != bare and word.endswith("."):
            found.append(".")
    return found


def _ends(words: Sequence[str], n: int) -> bool:
    """Whether a clause ends before a word."""
    return n >= len(words) or words[n] in ",:;.!?"


def _stem(word: str) -> str:
    """A word without its ending, where it is an ordinary one: "committing", "commits" and "committed" are "commit"."""
    if not word.isalpha():
        return word
    for ending in ("ing", "ed", "es", "en", "s", "e"):
        if word.endswith(ending) and len(word) - len(ending) >= stem_letters_min and not word.endswith("ss"):
            word = word[: -len(ending)]
            break
    return word[:-1] if len(word) > stem_letters_min and word[-1] == word[-2] else word


def _numbers(one: Asked) -> frozenset[str]:
    return frozenset(word for word in one.words if any(letter.isdigit() for letter in word))
