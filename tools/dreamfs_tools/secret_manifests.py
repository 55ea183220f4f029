"""Kubernetes secrets: in a manifest of kind Secret every value of its data is one, whatever it is called."""

from collections.abc import Iterator

from dreamfs_tools.secret_judging import is_placeholder
from dreamfs_tools.secret_search import Expression

KIND = "kubernetes-secret"
VALUE_BYTES_MIN = 4

_BREAK = r"(?:\n|\\+n)"
_NUMBER = r"(?:[ \t]*\d+(?:→|\t|\\+t))?"
"""As `view` and `cat -n` put it before a line."""
_DIVIDER = Expression(rf"{_BREAK}{_NUMBER}---(?:[ \t]|\n|\\)")
_DATA = Expression(rf"{_BREAK}{_NUMBER}(?P<indent>[ \t]*)(?:string)?[dD]ata:[ \t]*")
_LINE = Expression(
    rf"{_BREAK}{_NUMBER}(?P<indent>[ \t]*)(?P<key>[\w.-]+):[ \t]*\\*[\"']?(?P<value>[^\s\"'\\#]*)[^\n\\]*"
)
_OBJECT = Expression(r"\\*\"(?:string)?[dD]ata\\*\"\s?:\s?\{")
_MEMBER = Expression(r"(?:\s|\\+[nt]|,)*\\*\"(?P<key>[\w.-]+)\\*\"\s?:\s?\\*\"(?P<value>[^\"\\]*)\\*\"")
_PLAIN_KEY = Expression(
    r"(?:^|[._-])(?:user(?:_?name)?|login|host(?:name)?|port|ur[il]|endpoint|name|db|database|dbname|region|bucket|e?mail|env|type|ca\.crt|tls\.crt"
    r"|namespace)$",
    case_sensitive=False,
)


def in_manifest(data: bytes, cue: int, floor: int) -> tuple[list[tuple[int, int, str]], int]:
    """The values of the manifest around `kind: Secret`, and where it ends; nothing before `floor` is read."""
    start = max((match.end() - 1 for match in _DIVIDER.all(data, floor, cue)), default=floor)
    after = _DIVIDER.search(data, cue)
    stop = after.start() if after is not None else len(data)
    return [*_lines(data, start, stop), *_members(data, start, stop)], stop


def _lines(data: bytes, start: int, stop: int) -> Iterator[tuple[int, int, str]]:
    for section in _DATA.all(data, start, stop):
        indent, position = section.end("indent") - section.start("indent"), section.end()
        while (line := _LINE.match(data, position, stop)) is not None:
            if line.end("indent") - line.start("indent") <= indent:
                break
            if _is_secret(line.text("key"), line.text("value")):
                yield *line.span("value"), KIND
            position = line.end()


def _members(data: bytes, start: int, stop: int) -> Iterator[tuple[int, int, str]]:
    for section in _OBJECT.all(data, start, stop):
        position = section.end()
        while (member := _MEMBER.match(data, position, stop)) is not None:
            if _is_secret(member.text("key"), member.text("value")):
                yield *member.span("value"), KIND
            position = member.end()


def _is_secret(key: bytes, value: bytes) -> bool:
    return (
        len(value) >= VALUE_BYTES_MIN
        and not is_placeholder(value)
        and value[:1] not in (b"[", b"<", b"|", b">")
        and not _PLAIN_KEY.fits(key)
    )
