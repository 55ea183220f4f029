"""What the audience sees: headings, who does what, and what came back. Plain text, colour only on a terminal."""

from textwrap import wrap

from rich.console import Console
from rich.padding import Padding
from rich.syntax import Syntax
from rich.text import Text

from dreamfs_server.demo.agents import Agent, Reply

LINE_CHARACTERS = 96


class Stage:
    """Prints the story."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._scene = 0

    def scene(self, title: str, told: str = "") -> None:
        """Begin a scene."""
        self._scene += 1
        self._console.print()
        self._console.print(Text(f"{self._scene}. {title}", style="bold"))
        if told:
            self.tell(told)

    def tell(self, text: str) -> None:
        """Say something as the narrator."""
        for paragraph in text.split("\n"):
            for line in wrap(paragraph, LINE_CHARACTERS) or [""]:
                self._console.print(Text(f"   {line}".rstrip(), style="dim"))

    async def act(self, agent: Agent, tool: str, *, lines: int = 12, **arguments: object) -> Reply:
        """Let an agent call a tool, and show the call and the answer."""
        shown = ", ".join(f"{name}={_brief(value)}" for name, value in arguments.items())
        self._console.print(
            Text.assemble("   ", (f"{agent.name:<5}", "bold cyan"), f" {tool}({shown})"), soft_wrap=True
        )
        reply = await agent.call(tool, **arguments)
        self.show(reply.text, "yellow" if reply.is_error else "", lines)
        return reply

    def command(self, *words: str) -> None:
        """Show a command that a person types."""
        self._console.print(Text.assemble("   ", ("$ ", "bold green"), " ".join(words)), soft_wrap=True)

    def show(self, text: str, style: str = "", lines: int = 12) -> None:
        """Show an answer, cut to some lines with a word that says so."""
        rows = text.rstrip("\n").split("\n")
        if len(rows) > lines:
            rows = [*rows[: lines - 3], f"… {len(rows) - lines + 1} more lines …", *rows[-2:]]
        for row in rows:
            self._console.print(Text(f"         {row}", style=style), soft_wrap=True)

    def diff(self, text: str) -> None:
        """Show a diff."""
        if self._console.is_terminal:
            self._console.print(Padding(Syntax(text, "diff", background_color="default", word_wrap=True), (0, 0, 0, 9)))
        else:
            self.show(text, lines=60)


def _brief(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 72 else f"{text[:68]}…{text[-1]}"  # what fits a line
