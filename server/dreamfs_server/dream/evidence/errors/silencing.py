"""Whether a linter's complaint was silenced in the source rather than mended: a comment that tells the linter to pass over it."""

import re
from collections.abc import Sequence

from dreamfs_server.dream.evidence.errors.recovery import steps_after_max
from dreamfs_server.dream.evidence.steps import Step

_MARKERS = re.compile(
    r"//\s*nolint(?::[\w,-]+)?|#\s*noqa(?::\s*[A-Z]+\d+)?|eslint-disable(?:-next-line|-line)?(?:\s+[\w@/-]+)?|biome-ignore\s+[\w/]+"
    r"|@ts-(?:ignore|expect-error)|#\s*type:\s*ignore(?:\[[\w-]+\])?|#\s*pyright:\s*ignore(?:\[\w+\])?|#!?\[allow\([\w:]+\)\]"
    r"|#\s*pylint:\s*disable=[\w-]+|#\s*rubocop:disable\s+[\w/]+|shellcheck disable=SC\d+|@SuppressWarnings|NOLINT(?:NEXTLINE)?(?:\([\w-]+\))?"
)
_NEW = ("new_string", "content", "new_str", "file_text")
_OLD = ("old_string", "old_str")


def silenced_by(all_steps: Sequence[Step], failed: Step, rule: str) -> tuple[str, Step] | None:
    """The comment that a later edit added for this rule, or for any, with the edit; None where none did."""
    for step in all_steps[failed.position + 1 : failed.position + 1 + steps_after_max]:
        if step.failed or step.refused:
            continue
        new, old = _text(step, _NEW), _text(step, _OLD)
        for marker in dict.fromkeys(_MARKERS.findall(new)):
            if new.count(marker) > old.count(marker) and _is_for(marker, rule):
                return " ".join(marker.split()), step
    return None


def _is_for(marker: str, rule: str) -> bool:
    """Whether it names the rule; one that names none passes over all."""
    return rule in re.split(r"[^\w-]+", marker) or not re.search(r"[:=(\[]|disable\S*\s|ignore\s", marker)


def _text(step: Step, keys: Sequence[str]) -> str:
    return "\n".join(value for key in keys if isinstance(value := step.given.get(key), str))
