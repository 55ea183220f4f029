"""Who is calling: what the client claims, what its environment says, and what the connection knows, kept apart."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, cast

from mcp.server.context import ServerRequestContext

from dreamfs_tools.errors import Refusal
from dreamfs_tools.filesystem import Author
from dreamfs_tools.paths import check_segment

SESSION_ID_BYTES_MAX = 200
CLAIM_CHARACTERS_MAX = 200
"""How much is kept of a client's name and of ids that it makes up."""
TOOL_USE_ID_KEY = "claudecode/toolUseId"


def check_session_id(session_id: str) -> str:
    """Give back a session id that is one legal path segment, since transcripts are stored under it.

    Raises:
        Refusal: `invalid_argument`, saying why it is none.
    """
    why = ""
    if "/" in session_id:
        why = "it contains a /."
    elif (size := len(session_id.encode(errors="surrogatepass"))) > SESSION_ID_BYTES_MAX:
        why = f"it has {size} bytes; at most {SESSION_ID_BYTES_MAX} are allowed."
    else:
        try:
            check_segment(f"/{session_id}", session_id)
        except Refusal as refusal:
            why = refusal.sentence.partition(" is not valid: ")[2]
    if why:
        raise Refusal(
            "invalid_argument",
            f"Error: The argument session_id is not valid: {why} Use the same short name in every call, or leave it out.",
        )
    return session_id


@dataclass(frozen=True, slots=True)
class Callers:
    """What one server knows of its callers before they say anything."""

    actor: str
    """Who the transport says is calling: `user:<login>`."""
    connection_id: Callable[[], str]
    """The id of the connection: on stdio one for the process, over HTTP a new one for each request."""
    session_id: str = ""
    """What the operator said (`--session`, `DREAMFS_SESSION`); stands in for a claim that a caller leaves out."""
    host_session_id: str = ""
    """What the client's environment says (`CLAUDE_CODE_SESSION_ID`)."""
    transport: str = "stdio"

    def __post_init__(self) -> None:
        """Refuse an illegal session of the operator's; overlook one of the environment's, which nobody here chose.

        Raises:
            Refusal: `invalid_argument`.
        """
        if self.session_id:
            check_session_id(self.session_id)
        try:
            check_session_id(self.host_session_id or "none")
        except Refusal:
            object.__setattr__(self, "host_session_id", "")

    def author(self, context: ServerRequestContext[Any, Any] | None, session_id: str = "") -> Author:
        """Who makes the call of `context`, claiming to be the session `session_id`.

        Raises:
            Refusal: `invalid_argument` for an illegal session id.
        """
        session = check_session_id(session_id) if session_id else self.session_id
        if context is None:
            return Author(session, self.host_session_id, self.connection_id(), self.actor, transport=self.transport)
        client = context.session.client_params
        return Author(
            session_id=session,
            host_session_id=self.host_session_id,
            connection_id=self.connection_id(),
            actor=self.actor,
            client=_claim(f"{client.client_info.name} {client.client_info.version}".strip()) if client else "",
            protocol_version=context.protocol_version,
            transport=self.transport,
            request_id="" if context.request_id is None else _claim(str(context.request_id)),
            tool_use_id=_tool_use_id(context.params),
        )


def _tool_use_id(params: Mapping[str, Any] | None) -> str:
    meta: object = (params or {}).get("_meta")
    value = cast("dict[str, object]", meta).get(TOOL_USE_ID_KEY) if isinstance(meta, dict) else None
    return _claim(value) if isinstance(value, str) else ""


def _claim(text: str) -> str:
    text = text[:CLAIM_CHARACTERS_MAX]
    return text if text.isprintable() else "".join(c if c.isprintable() else "\ufffd" for c in text)
