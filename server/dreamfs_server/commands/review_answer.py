"""An answer to a proposal, recorded, and what became of it in words."""

from dreamfs_server.commands.context import Context, Opened
from dreamfs_server.commands.review_page import one_line
from dreamfs_tools.dream_shape import version_words
from dreamfs_tools.dreaming import Proposal, Review


def decide(context: Context, review: Review) -> Proposal:
    """Record an answer."""

    async def work(opened: Opened) -> Proposal:
        return await opened.dreams.review(review, context.author())

    return context.run(work)


def outcome(done: Proposal) -> str:
    """What became of a proposal, in a sentence."""
    return f"Proposal {done.number} ({one_line(done.title)}) is {done.status}{version_words(done)}."
