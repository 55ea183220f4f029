"""What a sentence says something is, or what it comes from: relation, subject and value.

Read are causes, owners, and values that are hard (a port, a host, a version, a name), in the forms that people and memories have
them. A value *fits* another one that looks like it: where a memory names a port, a port contradicts it, and no clause does.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from dreamfs_server.dream.evidence.guard import may_tell
from dreamfs_server.dream.evidence.memories.statements import is_identifier, is_value, telling

_BY = r"(?:is|are|was|were|gets?|got|comes?|came)?\s*(?:always |usually |mostly |again |actually |really )?(?:caused by|due to|because of|down to)"
_CAUSE = (
    re.compile(
        r"(?i)^.{0,30}?\b(?:cause|reason) (?:of|for|behind) (?P<s>[^:]+?)(?: (?:is|was|are|were)\b\s*:?|\s*:)\s+(?P<v>.+)$"
    ),
    re.compile(
        r"(?i)^(?P<s>[^:]{3,80}?)\s*(?::|—|–|\s-\s)\s*(?:(?:the|root|real|usual|main|known)\s+)*cause(?:\s+(?:is|was)\b\s*:?|\s*:)\s+(?P<v>.+)$"
    ),
    re.compile(
        r"(?i)^(?P<v>.+?) (?:is|are|was|were) (?:(?:usually|always|mostly|again|actually|really) )?(?:to blame|responsible|at fault|the (?:root |real |usual )?(?:cause|culprit|reason)) (?:for|of|behind) (?P<s>.+)$"
    ),
    re.compile(rf"(?i)^(?P<s>.+?)\s+{_BY}\s+(?P<v>.+)$"),
    re.compile(r"(?i)^(?P<v>.+?) (?:causes|caused|triggers|triggered|broke|breaks) (?P<s>.+)$"),
)
_OWNER = (
    re.compile(
        r"(?i)^(?:.{0,30}?\b)?(?:the )?owners? of (?P<s>[^:]+?)(?:\s+(?:is|are|was)(?: now| still)?|\s*:)\s+(?P<v>\S.*)$"
    ),
    re.compile(
        r"(?i)^(?P<s>.+?)(?:['’]s owner(?: is| was)?(?: now| still)?|\s+(?:(?:is|are|was) )?(?:now |still )?(?:owned|maintained) by|\s+(?:now )?belongs to|\s+owner(?:\s+is(?: now)?|\s*:))\s+(?P<v>\S.*)$"
    ),
)
_VALUE = re.compile(
    r"(?i)^(?P<s>.+?)\s+(?:(?:now |still )?(?:listens|runs|lives|sits|is hosted|is reachable|answers|is deployed)\s+(?:on|at|in)"
    r"|(?:now |still )?(?:runs|is running|uses|is on|is at)(?=\s+(?:version |v)?\d+(?:\.\d+)+)"
    r"|(?:is )?(?:now |still )?pinned to|points to|moved to|was moved to|is now|uses|is|was changed to|changed to|=|:)\s+(?:the )?(?:port |host |version |team |on |at )*(?P<v>\S.*)$"
)
_LABELLED = re.compile(r"^(?P<s>[^:=]{3,60})[:=]\s+(?:port |host |version )?(?P<v>\S.*)$")
_CLAUSE = re.compile(r"[;(]|, (?:not|and|so|which|but)\b|\. | — ")
_OWNER_ENDS = re.compile(r"(?i)[,;(]|\. |\s(?:now|since|as of|from|until|instead|again|and not|not|after)\b| — ")
_OWNER_NAME = re.compile(r"(?i)^(?:@?[\w&.'’-]{1,30})(?: [\w&.'’-]{1,30}){0,2}$")
_NO_NAME = re.compile(
    r"(?i)\b(?:who(?:ever)?|whom|that|which|any(?:one|body)|every(?:one|body)|no(?:body| one)|those|them|runs?|reads?|does|is|are|must|should|agents?|assistants?|bots?)\b|\.\w{1,4}$|/"
)
_COMMON = frozenset(
    [
        "issue",
        "problem",
        "incident",
        "outage",
        "error",
        "alert",
        "failure",
        "failures",
        "incidents",
        "problems",
        "errors",
        "alerts",
        "happens",
        "happened",
        "again",
        "when",
        "every",
    ]
)


@dataclass(frozen=True, slots=True)
class Said:
    """What a sentence says something is, or what it comes from."""

    relation: str
    subject: frozenset[str]
    value: frozenset[str]
    named: str
    """The value in the sentence's own words."""


def read(text: str) -> Iterator[Said]:
    """Relation, subject and value of a sentence."""
    for pattern in _CAUSE:
        if found := pattern.match(text):
            named = first_clause(found["v"])
            subject, value = words(found["s"]) - _COMMON or words(found["s"]), words(named)
            if subject and value and len(subject) <= 12 and not re.search(r"(?i)\bnot\s*$", found["s"]):
                yield Said("cause", subject, value, named)
                return
    for pattern in _OWNER:
        if found := pattern.match(text):
            named = re.sub(r"(?i)^(?:the )?(?:team )?", "", _OWNER_ENDS.split(found["v"])[0]).strip(' .`"“”*')
            subject, value = words(found["s"]), words(named)
            if subject and value and len(subject) <= 8:
                yield Said("owner", subject, value, named)
            return
    found = _VALUE.match(text) or _LABELLED.match(text)
    if found:
        named = " ".join(first_clause(found["v"]).split()[:4])
        subject = words(found["s"])
        hard = frozenset(word for word in words(named) if is_value(word) or is_identifier(word))
        if found.re is _LABELLED and not any(map(is_identifier, subject)):
            return
        if subject and len(subject) <= 8 and hard:
            yield Said("value", subject, hard, " ".join(word for word in telling(named) if word in hard))


def fits(relation: str, held: frozenset[str], said: str) -> bool:
    """Whether what is said looks like what is held, and may be told: a name for a name, a number for a number."""
    if relation == "cause":
        return may_tell(said, "cause")
    if relation == "owner":
        return _OWNER_NAME.match(said) is not None and not _NO_NAME.search(said) and may_tell(said, "value")
    return {*map(_kind, held)} == {*map(_kind, telling(said))} and may_tell(said, "value")


def first_clause(text: str) -> str:
    """Its words up to where another thing is said."""
    return _CLAUSE.split(text)[0].strip(' .`"“”')


def words(text: str) -> frozenset[str]:
    """The telling words of a text."""
    return frozenset(telling(text))


def _kind(word: str) -> str:
    if re.fullmatch(r"v?\d+(?:\.\d+)+[\w.+-]*", word):
        return "version"
    if is_value(word):
        return "path" if "/" in word else "number"
    return "name"
