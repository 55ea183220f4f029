"""PagerDuty's incidents: their log entries, notes and themselves, as its interface answers and as archives put them together.

Each incident is a session. What people noted is theirs; that it was triggered, acknowledged and resolved the service says. A note
stands in the log entries too, and is read once.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from dreamfs_server.transcripts.posts import Post, read_posts
from dreamfs_server.transcripts.reading import (
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
from dreamfs_server.transcripts.surroundings import Surroundings

FORMAT = "pagerduty"
_ENTRY = "_log_entry"
_TOLD = frozenset(("acknowledge", "resolve", "unacknowledge", "reach_ack_limit", "merge"))
"""What is told of an incident besides what people wrote; who was notified and when is a note of the service."""
_BESIDE = ("log_entries.json", "incident.json", "incidents.json")
_LISTS = ("log_entries", "notes", "incidents")


def is_record(about: Mapping[str, Any]) -> bool:
    """Whether a record is of PagerDuty's."""
    if _ENTRY in string(about.get("type")) or "incident_number" in about or _is_note(about):
        return True
    incident = mapping(about.get("incident"))
    if "incident_number" in incident or isinstance(about.get("log_entries"), list):
        return True
    return any(is_record(mapping(one)) for name in _LISTS for one in items(about.get(name))[:5])


def read(records: Iterable[Record | Malformed], name: str, around: Surroundings) -> Reading:
    """Read incidents; a list of notes does not say whose it is, but a file beside it may."""
    return read_posts(_posts(records, name, around), FORMAT)


def _posts(records: Iterable[Record | Malformed], name: str, around: Surroundings) -> Iterator[Post | Malformed]:
    by_place = around.folder if around.folder and name.lower() in {"notes", "log_entries", "incident"} else name
    for record in records:
        if isinstance(record, Malformed):
            yield record
            continue
        about = mapping(record.value)
        if not is_record(about):
            yield Malformed(record.position, "nothing of PagerDuty's")
            continue
        for whole in [mapping(one) for one in items(about.get("incidents"))] or [about]:
            own = _incident(whole) or _beside(around)
            found = list(_of(whole, _incident(whole)))
            found.sort(key=lambda post: (post.at is None, post.at.timestamp() if post.at else 0.0))
            for post in found:
                session = post.session or own
                yield replace(post, session=session or by_place, by_name=not session)


def _of(about: dict[str, Any], incident: str) -> Iterator[Post]:
    """What a record tells: one entry or note, or an incident with those it holds."""
    if _is_note(about):
        yield _note(about, incident)
        return
    if _ENTRY in string(about.get("type")):
        yield _entry(about, {})
        return
    entries = [mapping(one) for one in items(about.get("log_entries"))]
    own = mapping(about.get("incident")) or about
    if "incident_number" in own and not any(string(one.get("type")).startswith("trigger") for one in entries):
        yield _trigger(own, incident)
    yield from (_entry(entry, own) for entry in entries)
    yield from (_note(mapping(one), incident) for one in items(about.get("notes")) if _is_note(mapping(one)))


def _incident(about: dict[str, Any]) -> str:
    """The id of the incident that a record is, or belongs to."""
    if "incident_number" in about:
        return string(about.get("id"))
    own = string(mapping(about.get("incident")).get("id"))
    within = (string(mapping(mapping(one).get("incident")).get("id")) for one in items(about.get("log_entries")))
    return own or next(filter(None, within), "")


def _beside(around: Surroundings) -> str:
    for name in _BESIDE:
        value = around.json(name)
        records = [mapping(one) for one in items(value)] or [mapping(value)]
        listed = [mapping(one) for one in items(records[0].get("incidents"))]
        if (found := {id_ for one in [*records, *listed] if (id_ := _incident(one))}) and len(found) == 1:
            return found.pop()
    return ""


def _is_note(about: Mapping[str, Any]) -> bool:
    is_said = isinstance(about.get("content"), str) and "created_at" in about
    return is_said and bool(mapping(about.get("user")).get("summary"))


def _note(note: dict[str, Any], incident: str) -> Post:
    return _told(string(note.get("content")), string(mapping(note.get("user")).get("summary")), note, incident)


def _entry(entry: dict[str, Any], whole: dict[str, Any]) -> Post:
    kind = string(entry.get("type")).partition(_ENTRY)[0]
    channel, agent = mapping(entry.get("channel")), mapping(entry.get("agent"))
    incident = mapping(entry.get("incident")) or whole
    incident_id = string(incident.get("id"))
    who = string(agent.get("summary") or agent.get("name"))
    if kind == "trigger":
        service = entry.get("service") or incident.get("service") or agent
        return _trigger(incident | {"service": service}, incident_id, entry)
    written = string(entry.get("message")) if kind == "status_update" else ""
    if kind in {"annotate", "status_update"}:
        text = written or string(channel.get("content") or channel.get("summary") or entry.get("note"))
        if "user" in string(agent.get("type")) or not agent:
            return _told(text or string(entry.get("summary")), who, entry, incident_id)
        return _posted(text or string(entry.get("summary")), who, entry, incident_id)
    return _posted(string(entry.get("summary")) or kind, "PagerDuty", entry, incident_id, is_note=kind not in _TOLD)


def _told(text: str, who: str, record: dict[str, Any], incident: str) -> Post:
    """What a person wrote; named by who and what, since the service keeps it in two places."""
    return Post(incident, f"note {digest_of([who, text])}", text, who, moment(record.get("created_at")))


def _posted(text: str, who: str, record: dict[str, Any], incident: str, *, is_note: bool = False) -> Post:
    key = f"entry {string(record.get('id')) or digest_of(record)}"
    return Post(incident, key, text, who, moment(record.get("created_at")), is_program=True, is_note=is_note)


def _trigger(incident: dict[str, Any], incident_id: str, entry: dict[str, Any] | None = None) -> Post:
    """That an incident began, with what its monitor said of it. An incident and the entry that began it say the same."""
    entry = entry or {}
    channel = mapping(entry.get("channel"))
    title = string(incident.get("title")) or _bare(string(incident.get("summary"))) or string(entry.get("summary"))
    parts = [f"TRIGGERED: {title}"]
    parts += [string(channel.get("summary"))] if string(channel.get("type")) == "note" else []
    told = (channel.get("description"), channel.get("details"), channel.get("body"))
    for value in (*told, mapping(incident.get("body")).get("details")):
        parts += [line for line in _details(value) if line and line != title]
    who = string(mapping(incident.get("service")).get("summary")) or "PagerDuty"
    at = moment(entry.get("created_at") or incident.get("created_at"))
    text = "\n".join(dict.fromkeys(parts))
    return Post(incident_id, "trigger", text, who, at, is_program=True, title=title)


def _bare(summary: str) -> str:
    """`[#1234] The queue is full` without its number."""
    return summary.partition("] ")[2] if summary.startswith("[#") and "] " in summary else summary


def _details(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value.strip()
    for name, one in mapping(value).items():
        yield f"{name}: {one if isinstance(one, str | int | float) else compact(one)}"
