"""`record`: append events to a transcript while the session goes on."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, cast

from dreamfs_tools.answers import moment, plural, rfc3339, version_words
from dreamfs_tools.call import Answer, Call
from dreamfs_tools.errors import Refusal
from dreamfs_tools.filesystem import Snapshot
from dreamfs_tools.transcript import Event, Kind, Origin, Role, Session

EVENTS_COUNT_MAX = 1_000
"""Of one call."""
EVENT_CHARACTERS_MAX = 102_400
"""Of one event's text and input together."""
NAME_CHARACTERS_MAX = 200
"""Of an event's id and of a tool's name."""
SOURCE = "record"

_ROLES: tuple[Role, ...] = ("user", "assistant", "tool")
_FIELDS = ("role", "text", "id", "at", "tool", "input", "is_error")


@dataclass(frozen=True, slots=True)
class _Scene:
    """What the call needs to know of the moment."""

    now: datetime
    store: str
    known: Session | None


async def record(call: Call, events: Sequence[Mapping[str, Any]], expected_version: int | None = None) -> Answer:
    """Append events to this connection's transcript, /transcripts/<session>.

    Each is {"role": "user"|"assistant"|"tool", "text", "id", "at", "tool", "input", "is_error"}; role and text are
    required. With an `id` of your own a retry records nothing twice. `expected_version` is the number of events so far.
    """
    if call.archive is None:
        raise Refusal("unavailable", "This server keeps no transcripts; nothing was recorded.")
    session_id = _session_id(call)
    scene = await call.filesystem.read(lambda snapshot: _scene(snapshot, call, session_id))
    if scene.known is not None and scene.known.source != SOURCE and not _is_own(call, session_id):
        raise _anothers(session_id, "it was imported from a log")
    read = [_event(call, number, event, scene.now) for number, event in enumerate(events, 1)]
    _check_whole(read)
    session = Session(scene.store, session_id, SOURCE)
    added = await call.archive.add(session, read, expected_events=expected_version)
    said = f"Recorded {plural(added.events, 'event')} in /transcripts/{session_id}."
    if added.skipped:
        said += f" {plural(added.skipped, 'event')} had been recorded before, by id."
    if added.redactions:
        said += f" {plural(added.redactions, 'secret')} replaced by [redacted: KIND]."
    line = f"[{version_words(added.total)} · {call.author.label} · {moment(scene.now)}]"
    data: dict[str, object] = {"code": "ok", "path": f"/transcripts/{session_id}", "version": added.total}
    data |= {"previous": added.total - added.events, "current": added.total}
    data |= {"recorded": added.events, "skipped": added.skipped, "redactions": added.redactions}
    return Answer(f"{said}\n{line}", data | {"created_at": rfc3339(scene.now)})


def _session_id(call: Call) -> str:
    """The session to record in. Another one than the connection's own takes a recorder: a claim is no permission."""
    claimed = call.author.session_id
    own = call.own_session or call.author.host_session_id
    if claimed and own and claimed != own and not call.recorder:
        raise _anothers(claimed, f"this connection is session {own}")
    return claimed or own or call.author.connection_id


def _is_own(call: Call, session_id: str) -> bool:
    return call.recorder or session_id in {call.own_session, call.author.host_session_id}


def _anothers(session_id: str, why: str) -> Refusal:
    return Refusal(
        "not_allowed",
        f"The transcript of session {session_id} is another's to write: {why}. Nothing was recorded. Leave out "
        "session_id, or choose one that is new. Only a server started with --recorder may write other sessions.",
        path=f"/transcripts/{session_id}",
    )


def _scene(snapshot: Snapshot, call: Call, session_id: str) -> _Scene:
    mounts = call.mounts.table(snapshot).values()
    stores = [mount.store.slug for mount in mounts if mount.store is not None and mount.writable]
    if not stores:
        raise Refusal(
            "read_only",
            "A transcript belongs to a store that may be written, and none is mounted here. Nothing was recorded. A person "
            "can start the server with one: dreamfs serve --mount STORE:rw.",
        )
    kept = {store: snapshot.transcripts.session(store, session_id) for store in stores}
    store = next((store for store in stores if kept[store]), "memories" if "memories" in stores else stores[0])
    return _Scene(snapshot.now, store, kept[store])


def _event(call: Call, number: int, event: Any, now: datetime) -> Event:
    if not isinstance(event, Mapping):
        raise _bad(number, 'it is not an object. Send {"role": …, "text": …}.')
    fields = cast("Mapping[str, Any]", event)
    for name in fields:
        if name not in _FIELDS:
            raise _bad(number, f"it has an unknown field {str(name)[:40]!r}; the fields are {', '.join(_FIELDS)}.")
    role = fields.get("role")
    if role not in _ROLES:
        raise _bad(number, f"its role is {json.dumps(role, default=str)[:40]}; it must be one of {', '.join(_ROLES)}.")
    for name in ("id", "at", "tool"):
        if fields.get(name) is not None and not isinstance(fields[name], str):
            raise _bad(number, f"its {name} is not a string.")
    for name in ("id", "tool"):
        if len(fields.get(name) or "") > NAME_CHARACTERS_MAX:
            raise _bad(number, f"its {name} has more than {NAME_CHARACTERS_MAX} characters.")
    if not isinstance(fields.get("text"), str):
        raise _bad(number, "it has no text; text is a string, and may be empty.")
    is_error = fields.get("is_error")
    if is_error is not None and not isinstance(is_error, bool):
        raise _bad(number, "its is_error is neither true nor false.")
    tool = fields.get("tool") or ""
    text = _text(fields)
    if len(text) > EVENT_CHARACTERS_MAX:
        raise _bad(
            number, f"it has {len(text):,} characters; at most {EVENT_CHARACTERS_MAX:,} are allowed.", "too_large"
        )
    origin: Origin = "host" if call.recorder else "self"
    kind: Kind = "tool_result" if role == "tool" else "tool_call" if role == "assistant" and tool else "text"
    # DESIGN section 9: without a flag the text has to say it.
    failed = is_error if is_error is not None else role == "tool" and text.startswith("Error")
    key = f"record:{fields['id']}" if fields.get("id") else ""
    return Event(number, role, kind, text, _at(call, number, fields, now), tool, failed, origin, raw_key=key)


def _text(fields: Mapping[str, Any]) -> str:
    text: str = fields["text"]
    if fields.get("input") is None:
        return text
    given = json.dumps(fields["input"], ensure_ascii=False, default=str)
    return f"{text}\n{given}" if text else given


def _at(call: Call, number: int, fields: Mapping[str, Any], now: datetime) -> datetime:
    written = fields.get("at")
    if written is None or not call.recorder:
        return now  # an agent does not say when something was; the archive's clock does
    try:
        at = datetime.fromisoformat(written)
    except ValueError:
        raise _bad(number, "its at is not a time as in RFC 3339, such as 2026-11-22T11:03:00Z.") from None
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)


def _check_whole(events: Sequence[Event]) -> None:
    if not events:
        raise Refusal("invalid_argument", "Error: There are no events to record; send at least one.")
    if len(events) > EVENTS_COUNT_MAX:
        raise Refusal(
            "limit",
            f"Error: {len(events):,} events in one call; at most {EVENTS_COUNT_MAX:,} are allowed. Nothing was "
            "recorded. Send them in parts.",
        )
    first: dict[str, int] = {}
    for event in events:
        if event.raw_key and first.setdefault(event.raw_key, event.n) != event.n:
            raise _bad(event.n, f"its id is also that of event {first[event.raw_key]}; each event has its own.")


def _bad(number: int, why: str, code: Any = "invalid_argument") -> Refusal:
    return Refusal(code, f"Error: Event {number} cannot be recorded: {why} Nothing was recorded.", event=number)
