"""A loopback server that speaks enough of the Messages API for Claude Code, and says what a script tells it to say.

What the client sends is kept: it is exactly what the model would see.
"""

import json
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

Request = dict[str, Any]
Block = dict[str, Any]
Turn = Callable[[Request], Block]
"""Given the request, the one content block that the model answers with."""


def say(text: str) -> Turn:
    """Answer with text, which ends the conversation."""
    return lambda _: {"type": "text", "text": text}


def use(tool: str, **arguments: Any) -> Turn:
    """Answer with a call of a tool."""
    return lambda _: {"type": "tool_use", "id": "", "name": tool, "input": arguments}


@dataclass
class ScriptedApi:
    """Use it in a `with` block; `url` is what `ANTHROPIC_BASE_URL` should be.

    Args:
        turns: what the model does, one for each request of the conversation itself. Other requests (titles, quota) are
            answered with a word.
    """

    turns: Sequence[Turn]
    conversation: list[Request] = field(default_factory=list[Request])
    """The requests of the conversation, in order."""
    others: list[Request] = field(default_factory=list[Request])
    failure: Exception | None = None
    """What went wrong in the script."""
    _server: ThreadingHTTPServer = field(init=False)

    def __enter__(self) -> Self:
        api = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:  # the library's name
                body = self.rfile.read(int(self.headers.get("content-length", 0)))
                request: Request = json.loads(body or b"{}")
                if self.path.partition("?")[0] != "/v1/messages":
                    self._send("application/json", b'{"input_tokens": 1}')
                elif request.get("stream"):
                    self._send("text/event-stream", b"".join(_events(api.answer(request))))
                else:
                    self._send("application/json", json.dumps(_message([api.answer(request)])).encode())

            def do_GET(self) -> None:
                self._send("application/json", b"{}")

            def do_HEAD(self) -> None:
                self._send("application/json", b"")

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002
                pass

            def _send(self, kind: str, body: bytes) -> None:
                self.send_response(200)
                self.send_header("content-type", kind)
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def answer(self, request: Request) -> Block:
        """What the model says to a request."""
        if not any(str(tool.get("name", "")).startswith("mcp__") for tool in request.get("tools", [])):
            self.others.append(request)
            return {"type": "text", "text": "ok"}
        self.conversation.append(request)
        number = len(self.conversation)
        try:
            block = (
                self.turns[number - 1](request) if number <= len(self.turns) else say("(the script is over)")(request)
            )
        except Exception as error:  # ends the conversation; the test says what was wrong
            self.failure = error
            block = say("(the script failed)")(request)
        return block | ({"id": f"toolu_{number}"} if block["type"] == "tool_use" else {})

    def results(self) -> list[str]:
        """What the model was shown of each tool call, in order."""
        return shown(self.conversation[-1]) if self.conversation else []


def shown(request: Request) -> list[str]:
    """What the tools' answers look like to the model, in order."""
    blocks = [block for message in request["messages"] for block in _blocks(message)]
    return [_text(block.get("content", "")) for block in blocks if block["type"] == "tool_result"]


def _blocks(message: Request) -> list[Block]:
    content: list[Block] | str = message["content"]
    return content if isinstance(content, list) else [{"type": "text", "text": content}]


def _text(content: Any) -> str:
    if isinstance(content, str):
        return content
    return "\n".join(block.get("text", f"<{block['type']}>") for block in content)


def _message(content: list[Block]) -> Request:
    reason = "tool_use" if any(block["type"] == "tool_use" for block in content) else "end_turn"
    return {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": "claude-opus-5-5",
        "content": content,
        "stop_reason": reason,
        "stop_sequence": None,
        "usage": {"input_tokens": 1, "output_tokens": 1},
    }


def _events(block: Block) -> Iterator[bytes]:
    message = _message([block])
    yield _event("message_start", message=message | {"content": [], "stop_reason": None})
    if block["type"] == "text":
        yield _event("content_block_start", index=0, content_block={"type": "text", "text": ""})
        delta = {"type": "text_delta", "text": block["text"]}
    else:
        yield _event("content_block_start", index=0, content_block=block | {"input": {}})
        delta = {"type": "input_json_delta", "partial_json": json.dumps(block["input"])}
    yield _event("content_block_delta", index=0, delta=delta)
    yield _event("content_block_stop", index=0)
    yield _event(
        "message_delta",
        delta={"stop_reason": message["stop_reason"], "stop_sequence": None},
        usage={"output_tokens": 1},
    )
    yield _event("message_stop")


def _event(kind: str, **fields: Any) -> bytes:
    return f"event: {kind}\ndata: {json.dumps({'type': kind, **fields})}\n\n".encode()
