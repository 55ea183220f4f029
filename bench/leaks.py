"""What the search for secrets finds, hits by mistake and takes, beside detect-secrets where that is installed.

Numbers only: what stands in the transcripts of a folder is neither printed nor kept.
"""

import importlib.util
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from tests.secret_texts import HARMLESS, IN_CONTEXT, LEAKS, OTHER_TOKENS, SHOWN_KEYS, TOKENS

from bench.registry import Row
from dreamfs_server.transcripts.formats import UnknownFormat, read_file
from dreamfs_server.transcripts.reading import Said
from dreamfs_server.transcripts.source import LeftOut
from dreamfs_server.transcripts.sources import files, sources
from dreamfs_server.transcripts.zips import BadArchive
from dreamfs_tools.secrets import find_secrets
from dreamfs_tools.transcript import normal_text

NAME = "leaks"
BUDGET = "secrets found, harmless texts left alone, in linear time"

PEER = "detect-secrets"
HOSTILE = (
    "password=",
    "mysql -p1a ",
    "-----BEGIN PRIVATE KEY-----\n",
    "cookie: sid=a1b2c3d4 ",
    "echo a | sudo -S ",
    "://a:b@",
)
HOSTILE_BYTES = 50_000
SLOWER = 6.0
"""What four times the text may take."""


def run(soak: bool, folders: Sequence[Path] = ()) -> Sequence[Row]:  # noqa: ARG001  # there is one size
    peer = _peer()
    tables = {
        "secrets by their own shape": [*TOKENS.values(), *OTHER_TOKENS],
        "secrets by what stands before them": [
            *(template.format(value) for template, value in IN_CONTEXT.values()),
            *(text for text, _ in LEAKS),
        ],
        "forms of a private key": list(SHOWN_KEYS.values()),
    }
    rows = [_row(what, texts, len(texts), peer) for what, texts in tables.items()]
    rows.append(_row("harmless texts", HARMLESS, 0, peer))
    slowest = max(_time(text, 4 * HOSTILE_BYTES) / _time(text, HOSTILE_BYTES) for text in HOSTILE)
    rows.append(Row("a hostile text of four times the length", f"{SLOWER:g} ×", f"{slowest:.1f} ×", slowest <= SLOWER))
    for folder in folders:
        rows += _real(folder, peer)
    return rows


def _row(what: str, texts: Sequence[str], wanted: int, peer: Callable[[str], int] | None) -> Row:
    ours = sum(bool(find_secrets(text)) for text in texts)
    theirs = f"{sum(bool(peer(text)) for text in texts)}" if peer else "not installed"
    return Row(what, f"{wanted} of {len(texts)}", f"{ours}; {PEER} {theirs}", ours == wanted)


def _time(text: str, size: int) -> float:
    whole = (text * (size // len(text) + 1))[:size]
    started = time.process_time()
    find_secrets(whole)
    return time.process_time() - started


def _real(folder: Path, peer: Callable[[str], int] | None) -> Iterator[Row]:
    texts = list(_texts(folder))
    size = sum(map(len, texts)) / 1e6
    searches: dict[str, Callable[[str], int] | None] = {"ours": lambda text: len(find_secrets(text)), PEER: peer}
    for name, search in searches.items():
        if search is not None:
            started = time.process_time()
            hits = sum(map(search, texts))
            seconds = time.process_time() - started
            yield Row(f"{name}: text of {len(texts):,} events, {size:.1f} MB", "", f"{hits} hits in {seconds:.2f} s")


def _texts(folder: Path) -> Iterator[str]:
    for file in files(folder):
        if isinstance(file, LeftOut):
            continue
        try:
            for source in sources(file):
                if isinstance(source, LeftOut):
                    continue
                with source.open() as stream:
                    _, reading = read_file(stream, source.name)
                    yield from (normal_text(item.event.text) for item in reading if isinstance(item, Said))
        except (UnknownFormat, BadArchive, OSError):
            continue


def _peer() -> Callable[[str], int] | None:
    if importlib.util.find_spec("detect_secrets") is None:
        return None
    scan: Any = importlib.import_module("detect_secrets.core.scan")
    settings: Any = importlib.import_module("detect_secrets.settings")

    def count(text: str) -> int:
        with tempfile.NamedTemporaryFile("w", suffix=".txt", errors="replace") as file, settings.default_settings():
            file.write(text)
            file.flush()
            # It asks the network otherwise.
            settings.get_settings().disable_filters(
                "detect_secrets.filters.common.is_ignored_due_to_verification_policies"
            )
            return sum(1 for _ in scan.scan_file(file.name))

    return count
