"""Microsoft Teams' messages as Graph gives them: a list in `value`, or bare, with HTML inside and replies that name their thread."""

import re
from collections.abc import Iterable, Iterator
from html import unescape
from typing import Any

from dreamfs_server.transcripts.posts import Post, read_posts
from dreamfs_server.transcripts.reading import Malformed, Reading, Record, items, mapping, moment, string

FORMAT = "teams"
_BREAK = re.compile(r"(?i)<br\s*/?>|</(?:p|div|li|tr|h[1-6]|pre|blockquote)>")
_TAG = re.compile(r"<[^<>]*>")


def is_message(about: dict[str, Any]) -> bool:
    """Whether a record is a message of Teams'."""
    return "messageType" in about and "createdDateTime" in about and isinstance(about.get("body"), dict)


def read(records: Iterable[Record | Malformed], name: str) -> Reading:
    """Read messages, each with its replies where they stand inside it."""
    return read_posts(_posts(records, name), FORMAT)


def messages_of(about: dict[str, Any]) -> list[Any]:
    """What an answer holds."""
    return items(about.get("value")) or items(about.get("messages"))


def _posts(records: Iterable[Record | Malformed], name: str) -> Iterator[Post | Malformed]:
    for record in records:
        if isinstance(record, Malformed):
            yield record
            continue
        about = mapping(record.value)
        found = [about] if is_message(about) else [mapping(one) for one in messages_of(about)]
        whole = [one for root in found for one in (root, *map(mapping, items(root.get("replies"))))]
        threads = {string(one.get("replyToId")) for one in whole} - {""}
        for message in sorted(whole, key=lambda one: string(one.get("createdDateTime"))):
            if is_message(message):
                yield _post(message, name, threads)
            else:
                yield Malformed(record.position, "no message of Teams'")


def _post(message: dict[str, Any], name: str, threads: set[str]) -> Post:
    at = moment(message.get("createdDateTime"))
    sender, body = mapping(message.get("from")), mapping(message.get("body"))
    program, person = mapping(sender.get("application")), mapping(sender.get("user"))
    text = string(body.get("content"))
    text = _plain(text) if string(body.get("contentType")).lower() == "html" else text
    own = string(message.get("id"))
    # A message of a channel begins a thread; one of a chat is part of the chat.
    thread = string(message.get("replyToId")) or (own if own in threads or message.get("channelIdentity") else "")
    return Post(
        session=f"{name}-{thread}" if thread else name,
        key=own or f"{message.get('createdDateTime')}",
        text="\n".join(part for part in (string(message.get("subject")), text) if part),
        who=string((program or person).get("displayName")),
        at=at,
        is_program=bool(program),
        is_note=string(message.get("messageType")) != "message" or bool(message.get("deletedDateTime")),
        attached=tuple(
            f"[attachment {string(mapping(file).get('name'))}]"
            for file in items(message.get("attachments"))
            if mapping(file).get("name")
        ),
        by_name=True,
    )


def _plain(html: str) -> str:
    text = unescape(_TAG.sub("", _BREAK.sub("\n", html))).replace("\xa0", " ")
    return "\n".join(line.strip() for line in text.split("\n") if line.strip())
