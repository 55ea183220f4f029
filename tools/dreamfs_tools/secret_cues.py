r"""What stands before secrets, as one RE2 expression: each alternative is short, and one of its groups says which it is.

The groups are read by `secret_values`. Texts stand inside JSON, so that a quote may be escaped (`\\*"`), and a line break may be
the two characters `\n`, whose letter hides the beginning of a word.
"""

from dreamfs_tools.secret_commands import PROGRAMS
from dreamfs_tools.secret_fed import EATERS
from dreamfs_tools.secret_patterns import KEY_WORDS, PASSWORDS_ELSEWHERE, SHORT_WORDS
from dreamfs_tools.secret_search import Expression

STOP = r"\s\"'`\\,;<>(){}\[\]，。；、：（）「」『』《》“”‘’"
"""What ends a value without quotes, as a class of characters."""

_BEGIN = r"(?:\b|\\[nrt])"
_QUOTE = r"\\*[\"']"
_BLANK = r"(?:\s|\x{a0}|\x{202f})"
_TAB = r"(?:\t|\\+t)"
# A line break, and what `view` or `cat -n` puts before the next line.
_LINE = r"(?:\n|\\+n)[ \t]*(?:\d+(?:→|\t|\\+t))?[ \t]*"
# A name and its value apart: XML, `<add key="…" value="…">`, lists of names and values in JSON or YAML.
_APART = (
    rf">|{_QUOTE}\s{{1,3}}value\s?=\s?|{_QUOTE}\s?,\s{{0,4}}(?:{_LINE})?{_QUOTE}value{_QUOTE}\s?:\s?"
    rf"|(?:{_QUOTE})?{_LINE}value:\s?|(?P<listed>{_QUOTE}\s?,\s{{0,4}})"
)
_VALUE = rf"(?:(?P<quote>(?:[bru]|\\+)?[\"'`])(?P<quoted>[^\s\"'`\\]{{4}})|(?P<value>[^{STOP}]{{4}}))"

_NAMED = (
    rf"(?P<name>{KEY_WORDS}(?:[_-][A-Za-z0-9_-]{{1,24}}|\d{{1,3}})?|{SHORT_WORDS})"
    rf"(?:\\*[\"'`]?\]?\*{{0,2}}\s{{0,4}}(?P<sign>:=|=>|==?|:|：)\*{{0,2}}\s{{0,4}}|(?P<apart>{_APART})|(?P<gap>\s{{1,2}}|{_LINE})){_VALUE}"
)
_NAMED_ELSEWHERE = (
    rf"(?P<elsewhere>{PASSWORDS_ELSEWHERE})\\*[\"'`]?{_BLANK}{{0,2}}[:=：]\*{{0,2}}{_BLANK}{{0,4}}(?P<opening>\\*[\"'`])?"
    rf"(?P<spoken>[^{STOP}]{{6}})"
)
_AUTHORIZATION = (
    r"(?:(?P<header>authorization)\\*[\"']?\s{0,3}[:=]\s{0,3}\\*[\"']?(?:(?P<scheme>bearer|basic|token|apikey)\s{1,3})?"
    r"|bearer\s{1,3})(?P<credential>[A-Za-z0-9._~+/=-]{8})"
)

_IN_PROSE = (
    r"(?P<told>pass(?:word|phrase|code)|passwort|passwd|pw)"
    r"(?P<says>\*{0,2}:|(?:\sfor\s[\w@.-]{1,40})?\s(?:is|was|ist|lautet)(?:\sset\sto|\snow)?:?)?\s\*{0,2}(?P<hold>\\*[\"'`]|\()?"
    rf"(?P<saying>[^{STOP}])"
)

CUES = (
    _NAMED,  # password = …, "token": …, --secret …, export X_KEY=…
    _NAMED_ELSEWHERE,  # Passwort: …, mot de passe : …, パスワード：…
    _IN_PROSE,  # the password is …
    _AUTHORIZATION,  # Authorization: Bearer …
    # postgres://user:…@
    r"[a-z0-9]://(?P<user>[^\s:/@\"'`<>,()]*):(?P<password>[^\s/@\"'`<>,()]{3,})@[A-Za-z0-9\[$]",
    rf"{_BEGIN}(?P<program>{PROGRAMS})\b[^\n,;:)\]}}]",
    rf"[|,]\s{{0,3}}(?P<eater>{EATERS})\b",
    rf"{_BEGIN}(?P<send>send(?:(?P<sendline>line)|[ \t]))[ \t]{{0,2}}\(?(?:--[ \t])?[bru]?{_QUOTE}(?P<typed>[^\s\"'\\])",
    rf"(?P<cookie>cookies?)(?:\\*[\"']?\s{{0,3}}[:=]|{_QUOTE},\s{{0,4}}{_QUOTE}value{_QUOTE}\s?:)",
    # A cookie jar as curl keeps it.
    rf"(?:TRUE|FALSE){_TAB}\d{{1,12}}{_TAB}(?P<jar>[A-Za-z0-9_.$%-]+){_TAB}(?P<kept>[^\s\\\"']+)",
    # …&sig=…, X-Amz-Signature=…
    rf"(?:(?:[?&;]|u0026|%26)(?:sig|signature)|{_BEGIN}x-(?:amz|goog)-signature)(?:=|%3D)(?P<signature>[A-Za-z0-9%+/_=.~-]{{20}})",
    # "auth": … of Docker, _auth=… of npm
    rf"(?:{_BEGIN}auth{_QUOTE}\s?:\s{{0,3}}{_QUOTE}|\b_auth\s?=\s?[\"']?)(?P<login>[A-Za-z0-9+/=_-]{{8}})",
    # host:5432:database:user:… of PostgreSQL
    r":(?:54\d\d|6432|\*):(?:[A-Za-z_][A-Za-z0-9_-]*|\*):(?:[A-Za-z_][A-Za-z0-9_.-]*|\*):(?P<pgpass>[^\s:\"'`\\]{3})",
    # CREATE USER … IDENTIFIED BY '…'
    rf"identified\s{{1,2}}(?:with\s\S+\s)?by\s{{1,2}}(?:password\s)?{_QUOTE}(?P<identified>[^\s\"'\\]{{3}})",
    # kind: Secret
    rf"{_BEGIN}kind\\*[\"']?\s?:\s{{0,2}}\\*[\"']?(?P<manifest>secret)\b",
)
CUE = Expression("|".join(f"(?:{cue})" for cue in CUES), case_sensitive=False)
