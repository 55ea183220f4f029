"""The MCP Inspector's command line lists the tools without a complaint and calls each, in both protocol eras."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from dreamfs_server.toolset import tools
from e2e.node import programs
from stdio_process import environment

__all__ = ["programs"]
TOOL_ERROR = 5
"""The Inspector's exit code for an answer that says that it failed."""

CALLS: list[tuple[str, dict[str, Any], int]] = [
    ("create", {"path": "/memories/a/b.md", "file_text": "one\n"}, 0),
    ("view", {"path": "/memories/a/b.md"}, 0),
    ("list", {"path": "/"}, 0),
    ("grep", {"pattern": "one"}, 0),
    ("str_replace", {"path": "/memories/a/b.md", "old_str": "one", "new_str": "two", "expected_version": 1}, 0),
    ("insert", {"path": "/memories/a/b.md", "insert_line": -1, "insert_text": "three\n"}, 0),
    ("rename", {"old_path": "/memories/a/b.md", "new_path": "/memories/c.md"}, 0),
    ("history", {"path": "/memories", "format": "json"}, 0),
    ("diff", {"path": "/memories/c.md"}, 0),
    ("delete", {"path": "/memories/c.md"}, 0),
    ("restore", {"path": "/memories/c.md", "version": 4}, 0),
    ("dream", {"curator": "client", "wait_seconds": 60}, 0),
    ("dream_status", {"dream_id": "drm_0"}, TOOL_ERROR),
    ("dream_propose", {"dream_id": "drm_0", "title": "t", "rationale": "r", "changes": [], "claims": []}, TOOL_ERROR),
    ("dream_review", {"dream_id": "drm_0", "proposal": 1}, TOOL_ERROR),
    ("record", {"events": [{"role": "user", "text": "hello"}]}, 0),
]


@pytest.mark.parametrize("era", ["modern", "legacy"])
def test_the_inspector_finds_no_fault_and_calls_every_tool(era: str, tmp_path: Path, programs: Path) -> None:
    assert [name for name, _, _ in CALLS if name not in {tool.name for tool in tools()}] == []
    assert {name for name, _, _ in CALLS} == {tool.name for tool in tools()}
    config = tmp_path / "config.json"
    server = {
        "type": "stdio",
        "command": sys.executable,
        "args": ["-m", "dreamfs_server", "--db", str(tmp_path / "dreamfs.db"), "serve", "--tools", "all"],
        "env": {"PYTHONPATH": environment()["PYTHONPATH"]},
    }
    config.write_text(json.dumps({"mcpServers": {"memory": server}}))
    inspector = str(programs / "mcp-inspector")
    base = [inspector, "--cli", "--config", str(config), "--server", "memory", "--protocol-era", era]
    own = environment({"PATH": f"{programs}{os.pathsep}{os.environ['PATH']}", "HOME": str(tmp_path)})

    def inspect(*words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run([*base, *words], capture_output=True, text=True, check=False, env=own, timeout=120)

    listed = inspect("--method", "tools/list", "--strict")
    assert listed.returncode == 0, listed.stderr
    for name, arguments, code in CALLS:
        words = ("--tool-name", name, "--tool-args-json", json.dumps(arguments), "--format", "json", "-q")
        called = inspect("--method", "tools/call", *words)
        assert called.returncode == code, (name, called.stdout, called.stderr)
