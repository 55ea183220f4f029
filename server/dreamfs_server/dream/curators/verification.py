"""A second look at a claim by a call that sees only the claim and its quotes.

The call that proposes has reasons to believe what it found; this one has none. It cannot make a claim stronger: what it
does not find supported becomes a hypothesis, and what it finds contradicted sends the proposal back to its author, since
a text whose claim is false must not be kept without it.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, cast, get_args

from dreamfs_server.dream.curators.ledger import Ledger, Stopped
from dreamfs_server.dream.prompts import fenced, prompt
from dreamfs_tools.dream_pages import citation
from dreamfs_tools.dreaming import Claim, ClaimKind, Proposal
from dreamfs_tools.errors import Refusal

Verdict = Literal["supported", "contradicted", "insufficient"]
REASON_CHARACTERS_MAX = 300
_SCHEMA: Mapping[str, Any] = {
    "type": "object",
    "properties": {"verdict": {"enum": list(get_args(Verdict))}, "reason": {"type": "string"}},
    "required": ["verdict", "reason"],
    "additionalProperties": False,
}


@dataclass(frozen=True, slots=True)
class Verified:
    """What came of checking a proposal."""

    kinds: Sequence[ClaimKind]
    """What each claim may call itself."""
    flags: Sequence[str]
    """What the reviewer should see."""
    verdicts: Sequence[Verdict]
    stopped: Stopped | None = None
    """Why not all could be checked."""


async def verify(ledger: Ledger, proposal: Proposal) -> Verified:
    """Check a proposal's claims one by one.

    Raises:
        Refusal: `invalid_argument`, naming each claim that its own quotes contradict.
    """
    kinds: list[ClaimKind] = []
    flags: list[str] = []
    wrong: list[str] = []
    verdicts: list[Verdict] = []
    stopped: Stopped | None = None
    for number, claim in enumerate(proposal.claims, 1):
        if claim.kind == "hypothesis":
            kinds.append(claim.kind)
            continue
        verdict: Verdict | None = None
        reason = ""
        if stopped is None:
            try:
                verdict, reason = await _asked(ledger, claim)
                verdicts.append(verdict)
            except Stopped as early:
                stopped = early
        if verdict == "contradicted":
            wrong.append(f"- claim {number}: its quotes contradict it: {reason}")
        kinds.append(claim.kind if verdict == "supported" else "hypothesis")
        if verdict == "insufficient":
            flags.append(f"a second call found the quotes insufficient for claim {number}: {reason}")
        if verdict is None:
            flags.append(f"claim {number} was not checked by a second call")
    if wrong:
        listed = "\n".join(wrong)
        raise Refusal(
            "invalid_argument",
            f"The proposal was not saved: a second call that saw only the claims and their quotes disagrees.\n{listed}\n"
            "Correct the claim and the text that rests on it, or let it go.",
        )
    return Verified(kinds, flags, verdicts, stopped)


def verification_request(model: str, claim: Claim) -> dict[str, Any]:
    """What is asked about one claim."""
    support = claim.support
    counts = f"{support.sessions} sessions, {support.days} days, {support.tasks} known tasks"
    if claim.statistics:
        counts += "; " + ", ".join(f"{key} {value}" for key, value in claim.statistics.items())
    parts = [f"The claim, stated as {claim.kind}:", fenced(claim.text), f"Counted by code: {counts}", "The quotes:"]
    for evidence in claim.evidence:
        parts += [f"{citation(evidence)}:", fenced(evidence.quote)]
    return {
        "model": model,
        "system": prompt("verify"),
        "messages": [{"role": "user", "content": "\n\n".join(parts)}],
        "output_config": {"format": {"type": "json_schema", "schema": _SCHEMA}},
    }


async def _asked(ledger: Ledger, claim: Claim) -> tuple[Verdict, str]:
    call = await ledger.ask("verify", verification_request(ledger.settings.model, claim))
    return read_verdict(call.response)


def read_verdict(response: Mapping[str, Any]) -> tuple[Verdict, str]:
    """The verdict in an answer; whatever is not a clear one is `insufficient`."""
    text = "".join(str(block.get("text", "")) for block in response.get("content", ()) if block.get("type") == "text")
    try:
        document: Any = json.loads(text)
    except (ValueError, RecursionError):
        document = None
    found = cast("dict[str, Any]", document) if isinstance(document, dict) else {}
    verdict = found.get("verdict")
    if response.get("stop_reason") != "end_turn" or verdict not in get_args(Verdict):
        return "insufficient", "the answer was no verdict"
    reason = " ".join(str(found.get("reason", "")).split())[:REASON_CHARACTERS_MAX]
    return cast("Verdict", verdict), reason or "no reason was given"
