"""The product as a person at a terminal uses it: commands in, JSON documents out."""

import json
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from click.testing import CliRunner

COMMAND = (sys.executable, "-m", "dreamfs_server")
ROOT = Path(__file__).parent.parent


class NotThereError(Exception):
    """The command that a bench needs is not part of this checkout."""


def environment() -> dict[str, str]:
    """For child processes: this checkout's packages, and no sign of an agent's shell, where reviewing is refused.

    They keep their bytecode, as an installed package does: compiling ours at each start would be measured with it.
    """
    hidden = {*_hidden(), "PYTHONDONTWRITEBYTECODE"}
    kept = {name: value for name, value in os.environ.items() if name not in hidden}
    return kept | {
        "PYTHONPATH": os.pathsep.join([str(ROOT / "server"), str(ROOT / "tools"), kept.get("PYTHONPATH", "")])
    }


@dataclass(slots=True)
class Door:
    """One database."""

    database: Path
    _shown: dict[str, list[str]] = field(default_factory=dict[str, list[str]])

    def run(self, *arguments: str) -> str:
        """Run a command in this process and give what it prints.

        Raises:
            NotThereError: it is no command, or does not know an option.
            RuntimeError: it refused or failed; with what it said.
        """
        try:
            from dreamfs_server.__main__ import cli
        except ImportError as error:
            raise NotThereError(str(error)) from error
        done = CliRunner().invoke(cli, ["--db", str(self.database), *arguments], env=_hidden())
        said = done.stderr.strip() or done.stdout.strip() or repr(done.exception)
        if done.exit_code == 2 or isinstance(done.exception, ImportError):
            raise NotThereError(f"dreamfs {' '.join(arguments[:2])}: {said.splitlines()[-1]}")
        if done.exit_code:
            raise RuntimeError(f"dreamfs {' '.join(arguments[:2])}: {said}") from done.exception
        return done.stdout

    def json(self, *arguments: str) -> Any:
        return json.loads(self.run(*arguments, "--json"))

    def remember(self, folder: Path) -> None:
        """Put the files below a folder into the store `memories`, at the paths they have there."""
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                self.run("put", f"/memories/{path.relative_to(folder).as_posix()}", str(path))

    def learn(self, transcripts: Sequence[Path]) -> dict[str, Any]:
        """Import transcripts, in this order."""
        told: dict[str, Any] = self.json("transcripts", "import", *map(str, transcripts))
        return told

    def dream(self) -> dict[str, Any]:
        """Run the embedded dream and give its document."""
        document: dict[str, Any] = self.json("dream", "run", "--store", "memories", "--curator", "embedded")
        return document

    def accept(self, dream_id: str, proposal: int) -> dict[str, Any]:
        verdict: dict[str, Any] = self.json("dream", "review", dream_id, str(proposal), "--accept", "--as", "bench")
        return verdict

    def lines(self, source: str) -> list[str]:
        """The numbered lines of a source that evidence may cite.

        Raises:
            KeyError: there is no such source.
        """
        if source not in self._shown:
            kind, _, rest = source.removeprefix("/").partition("/")
            try:
                shown = self.run("transcripts", "show", rest) if kind == "transcripts" else self.run("cat", source)
            except RuntimeError as error:
                raise KeyError(source) from error
            lines = shown.split("\n")
            # A transcript is printed with the numbers that citations use, each before a tab.
            self._shown[source] = [line.split("\t", 1)[-1] for line in lines] if kind == "transcripts" else lines
        return self._shown[source]


def _hidden() -> dict[str, None]:
    return {name: None for name in os.environ if name.startswith(("CLAUDE", "DREAMFS_"))}
