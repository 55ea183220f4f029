"""A database with five sessions in which the same mistake is made, and a dream that a scripted model curates."""

from collections.abc import AsyncGenerator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Any

from dreamfs_server.dream.consent import Consent
from dreamfs_server.dream.curators.anthropic import AnthropicModel, Pause
from dreamfs_server.dream.curators.ledger import Model
from dreamfs_server.dream.curators.model import ModelCurator
from dreamfs_server.dream.evidence import mine
from dreamfs_server.dream.job import Job
from dreamfs_server.dream.service import DreamService
from dreamfs_server.model_settings import KEY_HINT, ModelSettings
from dreamfs_server.sqlite.filesystem import Engine
from dreamfs_server.sqlite.model_calls import SqliteModelCalls
from dreamfs_tools.dreaming import Dream, DreamRequest, Proposal
from dreamfs_tools.filesystem import Author, Planned, Put
from dreamfs_tools.model_call import ModelCalls
from dreamfs_tools.transcript import render
from recurring_error import recurring_error
from scripted_api import Pauses, Reply, Request, Script, ScriptedApi, pausing, said, scripted_api, text, use
from sqlite_world import opened

NOW = datetime(2026, 11, 22, 11, 3, tzinfo=UTC)
QUOTE = "File has not been read yet. Read it first before writing to it."
NOTE = "Before Edit, Read the file first: else the call fails.\n"


@dataclass
class ModelWorld:
    """One database."""

    engine: Engine
    api: ScriptedApi
    books: ModelCalls
    pauses: Pauses
    settings: ModelSettings = field(default_factory=lambda: ModelSettings(reading_model=""))
    key: str | None = "sk-of-a-test"
    ids: Iterator[int] = field(default_factory=lambda: count(1))
    read_seconds_max: float = 30.0

    def model(self, pause: Pause | None = None) -> Model:
        return AnthropicModel(self.api.url, self.key, pause or pausing(self.pauses), self.read_seconds_max)

    def service(
        self, books: ModelCalls | None = None, me: str = "here/1/1", model: Model | None = None
    ) -> DreamService:
        kept = books or self.books
        curator = ModelCurator("anthropic", self.engine, kept, lambda: self.settings, lambda: model or self.model())
        consent = Consent(kept, "anthropic", lambda: self.key is not None, KEY_HINT)
        job = Job(self.engine, self.engine.journal, mine, {"anthropic": curator})
        return DreamService(
            job, lambda: f"d-{next(self.ids)}", is_alive=lambda owner: owner == me, me=me, consent=consent
        )

    async def allow(self, usd: float = 5.0) -> None:
        await self.books.allow("anthropic", int(usd * 1_000_000), "user:ada")

    async def dream(self, **request: Any) -> Dream:
        return await self.service().start(replace(DreamRequest("memories", curator="anthropic"), **request))

    async def proposals(self, dream_id: str = "d-1") -> list[Proposal]:
        return list(await self.engine.read(lambda snapshot: snapshot.dreams.proposals(dream_id)))

    async def contents(self) -> Mapping[str, str]:
        """All that the store holds, and its head."""
        return await self.engine.read(
            lambda snapshot: (
                {entry.path: text for entry, text in snapshot.tree("memories").texts()}
                | {"": str(getattr(snapshot.store("memories"), "head", None))}
            )
        )


@asynccontextmanager
async def model_world(folder: Path, script: Script) -> AsyncGenerator[ModelWorld]:
    """Five sessions, one memory, an allowance, and a server that answers from a script."""
    async with opened(folder, NOW) as engine, scripted_api(script) as api:
        for session, events in recurring_error():
            await engine.archive.add(session, events)
        put = Put("memories", "testing.md", "Run `make test`.\n", "created")
        await engine.write(lambda _: Planned(None, [put]), Author(session_id="s-1"))
        world = ModelWorld(engine, api, SqliteModelCalls(engine.database, lambda: NOW), [])
        await world.allow()
        yield world


def lines_of(session: int) -> list[str]:
    """A session's rendering."""
    found = list(recurring_error())[session - 1][1]
    return "".join(map(render, found)).removesuffix("\n").split("\n")


def evidence(*sessions: int, quote: str = QUOTE) -> list[dict[str, Any]]:
    """Where the sessions say it."""
    cited: list[dict[str, Any]] = []
    for session in sessions:
        line = next(number for number, line in enumerate(lines_of(session), 1) if QUOTE in line)
        cited.append({"source": f"/transcripts/s-{session:03}", "lines": [line, line], "quote": quote})
    return cited


def proposal(**changed: Any) -> Mapping[str, Any]:
    """What a model sends that proposes a rule."""
    whole: dict[str, Any] = {
        "dream_id": "d-1",
        "title": "Read before Edit",
        "rationale": "Five sessions failed twice each.",
        "changes": [{"operation": "create", "path": "/memories/editing.md", "file_text": NOTE}],
        "claims": [{"text": "Edit fails on an unread file.", "kind": "rule", "evidence": evidence(1, 2, 3)}],
    }
    return use("dream_propose", **{**whole, **changed})


def verdict(word: str, reason: str = "they say so") -> Reply:
    return said(text(f'{{"verdict": "{word}", "reason": "{reason}"}}'))


def script(
    *curating: Reply | Callable[[Request], Reply], verifying: str = "supported", last: Reply | None = None
) -> Script:
    """Answers the conversation in order (then ends it), and every check with the same verdict."""
    left = list(curating)

    def answer(request: Request) -> Reply:
        if request.purpose == "verify":
            return verdict(verifying)
        if request.purpose == "read":
            return said(text('{"notes": []}'))
        if not left:
            return last or said(text("I am done."))
        reply = left.pop(0)
        return reply if isinstance(reply, Reply) else reply(request)

    return answer
