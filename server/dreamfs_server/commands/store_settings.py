"""What `dreamfs store` may set of a store, and how it shows one."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any, TypeVar

import click

from dreamfs_server.commands.printing import printable
from dreamfs_tools.answers import plural, rfc3339
from dreamfs_tools.filesystem import Limits, Snapshot, Store
from dreamfs_tools.provenance import former_slug, is_deleted_name
from dreamfs_tools.stores import unknown_store

F = TypeVar("F", bound=Callable[..., Any])


class _Pair(click.ParamType[tuple[str, str]]):
    name = "KEY=VALUE"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, str]:
        key, equals, text = str(value).partition("=")
        if not equals:
            self.fail(f"{value!r} is not KEY=VALUE.", param, ctx)
        return key, text


def settings_options(command: F) -> F:
    """The options of everything that may be set; what is not given is None, and keeps its value."""
    for option in reversed(
        (
            click.option("--description", default=None, help="What the store is for; agents see it."),
            click.option(
                "--access", type=click.Choice(["ro", "rw"]), default=None, help="How it is mounted by default."
            ),
            click.option(
                "--metadata",
                multiple=True,
                type=_Pair(),
                help="Your own data about it, repeatable; an empty VALUE takes KEY away.",
            ),
            click.option("--content-bytes", type=int, default=None, help="The most that one file may hold. [102400]"),
            click.option("--files-count", type=int, default=None, help="The most files that it may hold. [10000]"),
            click.option(
                "--require-expected-version/--no-require-expected-version",
                default=None,
                help="Whether every write must say which version it is made from.",
            ),
            click.option(
                "--secrets",
                type=click.Choice(["refuse", "mask", "allow"]),
                default=None,
                help="What to do with a secret in a write. [refuse]",
            ),
            click.option(
                "--auto-accept",
                type=click.Choice(["none", "tidy"]),
                default=None,
                help="What a dream may do without a person: tidy is exact duplicates and the index. [none]",
            ),
            click.option(
                "--keep-days",
                type=click.IntRange(min=0),
                default=None,
                metavar="N",
                help="dreamfs prune lets contents go that were superseded so long ago; 0: keeps them. [0]",
            ),
            click.option(
                "--keep-versions",
                type=click.IntRange(min=0),
                default=None,
                metavar="N",
                help="dreamfs prune keeps the newest N versions of each file; 0: all. With --keep-days, only what both "
                "let go goes. [0]",
            ),
        )
    ):
        command = option(command)
    return command


def with_settings(store: Store, given: dict[str, Any]) -> Store:
    """A store with what `settings_options` gave."""
    changed = {key: value for key, value in given.items() if value is not None}
    limits: dict[str, int] = {key: changed.pop(key) for key in ("content_bytes", "files_count") if key in changed}
    for key in changed.keys() & {"keep_days", "keep_versions"}:
        changed[key] = changed[key] or None
    pairs = dict(store.metadata) | dict(changed.pop("metadata", ()))
    return replace(
        store,
        limits=replace(store.limits, **limits),
        metadata={key: value for key, value in pairs.items() if value},
        **changed,
    )


def store_named(snapshot: Snapshot, name: str) -> Store:
    """The store of a slug, which may be written as the path of its mount.

    Raises:
        Refusal: `not_found`.
    """
    store = snapshot.store(name.removeprefix("/"))
    if store is None:
        raise unknown_store(name)
    return store


def store_shape(store: Store) -> dict[str, object]:
    """A store for machines."""
    limits: Limits = store.limits
    return {
        "slug": store.slug,
        "name": store.name,
        "description": store.description,
        "access": store.access,
        "version": store.head,
        "files": store.files,
        "limits": {"content_bytes": limits.content_bytes, "files_count": limits.files_count},
        "require_expected_version": store.require_expected_version,
        "secrets": store.secrets,
        "auto_accept": store.auto_accept,
        "keep_days": store.keep_days,
        "keep_versions": store.keep_versions,
        "metadata": dict(store.metadata),
        "project": store.project or None,
        "forked_from": store.forked_from or None,
        "forked_at": store.forked_at if store.forked_from else None,
        "created_at": rfc3339(store.created_at),
        "archived_at": rfc3339(store.archived_at),
    }


def _base_words(store: Store) -> str:
    gone = " (deleted since)" if is_deleted_name(store.forked_from) else ""
    return f"{former_slug(store.forked_from)}{gone} at version {store.forked_at}" if store.forked_from else ""


def store_lines(store: Store) -> list[str]:
    """A store for people."""
    limits = store.limits
    facts = [
        ("name", store.name),
        ("for", store.description),
        ("project", store.project),
        ("access", "archived, read-only" if store.archived_at else store.access),
        ("holds", f"{store.files:,} of at most {limits.files_count:,} files, version {store.head:,}"),
        ("a file", f"at most {limits.content_bytes:,} bytes"),
        ("writes", "only with expected_version" if store.require_expected_version else ""),
        ("secrets", store.secrets),
        ("dreams", "may tidy without a person" if store.auto_accept == "tidy" else "change nothing without a person"),
        ("keeps", _kept_words(store)),
        ("fork of", _base_words(store)),
        *((key, value) for key, value in store.metadata.items()),
    ]
    return [f"/{store.slug}", *(f"  {key:<9} {printable(value)}" for key, value in facts if value)]


def _kept_words(store: Store) -> str:
    """What `prune` leaves of old contents."""
    days = f"for {plural(store.keep_days, 'day')}" if store.keep_days else ""
    newest = f"the newest {plural(store.keep_versions, 'version')} of each file" if store.keep_versions else ""
    if days and newest:
        return f"every version {days}, and {newest} longer; dreamfs prune lets the others go"
    if days or newest:
        return f"{newest or f'every version {days}'}; dreamfs prune lets the others go"
    return "every version, for ever"
