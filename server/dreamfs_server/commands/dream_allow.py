"""`dreamfs dream allow`: a person says what a provider's models may cost in a month, or takes it back."""

import os
import sys
from decimal import Decimal, InvalidOperation

import click

from dreamfs_server.commands.context import Command, Context, Opened, json_option, pass_context, print_json
from dreamfs_server.model_settings import ANTHROPIC, KEY_HINT, has_anthropic_key
from dreamfs_server.settings import login
from dreamfs_tools.errors import Refusal
from dreamfs_tools.model_call import MICROUSD, Allowance

USD_PER_MONTH_MAX = 10_000


@click.command("allow", cls=Command)
@click.argument("provider", type=click.Choice([ANTHROPIC]))
@click.option("--usd-per-month", default="", metavar="N", help="What its models may cost in a calendar month (UTC).")
@click.option("--show", is_flag=True, help="Say what is allowed and what is left of it.")
@click.option("--revoke", is_flag=True, help="Take it back; dreams are then embedded again.")
@click.option("--as", "named", default="", metavar="NAME", help="Who decided, for scripts.")
@json_option
@pass_context
def command(
    context: Context, provider: str, usd_per_month: str, show: bool, revoke: bool, named: str, as_json: bool
) -> None:
    """Let dreams ask a provider's models, up to an amount a month. It holds for this database and all who dream in it.

    What such a dream looks at is sent to the provider: `dreamfs dream run --curator anthropic --dry-run` says what.
    """
    from dreamfs_server.dream.reviewer import reviewer_of

    if [bool(usd_per_month), show, revoke].count(True) != 1:
        raise Refusal("invalid_argument", "Say one of --usd-per-month N, --show and --revoke.")
    amount = 0 if show or revoke else _microusd(usd_per_month)
    by = ""
    if not show:
        by = reviewer_of(
            named, f"user:{login()}", os.environ, is_terminal=sys.stdin.isatty(), about="what dreams may cost"
        )

    async def work(opened: Opened) -> Allowance | None:
        return await (opened.books.allowance(provider) if show else opened.books.allow(provider, amount, by))

    allowance = context.run(work)
    if as_json:
        print_json(_shape(provider, allowance))
    else:
        click.echo(_said(provider, allowance))


def _microusd(text: str) -> int:
    try:
        amount = Decimal(text)
    except InvalidOperation:
        amount = Decimal(0)
    if not (amount.is_finite() and 0 < amount <= USD_PER_MONTH_MAX):
        raise Refusal(
            "invalid_argument",
            f"--usd-per-month takes an amount above 0 and up to {USD_PER_MONTH_MAX:,}, such as 5 or 2.50, not {text}. "
            "--revoke takes an allowance back.",
        )
    return int(amount * MICROUSD)


def _said(provider: str, allowance: Allowance | None) -> str:
    if allowance is None:
        return f"Nothing is allowed for {provider}: dreams are embedded, ask no model and cost nothing."
    said = (
        f"{provider}: USD {allowance.microusd_per_month / MICROUSD:.2f} a month, allowed by {allowance.allowed_by} at "
        f"{allowance.allowed_at:%Y-%m-%d %H:%M} UTC; USD {allowance.spent_microusd / MICROUSD:.4f} used this month, "
        f"USD {allowance.left_microusd / MICROUSD:.4f} left."
    )
    return said if has_anthropic_key(os.environ) else f"{said}\nThere is no key in this environment. {KEY_HINT}"


def _shape(provider: str, allowance: Allowance | None) -> dict[str, object]:
    if allowance is None:
        return {"provider": provider, "allowed": False}
    return {
        "provider": provider,
        "allowed": True,
        "usd_per_month": allowance.microusd_per_month / MICROUSD,
        "usd_spent": allowance.spent_microusd / MICROUSD,
        "usd_left": allowance.left_microusd / MICROUSD,
        "allowed_by": allowance.allowed_by,
        "allowed_at": allowance.allowed_at.isoformat(),
    }
