"""`dreamfs dream measure`: whether the errors that accepted rules are about still occur."""

import click

from dreamfs_server.commands.context import Command, Context, Opened, json_option, pass_context, print_json
from dreamfs_tools.dreaming import Card


@click.command(cls=Command)
@click.option("--store", default="memories", show_default=True, help="The store whose rules to measure.")
@json_option
@pass_context
def measure(context: Context, store: str, as_json: bool) -> None:
    """Say of each accepted rule about an error how often the error occurred since, among its readers and others."""

    async def work(opened: Opened) -> list[Card]:
        from dreamfs_server.dream.measure import measure as measured

        return await measured(opened.filesystem, store)

    cards = context.run(work)
    if as_json:
        print_json([dict(card.data) for card in cards])
        return
    for card in cards:
        click.echo(card.body)
    if not cards:
        click.echo("Nothing to measure yet: no session that is stored began after a rule about an error was accepted.")
