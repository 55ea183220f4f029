"""About what a dream would use, reckoned from sizes. The API could count tokens, but only of what it is sent."""

from collections.abc import Sequence

from dreamfs_server.dream.consent import LEAVES
from dreamfs_server.dream.curators.cost import Tokens, likely_tokens, microusd
from dreamfs_server.dream.curators.reading import NOTES_TOKENS, TRANSCRIPT_BYTES_MAX, affordable, readable_first
from dreamfs_server.dream.estimate import Estimate
from dreamfs_server.dream.gather import Scope
from dreamfs_server.dream.prompts import prompt
from dreamfs_server.model_settings import ModelSettings
from dreamfs_tools.dream_pages import card_page
from dreamfs_tools.dreaming import Card

CARDS_READ = 20
"""So many cards a curator looks at closely."""
TURNS = 8
"""Before and after the cards: orientation, proposals, the end."""
TURN_INPUT_TOKENS = 2_000
"""What a turn's tool answers add."""
TURN_OUTPUT_TOKENS = 500
CLAIMS = 12
CLAIM_TOKENS = (900, 150)


def estimate(provider: str, settings: ModelSettings, scope: Scope, cards: Sequence[Card], tools_bytes: int) -> Estimate:
    """About what a dream over these would use.

    Args:
        provider: whose models.
        settings: with models, prices and ceilings.
        scope: what the dream may read.
        cards: as mined.
        tools_bytes: of the tool list.
    """
    chosen = affordable(settings, readable_first(scope.sessions, cards)) if settings.reading_model else []
    sizes = [min(one.size_bytes, TRANSCRIPT_BYTES_MAX) for one in chosen]
    reading = Tokens(input=sum(map(likely_tokens, sizes)), output=NOTES_TOKENS * len(sizes))
    curating = _conversation(cards, tools_bytes, notes=len(sizes))
    checking = Tokens(CLAIMS * CLAIM_TOKENS[0], CLAIMS * CLAIM_TOKENS[1])
    main = curating + checking
    cost = microusd(main, settings.price(settings.model))
    if sizes:
        cost += microusd(reading, settings.price(settings.reading_model), batch=settings.batch)
    size_bytes = sum(len(memory.text.encode()) for memory in scope.memories)
    looked_at = (
        f"the agenda and what it looks at of {len(cards)} cards, {len(scope.sessions)} transcripts and "
        f"{len(scope.memories)} memories ({size_bytes:,} bytes), to {settings.model}"
    )
    return Estimate(
        curator=provider,
        model=settings.model,
        reading_model=settings.reading_model,
        sessions=len(scope.sessions),
        cards=len(cards),
        read=len(sizes),
        read_bytes=sum(sizes),
        tokens=min((main + reading).all, settings.tokens_max),
        microusd=min(cost, settings.microusd_max),
        tokens_max=settings.tokens_max,
        microusd_max=settings.microusd_max,
        leaves=[
            f"{len(sizes)} of {len(scope.sessions)} transcripts, {sum(sizes):,} bytes, to {settings.reading_model}"
            if sizes
            else "no transcript as a whole",
            looked_at,
            LEAVES,
        ],
    )


def _conversation(cards: Sequence[Card], tools_bytes: int, notes: int) -> Tokens:
    """A conversation whose context grows with every turn: what was there is read from the cache, what is new is written."""
    pages = [likely_tokens(len(card_page(card).encode())) for card in cards[:CARDS_READ]]
    context = likely_tokens(tools_bytes + len(prompt("curate").encode())) + 60 * len(cards) + 60 * notes
    total = Tokens(cache_write=context)
    for page in [*pages, *[0] * TURNS]:
        new = page + TURN_INPUT_TOKENS
        total += Tokens(output=TURN_OUTPUT_TOKENS, cache_write=new, cache_read=context)
        context += new + TURN_OUTPUT_TOKENS
    return total
