"""How people say what it was, and what ended it: the forms, and where the finding begins and ends in a sentence.

A *sure* form says that it is the cause ("root cause: …", "caused by …"). "It was the …" and "due to …" may mean anything; in a thread
about an incident they mostly mean the cause, and count for less than a sure form.
"""

import re
from collections.abc import Iterator
from typing import Literal

from dreamfs_server.dream.evidence.memories.statements import is_identifier, telling
from dreamfs_server.dream.evidence.said import is_within_quotes

Topic = Literal["cause", "fix"]
value_words_max = 12
_CLAUSE_WORDS_MIN = 2
"""Telling words of a clause that says something by itself."""
FILLERS = frozenset(
    """
    by of on in to for with from at and or had has have got again all too our their some one when while after s
    der die das den dem des ein eine einen einem einer am im vom von zum zur wieder mal erneut
    le la les l un une du de des au aux encore el los las una del al otra vez il lo gli i uno nuovo ancora
    o os um uma do da no na het een weer opnieuw
    """.split()  # noqa: SIM905
)
"""Words without which a phrase says the same."""
_ROOT = r"(?:root cause|grundursache|hauptursache|cause (?:racine|principale|première)|causa (?:ra[ií]z|principal|principale|radice)|(?:grond|hoofd)oorzaak)"
_NAMES = r"(?:cause|culprit|ursache|auslöser|grund|schuld|causa|culpable|motivo|coupable|colpevole|oorzaak|boosdoener)"
_WAS = r"(?:was|is|war|ist|waren|sind|était|est|étaient|fue|era|es|eran|foi|é|sono|is|waren)"
_AGAIN = r"(?:actually |really |always |again |in fact |once more |just |simply |wieder |mal wieder |erneut |encore |de nouveau |otra vez |de nuevo |de novo |ancora |weer )"
_SURE = (
    re.compile(
        rf"(?i)\b{_ROOT}(?: (?:of|for|behind|von|der|des|de|du|del|di|van) [^:：]{{1,60}}?)?(?: (?:{_WAS}|turned out to be))?(?: (?:found|confirmed|identified)(?:, it was)?)?\s*[:：=-]?\s+(?!analysis\b|unknown\b|unclear\b|tbd\b|still\b|pending\b)(?:that |que |dass )?(?P<v>.+)"
    ),
    re.compile(
        rf"(?i)(?:\b(?:been|it's|{_WAS}))?\s?{_AGAIN}?(?:caused by|verursacht durch|causée?s? par|causad[oa]s? por|provocad[oa]s? por|causat[oai] da|veroorzaakt door) (?P<v>.+)"
    ),
    re.compile(
        r"(?i)\b(?:the |real |actual )*(?:cause|culprit|reason)(?: (?:of|for|behind) [^:.,;]{1,60}?)? (?:was|is|turned out to be)\s*:?\s+(?P<v>.+)"
    ),
    re.compile(
        rf"(?i)(?:^|[.:;,()—–-])\W*(?:(?:the|so|and|ok|okay|final|main|same|real|actual|underlying|la|le|die|il|de)\W+)*{_NAMES}(?: (?:again|as [^:]{{1,30}}))?\s*[:：=]\s*(?P<v>.+)"
    ),
    re.compile(rf"(?i)\b{_NAMES} {_WAS}\s*:?\s+{_AGAIN}*(?P<v>.+)"),
    re.compile(r"(?i)\bturned out (?:to be|it was|that it was)\s+(?P<v>.+)"),
    re.compile(r"(?i)\b(?:it|this|that) (?:was|is) (?:actually|really|in fact|in the end|after all)\s+(?P<v>.+)"),
    re.compile(rf"(?i)\bes lag {_AGAIN}*(?:am|an (?:der|dem|den|einem|einer)|an)\s+(?P<v>.+)"),
    re.compile(r"(?:原因|根本原因)\s*[:：]\s*(?P<v>.+)"),
)
_NO_CAUSE = r"(?!(?:right|wrong|first|second|third|last|same|only|best|worst|other|next|case|plan|idea|time|moment|point|day|night|weekend|morning|usual|one|end|beginning|start|weather|customers?|whole|most|least|latter|former|way|hope|goal|intention)\b)"
_THING = rf"(?:(?:the|our|[^\W\d_]+['’]s)\s+{_NO_CAUSE}|(?=\S*\w[-_.]?\d|\S+[-_]\S)(?!\d))"
"""How the name of a thing begins: `the relay`, `ana's script`, `prod-db`; not an amount."""
_WEAK = (
    re.compile(rf"(?i)(?:^|[.,;:] ?|—|\b(?:and|yes|yep|ok) )\s*(?:it|this|that) was {_AGAIN}*(?P<v>{_THING}\S.*)"),
    re.compile(
        rf"(?i)(?:^|\b(?:is|was|are|were)\s){_AGAIN}?(?:due to|because of|down to|wegen|à cause d[eu]|dû à|en raison d[eu]|debido a|por culpa de|devido a|por causa d[eoa]|a causa di|dovuto a)\s+(?P<v>(?:{_THING}|(?:der|des|dem|le|la|les|l['’]|el|los|las|il|lo|gli|o|os|as)\s)\S.*)"
    ),
    re.compile(r"(?i)^\W*confirmed\s*[:,—–-]\s*(?:it (?:was|is) |that (?:it was )?)?(?P<v>\S.+)"),
    re.compile(rf"(?i)^\W*es war(?:en)? {_AGAIN}*(?P<v>(?:der|die|das|unsere?)\s\S.*)"),
    re.compile(rf"(?i)^\W*c['’]était {_AGAIN}*(?P<v>(?:le|la|les|l['’]|notre)\s?\S.*)"),
    re.compile(
        rf"(?i)^\W*(?:fue|era|foi|è stat[oa]|het was|het lag aan) {_AGAIN}*(?P<v>(?:el|la|los|las|o|a|os|as|il|lo|de|het)\s\S.*)"
    ),
)
_ENDED = r"(?:fix|resolution|mitigation|remedy|solution|lösung|behebung|abhilfe|résolution|solución|solução|soluzione|oplossing)"
_FIXES = (
    re.compile(
        r"(?i)\b(?:fixed|resolved|mitigated|solved|cleared|cured|behoben|gelöst|résolue?|resuelt[oa]|resolvid[oa]|risolt[oa]|opgelost)(?: it| this| that)? (?:by|with|after|durch|mit|par|con|com|door)\s+(?P<v>.+)"
    ),
    re.compile(rf"(?i)^\W*(?:the )?{_ENDED}(?: was\s*:?\s+|\s*[:：=]\s*)(?P<v>.+)"),
    re.compile(r"(?i)\bwhat (?:helped|fixed it|resolved it)(?: was|\s*[:：])\s*(?P<v>.+)"),
    re.compile(r"(?i)^(?P<v>[^,;:]{6,90}?) (?:fixed|resolved|solved|cleared|cured) (?:it|this|that)\b"),
    re.compile(
        r"(?i)^(?!.*\b(?:not|no|never|nothing|\w+n['’]?t)\b)(?P<v>[^,;:]{6,90}?) (?:worked|helped|did the trick)(?: again| too)?\W*$"
    ),
)
_LABEL = re.compile(
    rf"(?i)^\W*(?:(?:the|la|le|die|il|de)\s)?(?:{_ROOT}|{_NAMES}|{_ENDED}|what (?:helped|fixed it|resolved it))\b[^:：=]{{0,40}}[:：=]"
)
_HEADING = re.compile(
    rf"(?i)^\W*(?:(?P<cause>(?:root )?causes?|{_ROOT}|ursachen?|causas?|oorzaak)|(?P<fix>resolution|mitigation|fix|remedy|solution|lösung|behebung|résolution|solución))\W*$"
)
_CUT = re.compile(
    r"[;(\n]|, (?:not|and not|so|which|but|nothing|which|weil|da|der|die|das|qui|que|che)\b|\. |\bnot (?:the|a|because|by)\b| -- | — "
)
_ASIDE = re.compile(r",\s+(?!.*(?:\band\b|\bor\b|&))")
"""What follows a finding after a comma; `x, y and z` are three things."""
_MARKS = re.compile(r"[`\"“”*]|(?<!\w)_+|_+(?!\w)")
"""Marks around words. `LOG_LEVEL` is a name."""
_OUR_TASK = re.compile(
    r"(?i)[\s,;.—–-]*(?:\b(?:so|and|which|that|but|therefore)\s+)*\b(?:(?:we|i)\s+(?:\w+ly\s+|still\s+|also\s+)?(?:should|must|(?:need|have|ought)\s+to)|wir\s+(?:sollten|müssen)"
    r"|(?:nous\s+dev(?:ons|rions)|on\s+d(?:oit|evrait))|(?:debemos|deberíamos|tenemos\s+que|devemos|dobbiamo)|we\s+(?:moeten|zouden))\b"
)
_DENIED = re.compile(r"(?i)\b(?:not|wasn't|isn't|weren't|never|no|nicht|kein)\b[^,;]{0,12}$")


def heading(text: str) -> Topic | None:
    """What a heading says that the next paragraph is."""
    found = _HEADING.match(text)
    return None if found is None else "cause" if found["cause"] else "fix"


def is_labelled(text: str) -> bool:
    """Whether a sentence begins by saying that it names the cause, or what ended it."""
    return _LABEL.match(text) is not None


def told(text: str, *, in_thread: bool) -> Iterator[tuple[Topic, str, bool]]:
    """What a sentence says it was, or what ended it: topic, the words to the end of the sentence, and whether the form is sure.

    Args:
        text: a sentence.
        in_thread: somebody says it in a thread of several people, where "it was the …" answers what everybody asks.
    """
    forms: tuple[tuple[Topic, tuple[re.Pattern[str], ...], bool], ...] = (
        ("cause", _SURE, True),
        ("cause", _WEAK if in_thread else (), False),
        ("fix", _FIXES, True),
    )
    done: set[Topic] = set()
    for topic, patterns, sure in forms:
        for pattern in patterns if topic not in done else ():
            found = pattern.search(text)
            if (
                found
                and not _DENIED.search(text[: found.start()])
                and not re.match(r"(?i)\s*(?:not|nicht|never)\b", found["v"])
                and not is_within_quotes(text, found.start("v"))
            ):
                done.add(topic)
                yield topic, found["v"], sure
                break


def value_of(text: str) -> str:
    """The first clause, without quotes and code marks."""
    text = _CUT.split(text.strip(), maxsplit=1)[0]
    first = _ASIDE.split(text, maxsplit=1)[0]
    words = frozenset(telling(first)) - FILLERS
    if len(words) >= _CLAUSE_WORDS_MIN or any(map(is_identifier, words)):
        text = first
    return " ".join(_MARKS.sub("", text).strip(" .,:!-").split()[:value_words_max])


def before_our_task(text: str) -> str:
    """A sentence up to what those who speak have to do about it: `…, so we should renew it earlier`."""
    found = _OUR_TASK.search(text)
    return text if found is None else text[: found.start()]
