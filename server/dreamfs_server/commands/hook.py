"""`dreamfs hook`: what a client's hooks call."""

import sys

import click

from dreamfs_server.commands.context import Context, Group, Opened, pass_context


@click.group(cls=Group)
def command() -> None:
    """Entries for the hooks of agent clients; docs/transcripts.md says how to set one up."""


@command.command("session-end")
@click.option("--store", default="memories", show_default=True, help="The store the session belongs to.")
@pass_context
def session_end(context: Context, store: str) -> None:
    """Import the session that just ended; reads the JSON that Claude Code gives to a SessionEnd hook."""
    from dreamfs_server.transcripts.hook import session_logs
    from dreamfs_server.transcripts.importer import ImportReport, import_transcripts

    logs = session_logs(sys.stdin.read())

    async def work(opened: Opened) -> ImportReport:
        return await import_transcripts(opened.archive, store, logs)

    report = context.run(work).as_json()
    click.echo(f"dreamfs: {report['events']:,} new events stored.")
