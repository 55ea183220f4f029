"""What people and programs post in a chat or an incident's record, and how it becomes sessions and events.

The readers of single services (`slack.py`, `discord.py`, `teams.py`, `pagerduty.py`, `chat.py`) say who posted what, when, and in
which conversation; what follows from that is the same for all.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import chain, islice, pairwise

from dreamfs_server.transcripts.reading import About, Malformed, Reading, Said, session_segment, shortened, title_of
from dreamfs_server.transcripts.speakers import AGENTS, voice
from dreamfs_tools.transcript import Event, Kind, Session

ORDER_LOOKED_AT = 50
"""Posts by which it is seen whether a file has the newest first."""


@dataclass(frozen=True, slots=True)
class Post:
    """One message."""

    session: str
    """The conversation that it belongs to: a thread, or a channel's day."""
    key: str
    """Names it for good within its session, also in a later export."""
    text: str
    who: str = ""
    at: datetime | None = None
    is_program: bool = False
    """A bot or an integration posted it."""
    is_note: bool = False
    """The service wrote it: who joined, what was pinned."""
    attached: tuple[str, ...] = ()
    """What is not the poster's own: previews of links, files by their name."""
    by_name: bool = False
    """The session's name is made of the file's; another conversation may have the same."""
    title: str = ""
    """Of the conversation, where the log has one."""


def read_posts(posts: Iterable[Post | Malformed], source: str) -> Reading:
    """The sessions and events of some posts; `source` is the format's name."""
    met: set[str] = set()
    titled: set[str] = set()
    for post in oldest_first(posts):
        if isinstance(post, Malformed):
            yield post
            continue
        session_id = session_segment(post.session)
        if session_id not in met:
            met.add(session_id)
            yield About(Session("", session_id, source, title=title_of(post.title)), by_name=post.by_name)
            titled |= {session_id} if post.title else set()
        if session_id not in titled and post.text.strip() and not post.is_note:
            titled.add(session_id)
            yield About(Session("", session_id, source, title=title_of(post.text)))
        for position, event in enumerate(_events(post)):
            yield Said(session_id, replace(event, raw_key=f"{post.key}:{position}"))


def oldest_first(posts: Iterable[Post | Malformed]) -> Iterator[Post | Malformed]:
    """Posts in the order in which they were made: services answer with the newest first, and what came last decides."""
    posts = iter(posts)
    first = list(islice(posts, ORDER_LOOKED_AT))
    times = [post.at for post in first if isinstance(post, Post) and post.at is not None]
    if len(times) > 1 and times[0] > times[-1] and all(a >= b for a, b in pairwise(times)):
        yield from reversed([*first, *posts])
    else:
        yield from chain(first, posts)


def _events(post: Post) -> Iterator[Event]:
    text = shortened(post.text.strip("\n"))
    if post.is_note:
        yield Event(0, "system", "meta", text, post.at)
    elif text:
        yield _said(post, text)
    for one in post.attached:
        kind: Kind = "image" if one.startswith("[image") else "attachment"
        yield Event(0, "system", kind, shortened(one), post.at)
    if not text and not post.is_note and not post.attached:
        yield Event(0, "system", "meta", "[an empty message]", post.at)


def _said(post: Post, text: str) -> Event:
    role, tool, speaker = voice(post.who) if post.who else ("user", "", "")
    if post.is_program and post.who.strip().lower() not in AGENTS and role != "assistant":
        role, tool = "tool", tool or " ".join(post.who.split()) or "bot"
    if role == "tool":
        return Event(0, role, "tool_result", text, post.at, tool=tool, is_error=text.startswith("Error"))
    return Event(0, role, "text", text, post.at, speaker=speaker)
