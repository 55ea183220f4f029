"""The four tools that a model which curates is offered: `view`, `list`, `grep` and `dream_propose`, the very functions
that any agent calls, with the same descriptions and the same checks of what it sends.
"""

import inspect
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from dreamfs_server.arguments import Arguments
from dreamfs_server.dream.curators.ledger import Stopped
from dreamfs_tools.call import Answer, Call
from dreamfs_tools.dream_propose import dream_propose
from dreamfs_tools.errors import Refusal
from dreamfs_tools.grep import grep
from dreamfs_tools.list import list_
from dreamfs_tools.view import view

PROPOSE = "dream_propose"
TOOLS: Mapping[str, Callable[..., Awaitable[Answer]]] = {
    "view": view,
    "list": list_,
    "grep": grep,
    PROPOSE: dream_propose,
}
CALLS_PER_TURN_MAX = 16
"""Of one answer's tool calls, so many are done; the answers to more would not fit."""
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Used:
    """How one tool call went."""

    tool: str
    result: Mapping[str, Any]
    """The block that the model is sent."""
    refused: Refusal | None = None


def tool_list() -> list[dict[str, Any]]:
    """The tools as the API takes them."""
    return [
        {
            "name": name,
            "description": inspect.getdoc(function),
            "input_schema": _schema(Arguments(name, function).schema),
        }
        for name, function in TOOLS.items()
    ]


async def use_tools(call: Call, content: Sequence[Mapping[str, Any]]) -> list[Used]:
    """Do the tool calls of an answer, in order; each gets a result, whatever it was.

    Raises:
        Stopped: the dream has to end.
    """
    asked = [block for block in content if block.get("type") == "tool_use"]
    used: list[Used] = []
    for position, block in enumerate(asked):
        name, sent = str(block.get("name", "")), block.get("input")
        try:
            if position >= CALLS_PER_TURN_MAX:
                raise Refusal(
                    "limit", f"This call was not made: at most {CALLS_PER_TURN_MAX} are made at once. Ask again."
                )
            text, refused = (await _used(call, name, sent)).text, None
        except Refusal as refusal:
            text, refused = refusal.text, refusal
        except Stopped:
            raise
        except Exception:  # noqa: BLE001  # the model is told that it failed; the log keeps the rest
            _log.exception("the tool %s failed", name)
            refused = Refusal("internal", "Something went wrong inside dreamfs. Nothing was saved.")
            text = refused.text
        result: dict[str, Any] = {"type": "tool_result", "tool_use_id": str(block.get("id", "")), "content": text}
        used.append(Used(name, {**result, "is_error": True} if refused else result, refused))
    return used


async def _used(call: Call, name: str, sent: object) -> Answer:
    function = TOOLS.get(name)
    if function is None:
        raise Refusal("invalid_argument", f"There is no tool of that name; the tools are: {', '.join(TOOLS)}.")
    if not isinstance(sent, Mapping):
        raise Refusal("invalid_argument", f"The arguments of {name} must be an object.")
    values = Arguments(name, function).read(cast("Mapping[str, object]", sent))
    values.pop("session_id", None)
    return await function(call, **values)


def _schema(schema: Mapping[str, Any]) -> dict[str, Any]:
    properties = {name: shape for name, shape in schema["properties"].items() if name != "session_id"}
    return {**schema, "properties": properties}
