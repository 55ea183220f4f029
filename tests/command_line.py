"""The commands, run in this process as a person runs them."""

import json
from pathlib import Path
from typing import Any

from click.testing import CliRunner, Result

from dreamfs_server.__main__ import cli


class CommandLine:
    """`dreamfs --db …` on one database, without a terminal."""

    def __init__(self, database: Path) -> None:
        self.database = database

    def run(self, *words: str, code: int = 0, stdin: str = "") -> Result:
        """Run a command that ends with this exit code."""
        result = CliRunner(env={"CLAUDE_PROJECT_DIR": None, "DREAMFS_DB": None}).invoke(
            cli, ["--db", str(self.database), *words], input=stdin
        )
        assert result.exit_code == code, result.output
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
        return result

    def put(self, path: str, text: str, *words: str) -> None:
        """Write a file."""
        self.run("put", path, *words, stdin=text)

    def said(self, *words: str) -> str:
        return self.run(*words).stdout

    def json(self, *words: str) -> Any:
        return json.loads(self.run(*words, "--json").stdout)

    def refused(self, *words: str, code: int = 1) -> str:
        """The sentence of a refusal, and that nothing else is said."""
        result = self.run(*words, code=code)
        assert code == 2 or not result.stdout
        return result.stderr.strip()
