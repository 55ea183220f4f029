"""The JSON of `dreamfs dream show`, DESIGN section 13, also over MCP: its fields, and after them what a reviewer needs."""

from collections.abc import Sequence

from dreamfs_tools.dream_measures import Measured
from dreamfs_tools.dreaming import Claim, Dream, Proposal, ProposedChange

Shape = dict[str, object]


def dream_document(dream: Dream, proposals: Sequence[Proposal], measured: Measured) -> Shape:
    """One dream with its proposals."""
    return {
        "id": dream.dream_id,
        "status": dream.status,
        "curator": dream.curator,
        "store": dream.store,
        "snapshot_version": dream.snapshot_version,
        "coverage": {
            "sessions": dream.coverage.sessions,
            "events": dream.coverage.events,
            "skipped": [dict(skip) for skip in dream.coverage.skipped],
        },
        "usage": dict(dream.usage),
        "proposals": [
            proposal_shape(proposal) | {"measured": measured.shapes(proposal.number)} for proposal in proposals
        ],
        "error": dream.error,
    }


def proposal_shape(proposal: Proposal) -> Shape:
    """One proposal."""
    return {
        "id": proposal.number,
        "title": proposal.title,
        "rationale": proposal.rationale,
        "status": proposal.status,
        "risk": proposal.risk,
        "base_version": proposal.base_version,
        "changes": [_change(change) for change in proposal.changes],
        "claims": [_claim(claim) for claim in proposal.claims],
        "dropped": [{"text": drop.text, "reason": drop.reason} for drop in proposal.dropped],
        "flags": list(proposal.flags),
        "reviewed_by": proposal.reviewed_by,
        "edited": proposal.edited,
        "reason": proposal.reason,
        "version": proposal.version or None,
    }


def verdict_shape(proposal: Proposal) -> Shape:
    """What `dreamfs dream review` answers: the version that accepting made, or which had it all already; else null."""
    shape: Shape = {"proposal": proposal.number, "status": proposal.status, "version": proposal.version or None}
    return shape | ({"unchanged": True} if proposal.is_there_already else {})


def version_words(proposal: Proposal) -> str:
    """What follows "is accepted": where the change is."""
    if proposal.is_there_already:
        return f"; nothing was left to change, since version {proposal.version} has it"
    return f" as version {proposal.version}" if proposal.version else ""


def _change(change: ProposedChange) -> Shape:
    shape: Shape = {
        "path": change.path,
        "operation": change.operation,
        "expected_version": change.expected_version,
        "diff": change.diff,
    }
    return shape | ({"new_path": change.new_path} if change.new_path else {})


def _claim(claim: Claim) -> Shape:
    support = claim.support
    return {
        "text": claim.text,
        "kind": claim.kind,
        "support": {"sessions": support.sessions, "days": support.days, "tasks": support.tasks},
        "statistics": dict(claim.statistics),
        "evidence": [
            {
                "session_id": evidence.source.removeprefix("/transcripts/"),
                "lines": list(evidence.lines),
                "quote": evidence.quote,
            }
            for evidence in claim.evidence
        ],
    }
