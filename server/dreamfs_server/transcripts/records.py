"""From a file's bytes to its records, in constant memory: JSON lines, a JSON list item by item, or one JSON document."""

import codecs
import json
from collections.abc import Iterator
from typing import Any

from dreamfs_server.transcripts.decoding import Bytes
from dreamfs_server.transcripts.reading import Malformed, Record, digest_bytes

CHUNK_BYTES = 1 << 20
LINE_BYTES_MAX = 64 << 20
"""Of one row; a longer one is malformed."""
ITEM_CHARACTERS_MAX = 64 << 20
DOCUMENT_BYTES_MAX = 256 << 20
"""Of a single JSON object, which has to be read whole."""

_SPACE = " \t\r\n"


def json_lines(stream: Bytes) -> Iterator[Record | Malformed]:
    """The rows of a JSONL file; empty lines do not count as malformed."""
    position = 0
    while line := stream.readline(LINE_BYTES_MAX):
        position += 1
        if len(line) == LINE_BYTES_MAX and not line.endswith(b"\n"):
            while (rest := stream.readline(LINE_BYTES_MAX)) and not rest.endswith(b"\n"):
                pass
            yield Malformed(position, "longer than 64 MiB")
            continue
        line = line.strip(b" \t\r\n\x00\xef\xbb\xbf")
        if line:
            yield _parsed(position, line)


def json_items(stream: Bytes) -> Iterator[Record | Malformed]:
    """The items of a JSON list, one by one, whatever the size of the list.

    An item is tried again only when the text read has doubled, so that the work stays linear. After an item that is
    not JSON nothing is known of where the next begins, and the rest counts as one malformed item.
    """
    decoder = json.JSONDecoder()
    decode = codecs.getincrementaldecoder("utf-8-sig")("replace")
    buffer, start, position, at_end, began = "", 0, 0, False, False
    wanted = CHUNK_BYTES
    while True:
        while len(buffer) - start < wanted and not at_end:
            chunk = stream.read(CHUNK_BYTES)
            at_end = not chunk
            buffer, start = buffer[start:] + decode.decode(chunk, final=at_end), 0
        start = _skip(buffer, start, _SPACE + ("," if began else ""))
        if start >= len(buffer):
            if at_end:
                yield Malformed(position + 1, "the list has no end")
                return
            wanted = CHUNK_BYTES
            continue
        if not began:
            if buffer[start] != "[":
                yield Malformed(1, "not a JSON list")
                return
            began, start = True, start + 1
            continue
        if buffer[start] == "]":
            return
        try:
            value, end = decoder.raw_decode(buffer, start)
        except (json.JSONDecodeError, RecursionError) as error:
            if at_end or len(buffer) - start > ITEM_CHARACTERS_MAX or isinstance(error, RecursionError):
                yield Malformed(position + 1, "not JSON from here on")
                return
            wanted = 2 * (len(buffer) - start)
            continue
        if end == len(buffer) and not at_end:  # a number may go on in the next chunk
            wanted = 2 * (len(buffer) - start)
            continue
        position += 1
        yield Record(position, value, digest_bytes(buffer[start:end].encode("utf-8", "surrogatepass")))
        start, wanted = end, 1 if len(buffer) - end else CHUNK_BYTES


def json_document(stream: Bytes) -> Iterator[Record | Malformed]:
    """One JSON document as one record."""
    data = stream.read(DOCUMENT_BYTES_MAX + 1)
    if len(data) > DOCUMENT_BYTES_MAX:
        yield Malformed(1, "one JSON object of more than 256 MiB; split it, or write it as JSON lines")
    else:
        yield _parsed(1, data)


def _parsed(position: int, data: bytes) -> Record | Malformed:
    try:
        value: Any = json.loads(data.decode("utf-8-sig", "replace"))
    except (ValueError, RecursionError):
        return Malformed(position, "not JSON")
    return Record(position, value, digest_bytes(data))


def _skip(text: str, start: int, characters: str) -> int:
    while start < len(text) and text[start] in characters:
        start += 1
    return start


def text_lines(stream: Bytes) -> Iterator[str | Malformed]:
    """The lines of a text, without their ends."""
    position = 0
    while line := stream.readline(LINE_BYTES_MAX):
        position += 1
        yield line.decode("utf-8-sig" if position == 1 else "utf-8", "replace").rstrip("\r\n")
