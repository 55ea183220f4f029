"""claude.ai's data export: `conversations.json`, each conversation a list of messages."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

from dreamfs_server.transcripts.messages import block_event
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
from dreamfs_server.transcripts.speakers import ROLES, voiced
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
        yield About(
            Session("", session_id, FORMAT, started_at=started, title=title),
            by_name=not string(conversation.get("uuid")),
        )
        keys, calls = Keys(), OpenCalls()
        for message in items(conversation["chat_messages"]):
            key = keys.name(_digest(mapping(message)))
            for position, event in enumerate(_events(mapping(message), calls)):
                yield Said(session_id, replace(event, raw_key=f"{key}:{position}"))


def _digest(message: dict[str, Any]) -> str:
    """What a message is, without what another export of it may say differently, such as when it was last touched."""
    names = ("uuid", "sender", "created_at", "text", "content", "attachments", "files", "files_v2")
    return digest_of([message.get(name) for name in names])


def _events(message: dict[str, Any], calls: OpenCalls) -> Iterator[Event]:
    sender = string(message.get("sender"))
    role = ROLES.get(sender.lower(), "user" if sender else "system")
    name = "" if sender.lower() in ROLES else sender
    at = moment(message.get("created_at"))
    blocks = items(message.get("content"))
    text = string(message.get("text"))
    if not blocks:
        yield voiced(Event(0, role, "text", shortened(text), at), name)
    for block in blocks:
        begun = moment(mapping(block).get("start_timestamp")) or at
        yield voiced(block_event(role, block, calls, begun), name)
    for attachment in items(message.get("attachments")):
        about = mapping(attachment)
        words = f"[attachment {string(about.get('file_name'))}".rstrip() + "]"
        extracted = string(about.get("extracted_content"))
        yield Event(0, role, "attachment", shortened(f"{words}\n{extracted}" if extracted else words), at)
    for file in [*items(message.get("files")), *items(message.get("files_v2"))]:
        yield Event(0, role, "attachment", f"[file {string(mapping(file).get('file_name'))}".rstrip() + "]", at)
