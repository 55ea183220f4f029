"""Names, drawn without repetition."""

from collections.abc import Iterator, Sequence
from random import Random

AREAS = (
    "payments", "checkout", "ledger", "catalog", "search", "invoice", "session", "billing", "shipping", "pricing",
    "inventory", "fraud", "loyalty", "mailer", "reports", "identity", "voucher", "media", "tenant", "gateway",
)  # fmt: skip
ROLES = ("api", "worker", "db", "cache", "proxy", "indexer", "scheduler", "broker")
PEOPLE = (
    "Ines",
    "Bjarne",
    "Tomasz",
    "Aoife",
    "Kwame",
    "Yuki",
    "Renske",
    "Oluwaseun",
    "Marta",
    "Dmitri",
    "Leila",
    "Pavel",
)
REGIONS = ("eu-west-1", "us-east-2", "ap-south-1", "eu-north-1", "sa-east-1")
PRODUCTS = (
    "Larch",
    "Quill",
    "Tallow",
    "Bramble",
    "Kestrel",
    "Ombre",
    "Sable",
    "Fennel",
    "Garnet",
    "Pewter",
    "Marl",
    "Thistle",
)
NOUNS = (
    "manifest", "lease", "ledger", "shard", "quota", "envelope", "checkpoint", "catalogue", "roster", "voucher",
    "partition", "snapshot", "cursor", "keyring",
)  # fmt: skip
FAULTS = (
    "is sealed by another writer", "has no owner record", "was built for the old layout", "is not attached to a pool",
    "needs a signed header", "does not carry a region tag", "has an unknown epoch", "is missing its trailer",
)  # fmt: skip


def services(rng: Random, count: int) -> list[str]:
    """Service names such as `ledger-worker`; no two share their first word."""
    areas = rng.sample(AREAS, count)
    return [f"{area}-{rng.choice(ROLES)}" for area in areas]


def identifier(rng: Random, length: int = 8) -> str:
    """Hexadecimal digits."""
    return "".join(rng.choices("0123456789abcdef", k=length))


def uuid(rng: Random) -> str:
    """A version 4 UUID from the seed."""
    digits = identifier(rng, 32)
    return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-a{digits[17:20]}-{digits[20:]}"


def drawn(rng: Random, items: Sequence[str]) -> Iterator[str]:
    """All items in random order, once each."""
    return iter(rng.sample(items, len(items)))
