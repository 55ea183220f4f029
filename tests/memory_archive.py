"""A small archive of transcripts in memory: what the readers and the transcripts' tree are tested against."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from dreamfs_tools.errors import Refusal
from dreamfs_tools.secrets import redact_secrets
from dreamfs_tools.transcript import Added, Event, Session, line_count, normal_text, render


@dataclass
class MemoryArchive:
    """Keeps sessions in a dictionary; `TranscriptArchive` and `TranscriptReader` in one."""

    stores: tuple[str, ...] = ("memories",)
    kept: dict[tuple[str, str], tuple[Session, list[Event]]] = field(
        default_factory=dict[tuple[str, str], tuple[Session, list[Event]]]
    )

    async def add(self, session: Session, events: Sequence[Event], *, expected_events: int | None = None) -> Added:
        if session.store not in self.stores:
            raise Refusal("not_found", f"There is no store {session.store}.")
        known, stored = self.kept.get((session.store, session.session_id), (session, []))
        keys = {event.raw_key for event in stored if event.raw_key}
        new: list[Event] = []
        redactions = 0
        line = known.lines
        for event in events:
            if event.raw_key in keys:
                continue
            keys |= {event.raw_key} - {""}
            text, count = redact_secrets(normal_text(event.text))
            redactions += count
            numbered = replace(event, text=text, n=len(stored) + len(new) + 1, line=line + 1)
            new.append(replace(numbered, lines=line_count(numbered)))
            line += new[-1].lines
        if expected_events not in {None, len(stored)} and new:
            raise Refusal("conflict", f"It has {len(stored)} events.", current=len(stored))
        everything = stored + new
        times = [event.at for event in everything if event.at]
        merged = replace(
            known,
            **{name: getattr(known, name) or getattr(session, name) for name in ("task", "outcome", "title", "parent")},
            started_at=min(times, default=known.started_at or session.started_at),
            ended_at=max(times, default=known.ended_at),
            events=len(everything),
            lines=line,
            size_bytes=sum(len(render(event).encode()) for event in everything),
        )
        self.kept[session.store, session.session_id] = merged, everything
        return Added(session.session_id, len(new), len(events) - len(new), redactions, len(everything))

    async def met(self, store: str, session_id: str, raw_keys: Sequence[str]) -> tuple[int, int]:
        kept = self.kept.get((store, session_id))
        events = kept[1] if kept else []
        return len({event.raw_key for event in events} & set(raw_keys)), len(events)

    async def remove(self, store: str, session_id: str) -> bool:
        return self.kept.pop((store, session_id), None) is not None

    def sessions(self, store: str, *, since: datetime | None = None, after: str = "") -> Iterator[Session]:
        for (slug, session_id), (session, _) in sorted(self.kept.items()):
            dated_before = since is not None and session.ended_at is not None and session.ended_at < since
            if slug == store and session_id > after and not dated_before:
                yield session

    def session(self, store: str, session_id: str) -> Session | None:
        kept = self.kept.get((store, session_id))
        return kept[0] if kept else None

    def events(self, store: str, session_id: str, *, lines: tuple[int, int] | None = None) -> Iterator[Event]:
        first, last = lines or (1, 2**62)
        kept = self.kept.get((store, session_id))
        for event in kept[1] if kept else ():
            if event.line <= last and event.line + event.lines > first:
                yield event
