"""claude.ai's data export: `conversations.json`, each conversation a list of messages."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

from dreamfs_server.transcripts.messages import ROLES, block_event
from dreamfs_server.transcripts.reading import (
    About,
    Keys,
    Malformed,
    OpenCalls,
    Reading,
    Record,
    Said,
    digest_of,
    items,
    mapping,
    moment,
    session_segment,
    shortened,
    string,
    title_of,
)
from dreamfs_tools.transcript import Event, Session

FORMAT = "claude-ai"


def read(records: Iterable[Record | Malformed], name: str) -> Reading:
    """Read exported conversations."""
    for record in records:
        if isinstance(record, Malformed):
            yield record
            continue
        conversation = mapping(record.value)
        if not isinstance(conversation.get("chat_messages"), list):
            yield Malformed(record.position, "not an exported conversation")
            continue
        session_id = session_segment(string(conversation.get("uuid")) or f"{name}-{record.position}")
        started, title = moment(conversation.get("created_at")), title_of(string(conversation.get("name")))
        yield About(Session("", session_id, FORMAT, started_at=started, title=title))
        keys, calls = Keys(), OpenCalls()
        for message in items(conversation["chat_messages"]):
            key = keys.name(digest_of(message))
            for position, event in enumerate(_events(mapping(message), calls)):
                yield Said(session_id, replace(event, raw_key=f"{key}:{position}"))


def _events(message: dict[str, Any], calls: OpenCalls) -> Iterator[Event]:
    role = ROLES.get(string(message.get("sender")), "system")
    at = moment(message.get("created_at"))
    blocks = items(message.get("content"))
    text = string(message.get("text"))
    if not blocks:
        yield Event(0, role, "text", shortened(text), at)
    for block in blocks:
        begun = moment(mapping(block).get("start_timestamp")) or at
        yield block_event(role, block, calls, begun)
    for attachment in items(message.get("attachments")):
        about = mapping(attachment)
        words = f"[attachment {string(about.get('file_name'))}".rstrip() + "]"
        extracted = string(about.get("extracted_content"))
        yield Event(0, role, "attachment", shortened(f"{words}\n{extracted}" if extracted else words), at)
    for file in [*items(message.get("files")), *items(message.get("files_v2"))]:
        yield Event(0, role, "attachment", f"[file {string(mapping(file).get('file_name'))}".rstrip() + "]", at)
