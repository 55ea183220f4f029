"""The scenes of the demonstration, in order."""

from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path

import anyio

from dreamfs_server.demo.agents import Agent, agent
from dreamfs_server.demo.stage import Stage
from dreamfs_server.demo.week import recordings

NOTE = "/memories/alerts/checkout-latency.md"
WRITERS = 4
APPENDS = 10


async def play(stage: Stage, database: Path) -> None:
    """Play the scenes that the agents play; the person's part (the dream) follows."""
    async with AsyncExitStack() as stack:
        ada, ben, cleo, dan = [
            await stack.enter_async_context(agent(name, f"{name}-mon", database))
            for name in ("ada", "ben", "cleo", "dan")
        ]
        await _two_agents_one_note(stage, ada, ben)
        await _a_conflict(stage, ada, ben)
        await _a_fix_is_in_flight(stage, ada, cleo)
        await _all_at_once(stage, [ada, ben, cleo, dan])
        await _a_mistake(stage, dan, ada)


async def _two_agents_one_note(stage: Stage, ada: Agent, ben: Agent) -> None:
    stage.scene(
        "Two agents, one memory",
        "Checkout is slow. Two agents, each with its own server process on the same database, write down what they see.",
    )
    await stage.act(
        ada,
        "create",
        path=NOTE,
        file_text="# CheckoutLatencyHigh\n\nowner: checkout team\nstatus: investigating\n\n## Findings\n",
        message="first look",
    )
    await stage.act(ben, "create", path=NOTE, file_text="# Checkout is slow\n\nLooking.\n")
    stage.tell("Nothing was overwritten. Ben adds to Ada's note instead.")
    await stage.act(
        ben, "insert", path=NOTE, insert_line=-1, insert_text="- traffic is normal\n", message="checked traffic"
    )


async def _a_conflict(stage: Stage, ada: Agent, ben: Agent) -> None:
    stage.scene("A conflict, and its way out", "Both have read the same version; both change the same line.")
    seen = (await stage.act(ada, "view", path=NOTE)).version
    await stage.act(
        ada,
        "str_replace",
        path=NOTE,
        old_str="status: investigating",
        new_str="status: catalog-db is slow, rollback of catalog-api 4.2 considered",
        expected_version=seen,
        message="found the upstream",
    )
    refused = await stage.act(
        ben,
        "str_replace",
        path=NOTE,
        old_str="status: investigating",
        new_str="status: not traffic",
        expected_version=seen,
        lines=16,
    )
    stage.tell(
        "Ben's edit changed nothing, and he was told by whom, how, and what to do. He writes it where it belongs."
    )
    await stage.act(
        ben,
        "insert",
        path=NOTE,
        insert_line=-1,
        insert_text="- it is not traffic (see dashboard 12)\n",
        expected_version=int(refused.data.get("current") or 0),
        message="not traffic",
    )


async def _a_fix_is_in_flight(stage: Stage, ada: Agent, cleo: Agent) -> None:
    stage.scene("A fix is in flight", "Ada starts the rollback and says so. Minutes later the same alert reaches Cleo.")
    await stage.act(
        ada,
        "str_replace",
        path=NOTE,
        old_str="rollback of catalog-api 4.2 considered",
        new_str="A FIX IS IN FLIGHT: rolling back catalog-api 4.2 (ada)",
        message="rollback started",
    )
    await stage.act(cleo, "grep", pattern="FIX IS IN FLIGHT", path="/memories/alerts")
    stage.tell("Cleo reads it and stops: one rollback is enough.")


async def _all_at_once(stage: Stage, agents: list[Agent]) -> None:
    stage.scene(
        "All at once",
        f"{WRITERS} server processes append {APPENDS} lines each to one file, at the same time.",
    )
    path = "/memories/timeline.md"
    await agents[0].call("create", path=path, file_text="# Timeline\n", message="start the timeline")

    async def append(writer: Agent) -> None:
        for number in range(APPENDS):
            await writer.call(
                "insert", path=path, insert_line=-1, insert_text=f"- {writer.name} {number}\n", message="timeline"
            )

    async with anyio.create_task_group() as group:
        for writer in agents:
            group.start_soon(append, writer)
    text = (await agents[0].call("view", path=path)).text
    kept = sum(f"- {writer.name} {number}\n" in text for writer in agents for number in range(APPENDS))
    stage.show(f"{kept} of {WRITERS * APPENDS} lines are in the file; none was lost.")
    if kept != WRITERS * APPENDS:
        raise RuntimeError(f"only {kept} of {WRITERS * APPENDS} acknowledged lines are in the file")


async def _a_mistake(stage: Stage, dan: Agent, ada: Agent) -> None:
    stage.scene(
        "A mistake, undone", "Dan tidies up too much. Every version, its author and its reason are still there."
    )
    gone = await stage.act(dan, "delete", path="/memories/alerts", message="tidy up")
    await stage.act(ada, "view", path=NOTE)
    await stage.act(ada, "history", path=NOTE, limit=8, lines=20)
    await stage.act(ada, "restore", path="/memories/alerts", version=gone.version - 1, message="that was not tidy")


async def record_week(stage: Stage, database: Path, now: datetime) -> int:
    """Have a recorder store the week's sessions; gives their number."""
    stage.scene("The week is recorded", "The host's recorder stores what thirty alert sessions said and did.")
    monday = (
        (now - timedelta(days=now.weekday() + 7)).astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    )
    count = 0
    async with agent("recorder", "recorder", database, "--recorder", "--show", "transcripts") as recorder:
        for recording in recordings(monday):
            reply = await recorder.call("record", events=recording.events, session_id=recording.session_id)
            if reply.is_error:
                raise RuntimeError(reply.text)
            count += 1
        await stage.act(recorder, "list", path="/transcripts", limit=4, lines=8)
        for name, text in DUPLICATES.items():
            await recorder.call("create", path=f"/memories/{name}", file_text=text, message="what I learned")
    return count


NOTE_OF_TWO = (
    "# Releases\n\nThe catalog team releases on Tuesday and Thursday at 10:00 UTC; ask @data before a restart.\n"
)
DUPLICATES = {"notes/releases.md": NOTE_OF_TWO, "notes/when-we-release.md": NOTE_OF_TWO}
"""Two agents noted the same thing in two places."""
