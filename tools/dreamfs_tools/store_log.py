"""What was done to a store itself: who made it, changed its settings, archived or deleted it, when, and from what to what."""

from collections.abc import Mapping
from dataclasses import dataclass, fields, is_dataclass
from datetime import datetime
from typing import Any, Literal, cast

from dreamfs_tools.filesystem import Author, Store

NOBODY = Author()
"""Where nobody says who: a database's first store."""

StoreOperation = Literal["created", "forked", "set", "archived", "deleted", "undeleted"]
Setting = str | int | bool | None
Settings = Mapping[str, tuple[Setting, Setting]]
"""Name of a setting → what it was and what it is since; None for none."""

_NO_SETTINGS = frozenset({"slug", "head", "files", "created_at", "archived_at", "forked_from", "forked_at"})


@dataclass(frozen=True, slots=True)
class StoreChange:
    """One change of a store itself."""

    number: int
    """Counts inside the store, from 1."""
    at: datetime
    author: Author
    operation: StoreOperation
    settings: Settings


@dataclass(frozen=True, slots=True)
class DeletedStore:
    """A store that is hidden, and can be shown again."""

    slug: str
    name: str
    description: str
    head: int
    files: int
    deleted_at: datetime
    deleted_by: str
    """The actor; "" where that was not recorded."""


def settings_of(store: Store) -> Mapping[str, Setting]:
    """Everything that may be set of a store, under one name each: `access`, `content_bytes`, `metadata.team`."""
    return {
        name: value
        for field in fields(store)
        if field.name not in _NO_SETTINGS
        for name, value in _flat(field.name, getattr(store, field.name))
    }


def changed_settings(before: Store | None, after: Store) -> Settings:
    """What differs; without `before` everything that is not empty."""
    old: Mapping[str, Setting] = settings_of(before) if before else {}
    new = settings_of(after)
    names = [*new, *(name for name in old if name not in new)]
    found = {name: (old.get(name), new.get(name)) for name in names}
    return {name: (was, now) for name, (was, now) in found.items() if was != now and (before or now not in {"", None})}


def settings_words(change: StoreChange) -> str:
    """The settings of a change on one line: `access rw → ro, description none → 'How we run things.'`."""
    if change.operation == "created":
        return ", ".join(f"{name} {_word(now)}" for name, (_, now) in change.settings.items())
    return ", ".join(f"{name} {_word(was)} → {_word(now)}" for name, (was, now) in change.settings.items())


def _flat(name: str, value: Any) -> list[tuple[str, Setting]]:
    if isinstance(value, Mapping):
        pairs = cast("Mapping[str, str]", value)
        return [(f"{name}.{key}", text) for key, text in pairs.items()]
    if is_dataclass(value):
        return [(field.name, getattr(value, field.name)) for field in fields(value)]
    return [(name, value)]


def _word(value: Setting) -> str:
    if value is None or value == "":
        return "none"
    if isinstance(value, bool):
        return "on" if value else "off"
    return f"{value:,}" if isinstance(value, int) else repr(value) if " " in value else value
