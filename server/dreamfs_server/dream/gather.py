"""What a dream looks at: the sessions in its scope, the memories at its snapshot, and what earlier dreams proposed."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice

from rapidfuzz import fuzz, process

from dreamfs_server.dream.apply import ARCHIVE
from dreamfs_server.dream.citations import TRANSCRIPTS, in_scope
from dreamfs_server.dream.evidence.memories.dates import speaks_of_days
from dreamfs_server.dream.material import AcceptedRule, Gathered, Material, Memory
from dreamfs_tools.blame import blame
from dreamfs_tools.derived import Believed, believed_again
from dreamfs_tools.dreaming import Coverage, Dream
from dreamfs_tools.errors import Refusal
from dreamfs_tools.filesystem import AccessNote, ChangeFilter, Entry, Snapshot
from dreamfs_tools.transcript import Session

TRANSCRIPTS_COUNT_MAX = 500
NEAR_COUNT_MAX = 3
RULE_FILES_COUNT_MAX = 100
PROPOSALS_COUNT_MAX = 10
"""That one dream may make."""
ACCESSES_COUNT_MAX = 100_000
"""Of the access log a dream reads the newest."""


@dataclass(frozen=True, slots=True)
class Scope:
    """What there is to read, before any event is read."""

    sessions: Sequence[Session]
    memories: Sequence[Memory]
    made: dict[str, str]
    now: datetime
    coverage: Coverage
    access: Sequence[AccessNote] = ()
    accepted: Sequence[AcceptedRule] = ()
    offered_by: str = ""

    def material(self, dream: Dream, sessions: Iterable[Gathered]) -> Material:
        """The material for the miners; the sessions may be lazy."""
        return Material(
            store=dream.store,
            mount=f"/{dream.store}",
            now=self.now,
            sessions=sessions,
            memories=self.memories,
            access=self.access,
            accepted=self.accepted,
            snapshot_version=dream.snapshot_version,
            made=self.made,
            offered_by=self.offered_by,
        )


def scope_of(snapshot: Snapshot, dream: Dream) -> Scope:
    """Choose the sessions, newest first where there are too many, and say which were left out and why."""
    skipped: list[dict[str, str]] = []
    found: list[Session] = []
    false = {disbelief.source: disbelief for disbelief in snapshot.dreams.disbeliefs(dream.store)}
    for session in snapshot.transcripts.sessions(dream.store):
        if not in_scope(dream, session):
            continue
        if disbelief := false.get(f"{TRANSCRIPTS}{session.session_id}") or false.get(f"{TRANSCRIPTS}{session.parent}"):
            skipped.append({"session_id": session.session_id, "reason": f"{disbelief.by} called it false"})
        elif session.events:
            found.append(session)
        else:
            skipped.append({"session_id": session.session_id, "reason": "it has no events"})
    present = {session.session_id for session in found} | {skip["session_id"] for skip in skipped}
    for asked in dream.sessions:
        if asked not in present:
            known = snapshot.transcripts.session(dream.store, asked) is not None
            reason = "it ended before the time asked for" if known else "it was removed meanwhile"
            skipped.append({"session_id": asked, "reason": reason})
    found.sort(key=lambda session: (_age(session), session.session_id))
    chosen, left = found[-TRANSCRIPTS_COUNT_MAX:], found[:-TRANSCRIPTS_COUNT_MAX]
    skipped += [
        {
            "session_id": session.session_id,
            "reason": f"older than the newest {TRANSCRIPTS_COUNT_MAX}, which a dream reads",
        }
        for session in left
    ]
    chosen.sort(key=lambda session: session.session_id)
    believed = believed_again(snapshot, dream.store)
    coverage = Coverage(len(chosen), sum(session.events for session in chosen), skipped)
    return Scope(
        sessions=chosen,
        memories=_memories(snapshot, dream, believed),
        made=_made(snapshot, dream.store, believed),
        now=snapshot.now,
        coverage=coverage,
        access=snapshot.accesses(dream.store, ACCESSES_COUNT_MAX),
        accepted=accepted_rules(snapshot, dream.store),
        offered_by=_offered_by(snapshot, dream, coverage),
    )


def check_known(snapshot: Snapshot, store: str, sessions: Sequence[str]) -> None:
    """Refuse a session that a store has no transcript of, before a dream that was to read it begins.

    Raises:
        Refusal: `not_found`, naming it and those with a like name.
    """
    unknown = [name for name in dict.fromkeys(sessions) if snapshot.transcripts.session(store, name) is None]
    if not unknown:
        return
    there = [session.session_id for session in snapshot.transcripts.sessions(store)]
    near = [name for name, _, _ in process.extract(unknown[0], there, scorer=fuzz.WRatio, limit=NEAR_COUNT_MAX)]
    more = f", nor are {len(unknown) - 1} more of those named" if len(unknown) > 1 else ""
    hint = f" Stored under a like name: {', '.join(near)}." if near else " No session is stored there yet."
    raise Refusal(
        "not_found",
        f"The session {unknown[0][:200]} is not stored in /{store}{more}. No dream was started.{hint}",
        session_id=unknown[0],
        near=near,
    )


def gathered(session: Session) -> Callable[[Snapshot], Gathered]:
    """A query for one session with its events, as far as they go now: what is appended later belongs to a later dream."""

    def query(snapshot: Snapshot) -> Gathered:
        events = snapshot.transcripts.events(session.store, session.session_id)
        return Gathered(session, list(islice(events, session.events)))

    return query


def accepted_rules(snapshot: Snapshot, store: str) -> list[AcceptedRule]:
    """What was accepted about errors and not taken back, newest dream first."""
    found: list[AcceptedRule] = []
    for dream in snapshot.dreams.dreams(store):
        for proposal in snapshot.dreams.proposals(dream.dream_id):
            signatures = [
                str(claim.statistics["signature"]) for claim in proposal.claims if "signature" in claim.statistics
            ]
            revision = snapshot.revision(store, proposal.version) if proposal.version else None
            if proposal.status != "accepted" or revision is None or not signatures:
                continue
            which = ChangeFilter(after_version=proposal.version - 1, up_to_version=proposal.version)
            paths = [change.path for change in snapshot.changes(store, which, RULE_FILES_COUNT_MAX)]
            found += [
                AcceptedRule(dream.dream_id, proposal.number, signature, paths, proposal.version, revision.created_at)
                for signature in dict.fromkeys(signatures)
            ]
    return found


def _memories(snapshot: Snapshot, dream: Dream, believed: Believed) -> list[Memory]:
    memories: list[Memory] = []
    for entry, text in snapshot.tree(dream.store, dream.snapshot_version).texts():
        if entry.path in believed.files and entry.path.startswith(f"{ARCHIVE}/"):
            continue  # what was put away because of a source that is believed again says nothing of what is known
        revision = entry.revision
        memories.append(
            Memory(
                path=f"/{dream.store}/{entry.path}",
                text=text,
                version=entry.version,
                revised_at=revision.created_at if revision else None,
                author=revision.author.label if revision else "",
                by_dream=revision is not None and revision.author.actor.startswith("dream:"),
                pinned=entry.pinned,
                written_at=_written(snapshot, entry, dream.snapshot_version) if speaks_of_days(text) else (),
            )
        )
    return memories


def _written(snapshot: Snapshot, entry: Entry, at: int) -> list[datetime | None]:
    """When each line of a memory was written; None for what may be older than the first version that still shows it."""
    found = blame(snapshot, entry, at)
    gaps = {(gap.store, gap.version) for gap in found.gaps}
    return [
        None if (by.store, by.previous) in gaps or by.operation == "merged" else by.revision.created_at
        for by in (line.change for line in found.lines)
    ]


def _made(snapshot: Snapshot, store: str, believed: Believed) -> dict[str, str]:
    """Fingerprint → evidence key of all that was proposed.

    A stale proposal may be made again, and so may one that was taken back because of a source that is believed again.
    """
    made: dict[str, str] = {}
    for dream in reversed(snapshot.dreams.dreams(store)):
        for proposal in snapshot.dreams.proposals(dream.dream_id):
            if proposal.status != "stale" and f"{dream.dream_id}/{proposal.number}" not in believed.proposals:
                made[proposal.fingerprint] = proposal.evidence_key
    return made


def _offered_by(snapshot: Snapshot, dream: Dream, coverage: Coverage) -> str:
    """The dream over these very inputs that proposed as much as one may; the rest waits until something has changed."""
    for other in snapshot.dreams.dreams(dream.store):
        read = (other.snapshot_version, other.coverage.sessions, other.coverage.events)
        if (
            (other.curator, other.status) == (dream.curator, "completed")
            and read == (dream.snapshot_version, coverage.sessions, coverage.events)
            and len(snapshot.dreams.proposals(other.dream_id)) >= PROPOSALS_COUNT_MAX
        ):
            return other.dream_id
    return ""


def _age(session: Session) -> float:
    """Undated sessions count as oldest."""
    at = session.ended_at or session.started_at
    return at.timestamp() if at is not None else 0.0
