"""What people wrote, as JSON of no service in particular: who, what, and when, by whichever of the usual names.

A list of messages, JSON lines, or documents that hold such a list (`{"title": …, "messages": […]}`), each a conversation of its
own. Rows of a log and of a version control's history look alike, and are none.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

from dreamfs_server.transcripts.posts import Post, read_posts
from dreamfs_server.transcripts.reading import (
    Keys,
    Malformed,
    Reading,
    Record,
    compact,
    digest_of,
    items,
    mapping,
    moment,
    string,
)

FORMAT = "chat"
_WHO = ("author", "sender", "from", "user", "username", "user_name", "speaker", "nick", "display_name", "displayName", "name")  # fmt: skip
_NAMES = ("display_name", "displayName", "nickname", "name", "real_name", "username", "login", "email", "id")
_SAID = ("text", "message", "body", "content", "msg")
_TIMES = ("timestamp", "time", "ts", "datetime", "date", "created_at", "createdAt", "sent_at", "sentAt", "posted_at", "at", "created")  # fmt: skip
_IDS = ("id", "message_id", "messageId", "uuid", "guid")
_THREADS = ("thread_id", "threadId", "thread_ts", "thread", "conversation_id", "conversationId", "incident_id", "incidentId")  # fmt: skip
_LISTS = ("messages", "conversation", "thread", "timeline", "comments", "posts", "replies", "chat", "items", "data", "results")  # fmt: skip
_NO_POST = frozenset(
    ("role", "level", "severity", "levelname", "lvl", "loglevel", "log_level", "logger", "pid", "hostname", "host", "service",
     "event", "event_type", "ip", "remote_addr", "request_id", "trace_id", "span_id", "exception", "stacktrace", "sha", "commit",
     "hash", "sessionId")
)  # fmt: skip
"""Fields of what a program logs, and of commits; messages with a role are read elsewhere."""


def is_post(value: Any) -> bool:
    """Whether a record is somebody's message: it says who, what and when."""
    about = mapping(value)
    if not about or not _NO_POST.isdisjoint(about):
        return False
    return bool(_who(about)) and _text(about) is not None and _at(about) is not None


def posts_of(value: Any) -> list[Any] | None:
    """The messages that a document holds; None where it is no such document."""
    about = mapping(value)
    for name in _LISTS:
        found = items(about.get(name))
        if found and any(is_post(one) for one in found[:20]):
            return found
    return None


def read(records: Iterable[Record | Malformed], name: str) -> Reading:
    """Read messages of people."""
    return read_posts(_posts(records, name), FORMAT)


def _posts(records: Iterable[Record | Malformed], name: str) -> Iterator[Post | Malformed]:
    keys: dict[str, Keys] = {}
    ids: dict[str, int] = {}
    for record in records:
        if isinstance(record, Malformed):
            yield record
            continue
        about = mapping(record.value)
        within = posts_of(about)
        if within is not None:
            own = _first(
                about, ("id", "incident_id", "thread_id", "conversation_id", "channel_id", "uuid", "key", "number")
            )
            session = (
                own
                if own and not own.isdigit()
                else name
                if record.position == 1
                else f"{name}-{own or record.position}"
            )
            ids[session] = ids.get(session, 0) + 1
            session = session if ids[session] == 1 else f"{session}-{ids[session]}"
            title = _first(about, ("title", "name", "subject", "topic", "summary"))
            for message in within:
                yield _post(message, session, keys, by_name=own != session, title=title)
        elif _text(about) is not None:
            thread = _first(about, _THREADS)
            yield _post(about, f"{name}-{thread}" if thread else name, keys, by_name=True)
        else:
            yield Malformed(record.position, "no message of anybody")


def _post(value: Any, session: str, keys: dict[str, Keys], *, by_name: bool, title: str = "") -> Post:
    about = mapping(value)
    who, text, at = _who(about), _text(about), _at(about)
    named = _first(about, _IDS)
    key = f"id {named}" if named else digest_of([who, text, at])
    return Post(
        session=session,
        key=keys.setdefault(session, Keys()).name(digest_of(key)),
        text=compact(value) if text is None else text,
        who=who,
        at=at,
        is_program=_is_program(about),
        is_note=text is None or not who,
        by_name=by_name,
        title=title,
    )


def _who(about: dict[str, Any]) -> str:
    for key in _WHO:
        value = about.get(key)
        name = _first(mapping(value), _NAMES) if isinstance(value, dict) else value
        if isinstance(name, str) and name.strip():
            return name.strip()
    return ""


def _text(about: dict[str, Any]) -> str | None:
    """What was said; some write it in pieces, of which the formatted ones are objects."""
    for key in _SAID:
        value = about.get(key)
        if isinstance(value, str):
            return value
        if isinstance(value, list) and value:
            parts = [part if isinstance(part, str) else string(mapping(part).get("text")) for part in items(value)]
            return "".join(parts)
    return None


def _at(about: dict[str, Any]) -> datetime | None:
    for key in _TIMES:
        value = about.get(key)
        if (at := moment(value)) is not None:
            return at
        if (
            isinstance(value, str)
            and ":" in value
            and (at := moment(f"{string(about.get('date'))} {value}")) is not None
        ):
            return at
    return None


def _is_program(about: dict[str, Any]) -> bool:
    marks = ("is_bot", "isBot", "bot")
    holders = [about, *(mapping(about.get(key)) for key in ("author", "sender", "from", "user"))]
    return any(
        holder.get(mark) is True or string(holder.get("type")).lower() == "bot" for holder in holders for mark in marks
    ) or bool(about.get("bot_id"))


def _first(about: dict[str, Any], names: Iterable[str]) -> str:
    return next((found for name in names if (found := string(about.get(name)).strip())), "")
