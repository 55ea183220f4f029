"""What people wrote in a chat or an incident's record, as the services export it: who, when, in which thread, and what bots say."""

import json
import shutil
import zipfile
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from terminal import Terminal

OWN = Path(__file__).parent / "transcripts"
THREAD = "incidents-1793713320.000200"


@pytest.fixture
def terminal(tmp_path: Path) -> Terminal:
    return Terminal(tmp_path / "memory.db")


def write(path: Path, value: object) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value), encoding="utf-8")
    return path


def told(terminal: Terminal, session: str) -> list[tuple[str, str]]:
    """The header of each event, without its number and time, and its first line."""
    text: str = terminal.json("transcripts", "show", session)["text"]
    events = [part.split("\n") for part in text.split("── ")[1:]]
    return [(" ".join(lines[0].split()[1:-2] or lines[0].split()[1:]), lines[1]) for lines in events]


def sessions(terminal: Terminal) -> list[str]:
    return sorted(row["session_id"] for row in terminal.json("transcripts", "list"))


def test_slacks_export_has_names_threads_over_days_and_bots_as_output(terminal: Terminal, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "export.zip", "w") as packed:
        for file in sorted((OWN / "slack").rglob("*.json")):
            packed.write(file, file.relative_to(OWN / "slack"))
    report = terminal.json("transcripts", "import", str(tmp_path / "export.zip"))

    assert [(file["format"], file["error"]) for file in report["files"]] == [("slack", None)] * 2
    assert sessions(terminal) == [THREAD, "incidents-2026-11-03", "incidents-2026-11-04"]
    shown = told(terminal, THREAD)
    assert [who for who, _ in shown][:3] == ["tool tool_result Alertmanager", "user ada", "user Bob Marsh"]
    assert shown[2][1] == "Root cause: the relay refused our certificate. See #incidents & @here."
    assert ("user ada", "Certificate renewed, it is over.") in shown, "of the next day's file"
    again = terminal.json("transcripts", "import", str(OWN / "slack"))
    assert (again["sessions"], again["events"], again["skipped"]) == (0, 0, report["events"])


def test_a_later_export_adds_what_is_new_of_a_thread(terminal: Terminal, tmp_path: Path) -> None:
    shutil.copytree(OWN / "slack", tmp_path / "slack")
    terminal.run("transcripts", "import", str(tmp_path / "slack"))
    day = tmp_path / "slack" / "incidents" / "2026-11-04.json"
    rows = json.loads(day.read_text())
    new = {"type": "message", "user": "U02BOB", "ts": "1793799000.000100", "thread_ts": rows[1]["thread_ts"]}
    write(day, [*rows, new | {"text": "`rm *.tmp` helped"}])
    assert terminal.json("transcripts", "import", str(tmp_path / "slack"))["events"] == 1
    assert told(terminal, THREAD)[-1] == ("user Bob Marsh", "`rm *.tmp` helped")


def test_a_day_alone_says_who_by_what_the_messages_know(terminal: Terminal, tmp_path: Path) -> None:
    row = {"type": "message", "user": "U1", "ts": "1793713320.000200", "text": "It is slow, <@U2>."}
    rows = [row | {"user_profile": {"real_name": "Ada Lind"}}, row | {"ts": "1793713330.000200"}]
    terminal.run("transcripts", "import", str(write(tmp_path / "ops" / "2026-11-03.json", rows)))
    assert told(terminal, "ops-2026-11-03") == [
        ("user Ada Lind", "It is slow, @U2."),
        ("user U1", "It is slow, @U2."),
    ]


def test_an_answer_of_slacks_interface_is_read_oldest_first(terminal: Terminal, tmp_path: Path) -> None:
    rows = [
        {
            "type": "message",
            "user": "U1",
            "ts": f"179371332{n}.000200",
            "thread_ts": "1793713320.000200",
            "text": f"{n}",
        }
        for n in (2, 1, 0)
    ]
    terminal.run("transcripts", "import", str(write(tmp_path / "replies.json", {"ok": True, "messages": rows})))
    assert [text for _, text in told(terminal, "replies-1793713320.000200")] == ["0", "1", "2"]


def outage(day: int, cause: str) -> list[tuple[str, str, datetime]]:
    at = datetime(2026, 11, day, 14, 2, tzinfo=UTC)
    lines = [
        ("alertbot", f"[FIRING:1] QueueBacklog mailer depth={day}17"),
        ("ada", "I think it is the new template."),
        ("bob", f"Root cause: {cause}."),
        ("bob", "Resolved by draining the dead letter queue."),
    ]
    return [(who, text, at + timedelta(minutes=n)) for n, (who, text) in enumerate(lines)]


def as_slack(folder: Path, threads: Sequence[list[tuple[str, str, datetime]]]) -> None:
    write(folder / "users.json", [{"id": f"U{who}", "profile": {"display_name": who}} for who in ("ada", "bob")])
    write(folder / "channels.json", [])
    for said in threads:
        begun = f"{said[0][2].timestamp():.6f}"
        rows: list[dict[str, Any]] = []
        for who, text, at in said:
            own = (
                {"bot_id": "B1", "subtype": "bot_message", "username": who}
                if who == "alertbot"
                else {"user": f"U{who}"}
            )
            rows.append({"type": "message", "ts": f"{at.timestamp():.6f}", "thread_ts": begun, "text": text, **own})
        write(folder / "incidents" / f"{said[0][2]:%Y-%m-%d}.json", rows)


def as_pagerduty(folder: Path, threads: Sequence[list[tuple[str, str, datetime]]]) -> None:
    for number, said in enumerate(threads):
        incident = {"id": f"P{number}", "summary": f"[#{number}] {said[0][1]}"}
        entries: list[dict[str, Any]] = []
        for n, (who, text, at) in enumerate(said):
            kind, agent = ("annotate", "user_reference") if n else ("trigger", "service_reference")
            entries.append(
                {"id": f"R{number}{n}", "type": f"{kind}_log_entry", "created_at": at.isoformat(), "incident": incident,
                 "agent": {"type": agent, "summary": who}, "channel": {"type": "note" if n else "api", "summary": text}}
            )  # fmt: skip
        notes = [
            {
                "id": f"N{number}",
                "content": said[2][1],
                "user": {"summary": "bob"},
                "created_at": said[2][2].isoformat(),
            }
        ]
        write(folder / f"P{number}" / "log_entries.json", {"log_entries": entries[::-1]})
        write(folder / f"P{number}" / "notes.json", {"notes": notes})


def as_messages(folder: Path, threads: Sequence[list[tuple[str, str, datetime]]]) -> None:
    for number, said in enumerate(threads):
        rows = [{"sender": who, "message": text, "time": at.isoformat()} for who, text, at in said]
        write(folder / f"inc-{number}.json", rows)


@pytest.mark.parametrize("archive", [as_slack, as_pagerduty, as_messages])
def test_a_dream_counts_what_people_found_in_such_an_archive(terminal: Terminal, tmp_path: Path, archive: Any) -> None:
    causes = ["the relay refused our certificate"] * 3 + ["a wrong feature flag"]
    archive(tmp_path / "archive", [outage(day, cause) for day, cause in enumerate(causes, 2)])
    report = terminal.json("transcripts", "import", str(tmp_path / "archive"))
    assert report["sessions"] == 4
    dream = terminal.json("dream", "run")
    written = "\n".join(change["diff"] for one in dream["proposals"] for change in one["changes"])
    assert "`QueueBacklog mailer` fired in 4 sessions on 4 days" in written
    assert "in 3 of 4: “the relay refused our certificate”" in written
    assert "template" not in written


def test_a_review_shows_the_neighbours_of_a_quote_and_a_reason_line_by_line(
    terminal: Terminal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "120")
    as_messages(tmp_path / "archive", [outage(day, "the relay refused our certificate") for day in range(2, 5)])
    terminal.run("transcripts", "import", str(tmp_path / "archive"))
    terminal.run("dream", "run")
    page = terminal.run("dream", "review", "--as", "ada", given="v\nq\n").stdout
    assert "in 3 of 3 sessions\nWhat people say is their claim;" in page
    assert "\n       5 │ ada: I think it is the new template.\n    >  8 │ Root cause: the relay refused" in page
    assert "\n      11 │ bob: Resolved by draining the dead letter queue.\n" in page
    assert "│ ── " not in page


def test_a_note_of_pagerdutys_stands_in_two_files_and_is_one(terminal: Terminal, tmp_path: Path) -> None:
    as_pagerduty(tmp_path / "pd", [outage(3, "a full disk")])
    report = terminal.json("transcripts", "import", str(tmp_path / "pd"))
    assert (report["sessions"], report["skipped"]) == (1, 1)
    assert [who for who, _ in told(terminal, "P0")] == ["tool tool_result alertbot", "user ada", "user bob", "user bob"]
    whole = {"incident": {"id": "P0", "incident_number": 1, "title": "x", "created_at": "2026-11-03T14:02:00Z"}}
    whole |= json.loads((tmp_path / "pd/P0/log_entries.json").read_text())
    whole |= json.loads((tmp_path / "pd/P0/notes.json").read_text())
    assert terminal.json("transcripts", "import", str(write(tmp_path / "whole.json", whole)))["events"] == 0


@pytest.mark.parametrize(
    "value",
    [
        [{"author": "ada", "text": "it is slow", "timestamp": 1793714520}],
        [{"sender": {"displayName": "ada"}, "body": "it is slow", "sent_at": "2026-11-03T15:02:00+01:00"}],
        [{"from": "ada", "from_id": "user1", "type": "message", "date": "2026-11-03T14:02:00", "text": ["it is ", {"type": "bold", "text": "slow"}]}],
        [{"user": {"login": "ada", "type": "User"}, "body": "it is slow", "created_at": "2026-11-03T14:02:00Z"}],
        [{"name": "ada", "message": "it is slow", "date": "2026-11-03", "time": "14:02"}],
        {"title": "Slow", "messages": [{"username": "ada", "content": "it is slow", "ts": "1793714520.000100"}]},
        [{"title": "Slow", "timeline": [{"author": "ada", "text": "it is slow", "at": "2026-11-03T14:02:00Z"}]}],
    ],
)  # fmt: skip
def test_messages_are_known_by_who_what_and_when_under_the_usual_names(
    terminal: Terminal, tmp_path: Path, value: object
) -> None:
    report = terminal.json("transcripts", "import", str(write(tmp_path / "thread.json", value)))
    assert [(file["format"], file["error"]) for file in report["files"]] == [("chat", None)]
    text = terminal.json("transcripts", "show", "thread")["text"]
    assert text.startswith("── 1 user ada 2026-11-03 14:02:00\nit is slow\n")


def test_the_newest_first_is_turned_round_and_each_thread_is_a_session(terminal: Terminal, tmp_path: Path) -> None:
    rows = [{"author": "ada", "text": f"{n}", "timestamp": 1793714520 + n, "thread_id": f"t{n % 2}"} for n in range(6)]
    terminal.run("transcripts", "import", str(write(tmp_path / "room.json", rows[::-1])))
    assert sessions(terminal) == ["room-t0", "room-t1"]
    assert [text for _, text in told(terminal, "room-t1")] == ["1", "3", "5"]


@pytest.mark.parametrize(
    "row",
    [
        {"name": "app.db", "message": "slow query", "time": "2026-11-03T14:02:00Z", "level": "warning"},
        {"user": "root", "message": "login", "timestamp": "2026-11-03T14:02:00Z", "ip": "10.0.0.7"},
        {"author": "ada", "message": "Fix the queue", "date": "2026-11-03T14:02:00Z", "sha": "ab12"},
        {"name": "a product", "text": "that has no time"},
        {"author": "ada", "timestamp": "2026-11-03T14:02:00Z", "price": 3},
    ],
)
def test_rows_of_logs_commits_and_tables_are_nobodys_messages(
    terminal: Terminal, tmp_path: Path, row: dict[str, object]
) -> None:
    report = terminal.json("transcripts", "import", str(write(tmp_path / "rows.json", [row] * 3)))
    assert [file["error"] for file in report["files"]] == ["JSON, but no transcript that any reader knows"]


def test_a_reply_in_teams_belongs_to_the_thread_that_it_names(terminal: Terminal) -> None:
    terminal.run("transcripts", "import", str(OWN / "teams.json"))
    assert told(terminal, "teams-1793714700000")[:2] == [
        ("tool tool_result Grafana", "FIRING: HighLatency"),
        ("user Ada Lind", "looking, Bob"),
    ]


def test_each_day_of_a_discord_channel_is_a_session(terminal: Terminal) -> None:
    terminal.run("transcripts", "import", str(OWN / "discord.json"))
    assert sessions(terminal) == ["incidents-2026-11-03-77", "incidents-2026-11-04-77"]
