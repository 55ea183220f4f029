"""A file's bytes as UTF-8, whatever they were written in: UTF-16 by its mark, Windows-1252 where they are no UTF-8.

Older editors and consoles write Windows-1252 and say so nowhere. Its letters with accents hardly ever happen to be UTF-8, so
what does not decode is taken for them, byte by byte, and the report says that it was.
"""

import codecs
from typing import Protocol

CHUNK_BYTES = 1 << 16
WINDOWS = "Windows-1252"
_FALLBACK = "dreamfs-windows-1252"
_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


class Bytes(Protocol):
    """What the readers need of a file."""

    def read(self, size: int, /) -> bytes: ...

    def readline(self, size: int, /) -> bytes: ...

    def seek(self, offset: int, /) -> int: ...


class Recoded:
    """A stream of bytes that are always UTF-8; reads lines and pieces, and begins again."""

    def __init__(self, stream: Bytes) -> None:
        """Look at the first bytes for a mark."""
        self._stream = stream
        self._is_wide = stream.read(2) in _MARKS
        stream.seek(0)
        self._held = bytearray()
        self._wide = codecs.getincrementaldecoder("utf-16")("replace")
        self._is_at_end = False
        self.guessed = ""
        """The encoding that some of the bytes read so far were taken for, "" where all were what they say."""

    def read(self, size: int) -> bytes:
        """The next bytes, about so many; none at the end."""
        if self._is_wide:
            while len(self._held) < size and not self._is_at_end:
                self._fill()
            return self._taken(size)
        while True:
            data = self._stream.read(size)
            piece = self._pieced(bytes(self._held) + data, is_last=len(data) < size)
            if piece or len(data) < size:  # part of a letter is no end
                return piece

    def readline(self, size: int) -> bytes:
        """The next line with its end, or so many bytes of it."""
        if not self._is_wide:
            return self._checked(self._stream.readline(size))
        looked = 0
        while (end := self._held.find(b"\n", looked)) < 0 and len(self._held) < size and not self._is_at_end:
            looked = len(self._held)
            self._fill()
        return self._taken(min(end + 1 if end >= 0 else len(self._held), size))

    def seek(self, offset: int) -> int:
        """Begin again; only 0 makes sense."""
        self._held, self._is_at_end, self.guessed = bytearray(), False, ""
        self._wide.reset()
        return self._stream.seek(offset)

    def _pieced(self, data: bytes, *, is_last: bool) -> bytes:
        """What is whole of a piece; a letter that it cuts is held for the next."""
        if data.isascii():
            self._held.clear()
            return data
        try:
            _, used = codecs.utf_8_decode(data, "strict", is_last)
            whole = data[:used]
        except UnicodeDecodeError:
            self.guessed = WINDOWS
            text, used = codecs.utf_8_decode(data, _FALLBACK, is_last)
            whole = text.encode()
        self._held = bytearray(data[used:])
        return whole

    def _taken(self, size: int) -> bytes:
        taken = bytes(self._held[:size])
        del self._held[:size]
        return taken

    def _checked(self, line: bytes) -> bytes:
        if line.isascii():
            return line
        try:
            line.decode()
        except UnicodeDecodeError:
            self.guessed = WINDOWS
            return line.decode("utf-8", _FALLBACK).encode()
        return line

    def _fill(self) -> None:
        data = self._stream.read(CHUNK_BYTES)
        self._is_at_end = not data
        self._held += self._wide.decode(data, final=self._is_at_end).encode("utf-8", "replace")


def _as_windows(error: UnicodeError) -> tuple[str, int]:
    assert isinstance(error, UnicodeDecodeError)
    return error.object[error.start : error.end].decode("cp1252", "replace"), error.end


codecs.register_error(_FALLBACK, _as_windows)
