"""What a bench is, and which there are."""

import importlib
import pkgutil
from collections.abc import Sequence
from dataclasses import dataclass
from types import ModuleType
from typing import Protocol, cast

import bench


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the report."""

    what: str
    budget: str
    """In words, empty where a number is only reported."""
    measured: str
    ok: bool | None = None
    """None where there is no budget, or where it could not be measured; `measured` then says why."""


class Bench(Protocol):
    """A module of this package."""

    NAME: str
    BUDGET: str
    """One sentence: what is measured against what."""

    def run(self, soak: bool) -> Sequence[Row]:
        """Measure. With `soak` it may take long."""
        ...


def benches() -> dict[str, Bench]:
    """Every module of this package that has a `NAME`, a `BUDGET` and `run`, by name."""
    modules = (
        importlib.import_module(f"bench.{info.name}")
        for info in pkgutil.iter_modules(bench.__path__)
        if not info.ispkg and not info.name.startswith("_")
    )
    return {module.NAME: cast("Bench", module) for module in modules if _is_bench(module)}


def _is_bench(module: ModuleType) -> bool:
    return all(hasattr(module, name) for name in ("NAME", "BUDGET", "run"))
