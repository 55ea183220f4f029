"""A real server process that tests speak to in raw lines, in either protocol era."""

import json
import os
import selectors
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, Self

Era = Literal["modern", "handshake"]
ERAS: tuple[Era, ...] = ("modern", "handshake")
ROOT = Path(__file__).parent.parent
PATIENCE_SECONDS = 20.0
"""After this a test has failed; no test waits for it to pass."""

_ENVELOPE = {
    "io.modelcontextprotocol/protocolVersion": "2026-07-28",
    "io.modelcontextprotocol/clientInfo": {"name": "raw", "version": "1"},
    "io.modelcontextprotocol/clientCapabilities": {},
}


class StdioProcess:
    """A server process and its three pipes.

    Use it in a `with` block: what still runs at the end of it is killed.
    """

    def __init__(
        self, arguments: Sequence[str | Path], *, era: Era = "modern", env: Mapping[str, str] | None = None
    ) -> None:
        self.era = era
        self.process = subprocess.Popen(
            [sys.executable, *map(str, arguments)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=environment(env),
        )
        self._buffers = {"stdout": b"", "stderr": b""}
        self._next_id = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout, self.process.stderr):
            assert pipe is not None
            try:
                pipe.close()
            except BrokenPipeError:
                continue

    def open(self) -> dict[str, Any]:
        """Begin the connection; gives the server's description of itself."""
        if self.era == "modern":
            return self.request("server/discover")
        answer = self.request(
            "initialize",
            {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "raw", "version": "1"}},
        )
        self.send({"jsonrpc": "2.0", "method": "notifications/initialized"})
        return answer

    def request(self, method: str, params: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Send a request and give the message that answers it."""
        identity = self.post(method, params)
        while (message := self.receive()).get("id") != identity:
            pass
        return message

    def call(self, tool: str, arguments: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Call a tool and give its result."""
        result: dict[str, Any] = self.request("tools/call", {"name": tool, "arguments": arguments or {}})["result"]
        return result

    def post(self, method: str, params: Mapping[str, Any] | None = None) -> int:
        """Send a request without waiting for its answer; gives its id."""
        message = self.message(method, params)
        self.send(message)
        return self._next_id

    def message(self, method: str, params: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """A request with the next id, not sent."""
        self._next_id += 1
        meta = {"_meta": _ENVELOPE} if self.era == "modern" else {}
        return {"jsonrpc": "2.0", "id": self._next_id, "method": method, "params": {**(params or {}), **meta}}

    def send(self, message: Mapping[str, Any]) -> None:
        self.send_line(json.dumps(message).encode())

    def send_line(self, line: bytes) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(line + b"\n")
        self.process.stdin.flush()

    def receive(self) -> dict[str, Any]:
        message: dict[str, Any] = json.loads(self.line("stdout"))
        return message

    def line(self, pipe: Literal["stdout", "stderr"]) -> bytes:
        """The next line of an output."""
        stream = getattr(self.process, pipe)
        deadline = time.monotonic() + PATIENCE_SECONDS
        with selectors.DefaultSelector() as selector:
            selector.register(stream, selectors.EVENT_READ)
            while b"\n" not in self._buffers[pipe]:
                assert selector.select(deadline - time.monotonic()), f"nothing on {pipe}"
                data = os.read(stream.fileno(), 65536)
                assert data, f"{pipe} ended; it held {self._buffers[pipe]!r}"
                self._buffers[pipe] += data
        line, self._buffers[pipe] = self._buffers[pipe].split(b"\n", 1)
        return line

    def end(self) -> tuple[int, list[dict[str, Any]], str]:
        """Wait for the process to end; gives its exit code, the messages left on its output, and its errors."""
        out, err = self.process.communicate(timeout=PATIENCE_SECONDS)
        messages = [json.loads(line) for line in (self._buffers["stdout"] + out).splitlines()]
        return self.process.returncode, messages, (self._buffers["stderr"] + err).decode()


def environment(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """This process's environment without what would name an agent's session, with our sources in it."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("CLAUDE", "DREAMFS"))}
    return {**kept, "PYTHONPATH": f"{ROOT / 'server'}{os.pathsep}{ROOT / 'tools'}", **(extra or {})}
