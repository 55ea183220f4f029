"""Slack's export: a folder for each channel with a file for each day, and beside them the lists of users and channels.

A thread is a session, over however many days; what has no thread is one with its channel's day. Answers of Slack's own interface
(`conversations.history`, `conversations.replies`) are read too.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from dreamfs_server.transcripts.posts import Post, read_posts
from dreamfs_server.transcripts.reading import Malformed, Reading, Record, items, mapping, moment, string
from dreamfs_server.transcripts.slack_text import block_text, card_text, plain
from dreamfs_server.transcripts.surroundings import Surroundings

FORMAT = "slack"
_STAMP = re.compile(r"\d{9,10}\.\d{1,6}")
_DAY = re.compile(r"\d{4}-\d\d-\d\d")
_SAID = frozenset(
    ("", "bot_message", "thread_broadcast", "reply_broadcast", "me_message", "file_share", "file_comment")
)
"""Subtypes of what somebody posts; the others are the service's own."""
_SLACKBOT = "USLACKBOT"


def is_message(value: dict[str, Any]) -> bool:
    """Whether a record is a message of Slack's."""
    return (
        value.get("type") == "message"
        and isinstance(value.get("ts"), str)
        and _STAMP.fullmatch(value["ts"]) is not None
        and "role" not in value
    )


def read(records: Iterable[Record | Malformed], name: str, around: Surroundings) -> Reading:
    """Read a channel's messages: one file of an export, or an answer of the interface."""
    return read_posts(_posts(records, name, around), FORMAT)


@dataclass(slots=True)
class _People:
    """Who is called what."""

    names: dict[str, str] = field(default_factory=dict[str, str])
    programs: set[str] = field(default_factory=set[str])

    def name(self, user_id: str) -> str:
        """The name of a user or a channel, "" where it is not known."""
        return self.names.get(user_id, "")


def _posts(records: Iterable[Record | Malformed], name: str, around: Surroundings) -> Iterator[Post | Malformed]:
    people = _people(around)
    is_day = _DAY.fullmatch(name) is not None
    channel, day = (around.folder or FORMAT, name) if is_day else (name, "")
    for record in records:
        if isinstance(record, Malformed):
            yield record
            continue
        about = mapping(record.value)
        if isinstance(about.get("messages"), list):
            within = _channel(about) or channel
            messages = sorted(_unfolded(about["messages"]), key=lambda message: string(message.get("ts")))
        else:
            within, messages = channel, [about]
        for message in messages:
            if is_message(message):
                yield _post(message, _channel(message) or within, day, people)
            else:
                yield Malformed(record.position, "no message of Slack's")


def _unfolded(messages: Any) -> Iterator[dict[str, Any]]:
    """Messages, and the replies that some tools put inside them."""
    for message in map(mapping, items(messages)):
        yield message
        yield from map(mapping, items(message.get("slackdump_thread_replies")))


def _channel(about: dict[str, Any]) -> str:
    channel = about.get("channel") or about.get("channel_name") or about.get("name") or about.get("channel_id")
    return string(mapping(channel).get("name")) if isinstance(channel, dict) else string(channel)


def _post(message: dict[str, Any], channel: str, day: str, people: _People) -> Post:
    stamp = string(message["ts"])
    at = moment(float(stamp))
    thread = string(message.get("thread_ts"))
    day = day or (at or datetime(1970, 1, 1, tzinfo=UTC)).date().isoformat()
    subtype = string(message.get("subtype"))
    user = string(message.get("user"))
    is_program = bool(message.get("bot_id")) or subtype == "bot_message" or user in people.programs
    names = people.name
    text = plain(string(message.get("text")), names)
    blocks = "\n".join(filter(None, (block_text(block, names) for block in items(message.get("blocks")))))
    cards = [(card_text(card, names), card) for card in map(mapping, items(message.get("attachments")))]
    if is_program:
        text = _joined([text, blocks, *(words for words, _ in cards)])
    attached = [] if is_program else [f"[preview]\n{words}" for words, _ in cards if words]
    return Post(
        session=f"{channel}-{thread or day}",
        key=f"{channel}/{stamp}",
        text=text or blocks,
        who=_who(message, user, people),
        at=at,
        is_program=is_program,
        is_note=subtype not in _SAID,
        attached=(*attached, *map(_file, map(mapping, items(message.get("files"))))),
        by_name=not thread,
        title="" if thread else f"#{channel}, {day}",
    )


def _who(message: dict[str, Any], user: str, people: _People) -> str:
    profile, bot = mapping(message.get("user_profile")), mapping(message.get("bot_profile"))
    own = string(message.get("username")) or string(bot.get("name")) if message.get("bot_id") else ""
    return own or people.name(user) or _called(profile) or string(message.get("username")) or user


def _joined(parts: list[str]) -> str:
    """Some texts without the lines that an earlier one has: an integration says the same in its text, blocks and cards."""
    kept: list[str] = []
    told: set[str] = set()
    for part in parts:
        lines = part.split("\n")
        kept += [line for line in lines if " ".join(line.split()) not in told]
        told |= {" ".join(line.split()) for line in lines}
    return "\n".join(kept)


def _file(file: dict[str, Any]) -> str:
    kind = "image" if string(file.get("mimetype")).startswith("image/") else "attachment"
    size = file.get("size")
    words = [string(file.get("name") or file.get("title")), string(file.get("mimetype"))]
    words += [f"{size:,} bytes"] if isinstance(size, int) else []
    return f"[{' '.join([kind, *filter(None, words)])}]"


def _people(around: Surroundings) -> _People:
    users = around.json("../users.json", "users.json", "../org_users.json")
    channels = around.json("../channels.json", "channels.json")
    people = _People({_SLACKBOT: "slackbot"}, {_SLACKBOT})
    for user in map(mapping, items(users) or items(mapping(users).get("members"))):
        user_id, profile = string(user.get("id")), mapping(user.get("profile"))
        people.names[user_id] = _called(profile) or _called(user) or user_id
        if user.get("is_bot") is True:
            people.programs.add(user_id)
    for channel in map(mapping, items(channels)):
        people.names.setdefault(string(channel.get("id")), string(channel.get("name")))
    return people


def _called(profile: dict[str, Any]) -> str:
    names = ("display_name", "real_name", "name")
    return next((name for key in names if (name := string(profile.get(key)).strip())), "")
