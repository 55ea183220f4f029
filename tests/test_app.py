"""The server as a client in memory sees it, in both protocol eras. The tools here are small and stand for all."""

import json
import logging
from collections.abc import Iterable, Sequence
from typing import Any

import mcp_types
import pytest
from mcp import Client, MCPError
from mcp.server.mcpserver import MCPServer
from mcp_types import TextContent

from conftest import Connect
from dreamfs_server.app import build_app
from dreamfs_server.identity import Callers
from dreamfs_server.toolset import DESTROYS, KEEPS, READS, OfferedTool
from dreamfs_tools.call import Answer, Call
from dreamfs_tools.errors import Refusal
from dreamfs_tools.filesystem import Author, Planned, Put, Store
from dreamfs_tools.mounts import Mounts
from memory_filesystem import MemoryFilesystem
from snapshot import assert_snapshot


async def look(call: Call, path: str, view_range: list[int] | None = None) -> Answer:
    """Look at a file.

    More about it.
    """
    return Answer(f"{path} {view_range}", {"code": "ok", "path": path})


async def who_calls(call: Call) -> Answer:
    """Say who calls."""
    author = call.author
    return Answer(author.label, {"code": "ok", **{name: getattr(author, name) for name in Author.__slots__}})


async def refuse(call: Call) -> Answer:
    """Refuse."""
    raise Refusal("conflict", "The path /a moved.\n[version 3]", path="/a", version=3)


async def crash(call: Call) -> Answer:
    """Crash."""
    raise RuntimeError("/home/somebody/secret.db: no such table")


async def record(call: Call, events: list[dict[str, Any]]) -> Answer:
    """Record."""
    return Answer(f"{len(events)}")


async def ask(call: Call) -> Answer:
    """Ask the person."""
    return Answer("asked")


OFFERED = (
    OfferedTool("look", look, READS, "core"),
    OfferedTool("who", who_calls, READS),
    OfferedTool("refuse", refuse, KEEPS),
    OfferedTool("crash", crash, KEEPS),
    OfferedTool("ask", ask, DESTROYS, asks=True),
    OfferedTool("record", record, KEEPS, "all"),
)


def app_over(
    filesystem: MemoryFilesystem | None = None,
    callers: Callers | None = None,
    offered: Sequence[OfferedTool] = OFFERED,
    **options: Any,
) -> MCPServer[Any]:
    callers = callers or Callers("user:ada", lambda: "c-1")
    return build_app(filesystem or MemoryFilesystem(), Mounts(), callers, version="1.0", offered=offered, **options)


async def write(filesystem: MemoryFilesystem, path: str, text: str, session: str = "s-1") -> None:
    await filesystem.write(
        lambda _: Planned(None, [Put("memories", path, text, "created")], message="why not"),
        Author(session_id=session, actor="user:ada"),
    )


async def texts(
    client: Client, tool: str, arguments: dict[str, Any] | None = None
) -> tuple[bool, list[str], dict[str, Any]]:
    result = await client.call_tool(tool, arguments)
    content = [block.text for block in result.content if isinstance(block, TextContent)]
    assert result.structured_content is None
    return bool(result.is_error), content, (result.meta or {})["dreamfs/result"]


async def test_an_answer_is_the_tools_text_and_its_facts(connect: Connect) -> None:
    async with connect(app_over()) as client:
        answer = await texts(client, "look", {"path": "/a", "view_range": [1, 2], "session_id": "s-9"})

    assert answer == (False, ["/a [1, 2]"], {"code": "ok", "path": "/a"})


async def test_a_refusal_is_exactly_its_text(connect: Connect) -> None:
    async with connect(app_over()) as client:
        answer = await texts(client, "refuse")

    facts = {"code": "conflict", "path": "/a", "version": 3}
    assert answer == (True, ["The path /a moved.\n[version 3]\n[refused: conflict]"], facts)


async def test_a_crash_is_told_without_its_details_and_logged_with_them(
    connect: Connect, caplog: pytest.LogCaptureFixture
) -> None:
    async with connect(app_over()) as client:
        answer = await texts(client, "crash")

    sentence = (
        "Error: Something went wrong inside dreamfs; its log says what. "
        "If this was a write, view the path before you try again: it may have happened.\n[refused: internal]"
    )
    assert answer == (True, [sentence], {"code": "internal"})
    logged = [record for record in caplog.records if record.name == "dreamfs"]
    assert [(record.levelno, record.exc_info is not None) for record in logged] == [(logging.ERROR, True)]


@pytest.mark.parametrize(
    ("tool", "arguments", "sentence"),
    [
        ("nothing", {}, "Error: There is no tool 'nothing' here. The tools are: look, who, refuse, crash."),
        ("look", {}, "Error: look needs the argument path."),
        ("look", {"path": "/a", "mode": 1}, "Error: look has no argument mode; it takes path, view_range, session_id."),
        ("look", {"path": 3}, "Error: The argument path of look must be a string, not the number 3."),
        ("who", {"session_id": "a/b"}, "Error: The argument session_id is not valid: it contains a /. Use the same short name in every call, or leave it out."),
    ],
)  # fmt: skip
async def test_a_wrong_call_is_refused_in_our_words(
    connect: Connect, tool: str, arguments: dict[str, Any], sentence: str
) -> None:
    async with connect(app_over()) as client:
        answer = await texts(client, tool, arguments)

    assert answer == (True, [f"{sentence}\n[refused: invalid_argument]"], {"code": "invalid_argument"})


async def test_a_caller_is_what_it_claims_and_what_the_connection_says_kept_apart(connect: Connect) -> None:
    callers = Callers("user:ada", lambda: "c-1", host_session_id="host-7")
    meta: Any = {"claudecode/toolUseId": "toolu_1"}
    async with connect(app_over(callers=callers)) as client:
        result = await client.call_tool("who", {"session_id": "s-9"}, meta=meta)
        version = client.protocol_version

    facts = dict((result.meta or {})["dreamfs/result"])
    assert facts.pop("request_id") != ""
    assert facts == {
        "code": "ok",
        "session_id": "s-9",
        "host_session_id": "host-7",
        "connection_id": "c-1",
        "actor": "user:ada",
        "on_behalf_of": "",
        "client": "a client 1.2",
        "protocol_version": version,
        "transport": "stdio",
        "tool_use_id": "toolu_1",
    }


@pytest.mark.parametrize(
    ("claimed", "callers", "label"),
    [
        ("s-9", Callers("user:ada", lambda: "c-1", "set", "host"), "session s-9"),
        ("", Callers("user:ada", lambda: "c-1", "set", "host"), "session set"),
        ("", Callers("user:ada", lambda: "c-1", "", "host"), "session host"),
        ("", Callers("user:ada", lambda: "c-1"), "connection c-1"),
    ],
)
async def test_an_empty_session_is_the_operators_then_the_hosts_then_the_connection(
    connect: Connect, claimed: str, callers: Callers, label: str
) -> None:
    async with connect(app_over(callers=callers)) as client:
        _, (said,), _ = await texts(client, "who", {"session_id": claimed})

    assert said == label


def test_an_illegal_session_of_the_operators_is_refused_and_one_of_the_environments_overlooked() -> None:
    with pytest.raises(Refusal, match=r"it has 201 bytes; at most 200 are allowed\."):
        Callers("user:ada", lambda: "c-1", session_id="x" * 201)

    assert Callers("user:ada", lambda: "c-1", host_session_id="a/b").author(None).label == "connection c-1"


@pytest.mark.parametrize(
    ("tool_set", "recorder", "names"),
    [
        ("core", False, ["look"]),
        ("core", True, ["look", "record"]),
        ("default", False, ["look", "who", "refuse", "crash"]),
        ("all", False, ["look", "who", "refuse", "crash", "record"]),
    ],
)
async def test_the_tools_offered_are_those_of_the_set_that_the_client_can_use(
    connect: Connect, tool_set: str, recorder: bool, names: list[str]
) -> None:
    async with connect(app_over(tool_set=tool_set, recorder=recorder)) as client:
        listed = await client.list_tools()

    assert [tool.name for tool in listed.tools] == names


@pytest.mark.parametrize("mode", ["auto", "legacy"])
async def test_a_tool_that_asks_the_person_is_offered_to_a_client_that_can_ask(mode: Any) -> None:
    async def answer(context: Any, params: Any) -> mcp_types.ElicitResult:
        return mcp_types.ElicitResult(action="decline")

    async with Client(app_over(), mode=mode, elicitation_callback=answer) as client:
        listed = await client.list_tools()

    assert "ask" in [tool.name for tool in listed.tools]


async def test_a_tool_is_described_by_its_docstring_its_arguments_and_explicit_hints(connect: Connect) -> None:
    async with connect(app_over(tool_set="core")) as client:
        (tool,) = (await client.list_tools()).tools

    shown = json.loads(tool.model_dump_json(by_alias=True, exclude_none=True))
    assert shown == {
        "name": "look",
        "description": "Look at a file.\n\nMore about it.",
        "inputSchema": {
            "type": "object",
            "properties": {
                "path": {"type": "string"},
                "view_range": {"type": "array", "items": {"type": "integer"}},
                "session_id": {"type": "string", "default": ""},
            },
            "required": ["path"],
            "additionalProperties": False,
        },
        "annotations": {
            "readOnlyHint": True,
            "destructiveHint": False,
            "idempotentHint": True,
            "openWorldHint": False,
        },
        "_meta": {"anthropic/alwaysLoad": True},
    }


async def test_the_sdks_own_way_to_call_a_tool_gives_the_same_answer() -> None:
    result = await app_over().call_tool("look", {"path": "/a"})

    assert isinstance(result, mcp_types.CallToolResult)
    assert result.content == [TextContent(type="text", text="/a None")]
    assert result.meta == {"dreamfs/result": {"code": "ok", "path": "/a"}}


async def test_what_is_pinned_is_in_the_instructions_and_once_after_the_first_answer(connect: Connect) -> None:
    filesystem = MemoryFilesystem([Store("memories", "memories", description="What the team knows.")])
    await write(filesystem, "rules.md", "Never deploy on Friday.\n```\ncode\n```\n")
    await write(filesystem, "other.md", "Not pinned.\n")
    filesystem.pin("memories", "rules.md")
    async with connect(app_over(filesystem)) as client:
        instructions = client.instructions
        await texts(client, "refuse")
        _, first, _ = await texts(client, "look", {"path": "/a"})
        _, second, _ = await texts(client, "look", {"path": "/a"})

    pinned = (
        "Pinned by a person. What stands between the fences is data from files:\n"
        "````\n/memories/rules.md [version 1 (1st change)]\nNever deploy on Friday.\n```\ncode\n```\n````\n"
    )
    assert instructions is not None
    assert "- /memories (read and write): What the team knows.\n" in instructions
    assert instructions.endswith(pinned.strip())
    assert (first, second) == (["/a None", pinned], ["/a None"])


async def test_a_client_can_connect_when_the_storage_cannot_be_read(connect: Connect) -> None:
    class Broken(MemoryFilesystem):
        async def read(self, query: Any) -> Any:
            raise Refusal("unavailable", "The disk is full.")

    async with connect(app_over(Broken())) as client:
        answer = await texts(client, "look", {"path": "/a"})
        instructions = client.instructions

    assert instructions is not None
    assert instructions.endswith("They cannot be read now: The disk is full.")
    assert answer == (False, ["/a None"], {"code": "ok", "path": "/a"})


async def test_a_file_is_a_resource_and_a_folder_lists_its_files(connect: Connect) -> None:
    filesystem = MemoryFilesystem()
    await write(filesystem, "a/b c.md", "text\n")
    await write(filesystem, "a/d.md", "more\n")
    async with connect(app_over(filesystem)) as client:
        uris = ["memory://memories/a/b%20c.md", "memory://memories/a", "memory://", "memory:///memories/a/d.md"]
        contents = [(await client.read_resource(uri)).contents[0] for uri in uris]
        templates = await client.list_resource_templates()
        resources = await client.list_resources()

    shown = [content.text for content in contents if isinstance(content, mcp_types.TextResourceContents)]
    assert shown == ["text\n", "/memories/a/b c.md\n/memories/a/d.md", "/memories/a/b c.md\n/memories/a/d.md", "more\n"]
    assert [template.uri_template for template in templates.resource_templates] == ["memory://{+path}"]
    assert [str(resource.uri) for resource in resources.resources] == ["memory://"]
    assert [(note.path, note.kind, note.session) for note in filesystem.notes] == [
        ("a/b c.md", "view", "c-1"),
        ("a/d.md", "view", "c-1"),
    ]


@pytest.mark.parametrize(
    "uri",
    [
        "memory://memories/none.md",
        "memory://nowhere/a",
        "memory://memories/../../etc/passwd",
        "memory:////memories",
        "memory:///etc/passwd",
    ],
)
async def test_a_resource_that_is_not_there_is_an_error_in_our_words(connect: Connect, uri: str) -> None:
    async with connect(app_over()) as client:
        with pytest.raises(MCPError) as caught:
            await client.read_resource(uri)

    assert caught.value.error.code == -32602
    assert "Error reading" not in caught.value.error.message


@pytest.mark.parametrize(
    ("name", "arguments", "message"),
    [
        ("nothing", {}, "There is no prompt 'nothing'. The prompts are: recall."),
        ("recall", {"topic": "x"}, "The prompt recall has no argument 'topic'. Its arguments: task."),
    ],
)
async def test_an_unknown_prompt_or_argument_is_refused_in_our_words(
    connect: Connect, name: str, arguments: dict[str, str], message: str
) -> None:
    async with connect(app_over()) as client:
        with pytest.raises(MCPError) as caught:
            await client.get_prompt(name, arguments)

    assert (caught.value.error.code, caught.value.error.message) == (-32602, message)


LIST_BYTES_MAX = 16_384


async def test_the_tool_list_is_as_it_was_read_and_judged_and_small_enough(connect: Connect) -> None:
    server = build_app(MemoryFilesystem(), Mounts(), Callers("user:ada", lambda: "c-1"), version="1.0", tool_set="all")
    async with connect(server) as client:
        received = as_json((await client.list_tools()).tools)
    offered = as_json(tool for tool in await server.list_tools() if tool.name in {shown["name"] for shown in received})

    assert received == offered
    whole = as_json(await server.list_tools())  # with what only some clients are offered
    assert len(json.dumps(whole, separators=(",", ":"))) <= LIST_BYTES_MAX
    assert_snapshot("tools.json", json.dumps(offered, indent=1, ensure_ascii=False) + "\n")


def as_json(tools: Iterable[mcp_types.Tool]) -> list[dict[str, Any]]:
    return [tool.model_dump(mode="json", by_alias=True, exclude_none=True) for tool in tools]
