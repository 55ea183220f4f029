"""Tables for people: aligned columns, no frames, never cut in a pipe."""

from collections.abc import Sequence
from datetime import datetime


def print_table(columns: Sequence[str], rows: Sequence[Sequence[str]], right: set[str] | None = None) -> None:
    """Print rows under dim headings; the last column takes what room is left.

    Each row is a line: what agents wrote is shown with its control characters made visible.
    """
    from rich.box import SIMPLE_HEAD  # rich is for people; serving never needs it
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from dreamfs_server.commands.printing import printable

    rows = [[printable(cell) for cell in row] for row in rows]
    console = Console(soft_wrap=True, highlight=False)
    if not console.is_terminal:
        widths = [max([len(name), *(len(row[index]) for row in rows)]) for index, name in enumerate(columns)]
        for row in [columns, *rows]:
            cells = [
                cell.rjust(width) if name in (right or ()) else cell.ljust(width)
                for cell, width, name in zip(row, widths, columns, strict=True)
            ]
            print("  ".join(cells).rstrip())  # noqa: T201  # a pipe gets plain lines
        return
    table = Table(box=SIMPLE_HEAD, header_style="dim", pad_edge=False, show_edge=False)
    for name in columns:
        table.add_column(name, justify="right" if name in (right or ()) else "left", overflow="fold")
    for row in rows:
        table.add_row(*(Text(cell) for cell in row))
    console.print(table)


def person_time(at: str | None) -> str:
    """An RFC 3339 time as a person reads it, in UTC: `2026-11-22 11:03`."""
    return datetime.fromisoformat(at).strftime("%Y-%m-%d %H:%M") if at else ""
