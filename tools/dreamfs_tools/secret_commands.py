r"""Passwords on command lines: what a flag is given, such as `mysql -pX`, `sshpass -p X`, `curl -u user:X`.

Here the place says that it is a password, so that a word without a digit counts too. Quotes may be escaped, since commands stand
inside JSON.
"""

from collections.abc import Iterator
from functools import lru_cache

from dreamfs_tools import secret_cookies
from dreamfs_tools.secret_judging import is_password, is_typed
from dreamfs_tools.secret_search import Expression, Found

KIND = "password"

_REDACTED = r"\[redacted: [a-z-]+\]"
WORD = rf"(?:\\*\"(?P<double>[^\"\n]*)\"|\\*'(?P<single>[^'\n]*)'|(?P<bare>(?:{_REDACTED}|[^\s\"'`\\;|&<>()])+))"
"""A word, its content in a group; a quote that is escaped leaves its backslash to `content`."""
ANY_WORD = rf"(?:\\*\"[^\"\n]*\"|\\*'[^'\n]*'|(?:{_REDACTED}|[^\s\"'`;|&<>()])+)"
SUDO = (
    r"\bsudo(?:[ \t]+(?:-[ugphCrtTRD][ \t]+(?:\\*\"\\*\"|\\*''|[^\s\"']+)|-[A-Za-z]+|--[a-z-]+(?:=\S+)?|\w+=\S+))*?"
    r"[ \t]+(?:-[A-Za-z]*S[A-Za-z]*|--stdin)"
)
"""`sudo` with its own options up to the one that makes it read the password from its input."""

_S = r"(?:[ \t]+|\\*[\"'],[ \t]*\\*[\"'])"
"""What stands between two words, also where they are a list: `["mysql", "-pX"]`."""
_IS = rf"(?:{_S}|=)"
_LOGIN = rf"^[\w.-]+(?:{_S}[a-z]+)?{_S}login\b.*?{_S}(?:-p{_S}?|--password{_IS}){WORD}"
_QUOTE = r"\\*[\"']?"
# Which programs, and what of a call to them is a password.
_RULES: tuple[tuple[str, str], ...] = (
    (r"mysql|mysqldump|mysqladmin|mysqlimport|mysqlsh|mariadb|mariadb-dump|mariadb-admin", rf"{_S}-p{WORD}"),
    (r"sshpass", rf"{_S}-p{_S}?{WORD}"),
    (r"redis-cli|valkey-cli", rf"{_S}(?:-a|--pass){_S}{WORD}"),
    (
        r"mongosh|mongo|mongodump|mongorestore|mongoexport|mongoimport|cqlsh",
        rf"{_S}(?:-p{_S}?|--password{_IS}){WORD}",
    ),
    (r"(?:docker|podman|nerdctl|buildah|skopeo|oras|crane|oc|cf|az|helm[ \t]+registry)[ \t]+login", _LOGIN),
    (r"sqlcmd|bcp|osql|ipmitool|mosquitto_pub|mosquitto_sub|zip|unzip", rf"{_S}-P{_S}?{WORD}"),
    (r"ldapsearch|ldapmodify|ldapadd|ldapdelete|ldapwhoami|ldappasswd", rf"{_S}-w{_S}?{WORD}"),
    (r"7z|7za", rf"{_S}-p{WORD}"),
    (r"htpasswd", rf"{_S}-[a-zA-Z]*(?:b[a-zA-Z]*n|n[a-zA-Z]*b)[a-zA-Z]*{_S}{ANY_WORD}{_S}{WORD}"),
    (r"htpasswd", rf"{_S}-[a-mo-zA-Z]*b[a-mo-zA-Z]*{_S}{ANY_WORD}{_S}{ANY_WORD}{_S}{WORD}"),
    (r"openssl|apksigner", rf"{_S}--?[a-z-]*pass(?:in|out)?{_S}{_QUOTE}pass:{WORD}"),
    (r"openssl", rf"{_S}-k{_S}{WORD}"),
    (r"keytool|jarsigner", rf"{_S}-(?:src|dest)?(?:store|key)pass{_S}{WORD}"),
    (r"ssh-keygen", rf"{_S}-[NP]{_S}?{WORD}"),
    (r"net[ \t]+use", rf"(?i){_S}/user:{ANY_WORD}{_S}(?P<bare>[^\s\"'`\\;|&<>()/][^\s\"'`\\;|&<>()]*)"),
    (r"net[ \t]+use", rf"(?i){_S}\\\\+[\w.$\\-]+{_S}{WORD}{_S}/user:"),
    (r"net[ \t]+user", rf"(?i)^net{_S}user{_S}[\w.-]+{_S}{WORD}{_S}/add"),
    (r"cmdkey|xfreerdp|wfreerdp|psexec", rf"(?i){_S}(?:/p(?:ass)?:|-p{_S}){WORD}"),
    (r"nmcli", rf"{_S}password{_S}{WORD}"),
    (r"convertto-securestring", rf"(?i)^[\w-]+{_S}(?:-string{_S})?{WORD}"),
    (r"rabbitmqctl", rf"(?:add_user|change_password|authenticate_user){_S}{ANY_WORD}{_S}{WORD}"),
    (r"twine", rf"{_S}-p{_S}{WORD}"),
    (r"smbclient|rpcclient", rf"{_S}(?:-U{_S}?|--user=){_QUOTE}[\w.\\-]+%{WORD}"),
    (r"lftp", rf"{_S}-u{_S}{_QUOTE}[\w.@-]+,{WORD}"),
    (r"kubectl|oc", rf"{_S}--docker-password={WORD}"),
    (r"wpa_passphrase", rf"^[\w-]+{_S}{ANY_WORD}{_S}{WORD}"),
)
_LITERALS = (r"kubectl|oc", rf"{_S}--from-literal{_IS}{_QUOTE}(?P<key>[\w.-]+)={WORD}")
_PAIRS = (
    r"curl",
    rf"{_S}(?:-u|--user|-U|--proxy-user)(?:=|{_S}?){_QUOTE}(?P<user>[^\s:\"'$\\]+):{WORD}",
)
_JARS = (r"curl", rf"{_S}(?:-b|--cookie)" + _IS + r"(?P<jar>\\*\"[^\"\n]*|\\*'[^'\n]*|\S+)")
_HERE = (r"sudo", rf"{SUDO}\b[^\n|;&<]*<<<[ \t]*{WORD}")
_HERE_DOCUMENT = Expression(
    rf"{SUDO}\b[^\n|;&<]*<<-?[ \t]*{_QUOTE}(?P<mark>\w+){_QUOTE}[ \t]*(?:\n|\\+n)(?P<bare>[^\s\\\"']+)(?:\n|\\+n)(?P<close>\w+)"
)
PROGRAMS = "|".join(dict.fromkeys(programs for programs, _ in (*_RULES, _LITERALS, _PAIRS, _HERE)))
"""The words at which `CommandLines` looks, as an expression."""

_BY_WORD = [
    (Expression(f"^(?:{programs})$", case_sensitive=False), Expression(pattern), kind)
    for kind, (programs, pattern) in (
        *(("flag", rule) for rule in _RULES),
        *(("literal", _LITERALS), ("pair", _PAIRS), ("jar", _JARS), ("here", _HERE)),
    )
]
END = Expression(r"\n|(?:^|[^\\])\\\\?n|;[ \t\\]|[ \t]\|\|?[ \t]|&&")
"""Where a command ends: a line break, also an escaped one, or what joins it to the next."""
# What `--from-literal` gives that is no secret.
_PLAIN_KEY = Expression(
    r"(?:^|[._-])(?:user(?:_?name)?|login|host(?:name)?|port|ur[il]|endpoint|name|db|database|dbname|region|bucket|e?mail|env|mode|type|issuer"
    r"|domain|realm|path|level|namespace|ca\.crt|tls\.crt|client[_-]?id)$",
    case_sensitive=False,
)


class CommandLines:
    """The commands of a text, one after the other; each rule is applied to each command once, however many programs it names."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._stop = -1
        self._done: set[int] = set()

    def given(self, start: int, end: int) -> Iterator[tuple[int, int, str]]:
        """The passwords in what the program whose name stands here is called with."""
        if start >= self._stop:
            found = END.search(self._data, end)
            self._stop = found.end() if found is not None else len(self._data)
            self._done = set()
        for number in _rules(b" ".join(self._data[start:end].lower().split())):
            if number not in self._done:
                self._done.add(number)
                yield from self._by_rule(number, start)

    def _by_rule(self, number: int, start: int) -> Iterator[tuple[int, int, str]]:
        _, pattern, kind = _BY_WORD[number]
        for match in pattern.all(self._data[start : self._stop]):
            if kind == "jar":
                jar = match.span("jar")
                yield from secret_cookies.in_line(self._data, jar[0] + start, jar[1] + start)
                continue
            span = content(match, start)
            if _is_given(kind, match, self._data[span[0] : span[1]]):
                yield *span, KIND
        if kind == "here":
            document = _HERE_DOCUMENT.match(self._data, start)
            if document is not None and document.text("mark") == document.text("close"):
                yield *document.span("bare"), KIND


def content(match: Found, offset: int) -> tuple[int, int]:
    """Where the content of a `WORD` stands, without its quotes."""
    name = next(one for one in ("double", "single", "bare") if match.has(one))
    start, end = match.span(name)
    if name != "bare":
        end = start + len(match.text(name).rstrip(b"\\"))
    return start + offset, end + offset


@lru_cache(256)
def _rules(name: bytes) -> tuple[int, ...]:
    return tuple(number for number, (programs, _, _) in enumerate(_BY_WORD) if programs.fits(name))


def _is_given(kind: str, match: Found, value: bytes) -> bool:
    if kind == "here":
        return is_typed(value)
    if kind == "pair" and (len(value) < 4 or value == match.text("user")):
        return False
    if kind == "literal" and _PLAIN_KEY.fits(match.text("key")):
        return False
    return is_password(value) and not value.startswith(b"-") and not _is_port(value)


def _is_port(value: bytes) -> bool:
    """Whether digits are a port rather than a password: `docker run mysql -p3306:3306`."""
    return value.replace(b":", b"").isdigit() and (b":" in value or len(value) <= 4)
