"""`dreamfs put`: write a file."""

from typing import BinaryIO

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
from dreamfs_tools.errors import Refusal


@click.command(cls=Command)
@click.argument("path")
@click.argument("file", type=click.File("rb"), default="-")
@expected_option
@click.option("--merge", is_flag=True, help="With --expected-version: keep also what others wrote since, line by line.")
@message_option
@session_option
@json_option
@pass_context
def command(
    context: Context,
    path: str,
    file: BinaryIO,
    expected_version: int | None,
    merge: bool,
    message: str,
    session: str,
    as_json: bool,
) -> None:
    """Write PATH from FILE, or from standard input.

    A new file needs nothing more; replacing one needs --expected-version, so that nobody's work is overwritten unseen.
    """
    from dreamfs_tools.create import create

    try:
        text = file.read().decode()
    except UnicodeDecodeError as error:
        raise Refusal(
            "invalid_argument", f"The content is not UTF-8 (byte {error.start}); nothing was written."
        ) from None
    answer = context.call(
        lambda call: create(
            call,
            path,
            text,
            expected_version=expected_version,
            message=message,
            on_conflict="merge" if merge else "fail",
        ),
        session,
    )
    print_result(answer, as_json=as_json)
