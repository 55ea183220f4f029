"""The two Node programs that the end-to-end tests drive, installed into a temporary folder."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

PACKAGES = ("@anthropic-ai/claude-code@2.1.330", "@modelcontextprotocol/inspector@2.12.0", "node@22")
"""The versions that were tried; the third because the Inspector wants a newer Node than many machines have."""


@pytest.fixture(scope="session")
def programs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder with `claude`, `mcp-inspector` and `node`.

    `DREAMFS_E2E_NODE` names a folder that is kept between runs.
    """
    npm = shutil.which("npm")
    if npm is None:
        pytest.skip("npm is not here: end-to-end tests need Node.js")
    kept = os.environ.get("DREAMFS_E2E_NODE")
    folder = Path(kept) if kept else tmp_path_factory.mktemp("node")
    found = folder / "node_modules" / ".bin"
    if not all((found / name).exists() for name in ("claude", "mcp-inspector", "node")):
        install = [npm, "install", "--no-audit", "--no-fund", "--prefix", str(folder), *PACKAGES]
        done = subprocess.run(install, capture_output=True, text=True, check=False)
        if done.returncode:
            pytest.skip(f"npm could not install them: {done.stderr.strip().splitlines()[-1:]}")
    return found
