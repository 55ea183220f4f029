"""`python -m bench [NAME…]`: run benches and print budget, measurement and verdict."""

import json
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path

import click
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from bench import cover, dream, leaks
from bench.registry import Row, benches


@click.command()
@click.argument("names", nargs=-1)
@click.option("--soak", is_flag=True, help="Take as long as it takes.")
@click.option("--held-out", is_flag=True, help="dream: report from the seeds that nobody tunes on.")
@click.option("--corpora", type=click.IntRange(1, 100), help="dream: how many corpora of each kind.")
@click.option("--direct", is_flag=True, help="dream: mine and curate alone, without storage and validation; fast.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def main(*, names: Sequence[str], soak: bool, held_out: bool, corpora: int | None, direct: bool, as_json: bool) -> None:
    """Measure the budgets of DESIGN section 11 and the dream's quality, each as a ratio or a rate within one run."""
    known = benches()
    folders = [Path(name) for name in names if name not in known] if {cover.NAME, leaks.NAME} & {*names} else []
    names = [name for name in names if name in known or not folders]
    if unknown := [name for name in names if name not in known]:
        raise click.UsageError(f"There is no bench {', '.join(unknown)}; there are {', '.join(known)}.")
    rows: dict[str, Sequence[Row]] = {}
    for name in names or known:
        run: Callable[[bool], Sequence[Row]] = known[name].run
        if name == dream.NAME:
            run = partial(dream.run, held_out=held_out, corpora=corpora, direct=direct)
        elif name == cover.NAME:
            run = partial(cover.run, folders=folders)
        elif name == leaks.NAME:
            run = partial(leaks.run, folders=folders)
        started = time.perf_counter()
        try:
            rows[name] = run(soak)
        except (RuntimeError, EOFError, AssertionError) as error:
            # A bench that breaks has missed its budget; the others are still worth running.
            rows[name] = [Row("everything", "", f"failed: {error}", ok=False)]
        if not as_json:
            _print(name, known[name].BUDGET, rows[name], time.perf_counter() - started)
    if as_json:
        click.echo(
            json.dumps({name: [asdict(row) for row in found] for name, found in rows.items()}, ensure_ascii=False)
        )
    sys.exit(any(row.ok is False for found in rows.values() for row in found))


def _print(name: str, budget: str, rows: Sequence[Row], seconds: float) -> None:
    table = Table(title=f"{name}: {budget} ({seconds:.0f} s)", title_justify="left")
    for column in ("what", "budget", "measured", "verdict"):
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(
            *map(escape, (row.what, row.budget, row.measured)), {True: "ok", False: "MISSED", None: "—"}[row.ok]
        )
    Console(width=None if sys.stdout.isatty() else 160).print(table)


if __name__ == "__main__":
    main()
