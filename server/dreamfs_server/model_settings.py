"""What environment may set of dreams that ask a model: which models, what they cost, and where such a dream stops.

Prices are in US dollars per million tokens, so that a price is also millionths of a dollar per token.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal, InvalidOperation
from typing import Any, cast

from dreamfs_tools.errors import Refusal

MODEL = "claude-opus-5-5"
READING_MODEL = "claude-haiku-5-5"
ANTHROPIC = "anthropic"
"""The provider: its curator's name, and the one that allowances are given to."""
KEY_HINT = (
    "Set ANTHROPIC_API_KEY to a key of https://platform.claude.com, or use the curator embedded, which needs none."
)
ANTHROPIC_KEYS = ("ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN")
_SET_PRICE = "DREAMFS_MODEL_PRICES"


@dataclass(frozen=True, slots=True)
class Price:
    """US dollars per million tokens."""

    input: Decimal
    output: Decimal


PRICES: Mapping[str, Price] = {
    "claude-opus-5-5": Price(Decimal(4), Decimal(20)),
    "claude-sonnet-5-5": Price(Decimal(2), Decimal(10)),
    "claude-haiku-5-5": Price(Decimal("0.10"), Decimal("0.50")),
}
"""As published. `DREAMFS_MODEL_PRICES` adds and replaces: `{"MODEL": [input, output]}`."""
CACHE_WRITE_FACTOR = Decimal("1.25")
CACHE_READ_FACTOR = Decimal("0.1")
BATCH_FACTOR = Decimal("0.5")


@dataclass(frozen=True, slots=True)
class ModelSettings:
    """How a dream asks a model."""

    model: str = MODEL
    """Curates and verifies."""
    reading_model: str = READING_MODEL
    """Reads the transcripts first; "" for no first reading."""
    batch: bool = False
    """Whether the first reading goes through the batch interface: half the price, up to a day later."""
    tokens_max: int = 2_000_000
    microusd_max: int = 1_000_000
    call_seconds_max: float = 600.0
    """Our own deadline around one call, its retries included."""
    batch_seconds_max: float = 90_000.0
    """A little more than the day that a batch may take."""
    turns_max: int = 60
    answer_tokens_max: int = 8_192
    prices: Mapping[str, Price] = field(default_factory=lambda: dict(PRICES))

    def price(self, model: str) -> Price:
        """What a model costs.

        Raises:
            Refusal: `invalid_argument` for one whose price nobody said: what cannot be priced cannot be capped.
        """
        if model not in self.prices:
            raise Refusal(
                "invalid_argument",
                f"The price of the model {model} is not known, so its cost could not be capped. Set {_SET_PRICE} to "
                f'{{"{model}": [USD per million tokens in, out]}}, or use one of: {", ".join(sorted(self.prices))}.',
            )
        return self.prices[model]


def model_settings(environment: Mapping[str, str]) -> ModelSettings:
    """Read the settings.

    Raises:
        Refusal: `invalid_argument`, naming the variable and what it takes.
    """
    settings = ModelSettings(
        model=environment.get("DREAMFS_MODEL") or MODEL,
        reading_model=environment.get("DREAMFS_READING_MODEL", READING_MODEL),
        batch=environment.get("DREAMFS_BATCH", "") not in {"", "0"},
    )
    if text := environment.get("DREAMFS_DREAM_TOKENS_MAX"):
        settings = replace(settings, tokens_max=int(_number("DREAMFS_DREAM_TOKENS_MAX", text)))
    if text := environment.get("DREAMFS_DREAM_USD_MAX"):
        settings = replace(settings, microusd_max=int(_number("DREAMFS_DREAM_USD_MAX", text) * 1_000_000))
    if text := environment.get(_SET_PRICE):
        settings = replace(settings, prices={**settings.prices, **_prices(text)})
    return settings


def has_anthropic_key(environment: Mapping[str, str]) -> bool:
    """Whether the environment holds what the Anthropic API asks for. That is no consent to use it."""
    return any(environment.get(name) for name in ANTHROPIC_KEYS)


def _number(name: str, text: str) -> Decimal:
    try:
        number = Decimal(text)
    except InvalidOperation:
        number = Decimal(-1)
    if not (number.is_finite() and number >= 0):
        raise Refusal("invalid_argument", f"{name} is {text!r}; it takes a number such as 5 or 0.50.")
    return number


def _prices(text: str) -> dict[str, Price]:
    try:
        document: Any = json.loads(text, parse_float=Decimal, parse_int=Decimal)
        pairs = cast("dict[str, tuple[Decimal, Decimal]]", dict(document))
        prices = {str(model): Price(Decimal(given), Decimal(got)) for model, (given, got) in pairs.items()}
    except (ValueError, TypeError, InvalidOperation):
        prices = {}
    if not prices or any(not p.is_finite() or p < 0 for price in prices.values() for p in (price.input, price.output)):
        raise Refusal(
            "invalid_argument",
            f'{_SET_PRICE} is not {{"MODEL": [USD per million tokens in, out]}}; it is read as JSON.',
        )
    return prices
