"""One message as the Anthropic and OpenAI interfaces shape it, taken apart into events.

Content is a string or a list of blocks; each block becomes an event, and so does each tool call beside the content.
"""

import json
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from dreamfs_server.transcripts.reading import OpenCalls, compact, items, mapping, shortened, string
from dreamfs_server.transcripts.speakers import ROLES, named, voiced
from dreamfs_tools.transcript import Event, Kind, Role


def message_events(message: dict[str, Any], calls: OpenCalls, at: datetime | None = None) -> Iterator[Event]:
    """The events of one message, without numbers and keys, each with who said it where the message knows.

    Args:
        message: `role` and `content`, with `tool_calls`, `tool_call_id`, `name`, … where it has them.
        calls: the calls still open, which this message may add to or answer.
        at: when it was said.
    """
    word = string(message.get("role"))
    name = named(message) or ("" if word.lower() in ROLES else word)
    for event in _events(message, ROLES.get(word.lower(), "user" if word else "system"), calls, at):
        yield voiced(event, name)


def _events(message: dict[str, Any], role: Role, calls: OpenCalls, at: datetime | None) -> Iterator[Event]:
    content = message.get("content")
    if role == "tool":
        yield _tool_message(message, calls, at)
        return
    if thinking := string(message.get("reasoning_content") or message.get("reasoning")):
        yield Event(0, role, "thinking", shortened(thinking), at)
    made = 0
    if isinstance(content, str):
        if content or not (message.get("tool_calls") or message.get("function_call")):
            made += 1
            yield Event(0, role, "text", shortened(content), at)
    else:
        for block in items(content):
            made += 1
            yield block_event(role, block, calls, at)
    if refusal := string(message.get("refusal")):
        made += 1
        yield Event(0, role, "text", shortened(refusal), at)
    if audio := mapping(message.get("audio")):
        made += 1
        yield Event(0, role, "attachment", f"[audio] {string(audio.get('transcript'))}", at)
    for call in items(message.get("tool_calls")):
        made += 1
        yield _call(mapping(call), calls, at)
    if function := mapping(message.get("function_call")):
        made += 1
        yield _call({"function": function, "id": function.get("name")}, calls, at)
    if not made:
        yield Event(0, role, "meta", shortened(compact(message)), at)


def block_event(role: Role, block: Any, calls: OpenCalls, at: datetime | None = None) -> Event:
    """One content block as an event; a block of an unknown type is kept as `meta`."""
    if isinstance(block, str):
        return Event(0, role, "text", shortened(block), at)
    block = mapping(block)
    kind = string(block.get("type"))
    if kind in {"text", "input_text", "output_text", "refusal"}:
        return Event(0, role, "text", shortened(string(block.get("text") or block.get("refusal"))), at)
    if kind in {"thinking", "redacted_thinking", "reasoning"}:
        return Event(0, role, "thinking", shortened(_thinking(block)), at)
    if kind in {"tool_use", "server_tool_use", "mcp_tool_use"}:
        call_id, tool = string(block.get("id")), string(block.get("name"))
        calls.opened(call_id, tool)
        text = shortened(compact(block.get("input")))
        return Event(0, "assistant", "tool_call", text, at, tool=tool, call_id=call_id)
    if kind == "tool_result" or kind.endswith("_tool_result"):
        call_id = string(block.get("tool_use_id"))
        text = shortened(content_text(block.get("content")))
        tool = calls.tool(call_id) or string(block.get("name"))
        is_error = block.get("is_error") is True
        return Event(0, "tool", "tool_result", text, at, tool=tool, is_error=is_error, call_id=call_id)
    if placeholder := _placeholder(kind, block):
        return Event(0, role, placeholder[0], placeholder[1], at)
    return Event(0, role, "meta", shortened(compact(block)), at)


def content_text(content: Any) -> str:
    """Content as text: strings as they are, blocks below one another, what is no text by its name."""
    if isinstance(content, str):
        return content
    if content is None:
        return ""
    if not isinstance(content, list):
        return compact(content)
    parts: list[str] = []
    for part in items(content):
        block = mapping(part)
        kind = string(block.get("type"))
        if isinstance(part, str):
            parts.append(part)
        elif "text" in block:
            parts.append(string(block["text"]))
        elif placeholder := _placeholder(kind, block):
            parts.append(placeholder[1])
        else:
            parts.append(compact(part))
    return "\n".join(parts)


def _tool_message(message: dict[str, Any], calls: OpenCalls, at: datetime | None) -> Event:
    call_id = string(message.get("tool_call_id") or message.get("name"))
    text = shortened(content_text(message.get("content")))
    flag = message.get("is_error", message.get("error"))
    # DESIGN section 9: the format has no error flag, so the text has to say it.
    is_error = flag is True if isinstance(flag, bool) else text.startswith("Error")
    tool = string(message.get("name")) or calls.tool(call_id)
    return Event(0, "tool", "tool_result", text, at, tool=tool, is_error=is_error, call_id=call_id)


def _call(call: dict[str, Any], calls: OpenCalls, at: datetime | None) -> Event:
    function = mapping(call.get("function") or call.get("custom") or call)
    call_id, tool = string(call.get("id") or call.get("call_id")), string(function.get("name"))
    calls.opened(call_id, tool)
    arguments = function.get("arguments", function.get("input"))
    return Event(0, "assistant", "tool_call", shortened(_arguments(arguments)), at, tool=tool, call_id=call_id)


def _arguments(arguments: Any) -> str:
    """Arguments come as a string of JSON; written as other tool calls are, where it is one."""
    if not isinstance(arguments, str):
        return compact(arguments)
    try:
        return compact(json.loads(arguments))
    except (ValueError, RecursionError):
        return arguments


def _thinking(block: dict[str, Any]) -> str:
    if text := string(block.get("thinking") or block.get("text")):
        return text
    if summary := content_text(block.get("summary") or block.get("summaries")):
        return summary
    return "[thinking, encrypted]"


def _placeholder(kind: str, block: dict[str, Any]) -> tuple[Kind, str] | None:
    """What stands for an image or a file: its type, its name and its size, never its bytes."""
    if kind not in {
        "image",
        "image_url",
        "input_image",
        "document",
        "file",
        "input_file",
        "input_audio",
        "container_upload",
    }:
        return None
    source = mapping(block.get("source") or block.get("image_url") or block.get("file") or block.get("input_audio"))
    if kind == "document" and source.get("type") == "text":
        return "attachment", shortened(f"[document {string(block.get('title'))}]\n{string(source.get('data'))}")
    data = string(source.get("data") or source.get("file_data") or source.get("url") or block.get("image_url"))
    name = string(block.get("title") or source.get("filename") or block.get("file_id") or source.get("file_id"))
    media = string(source.get("media_type") or source.get("format"))
    size = f"{len(data) * 3 // 4:,} bytes" if data and not data.startswith("http") else data
    words = " ".join(word for word in (name, media, size) if word)
    is_image = "image" in kind
    return (
        "image" if is_image else "attachment"
    ), f"[{'image' if is_image else 'attachment'}{' ' + words if words else ''}]"
