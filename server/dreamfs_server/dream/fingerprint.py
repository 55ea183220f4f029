"""When two proposals say the same, and when they rest on the same evidence.

The first is about what would be written and where; counts in it may grow, so numbers are left out. The second is about
how much supports it: only more sessions, days or tasks, or another content of a cited memory, make evidence new. Quoting
other lines of the same sessions does not.
"""

import hashlib
import json
import re
from collections.abc import Mapping, Sequence

from dreamfs_tools.dreaming import Claim, Proposal, ProposedChange

_COUNT = re.compile(r"\d+")
_BLANK = re.compile(r"\s+")


def fingerprint(changes: Sequence[ProposedChange]) -> str:
    """Equal for proposals that would write the same in the same places, whatever the numbers in it."""
    said = sorted(
        (
            change.operation,
            change.path,
            change.new_path,
            _plain(change.old_str),
            _plain(change.new_str or change.file_text),
        )
        for change in changes
    )
    return _digest(said)


def evidence_key(claims: Sequence[Claim], memories: Mapping[str, str]) -> str:
    """Equal while a proposal rests on the same evidence.

    Args:
        claims: with their support as it was counted.
        memories: cited memory → what identifies its content.
    """
    counts = sorted((claim.kind, claim.support.sessions, claim.support.days, claim.support.tasks) for claim in claims)
    return _digest([counts, sorted(memories.items())])


def known_already(proposal: Proposal, earlier: Sequence[Proposal]) -> Proposal | None:
    """The earlier proposal that says the same on the same evidence; a stale one may be made again."""
    return next(
        (
            one
            for one in earlier
            if one.fingerprint == proposal.fingerprint
            and one.status != "stale"
            and (one.evidence_key == proposal.evidence_key or _most(one) >= _most(proposal))
        ),
        None,
    )


def _most(proposal: Proposal) -> tuple[int, int, int]:
    supports = [(claim.support.sessions, claim.support.days, claim.support.tasks) for claim in proposal.claims]
    return max(supports, default=(0, 0, 0))


def _plain(text: str) -> str:
    return _BLANK.sub(" ", _COUNT.sub("0", text)).strip().casefold()


def _digest(document: object) -> str:
    return hashlib.sha256(json.dumps(document, ensure_ascii=False).encode("utf-8", "surrogatepass")).hexdigest()
