"""Mining and curating alone, in this process: no file is written, read, stored or validated. For working on miners."""

import difflib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from random import Random
from typing import Any

from bench.corpora import Corpus
from bench.corpora.dialogue import Session, Turn, noted_at, progress
from dreamfs_server.dream.curators.embedded import curate
from dreamfs_server.dream.evidence import mine
from dreamfs_server.dream.material import Gathered, Material, Memory, numbered
from dreamfs_tools.dreaming import Claim, ProposedChange
from dreamfs_tools.transcript import Event, render
from dreamfs_tools.transcript import Session as Stored


class Desk:
    """One corpus in front of the miners."""

    def __init__(self, corpus: Corpus, order: Random | None = None) -> None:
        sessions = list(corpus.sessions)
        if order is not None:
            order.shuffle(sessions)
        self.sessions = [_gathered(session) for session in sessions]
        revised = min(session.started_at for session in corpus.sessions)
        self.memories = [Memory(f"/memories/{path}", text, 1, revised) for path, text in corpus.memories.items()]
        self.now = max(session.started_at for session in corpus.sessions)
        self.made: dict[str, str] = {}

    def dream(self) -> dict[str, Any]:
        """The document of a dream, as far as the scoring reads it."""
        material = Material("memories", "/memories", self.now, self.sessions, self.memories, made=self.made)
        proposals = curate(material, mine(material))
        self.made |= {proposal.fingerprint: proposal.evidence_key for proposal in proposals}
        texts = {memory.path: memory.text for memory in self.memories}
        return {
            "id": "direct",
            "proposals": [
                {
                    "id": number,
                    "title": proposal.title,
                    "rationale": proposal.rationale,
                    "status": proposal.status,
                    "changes": [_change(change, texts) for change in proposal.changes],
                    "claims": [_claim(claim) for claim in proposal.claims],
                }
                for number, proposal in enumerate(proposals, 1)
            ],
        }

    def lines(self, source: str) -> Sequence[str]:
        """As `Door.lines`."""
        for memory in self.memories:
            if memory.path == source:
                return memory.text.split("\n")
        for gathered in self.sessions:
            if source == f"/transcripts/{gathered.session.session_id}":
                return "".join(map(render, gathered.events)).split("\n")
        raise KeyError(source)


def _gathered(session: Session) -> Gathered:
    dated = session.shape == "claude-code"
    about = Stored(
        "memories",
        session.session_id,
        session.shape,
        session.started_at.astimezone(UTC) if dated else None,
        task=session.task if session.shape == "tau" else "",
        outcome=("success" if session.reward == 1 else "failure") if session.shape == "tau" else "",
    )
    return Gathered(about, numbered([event for turn in session.turns for event in _events(turn, dated=dated)]))


def _events(turn: Turn, *, dated: bool) -> Iterator[Event]:
    at: datetime | None = turn.at if dated else None
    if turn.noted_seconds:
        note = progress(turn)
        rest = {name: value for name, value in note.items() if name != "type"}
        text = f"{note['type']} {json.dumps(rest, ensure_ascii=False)}"
        yield Event(0, "system", "meta", text, noted_at(turn))
    if turn.role == "tool":
        is_error = turn.is_error if dated else turn.text.startswith("Error") or turn.is_error
        yield Event(0, "tool", "tool_result", turn.text, at, turn.tool, is_error, call_id=turn.call_id)
    elif turn.tool:
        arguments = json.dumps(dict(turn.arguments), ensure_ascii=False)
        yield Event(0, "assistant", "tool_call", arguments, at, turn.tool, call_id=turn.call_id)
    else:
        yield Event(0, turn.role, "text", turn.text, at)


def _change(change: ProposedChange, texts: Mapping[str, str]) -> dict[str, Any]:
    old = texts.get(change.path, "")
    new = {"edit": old.replace(change.old_str, change.new_str, 1) if change.old_str else old}.get(
        change.operation, change.file_text
    )
    diff = difflib.unified_diff(old.splitlines(), new.splitlines(), lineterm="")
    return {
        "path": change.path,
        "operation": change.operation,
        "expected_version": change.expected_version,
        "diff": "\n".join(diff),
    }


def _claim(claim: Claim) -> dict[str, Any]:
    return {
        "text": claim.text,
        "kind": claim.kind,
        "support": asdict(claim.support),
        "statistics": dict(claim.statistics),
        "evidence": [{"source": e.source, "lines": list(e.lines), "quote": e.quote} for e in claim.evidence],
    }
