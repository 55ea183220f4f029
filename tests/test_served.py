"""The real process: `python -m dreamfs_server` over a database, as a client on stdio sees it."""

import json
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from dreamfs_server.arguments import NUMBER_MAX
from stdio_process import ERAS, Era, StdioProcess, environment

INSPECTOR = shutil.which("mcp-inspector")


def arguments(database: Path) -> list[str]:
    return ["-m", "dreamfs_server", "--db", str(database)]


@pytest.fixture(params=ERAS)
def server(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[StdioProcess]:
    era: Era = request.param
    with StdioProcess(arguments(tmp_path / "dreamfs.db"), era=era, env={"CLAUDE_CODE_SESSION_ID": "host-7"}) as process:
        process.open()
        yield process


def text_of(result: dict[str, object]) -> str:
    match result:
        case {"content": [{"text": str(text)}]}:
            return text
        case _:
            raise AssertionError(result)


def test_what_is_written_is_read_refused_in_our_words_and_kept_past_a_signal(
    server: StdioProcess, tmp_path: Path
) -> None:
    created = server.call("create", {"path": "/memories/a.md", "file_text": "one\n", "message": "why"})
    viewed = server.call("view", {"path": "/memories/a.md", "view_range": "[1, 1]", "version": None})
    refused = server.call("view", {"path": "/memories/a.md", "version": NUMBER_MAX + 1})

    line = text_of(created).splitlines()[-1]
    assert line.startswith("[version 1 (1st change) · session host-7 · ")
    assert (
        text_of(viewed)
        == f"Here's the content of /memories/a.md with line numbers:\n     1\tone\n[lines 1-1 of 1 shown]\n{line}"
    )
    assert text_of(refused).endswith("between -9007199254740991 and 9007199254740991.\n[refused: invalid_argument]")
    assert [created["isError"], viewed["isError"], refused["isError"]] == [False, False, True]

    server.process.send_signal(signal.SIGINT)

    assert server.process.wait() == 130
    kept = subprocess.run(
        [sys.executable, *arguments(tmp_path / "dreamfs.db"), "cat", "/memories/a.md"],
        capture_output=True,
        text=True,
        env=environment(),
        check=True,
    )
    assert kept.stdout == "one\n"
    assert not (tmp_path / "dreamfs.db-wal").exists(), "the storage was closed"


@pytest.mark.skipif(INSPECTOR is None, reason="the MCP Inspector (npm @modelcontextprotocol/inspector) is not here")
@pytest.mark.parametrize("era", ["modern", "legacy"])
def test_the_inspector_finds_no_fault_in_the_tools(era: str, tmp_path: Path) -> None:
    assert INSPECTOR is not None
    config = tmp_path / "config.json"
    server = {
        "type": "stdio",
        "command": sys.executable,
        "args": arguments(tmp_path / "dreamfs.db"),
        "env": {"PYTHONPATH": environment()["PYTHONPATH"]},
    }
    config.write_text(json.dumps({"mcpServers": {"memory": server}}))
    asked = ["--config", str(config), "--server", "memory", "--method", "tools/list", "--strict", "--protocol-era", era]

    done = subprocess.run([INSPECTOR, "--cli", *asked], capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["tools"]


def test_serving_does_not_import_what_it_does_not_need(tmp_path: Path) -> None:
    program = f"""
import sys
sys.argv[1:] = ["--db", {str(tmp_path / "dreamfs.db")!r}]
import atexit, gc, os
UNNEEDED = ("anthropic", "dateutil", "dreamfs_server.dream.job", "rapidfuzz", "rich.console", "tkinter")
atexit.register(lambda: os.write(2, repr(([n for n in UNNEEDED if n in sys.modules], gc.isenabled())).encode()))
from dreamfs_server.__main__ import main
main()
"""

    done = subprocess.run(
        [sys.executable, "-c", program], input=b"", capture_output=True, env=environment(), check=True
    )

    assert done.stderr == b"([], True)", "nothing of these, and what serving leaves is collected again"
