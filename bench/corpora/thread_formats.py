"""The forms in which one thread may lie in an archive."""

import json
import zipfile
from collections.abc import Callable, Sequence
from datetime import timedelta, timezone
from pathlib import Path
from random import Random
from typing import Any

from bench.corpora.incidents import Incident, Message
from bench.corpora.names import uuid

BERLIN_SUMMER = timezone(timedelta(hours=2))
"""All threads lie in summer."""


def brackets(incident: Incident) -> str:
    return f"# {incident.title}\n\n" + "".join(
        f"[{m.at:%Y-%m-%d %H:%M}] {m.who}: {m.text}\n" for m in incident.messages
    )


def irc(incident: Incident) -> str:
    return "".join(f"{m.at:%Y-%m-%dT%H:%M:%SZ} <{m.who}> {m.text}\n" for m in incident.messages)


def markdown(incident: Incident) -> str:
    people = ", ".join(dict.fromkeys(m.who for m in incident.messages if m.voice == "person"))
    first = incident.messages[0].at.astimezone(BERLIN_SUMMER)
    head = f"---\ntitle: {incident.title}\ndate: {first:%Y-%m-%d}\ntimezone: Europe/Berlin\nparticipants: [{people}]\n---\n\n## Timeline\n\n"
    lines = [f"- {m.at.astimezone(BERLIN_SUMMER):%H:%M} — **{m.who}**: {m.text}\n" for m in incident.messages]
    return head + "".join(lines)


def letters(incident: Incident) -> str:
    zone = timezone(timedelta(hours=-5))
    return "\n".join(
        f"From: {m.who} <{m.who.lower()}@example.org>\nDate: {m.at.astimezone(zone):%a, %d %b %Y %H:%M:%S %z}\nSubject: {incident.title}\n\n{m.text}\n"
        for m in incident.messages
    )


def openai(incident: Incident) -> str:
    return json.dumps({"title": incident.title, "messages": [_chat(m) for m in incident.messages]}, ensure_ascii=False)


def openai_lines(incident: Incident) -> str:
    return "".join(json.dumps(_chat(m), ensure_ascii=False) + "\n" for m in incident.messages)


def anthropic(incident: Incident) -> str:
    messages: list[dict[str, Any]] = []
    for m in incident.messages:
        if m.voice == "tool":
            messages.append(
                {
                    "role": "assistant",
                    "content": [{"type": "tool_use", "id": f"t{len(messages)}", "name": m.who, "input": {}}],
                }
            )
            content = {"type": "tool_result", "tool_use_id": f"t{len(messages) - 1}", "content": m.text}
            messages.append({"role": "user", "content": [content]})
        else:
            messages.append(
                {"role": "user", "content": [{"type": "text", "text": f"[{m.at:%Y-%m-%d %H:%M}] {m.who}: {m.text}"}]}
            )
    return json.dumps({"model": "claude-opus-5-5", "system": "Take part.", "messages": messages}, ensure_ascii=False)


def claude_code(incident: Incident) -> str:
    rng = Random(incident.name)
    session, parent, rows = uuid(rng), None, list[dict[str, Any]]()
    for m in incident.messages:
        content: Any = f"{m.who}: {m.text}" if m.voice == "person" else m.text
        if m.voice in {"bot", "tool"}:
            content = [{"type": "tool_result", "tool_use_id": f"t{len(rows)}", "content": m.text}]
        row = {"type": "user", "sessionId": session, "uuid": uuid(rng), "parentUuid": parent, "isSidechain": False,
               "timestamp": f"{m.at:%Y-%m-%dT%H:%M:%S.000Z}", "message": {"role": "user", "content": content}}  # fmt: skip
        parent = row["uuid"]
        rows.append(row)
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


def chatgpt(incidents: Sequence[Incident]) -> str:
    return json.dumps([_chatgpt(incident) for incident in incidents], ensure_ascii=False)


def claude_ai(incidents: Sequence[Incident]) -> str:
    return json.dumps(
        [
            {"uuid": uuid(Random(one.name)), "name": one.title, "created_at": _z(one.messages[0]), "updated_at": _z(one.messages[-1]),
             "chat_messages": [_claude_ai(m, n) for n, m in enumerate(one.messages)]}
            for one in incidents
        ],
        ensure_ascii=False,
    )  # fmt: skip


def chat(incident: Incident) -> str:
    rows = [{"author": m.who, "text": m.text, "timestamp": _z(m)} for m in incident.messages]
    return json.dumps(rows, ensure_ascii=False, indent=1)


def slack(incidents: Sequence[Incident]) -> dict[str, str]:
    """The files of an export: users, a channel, and its days; each incident is a thread of it."""
    people = sorted({m.who for one in incidents for m in one.messages if m.voice == "person"})
    days: dict[str, list[dict[str, Any]]] = {}
    for number, incident in enumerate(incidents):
        thread = f"{incident.messages[0].at.timestamp():.0f}.{number:06}"
        for n, m in enumerate(incident.messages):
            stamp = thread if n == 0 else f"{m.at.timestamp():.0f}.{500_000 + 1_000 * number + n:06}"
            row = {"type": "message", "ts": stamp, "thread_ts": thread, "text": _marked(m.text)}
            row |= {"user": f"U{m.who}"} if m.voice == "person" else {"bot_id": "B1", "username": m.who}
            days.setdefault(f"{m.at:%Y-%m-%d}", []).append(row)
    users = [{"id": f"U{who}", "name": who, "profile": {"real_name": who}} for who in people]
    files = {"users.json": users, "channels.json": [{"id": "C1", "name": "incidents", "members": []}]}
    files |= {f"incidents/{day}.json": sorted(rows, key=lambda row: row["ts"]) for day, rows in days.items()}
    return {name: json.dumps(value, ensure_ascii=False) for name, value in files.items()}


def _marked(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


FILES: dict[str, tuple[str, Callable[[Incident], str]]] = {
    "brackets": ("md", brackets),
    "irc": ("log", irc),
    "markdown": ("md", markdown),
    "letters": ("txt", letters),
    "openai": ("json", openai),
    "openai-lines": ("jsonl", openai_lines),
    "anthropic": ("json", anthropic),
    "claude-code": ("jsonl", claude_code),
    "chat": ("json", chat),
}
EXPORTS: dict[str, Callable[[Sequence[Incident]], dict[str, str]]] = {
    "chatgpt": lambda incidents: {"conversations.json": chatgpt(incidents)},
    "claude-ai": lambda incidents: {"conversations.json": claude_ai(incidents)},
    "slack": slack,
}
FORMS = (*FILES, *EXPORTS)


def write(folder: Path, form: str, incidents: Sequence[Incident]) -> None:
    """Write threads below a folder: one file each, or one zip for the data exports."""
    folder.mkdir(parents=True, exist_ok=True)
    if form in EXPORTS:
        with zipfile.ZipFile(folder / f"{form}.zip", "w", zipfile.ZIP_DEFLATED) as archive:
            for name, text in EXPORTS[form](incidents).items():
                archive.writestr(name, text)
        return
    suffix, printed = FILES[form]
    for incident in incidents:
        (folder / f"{incident.name}.{suffix}").write_text(printed(incident), encoding="utf-8")


def _chat(m: Message) -> dict[str, Any]:
    role = {"person": "user", "bot": "user", "agent": "assistant", "tool": "tool"}[m.voice]
    return {"role": role, "name": m.who, "content": m.text, "timestamp": _z(m)}


def _chatgpt(incident: Incident) -> dict[str, Any]:
    rng = Random(incident.name)
    conversation = uuid(rng)
    nodes: dict[str, Any] = {}
    parent = None
    for m in incident.messages:
        node = uuid(rng)
        author: dict[str, Any] = {
            "role": "tool" if m.voice in {"tool", "bot"} else "user",
            "name": m.who,
            "metadata": {},
        }
        message = {"id": node, "author": author, "create_time": m.at.timestamp(), "status": "finished_successfully",
                   "content": {"content_type": "text", "parts": [m.text]}, "recipient": "all", "metadata": {}, "weight": 1.0}  # fmt: skip
        nodes[node] = {"id": node, "message": message, "parent": parent, "children": []}
        if parent:
            nodes[parent]["children"].append(node)
        parent = node
    return {"title": incident.title, "create_time": incident.messages[0].at.timestamp(), "mapping": nodes,
            "update_time": incident.messages[-1].at.timestamp(), "conversation_id": conversation, "current_node": parent}  # fmt: skip


def _claude_ai(m: Message, number: int) -> dict[str, Any]:
    block: dict[str, Any] = {"type": "text", "text": f"{m.who}: {m.text}" if m.voice == "person" else m.text}
    if m.voice in {"bot", "tool"}:
        block = {"type": "tool_result", "name": m.who, "content": [{"type": "text", "text": m.text}]}
    return {"uuid": f"{number}-{m.at.timestamp():.0f}", "text": m.text, "sender": "human", "created_at": _z(m), "content": [block],
            "attachments": [], "files": []}  # fmt: skip


def _z(m: Message) -> str:
    return f"{m.at:%Y-%m-%dT%H:%M:%SZ}"
