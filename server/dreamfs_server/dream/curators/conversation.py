"""The conversation in which a model curates: it reads with tools, proposes with one, and says when it is done.

The loop is ours and not the SDK's, so that every call is in the books before it is sent, a run goes on where another
process left it, and no stop is silent: whatever ends it but the model's own end is told in a sentence.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from dreamfs_server.dream.curators.ledger import Ledger, Stopped
from dreamfs_server.dream.curators.offered import PROPOSE, Used
from dreamfs_tools.model_call import ModelCall, whole_request

REFUSED_IN_A_ROW_MAX = 8
"""So many proposals refused one after the other, and the model is not getting anywhere."""

UseTools = Callable[[Sequence[Mapping[str, Any]]], Awaitable[Sequence[Used]]]
Turn = tuple[Mapping[str, Any], ModelCall | None]
"""A request, and the answered call that it continues."""


async def converse(ledger: Ledger, opening: Mapping[str, Any], use_tools: UseTools, refused: list[Used]) -> None:
    """Run a conversation to its end.

    Args:
        ledger: asks.
        opening: the first request. A conversation that the books hold already goes on instead.
        use_tools: does the tool calls of an answer.
        refused: gets the proposals that were refused.

    Raises:
        Stopped: why it ended before the model said that it was done.
    """
    request, after = _resumed(ledger, opening)
    in_a_row = 0
    for _ in range(ledger.settings.turns_max):
        call = after if after is not None and request is opening else await ledger.ask("curate", request, after)
        content: list[Mapping[str, Any]] = list(call.response.get("content") or [])
        match call.response.get("stop_reason"):
            case "end_turn" | "stop_sequence":
                return
            case "tool_use":
                used = await use_tools(content)
                for one in used:
                    if one.tool == PROPOSE:
                        in_a_row = in_a_row + 1 if one.refused else 0
                        refused += [one] if one.refused else []
                if in_a_row >= REFUSED_IN_A_ROW_MAX:
                    raise Stopped(f"It stopped after {in_a_row} proposals in a row that were refused.")
                request = _next(ledger, call, [{"role": "user", "content": [dict(one.result) for one in used]}])
            case "pause_turn":
                request = _next(ledger, call, [])
            case other:
                raise Stopped(_why(call, other))
        after = call
    raise Stopped(f"It stopped after {ledger.settings.turns_max} turns without an end.")


def _resumed(ledger: Ledger, opening: Mapping[str, Any]) -> Turn:
    """Where the books say the conversation is."""
    last = next((call for call in reversed(ledger.calls) if call.purpose == "curate" and call.is_answered), None)
    return opening, last


def _next(ledger: Ledger, call: ModelCall, new: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    request = whole_request(ledger.calls, call.number)
    answer = {"role": "assistant", "content": call.response["content"]}
    return {**request, "messages": [*request["messages"], answer, *new]}


def _why(call: ModelCall, reason: object) -> str:
    details: Mapping[str, Any] = call.response.get("stop_details") or {}
    match reason:
        case "max_tokens":
            return f"An answer was cut off after {call.request['max_tokens']:,} tokens, the most that it could have."
        case "refusal":
            about = f" ({details['category']})" if details.get("category") else ""
            return f"The model refused to go on{about}."
        case "model_context_window_exceeded":
            return (
                "The conversation no longer fits into the model. Dream over fewer sessions at once: --since, --session."
            )
        case _:
            return f"The model stopped for a reason that is not known here: {str(reason)[:40]!r}."
