"""Which curator a dream gets, and why. A key is not consent: a model is asked only where a person allowed what it may cost.

`auto` never fails for want of a model: it is the embedded curator then, and says so. Whoever names a model gets that one
or a refusal.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass

from dreamfs_tools.answers import moment
from dreamfs_tools.dreaming import CLIENT
from dreamfs_tools.errors import Refusal
from dreamfs_tools.model_call import MICROUSD, Allowance, ModelCalls

AUTO = "auto"
EMBEDDED = "embedded"
LEAVES = (
    "Transcripts, evidence cards and memories of the store that it looks at, and your instructions, are sent to the "
    "provider; secrets in transcripts were replaced when they were stored."
)


@dataclass(frozen=True, slots=True)
class Choice:
    """A curator, and why that one; "" where somebody named one that sends nothing anywhere."""

    curator: str
    why: str = ""


@dataclass(frozen=True, slots=True)
class Consent:
    """Chooses curators.

    Args:
        books: where allowances are.
        provider: the model's curator, and the name that allowances are given to.
        has_key: whether this process could call it at all.
        key_hint: what to set where it could not.
    """

    books: ModelCalls
    provider: str
    has_key: Callable[[], bool]
    key_hint: str

    async def choose(self, asked: str, there: Collection[str]) -> Choice:
        """Choose the curator of a dream.

        Args:
            asked: `auto` or a name.
            there: the curators that this process has, but the client.

        Raises:
            Refusal: `unavailable` for one that is not there or has no key, `not_allowed` for one that nobody allowed,
                `limit` where the allowance is used up.
        """
        if asked not in {AUTO, self.provider} or self.provider not in there:
            return choose_without_models(asked, there)
        allowance = await self.books.allowance(self.provider)
        refusal = self._against(allowance)
        if refusal is None:
            assert allowance is not None
            return Choice(self.provider, f"{self.provider}, because {_allowed(allowance)} {LEAVES}")
        if asked == AUTO:
            return Choice(EMBEDDED, f"embedded, which asks no model. {refusal.sentence}")
        raise refusal

    async def may_ask(self, there: Collection[str]) -> bool:
        """Whether `auto` would be the model now."""
        return self.provider in there and self._against(await self.books.allowance(self.provider)) is None

    def _against(self, allowance: Allowance | None) -> Refusal | None:
        """What speaks against asking the model."""
        if allowance is None:
            return Refusal(
                "not_allowed",
                f"Nobody allowed {self.provider} to be asked here. A person can, up to an amount: `dreamfs dream allow "
                f"{self.provider} --usd-per-month N`.",
            )
        if not self.has_key():
            return Refusal("unavailable", f"{self.provider} is allowed, but there is no key for it. {self.key_hint}")
        if not allowance.left_microusd:
            return Refusal(
                "limit", f"Nothing is left of this month's allowance for {self.provider}: {_allowed(allowance)}"
            )
        return None


def choose_without_models(asked: str, there: Collection[str]) -> Choice:
    """Choose where there is no model to ask.

    Raises:
        Refusal: `unavailable`.
    """
    if asked == AUTO:
        return Choice(EMBEDDED)
    if asked == CLIENT or asked in there:
        return Choice(asked)
    names = ", ".join(sorted({AUTO, CLIENT, *there}))
    raise Refusal(
        "unavailable", f"There is no curator {asked} here; use one of: {names}. The embedded one needs no model."
    )


def _allowed(allowance: Allowance) -> str:
    return (
        f"{allowance.allowed_by} allowed USD {allowance.microusd_per_month / MICROUSD:.2f} a month at "
        f"{moment(allowance.allowed_at)}, of which USD {allowance.left_microusd / MICROUSD:.2f} is left this month."
    )
