"""A person at a terminal: the command line in this process, on a database of its own."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from click.testing import CliRunner, Result

from dreamfs_server.__main__ import cli


@dataclass(frozen=True)
class Terminal:
    """Runs commands on one database."""

    database: Path

    def run(self, *words: str, given: str | bytes = "", code: int = 0) -> Result:
        """Run a command that ends with this exit code."""
        result = CliRunner().invoke(cli, ["--db", str(self.database), *words], input=given, prog_name="dreamfs")
        assert result.exit_code == code, f"{result.output}\n{result.exception!r}"
        return result

    def says(self, *words: str, given: str = "", code: int = 0) -> str:
        """What a command prints on standard output."""
        return self.run(*words, given=given, code=code).stdout

    def refuses(self, *words: str, given: str = "") -> str:
        """What a command that is refused prints on standard error."""
        return self.run(*words, given=given, code=1).stderr

    def json(self, *words: str, given: str = "", code: int = 0) -> Any:
        """The document that a command prints with --json."""
        return json.loads(self.says(*words, "--json", given=given, code=code))

    def put(self, path: str, text: str, session: str, message: str = "") -> None:
        """Write a file as a session, whatever is there."""
        rows = [row for row in self.json("log", "-n", "0") if path in {row["path"], row["old_path"]}]
        is_there = rows and rows[0]["path"] == path and rows[0]["operation"] != "deleted"
        version = rows[0]["version"] if is_there else 0
        words = ["--session", session, "--message", message, "--expected-version", str(version)]
        self.run("put", path, *words, given=text)
