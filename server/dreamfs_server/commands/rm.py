"""`dreamfs rm`: delete a file or folder; its history stays."""

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
@click.argument("path")
@expected_option
@message_option
@session_option
@json_option
@pass_context
def command(
    context: Context, path: str, expected_version: int | None, message: str, session: str, as_json: bool
) -> None:
    """Delete a file, or a folder with all below it. `dreamfs restore` brings it back."""
    from dreamfs_tools.delete import delete

    answer = context.call(lambda call: delete(call, path, expected_version=expected_version, message=message), session)
    print_result(answer, as_json=as_json)
