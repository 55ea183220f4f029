"""Dreams under the names that a server's mounts give their stores.

A dream keeps every path under its store's own name, so that each reader knows it whatever a server calls the store. Here it
is put into the names of one reader, and back. Quotes and what is to be written stay as they are, byte for byte.
"""

import re
from dataclasses import dataclass, replace

from dreamfs_tools.dreaming import Card, Claim, Dream, Evidence, Proposal, ProposedChange
from dreamfs_tools.errors import Refusal

_HEAD = re.compile(r"^rename /.*$|^--- /.*\n\+\+\+ /.*$", re.MULTILINE)
"""What names paths in a unified diff."""


@dataclass(frozen=True, slots=True)
class Naming:
    """One store's name and what a reader calls it; mostly the same."""

    slug: str
    name: str

    def path(self, path: str) -> str:
        """A path as the reader knows it."""
        return _moved(path, self.slug, self.name)

    def own(self, path: str) -> str:
        """A reader's path under the store's own name."""
        return _moved(path, self.name, self.slug)

    def words(self, text: str) -> str:
        """Our own sentences, with each path of the store as the reader knows it."""
        if self.slug == self.name:
            return text
        return re.sub(rf"(?<![\w./-])/{re.escape(self.slug)}(?![\w-])", f"/{self.name}", text)

    def dream(self, dream: Dream) -> Dream:
        """A dream, for pages and answers."""
        return replace(dream, store=self.name, error=self.words(dream.error))

    def card(self, card: Card) -> Card:
        """A card."""
        if self.slug == self.name:
            return card
        return replace(
            card,
            title=self.words(card.title),
            body=self.words(card.body),
            claims=[self._claim(claim) for claim in card.claims],
        )

    def proposal(self, proposal: Proposal) -> Proposal:
        """A proposal with its diff, whose heads name paths."""
        if self.slug == self.name:
            return proposal
        return replace(
            proposal,
            title=self.words(proposal.title),
            rationale=self.words(proposal.rationale),
            changes=[self._change(change) for change in proposal.changes],
            claims=[self._claim(claim) for claim in proposal.claims],
            diff=self._diff(proposal.diff),
            flags=[self.words(flag) for flag in proposal.flags],
        )

    def proposed(self, proposal: Proposal) -> Proposal:
        """What a reader proposes, with the paths of its changes and sources under the store's own name."""
        return replace(
            proposal,
            changes=[
                replace(one, path=self.own(one.path), new_path=self.own(one.new_path)) for one in proposal.changes
            ],
            claims=[
                replace(claim, evidence=[replace(one, source=self.own(one.source)) for one in claim.evidence])
                for claim in proposal.claims
            ],
        )

    def refusal(self, refusal: Refusal) -> Refusal:
        """A refusal with the reader's paths in its sentence."""
        facts = dict(refusal.data)
        if "failures" in facts:
            facts["failures"] = [self.words(str(one)) for one in facts["failures"]]
        return Refusal(refusal.code, self.words(refusal.sentence), **facts)

    def _change(self, change: ProposedChange) -> ProposedChange:
        return replace(
            change, path=self.path(change.path), new_path=self.path(change.new_path), diff=self._diff(change.diff)
        )

    def _claim(self, claim: Claim) -> Claim:
        return replace(claim, text=self.words(claim.text), evidence=[self._evidence(one) for one in claim.evidence])

    def _evidence(self, evidence: Evidence) -> Evidence:
        return replace(evidence, source=self.path(evidence.source))

    def _diff(self, diff: str) -> str:
        return _HEAD.sub(lambda head: self.words(head[0]), diff)


def _moved(path: str, old: str, new: str) -> str:
    first, slash, rest = path.removeprefix("/").partition("/")
    return f"/{new}{slash}{rest}" if path.startswith("/") and first == old else path
