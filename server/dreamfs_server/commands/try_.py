"""`dreamfs try`: call one tool, and see exactly what a model would."""

import json
import logging
from typing import TYPE_CHECKING, Any, cast

import click

from dreamfs_server.commands.context import (
    Command,
    Context,
    Opened,
    json_option,
    pass_context,
    print_json,
    session_option,
)
from dreamfs_server.settings import login, package_version
from dreamfs_tools.errors import Refusal

if TYPE_CHECKING:
    from mcp.server.mcpserver import MCPServer


@click.command(cls=Command, takes_arguments=True)
@click.argument("tool")
@click.argument("arguments", nargs=-1)
@session_option
@json_option
@pass_context
def command(context: Context, tool: str, arguments: tuple[str, ...], session: str, as_json: bool) -> None:
    """Call TOOL as an agent would, and print what it would see. ARGUMENTS are NAME=VALUE, or one JSON object.

    For example: dreamfs try view path=/memories; dreamfs try grep '{"pattern": "deploy", "output": "files"}'
    """
    # Before the SDK is imported, which installs a handler of its own where there is none.
    logging.basicConfig(level=logging.WARNING, format="%(name)s: %(message)s")
    from mcp_types import CallToolResult

    from dreamfs_server.app import RESULT_META_KEY, build_app
    from dreamfs_server.identity import Callers

    async def work(opened: Opened) -> tuple[str, bool, dict[str, Any]]:
        callers = Callers(f"user:{login()}", lambda: "terminal", session, transport="command")
        app = build_app(
            opened.filesystem,
            context.mounts,
            callers,
            version=package_version(),
            tool_set="all",
            archive=opened.archive,
            dreams=opened.dreams,
        )
        given = await _given(app, tool, arguments)
        result = await app.call_tool(tool, given)
        if not isinstance(result, CallToolResult):
            raise Refusal("unavailable", f"{tool} asks the person in a client's form, and a terminal has none.")
        text = "\n".join(part.text for part in result.content if part.type == "text")
        return text, bool(result.is_error), dict((result.meta or {}).get(RESULT_META_KEY, {}))

    text, is_error, data = context.run(work)
    if as_json:
        print_json({"text": text, "is_error": is_error, "result": data})
    else:
        click.echo(text)
    if is_error:
        click.get_current_context().exit(1)


async def _given(app: "MCPServer[Any]", tool: str, arguments: tuple[str, ...]) -> dict[str, Any]:
    if len(arguments) == 1 and arguments[0].lstrip().startswith("{"):
        try:
            value: object = json.loads(arguments[0])
        except (ValueError, RecursionError) as error:
            raise Refusal("invalid_argument", f"The arguments are not JSON: {error}.") from None
        return cast("dict[str, Any]", value)
    schemas: dict[str, Any] = {one.name: one.input_schema for one in await app.list_tools()}
    properties = schemas.get(tool, {}).get("properties", {})
    given: dict[str, Any] = {}
    for argument in arguments:
        name, equals, text = argument.partition("=")
        if not equals:
            raise Refusal("invalid_argument", f"{argument} is not NAME=VALUE.")
        given[name] = text if properties.get(name, {}).get("type") == "string" else _value(text)
    return given


def _value(text: str) -> Any:
    """Numbers, true, false, lists and objects as JSON says; everything else is text."""
    try:
        value: object = json.loads(text)
    except (ValueError, RecursionError):
        return text
    return text if value is None or isinstance(value, str) else value
