"""`dreamfs demo`: an on-call team's week, or a dream over your own transcripts, in a temporary folder."""

import tempfile
from datetime import UTC, datetime
from pathlib import Path

import anyio
import click

from dreamfs_server.commands.attach import attach_text
from dreamfs_server.commands.context import Command, Context, pass_context


@click.command(cls=Command)
@click.argument("transcripts", required=False, type=click.Path(exists=True, path_type=Path))
@pass_context
def command(context: Context, transcripts: Path | None) -> None:
    """Watch agents share a memory, and dream: in a temporary folder, with no key and no network.

    With a folder of TRANSCRIPTS (such as ~/.claude/projects) it dreams over those instead.
    """
    from rich.console import Console

    from dreamfs_server.demo.dreaming import Person, dream_over_the_week, dream_over_transcripts
    from dreamfs_server.demo.stage import Stage
    from dreamfs_server.demo.story import play, record_week

    stage = Stage(Console(soft_wrap=True, highlight=False))
    with tempfile.TemporaryDirectory(prefix="dreamfs-demo-") as folder:
        database = Path(folder) / "memories.db"
        person = Person(stage, database)
        if transcripts is not None:
            dream_over_transcripts(stage, person, transcripts)
        else:
            anyio.run(play, stage, database)
            anyio.run(record_week, stage, database, datetime.now(UTC))
            dream_over_the_week(stage, person)
    stage.scene("Your own memory")
    stage.tell("Attach it to Claude Code with this line (you run it; nothing was changed):")
    stage.show(attach_text(context, "claude-code"), "bold", lines=3)
    stage.tell(f"Its data will live in {context.database}")
