"""Whether a sentence says how to work, rather than what somebody has, knows or wants this time.

"I don't have the number" and "I don't need insurance" are states of the person who says them, "my card ending in 7334" and "the
order #W2378" are of one case, and a question asks. A way to work is told as an order ("never push to main", "use bun, not npm"), as a
habit of theirs ("we don't use pip here"), or as what was said before ("I said no emojis"). English, and the common forms of
German, Spanish and French.
"""

import re
from collections.abc import Iterable

_BEFORE = (
    r"(?:(?:no|nope|ok|okay|yes|and|but|also|so|then|again|btw|remember|please|just|from now on|in (?:the )?future|next time|going forward"
    r"|nein|bitte|und|aber|ab jetzt|in zukunft|también|por favor|y|pero|non|et|mais|s'il te pla[iî]t|désormais)\b[,:.! ]\s*){0,3}"
)
_CLAUSE = rf"(?:^\W*|[,:;(–—]\s*|\s-\s+){_BEFORE}"
"""Where a clause begins, after what only leads to it."""
_STATE = (
    r"(?:know|knew|mind|unders?t\w*|undersa\w*|remember|recall|have|had|need|think|see|care|believe|like|want|wanna|worry|feel|hear|agree|mean"
    r"|expect|require|exist|seem|matter|wish|get (?:it|why|what|how))\b"
)
"""Verbs of what somebody knows, has or wishes; nobody is told to do that."""
_DONE = r"(?:use|want|commit|push|run|write|edit|touch|change|mock|merge|rebase|squash|install|add|put|keep|do|let|allow|deploy|test|ship|release|skip)"
_NOT = r"(?:do not|don['’]?t|never)"
_GERMAN_ORDER = (
    r"(?:änder\w*|fass\w*|füg\w*|schreib\w*|committe?\w*|push\w*|mach\w*|lösch\w*|installier\w*|start\w*|rühr\w*|erstell\w*|verwend\w*"
    r"|benutz\w*|nutz\w*|nimm|lass\w*)"
)
_SPANISH_VERB = r"(?:us|hag|toqu|cambi|agregu|añad|cre|modifiqu|instal|borr|elimin|olvid|pong|escrib|ejecut|sub|edit|romp|quit|muev|incluy|reinici|confirm)"
_FORBIDS = (
    rf"{_NOT}\s+(?!{_STATE})\w",
    r"stop\s+\w+ing\b",
    r"(?:nie|niemals|keinesfalls|auf keinen fall)\s+\w",
    r"nicht\s(?!verstanden|gefunden|sicher)[^,;]*e[lr]?n\W*$",
    r"(?:\w+\s+)*bitte\b[^,;]*\bnicht\b[^,;]*e[lr]?n\W*$",
    r"keine?n?\s+(?!problem|ahnung|sorge|idee|zeit|lust)\w+(?:\s\w+){0,4}e[lr]?n\W*$",
    rf"{_GERMAN_ORDER}\b[^,;]*\b(?:nicht|nie|niemals|keine?n?)\b",
    r"hör\w*\s+auf\b",
    rf"(?:no|nunca|jamás)\s+{_SPANISH_VERB}(?:as|es|áis|éis|an|en)\b",
    r"deja\s+de\s+\w",
    r"(?:ne\s+|n['’])(?!ai\b|a\b|est\b|as\b|ont\b|avez\b)\w[^,;]*\b(?:pas|jamais|plus)\b",
    r"(?:ne\s+(?:pas|jamais)|arrête[sz]?\s+d|jamais\s+de)\b",
)
"""How a clause begins that forbids something."""
_ORDERS = (
    r"(?:always|avoid|prefer|use|make sure)\s+\w",
    r"keep\s+(?!going|working|doing|trying|it up)\w",
    r"(?:you\s+)?must\s+(?!be\b|have\b)\w",
    rf"we\s+(?:do not|don['’]?t)\s+(?!{_STATE})\w",
    r"we\s+(?:prefer|use)\s+\w",
    rf"(?:we|i)\s+(?:always|never)\s+{_DONE}\b",
    r"i\s+prefer\s+(?!to\b|the\b|my\b|an?\b|this|that)\w",
    r"(?:immer|vermeide\w*|verwend(?:e|et|en sie)|benutz(?:e|t|en sie)|nutz(?:e|t|en sie)|nimm)\s+\w",
    r"(?:siempre|evita|utiliza|usa)\s+\w",
    r"(?:toujours(?!\s+(?:pas|la|le|les|aussi|en)\b)|évite[sz]?|utilise[sz]?)\s+\w",
)
"""How one begins that asks for something, or tells a habit."""
_EACH_TIME = (
    r"always\s+\w",
    rf"we\s+(?:always\s+|never\s+|only\s+)?{_DONE}\s+\w",
    rf"{_DONE}\s[^.?!]*\bbefore\s+(?:you|each|every)\b",
    r"(?:immer|wir\s+(?:verwenden|benutzen|nutzen|nehmen))\s+\w",
    r"(?:siempre|usamos|utilizamos)\s+\w",
    r"(?:toujours|on utilise|nous utilisons)\s+\w",
)
"""How a clause begins that says what is done every time, and not this time only."""
_SAYS_SO = (
    rf"{_CLAUSE}{_DONE}\s[^.?!]*\bbefore\s+(?:you|each|every)\b",
    rf"^\W*(?:no|nope|wrong)[,.!:]\s+(?:please\s+)?{_DONE}\s+\w",
    rf"^\W*{_BEFORE}again[:,]\s+(?!i\b|it\b|the\b|th\w+\b|we\b|what|why|how|not\b)\w",
    r"\bi\s+(?:(?:do not|don['’]?t|never)\s+(?:want|need|like)|(?:would|['’]d)?\s*prefer)\s+(?:it (?:when|if)\s+)?you\b",
    r"\bi\s+don['’]?t\s+want\s+to\s+(?:see|find)\b",
    r"\b(?:can|could|would|will)\s+you\s+(?:please\s+)?(?:stop\s+\w+ing|not|never|always|avoid)\b",
    r"\bi\s+(?:already\s+|have\s+|just\s+)*(?:said|told you|asked you)\b[:,]?\s+(?:that\s+|you\s+|to\s+)*(?:not|no|never|don['’]?t|do not|only|always|use|stop|without|we)\b",
    r"\bwir\s+(?:verwenden|benutzen|nutzen|nehmen|committen|pushen|installieren)\b",
    r"\bich\s+(?:habe?\s+)?(?:doch\s+)?(?:schon\s+)?(?:gesagt|sagte)\b.*\b(?:nicht|nie|keine?n?|immer|nur)\b",
    r"\bich\s+(?:will|möchte)\s+nicht,?\s+dass\s+du\b",
    r"\b(?:usamos|utilizamos)\s+\w",
    r"\bno\s+quiero\s+que\b|\bte\s+dije\s+que\s+(?:no|nunca|siempre)\b",
    r"\b(?:on|nous)\s+(?:(?:n['’]|ne\s+)(?:commit|pouss)|(?:n['’]|ne\s+)?utilis)\w+",
    r"\bje\s+ne\s+veux\s+pas\s+que\s+(?:tu|vous)\b",
)
"""Says it anywhere in a sentence."""
_SAYS_RATHER = (
    r",\s+(?:not|never)\s+(?!mind\b)\w",
    r"\w(?<!\bthere)(?<!\bthat)(?<!\bthis)(?<!\bit)\s+(?:should|must)\s+(?:be|go|stay|never|always|not)\b|\w\s+(?:shouldn|mustn)['’]?t\b",
    r"\b(?:instead of|rather than)\b",
    r"\bsolle?n?\s+(?:immer|nie|nicht)\b|\bdürfen?\s+nicht\b|,\s+nicht\s+\w|\bstatt\b",
    r"\ben\s+(?:vez|lugar)\s+de\b|\bau\s+lieu\s+de\b|\bplutôt\s+que\b",
)
"""Says what is to be and what not, be it of the work or of whoever says it."""


def _one_of(patterns: Iterable[str]) -> str:
    return "|".join(f"(?:{one})" for one in patterns)


_FORBIDDING = re.compile(f"(?i){_CLAUSE}(?:{_one_of(_FORBIDS)})")
_HOW = re.compile(f"(?i){_CLAUSE}(?:{_one_of((*_FORBIDS, *_ORDERS))})|{_one_of(_SAYS_SO)}")
_STANDING = re.compile(f"(?i){_CLAUSE}(?:{_one_of(_EACH_TIME)})")
_RATHER = re.compile(f"(?i){_one_of(_SAYS_RATHER)}")
_OF_THEMSELVES = re.compile(
    r"(?i)\b(?:my|mine|i['’](?:m|ve|d|ll)|i\s+(?!said\b|told\b|ask|say\b|tell\b|request|approve|confirm)\w+"
    r"|meine?[rnms]?|ich\s+(?!sage|sagte|frage)\w+|mis?|quiero|tengo|necesito|creo|mon|mes|j['’]\w+|je\s+(?!demande|dis)\w+)\b"
)
_TAKES_THEIRS = re.compile(
    r"(?i)\b(?:use|keep|make sure|always)\s[^,.;]{0,30}\bmy\b|\b(?:usa|utiliza|utilise[sz]?)\s+(?:mis?|mon|ma|mes)\b"
)
_ASKS = re.compile(r"\?\W*$")
_ASKED_FOR = re.compile(r"(?i)\b(?:can|could|would|will)\s+you\b")
_ONE_CASE = re.compile(
    r"""(?x)
      [$€£]\s?\d | \d\s?(?:[$€£]|(?i:dollars?|euros?|usd|eur)\b)
    | (?<!port\ )(?<!ports\ )(?<![\w.:/\\-])\d{4,}(?!\w|\.\d) | \#\w*\d{3,}
    | \w+_\d{3,}\b | \b[A-Z]{2,}-\d{3,}\b
    | \b(?!(?:ES|UTF|SHA|ISO|RFC|HTTP|BASE|AES|MD|RS|HS|CP|TLS)\d)(?=[A-Z0-9]*\d)(?=[A-Z0-9]*[A-Z])[A-Z0-9]{5,}\b
    | \b(?=[0-9a-f]*\d)(?=[0-9a-f]*[a-f])[0-9a-f]{7,40}\b
    | [\w.+-]+@[\w-]+\.\w
    | \b\d{1,2}(?:st|nd|rd|th)\b | \b\d{4}-\d\d-\d\d\b | \b\d{1,2}[./]\d{1,2}[./]\d{2,4}\b
    | \b(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]*\.?\s\d{1,2}\b
    """
)
"""Amounts, order numbers, account names, days: what is of one case."""


def says_how(sentence: str) -> bool:
    """Whether a sentence says how to work; states, questions and what is of one case do not."""
    if asks_or_is_of_one_case(sentence):
        return False
    return _HOW.search(sentence) is not None or (
        _RATHER.search(sentence) is not None and not _OF_THEMSELVES.search(sentence)
    )


def asks_or_is_of_one_case(sentence: str) -> bool:
    """Whether it is a question, or about what one case has only."""
    if _ASKS.search(sentence) and not _ASKED_FOR.search(sentence):
        return True
    return _ONE_CASE.search(sentence) is not None or _TAKES_THEIRS.search(sentence) is not None


def always(sentence: str) -> bool:
    """Whether it says outright what is to be done each time, or what they always use."""
    return _STANDING.search(sentence) is not None and says_how(sentence)


def forbids(sentence: str) -> bool:
    """Whether it says outright what is not to be done."""
    return _FORBIDDING.search(sentence) is not None and says_how(sentence)
