"""Writes the generated part of docs/tools.md: each tool as a client is told of it, and what it really answers."""

import json
from collections.abc import AsyncGenerator, Iterator
from contextlib import asynccontextmanager
from itertools import count
from typing import Any

from mcp import Client
from mcp_types import ElicitResult, TextContent, Tool

from dreamfs_server.app import build_app
from dreamfs_server.dream.curators.embedded import curate
from dreamfs_server.dream.evidence import mine
from dreamfs_server.dream.job import Job, embedded
from dreamfs_server.dream.service import DreamService
from dreamfs_server.identity import Callers
from dreamfs_server.toolset import tools
from dreamfs_tools.filesystem import Store
from dreamfs_tools.mounts import Mounts
from memory_archive import MemoryArchive
from memory_filesystem import MemoryFilesystem
from memory_journal import MemoryJournal
from recurring_error import ERROR, recurring_error

MARK = "<!-- Everything below is written by tests/test_tools_document.py; see there how. -->\n"
STORES = [
    Store("handbook", "Handbook", description="What the company agreed on.", access="ro"),
    Store("memories", "Memories", description="What the on-call team knows."),
]
ANSWER_LINES_MAX = 24

ADA, BOB = "s-ada", "s-bob"
RUNBOOK = "/memories/db/failover.md"
Step = tuple[str, str, dict[str, Any]]
STORY: list[Step] = [
    (ADA, "create", {"path": RUNBOOK, "file_text": "# Failover\nPromote db-2, then drain db-1.\n\nAsk Ada.\n"}),
    (BOB, "view", {"path": RUNBOOK}),
    (BOB, "view", {"path": "/"}),
    (
        BOB,
        "str_replace",
        {
            "path": RUNBOOK,
            "old_str": "Ask Ada.",
            "new_str": "Ask Bob.",
            "expected_version": 1,
            "message": "Ada is on leave until 2026-12-01",
        },
    ),
    (
        ADA,
        "str_replace",
        {"path": RUNBOOK, "old_str": "drain db-1", "new_str": "drain db-1 first", "expected_version": 1},
    ),
    (
        ADA,
        "str_replace",
        {
            "path": RUNBOOK,
            "old_str": "Promote db-2, then drain db-1.",
            "new_str": "Drain db-1, then promote db-2.",
            "expected_version": 1,
            "on_conflict": "merge",
        },
    ),
    (ADA, "view", {"path": RUNBOOK, "expected_version": 3}),
    (ADA, "view", {"path": RUNBOOK, "annotate": True}),
    (BOB, "insert", {"path": RUNBOOK, "insert_line": -1, "insert_text": "Tested on 2026-11-20.\n"}),
    (BOB, "list", {"path": "/memories"}),
    (BOB, "list", {"path": "/memories", "format": "json"}),
    (BOB, "grep", {"pattern": "(?i)drain", "context": 1}),
    (BOB, "rename", {"old_path": RUNBOOK, "new_path": "/memories/runbooks/failover.md"}),
    (BOB, "history", {"path": "/memories/runbooks/failover.md"}),
    (BOB, "diff", {"path": "/memories/runbooks/failover.md", "from_version": 1}),
    (BOB, "delete", {"path": "/memories/runbooks/failover.md", "message": "moved to the wiki"}),
    (ADA, "view", {"path": "/memories/runbooks/failover.md"}),
    (ADA, "restore", {"path": "/memories/runbooks/failover.md", "version": 5}),
    (ADA, "create", {"path": "/handbook/a.md", "file_text": "x"}),
    (ADA, "dream", {"curator": "client"}),
    (ADA, "view", {"path": "/dreams/d-1/agenda.md"}),
    (
        ADA,
        "dream_propose",
        {
            "dream_id": "d-1",
            "title": "Read before editing",
            "rationale": "Edits of unread files fail in every session.",
            "changes": [
                {
                    "operation": "create",
                    "path": "/memories/editing.md",
                    "file_text": "Read a file before you edit it.\n",
                }
            ],
            "claims": [
                {
                    "text": "Unread edits failed in 3 sessions.",
                    "kind": "rule",
                    "evidence": [
                        {"source": f"/transcripts/s-00{number}", "lines": [4, 6], "quote": ERROR}
                        for number in (1, 2, 3)
                    ],
                }
            ],
        },
    ),
    (ADA, "dream_status", {"dream_id": "d-1", "action": "finish"}),
    (ADA, "dream_review", {"dream_id": "d-1", "proposal": 1}),
    (ADA, "record", {"events": [{"role": "user", "text": "Fail db-1 over.", "id": "e-1"}]}),
]


async def tools_document() -> str:
    """The generated part."""
    async with _clients() as clients:
        listed = (await clients[ADA].list_tools()).tools
        examples: dict[str, list[str]] = {tool.name: [] for tool in listed}
        for session, name, arguments in STORY:
            examples[name].append(await _example(clients[session], session, name, arguments))
    missing = [name for name, found in examples.items() if not found]
    assert not missing, f"no example of {missing}"
    return "\n".join(line for tool in listed for line in _section(tool, examples[tool.name]))


@asynccontextmanager
async def _clients() -> AsyncGenerator[dict[str, Client]]:
    filesystem = MemoryFilesystem(STORES)
    for session, events in recurring_error():
        filesystem.transcripts.add(session, events)
    ids = count(1)
    job = Job(filesystem, MemoryJournal(filesystem), mine, {"embedded": embedded(curate)})
    dreams = DreamService(job, lambda: f"d-{next(ids)}")

    async def accept(context: Any, params: Any) -> ElicitResult:
        return ElicitResult(action="accept", content={"decision": "accept"})

    def client(session: str) -> Client:
        callers = Callers(f"user:{session.removeprefix('s-')}", lambda: "c-1", session)
        archive = MemoryArchive()
        server = build_app(filesystem, Mounts(), callers, version="1.0", tool_set="all", archive=archive, dreams=dreams)
        return Client(server, elicitation_callback=accept)

    async with client(ADA) as ada, client(BOB) as bob:
        yield {ADA: ada, BOB: bob}


async def _example(client: Client, session: str, name: str, arguments: dict[str, Any]) -> str:
    result = await client.call_tool(name, arguments)
    [block] = result.content
    assert isinstance(block, TextContent)
    lines = block.text.split("\n")
    if len(lines) > ANSWER_LINES_MAX:
        lines = [*lines[: ANSWER_LINES_MAX - 4], f"… {len(lines) - ANSWER_LINES_MAX + 1} more lines …", *lines[-3:]]
    meta = (result.meta or {})["dreamfs/result"]
    shown = json.dumps(arguments, ensure_ascii=False)
    fence = "```"
    while fence in block.text:
        fence += "`"
    return "\n".join(
        [
            f"Session {session} calls `{name}` with",
            "",
            *(f"{fence}json", shown, fence),
            "",
            f"and is {'refused' if result.is_error else 'answered'}:",
            "",
            *(f"{fence}text", *lines, fence),
            "",
            f"For machines: `{json.dumps(meta, ensure_ascii=False)}`",
            "",
        ]
    )


def _section(tool: Tool, examples: list[str]) -> Iterator[str]:
    yield f"## {tool.name}\n"
    yield from (line for line in (tool.description or "").split("\n"))
    yield ""
    hints = tool.annotations
    assert hints is not None
    words = [
        "only reads" if hints.read_only_hint else "destroys nothing" if not hints.destructive_hint else "asks first"
    ]
    calls_out = any(one.name == tool.name and one.annotations.open_world_hint for one in tools())
    words += ["may call out where a person allowed a model"] if calls_out else []
    yield f"For clients: {', '.join(words)}.\n"
    yield "| argument | type | default |"
    yield "|---|---|---|"
    required = tool.input_schema.get("required", [])
    for name, schema in tool.input_schema["properties"].items():
        default = "(needed)" if name in required else json.dumps(schema["default"]) if "default" in schema else "none"
        yield f"| `{name}` | {_type(schema)} | {default} |"
    yield ""
    yield from examples


def _type(schema: dict[str, Any]) -> str:
    if "enum" in schema:
        return " or ".join(f'"{word}"' for word in schema["enum"])
    if schema.get("type") == "array":
        return f"list of {_type(schema.get('items', {}))}"
    return str(schema.get("type", "any"))
