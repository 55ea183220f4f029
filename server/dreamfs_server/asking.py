"""Puts a question to the person at the client, by the form that the protocol has for it; no model can fill it in.

In the handshake protocols the server sends a request of its own while the call waits. In 2026-07-28 it cannot: the call
ends with the question, and the client makes it again with the answer. The tool then runs again from its beginning.
"""

import hashlib
from collections.abc import Mapping
from typing import Any, cast

from mcp.server.context import ServerRequestContext
from mcp_types import ElicitResult
from mcp_types.version import MODERN_PROTOCOL_VERSIONS
from pydantic import ValidationError

from dreamfs_tools.dreaming import Ask, PersonsAnswer

QUESTION = "decision"
FORM: dict[str, Any] = {
    "type": "object",
    "properties": {
        "decision": {"type": "string", "enum": ["accept", "reject"], "description": "Accept this proposal?"},
        "reason": {"type": "string", "description": "Why (may be left out)"},
    },
    "required": ["decision"],
}


class Asked(Exception):  # noqa: N818  # ends a call for now; it has not failed
    """The call ends here with a question; `result` is what the client gets."""

    def __init__(self, result: dict[str, Any]) -> None:
        super().__init__("the person has to be asked first")
        self.result = result


def can_ask(context: ServerRequestContext[Any, Any]) -> bool:
    """Whether the client has said that it can show a form to its person."""
    capabilities = context.session.client_capabilities
    return capabilities is not None and capabilities.elicitation is not None


def asker(context: ServerRequestContext[Any, Any] | None) -> Ask | None:
    """A way to ask the person at the client of a call; None where the client cannot."""
    if context is None or not can_ask(context):
        return None
    modern = context.protocol_version in MODERN_PROTOCOL_VERSIONS

    async def ask(page: str) -> PersonsAnswer | None:
        if modern:
            return _answer(_given(context.params or {}, page))
        return _answer(await context.session.elicit_form(page, FORM, context.request_id))

    return ask


def _given(params: Mapping[str, Any], page: str) -> ElicitResult:
    """The answer that came with the call, if it is one to this very page; the SDK has checked that the state is ours."""
    state = hashlib.sha256(page.encode()).hexdigest()
    responses: object = params.get("inputResponses")
    if isinstance(responses, dict) and params.get("requestState") == state:
        try:
            return ElicitResult.model_validate(cast("dict[str, Any]", responses).get(QUESTION), by_name=False)
        except ValidationError:
            pass
    question = {"mode": "form", "message": page, "requestedSchema": FORM}
    raise Asked(
        {
            "resultType": "input_required",
            "inputRequests": {QUESTION: {"method": "elicitation/create", "params": question}},
            "requestState": state,
        }
    )


def _answer(result: ElicitResult) -> PersonsAnswer | None:
    content = result.content or {}
    decision, reason = content.get("decision"), content.get("reason")
    if result.action != "accept" or decision not in {"accept", "reject"}:
        return None
    return PersonsAnswer(accept=decision == "accept", reason=reason if isinstance(reason, str) else "")
