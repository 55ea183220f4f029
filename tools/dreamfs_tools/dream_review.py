"""The tool `dream_review`: show one proposal and ask the person. The model can neither answer nor see the form's answer first."""

from dreamfs_tools.call import Answer, Call
from dreamfs_tools.dream_naming import Naming
from dreamfs_tools.dream_pages import proposal_page
from dreamfs_tools.dream_shape import verdict_shape, version_words
from dreamfs_tools.dream_status import dreams_of, naming_of, visible_dream
from dreamfs_tools.dreaming import Dream, Proposal, Review
from dreamfs_tools.errors import Refusal
from dreamfs_tools.filesystem import Snapshot


async def dream_review(call: Call, dream_id: str, proposal: int) -> Answer:
    """Show one proposal of a dream and ask the person to accept or reject it. Only the person's answer counts."""
    dreams = dreams_of(call)
    dream, shown, called = await call.filesystem.read(lambda snapshot: _find(call, snapshot, dream_id, proposal))
    page = proposal_page(called.dream(dream), called.proposal(shown))
    if shown.status not in {"pending", "quarantined"}:
        return Answer(f"{page}\nProposal {proposal} is {shown.status} already.", _data(dream, shown))
    if shown.risk == "high" or shown.status == "quarantined":
        word = "quarantined" if shown.status == "quarantined" else "of high risk"
        raise Refusal(
            "not_allowed",
            f"Proposal {proposal} is {word}: a person decides about it at a terminal, with "
            f"`dreamfs dream review {dream_id} {proposal}`. Nothing was changed.",
        )
    if call.ask is None:
        raise Refusal(
            "unavailable",
            "This client cannot ask its person. Nothing was changed. A person can decide at a terminal: "
            f"`dreamfs dream review {dream_id} {proposal}`.",
        )
    answer = await call.ask(page)
    if answer is None:
        return Answer(f"The person did not decide. Proposal {proposal} is still {shown.status}.", _data(dream, shown))
    review = Review(dream_id, proposal, answer.accept, call.author.actor or "person", "client", answer.reason)
    try:
        settled = await dreams.review(review, call.author)
    except Refusal as refusal:
        raise called.refusal(refusal) from None
    said = f"The person decided: proposal {proposal} is {settled.status}{version_words(settled)}."
    return Answer(said, _data(dream, settled))


def _find(call: Call, snapshot: Snapshot, dream_id: str, number: int) -> tuple[Dream, Proposal, Naming]:
    dream = visible_dream(call, snapshot, dream_id)
    called = naming_of(call, snapshot, dream_id)
    proposals = snapshot.dreams.proposals(dream_id)
    for proposal in proposals:
        if proposal.number == number:
            return dream, proposal, called
    there = ", ".join(str(one.number) for one in proposals) or "none"
    raise Refusal("not_found", f"Dream {dream_id} has no proposal {number}; its proposals are: {there}.")


def _data(dream: Dream, proposal: Proposal) -> dict[str, object]:
    return {"code": "ok", "dream_id": dream.dream_id, **verdict_shape(proposal)}
