"""The first reading: a cheaper model reads whole transcripts and notes what the curator should look at.

Code keeps only notes whose quote is where they say it is; the rest are forgotten. Which transcripts are read is decided
by the cards, then by age, as far as half of what the dream may use goes. What was not read is said.
"""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from dreamfs_server.dream.curators.cost import Tokens, likely_tokens, microusd
from dreamfs_server.dream.curators.ledger import Ledger
from dreamfs_server.dream.prompts import prompt
from dreamfs_server.model_settings import ModelSettings
from dreamfs_tools.dreaming import Card
from dreamfs_tools.filesystem import Filesystem, Snapshot
from dreamfs_tools.model_call import ModelCall
from dreamfs_tools.transcript import Session, render

TRANSCRIPT_BYTES_MAX = 160_000
"""Of a longer transcript the beginning and the end are read, and the gap is named."""
NOTES_PER_SESSION_MAX = 12
NOTES_TOKENS = 700
"""About what a reader answers."""
SHARE = 2
"""The first reading may use one half of the ceilings."""
_KINDS = ("mistake", "correction", "fact", "wrong memory")
_SCHEMA: Mapping[str, Any] = {
    "type": "object",
    "properties": {
        "notes": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {
                    "kind": {"enum": list(_KINDS)},
                    "lines": {"type": "array", "items": {"type": "integer"}},
                    "quote": {"type": "string"},
                    "what": {"type": "string"},
                },
                "required": ["kind", "lines", "quote", "what"],
                "additionalProperties": False,
            },
        }
    },
    "required": ["notes"],
    "additionalProperties": False,
}


@dataclass(frozen=True, slots=True)
class Note:
    """What a reader noted, its quote looked up."""

    session_id: str
    lines: tuple[int, int]
    quote: str
    kind: str
    what: str


def readable_first(sessions: Iterable[Session], cards: Sequence[Card]) -> list[Session]:
    """Sessions in the order in which they are worth reading: those that cards cite, then the newest."""
    cited: dict[str, float] = {}
    for card in cards:
        for claim in card.claims:
            for evidence in claim.evidence:
                name = evidence.source.removeprefix("/transcripts/")
                cited[name] = cited.get(name, 0.0) + max(card.weight, 0.1) / max(1, len(claim.evidence))
    by_name = sorted((one for one in sessions if one.events), key=lambda one: one.session_id)
    return sorted(by_name, key=lambda one: (cited.get(one.session_id, 0.0), _ended(one)), reverse=True)


def affordable(settings: ModelSettings, sessions: Sequence[Session]) -> list[Session]:
    """The sessions, from the first, that one half of the ceilings is likely to pay for."""
    price = settings.price(settings.reading_model)
    tokens = cost = 0
    chosen: list[Session] = []
    for session in sessions:
        size = likely_tokens(min(session.size_bytes, TRANSCRIPT_BYTES_MAX))
        tokens += size + NOTES_TOKENS
        cost += microusd(Tokens(cache_write=size, output=NOTES_TOKENS), price, batch=settings.batch)
        if tokens * SHARE > settings.tokens_max or cost * SHARE > settings.microusd_max:
            break
        chosen.append(session)
    return chosen


async def read_first(
    filesystem: Filesystem, ledger: Ledger, store: str, cards: Sequence[Card]
) -> tuple[list[Note], Mapping[str, int]]:
    """Read the transcripts that can be paid for; gives the notes, and counts for the report.

    Args:
        filesystem: shows the sessions in scope, and no others.
        ledger: asks.
        store: whose sessions.
        cards: say which sessions come first.

    Raises:
        Stopped: the first reading could not go on for a reason that ends the dream.
    """
    settings = ledger.settings
    sessions = readable_first(await filesystem.read(lambda snapshot: list(snapshot.transcripts.sessions(store))), cards)
    chosen = affordable(settings, sessions)
    requests: dict[str, dict[str, Any]] = {}
    for session in chosen:
        lines = await filesystem.read(_lines_of(session))
        requests[session.session_id] = reading_request(settings.reading_model, session.session_id, lines)
    answers = await (_in_batch if settings.batch else _one_by_one)(ledger, requests)
    notes: list[Note] = []
    forgotten = 0
    for session_id, call in answers.items():
        said = read_notes(call.response)
        lines = await filesystem.read(_lines_of(next(one for one in chosen if one.session_id == session_id)))
        held = [note for raw in said if (note := _looked_up(session_id, raw, lines)) is not None]
        notes += held
        forgotten += len(said) - len(held)
    counts = {"transcripts": len(answers), "left_out": len(sessions) - len(answers), "notes": len(notes)}
    return notes, counts | ({"notes_without_their_quote": forgotten} if forgotten else {})


def reading_request(model: str, session_id: str, lines: Sequence[str]) -> dict[str, Any]:
    """What is asked about one transcript."""
    return {
        "model": model,
        "system": prompt("read"),
        "messages": [{"role": "user", "content": f"/transcripts/{session_id}\n\n{_excerpt(lines)}"}],
        "output_config": {"format": {"type": "json_schema", "schema": _SCHEMA}},
    }


def notes_text(notes: Sequence[Note], counts: Mapping[str, int]) -> str:
    """The notes as the curator reads them."""
    if not counts:
        return ""
    head = (
        f"A first reading by a smaller model went through {counts['transcripts']} transcripts; {counts['left_out']} were left "
        "out. Its notes are pointers: view the lines before you cite them, and do not take its word."
    )
    rows = [
        f"- {note.session_id}#L{note.lines[0]}-L{note.lines[1]} {note.kind}: {_flat(note.what)} | {_flat(note.quote)}"
        for note in notes
    ]
    return "\n".join([head, "", *(rows or ["- nothing noted"])])


def read_notes(response: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The notes in an answer; none where it is no such document."""
    text = "".join(str(block.get("text", "")) for block in response.get("content", ()) if block.get("type") == "text")
    try:
        document: Any = json.loads(text)
    except (ValueError, RecursionError):
        return []
    found = _object(document).get("notes")
    items: list[Any] = [*found] if isinstance(found, list) else []
    return [_object(item) for item in items[:NOTES_PER_SESSION_MAX]]


async def _one_by_one(ledger: Ledger, requests: Mapping[str, Mapping[str, Any]]) -> dict[str, ModelCall]:
    return {name: await ledger.ask("read", request) for name, request in requests.items()}


async def _in_batch(ledger: Ledger, requests: Mapping[str, Mapping[str, Any]]) -> dict[str, ModelCall]:
    return await ledger.ask_in_batch("read", requests)


def _lines_of(session: Session) -> Callable[[Snapshot], list[str]]:
    def query(snapshot: Snapshot) -> list[str]:
        events = snapshot.transcripts.events(session.store, session.session_id)
        return [line for event in events for line in render(event).removesuffix("\n").split("\n")]

    return query


def _excerpt(lines: Sequence[str]) -> str:
    numbered = [f"{number}\t{line}" for number, line in enumerate(lines, 1)]
    head = _until(numbered, TRANSCRIPT_BYTES_MAX // 3)
    tail = _until(reversed(numbered[head:]), TRANSCRIPT_BYTES_MAX - TRANSCRIPT_BYTES_MAX // 3)
    if head + tail == len(numbered):
        return "\n".join(numbered)
    gap = f"[lines {head + 1} to {len(numbered) - tail} are left out]"
    return "\n".join([*numbered[:head], gap, *numbered[len(numbered) - tail :]])


def _until(lines: Iterable[str], size_bytes_max: int) -> int:
    size = count = 0
    for line in lines:
        size += len(line.encode()) + 1
        if size > size_bytes_max:
            break
        count += 1
    return count


def _looked_up(session_id: str, raw: Mapping[str, Any], lines: Sequence[str]) -> Note | None:
    numbers, quote = raw.get("lines"), raw.get("quote")
    if not isinstance(numbers, list) or not isinstance(quote, str) or len(quote.strip()) < 3 or len(quote) > 500:
        return None
    items: list[Any] = [*numbers]
    whole = [number for number in items if isinstance(number, int)]
    if not whole or raw.get("kind") not in _KINDS:
        return None
    first, last = whole[0], whole[-1]
    if not 1 <= first <= last <= len(lines) or quote not in "\n".join(lines[first - 1 : last]):
        return None
    return Note(session_id, (first, last), quote, str(raw["kind"]), str(raw.get("what", ""))[:500])


def _object(document: Any) -> Mapping[str, Any]:
    return cast("Mapping[str, Any]", document) if isinstance(document, dict) else {}


def _ended(session: Session) -> float:
    at = session.ended_at or session.started_at
    return at.timestamp() if at is not None else 0.0


def _flat(text: str) -> str:
    return " ".join(text.split())
