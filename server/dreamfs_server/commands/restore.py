"""`dreamfs restore`: make a path what it was."""

import click

from dreamfs_server.commands.context import (
    Command,
    Context,
    expected_option,
    json_option,
    message_option,
    pass_context,
    print_result,
    session_option,
)


@click.command(cls=Command, context_settings={"ignore_unknown_options": True})
@click.argument("path")
@click.argument("version", type=int)
@expected_option
@message_option
@session_option
@json_option
@pass_context
def command(
    context: Context, path: str, version: int, expected_version: int | None, message: str, session: str, as_json: bool
) -> None:
    """Make PATH, a file or a folder, exactly what it was at VERSION (-1: before its last change), as a new version."""
    from dreamfs_tools.restore import restore

    answer = context.call(
        lambda call: restore(call, path, version, expected_version=expected_version, message=message), session
    )
    print_result(answer, as_json=as_json)
