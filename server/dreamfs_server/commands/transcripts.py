"""`dreamfs transcripts`: what a dream reads."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from dreamfs_server.commands.context import Context, Group, Opened, json_option, pass_context, print_json
from dreamfs_tools.answers import plural, rfc3339
from dreamfs_tools.errors import Refusal
from dreamfs_tools.filesystem import Snapshot
from dreamfs_tools.transcript import Session

store_option = click.option("--store", default="memories", show_default=True, help="The store the sessions belong to.")
LEFT_OUT_SHOWN = 3
_MANY = {"link": "links", "pipe or device": "pipes or devices"}
_FOLDER = "/transcripts/"
_CITATION = re.compile(r"(?P<session>.+)#L(?P<first>[1-9]\d{0,8})(?:-L?(?P<last>[1-9]\d{0,8}))?")


@click.group(cls=Group)
def command() -> None:
    """Import, list, show and remove the stored transcripts of sessions."""


@command.command("import")
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path))
@store_option
@json_option
@pass_context
def import_(context: Context, paths: tuple[Path, ...], store: str, as_json: bool) -> None:
    """Import logs: files, folders (such as ~/.claude/projects) or export archives. Importing again adds only what is new.

    Formats are recognised by their content: Claude Code, Anthropic and OpenAI messages, ChatGPT and Claude exports, Slack,
    Teams, Discord and PagerDuty, other lists of messages, text.
    """
    from dreamfs_server.commands.progress import spinner
    from dreamfs_server.transcripts.importer import ImportReport, import_transcripts

    for path in paths:
        if not path.exists():
            raise Refusal("not_found", f"{path} does not exist.")

    async def work(opened: Opened) -> ImportReport:
        with spinner("Importing …") as tell:
            return await import_transcripts(
                opened.archive,
                store,
                paths,
                progress=lambda at: tell(f"Importing: {at.files_done:,} files, {at.events:,} events"),
            )

    report = context.run(work).as_json()
    if as_json:
        print_json(report)
        return
    click.echo(
        f"{plural(report['sessions'], 'new session')}, {plural(report['events'], 'new event')} "
        f"({report['skipped']:,} were there already, {plural(report['redactions'], 'secret')} redacted) "
        f"from {plural(len(report['files']), 'file')}."
    )
    for file in report["files"]:
        if said := "; ".join(filter(None, (file["error"], file.get("note")))):
            click.echo(f"  {file['path']}: {said}", err=True)
    repeated = [file["repeated"] for file in report["files"] if "repeated" in file]
    if repeated:
        click.echo(
            f"  {plural(sum(repeated), 'row')} in {plural(len(repeated), 'file')} of agents that the client started for "
            "itself repeat other logs; they were not read.",
            err=True,
        )
    if left_out := report.get("left_out"):
        click.echo(f"  Left out: {_left_out(left_out)}.", err=True)


def _left_out(found: Sequence[Mapping[str, str]]) -> str:
    """What an import does not read, counted, with some names: `3 links, 1 pipe or device: a.jsonl, b.jsonl, …`."""
    counts = Counter(one["why"] for one in found)
    words = [plural(count, why, _MANY[why]) for why, count in sorted(counts.items())]
    more = ", …" if len(found) > LEFT_OUT_SHOWN else ""
    return f"{', '.join(words)}: {', '.join(one['path'] for one in found[:LEFT_OUT_SHOWN])}{more}"


@command.command("list")
@store_option
@json_option
@pass_context
def list_(context: Context, store: str, as_json: bool) -> None:
    """List the stored sessions."""

    async def work(opened: Opened) -> list[Session]:
        return await opened.filesystem.read(lambda snapshot: list(_of(snapshot, store)))

    sessions = context.run(work)
    if as_json:
        print_json([_shape(session) for session in sessions])
        return
    from dreamfs_server.commands.tables import person_time, print_table

    print_table(
        ["session", "source", "began", "events", "outcome", "task"],
        [
            [
                session.session_id,
                session.source,
                person_time(session.started_at.isoformat() if session.started_at else None),
                f"{session.events:,}",
                session.outcome,
                (session.title or session.task)[:60].replace("\n", " "),
            ]
            for session in sessions
        ],
        right={"events"},
    )


@command.command()
@click.argument("session", metavar="SESSION[#L40-L44]")
@store_option
@json_option
@pass_context
def show(context: Context, session: str, store: str, as_json: bool) -> None:
    """Print a session's transcript with the line numbers that citations use; with --json, its `text` without them.

    A citation, as a dream's report has it, opens the lines that it names.
    """
    from dreamfs_tools.transcript import render

    session, first, last = _cited(session)

    def query(snapshot: Snapshot) -> tuple[Session, str]:
        found = snapshot.transcripts.session(store, session)
        if found is None:
            raise _no_session(session)
        return found, "".join(render(event) for event in snapshot.transcripts.events(store, session))

    async def work(opened: Opened) -> tuple[Session, str]:
        return await opened.filesystem.read(query)

    found, text = context.run(work)
    lines = text.removesuffix("\n").split("\n")
    if first > len(lines):
        raise Refusal(
            "invalid_argument", f"Session {session} has {plural(len(lines), 'line')}; there is no line {first}."
        )
    shown = lines[first - 1 : last]
    if as_json:
        print_json({**_shape(found), "text": text if last is None else "".join(f"{line}\n" for line in shown)})
        return
    width = len(str(first + len(shown) - 1))
    click.echo("\n".join(f"{number:>{width}}\t{line}" for number, line in enumerate(shown, first)))


@command.command()
@click.argument("session")
@store_option
@json_option
@pass_context
def remove(context: Context, session: str, store: str, as_json: bool) -> None:
    """Forget a session's transcript."""
    session = session.removeprefix(_FOLDER)

    async def work(opened: Opened) -> bool:
        return await opened.archive.remove(store, session)

    if not context.run(work):
        raise _no_session(session)
    if as_json:
        print_json({"code": "ok", "session_id": session})
    else:
        click.echo(f"Removed the transcript of session {session}.")


def _cited(name: str) -> tuple[str, int, int | None]:
    """The session that a person names by its id, its path or a citation, and its lines: from the first, to the last."""
    name = name.removeprefix(_FOLDER)
    cited = _CITATION.fullmatch(name)
    if cited is None:
        return name, 1, None
    first = int(cited["first"])
    return cited["session"], first, max(first, int(cited["last"] or first))


def _no_session(session: str) -> Refusal:
    return Refusal("not_found", f"There is no session {session}; `dreamfs transcripts list` shows those there are.")


def _of(snapshot: Snapshot, store: str) -> list[Session]:
    if snapshot.store(store) is None:
        raise Refusal("not_found", f"There is no store {store}; `dreamfs ls` shows the stores there are.")
    return list(snapshot.transcripts.sessions(store))


def _shape(session: Session) -> dict[str, Any]:
    return {
        "session_id": session.session_id,
        "source": session.source,
        "started_at": rfc3339(session.started_at),
        "ended_at": rfc3339(session.ended_at),
        "task": session.task,
        "outcome": session.outcome,
        "title": session.title,
        "parent": session.parent,
        "events": session.events,
        "lines": session.lines,
    }
