"""JSON-RPC messages, one a line, on two file descriptors.

The two ends are the stream protocols that the SDK's server loop reads and writes, without a task or a queue between
the descriptor and the loop. What the SDK would drop in silence is answered here, so that no client waits for ever.
"""

import asyncio
import contextlib
import os
import re
import stat
import threading
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self, cast

import anyio
from mcp.shared.message import SessionMessage
from mcp_types import (
    INTERNAL_ERROR,
    INVALID_REQUEST,
    PARSE_ERROR,
    ErrorData,
    JSONRPCError,
    JSONRPCMessage,
    JSONRPCNotification,
    JSONRPCRequest,
    JSONRPCResponse,
    RequestId,
    jsonrpc_message_adapter,
)
from pydantic import ValidationError
from pydantic_core import PydanticSerializationError, from_json, to_json

MESSAGE_BYTES_MAX = 16 * 1024 * 1024
"""Longest line that is read; a full store of transcripts comes in many messages."""

_READ_BYTES = 256 * 1024
_ENDLESS = "subscriptions/listen"
"""Answered only when the connection ends, so nobody waits for it at the end of input."""

_ESCAPE = re.compile(r"\\(?:u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|u[dD][89a-fA-F][0-9a-fA-F]{2}|.)")


@dataclass(frozen=True, slots=True)
class Malformed:
    """A line that is no message."""

    answer: JSONRPCError


def decode(line: bytes) -> JSONRPCMessage | Malformed:
    """Read one line.

    Bytes that are not UTF-8 and lone surrogates become U+FFFD, since the message around them can be answered.

    Returns:
        The message; or, for what is no message, the error to answer: -32700 where it is not JSON that can be read
        (huge integers and deep nesting included), -32600 where it is not JSON-RPC.
    """
    with contextlib.suppress(ValidationError):
        message = jsonrpc_message_adapter.validate_json(line, by_name=False)
        if isinstance(message, JSONRPCNotification) and b'"id"' in line and "id" in from_json(line):
            # A request whose id is no id passes as a notification, and would never be answered.
            return _not_a_message(None)
        return message
    mended = _ESCAPE.sub(_without_lone_surrogate, line.decode("utf-8", "replace"))
    with contextlib.suppress(ValidationError):
        return jsonrpc_message_adapter.validate_json(mended, by_name=False)
    try:
        value: object = from_json(mended)
    except ValueError:
        return Malformed(_error(None, PARSE_ERROR, "Parse error: the line is not JSON that can be read"))
    identity = cast("dict[str, Any]", value).get("id") if isinstance(value, dict) else None
    known = identity if isinstance(identity, int | str) and not isinstance(identity, bool) else None
    return _not_a_message(known)


def encode(message: JSONRPCMessage) -> bytes:
    """Write one line. An answer that is not JSON becomes an internal error, so that its request is answered."""
    try:
        if isinstance(message, JSONRPCResponse):
            return to_json({"jsonrpc": "2.0", "id": message.id, "result": message.result}, inf_nan_mode="null") + b"\n"
        return message.model_dump_json(by_alias=True, exclude_unset=True).encode() + b"\n"
    except (PydanticSerializationError, UnicodeEncodeError):
        identity = message.id if isinstance(message, JSONRPCResponse | JSONRPCError) else None
        return encode(_error(identity, INTERNAL_ERROR, "Internal error: the answer cannot be encoded"))


class Requests:
    """Which requests were read and not answered yet."""

    def __init__(self) -> None:
        self._open: Counter[str] = Counter()
        self._none_open = asyncio.Event()
        self._none_open.set()
        self._arrival: asyncio.Event | None = None
        self.count = 0
        """How many requests were read so far."""

    def read(self, message: JSONRPCMessage) -> None:
        if isinstance(message, JSONRPCRequest) and message.method != _ENDLESS:
            self._open[str(message.id)] += 1
            self._none_open.clear()
            self.count += 1
            if self._arrival is not None:
                self._arrival.set()
                self._arrival = None
        elif isinstance(message, JSONRPCNotification) and message.method == "notifications/cancelled":
            # A cancelled request is never answered.
            self._close((message.params or {}).get("requestId"))

    def written(self, message: JSONRPCMessage) -> None:
        if isinstance(message, JSONRPCResponse | JSONRPCError):
            self._close(message.id)

    async def all_answered(self) -> None:
        await self._none_open.wait()

    async def next(self) -> None:
        """Wait until another request is read."""
        self._arrival = self._arrival or asyncio.Event()
        await self._arrival.wait()

    def _close(self, identity: RequestId | None) -> None:
        key = str(identity)
        if self._open[key] <= 1:
            del self._open[key]
        else:
            self._open[key] -= 1
        if not self._open:
            self._none_open.set()


class _Stream:
    """What the SDK asks of both ends of a stream."""

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, exc_type: type[BaseException] | None, exc_val: BaseException | None, exc_tb: TracebackType | None
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        raise NotImplementedError


class Writer(_Stream):
    """The sending end. A message is written whole or not at all, whoever is cancelled meanwhile."""

    def __init__(self, descriptor: int, requests: Requests, lost: Callable[[], None]) -> None:
        """`lost` is called when the other side has closed."""
        self._descriptor = descriptor
        self._requests = requests
        self._lost = lost
        self._loop = asyncio.get_running_loop()
        self._backlog = bytearray()
        self._flushed = asyncio.Event()
        self._flushed.set()
        self._closed = False
        self._blocking = os.get_blocking(descriptor)
        mode = os.fstat(descriptor).st_mode
        if stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode):
            # A slow reader must not stop the loop. Files and terminals are written as they are: a terminal's
            # flag is shared with the shell.
            os.set_blocking(descriptor, False)

    async def send(self, item: SessionMessage, /) -> None:
        if self._closed:
            raise anyio.ClosedResourceError
        self.put(item.message)
        if self._backlog:
            await self._flushed.wait()

    def put(self, message: JSONRPCMessage) -> None:
        """Write a message, or as much as the other side takes now; the rest follows by itself."""
        if self._closed:
            return
        waiting = bool(self._backlog)
        self._backlog += encode(message)
        self._requests.written(message)
        if not waiting:
            self._write()
            if self._backlog:
                self._flushed.clear()
                self._loop.add_writer(self._descriptor, self._write)

    async def flushed(self) -> None:
        """Wait until everything is written."""
        await self._flushed.wait()

    async def aclose(self) -> None:
        """Take no more messages."""
        self._closed = True

    def release(self) -> None:
        """Leave the descriptor as it was found."""
        self._closed = True
        with contextlib.suppress(OSError, ValueError):
            self._loop.remove_writer(self._descriptor)
        with contextlib.suppress(OSError):
            os.set_blocking(self._descriptor, self._blocking)

    def _write(self) -> None:
        try:
            while self._backlog:
                del self._backlog[: os.write(self._descriptor, self._backlog)]
        except (BlockingIOError, InterruptedError):
            return
        except OSError:
            self._backlog.clear()
            self._closed = True
            self._lost()
        if not self._flushed.is_set():
            self._loop.remove_writer(self._descriptor)
            self._flushed.set()


class Reader(_Stream):
    """The receiving end. After the end of input it stays open until it is closed, so that answers can be finished."""

    def __init__(self, descriptor: int, requests: Requests, refuse: Callable[[JSONRPCError], None]) -> None:
        """`refuse` is given the answers to lines that are no message."""
        self.ended = asyncio.Event()
        self._descriptor = descriptor
        self._requests = requests
        self._refuse = refuse
        self._loop = asyncio.get_running_loop()
        self._parts: list[bytes] = []
        self._size = 0
        self._messages: deque[SessionMessage] = deque()
        self._waiting: asyncio.Future[None] | None = None
        self._closed = False
        try:
            self._loop.add_reader(descriptor, self._readable)
        except PermissionError:  # files and /dev/null cannot be polled
            threading.Thread(target=self._read_all, name="stdin", daemon=True).start()

    async def receive(self) -> SessionMessage:
        while not self._messages:
            if self._closed:
                raise anyio.EndOfStream
            self._waiting = self._loop.create_future()
            await self._waiting
        return self._messages.popleft()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> SessionMessage:
        try:
            return await self.receive()
        except anyio.EndOfStream:
            raise StopAsyncIteration from None

    async def aclose(self) -> None:
        self._closed = True
        self.release()
        self._wake()

    def release(self) -> None:
        """Read no more."""
        with contextlib.suppress(OSError, ValueError):
            self._loop.remove_reader(self._descriptor)

    def _readable(self) -> None:
        try:
            self._take(os.read(self._descriptor, _READ_BYTES))
        except (BlockingIOError, InterruptedError):
            return
        except OSError:  # a reset socket or a terminal that went away is the end of input
            self._take(b"")

    def _read_all(self) -> None:
        data = b"x"
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody listens any more
            while data:
                try:
                    data = os.read(self._descriptor, _READ_BYTES)
                except OSError:
                    data = b""
                self._loop.call_soon_threadsafe(self._take, data)

    def _take(self, data: bytes) -> None:
        if not data:
            self.release()
            self._line(b"".join(self._parts))
            self.ended.set()
            return
        *lines, rest = data.split(b"\n")
        for line in lines:
            self._keep(line)
            self._line(b"".join(self._parts))
            self._parts.clear()
            self._size = 0
        self._keep(rest)

    def _keep(self, part: bytes) -> None:
        self._size += len(part)
        if self._size <= MESSAGE_BYTES_MAX:
            self._parts.append(part)
        else:
            self._parts.clear()

    def _line(self, line: bytes) -> None:
        if self._size > MESSAGE_BYTES_MAX:
            too_long = f"Invalid request: a line has more than {MESSAGE_BYTES_MAX:,} bytes"
            self._refuse(_error(None, INVALID_REQUEST, too_long))
            return
        if not line.strip():
            return
        message = decode(line)
        if isinstance(message, Malformed):
            self._refuse(message.answer)
            return
        self._requests.read(message)
        self._messages.append(SessionMessage(message))
        self._wake()

    def _wake(self) -> None:
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_result(None)


def _error(identity: RequestId | None, code: int, message: str) -> JSONRPCError:
    return JSONRPCError(jsonrpc="2.0", id=identity, error=ErrorData(code=code, message=message))


def _not_a_message(identity: RequestId | None) -> Malformed:
    return Malformed(_error(identity, INVALID_REQUEST, "Invalid request: the line is not a JSON-RPC 2.0 message"))


def _without_lone_surrogate(escape: re.Match[str]) -> str:
    text = escape.group()
    return r"\ufffd" if len(text) == 6 else text
