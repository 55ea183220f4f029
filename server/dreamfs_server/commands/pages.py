"""Reading a paged tool to its end."""

import json
from collections.abc import Callable, Coroutine
from typing import Any

from dreamfs_server.commands.context import Context, Opened
from dreamfs_tools.call import Answer, Call


def all_pages(
    context: Context, key: str, page: Callable[[Call, str], Coroutine[Any, Any, Answer]], limit: int | None = None
) -> list[dict[str, Any]]:
    """Collect the items under `key` of a tool's JSON answers, page after page, at most `limit`."""

    async def collect(opened: Opened) -> list[dict[str, Any]]:
        call = context.caller(opened)
        items: list[dict[str, Any]] = []
        cursor = ""
        while True:
            document = json.loads((await page(call, cursor)).text)
            items += document[key]
            cursor = document["next_cursor"]
            if not cursor or (limit is not None and len(items) >= limit):
                return items[:limit]

    return context.run(collect)
