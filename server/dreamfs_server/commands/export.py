"""`dreamfs export`: memory into a folder, a zip archive or a git repository."""

from pathlib import Path
from typing import Literal

import click

from dreamfs_server.commands.context import Command, Context, Opened, json_option, pass_context, print_json
from dreamfs_tools.answers import plural
from dreamfs_tools.errors import Refusal


@click.command(cls=Command)
@click.argument("path")
@click.argument("target", type=click.Path(path_type=Path))
@click.option(
    "--as",
    "how",
    type=click.Choice(["folder", "zip", "git"]),
    default=None,
    help="Default: zip where TARGET ends in .zip, else folder.",
)
@click.option("--version", "at", type=int, default=None, help="As it was then; -1: before the last change.")
@json_option
@pass_context
def command(
    context: Context,
    path: str,
    target: Path,
    how: Literal["folder", "zip", "git"] | None,
    at: int | None,
    as_json: bool,
) -> None:
    """Write the files below PATH to TARGET, which must be new.

    With --as git, PATH is a mount, and its whole history becomes a repository: one commit a revision, with its author,
    date and reason.
    """
    if (how or ("zip" if target.suffix == ".zip" else "folder")) == "git":
        if at is not None:
            raise Refusal("invalid_argument", "A git export has every version; leave out --version.")
        _git(context, path, target, as_json=as_json)
        return
    from dreamfs_server.exchange.outward import Written, export_folder, export_zip

    write = export_zip if how == "zip" or (how is None and target.suffix == ".zip") else export_folder

    async def work(opened: Opened) -> Written:
        return await write(opened.filesystem, context.mounts, path, at, target)

    written = context.run(work)
    if as_json:
        print_json(
            {
                "path": written.path,
                "version": written.version,
                "files": written.files,
                "redacted": list(written.redacted),
                "pinned": list(written.pinned),
            }
        )
        return
    click.echo(f"{plural(written.files, 'file')} of {written.path} at version {written.version} written to {target}.")
    for name in written.redacted:
        click.echo(f"Left out, its content was redacted or pruned: {name}", err=True)
    if written.pinned:
        count = f"{len(written.pinned):,} of them {'is' if len(written.pinned) == 1 else 'are'} pinned here"
        click.echo(f"{count}; a pin is not exported: {', '.join(written.pinned)}", err=True)


def _git(context: Context, path: str, target: Path, *, as_json: bool) -> None:
    from dreamfs_server.exchange.git import Exported, export_git

    async def work(opened: Opened) -> Exported:
        place = await opened.filesystem.read(lambda snapshot: context.mounts.resolve(snapshot, path))
        if place.path or not place.store:
            raise Refusal("invalid_argument", "A git export is of a whole store; name a mount, for example /memories.")
        return await export_git(opened.filesystem, place.store, target)

    done = context.run(work)
    if as_json:
        print_json(
            {
                "store": done.store,
                "version": done.version,
                "commits": done.commits,
                "changes": done.changes,
                "left_out": dict(done.left_out),
            }
        )
        return
    click.echo(f"{plural(done.commits, 'version')} of {path} written to {target}, each as a commit.")
    for name, why in done.left_out.items():
        click.echo(f"Left out: {name} ({why})", err=True)
