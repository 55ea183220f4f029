"""Resource subscriptions in both protocol eras, over what `Watching` sees."""

from collections.abc import Callable
from typing import Any, cast

from mcp.server.context import CallNext, HandlerResult, ServerRequestContext
from mcp.shared.exceptions import MCPError
from mcp_types import INVALID_PARAMS, EmptyResult, SubscribeRequestParams, UnsubscribeRequestParams

from dreamfs_server.watching import Tell, Watching, path_of


class Subscriptions:
    """What the clients of one server have subscribed to.

    Args:
        watching: what sees changes.
        publish: tells the streams of `subscriptions/listen`, each of which picks what it asked for.
    """

    def __init__(self, watching: Watching, publish: Tell) -> None:
        self._watching = watching
        self._publish = publish
        self._subscribed: dict[str, Callable[[], None]] = {}

    async def listen(self, ctx: ServerRequestContext[Any, Any], call_next: CallNext) -> HandlerResult:
        """Serve `subscriptions/listen` (2026-07-28): the SDK keeps the stream, and here is watched what it asks for."""
        notifications: object = (ctx.params or {}).get("notifications")
        asked = cast("dict[str, object]", notifications).get("resourceSubscriptions") if isinstance(notifications, dict) else None  # fmt: skip
        uris = [uri for uri in cast("list[object]", asked) if isinstance(uri, str)] if isinstance(asked, list) else []
        unwatch = await self._watching.watch(uris, self._publish)
        try:
            return await call_next(ctx)
        finally:
            unwatch()

    async def subscribe(self, ctx: ServerRequestContext[Any, Any], params: SubscribeRequestParams) -> EmptyResult:
        """Serve `resources/subscribe` of the handshake protocols, where one process has one connection.

        Raises:
            MCPError: the URI is none of ours.
        """
        uri = str(params.uri)
        if path_of(uri) is None:
            raise MCPError(code=INVALID_PARAMS, message=f"There are only resources memory://…, not {uri[:80]!r}.")
        if uri not in self._subscribed:
            self._subscribed[uri] = await self._watching.watch([uri], ctx.session.send_resource_updated)
        return EmptyResult()

    async def unsubscribe(self, _ctx: ServerRequestContext[Any, Any], params: UnsubscribeRequestParams) -> EmptyResult:
        """Serve `resources/unsubscribe`."""
        unwatch = self._subscribed.pop(str(params.uri), None)
        if unwatch is not None:
            unwatch()
        return EmptyResult()
