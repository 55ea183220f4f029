"""ChatGPT's data export: `conversations.json`, each conversation a tree of messages.

All branches are kept, in the order in which they were said; a parent always stands before its children.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import datetime
from typing import Any

from dreamfs_server.transcripts.reading import (
    About,
    Keys,
    Malformed,
    Reading,
    Record,
    Said,
    compact,
    digest_of,
    items,
    mapping,
    moment,
    session_segment,
    shortened,
    string,
    title_of,
)
from dreamfs_server.transcripts.speakers import ROLES, voiced
from dreamfs_tools.transcript import Event, Role, Session

FORMAT = "chatgpt"


def read(records: Iterable[Record | Malformed], name: str) -> Reading:
    """Read exported conversations."""
    for record in records:
        if isinstance(record, Malformed):
            yield record
            continue
        conversation = mapping(record.value)
        nodes = conversation.get("mapping")
        if not isinstance(nodes, dict):
            yield Malformed(record.position, "not an exported conversation")
            continue
        session_id = session_segment(
            string(conversation.get("conversation_id") or conversation.get("id")) or f"{name}-{record.position}"
        )
        started = moment(conversation.get("create_time"))
        title = title_of(string(conversation.get("title")))
        yield About(
            Session("", session_id, FORMAT, started_at=started, title=title),
            by_name=not string(conversation.get("conversation_id") or conversation.get("id")),
        )
        keys = Keys()
        for message in _in_order(mapping(nodes)):
            key = keys.name(_digest(message))
            for position, event in enumerate(_events(message)):
                yield Said(session_id, replace(event, raw_key=f"{key}:{position}"))


def _digest(message: dict[str, Any]) -> str:
    """What a message is, without what another export of it may say differently: its status, weight and metadata."""
    return digest_of([message.get(name) for name in ("id", "author", "create_time", "recipient", "content")])


def _in_order(nodes: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The messages of a tree, parents first, brothers by time."""
    pending = [node_id for node_id, node in nodes.items() if string(mapping(node).get("parent")) not in nodes]
    done: set[str] = set()
    pending.reverse()
    while pending:
        node_id = pending.pop()
        if node_id in done:
            continue
        done.add(node_id)
        node = mapping(nodes.get(node_id))
        if message := mapping(node.get("message")):
            yield message
        children = [string(child) for child in items(node.get("children")) if string(child) in nodes]
        children.sort(key=lambda child: -_time(nodes[child]))
        pending += children
    for node_id, node in nodes.items():  # what a damaged tree left unreachable
        if node_id not in done and (message := mapping(mapping(node).get("message"))):
            yield message


def _time(node: Any) -> float:
    at = moment(mapping(mapping(node).get("message")).get("create_time"))
    return at.timestamp() if at else 0.0


def _events(message: dict[str, Any]) -> Iterator[Event]:
    author, content = mapping(message.get("author")), mapping(message.get("content"))
    role: Role = ROLES.get(string(author.get("role")), "system")
    at = moment(message.get("create_time"))
    kind = string(content.get("content_type"))
    recipient = string(message.get("recipient"))
    text = _text(content)
    hidden = mapping(message.get("metadata")).get("is_visually_hidden_from_conversation") is True
    if role == "assistant" and recipient not in {"", "all"}:
        yield Event(0, role, "tool_call", text, at, tool=recipient)
    elif role == "tool":
        yield Event(0, role, "tool_result", text, at, tool=string(author.get("name")), is_error=_failed(message, text))
    elif kind in {"thoughts", "reasoning_recap"}:
        yield Event(0, role, "thinking", text, at)
    elif hidden or kind in {"user_editable_context", "model_editable_context"}:
        yield Event(0, role, "meta", text, at)
    elif text or not items(content.get("parts")):
        yield voiced(Event(0, role, "text", text, at), string(author.get("name")))
    for part in items(content.get("parts")):
        if asset := mapping(part):
            yield _asset(role, asset, at)


def _text(content: dict[str, Any]) -> str:
    parts = [part for part in items(content.get("parts")) if isinstance(part, str)]
    thoughts = [mapping(thought) for thought in items(content.get("thoughts"))]
    parts += [string(thought.get("content") or thought.get("summary")) for thought in thoughts]
    names = ("text", "result", "content", "user_profile", "user_instructions", "model_set_context")
    parts += [text for name in names if (text := string(content.get(name)))]
    if not parts and "parts" not in content and content:
        parts.append(compact(content))
    return shortened("\n".join(parts))


def _asset(role: Role, asset: dict[str, Any], at: datetime | None) -> Event:
    kind = string(asset.get("content_type"))
    size = asset.get("size_bytes")
    words = f"{size:,} bytes" if isinstance(size, int) else ""
    if kind == "image_asset_pointer":
        return Event(0, role, "image", f"[image {words}".rstrip() + "]", at)
    if text := string(asset.get("text")):
        return Event(0, role, "attachment", shortened(f"[{kind}]\n{text}"), at)
    return Event(0, role, "attachment", f"[{kind or 'attachment'} {words}".rstrip() + "]", at)


def _failed(message: dict[str, Any], text: str) -> bool:
    result = mapping(mapping(message.get("metadata")).get("aggregate_result"))
    if result:
        return result.get("status") not in {None, "success"} or bool(result.get("in_kernel_exception"))
    return text.startswith("Error")
