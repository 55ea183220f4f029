"""Conversations as a list of messages: what the `anthropic` and `openai` readers share.

A record is a whole conversation (`{"messages": […]}`, a list, a logged request with its response, a benchmark's run)
or one message of a conversation that the file holds message by message.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from dreamfs_server.transcripts.messages import message_events
from dreamfs_server.transcripts.reading import (
    About,
    Keys,
    Malformed,
    OpenCalls,
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
from dreamfs_tools.transcript import Event, Session

_LISTS = ("messages", "traj", "trajectory", "conversation", "input")
_TIMES = ("timestamp", "created_at", "create_time", "created", "start_time", "started_at", "date")
_IDS = ("session_id", "conversation_id", "thread_id", "id", "uuid", "request_id")


@dataclass(slots=True)
class _Open:
    """A conversation while it is read."""

    session_id: str
    at: datetime | None = None
    keys: Keys = field(default_factory=Keys)
    calls: OpenCalls = field(default_factory=OpenCalls)
    titled: bool = False


def read_conversations(records: Iterable[Record | Malformed], name: str, source: str) -> Reading:
    """Read conversations or the messages of one; `source` is the format's name."""
    loose: dict[str, _Open] = {}
    ids: dict[str, int] = {}
    for record in _unfolded(records):
        if isinstance(record, Malformed):
            yield record
            continue
        value = record.value
        messages = _messages(value)
        about = mapping(value)
        if messages is not None:
            session = _about(about, name, source, record.position)
            count = ids[session.session_id] = ids.get(session.session_id, 0) + 1
            if count > 1:  # two runs under one name: both are kept
                session = replace(session, session_id=session_segment(f"{session.session_id}-{count}"))
            yield About(session, by_name=not _own_id(about))
            conversation = _Open(session.session_id, session.started_at)
            for message in messages:
                yield from _message(message, digest_of(message), conversation, source)
        elif _is_message(about):
            session_id = _first(about, _IDS[:3]) or name
            open_ = loose.get(session_id)
            if open_ is None:
                open_ = loose[session_id] = _Open(session_segment(session_id))
                yield About(Session("", open_.session_id, source), by_name=session_id == name)
            yield from _message(value, record.digest, open_, source)
        else:
            yield Malformed(record.position, "neither a message nor a conversation")


def _unfolded(records: Iterable[Record | Malformed]) -> Iterator[Record | Malformed]:
    """Take apart documents that hold several conversations."""
    for record in records:
        runs = None if isinstance(record, Malformed) else mapping(record.value).get("simulations")
        if isinstance(record, Malformed) or not isinstance(runs, list):
            yield record
            continue
        for number, run in enumerate(items(runs), 1):
            yield Record(number, run, digest_of(run))


def _messages(value: Any) -> list[Any] | None:
    """The messages of a conversation in order; None when the value is no conversation."""
    if isinstance(value, list):
        return items(value)
    about = mapping(value)
    request = mapping(about.get("request") or about.get("body") or about.get("kwargs"))
    found = next((items(about[name]) for name in _LISTS if isinstance(about.get(name), list)), None)
    if found is None and request:
        found = _messages(request)
    if found is None:
        return None
    instructions = about.get("system") or about.get("instructions")
    leading = [{"role": "system", "content": instructions}] if instructions else []
    return [*leading, *found, *_answers(about)]


def _answers(about: dict[str, Any]) -> list[Any]:
    """What a logged response adds to its request."""
    answers: list[Any] = []
    for holder in (about, mapping(about.get("response") or about.get("completion"))):
        answers += [
            mapping(choice)["message"] for choice in items(holder.get("choices")) if "message" in mapping(choice)
        ]
        answers += items(holder.get("output"))
        if holder.get("type") == "message" and "content" in holder:
            answers.append(holder)
    return answers


def _is_message(value: dict[str, Any]) -> bool:
    return "role" in value or string(value.get("type")) in _ITEM_TYPES


def _about(about: dict[str, Any], name: str, source: str, position: int) -> Session:
    """What a record says of its conversation: a benchmark's run carries its task and its reward."""
    task_id, trial = about.get("task_id"), about.get("trial")
    session_id = _first(about, _IDS)
    if not session_id and task_id is not None:
        session_id = f"{name}-task-{task_id}" + (f"-trial-{trial}" if trial is not None else "")
    if not session_id:
        session_id = name if position == 1 else f"{name}-{position}"
    info = mapping(mapping(about.get("info")).get("task"))
    instruction = string(info.get("instruction") or about.get("task") or about.get("instruction"))
    task = ": ".join(part for part in (string(task_id), instruction) if part)
    return Session(
        "",
        session_segment(session_id),
        source,
        started_at=moment(_first(about, _TIMES)),
        task=task,
        outcome=_outcome(about),
        title=title_of(string(about.get("title") or about.get("name")) or instruction),
    )


def _outcome(about: dict[str, Any]) -> str:
    reward = about.get("reward", mapping(about.get("reward_info")).get("reward"))
    if isinstance(reward, bool | int | float):
        return "success" if reward >= 1 else "failure"
    for name in ("success", "resolved", "passed"):
        if isinstance(about.get(name), bool):
            return "success" if about[name] else "failure"
    return ""


def _message(message: Any, digest: str, conversation: _Open, source: str) -> Reading:
    key = conversation.keys.name(digest)
    at = moment(_first(mapping(message), _TIMES)) or conversation.at
    for position, event in enumerate(_events(message, conversation.calls, at)):
        if not conversation.titled and event.role == "user" and event.kind == "text" and event.text:
            conversation.titled = True
            yield About(Session("", conversation.session_id, source, title=title_of(event.text)))
        yield Said(conversation.session_id, replace(event, raw_key=f"{key}:{position}"))


def _events(message: Any, calls: OpenCalls, at: datetime | None) -> Iterator[Event]:
    value = mapping(message)
    kind = string(value.get("type"))
    if kind in _ITEM_TYPES:
        yield _item_event(kind, value, calls, at)
    elif "role" in value:
        yield from message_events(value, calls, at)
    elif isinstance(message, str):
        yield Event(0, "user", "text", shortened(message), at)
    else:
        yield Event(0, "system", "meta", shortened(compact(message)), at)


_ITEM_TYPES = frozenset(
    {"function_call", "custom_tool_call", "function_call_output", "custom_tool_call_output", "reasoning"}
)


def _item_event(kind: str, item: dict[str, Any], calls: OpenCalls, at: datetime | None) -> Event:
    """An item of the Responses interface that is no message."""
    if kind == "reasoning":
        return next(message_events({"role": "assistant", "content": [item]}, calls, at))
    if kind.endswith("_output"):
        tool = {"role": "tool", "tool_call_id": item.get("call_id"), "content": item.get("output")}
        return next(message_events(tool, calls, at))
    call = {"id": item.get("call_id"), "function": {**item, "arguments": item.get("arguments", item.get("input"))}}
    return next(message_events({"role": "assistant", "content": [], "tool_calls": [call]}, calls, at))


def _own_id(about: dict[str, Any]) -> str:
    """The id that a conversation has in its log; a bare number is one of that file only."""
    found = _first(about, _IDS)
    return "" if found.isdigit() else found


def _first(value: dict[str, Any], names: Iterable[str]) -> str:
    return next((found for name in names if (found := string(value.get(name)))), "")
