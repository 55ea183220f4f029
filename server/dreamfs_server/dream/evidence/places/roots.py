"""The folder that each session began in, so that checkouts and worktrees of one project tell one story.

Most logs do not keep it. A client sometimes says it (`Shell cwd was reset to …`). Else the paths tell: files of one project
have the same names in every checkout, so whatever stands before a known relative path is a vote for the folder. Sessions
that give neither keep their absolute paths, with a home directory as `~`.
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise

from dreamfs_server.dream.evidence.steps import Step

_RESET = re.compile(r"Shell cwd was reset to (/[^\n\"'`]*?)[ \t]*(?:\n|$)")
_CURRENT = re.compile(r"current working directory is (/[^\n\"'`<]*?)\.?[ \t]*(?:<|\n|$)")
_HOME = re.compile(r"^(?:/[a-z])?/(?:Users|home|mnt/[a-z]/Users)/[^/]+(?=/|$)|^/root(?=/|$)")
_SCRATCH = "/tmp/"  # noqa: S108  # other people's folder
votes_min = 2
rounds = 2
"""Sessions whose folder is known tell more paths by which others are known."""
near_characters = 400
"""Of a result's end, where a client puts its notes."""
tail_parts_min = 2
"""A file name alone is too common to tell a folder."""


def said_root(all_steps: Sequence[Step]) -> str:
    """The folder that a client named, the outermost if several; "" where it named none."""
    said: set[str] = set()
    for step in all_steps:
        text = step.result.text if step.result is not None else ""
        said.update(_RESET.findall(text, max(0, len(text) - near_characters)))
        if len(text) <= near_characters:
            said.update(_CURRENT.findall(text))
    return min((path.rstrip("/") for path in said), key=lambda path: (path.count("/"), path), default="")


def roots(
    said: Mapping[str, str], touched: Mapping[str, Iterable[str]], missed: Mapping[str, Iterable[str]]
) -> dict[str, str]:
    """Each session's folder; "" where it is not known.

    Args:
        said: session → `said_root`.
        touched: session → paths that were there, absolute or relative to the folder.
        missed: session → paths that were not.
    """
    paths = {session: set(found) for session, found in touched.items()}
    known: Counter[str] = Counter()  # of paths relative to the folder, told by how many sessions
    for session, found in paths.items():
        root = said.get(session, "")
        inside = {p for p in found if not p.startswith(("/", "~"))}
        inside |= {p[len(root) + 1 :] for p in found if root and p.startswith(f"{root}/")}
        known.update(p for p in inside if p.count("/") + 1 >= tail_parts_min)
    result = {session: said.get(session, "") for session in paths}
    for _ in range(rounds):
        open_ones = {session: found for session, found in paths.items() if not result[session]}
        votes = _votes({path for found in open_ones.values() for path in found}, known)
        for session, found in open_ones.items():
            root = _elected(found, _votes(found, known), votes)
            result[session] = root
            if root:
                known.update(p[len(root) + 1 :] for p in found if p.startswith(f"{root}/"))
    # What was missed counts here too: a folder that holds only what was there may be the right place itself.
    common = _common({*found, *missed[session]} for session, found in paths.items() if not result[session])
    return {session: root or (common if _under(paths[session], common) else "") for session, root in result.items()}


def _votes(paths: Iterable[str], known: Mapping[str, int]) -> Counter[str]:
    """For each folder, how many files have a known path below it; each file votes for the outermost."""
    votes: Counter[str] = Counter()
    for path in paths:
        if path.startswith("/"):
            parts = path.split("/")
            for at in range(2, len(parts) - tail_parts_min + 1):
                if "/".join(parts[at:]) in known:
                    votes["/".join(parts[:at])] += 1
                    break
    return votes


def _elected(found: Iterable[str], own: Mapping[str, int], votes: Mapping[str, int]) -> str:
    """The folder for which a session's own files vote; where too few do, the one that has most votes of all and holds some of
    its paths; "" where none has enough.
    """
    best = _first(own, own)
    if not best:
        folders = {folder for path in found if path.startswith("/") for folder in above(path)}
        best = _first(folders & votes.keys(), votes)
    return best


def _first(folders: Iterable[str], votes: Mapping[str, int]) -> str:
    best = max(folders, key=lambda root: (votes[root], -len(root), root), default="")
    return best if best and votes[best] >= votes_min else ""


def _common(paths: Iterable[Iterable[str]]) -> str:
    """Where no session told its folder: the innermost one that holds nine tenths of all absolute paths."""
    of_folder: Counter[str] = Counter()
    total = 0
    for found in paths:
        for path in found:
            if path.startswith("/") and not path.startswith(_SCRATCH):
                total += 1
                parts = path.split("/")
                of_folder.update("/".join(parts[:at]) for at in range(2, len(parts)))
    wide = [folder for folder, count in of_folder.items() if 10 * count >= 9 * total and folder.count("/") >= 2]
    return max(wide, key=lambda folder: (folder.count("/"), folder), default="")


def _under(found: Iterable[str], root: str) -> bool:
    return bool(root) and any(path.startswith(f"{root}/") for path in found)


def told_path(path: str, root: str) -> str:
    """A path relative to the session's folder where it is below it, else with its home as `~`."""
    if root and (path == root or path.startswith(f"{root}/")):
        return path[len(root) + 1 :]
    if root and path.startswith("~/") and f"{root}/".endswith(f"/{path[2:]}/"):
        return ""
    return _HOME.sub("~", path)


def in_project(path: str, root: str) -> bool:
    """Whether a path as it is told lies in the project; where the folder is not known, what is no scratch and no setting does."""
    outside = ("/", "~") if root else (_SCRATCH, "/private/", "/var/", "~/.")
    return path != "" and not path.startswith(outside)


def above(path: str) -> list[str]:
    """The folders that a path lies in, outermost first, without the folder that all are relative to."""
    parts = path.split("/")
    ends = ["/".join(parts[:at]) for at in range(1, len(parts))]
    return [one for one, other in pairwise([*ends, path]) if one and one != other]
