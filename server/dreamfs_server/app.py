"""Offers the tools over MCP.

A tool call is answered by a middleware, before the SDK's own tool layer: arguments are checked in our words, a refusal
is what the client reads, and a call costs less than an empty tool of the SDK.
"""

import contextlib
import inspect
import logging
import sys
from collections.abc import AsyncGenerator, Callable, Coroutine, Generator, Mapping, Sequence
from functools import partial
from typing import Any, cast

import anyio
from mcp.server.context import CallNext, HandlerResult, ServerRequestContext
from mcp.server.mcpserver import Context, MCPServer
from mcp.server.subscriptions import ResourceUpdated
from mcp.shared.exceptions import MCPError
from mcp_types import (
    INVALID_PARAMS,
    SERVER_INFO_META_KEY,
    CallToolResult,
    SubscribeRequestParams,
    TextContent,
    Tool,
    ToolAnnotations,
    UnsubscribeRequestParams,
)
from mcp_types.version import MODERN_PROTOCOL_VERSIONS

from dreamfs_server.arguments import Arguments
from dreamfs_server.asking import Asked, asker, can_ask
from dreamfs_server.identity import Callers
from dreamfs_server.instructions import Instructions, read_instructions, without_storage
from dreamfs_server.prompts import add_prompts
from dreamfs_server.resources import add_resources
from dreamfs_server.subscriptions import Subscriptions
from dreamfs_server.toolset import OfferedTool, ToolSet, chosen, tools
from dreamfs_server.watching import LOOK_SECONDS, Watching
from dreamfs_tools.call import Answer, Call
from dreamfs_tools.dreaming import Dreams
from dreamfs_tools.errors import Refusal
from dreamfs_tools.filesystem import Filesystem
from dreamfs_tools.mounts import Mounts
from dreamfs_tools.transcript import TranscriptArchive

RESULT_META_KEY = "dreamfs/result"

_INTERNAL = Refusal(
    "internal",
    "Error: Something went wrong inside dreamfs; its log says what. "
    "If this was a write, view the path before you try again: it may have happened.",
)
logger = logging.getLogger("dreamfs")


def build_app(
    filesystem: Filesystem,
    mounts: Mounts,
    callers: Callers,
    *,
    version: str,
    tool_set: ToolSet = "default",
    recorder: bool = False,
    archive: TranscriptArchive | None = None,
    dreams: Dreams | None = None,
    offered: Sequence[OfferedTool] | None = None,
    beside: Sequence[Callable[[], Coroutine[Any, Any, None]]] = (),
    look_seconds: float = LOOK_SECONDS,
) -> MCPServer[Any]:
    """Build a server over an engine.

    Configure the root logger before: the SDK installs a handler of its own where there is none.

    Args:
        filesystem: the engine.
        mounts: what it shows.
        callers: what is known of whoever calls.
        version: what the server says its version is.
        tool_set: which tools are offered.
        recorder: offer `record` with any set, and let it write every session.
        archive: where `record` stores events.
        dreams: who runs dreams.
        offered: other tools than ours, for tests.
        beside: what runs while the server does, and is cancelled when it ends.
        look_seconds: how often is looked for changes while a client watches.
    """
    picked = chosen(tools() if offered is None else offered, tool_set, recorder=recorder)
    watching = Watching(filesystem, mounts, look_seconds)
    app = App(
        filesystem,
        mounts,
        callers,
        version=version,
        offered=picked,
        archive=archive,
        dreams=dreams,
        recorder=recorder,
        watching=watching,
        beside=[*beside, watching.run],
    )
    add_resources(app, filesystem, mounts, callers)
    curates = dreams is not None and "dream_propose" in {tool.name for tool in picked}
    add_prompts(app, filesystem, mounts, callers, dreams=curates)
    return app


class App(MCPServer[Any]):
    """The SDK's server with our tools, which it lists and calls without its own tool layer."""

    def __init__(
        self,
        filesystem: Filesystem,
        mounts: Mounts,
        callers: Callers,
        *,
        version: str,
        offered: Sequence[OfferedTool],
        archive: TranscriptArchive | None,
        dreams: Dreams | None,
        recorder: bool,
        watching: Watching,
        beside: Sequence[Callable[[], Coroutine[Any, Any, None]]],
    ) -> None:
        with _without_rich():
            super().__init__(
                "dreamfs",
                version=version,
                log_level="WARNING",
                middleware=[self._answer_first],
                lifespan=partial(_with, beside),
            )
        self._filesystem = filesystem
        self._mounts = mounts
        self._callers = callers
        self._archive = archive
        self._dreams = dreams
        self._recorder = recorder
        self._offered = {tool.name: tool for tool in offered}
        self._arguments = {tool.name: Arguments(tool.name, tool.function) for tool in offered}
        self._stamp = {SERVER_INFO_META_KEY: {"name": "dreamfs", "version": version}}
        self._instructions: Instructions | None = None
        self._pinned_told = False
        self._watched = Subscriptions(watching, self._publish)
        add_handler = self._lowlevel_server.add_request_handler
        add_handler("resources/subscribe", SubscribeRequestParams, self._watched.subscribe)
        add_handler("resources/unsubscribe", UnsubscribeRequestParams, self._watched.unsubscribe)

    async def list_tools(self) -> list[Tool]:
        """What `tools/list` shows to a client that can ask its person."""
        return [
            Tool(
                name=tool.name,
                description=inspect.getdoc(tool.function),
                input_schema=self._arguments[tool.name].schema,
                annotations=await self._annotations(tool),
                _meta=_tool_meta(tool),
            )
            for tool in self._offered.values()
        ]

    async def _annotations(self, tool: OfferedTool) -> ToolAnnotations:
        """A tool that may call a model says so where one can be called: a person allowed it and there is a key."""
        if not tool.annotations.open_world_hint:
            return tool.annotations
        try:
            calls_out = self._dreams is not None and await self._dreams.may_ask_a_model()
        except Refusal:  # the list of tools does not depend on the storage
            calls_out = True
        return tool.annotations.model_copy(update={"open_world_hint": calls_out})

    async def call_tool(
        self, name: str, arguments: dict[str, Any], context: Context[Any, Any] | None = None
    ) -> CallToolResult:
        """Call a tool the SDK's way; clients are answered by the middleware."""
        answer, is_error = await self._answer(name, arguments, context.request_context if context else None)
        return CallToolResult(
            content=[TextContent(type="text", text=text) for text in await self._texts(answer, is_error=is_error)],
            is_error=is_error,
            _meta={RESULT_META_KEY: dict(answer.data)},
        )

    async def _answer_first(self, ctx: ServerRequestContext[Any, Any], call_next: CallNext) -> HandlerResult:
        """The middleware."""
        match ctx.method:
            case "tools/call":
                return await self._answer_call(ctx, call_next)
            case "initialize" | "server/discover":
                result = await call_next(ctx)
                return {**cast("dict[str, Any]", result), "instructions": (await self._read_instructions()).text}
            case "tools/list":
                return self._without_questions(ctx, cast("dict[str, Any]", await call_next(ctx)))
            case "subscriptions/listen":
                return await self._watched.listen(ctx, call_next)
            case "prompts/get":
                await self._check_prompt(ctx.params or {})
            case _:
                pass
        return await call_next(ctx)

    async def _answer_call(self, ctx: ServerRequestContext[Any, Any], call_next: CallNext) -> HandlerResult:
        params: Mapping[str, object] = ctx.params or {}
        name, arguments = params.get("name"), params.get("arguments")
        if not isinstance(name, str) or not (arguments is None or isinstance(arguments, dict)):
            return await call_next(ctx)  # not a tool call; the SDK says so
        is_modern = ctx.protocol_version in MODERN_PROTOCOL_VERSIONS
        if not is_modern and ctx.session.client_params is None:
            return await call_next(ctx)  # before the handshake the SDK refuses; it calls us where there is none
        try:
            answer, is_error = await self._answer(name, cast("dict[str, object]", arguments or {}), ctx)
        except Asked as asked:
            return asked.result | {"_meta": self._stamp}
        result: dict[str, Any] = {
            "content": [{"type": "text", "text": text} for text in await self._texts(answer, is_error=is_error)],
            "isError": is_error,
            "_meta": {RESULT_META_KEY: answer.data},
        }
        if is_modern:
            # What the SDK puts into the answers that it makes itself.
            result["resultType"] = "complete"
            result["_meta"] |= self._stamp
        return result

    async def _answer(
        self, name: str, arguments: Mapping[str, object], ctx: ServerRequestContext[Any, Any] | None
    ) -> tuple[Answer, bool]:
        """Call a tool; gives its answer, and whether that says that it failed."""
        try:
            tool = self._offered.get(name)
            if tool is None:
                asks = ctx is None or can_ask(ctx)
                there = ", ".join(one.name for one in self._offered.values() if asks or not one.asks)
                raise Refusal(
                    "invalid_argument", f"Error: There is no tool {name[:80]!r} here. The tools are: {there}."
                )
            values = self._arguments[name].read(arguments)
            author = self._callers.author(ctx, values.pop("session_id", ""))
            call = Call(
                self._filesystem,
                self._mounts,
                author,
                self._archive,
                dreams=self._dreams,
                ask=asker(ctx) if tool.asks else None,
                progress=None if ctx is None else partial(_progress, ctx),
                recorder=self._recorder,
                own_session=self._callers.session_id or self._callers.host_session_id,
            )
            return await tool.function(call, **values), False
        except Refusal as refusal:
            return _refused(refusal), True
        except Asked:
            raise
        except Exception:
            logger.exception("tool %s failed", name)
            return _refused(_INTERNAL), True

    async def _texts(self, answer: Answer, *, is_error: bool) -> list[str]:
        """The answer, and once in a connection what is pinned, for clients that ignore instructions."""
        if self._pinned_told or is_error or self._callers.transport != "stdio":
            return [answer.text]
        self._pinned_told = True
        pinned = (self._instructions or await self._read_instructions()).pinned
        return [answer.text, pinned] if pinned else [answer.text]

    async def _read_instructions(self) -> Instructions:
        try:
            self._instructions = await read_instructions(self._filesystem, self._mounts)
        except Refusal as refusal:
            return without_storage(refusal)
        except Exception:
            logger.exception("reading the instructions failed")
            return without_storage(_INTERNAL)
        return self._instructions

    async def _publish(self, uri: str) -> None:
        await self._subscriptions.publish(ResourceUpdated(uri))

    def _without_questions(self, ctx: ServerRequestContext[Any, Any], result: dict[str, Any]) -> dict[str, Any]:
        if can_ask(ctx):
            return result
        asking = {tool.name for tool in self._offered.values() if tool.asks}
        return {**result, "tools": [tool for tool in result["tools"] if tool["name"] not in asking]}

    async def _check_prompt(self, params: Mapping[str, Any]) -> None:
        prompts = {prompt.name: prompt for prompt in await self.list_prompts()}
        name, given = params.get("name"), params.get("arguments")
        if not isinstance(name, str) or not (given is None or isinstance(given, dict)):
            return
        if name not in prompts:
            raise _invalid_prompt(f"There is no prompt {name[:80]!r}. The prompts are: {', '.join(prompts)}.")
        known = {argument.name: argument for argument in prompts[name].arguments or []}
        for argument in cast("dict[str, object]", given or {}):
            if argument not in known:
                takes = ", ".join(known) or "none"
                raise _invalid_prompt(f"The prompt {name} has no argument {argument[:80]!r}. Its arguments: {takes}.")
        for needed in known.values():
            if needed.required and needed.name not in (given or {}):
                raise _invalid_prompt(f"The prompt {name} needs the argument {needed.name}.")


@contextlib.asynccontextmanager
async def _with(
    beside: Sequence[Callable[[], Coroutine[Any, Any, None]]], _app: MCPServer[Any]
) -> AsyncGenerator[None]:
    async with anyio.create_task_group() as tasks:
        for run in beside:
            tasks.start_soon(run)
        yield
        tasks.cancel_scope.cancel()


async def _progress(ctx: ServerRequestContext[Any, Any], number: int, words: str) -> None:
    await ctx.session.report_progress(number, None, words)  # does nothing where the client did not ask for it


@contextlib.contextmanager
def _without_rich() -> Generator[None]:
    """Where logging is configured, the SDK imports rich all the same for a handler that it drops: a tenth of the start."""
    if not logging.getLogger().handlers or "rich.console" in sys.modules:
        yield
        return
    sys.modules["rich.console"] = None  # type: ignore[assignment]  # the documented way to make an import fail
    try:
        yield
    finally:
        del sys.modules["rich.console"]


def _refused(refusal: Refusal) -> Answer:
    return Answer(refusal.text, {"code": refusal.code, **refusal.data})


def _invalid_prompt(sentence: str) -> MCPError:
    return MCPError(code=INVALID_PARAMS, message=sentence)


def _tool_meta(tool: OfferedTool) -> dict[str, Any] | None:
    meta: dict[str, Any] = {}
    if tool.smallest_set == "core":
        meta["anthropic/alwaysLoad"] = True
    return meta or None
