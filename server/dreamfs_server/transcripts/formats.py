"""Which reader understands a file, by looking at its content; names and suffixes say nothing."""

import json
import re
from collections.abc import Callable, Iterable, Iterator
from itertools import chain, islice
from typing import Any, Literal

from dreamfs_server.transcripts import (
    anthropic,
    chat,
    chatgpt,
    claude_ai,
    claude_code,
    discord,
    openai,
    pagerduty,
    slack,
    teams,
    text,
)
from dreamfs_server.transcripts.decoding import Bytes, Recoded
from dreamfs_server.transcripts.reading import Malformed, Reader, Reading, Record, items, mapping
from dreamfs_server.transcripts.records import json_document, json_items, json_lines, text_lines
from dreamfs_server.transcripts.surroundings import Surroundings

HEAD_BYTES = 1 << 16
SAMPLE_RECORDS = 40

Layout = Literal["lines", "items", "document", "text"]
READERS: dict[str, Reader] = {
    claude_code.FORMAT: claude_code.read,
    anthropic.FORMAT: anthropic.read,
    openai.FORMAT: openai.read,
    chatgpt.FORMAT: chatgpt.read,
    claude_ai.FORMAT: claude_ai.read,
    discord.FORMAT: discord.read,
    teams.FORMAT: teams.read,
    chat.FORMAT: chat.read,
}
BESIDE: dict[str, Callable[[Iterable[Record | Malformed], str, Surroundings], Reading]] = {
    slack.FORMAT: slack.read,
    pagerduty.FORMAT: pagerduty.read,
}
"""Readers that also look at what lies beside the file."""
_LAYOUTS: dict[str, Callable[[Bytes], Iterator[Record | Malformed]]] = {
    "lines": json_lines,
    "items": json_items,
    "document": json_document,
}
_BRACKETED = re.compile(rb"\[(?:\d{1,4}[-/:]\d|[A-Za-z#@])")
"""`[2026-03-01 10:02] User:` and `[INFO]` are text, not the beginning of a list."""
_BLOCKS = {"tool_use", "tool_result", "thinking", "redacted_thinking", "server_tool_use", "document"}


class UnknownFormat(ValueError):  # noqa: N818  # it says what the file is, for the report
    """No reader understands the file; the sentence says why."""


def read_file(stream: Bytes, name: str, around: Surroundings | None = None) -> tuple[str, Reading]:
    """Choose the reader of a file and begin to read.

    Args:
        stream: the file, at its start; read on while the reading is consumed.
        name: the file's name without its suffix, which names the session where nothing else does.
        around: what lies beside the file.

    Returns:
        The format's name and what the file says.

    Raises:
        UnknownFormat: an empty file, a binary one, or JSON that is no transcript.
    """
    stream = stream if isinstance(stream, Recoded) else Recoded(stream)
    head = stream.read(HEAD_BYTES)
    stream.seek(0)
    layout = layout_of(head)
    if layout == "text":
        return text.FORMAT, text.read(text_lines(stream), name)
    records = _LAYOUTS[layout](stream)
    sample = list(islice(records, SAMPLE_RECORDS))
    found = format_of(record.value for record in sample if isinstance(record, Record))
    if not found:
        raise UnknownFormat("JSON, but no transcript that any reader knows")
    whole = chain(sample, records)
    if found in BESIDE:
        return found, BESIDE[found](whole, name, around or Surroundings())
    return found, READERS[found](whole, name)


def layout_of(head: bytes) -> Layout:
    """How a file is laid out, from its first bytes.

    Raises:
        UnknownFormat: an empty file or a binary one.
    """
    content = head.removeprefix(b"\xef\xbb\xbf").strip()
    if not content:
        raise UnknownFormat("the file is empty")
    if b"\0" in content:
        raise UnknownFormat("a binary file, not a transcript")
    lines = [line.strip() for line in content.split(b"\n") if line.strip()]
    whole = lines if len(head) < HEAD_BYTES or len(lines) == 1 else lines[:-1]
    rows = sum(isinstance(_loaded(line), dict) for line in whole[:SAMPLE_RECORDS])
    if content.startswith(b"[") and not _BRACKETED.match(content):
        # A row of a JSONL file may be a list by mistake; a list's own first line ends in the middle.
        return "lines" if rows and isinstance(_loaded(lines[0]), list) else "items"
    if content.startswith(b"{"):
        opening = lines[0] in {b"{", b"[{"} or lines[0].endswith((b",", b"{", b"[", b":"))
        if opening and not isinstance(_loaded(lines[0]), dict):
            return "document"
        return "lines"
    return "lines" if rows else "text"


def format_of(values: Iterable[Any]) -> str:
    """The format of some records, "" where none is known.

    Plain chat messages look alike; a later record may show whose they are.
    """
    found = ""
    for value in values:
        shape = _shape(value)
        if shape and shape not in {openai.FORMAT, chat.FORMAT}:
            return shape
        found = found or shape
    return found


def _shape(value: Any) -> str:
    about = mapping(value)
    if isinstance(about.get("mapping"), dict):
        return chatgpt.FORMAT
    if isinstance(about.get("chat_messages"), list):
        return claude_ai.FORMAT
    if "loglines" in about or _is_claude_code_row(about):
        return claude_code.FORMAT
    if isinstance(about.get("simulations"), list):
        return openai.FORMAT
    if isinstance(value, list):
        return _messages_shape(items(value))
    if service := _service(about):
        return service
    request = mapping(about.get("request") or about.get("body") or about.get("kwargs")) or about
    for name in ("messages", "traj", "trajectory", "conversation", "input"):
        if isinstance(request.get(name), list):
            is_anthropic = _is_anthropic_request(request)
            own = anthropic.FORMAT if is_anthropic else _messages_shape(items(request[name]))
            return own or (chat.FORMAT if chat.posts_of(about) else openai.FORMAT)
    return _message_shape(about) or (chat.FORMAT if chat.is_post(about) or chat.posts_of(about) else "")


def _service(about: dict[str, Any]) -> str:
    """The service that a message or an answer of people's is of, "" where none is known."""
    messages = [mapping(one) for one in items(about.get("messages"))[:SAMPLE_RECORDS]]
    if any(slack.is_message(one) for one in (about, *messages)):
        return slack.FORMAT
    if discord.is_export(about):
        return discord.FORMAT
    if any(teams.is_message(mapping(one)) for one in (about, *teams.messages_of(about)[:SAMPLE_RECORDS])):
        return teams.FORMAT
    return pagerduty.FORMAT if pagerduty.is_record(about) else ""


def _messages_shape(messages: list[Any]) -> str:
    shapes = {_message_shape(mapping(message)) for message in messages}
    return anthropic.FORMAT if anthropic.FORMAT in shapes else openai.FORMAT if openai.FORMAT in shapes else ""


def _is_claude_code_row(row: dict[str, Any]) -> bool:
    if not isinstance(row.get("type"), str):
        return False
    if row["type"] == "file-history-snapshot":  # a log may hold nothing else
        return True
    return "sessionId" in row or "leafUuid" in row or "parentUuid" in row or ("uuid" in row and "message" in row)


def _is_anthropic_request(request: dict[str, Any]) -> bool:
    return "system" in request or "anthropic_version" in request or str(request.get("model", "")).startswith("claude")


def _message_shape(message: dict[str, Any]) -> str:
    if "role" not in message:
        return openai.FORMAT if str(message.get("type")).startswith(("function_call", "custom_tool_call")) else ""
    if "content" not in message and "tool_calls" not in message and "function_call" not in message:
        return ""
    kinds = {mapping(block).get("type") for block in items(message.get("content"))}
    return anthropic.FORMAT if kinds & _BLOCKS or "stop_reason" in message else openai.FORMAT


def _loaded(line: bytes) -> Any:
    try:
        return json.loads(line)
    except (ValueError, RecursionError):
        return None
