"""A memory taken apart as Markdown: its title, and blocks of what it says below their headings.

How a text is laid out says nothing; where it stands does. So wrapped lines become one piece again, and each block keeps the
headings, the list entry and the sentence with a colon under which it stands. Code stays line for line.
"""

import re
from dataclasses import dataclass, field
from typing import Literal

Kind = Literal["front", "heading", "paragraph", "list", "steps", "quote", "table", "code"]

_FENCE = re.compile(r"^(\s*)(`{3,}|~{3,})\s*([^`]*)$")
_HEADING = re.compile(r"^ {0,3}#{1,6}(?!#)(?:\s+(.*?))?(?:\s+#+)?\s*$")
_UNDERLINE = re.compile(r"^ {0,3}(=+|-{2,})\s*$")
_RULE = re.compile(r"^ {0,3}([-*_])(?:[ \t]*\1){2,}\s*$")
_ITEM = re.compile(r"^([ \t]*)([-*+•]|\d{1,9}[.)])(?:[ \t]+(.*))?$")
_LABEL = re.compile(r"^\s{0,3}(?:\*\*|__)([^*_]+?):?(?:\*\*|__):?$")
_LABEL_WORDS_MAX = 5
_SEPARATOR = re.compile(r"^\|?[\s:|-]*-[\s:|-]*$")
_FRONT = re.compile(r"\A---[ \t]*\r?\n(.*?)^---[ \t]*\r?$\n?", re.MULTILINE | re.DOTALL)


@dataclass(slots=True)
class Piece:
    """A paragraph, a list's entry, a row or a block of code."""

    text: str
    start: int
    end: int
    """Offsets of its lines in the memory, without the last break."""
    parent: bool = False
    """Something stands below it."""


@dataclass(slots=True)
class Block:
    """Pieces of one kind that stand together."""

    kind: Kind
    under: tuple[str, ...]
    """The headings below the title, and what else it stands under, outermost first."""
    pieces: list[Piece] = field(default_factory=list[Piece])
    head: str = ""
    """A table's first row; the language of code."""


@dataclass(slots=True)
class Page:
    """What a memory says."""

    title: str
    blocks: list[Block]


@dataclass(slots=True)
class _Level:
    """An open list."""

    indent: int
    block: Block


def page(text: str) -> Page:
    """A memory's title and blocks. The first heading is its title if nothing stands before it."""
    return _Reader().read(text)


class _Reader:
    """Reads line by line; what is open is what the next line may belong to."""

    def __init__(self) -> None:
        self.title = ""
        self.blocks: list[Block] = []
        self.headings: list[tuple[int, str]] = []
        self.paths: list[tuple[str, ...]] = []
        self.levels: list[_Level] = []
        self.open: Piece | None = None
        """The piece that a plain line goes on with."""
        self.blank = True
        self.intro = ""

    def read(self, text: str) -> Page:
        at = self._front(text)
        lines = text[at:].split("\n")
        number = 0
        while number < len(lines):
            used = self._line(lines, number, at)
            at += sum(len(line) + 1 for line in lines[number : number + used])
            number += used
        return Page(self.title, [*(block for block in self.blocks if block.pieces), *self._bare_headings()])

    def _bare_headings(self) -> list[Block]:
        """Headings with nothing below them."""
        filled = {block.under[:depth] for block in self.blocks for depth in range(1, len(block.under) + 1)}
        filled |= {path[:-1] for path in self.paths}
        return [Block("heading", path[:-1], [Piece(path[-1], 0, 0)]) for path in self.paths if path not in filled]

    def _front(self, text: str) -> int:
        """Front matter: each line by itself, or as a whole where lines belong together."""
        found = _FRONT.match(text)
        if found is None:
            return 0
        at = found.start(1)
        pieces: list[Piece] = []
        for line in found[1].split("\n"):
            if line.strip():
                pieces.append(Piece(line.strip(), at, at + len(line)))
            at += len(line) + 1
        if any(not re.match(r"[\w-]+:", line) for line in found[1].split("\n") if line.strip()):
            pieces = [Piece(found[1].replace("\r", "").strip(), *found.span(1))]
        self.blocks.append(Block("front", (), pieces))
        return found.end()

    def _line(self, lines: list[str], number: int, at: int) -> int:
        """Read one line, or all lines of a block of code; how many they are."""
        line = lines[number].rstrip().expandtabs(4)
        end = at + len(lines[number])
        if not line.strip():
            self.blank = True
            return 1
        if found := _FENCE.match(line):
            return self._fence(lines, number, at, found)
        indent = len(line) - len(line.lstrip())
        if self.blank and not self.levels and indent >= 4:
            return self._indented(lines, number, at)
        if found := _HEADING.match(line):
            self._heading(line.lstrip().index(" ") if found[1] else len(line.strip()), found[1] or "")
        elif (
            self.blank
            and (not self.levels or indent == 0)
            and (found := _LABEL.match(line))
            and self._labels(found[1], lines[number + 1 : number + 2])
        ):
            self._heading(7, found[1])
        elif self._underlined(line):
            pass
        elif _RULE.match(line):
            self._close()
        elif line.lstrip().startswith(">"):
            self._quote(line, indent, at, end)
        elif line.lstrip().startswith("|") and line.count("|") > 1:
            self._row(line, indent, at, end)
        elif (found := _ITEM.match(line)) and self._begins(found):
            self._item(found, at, end)
        else:
            self._plain(line.strip(), indent, at, end)
        self.blank = False
        return 1

    def _begins(self, found: re.Match[str]) -> bool:
        """A wrapped line may begin with a number and a full stop; only the first of a list's can end a paragraph."""
        number = found[2][:-1]
        if self.blank or self.open is None or not number or number == "1":
            return True
        return any(one.block.kind == "steps" and abs(len(found[1]) - one.indent) < 2 for one in self.levels)

    def _labels(self, text: str, following: list[str]) -> bool:
        """Whether a line in bold by itself heads what follows; never the first one, which might be the title."""
        alone = not following or not following[0].strip() or _ITEM.match(following[0].rstrip())
        first = not (self.blocks or self.title)
        return bool(alone) and not first and len(text.split()) <= _LABEL_WORDS_MAX and text[-1] not in ".!?"

    def _heading(self, level: int, text: str) -> None:
        self._close()
        if not self.title and not self.headings and all(block.kind == "front" for block in self.blocks):
            self.title = text
            return
        while self.headings and self.headings[-1][0] >= level:
            self.headings.pop()
        self.headings.append((level, text))
        self.paths.append(tuple(text for _, text in self.headings))

    def _underlined(self, line: str) -> bool:
        found = _UNDERLINE.match(line)
        if found is None or self.blank or self.levels or self.open is None or self.blocks[-1].kind != "paragraph":
            return False
        text = self.open.text
        self.blocks.pop()
        self._heading(1 if found[1][0] == "=" else 2, text)
        return True

    def _close(self) -> None:
        self.levels, self.open, self.intro = [], None, ""

    def _under(self, indent: int) -> tuple[str, ...]:
        """Leave the lists to which this indent does not belong; what then stands above."""
        while self.levels and indent <= self.levels[-1].indent:
            self.levels.pop()
        for level in self.levels:
            level.block.pieces[-1].parent = True
        intro = [self.intro] if self.intro else []
        return (*(text for _, text in self.headings), *intro, *(one.block.pieces[-1].text for one in self.levels))

    def _piece(self, kind: Kind, under: tuple[str, ...], piece: Piece, head: str = "") -> None:
        last = self.blocks[-1] if self.blocks else None
        if last is None or kind in ("paragraph", "code") or (last.kind, last.under) != (kind, under):
            last = Block(kind, under, head=head)
            self.blocks.append(last)
        last.pieces.append(piece)

    def _plain(self, text: str, indent: int, at: int, end: int) -> None:
        if self.open is not None and not self.blank:
            self.open.text += f" {text}"
            self.open.end = end
            return
        if self.intro and not self.levels:
            self.intro = ""
        under = self._under(indent)
        if not self.levels:
            self.intro = ""
            under = tuple(text for _, text in self.headings)
        self.open = Piece(text, at, end)
        self._piece("paragraph", under, self.open)

    def _item(self, found: re.Match[str], at: int, end: int) -> None:
        indent, kind = len(found[1]), ("list" if found[2] in "-*+•" else "steps")
        if not self.levels and self.open is not None and self.open.text.endswith(":"):
            self.intro = self.open.text
            self.open.parent = True
        while self.levels and indent < self.levels[-1].indent:
            self.levels.pop()
        piece = Piece(found[3] or "", at, end)
        self.open = piece
        if self.levels and indent < self.levels[-1].indent + 2:
            block = self.levels[-1].block
            if block.kind == kind:
                block.pieces.append(piece)
                return
            self.levels.pop()
        under = self._under(indent)
        block = Block(kind, under, [piece])  # type: ignore[arg-type]  # one of the two
        self.blocks.append(block)
        self.levels.append(_Level(indent, block))

    def _quote(self, line: str, indent: int, at: int, end: int) -> None:
        inner = line.lstrip()[1:].strip()
        last = self.blocks[-1] if self.blocks else None
        if not self.blank and last is not None and last.kind == "quote" and self.open is None:
            last.pieces[-1].text += f"\n{inner}"
            last.pieces[-1].end = end
            return
        self._piece("quote", self._under(indent), Piece(inner, at, end))
        self.open = None

    def _row(self, line: str, indent: int, at: int, end: int) -> None:
        cells = " | ".join(cell.strip() for cell in line.strip().strip("|").split("|"))
        last = self.blocks[-1] if self.blocks else None
        if not self.blank and last is not None and last.kind == "table" and self.open is None:
            if _SEPARATOR.match(line.strip()) and len(last.pieces) == 1 and not last.head:
                last.head = last.pieces.pop().text
            else:
                last.pieces.append(Piece(cells, at, end))
            return
        self.blocks.append(Block("table", self._under(indent), [Piece(cells, at, end)]))
        self.open = None

    def _fence(self, lines: list[str], number: int, at: int, found: re.Match[str]) -> int:
        used = 1
        for line in lines[number + 1 :]:
            used += 1
            if re.fullmatch(rf"\s*{re.escape(found[2])}{re.escape(found[2][0])}*\s*", line):
                break
        body = [line.rstrip("\r") for line in lines[number + 1 : number + max(used - 1, 1)]]
        cut = len(found[1])
        code = "\n".join(line[cut:] if not line[:cut].strip() else line for line in body)
        self._code(code, len(found[1].expandtabs(4)), at, lines, number, used, found[3].strip())
        return used

    def _indented(self, lines: list[str], number: int, at: int) -> int:
        used = 0
        for line in lines[number:]:
            if line.strip() and not line.expandtabs(4).startswith("    "):
                break
            used += 1
        body = [line.rstrip("\r").expandtabs(4)[4:] for line in lines[number : number + used]]
        self._code("\n".join(body).rstrip(), 0, at, lines, number, used, "")
        self.blank = True
        return used

    def _code(self, code: str, indent: int, at: int, lines: list[str], number: int, used: int, head: str) -> None:
        end = at + sum(len(line) + 1 for line in lines[number : number + used]) - 1
        self._piece("code", self._under(indent), Piece(code, at, end), head)
        self.open, self.blank = None, False
