"""Every refusal: what was asked cannot be done, why, and the way out.

A refusal is an answer, not a crash: nothing was changed. Hosts show `Refusal.text` as it stands; anything else that
is raised is our own bug, logged for us and shown to the client as `internal` without its details.
"""

from collections.abc import Mapping
from typing import Any, Literal

Code = Literal[
    "conflict",
    "not_found",
    "already_exists",
    "invalid_path",
    "invalid_argument",
    "too_large",
    "read_only",
    "not_unique",
    "not_matched",
    "stale",
    "locked",
    "secret",
    "limit",
    "not_allowed",
    "unavailable",
    "unknown_outcome",
    "internal",
]


class Refusal(Exception):  # noqa: N818  # the field's word: the server did not fail, it refused
    """A refusal in our own words.

    Attributes:
        code: the machine's word for it, DESIGN section 13.
        sentence: what a person or a model reads, with the way out; may have several lines.
        data: facts for machines (`path`, `version`, `current`, `changed_by`, …), shown in `_meta["dreamfs/result"]`.
    """

    def __init__(self, code: Code, sentence: str, **data: Any) -> None:
        super().__init__(sentence)
        self.code: Code = code
        self.sentence = sentence
        self.data: Mapping[str, Any] = data

    @property
    def text(self) -> str:
        """The whole refusal as a client shows it."""
        return f"{self.sentence}\n[refused: {self.code}]"
