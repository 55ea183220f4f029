"""What `dreamfs dream run --dry-run` says: what a model would be sent, and about what it would cost."""

from dataclasses import replace

import click

from dreamfs_server.commands.context import Context, Opened, print_json
from dreamfs_server.model_settings import ANTHROPIC
from dreamfs_tools.dreaming import DreamRequest
from dreamfs_tools.model_call import MICROUSD


def show_estimate(context: Context, request: DreamRequest, *, as_json: bool) -> None:
    """Mine, reckon, and say; nothing is kept and nothing is sent."""
    from dreamfs_server.dream.estimate import Estimate

    asked = replace(request, curator=ANTHROPIC) if request.curator == "auto" else request

    async def work(opened: Opened) -> Estimate:
        estimate: Estimate = await opened.dreams.preview(asked)
        return estimate

    from dreamfs_server.commands.progress import spinner

    with spinner("Reckoning …"):
        estimate = context.run(work)
    usd, usd_max = estimate.microusd / MICROUSD, estimate.microusd_max / MICROUSD
    if as_json:
        print_json(
            {
                "dry_run": True,
                "curator": estimate.curator,
                "model": estimate.model,
                "reading_model": estimate.reading_model,
                "sessions": estimate.sessions,
                "cards": estimate.cards,
                "transcripts_read": estimate.read,
                "transcripts_read_bytes": estimate.read_bytes,
                "tokens": estimate.tokens,
                "usd": usd,
                "tokens_max": estimate.tokens_max,
                "usd_max": usd_max,
                "leaves": list(estimate.leaves),
            }
        )
        return
    click.echo(
        f"A dream curated by {estimate.curator} would use about {estimate.tokens:,} tokens for about USD {usd:.2f}."
    )
    click.echo(
        f"It stops before {estimate.tokens_max:,} tokens or USD {usd_max:.2f}, and keeps what it proposed until then."
    )
    click.echo("What would leave this machine:")
    for line in estimate.leaves:
        click.echo(f"- {line}")
    click.echo("Nothing was sent.")
