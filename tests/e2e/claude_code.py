"""Real Claude Code curates a dream: its model is a script, all else is as a person has it.

`make e2e` runs this; its name keeps it out of the ordinary run, since it installs Claude Code first.
"""

import json
import os
import re
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import anyio
import pytest

from dreamfs_server.sqlite.filesystem import Engine
from dreamfs_tools.dreaming import Dream, Proposal
from dreamfs_tools.filesystem import Snapshot
from e2e.node import programs
from e2e.scripted_api import Block, Request, ScriptedApi, Turn, say, shown, use
from recurring_error import recurring_error
from stdio_process import ROOT, environment

__all__ = ["programs"]
PATIENCE_SECONDS = 120


@dataclass
class Person:
    """Somebody with Claude Code, an empty home, and a memory with five sessions in it."""

    folder: Path
    programs: Path

    @property
    def database(self) -> Path:
        return self.folder / "memory.db"

    def claude(self, asked: str, turns: Sequence[Turn]) -> tuple[str, ScriptedApi]:
        """Run `claude -p`; gives what it printed, and the API that saw the conversation."""
        home, work, config = self.folder / "home", self.folder / "work", self.folder / "mcp.json"
        home.mkdir(exist_ok=True)
        work.mkdir(exist_ok=True)
        server = {
            "type": "stdio",
            "command": sys.executable,
            "args": ["-m", "dreamfs_server", "--db", str(self.database)],
            "env": {"PYTHONPATH": f"{ROOT / 'server'}{os.pathsep}{ROOT / 'tools'}"},
        }
        config.write_text(json.dumps({"mcpServers": {"memory": server}}))
        own = {name: value for name, value in environment().items() if not name.startswith("ANTHROPIC")}
        with ScriptedApi(turns) as api:
            own |= {
                "HOME": str(home),
                "CLAUDE_CONFIG_DIR": str(home / "claude"),
                "ANTHROPIC_BASE_URL": api.url,
                "ANTHROPIC_API_KEY": "scripted",
                "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
                "DISABLE_AUTOUPDATER": "1",
            }
            done = subprocess.run(
                [
                    *(self.programs / "claude", "-p", asked, "--mcp-config", config, "--strict-mcp-config"),
                    *("--allowedTools", "mcp__memory__*"),
                ],
                cwd=work,
                env=own,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                check=False,
                timeout=PATIENCE_SECONDS,
            )
        if api.failure is not None:
            raise AssertionError("\n\n".join(api.results())) from api.failure
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout.strip(), api

    def kept(self) -> tuple[list[Dream], list[Proposal], int]:
        """The dreams, the proposals of the newest, and the store's newest revision."""

        def query(snapshot: Snapshot) -> tuple[list[Dream], list[Proposal], int]:
            dreams = list(snapshot.dreams.dreams())
            store = snapshot.store("memories")
            assert store is not None
            return dreams, list(snapshot.dreams.proposals(dreams[0].dream_id)) if dreams else [], store.head

        async def read() -> tuple[list[Dream], list[Proposal], int]:
            engine = await Engine.open(self.database, lambda: datetime.now(UTC))
            try:
                return await engine.read(query)
            finally:
                await engine.close()

        return anyio.run(read)


@pytest.fixture
def person(tmp_path: Path, programs: Path) -> Person:
    person = Person(tmp_path, programs)

    async def fill() -> None:
        engine = await Engine.open(person.database, lambda: datetime.now(UTC))
        for session, events in recurring_error():
            await engine.archive.add(session, events)
        await engine.close()

    anyio.run(fill)
    return person


def tool(name: str) -> str:
    return f"mcp__memory__{name}"


def dream_id(request: Request) -> str:
    """The dream's id, as the model was told it."""
    found = re.search(r"\bDream (drm_[0-9a-f]+)", "\n".join([*texts(request), *shown(request)]))
    assert found
    return found[1]


def texts(request: Request) -> list[str]:
    """What the person's side said."""
    return [
        block["text"]
        for message in request["messages"]
        if message["role"] == "user" and isinstance(message["content"], list)
        for block in message["content"]
        if block["type"] == "text"
    ]


def calls(name: str, **arguments: Any) -> Turn:
    """Call a tool of ours; ID in an argument stands for the dream."""

    def turn(request: Request) -> Block:
        filled = {
            key: value.replace("ID", dream_id(request)) if isinstance(value, str) and "ID" in value else value
            for key, value in arguments.items()
        }
        return use(tool(name), **filled)(request)

    return turn


def view_first_card(request: Request) -> Block:
    card = re.search(r"cards/\S+\.md", shown(request)[-1])
    assert card
    return use(tool("view"), path=f"/dreams/{dream_id(request)}/{card[0]}")(request)


def propose(**changed: Any) -> Turn:
    """Propose a rule, quoting the lines of three sessions as they were shown."""

    def turn(request: Request) -> Block:
        evidence: list[dict[str, Any]] = []
        for page in shown(request):
            line = re.search(r"^ *(\d+)\t(<tool_use_error>.*)$", page, re.MULTILINE)
            path = re.search(r"content of (/transcripts/\S+) with", page)
            if line and path:
                lines = [int(line[1]), int(line[1])]
                evidence.append({"source": path[1], "lines": lines, "quote": line[2]} | changed)
        assert len(evidence) == 3
        return use(
            tool("dream_propose"),
            dream_id=dream_id(request),
            title="Read before editing",
            rationale="Edits of unread files fail, session after session.",
            changes=[
                {
                    "operation": "create",
                    "path": "/memories/editing.md",
                    "file_text": "Read a file before you edit it.\n",
                }
            ],
            claims=[{"text": "Unread edits failed in 3 sessions.", "kind": "rule", "evidence": evidence}],
        )(request)

    return turn


LOOK = [
    calls("view", path="/dreams/ID/agenda.md"),
    view_first_card,
    *(calls("view", path=f"/transcripts/s-00{number}") for number in (1, 2, 3)),
]


def test_the_clients_own_model_curates_a_dream_from_the_prompt_to_the_end(person: Person) -> None:
    said, api = person.claude(
        "/mcp__memory__dream /memories 2026-01-01 editing",
        [
            calls("dream", curator="client", wait_seconds=60),
            *LOOK,
            propose(quote="File was never read."),
            propose(),
            calls("view", path="/dreams/ID/proposals/01-read-before-editing.md"),
            calls("dream_status", dream_id="ID", action="finish"),
            calls("dream_review", dream_id="ID", proposal=1),
            say("I proposed one rule."),
        ],
    )

    [asked] = [text for text in texts(api.conversation[0]) if text.startswith("You are asked to dream")]
    assert '{"store":"/memories","curator":"client","since":"2026-01-01","instructions":"editing"}' in asked
    begun, agenda, card, *sessions, refused, saved, read, finished, review = api.results()
    assert "waiting for the client's proposals" in begun
    assert "## What a proposal needs" in agenda
    assert "File has not been read yet" in card
    assert all("── " in page for page in sessions)
    assert "The proposal was not saved. Correct this and propose it again:\n- claim 1: evidence 1: " in refused
    assert "\n[refused: invalid_argument]" in refused  # the client adds advice of its own
    assert saved.startswith("Saved as proposal 1 of dream drm_")
    assert "+Read a file before you edit it." in read
    assert "is completed (curated by the client's own model)." in finished
    assert "The person did not decide. Proposal 1 is still pending." in review
    assert said == "I proposed one rule."
    [dream], [proposal], head = person.kept()
    assert (dream.status, proposal.status, head) == ("completed", "pending", 0)


def test_a_dream_that_one_conversation_leaves_another_goes_on_with(person: Person) -> None:
    person.claude("/mcp__memory__dream", [calls("dream", curator="client", wait_seconds=60), say("I have to go.")])

    said, api = person.claude(
        "/mcp__memory__dream",
        [*LOOK, propose(), calls("dream_status", dream_id="ID", action="finish"), say("Done.")],
    )

    assert any("Do not start another: go on with this one." in text for text in texts(api.conversation[0]))
    assert said == "Done."
    [dream], [proposal], head = person.kept()
    assert (dream.status, proposal.status, head) == ("completed", "pending", 0)


def test_the_model_is_told_the_protocol_and_shown_errors_in_our_words(person: Person) -> None:
    _, api = person.claude(
        "What do you know?",
        [
            calls("create", path="/memories/a.md", file_text="one\n"),
            calls("view", path="/memories/none.md"),
            calls("str_replace", path="/memories/a.md", old_str="one", new_str="two", expected_version=7),
            say("Little."),
        ],
    )

    first = json.dumps(api.conversation[0])
    assert "dreamfs keeps files that outlive this conversation" in first
    created, missing, conflict = api.results()
    assert created.startswith("File created successfully at: /memories/a.md\n[version 1 (1st change) · session ")
    assert missing == "The path /memories/none.md does not exist. Please provide a valid path.\n[refused: not_found]"
    assert conflict.endswith("[refused: conflict]")
