"""What a person decides, wherever a command would do it: refused in an agent's shell, as `dream review` is.

Elsewhere nothing is looked up, so that a person's command costs no more.
"""

import os
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from dreamfs_server.commands.context import Context, Opened
from dreamfs_tools.filesystem import Change, Snapshot, Store


def persons_settings(given: Mapping[str, Any]) -> None:
    """Who may accept is no setting for an agent.

    Raises:
        Refusal: `not_allowed`.
    """
    from dreamfs_server.dream.reviewer import only_a_person

    if given.get("auto_accept") is not None:
        only_a_person(os.environ, "what dreams may change by themselves")


def persons_choice(context: Context, store: str, into: str = "") -> None:
    """A fork with a dream's proposals is neither opened nor copied by an agent, nor merged.

    Args:
        context: of the command.
        store: which might hold such proposals.
        into: the store that it would be merged into. What is no store is left to the command to refuse.

    Raises:
        Refusal: `not_allowed`.
    """
    from dreamfs_server.dream.reviewer import is_agents_shell, only_a_person
    from dreamfs_tools.undecided import undecided_in

    if not is_agents_shell(os.environ):
        return

    def query(snapshot: Snapshot) -> list[str]:
        source, target = _store(context, snapshot, store), _store(context, snapshot, into)
        return undecided_in(snapshot, source, target) if source else []

    async def dreams(opened: Opened) -> list[str]:
        return await opened.filesystem.read(query)

    if found := context.run(dreams):
        only_a_person(os.environ, f"what {_dreams(found)} proposed, which /{store.removeprefix('/')} holds")


def persons_acceptance(changes: Callable[[], Iterable[Change]]) -> None:
    """What a person accepted of a dream is not taken back by an agent.

    Args:
        changes: looks up what would be taken back.

    Raises:
        Refusal: `not_allowed`.
    """
    from dreamfs_server.dream.reviewer import is_agents_shell, only_a_person

    if is_agents_shell(os.environ) and (found := sorted({one.revision.dream_id for one in changes()} - {""})):
        only_a_person(os.environ, f"what {_dreams(found)} wrote into memory")


def _store(context: Context, snapshot: Snapshot, name: str) -> Store | None:
    slug = name.removeprefix("/")
    mount = None if snapshot.store(slug) else context.mounts.table(snapshot).get(slug)
    return mount.store if mount else snapshot.store(slug)


def _dreams(ids: list[str]) -> str:
    return f"{'dream' if len(ids) == 1 else 'dreams'} {', '.join(ids)}"
