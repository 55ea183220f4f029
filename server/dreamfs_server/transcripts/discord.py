"""Discord's channels as DiscordChatExporter writes them: one document a channel, or one for a thread of it.

A thread is a session, and so is each day of a channel.
"""

from collections.abc import Iterable, Iterator
from typing import Any

from dreamfs_server.transcripts.posts import Post, read_posts
from dreamfs_server.transcripts.reading import Malformed, Reading, Record, items, mapping, moment, string

FORMAT = "discord"
_SAID = frozenset(("Default", "Reply", "ChatInputCommand", "ContextMenuCommand", "ThreadStarterMessage", ""))


def is_export(about: dict[str, Any]) -> bool:
    """Whether a document is such an export."""
    return (
        isinstance(about.get("messages"), list)
        and isinstance(about.get("channel"), dict)
        and isinstance(about.get("guild"), dict)
    )


def read(records: Iterable[Record | Malformed], name: str) -> Reading:
    """Read exported channels, each by the name and id that it has there; `name` serves where it has none."""
    return read_posts(_posts(records, name), FORMAT)


def _posts(records: Iterable[Record | Malformed], name: str) -> Iterator[Post | Malformed]:
    for record in records:
        if isinstance(record, Malformed):
            yield record
            continue
        about = mapping(record.value)
        channel = mapping(about.get("channel"))
        is_thread = "thread" in string(channel.get("type")).lower()
        for message in map(mapping, items(about.get("messages"))):
            at = moment(message.get("timestamp"))
            day = at.date().isoformat() if at else "undated"
            called, channel_id = string(channel.get("name")) or name, string(channel.get("id"))
            yield Post(
                session=f"{called}-{channel_id}" if is_thread else f"{called}-{day}-{channel_id}",
                key=string(message.get("id")),
                text=_text(message),
                who=_who(mapping(message.get("author"))),
                at=at,
                is_program=mapping(message.get("author")).get("isBot") is True,
                is_note=string(message.get("type")) not in _SAID,
                attached=tuple(_attached(message)),
                title=called if is_thread else f"#{called}, {day}",
            )


def _who(author: dict[str, Any]) -> str:
    return string(author.get("nickname")) or string(author.get("name")) or string(author.get("id"))


def _text(message: dict[str, Any]) -> str:
    """What it says; a bot says much in embeds, and a person's are previews of links."""
    is_bot = mapping(message.get("author")).get("isBot") is True
    embeds = [_embed(mapping(embed)) for embed in items(message.get("embeds"))] if is_bot else []
    return "\n".join(part for part in (string(message.get("content")), *embeds) if part)


def _attached(message: dict[str, Any]) -> Iterator[str]:
    if mapping(message.get("author")).get("isBot") is not True:
        yield from (f"[preview]\n{text}" for one in items(message.get("embeds")) if (text := _embed(mapping(one))))
    for file in map(mapping, items(message.get("attachments"))):
        size = file.get("fileSizeBytes")
        words = [string(file.get("fileName")), f"{size:,} bytes" if isinstance(size, int) else ""]
        yield f"[{' '.join(['attachment', *filter(None, words)])}]"


def _embed(embed: dict[str, Any]) -> str:
    parts = [string(embed.get("title")), string(embed.get("description"))]
    fields = map(mapping, items(embed.get("fields")))
    parts += [f"{string(field.get('name'))}: {string(field.get('value'))}".strip(": ") for field in fields]
    return "\n".join(part for part in parts if part)
