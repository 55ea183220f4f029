"""The dreams of a plain installation: the embedded curator over an engine. What commands and the server open."""

import os
from collections.abc import Callable

from anyio.abc import TaskGroup

from dreamfs_server.dream.consent import EMBEDDED
from dreamfs_server.dream.curators.embedded import curate
from dreamfs_server.dream.evidence import mine
from dreamfs_server.dream.job import Job, embedded
from dreamfs_server.dream.service import DreamService, Launch
from dreamfs_tools.dreaming import DreamJournal
from dreamfs_tools.filesystem import Filesystem

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"


def standard_dreams(
    filesystem: Filesystem,
    journal: DreamJournal,
    *,
    tasks: TaskGroup | None = None,
    launch: Launch | None = None,
    entropy: Callable[[int], bytes] = os.urandom,
) -> DreamService:
    """The `Dreams` of one process.

    Args:
        filesystem: the engine.
        journal: its journal.
        tasks: where a server's dreams run; None (a command) runs each to its end inside `start`.
        launch: starts `dreamfs dream run --resume ID` as a process of its own, in place of `tasks`.
        entropy: random bytes for ids.
    """
    job = Job(filesystem, journal, mine, {EMBEDDED: embedded(curate)})
    return DreamService(job, lambda: new_id(entropy), tasks, launch)


def new_id(entropy: Callable[[int], bytes]) -> str:
    """A dream's id: `d-` and eight characters that are hard to misread."""
    return "d-" + "".join(_ALPHABET[byte & 31] for byte in entropy(8))
