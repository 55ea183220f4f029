"""Stores as a whole: what one may be called and hold, and who keeps them. DESIGN section 8.

Their files are reached through `filesystem.py`; this is for the person who sets stores up.
"""

import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from dreamfs_tools.errors import Refusal
from dreamfs_tools.filesystem import Author, Store
from dreamfs_tools.store_log import NOBODY, DeletedStore, StoreChange

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
KEEP_DAYS_MAX = 36_500
KEEP_VERSIONS_MAX = 1_000_000

_SLUG = re.compile(r"[a-z0-9-]{1,64}")


_NOT_ON_A_LINE = frozenset({"Cc", "Cs", "Zl", "Zp"})
"""Kinds of characters that break a line or act on a terminal: controls, lone surrogates, line and paragraph separators."""


class StoreKeeper(Protocol):
    """Sets stores up and takes them down. Every call is one durable transaction, and a refusal changes nothing.

    Each change is written down in the store's log with its `author`.
    """

    async def create_store(self, store: Store, author: Author = NOBODY) -> None:
        """Add an empty store with the settings of `store`; its moving parts are ignored.

        Raises:
            Refusal: `already_exists`; what `check_store` refuses.
        """
        ...

    async def change_store(self, slug: str, change: Callable[[Store], Store], author: Author = NOBODY) -> None:
        """Replace a store's settings by what `change` makes of them; its slug and moving parts stay.

        Where nothing changes, nothing is written down.

        Raises:
            Refusal: `not_found`; `already_exists` when another store is that project's; what `check_store` refuses.
        """
        ...

    async def fork_store(self, base: str, store: Store, at: int | None = None, author: Author = NOBODY) -> None:
        """Add a store that starts as `base` is now, or was after revision `at`; no content is copied.

        Revision numbers and memory ids are those of `base`; the first own revision is the next one.

        Raises:
            Refusal: as `create_store`; `not_found` for the base or the revision.
        """
        ...

    async def archive_store(self, slug: str, author: Author = NOBODY) -> None:
        """Make a store read-only for good. Archiving again changes nothing.

        Raises:
            Refusal: `not_found`.
        """
        ...

    async def delete_store(self, slug: str, author: Author = NOBODY) -> None:
        """Hide a store with all it holds and free its slug. Forks go on reading the history they began with.

        Raises:
            Refusal: `not_found`.
        """
        ...

    async def undelete_store(self, slug: str, deleted_at: datetime | None = None, author: Author = NOBODY) -> None:
        """Show a deleted store again with all it held.

        Args:
            slug: what it was called, and is again.
            deleted_at: which of several that had this slug; by default the one that was deleted last.
            author: who does it.

        Raises:
            Refusal: `not_found`; `already_exists` when another store has its slug, or its project.
        """
        ...

    async def deleted_stores(self) -> Sequence[DeletedStore]:
        """The stores that are hidden, sorted by slug, those deleted last first."""
        ...

    async def store_log(self, slug: str) -> Sequence[StoreChange]:
        """What was done to a store itself, newest first; nothing for what was done before that was recorded.

        Raises:
            Refusal: `not_found`.
        """
        ...


def slug_of(name: str) -> str:
    """The slug that a name gives: lower-cased, each run of other characters one hyphen, none at the ends.

    Returns:
        As long as the name makes it, which may be too long for a store; "" for a name without any letter from a to z or digit.
    """
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")


def free_slug(wanted: str, taken: Iterable[str]) -> str:
    """A slug that may be used without asking: `wanted`, cut if too long, with `-2`, `-3`, … if reserved or taken."""
    unusable = RESERVED | set(taken)
    wanted = wanted[:SLUG_CHARACTERS_MAX].rstrip("-")
    slug, number = wanted, 2
    while slug in unusable:
        suffix = f"-{number}"
        slug, number = f"{wanted[: SLUG_CHARACTERS_MAX - len(suffix)]}{suffix}", number + 1
    return slug


def unknown_store(slug: str) -> Refusal:
    """There is no such store."""
    return Refusal("not_found", f"There is no store {slug}; `dreamfs store list` shows the stores there are.")


def one_line(text: str) -> str:
    """A text as a store's name and description may have it, for who asks nobody: a space for what cannot be on a line."""
    return "".join(" " if unicodedata.category(character) in _NOT_ON_A_LINE else character for character in text)


def check_store(store: Store, before: Store | None = None) -> None:
    """Refuse a store whose own fields are out of bounds.

    Args:
        store: as it is to be.
        before: as it is, or what it is made from: texts that it has already are not held against it.

    Raises:
        Refusal: `invalid_argument` for its slug and for characters that cannot be on a line; `limit` for everything that
            is too long, too large or too many.
    """
    known = {before.name, before.description, *before.metadata.values()} if before else set[str]()
    _check_slug(store.slug)
    if not store.name.strip():
        raise Refusal("invalid_argument", "A store needs a name.")
    for what, text, most in (
        ("name", store.name, NAME_CHARACTERS_MAX),
        ("description", store.description, DESCRIPTION_CHARACTERS_MAX),
    ):
        if text not in known:
            _check_text(what, text)
        if len(text) > most:
            raise Refusal("limit", f"A store's {what} has at most {most:,} characters; this one has {len(text):,}.")
    _check_metadata(store.metadata, before.metadata if before else {})
    for what, value, most in (
        ("size of a file, in bytes,", store.limits.content_bytes, CONTENT_BYTES_MAX),
        ("number of files", store.limits.files_count, FILES_COUNT_MAX),
    ):
        if not 1 <= value <= most:
            raise Refusal("limit", f"A store's limit for the {what} is between 1 and {most:,}, not {value:,}.")
    for what, kept, most in (
        ("number of days", store.keep_days, KEEP_DAYS_MAX),
        ("number of versions", store.keep_versions, KEEP_VERSIONS_MAX),
    ):
        if kept is not None and not 1 <= kept <= most:
            raise Refusal(
                "limit", f"A store's {what} to keep is between 1 and {most:,}, not {kept:,}. Without it all are kept."
            )


def _check_slug(slug: str) -> None:
    if slug in RESERVED:
        raise Refusal(
            "invalid_argument",
            f"No store can be called {slug}: /{slug} is a name of dreamfs itself. Choose another name.",
        )
    if len(slug) > SLUG_CHARACTERS_MAX:
        raise Refusal(
            "limit",
            f"A store's slug has at most {SLUG_CHARACTERS_MAX} characters; {slug!r} has {len(slug):,}. "
            "Choose a shorter one: create takes it with --slug.",
        )
    if not _SLUG.fullmatch(slug):
        raise Refusal(
            "invalid_argument",
            f"A store's slug is 1 to {SLUG_CHARACTERS_MAX} of a-z, 0-9 and -; got {slug!r}.",
        )


def _check_metadata(metadata: Mapping[str, str], before: Mapping[str, str]) -> None:
    if len(metadata) > METADATA_COUNT_MAX:
        raise Refusal(
            "limit", f"A store has at most {METADATA_COUNT_MAX} pairs of metadata; these are {len(metadata):,}."
        )
    for key, value in metadata.items():
        if before.get(key) != value:
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
    found = next((character for character in text if unicodedata.category(character) in _NOT_ON_A_LINE), None)
    if found is not None:
        raise Refusal(
            "invalid_argument",
            f"A store's {what} is one line without control characters; this one has U+{ord(found):04X}. Leave it out.",
        )
