"""An incident archive through the real commands, in every form: what becomes memory once a person accepts everything."""

import json
import re
import sqlite3
import tempfile
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from bench.corpora.incidents import Archive, ArchiveTruth, generate
from bench.corpora.seeds import seeds
from bench.corpora.thread_formats import FORMS, write
from bench.door import Door
from bench.registry import Row

NAME = "incidents"
BUDGET = "an incident archive with one-offs, orders and a stale blame"
MIXED = "mixed"
"""A third of the threads in each of three forms."""
QUICK, FULL = 1, 5
_COUNT = re.compile(r"(\d+) of (\d+)")


@dataclass(slots=True)
class Tally:
    """Counts that add up."""

    archives: int = 0
    recurring: int = 0
    recurring_found: int = 0
    preferences: int = 0
    preferences_found: int = 0
    stale: int = 0
    stale_flagged: int = 0
    days: int = 0
    days_right: int = 0
    citations: int = 0
    ordered: list[str] = field(default_factory=list[str])
    """Words of an order in a memory, a proposal or a card."""
    once: list[str] = field(default_factory=list[str])
    """One-offs in a memory, or counted above one session."""
    guessed: list[str] = field(default_factory=list[str])
    twice: list[str] = field(default_factory=list[str])
    """Counts above the truth."""
    reinforced: list[str] = field(default_factory=list[str])
    again: list[str] = field(default_factory=list[str])
    broken: list[str] = field(default_factory=list[str])

    def __add__(self, other: "Tally") -> "Tally":
        return Tally(**{f.name: getattr(self, f.name) + getattr(other, f.name) for f in fields(self)})


def run(soak: bool) -> Sequence[Row]:
    totals: dict[str, Tally] = {}
    for seed in seeds(FULL if soak else QUICK, held_out=False):
        for form in (*FORMS, MIXED):
            with tempfile.TemporaryDirectory(prefix="dreamfs-bench-") as name:
                found = tried(Path(name), form, generate(seed))
            totals[form] = totals[form] + found if form in totals else found
    return [row for form, tally in totals.items() for row in _rows(form, tally)]


def tried(folder: Path, form: str, archive: Archive) -> Tally:
    """Import, dream, accept everything, and look at what is there."""
    door = Door(folder / "dreamfs.db")
    for path, text in archive.memories.items():
        (folder / "memories" / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / "memories" / path).write_text(text)
    door.remember(folder / "memories")
    _learn(door, folder / "archive", form, archive)
    again = door.learn([folder / "archive"])
    tally = Tally(archives=1)
    if again["events"]:
        tally.again.append(f"{form}: importing again added {again['events']} events")
    document = door.dream()
    for proposal in document["proposals"]:
        if proposal["status"] == "pending":
            door.accept(document["id"], proposal["id"])
    if titles := [proposal["title"] for proposal in door.dream()["proposals"]]:
        tally.again.append(f"{form}: {titles}")
    door.run("export", "/memories", str(folder / "kept"))
    kept = {
        f"/memories/{path.relative_to(folder / 'kept').as_posix()}": path.read_text()
        for path in sorted((folder / "kept").rglob("*.md"))
    }
    _judge(tally, archive.truth, form, document, kept, _cards(door, document["id"]))
    sessions = door.json("transcripts", "list")
    _dates(tally, archive.truth, form, sessions)
    return tally


def _learn(door: Door, folder: Path, form: str, archive: Archive) -> None:
    """Import the archive when some threads were shorter, then whole, with some threads there twice."""
    grown = {one.name for one in archive.longer}
    earlier = [replace(one, messages=one.messages[:-3]) if one.name in grown else one for one in archive.incidents]
    for incidents in (earlier, archive.incidents):
        for number, part in enumerate(_forms(form)):
            write(folder / part, part, [one for n, one in enumerate(incidents) if n % len(_forms(form)) == number])
        door.learn([folder])
    (folder / "documents").mkdir()
    for name, text in archive.documents.items():
        (folder / "documents" / f"{name}.md").write_text(text)
    write(folder / "second", "openai" if form != "openai" else "brackets", archive.copies)
    door.learn([folder])


def _forms(form: str) -> Sequence[str]:
    return (form,) if form != MIXED else ("brackets", "openai", "letters")


def _cards(door: Door, dream_id: str) -> list[str]:
    """What a dream keeps of its evidence, as it lies in the database: more than `/dreams/<id>` shows."""
    with closing(sqlite3.connect(door.database)) as c:
        rows = c.execute("SELECT title, body, claims, data FROM dream_card WHERE dream_id = ?", (dream_id,))
        return ["\n".join(row) for row in rows]


def _judge(tally: Tally, truth: ArchiveTruth, form: str, document: Any, kept: dict[str, str], cards: list[str]) -> None:
    memory = "\n".join(kept.values())
    said = json.dumps(document, ensure_ascii=False)
    places = (("memory", memory), ("proposal", said), ("card", "\n".join(cards)))
    for order in truth.orders:
        tally.ordered += [f"{form}: {where}: {order}" for where, text in places if order.casefold() in text.casefold()]
    tally.once += [f"{form}: {one}" for one in truth.one_offs if one.casefold() in memory.casefold()]
    tally.guessed += [f"{form}: {one}" for one in truth.guesses if one.casefold() in memory.casefold()]
    tally.recurring += len(truth.recurring)
    for one in truth.recurring:
        page = next((text for text in kept.values() if one.alert in text and one.cause[4:30] in text), "")
        tally.recurring_found += bool(page)
        counted = re.search(r"fired in (\d+) sessions on (\d+) days", page)
        if counted and (int(counted[1]), int(counted[2])) != (one.threads, one.days):
            tally.twice.append(f"{form}: {one.alert}: {counted[0]}, not {one.threads} on {one.days}")
        named = next((_COUNT.search(line) for line in page.splitlines() if line.startswith("- It was")), None)
        if named and (int(named[1]), int(named[2])) != (one.named, one.threads):
            tally.twice.append(f"{form}: {one.alert}: {named[0]}, not {one.named} of {one.threads}")
    tally.preferences += 1
    wished = next((line for line in memory.splitlines() if truth.preference in line), "")
    tally.preferences_found += bool(wished)
    if wished and f"{truth.preference_threads} sessions" not in wished:
        tally.twice.append(f"{form}: {wished}, not {truth.preference_threads}")
    page = kept.get(f"/memories/{truth.stale_path}", "")
    line = next((line for line in page.splitlines() if truth.stale_line[:-1] in line), "")
    tally.stale += 1
    tally.stale_flagged += "contradicted" in line
    if truth.stale_line[:-1] in memory.replace(line, ""):
        tally.reinforced.append(f"{form}: {truth.stale_line}")
    counted = re.search(r"in (\d+) sessions? ", line)
    if counted and int(counted[1]) != truth.stale_threads:
        tally.twice.append(f"{form}: {line}, not {truth.stale_threads}")


def _dates(tally: Tally, truth: ArchiveTruth, form: str, sessions: Any) -> None:
    wanted = sorted(truth.days.values())
    found = sorted(
        str(session["started_at"])[:10] for session in sessions if not str(session["session_id"]).endswith("-again")
    )
    tally.days += len(wanted)
    tally.days_right += sum(a == b for a, b in zip(wanted, found, strict=False)) if len(wanted) == len(found) else 0
    if len(wanted) != len(found):
        tally.broken.append(f"{form}: {len(found)} sessions of {len(wanted)} threads")


def _rows(form: str, tally: Tally) -> Sequence[Row]:
    def none(what: str, found: Sequence[str]) -> Row:
        return Row(f"{form}: {what}", "0", "\n".join([str(len(found)), *found[:4]]), not found)

    def rate(what: str, part: int, whole: int, least: float | None = None) -> Row:
        ok = None if least is None else part >= least * whole
        return Row(f"{form}: {what}", "" if least is None else f"≥ {least:g}", f"{part} of {whole}", ok)

    return [
        none("orders anywhere", tally.ordered),
        none("one-offs and early guesses in memory", [*tally.once, *tally.guessed]),
        none("counted otherwise than it was", tally.twice),
        none("stale blame repeated", tally.reinforced),
        none("imported or proposed again, or threads amiss", [*tally.again, *tally.broken]),
        rate("alerts with their cause", tally.recurring_found, tally.recurring, 0.95),
        rate("preferences of people", tally.preferences_found, tally.preferences, 0.95),
        rate("stale blames marked", tally.stale_flagged, tally.stale, 0.95),
        rate("days right", tally.days_right, tally.days, 1.0),
    ]
