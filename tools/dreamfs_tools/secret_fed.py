r"""Passwords that are fed to a program that asks for one: `echo X | sudo -S …`, `expect "*assword:" { send "X\r" }`.

Whatever stands there is the password, however short.
"""

from collections.abc import Iterator

from dreamfs_tools.secret_commands import ANY_WORD, END, KIND, SUDO, WORD, content
from dreamfs_tools.secret_judging import is_password, is_typed
from dreamfs_tools.secret_search import Expression

BACK_BYTES = 400
"""How far before a pipe its `echo` may stand, and before a `send` what it answers."""
EATER_BYTES = 1_000
"""How much of the command behind a pipe is looked at."""

EATERS = (
    r"(?:/[\w/.-]*/)?(?:sudo|su|passwd|chpasswd|kinit|cryptsetup|smbpasswd|vncpasswd|docker|podman|nerdctl|helm|oras|crane|skopeo|gh|glab|gpg2?|openssl|wrangler"
    r"|npx|vercel|az|ssh|kubectl|oc|ansible-vault|timeout|env|nohup|time|command|stdbuf|setsid|script|bash|sh|nix-shell|nix|toolbox|distrobox|wsl|adb|lxc|vagrant|chroot)"
)
"""The words behind a pipe at which `fed` looks, as an expression."""

_ASKS = Expression(
    rf"{SUDO}(?:[\s\"'\\`);]|$)|^(?:\S*/)?su(?:[ \t]|$)|^(?:\S*/)?(?:passwd|smbpasswd|kinit|cryptsetup|vncpasswd)\b"
)
_READS = Expression(
    r"--password-stdin|--with-token|--passphrase-fd[= ]0|-pass(?:in)?[ \t]+stdin|\b(?:secret|env)[ \t]+(?:put|set|add)\b"
    r"|ansible-vault[ \t]+encrypt"
)
_READS_LOGINS = Expression(r"\bchpasswd\b")
_ECHO = Expression(
    rf"(?:\b|\\[nrt])(?P<program>echo|printf|yes)(?P<words>(?:[ \t]+{ANY_WORD})+)[ \t]*(?:[12]?[<>][ \t]*/dev/null[ \t]*|2>&1[ \t]*)*"
    r"(?:;[^|\n]*[)}][ \t]*)?$"  # `(echo X; cat file) | sudo -S …`
)
_WORDS = Expression(WORD)
_OPTION = Expression(r"^-[neE]+$")
_LINE_END = Expression(r"(?:\\+[nr])+$")
# `"*assword:"` and what may stand between it and the answer.
_ASKED = Expression(
    r"(?:assword|assphrase)[:*.? \w()\[\]]{0,20}\\*[\"'})](?:,\s?timeout=\d+)?(?:[\s{}();,+-]|\\+[nrt]|\d+→|[A-Za-z_]+\.)*$",
    case_sensitive=False,
)
_SENT = Expression(r"(?P<bare>[^\"\s]*?)(?P<enter>\\+[rn]|\n)?\\*[\"']")


def fed(data: bytes, pipe: int, start: int) -> Iterator[tuple[int, int, str]]:
    """The words that `echo` or `printf` feeds through the pipe here to the program behind it, if that reads a password."""
    found = END.search(data, start, start + EATER_BYTES)
    eater = data[start : found.start() if found is not None else start + EATER_BYTES].split(b"|", 1)[0]
    are_logins = _READS_LOGINS.fits(eater)
    asks = are_logins or _ASKS.fits(eater)
    if not asks and not _READS.fits(eater):
        return
    offset = max(0, pipe - BACK_BYTES)
    echo = _ECHO.search(data[offset:pipe])
    if echo is None:
        return
    offset += echo.start("words")
    words = [content(match, offset) for match in _WORDS.all(echo.text("words"))]
    while words and _OPTION.fits(data[slice(*words[0])]):
        del words[0]
    if echo.text("program") == b"printf" and len(words) > 1 and b"%" in data[slice(*words[0])]:
        del words[0]  # the format
    for first, last in words:
        line_end = _LINE_END.search(data[first:last])
        end = last if line_end is None else first + line_end.start()
        begin = first + (data[first:end].find(b":") + 1 if are_logins else 0)
        if is_typed(data[first:end]) and (is_typed if asks else is_password)(data[begin:end]):
            yield begin, end, KIND


def sent(data: bytes, start: int, typed: int, *, is_line: bool) -> Iterator[tuple[int, int, str]]:
    """What a script types where it was asked for a password.

    Args:
        data: the text.
        start: where `send` stands.
        typed: where what it sends begins, behind the quote.
        is_line: whether it adds the line's end itself; else what is typed has to have one.
    """
    match = _SENT.match(data, typed)
    if match is None or not (is_line or match.has("enter")) or not is_typed(match.text("bare")):
        return
    before = data[max(0, start - BACK_BYTES) : start]
    if _ASKED.fits(before.replace(b"password]", b"]")):  # not of one that was redacted
        yield *match.span("bare"), KIND
