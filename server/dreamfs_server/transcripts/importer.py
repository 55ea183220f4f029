"""Importing transcripts: from paths to stored sessions, file by file, in constant memory.

Importing again adds only what is new: the archive knows each raw event by its key. A file that cannot be read, or a
row that cannot be understood, is reported and never ends the import.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from dreamfs_server.transcripts.decoding import Recoded
from dreamfs_server.transcripts.formats import UnknownFormat, read_file
from dreamfs_server.transcripts.reading import About, Malformed, Reading, Repeated, digest_bytes, session_segment
from dreamfs_server.transcripts.source import LeftOut, Source
from dreamfs_server.transcripts.sources import files, sources
from dreamfs_server.transcripts.zips import BadArchive
from dreamfs_tools.transcript import Event, Session, TranscriptArchive

BATCH_EVENTS = 2_000
BATCH_CHARACTERS = 4_000_000
"""What is held before it is stored; more than one event may go over by that event."""
MALFORMED_SHOWN = 3


@dataclass(slots=True)
class FileReport:
    """What became of one file."""

    path: str
    format: str = ""
    session_id: str = ""
    """Of its first session."""
    sessions: int = 0
    """New ones."""
    events: int = 0
    """New ones."""
    skipped: int = 0
    """Already there."""
    redactions: int = 0
    repeated: int = 0
    """Rows that repeat another log, left out."""
    malformed: int = 0
    problems: list[str] = field(default_factory=list[str])
    """The first malformed rows, or why the file could not be read."""
    note: str = ""
    """How it was read, where that was a guess."""

    @property
    def error(self) -> str | None:
        """What went wrong, in one line; None when nothing did."""
        if not self.malformed:
            return "; ".join(self.problems) or None
        rows = "1 malformed row" if self.malformed == 1 else f"{self.malformed:,} malformed rows"
        more = ", …" if self.malformed > MALFORMED_SHOWN else ""
        return f"{rows}: {'; '.join(self.problems)}{more}"


@dataclass(slots=True)
class ImportReport:
    """What an import did; counts are of what is new."""

    files: list[FileReport] = field(default_factory=list[FileReport])
    left_out: list[LeftOut] = field(default_factory=list[LeftOut])

    def as_json(self) -> dict[str, Any]:
        """The document of `transcripts import --json`, DESIGN section 13; a `note` and what was `left_out` where there is any."""
        return {
            "sessions": sum(file.sessions for file in self.files),
            "events": sum(file.events for file in self.files),
            "skipped": sum(file.skipped for file in self.files),
            "redactions": sum(file.redactions for file in self.files),
            "files": [
                {
                    "path": file.path,
                    "format": file.format,
                    "session_id": file.session_id,
                    "events": file.events,
                    "error": file.error,
                }
                | ({"note": file.note} if file.note else {})
                | ({"repeated": file.repeated} if file.repeated else {})
                for file in self.files
            ],
        } | ({"left_out": [{"path": one.path, "why": one.why} for one in self.left_out]} if self.left_out else {})


@dataclass(frozen=True, slots=True)
class Progress:
    """Where an import is; told after each batch."""

    path: str
    files_done: int
    events: int
    """New or already there, so far."""


async def import_transcripts(
    archive: TranscriptArchive,
    store: str,
    paths: Sequence[Path],
    *,
    progress: Callable[[Progress], None] | None = None,
) -> ImportReport:
    """Import files, folders and zips into a store.

    Args:
        archive: where the events go; it redacts secrets and recognises what it has.
        store: the slug of the store that the sessions will belong to.
        paths: what to read; a folder stands for the logs below it.
        progress: told after each batch.

    Raises:
        Refusal: the archive's: `not_found` for an unknown store, `locked`, `unavailable`.
    """
    report = ImportReport()
    known: dict[str, Any] = {}
    for path in paths:
        for found in _found(path, known):
            if isinstance(found, FileReport):
                report.files.append(found)
                continue
            if isinstance(found, LeftOut):
                report.left_out.append(found)
                continue
            file = FileReport(found.path)
            report.files.append(file)
            await _import_file(archive, store, found, file, _teller(progress, report))
    return report


def _found(path: Path, known: dict[str, Any]) -> Iterator[Source | FileReport | LeftOut]:
    for file in files(path):
        if isinstance(file, LeftOut):
            yield file
            continue
        try:
            yield from sources(file, known)
        except BadArchive as error:
            yield FileReport(str(file), problems=[str(error)])
        except OSError as error:
            yield FileReport(str(file), problems=[error.strerror or "cannot be read"])


def _teller(progress: Callable[[Progress], None] | None, report: ImportReport) -> Callable[[], None]:
    def tell() -> None:
        if progress is not None:
            events = sum(file.events + file.skipped for file in report.files)
            progress(Progress(report.files[-1].path, len(report.files) - 1, events))

    return tell


async def _import_file(
    archive: TranscriptArchive, store: str, source: Source, file: FileReport, tell: Callable[[], None]
) -> None:
    batch = _Batch(archive, store, file, source)
    try:
        with source.open() as opened:
            stream = Recoded(opened)
            file.format, reading = read_file(stream, source.name, source.around)
            for item in _guarded(reading, file):
                if isinstance(item, Malformed):
                    file.malformed += 1
                    if file.malformed <= MALFORMED_SHOWN:
                        file.problems.append(f"row {item.position} ({item.why})")
                elif isinstance(item, Repeated):
                    file.repeated += 1
                elif isinstance(item, About):
                    batch.about(item.session, by_name=item.by_name)
                elif batch.said(item.session_id, item.event):
                    await batch.flush()
                    tell()
            if stream.guessed:
                file.note = f"not UTF-8 throughout; what is not was read as {stream.guessed}"
    except (UnknownFormat, BadArchive) as error:
        file.problems.append(str(error))
    except OSError as error:
        file.problems.append(error.strerror or "cannot be read")
    await batch.flush()
    tell()


def _guarded(reading: Reading, file: FileReport) -> Reading:
    """A reader's own fault on a strange row must not end the import of the other files; it is reported as our bug."""
    try:
        yield from reading
    except (OSError, BadArchive):
        raise
    except Exception as error:  # noqa: BLE001  # a reader meets whatever other programs wrote
        file.problems.append(f"reading stopped at an internal error ({type(error).__name__})")


class _Batch:
    """Events of a file that are not stored yet, by session."""

    def __init__(self, archive: TranscriptArchive, store: str, file: FileReport, source: Source) -> None:
        self._archive = archive
        self._source = source
        self._by_name: set[str] = set()
        self._stored_as: dict[str, str] = {}
        self._store = store
        self._file = file
        self._about: dict[str, Session] = {}
        self._changed: set[str] = set()
        self._events: dict[str, list[Event]] = {}
        self._stored: set[str] = set()
        self._count = 0
        self._characters = 0

    def about(self, session: Session, *, by_name: bool = False) -> None:
        """Note what is known of a session; what is known already stays."""
        if by_name:
            self._by_name.add(session.session_id)
        known = self._about.get(session.session_id)
        self._about[session.session_id] = session if known is None else _joined(known, session)
        self._changed.add(session.session_id)

    def said(self, session_id: str, event: Event) -> bool:
        """Note an event; True when the batch is full."""
        self._events.setdefault(session_id, []).append(event)
        self._count += 1
        self._characters += len(event.text)
        return self._count >= BATCH_EVENTS or self._characters >= BATCH_CHARACTERS

    async def flush(self) -> None:
        """Store what was noted, one transaction a session."""
        events, changed = self._events, self._changed
        self._events, self._changed, self._count, self._characters = {}, set(), 0, 0
        for session_id in [*events, *sorted(changed & self._stored - events.keys())]:
            said = events.get(session_id, [])
            stored_as = self._stored_as[session_id] = await self._name(session_id, said)
            session = replace(self._about[session_id], store=self._store, session_id=stored_as)
            added = await self._archive.add(session, said)
            file = self._file
            file.session_id = file.session_id or stored_as
            if session_id not in self._stored:
                self._stored.add(session_id)
                file.sessions += added.total == added.events > 0
            file.events += added.events
            file.skipped += added.skipped
            file.redactions += added.redactions

    async def _name(self, session_id: str, said: Sequence[Event]) -> str:
        """The id to store a session under.

        A file's name says little: `thread.md` lies in every incident's folder. Where another conversation has the id already,
        the folder's name is put before it, or a digest behind it. It is the same conversation if they share half of what the
        shorter one says.
        """
        if session_id in self._stored_as or session_id not in self._by_name or not said:
            return self._stored_as.get(session_id, session_id)
        keys = [event.raw_key for event in said]
        names = [
            session_id,
            f"{self._source.around.folder}-{session_id}",
            f"{session_id}-{digest_bytes(keys[0].encode())[:8]}",
        ]
        free = ""
        for name in map(session_segment, names if self._source.around.folder else names[::2]):
            known, stored = await self._archive.met(self._store, name, keys)
            if 2 * known >= min(stored, len(keys)) > 0:
                return name
            free = free or ("" if stored else name)
        return free or session_id


def _joined(known: Session, more: Session) -> Session:
    return replace(
        known,
        started_at=known.started_at or more.started_at,
        task=known.task or more.task,
        outcome=known.outcome or more.outcome,
        title=known.title or more.title,
        parent=known.parent or more.parent,
    )
