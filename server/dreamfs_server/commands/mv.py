"""`dreamfs mv`: rename a file or folder; its history follows."""

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


@click.command(cls=Command)
@click.argument("old_path")
@click.argument("new_path")
@expected_option
@message_option
@session_option
@json_option
@pass_context
def command(
    context: Context,
    old_path: str,
    new_path: str,
    expected_version: int | None,
    message: str,
    session: str,
    as_json: bool,
) -> None:
    """Rename a file or folder, also from one store to another. NEW_PATH must not exist."""
    from dreamfs_tools.rename import rename

    answer = context.call(
        lambda call: rename(call, old_path, new_path, expected_version=expected_version, message=message), session
    )
    print_result(answer, as_json=as_json)
