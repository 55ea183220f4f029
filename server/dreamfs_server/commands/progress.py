"""Long work shows progress on a terminal and none in a pipe."""

from collections.abc import Callable, Generator
from contextlib import contextmanager


@contextmanager
def spinner(text: str) -> Generator[Callable[[str], None]]:
    """Show a line on standard error while something runs; gives a function that replaces the line."""
    from rich.console import Console

    console = Console(stderr=True)
    if not console.is_terminal:
        yield lambda _text: None
        return
    with console.status(text) as status:
        yield status.update
