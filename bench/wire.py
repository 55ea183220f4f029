"""A client that costs next to nothing: lines out, lines in, over the pipes of a server process."""

import json
import subprocess
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any, Literal, Self

from bench.door import environment

Era = Literal["modern", "handshake"]
ERAS: tuple[Era, ...] = ("modern", "handshake")
CLIENT = {"name": "bench", "version": "1"}
ENVELOPE = {
    "io.modelcontextprotocol/protocolVersion": "2026-07-28",
    "io.modelcontextprotocol/clientInfo": CLIENT,
    "io.modelcontextprotocol/clientCapabilities": {},
}


class Server:
    """A server process; use it in a `with` block."""

    def __init__(self, command: Sequence[str], era: Era) -> None:
        self.era = era
        self._number = 0
        self._started = time.perf_counter()
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environment()
        )
        if era == "modern":
            self.answer("server/discover", {})
        else:
            hello = {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": CLIENT}
            self.answer("initialize", hello)
            self._send({"jsonrpc": "2.0", "method": "notifications/initialized"})
        self.start_seconds = time.perf_counter() - self._started
        """From starting the process to its first answer."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        with suppress(BrokenPipeError):  # it was killed
            self._process.stdin.close()
        self._process.stdout.close()
        try:
            self._process.wait(5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def call(self, tool: str, arguments: Mapping[str, Any]) -> float:
        """Call a tool; gives the seconds it took.

        Raises:
            RuntimeError: it answered with an error.
        """
        started = time.perf_counter()
        answer = self.answer("tools/call", {"name": tool, "arguments": arguments})
        seconds = time.perf_counter() - started
        if "error" in answer or answer["result"].get("isError"):
            raise RuntimeError(f"{tool}: {answer}")
        return seconds

    def pipelined(self, tool: str, calls: Sequence[Mapping[str, Any]]) -> int:
        """Send calls without waiting for answers; gives how many were answered with success."""
        meta = {"_meta": ENVELOPE} if self.era == "modern" else {}
        for arguments in calls:
            self._number += 1
            params = {"name": tool, "arguments": arguments, **meta}
            self._send({"jsonrpc": "2.0", "id": self._number, "method": "tools/call", "params": params})
        waiting = set(range(self._number - len(calls) + 1, self._number + 1))
        succeeded = 0
        assert self._process.stdout is not None
        while waiting:
            line = self._process.stdout.readline()
            if not line:
                raise EOFError("The server ended without an answer.")
            message: dict[str, Any] = json.loads(line)
            if message.get("id") in waiting:
                waiting.remove(message["id"])
                succeeded += "result" in message and not message["result"].get("isError")
        return succeeded

    def kill(self) -> None:
        """End the process as a lack of memory or power would."""
        self._process.kill()
        self._process.wait()

    def answer(self, method: str, params: Mapping[str, Any]) -> dict[str, Any]:
        """The message that answers a request.

        Raises:
            EOFError: the server ended.
        """
        self._number += 1
        meta = {"_meta": ENVELOPE} if self.era == "modern" else {}
        self._send({"jsonrpc": "2.0", "id": self._number, "method": method, "params": {**params, **meta}})
        assert self._process.stdout is not None
        while line := self._process.stdout.readline():
            message: dict[str, Any] = json.loads(line)
            if message.get("id") == self._number:
                return message
        raise EOFError("The server ended without an answer.")

    def _send(self, message: Mapping[str, Any]) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(message).encode() + b"\n")
        self._process.stdin.flush()
