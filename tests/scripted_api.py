"""An API on loopback that answers from a script, over real HTTP, in the wire format of the Messages API."""

import asyncio
import json
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

Block = Mapping[str, Any]
USAGE: Mapping[str, int] = {
    "input_tokens": 1_000,
    "output_tokens": 100,
    "cache_creation_input_tokens": 0,
    "cache_read_input_tokens": 0,
}


@dataclass(frozen=True)
class Reply:
    """What the server does with one request."""

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    body: bytes = b""
    hold: bool = False
    """Send what there is, then nothing more until the client goes away."""


def said(*content: Block, stop: str | None = "end_turn", usage: Mapping[str, int] = USAGE, **more: Any) -> Reply:
    """An answer, streamed."""
    return Reply(headers={"content-type": "text/event-stream"}, body=b"".join(events(content, stop, usage, more)))


def events(
    content: Sequence[Block], stop: str | None, usage: Mapping[str, int], more: Mapping[str, Any]
) -> list[bytes]:
    message = {**message_of([], None, usage), "usage": {**usage, "output_tokens": 1}}
    parts: list[tuple[str, dict[str, Any]]] = [("message_start", {"message": message})]
    for index, block in enumerate(content):
        empty: dict[str, Any] = {"text": ""} if block["type"] == "text" else {"input": {}}
        delta = (
            {"type": "text_delta", "text": block["text"]}
            if block["type"] == "text"
            else {
                "type": "input_json_delta",
                "partial_json": block["raw"] if "raw" in block else json.dumps(block["input"]),
            }
        )
        start: dict[str, Any] = {key: value for key, value in block.items() if key != "raw"} | empty
        parts += [
            ("content_block_start", {"index": index, "content_block": start}),
            ("content_block_delta", {"index": index, "delta": delta}),
            ("content_block_stop", {"index": index}),
        ]
    delta = {"stop_reason": stop, "stop_sequence": None, **more}
    parts += [
        ("message_delta", {"delta": delta, "usage": {"output_tokens": usage["output_tokens"]}}),
        ("message_stop", {}),
    ]
    return [f"event: {kind}\ndata: {json.dumps({'type': kind, **data})}\n\n".encode() for kind, data in parts]


def message_of(content: Sequence[Block], stop: str | None, usage: Mapping[str, int] = USAGE) -> dict[str, Any]:
    return {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": "claude-opus-5-5",
        "content": list(content),
        "stop_reason": stop,
        "stop_sequence": None,
        "usage": dict(usage),
    }


def refused(status: int, kind: str = "api_error", **headers: str) -> Reply:
    body = {"type": "error", "error": {"type": kind, "message": "words of theirs /home/x"}}
    return Reply(status, {"content-type": "application/json", **headers}, json.dumps(body).encode())


def document(body: object) -> Reply:
    return Reply(200, {"content-type": "application/json"}, json.dumps(body).encode())


def text(words: str) -> Block:
    return {"type": "text", "text": words}


def use(tool: str, **arguments: Any) -> Block:
    return {"type": "tool_use", "id": f"toolu_{tool}", "name": tool, "input": arguments}


Script = Callable[["Request"], Reply]


@dataclass(frozen=True)
class Request:
    method: str
    path: str
    headers: Mapping[str, str]
    body: Any

    @property
    def purpose(self) -> str:
        """What our request is for, told by its prompt."""
        system = str(self.body["system"]) if self.body and "system" in self.body else ""
        return "verify" if system.startswith("You check") else "read" if system.startswith("You read") else "curate"

    @property
    def last(self) -> str:
        """The newest message as text."""
        return json.dumps(self.body["messages"][-1]["content"], ensure_ascii=False)


@dataclass
class ScriptedApi:
    url: str
    sent: list[Request]

    def of(self, purpose: str) -> list[Request]:
        return [request for request in self.sent if request.purpose == purpose]


@asynccontextmanager
async def scripted_api(script: Script) -> AsyncGenerator[ScriptedApi]:
    """Serve a script on a free port."""
    api = ScriptedApi("", [])
    writers: set[asyncio.StreamWriter] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers.add(writer)
        try:
            request = await _read(reader)
            if request is None:
                return
            api.sent.append(request)
            await _write(reader, writer, script(request))
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    api.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield api
    finally:
        server.close()
        for writer in writers:
            writer.close()
        await server.wait_closed()


async def _read(reader: asyncio.StreamReader) -> Request | None:
    head = await reader.readuntil(b"\r\n\r\n") if not reader.at_eof() else b""
    if not head:
        return None
    first, *rows = head.decode().strip().split("\r\n")
    method, path, _ = first.split(" ")
    headers = {name.lower(): value.strip() for name, _, value in (row.partition(":") for row in rows)}
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    return Request(method, path, headers, json.loads(body) if body else None)


async def _write(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, reply: Reply) -> None:
    rows = [f"HTTP/1.1 {reply.status} X", "connection: close", *(f"{k}: {v}" for k, v in reply.headers.items())]
    writer.write("\r\n".join([*rows, "", ""]).encode() + reply.body)
    await writer.drain()
    if reply.hold:
        await reader.read()


Pauses = list[float]


def pausing(pauses: Pauses) -> Callable[[float], Awaitable[None]]:
    """Waits no time and remembers how long it would have."""

    async def pause(seconds: float) -> None:
        pauses.append(seconds)

    return pause
