"""Stores as a whole: what one may be called and hold, and who keeps them. DESIGN section 8.

Their files are reached through `filesystem.py`; this is for the person who sets stores up.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Protocol

from dreamfs_tools.errors import Refusal
from dreamfs_tools.filesystem import Store

RESERVED = frozenset({"transcripts", "dreams", "project"})
"""Mounts of dreamfs itself."""
SLUG_CHARACTERS_MAX = 64
NAME_CHARACTERS_MAX = 255
DESCRIPTION_CHARACTERS_MAX = 1_024
METADATA_COUNT_MAX = 16
METADATA_KEY_CHARACTERS_MAX = 64
METADATA_VALUE_CHARACTERS_MAX = 512
CONTENT_BYTES_MAX = 10_485_760
"""The most that a store's own limit for one file can be raised to."""
FILES_COUNT_MAX = 1_000_000
"""Likewise for the number of files."""

_SLUG = re.compile(r"[a-z0-9-]{1,64}")


class StoreKeeper(Protocol):
    """Sets stores up and takes them down. Every call is one durable transaction, and a refusal changes nothing."""

    async def create_store(self, store: Store) -> None:
        """Add an empty store with the settings of `store`; its moving parts are ignored.

        Raises:
            Refusal: `already_exists`; what `check_store` refuses.
        """
        ...

    async def change_store(self, slug: str, change: Callable[[Store], Store]) -> None:
        """Replace a store's settings by what `change` makes of them; its slug and moving parts stay.

        Raises:
            Refusal: `not_found`; `already_exists` when another store is that project's; what `check_store` refuses.
        """
        ...

    async def fork_store(self, base: str, store: Store, at: int | None = None) -> None:
        """Add a store that starts as `base` is now, or was after revision `at`; no content is copied.

        Revision numbers and memory ids are those of `base`; the first own revision is the next one.

        Raises:
            Refusal: as `create_store`; `not_found` for the base or the revision.
        """
        ...

    async def archive_store(self, slug: str) -> None:
        """Make a store read-only for good. Archiving again changes nothing.

        Raises:
            Refusal: `not_found`.
        """
        ...

    async def delete_store(self, slug: str) -> None:
        """Hide a store with all it holds and free its slug. Forks go on reading the history they began with.

        Raises:
            Refusal: `not_found`.
        """
        ...


def slug_of(name: str) -> str:
    """The slug that a name gives: lower-cased, each run of other characters one hyphen, none at the ends.

    Returns:
        At most 64 characters; "" for a name without any letter from a to z or digit.
    """
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:SLUG_CHARACTERS_MAX].rstrip("-")


def free_slug(wanted: str, taken: Iterable[str]) -> str:
    """A slug that may be used: `wanted`, or with `-2`, `-3`, … where it is reserved or taken."""
    unusable = RESERVED | set(taken)
    slug, number = wanted, 2
    while slug in unusable:
        suffix = f"-{number}"
        slug, number = f"{wanted[: SLUG_CHARACTERS_MAX - len(suffix)]}{suffix}", number + 1
    return slug


def unknown_store(slug: str) -> Refusal:
    """There is no such store."""
    return Refusal("not_found", f"There is no store {slug}; `dreamfs store list` shows the stores there are.")


def check_store(store: Store) -> None:
    """Refuse a store whose own fields are out of bounds.

    Raises:
        Refusal: `invalid_argument` for its slug; `limit` for everything that is too long, too large or too many.
    """
    _check_slug(store.slug)
    if not store.name.strip():
        raise Refusal("invalid_argument", "A store needs a name.")
    for what, text, most in (
        ("name", store.name, NAME_CHARACTERS_MAX),
        ("description", store.description, DESCRIPTION_CHARACTERS_MAX),
    ):
        _check_text(what, text)
        if len(text) > most:
            raise Refusal("limit", f"A store's {what} has at most {most:,} characters; this one has {len(text):,}.")
    _check_metadata(store.metadata)
    for what, value, most in (
        ("size of a file, in bytes,", store.limits.content_bytes, CONTENT_BYTES_MAX),
        ("number of files", store.limits.files_count, FILES_COUNT_MAX),
    ):
        if not 1 <= value <= most:
            raise Refusal("limit", f"A store's limit for the {what} is between 1 and {most:,}, not {value:,}.")


def _check_slug(slug: str) -> None:
    if slug in RESERVED:
        raise Refusal(
            "invalid_argument",
            f"No store can be called {slug}: /{slug} is a name of dreamfs itself. Choose another name.",
        )
    if not _SLUG.fullmatch(slug):
        raise Refusal(
            "invalid_argument",
            f"A store's slug is 1 to {SLUG_CHARACTERS_MAX} of a-z, 0-9 and -; got {slug!r}.",
        )


def _check_metadata(metadata: Mapping[str, str]) -> None:
    if len(metadata) > METADATA_COUNT_MAX:
        raise Refusal(
            "limit", f"A store has at most {METADATA_COUNT_MAX} pairs of metadata; these are {len(metadata):,}."
        )
    for key, value in metadata.items():
        _check_text("metadata", key + value)
        if not 1 <= len(key) <= METADATA_KEY_CHARACTERS_MAX:
            raise Refusal(
                "limit",
                f"A key of metadata has 1 to {METADATA_KEY_CHARACTERS_MAX} characters; "
                f"{key[:METADATA_KEY_CHARACTERS_MAX]!r} has {len(key):,}.",
            )
        if len(value) > METADATA_VALUE_CHARACTERS_MAX:
            raise Refusal(
                "limit",
                f"A value of metadata has at most {METADATA_VALUE_CHARACTERS_MAX} characters; "
                f"that of {key!r} has {len(value):,}.",
            )


def _check_text(what: str, text: str) -> None:
    if "\0" in text or (not text.isascii() and any("\ud800" <= character <= "\udfff" for character in text)):
        raise Refusal("invalid_argument", f"A store's {what} cannot hold NUL characters or lone surrogates.")
