"""Importing transcripts: every format, nothing lost, nothing twice, nothing fatal."""

import io
import json
import shutil
import zipfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TypeGuard

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from dreamfs_server.transcripts.formats import UnknownFormat, read_file
from dreamfs_server.transcripts.hook import session_logs
from dreamfs_server.transcripts.importer import Progress, import_transcripts
from dreamfs_server.transcripts.reading import Malformed, Said, moment, session_segment
from dreamfs_server.transcripts.records import json_items
from dreamfs_tools.errors import Refusal
from dreamfs_tools.paths import check_segment
from dreamfs_tools.transcript import Event, render
from memory_archive import MemoryArchive
from secret_texts import TOKENS
from snapshot import assert_snapshot

OWN = Path(__file__).parent / "transcripts"
SHARED = Path(__file__).parents[2] / "shared" / "data" / "transcripts"
needs_shared = pytest.mark.skipif(not SHARED.exists(), reason="the shared transcripts are not beside the repository")
FORMATS = {
    "projects": "claude-code",
    "claude-code-document.json": "claude-code",
    "anthropic.json": "anthropic",
    "openai.jsonl": "openai",
    "messages.json": "openai",
    "benchmark.json": "openai",
    "chatgpt.json": "chatgpt",
    "claude-ai.json": "claude-ai",
    "slack": "slack",
    "pagerduty": "pagerduty",
    "discord.json": "discord",
    "teams.json": "teams",
    "people.json": "chat",
    "chat.txt": "text",
    "incident.md": "text",
}


async def imported(*paths: Path, archive: MemoryArchive | None = None) -> dict[str, Any]:
    return (await import_transcripts(archive or MemoryArchive(), "memories", paths)).as_json()


def everything(archive: MemoryArchive) -> list[Event]:
    return [event for _, events in archive.kept.values() for event in events]


@pytest.mark.parametrize("name", FORMATS)
async def test_each_format_is_known_by_its_content_and_reads_as_this_text(name: str) -> None:
    archive = MemoryArchive()
    report = await imported(OWN / name, archive=archive)
    assert {file["format"] for file in report["files"]} == {FORMATS[name]}
    parts = [json.dumps(report | {"files": [file | {"path": ""} for file in report["files"]]}, indent=1)]
    for session, events in archive.kept.values():
        about = (session.session_id, session.source, session.started_at, session.task, session.outcome)
        parts.append("\n".join(["", "=" * 20, *map(str, (*about, session.title, session.parent)), "=" * 20]))
        parts.append("".join(map(render, events)))
    assert_snapshot(f"transcript-{name}.txt", "\n".join(parts))


async def test_a_text_whose_lines_begin_with_a_time_in_brackets_is_text(tmp_path: Path) -> None:
    path = tmp_path / "thread.txt"
    path.write_text("[2026-03-01 10:02] User: the alert fired\n[2026-03-01 10:03] Assistant: looking\n")
    archive = MemoryArchive()
    report = await imported(path, archive=archive)
    assert [file["format"] for file in report["files"]] == ["text"]
    assert [event.text for event in everything(archive)] == ["the alert fired", "looking"]


@pytest.mark.parametrize("name", FORMATS)
async def test_importing_twice_adds_nothing(name: str) -> None:
    archive = MemoryArchive()
    first = await imported(OWN / name, archive=archive)
    before = everything(archive)
    again = await imported(OWN / name, archive=archive)
    assert (again["sessions"], again["events"], again["skipped"]) == (0, 0, first["events"])
    assert everything(archive) == before


@pytest.mark.parametrize("cut", [1, 9, 20])
async def test_a_log_that_has_grown_adds_only_what_is_new(cut: int, tmp_path: Path) -> None:
    whole = next((OWN / "projects").rglob("*001.jsonl")).read_text().splitlines(keepends=True)
    log, archive = tmp_path / "7a1d2c3e-0000-4000-8000-000000000001.jsonl", MemoryArchive()
    log.write_text("".join(whole[:cut]))
    first = await imported(log, archive=archive)
    log.write_text("".join(whole))
    second = await imported(log, archive=archive)
    at_once = MemoryArchive()
    await imported(log, archive=at_once)
    assert second["skipped"] == first["events"]
    assert [event.text for event in everything(archive)] == [event.text for event in everything(at_once)]


async def test_a_growing_conversation_adds_only_its_new_messages(tmp_path: Path) -> None:
    messages = [{"role": "user", "content": "again"}] * 3
    log, archive = tmp_path / "chat.json", MemoryArchive()
    for count in (1, 3):
        log.write_text(json.dumps(messages[:count]))
        await imported(log, archive=archive)
    assert [event.text for event in everything(archive)] == ["again"] * 3


async def test_a_sub_agent_with_a_log_of_its_own_names_its_parent() -> None:
    archive = MemoryArchive()
    await imported(OWN / "projects", archive=archive)
    sessions = {session.session_id: session.parent for session, _ in archive.kept.values()}
    main = "7a1d2c3e-0000-4000-8000-000000000001"
    assert sessions == {main: "", f"{main}-agent-a1b2c3": main}


async def test_exports_are_read_out_of_their_zip(tmp_path: Path) -> None:
    for name in ("chatgpt", "claude-ai"):
        with zipfile.ZipFile(tmp_path / f"{name}.zip", "w", zipfile.ZIP_DEFLATED) as archive:
            archive.write(OWN / f"{name}.json", "conversations.json")
            archive.writestr("users.json", "[]")
        report = await imported(tmp_path / f"{name}.zip")
        assert [file["format"] for file in report["files"]] == [name]
        assert report["sessions"] == 1


async def test_a_zip_bomb_is_refused_while_it_is_read(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "bomb.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("conversations.json", "[" + " " * 50_000_000 + "]")
    report = await imported(tmp_path / "bomb.zip")
    assert report["files"][0]["error"] == "a zip that unpacks to more than 200 times its size"


@pytest.mark.parametrize(
    ("content", "error"),
    [
        (b"", "the file is empty"),
        (b"\x89PNG\r\n\0\0", "a binary file, not a transcript"),
        (b'{"name": "package", "version": 3}', "JSON, but no transcript that any reader knows"),
        (b"[1, 2, 3]", "JSON, but no transcript that any reader knows"),
        (b"PK\x03\x04 and no more", "a broken zip"),
    ],
)
async def test_what_is_no_transcript_is_reported_and_the_rest_imported(
    content: bytes, error: str, tmp_path: Path
) -> None:
    (tmp_path / "a.json").write_bytes(content)
    report = await imported(tmp_path / "a.json", tmp_path / "absent.jsonl", OWN / "messages.json")
    assert [file["error"] for file in report["files"]] == [error, "No such file or directory", None]
    assert report["events"] == 2


async def test_progress_is_told_file_by_file() -> None:
    told: list[Progress] = []
    await import_transcripts(
        MemoryArchive(), "memories", [OWN / "messages.json", OWN / "chat.txt"], progress=told.append
    )
    assert [(Path(one.path).name, one.files_done, one.events) for one in told] == [
        ("messages.json", 0, 2),
        ("chat.txt", 1, 6),
    ]


async def test_an_unknown_store_ends_the_import() -> None:
    with pytest.raises(Refusal) as refused:
        await import_transcripts(MemoryArchive(), "nowhere", [OWN / "messages.json"])
    assert refused.value.code == "not_found"


@given(st.text())
@example("a" * 300)
@example("..")
@example("a/b: c\ud800")
@example("℀")
def test_any_name_becomes_a_legal_session_id(name: str) -> None:
    segment = session_segment(name)
    check_segment(segment, segment)
    assert len(segment.encode()) <= 200


def test_a_session_id_that_holds_a_secret_says_what_kind_and_two_of_them_never_meet() -> None:
    one, other = (session_segment(f"sid-{start}{TOKENS['github-token'][5:]}") for start in ("ghp_x", "ghp_y"))
    assert one.startswith("sid-redacted-github-token-")
    assert one != other
    assert session_segment(one) == one


@pytest.mark.parametrize(
    ("written", "utc"),
    [
        ("2026-03-01T10:00:00+02:00", "2026-03-01T08:00:00+00:00"),
        ("2026-03-01T10:00:00.5Z", "2026-03-01T10:00:00.500000+00:00"),
        ("2026-03-01 10:00:00", "2026-03-01T10:00:00+00:00"),
        (1772359200, "2026-03-01T10:00:00+00:00"),
        (1772359200000, "2026-03-01T10:00:00+00:00"),
        ("1772359200.0", "2026-03-01T10:00:00+00:00"),
        ("Sun, 01 Mar 2026 10:00:00 GMT", "2026-03-01T10:00:00+00:00"),
    ],
)
def test_times_come_out_in_utc(written: object, utc: str) -> None:
    at = moment(written)
    assert at is not None
    assert at.isoformat() == utc


@pytest.mark.parametrize(
    "written", [None, "", True, "soon", "10", "10:30", float("nan"), 1e300, {"a": 1}, "2026-13-45"]
)
def test_what_is_no_time_is_none(written: object) -> None:
    assert moment(written) is None


names = st.sampled_from(
    [
        "type",
        "role",
        "content",
        "message",
        "messages",
        "text",
        "tool_calls",
        "function",
        "name",
        "arguments",
        "tool_use_id",
        "id",
        "is_error",
        "source",
        "data",
        "timestamp",
        "sessionId",
        "uuid",
        "agentId",
        "isSidechain",
        "summary",
        "toolUseResult",
        "mapping",
        "parent",
        "children",
        "author",
        "create_time",
        "chat_messages",
        "sender",
        "attachments",
        "traj",
        "reward",
        "task_id",
        "info",
        "input",
        "output",
        "choices",
        "loglines",
        "simulations",
        "parts",
        "ts",
        "thread_ts",
        "user",
        "blocks",
        "elements",
        "bot_id",
        "subtype",
        "channel",
        "guild",
        "body",
        "created_at",
        "createdDateTime",
        "messageType",
        "log_entries",
        "notes",
        "incident",
        "incident_number",
        "agent",
    ]
)
json_values: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(names, inner, max_size=5),
    max_leaves=12,
)
rows = st.dictionaries(
    names,
    json_values
    | st.sampled_from(["user", "assistant", "tool", "tool_use", "tool_result"])
    | st.sampled_from(["message", "1793713320.000200", "trigger_log_entry", "annotate_log_entry", "<@U1|x> *b*"]),
    max_size=6,
)
garbage = st.binary(max_size=200) | st.lists(rows | json_values, max_size=5).flatmap(
    lambda values: st.sampled_from(
        [
            "\n".join(json.dumps(value) for value in values).encode(),
            json.dumps(values).encode(),
            json.dumps(values, indent=1).encode()[:-3],
            json.dumps(values[0] if values else {}).encode(),
        ]
    )
)


@settings(max_examples=300, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(st.lists(garbage, max_size=3).map(b"\n".join), st.booleans())
@example(b'{"agentId":" "}\n{"":null,"loglines":null}', False)
@example(b'{"type":[]}\n{"simulations":[]}', False)
@example(b'{"type":"message","ts":"1793713320.000200","blocks":[1,{"elements":[[]]}],"attachments":["x"]}', False)
@example(b'{"log_entries":[{"type":"trigger_log_entry","channel":[],"incident":"x"}],"notes":[1]}', False)
@example(b'{"guild":{},"channel":{},"messages":[1,{"author":[],"embeds":[2]}]}', False)
@example(b'{"value":[{"messageType":"message","createdDateTime":1,"body":{}},3]}', False)
def test_no_garbage_is_fatal(content: bytes, begins_well: bool) -> None:
    good = b'{"type": "user", "sessionId": "s", "uuid": "u", "message": {"role": "user", "content": "hi"}}\n'
    try:
        _, reading = read_file(io.BytesIO((good if begins_well else b"") + content), "garbage")
        found = list(reading)
    except UnknownFormat:
        assert not begins_well or b"\0" in content
        return
    for item in found:
        if isinstance(item, Said):
            render(item.event)
            assert item.event.raw_key
    if begins_well:
        assert sum(isinstance(item, Said) for item in found) >= 1


@given(st.lists(json_values, max_size=8), st.integers(1, 7))
def test_a_list_read_item_by_item_is_the_list(values: list[Any], step: int) -> None:
    class Trickle(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            return super().read(step)

    found = list(json_items(Trickle(json.dumps(values, indent=2).encode())))
    assert not any(isinstance(item, Malformed) for item in found)
    assert json.dumps([item.value for item in found if not isinstance(item, Malformed)]) == json.dumps(values)


@pytest.mark.parametrize(
    ("content", "items", "malformed"),
    [(b"[1, 2, oops, 4]", [1, 2], 1), (b"[1, 2", [1], 1), (b"[1,\n2]trailing", [1, 2], 0), (b"[]", [], 0)],
)
def test_a_damaged_list_gives_what_stands_before_the_damage(content: bytes, items: list[int], malformed: int) -> None:
    found = list(json_items(io.BytesIO(content)))
    assert [item.value for item in found if not isinstance(item, Malformed)][: len(items)] == items
    assert sum(isinstance(item, Malformed) for item in found) == malformed


def test_the_session_end_hook_names_the_session_and_its_agents(tmp_path: Path) -> None:
    shutil.copytree(OWN / "projects", tmp_path / "projects")
    log = next((tmp_path / "projects").rglob("*001.jsonl"))
    (log.parent / "agent-old.jsonl").write_text(json.dumps({"sessionId": log.stem, "agentId": "old"}) + "\n")
    (log.parent / "agent-other.jsonl").write_text(json.dumps({"sessionId": "another", "agentId": "x"}) + "\n")
    found = session_logs(
        json.dumps({"session_id": log.stem, "transcript_path": str(log), "hook_event_name": "SessionEnd"})
    )
    assert {path.name for path in found} == {log.name, "agent-a1b2c3.jsonl", "agent-old.jsonl"}


@pytest.mark.parametrize(
    ("payload", "code"), [("", "invalid_argument"), ("{}", "invalid_argument"), ("[", "invalid_argument")]
)
def test_a_hook_without_a_log_is_refused(payload: str, code: str, tmp_path: Path) -> None:
    with pytest.raises(Refusal) as refused:
        session_logs(payload)
    assert refused.value.code == code
    with pytest.raises(Refusal) as refused:
        session_logs(json.dumps({"transcript_path": str(tmp_path / "gone.jsonl")}))
    assert refused.value.code == "not_found"


def is_object(value: object) -> TypeGuard[dict[str, Any]]:
    return isinstance(value, dict)


def raw_blocks(path: Path) -> Iterator[dict[str, Any]]:
    """Every content block of a Claude Code log, found without any of the code under test."""
    text = path.read_text()
    lines = text.splitlines() if path.suffix == ".jsonl" else [json.dumps(row) for row in json.loads(text)["loglines"]]
    for line in lines:
        row: Any = json.loads(line)
        message: Any = row.get("message") if is_object(row) else None
        content: Any = message.get("content") if is_object(message) else None
        yield from (block for block in content or () if is_object(block))


@needs_shared
@pytest.mark.parametrize("name", sorted(path.name for path in SHARED.glob("claude-code/*.json*")))
async def test_a_real_claude_code_log_gives_the_calls_and_errors_counted_in_it(name: str) -> None:
    path, archive = SHARED / "claude-code" / name, MemoryArchive()
    report = await imported(path, archive=archive)
    blocks = Counter(str(block.get("type")) for block in raw_blocks(path))
    errors = sum(block.get("is_error") is True for block in raw_blocks(path))
    events = everything(archive)
    kinds = Counter(event.kind for event in events)
    assert (kinds["tool_call"], kinds["tool_result"]) == (blocks["tool_use"], blocks["tool_result"])
    assert sum(event.is_error for event in events) == errors
    assert all(event.tool for event in events if event.kind in {"tool_call", "tool_result"})
    text = path.read_text()
    rows = text.splitlines() if path.suffix == ".jsonl" else json.loads(text)["loglines"]
    bare = sum(not isinstance(json.loads(row), dict) for row in rows) if path.suffix == ".jsonl" else 0
    assert (report["files"][0]["error"] or "0").split()[0] == str(bare)
    # A row is an event for each block, or one where it has none.
    assert len(events) >= len(rows) - bare
    named: set[Any] = (
        {json.loads(row).get("sessionId") for row in rows if row[:1] == "{"} if path.suffix == ".jsonl" else set()
    )
    assert report["sessions"] == max(1, len(named - {None}))
    again = await imported(path, archive=archive)
    assert (again["events"], again["skipped"]) == (0, len(events))


@needs_shared
async def test_a_real_benchmark_gives_a_session_for_each_run_with_its_task_and_outcome() -> None:
    archive = MemoryArchive()
    path = SHARED / "tau-bench" / "gpt-4o-airline.json"
    report = await imported(path, archive=archive)
    runs = json.loads(path.read_text())
    messages = [message for run in runs for message in run["traj"]]
    calls = sum(len(message.get("tool_calls") or ()) for message in messages)
    errors = sum(message["role"] == "tool" and message["content"].startswith("Error") for message in messages)
    events = everything(archive)
    assert report["sessions"] == len(runs) == 200
    assert sum(event.kind == "tool_call" for event in events) == calls
    assert sum(event.kind == "tool_result" for event in events) == sum(m["role"] == "tool" for m in messages)
    assert sum(event.is_error for event in events) == errors
    with_text = sum(message["content"] is not None and message["role"] != "tool" for message in messages)
    assert sum(event.kind == "text" for event in events) == with_text
    sessions = [session for session, _ in archive.kept.values()]
    assert len({session.task for session in sessions}) == 50
    assert Counter(session.outcome for session in sessions) == Counter(
        "success" if run["reward"] == 1 else "failure" for run in runs
    )
    assert report["redactions"] == 0
