"""A key is no consent: who asks for which curator, what a person allowed, and what each is told."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from dreamfs_server.app import build_app
from dreamfs_server.dream.curators.cost import Tokens, microusd, tokens_of
from dreamfs_server.dream.curators.model import opening
from dreamfs_server.dream.curators.offered import tool_list
from dreamfs_server.dream.curators.verification import verification_request
from dreamfs_server.dream.job import Work
from dreamfs_server.dream.prompts import NAMES, filled, prompt, prompt_hash
from dreamfs_server.identity import Callers
from dreamfs_server.model_settings import PRICES, model_settings
from dreamfs_tools.dreaming import Claim, Dream, DreamRequest, Evidence, Support
from dreamfs_tools.errors import Refusal
from dreamfs_tools.mounts import Mounts
from model_world import NOW, model_world, script
from product_text import assert_as_judged


async def test_auto_asks_no_model_until_a_person_allowed_it_and_says_so(tmp_path: Path) -> None:
    async with model_world(tmp_path, script()) as world:
        await world.books.allow("anthropic", 0, "user:ada")
        choose = world.service().consent.choose  # type: ignore[union-attr]  # the world has one
        there = ["embedded", "anthropic"]
        choice = await choose("auto", there)
        assert choice.curator == "embedded"
        assert "Nobody allowed anthropic to be asked here." in choice.why
        assert "dreamfs dream allow anthropic --usd-per-month N" in choice.why
        with pytest.raises(Refusal, match="Nobody allowed") as refused:
            await choose("anthropic", there)
        assert refused.value.code == "not_allowed"
        await world.allow(2)
        choice = await choose("auto", there)
        assert choice.curator == "anthropic"
        assert "user:ada allowed USD 2.00 a month at 2026-11-22 11:03 UTC, of which USD 2.00 is left" in choice.why
        assert "are sent to the provider" in choice.why
        world.key = None
        choice = await choose("auto", there)
        assert (choice.curator, "there is no key for it. Set ANTHROPIC_API_KEY" in choice.why) == ("embedded", True)
        with pytest.raises(Refusal, match="Set ANTHROPIC_API_KEY"):
            await choose("anthropic", there)
        assert (await choose("client", there)).why == ""


async def test_the_tool_dream_says_that_it_may_call_out_only_where_it_may(tmp_path: Path) -> None:
    async with model_world(tmp_path, script()) as world:
        callers = Callers("user:ada", lambda: "c-1")
        app = build_app(world.engine, Mounts(), callers, version="1.0", dreams=world.service())

        async def calls_out() -> list[str]:
            offered = await app.list_tools()
            return [one.name for one in offered if one.annotations and one.annotations.open_world_hint]

        assert await calls_out() == ["dream"]
        await world.allow(0)
        assert await calls_out() == []
        await world.allow(1)
        world.key = None
        assert await calls_out() == []


async def test_a_used_up_allowance_is_embedded_for_auto_and_a_refusal_for_who_names_it(tmp_path: Path) -> None:
    async with model_world(tmp_path, script()) as world:
        await world.allow(0.2)
        await world.dream()
        await world.allow(0.006)
        choose = world.service().consent.choose  # type: ignore[union-attr]  # the world has one
        assert "Nothing is left of this month's allowance" in (await choose("auto", ["anthropic"])).why
        with pytest.raises(Refusal, match="Nothing is left of this month"):
            await choose("anthropic", ["anthropic"])


async def test_why_this_curator_is_told_with_the_dream(tmp_path: Path) -> None:
    async with model_world(tmp_path, script()) as world:
        dream = await world.dream(curator="auto")
        assert dream.curator == "anthropic"
        assert dream.usage["chosen"].startswith("anthropic, because user:ada allowed USD 5.00 a month")


async def test_a_dry_run_sends_nothing_keeps_nothing_and_says_what_would_leave(tmp_path: Path) -> None:
    async with model_world(tmp_path, script()) as world:
        world.settings = type(world.settings)()
        estimate = await world.service().preview(DreamRequest("memories", curator="anthropic"))
        assert (world.api.sent, await world.engine.read(lambda snapshot: snapshot.dreams.dreams())) == ([], [])
        assert (estimate.sessions, estimate.read) == (5, 5)
        assert 0 < estimate.microusd <= 1_000_000
        assert estimate.leaves[0].endswith("bytes, to claude-haiku-5-5")


def command(database: Path, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    import os

    kept = {name: value for name, value in os.environ.items() if not name.startswith(("ANTHROPIC", "CLAUDE"))}
    return subprocess.run(
        [sys.executable, "-m", "dreamfs_server", "--db", str(database), "dream", *words],
        capture_output=True,
        text=True,
        check=False,
        stdin=subprocess.DEVNULL,
        env={**kept, **environment},
    )


def test_a_person_allows_and_an_agents_shell_may_not(tmp_path: Path) -> None:
    database = tmp_path / "a.db"
    amount = ["allow", "anthropic", "--usd-per-month", "2.50"]
    agent = command(database, *amount, "--as", "ada", CLAUDECODE="1")
    assert (agent.returncode, "this is an agent's shell" in agent.stderr) == (1, True)
    nobody = command(database, *amount)
    assert (nobody.returncode, "nobody can be asked here" in nobody.stderr) == (1, True)
    allowed = command(database, *amount, "--as", "ada", "--json")
    said = json.loads(allowed.stdout)
    assert (said["usd_per_month"], said["usd_left"], said["allowed_by"]) == (2.5, 2.5, "ada")
    revoked = command(database, "allow", "anthropic", "--revoke", "--as", "ada")
    assert "Nothing is allowed for anthropic" in revoked.stdout
    wrong = command(database, "allow", "anthropic", "--usd-per-month", "lots", "--as", "ada")
    assert (wrong.returncode, "takes an amount above 0" in wrong.stderr) == (1, True)


def test_prices_and_models_are_settings() -> None:
    settings = model_settings(
        {"DREAMFS_MODEL_PRICES": '{"mine": [1, 2.5]}', "DREAMFS_MODEL": "mine", "DREAMFS_BATCH": "1"}
    )
    assert (settings.model, settings.batch) == ("mine", True)
    assert microusd(Tokens(input=10, output=4), settings.price("mine")) == 20
    for wrong in ("nonsense", '{"mine": 1}', '{"mine": [1, -1]}', "[]"):
        with pytest.raises(Refusal, match="DREAMFS_MODEL_PRICES"):
            model_settings({"DREAMFS_MODEL_PRICES": wrong})
    with pytest.raises(Refusal, match="DREAMFS_DREAM_USD_MAX"):
        model_settings({"DREAMFS_DREAM_USD_MAX": "much"})
    assert model_settings({"DREAMFS_DREAM_USD_MAX": "0.25"}).microusd_max == 250_000


def test_what_is_read_from_the_cache_written_to_it_or_batched_has_its_own_price() -> None:
    usage = {
        "input_tokens": 100,
        "output_tokens": 10,
        "cache_creation_input_tokens": 40,
        "cache_read_input_tokens": None,
    }
    tokens = tokens_of(usage) + Tokens(cache_read=100)
    price = PRICES["claude-opus-5-5"]
    assert microusd(tokens, price) == 100 * 4 + 10 * 20 + 40 * 5 + 40
    assert microusd(tokens, price, batch=True) == 420


def test_what_a_model_is_told_is_what_was_judged_good() -> None:
    claim = Claim(
        "Edit fails.", "rule", [Evidence("/transcripts/s-1", (3, 4), "two\nlines")], Support(sessions=3, days=2)
    )
    dream = Dream("d-1", "memories", "running", "anthropic", 7, NOW, instructions="Look here.\nAnd here.")

    async def unused(_: object) -> object:
        raise AssertionError

    work = Work(dream, None, [], unused, unused)  # type: ignore[arg-type]  # the opening needs the dream and cards
    first = opening("claude-opus-5-5", work, "")["messages"][0]["content"]
    check = verification_request("claude-opus-5-5", claim)["messages"][0]["content"]
    parts = [f"== {name}\n{prompt(name)}\n" for name in NAMES]
    parts += [f"== the first message\n{first}\n", f"== a check\n{check}\n"]
    parts += [f"== tools\n{json.dumps(tool_list(), indent=1, ensure_ascii=False)}\n"]
    assert_as_judged("model_prompts.txt", "\n".join(parts))
    assert len(prompt_hash(tool_list())) == 64


def test_what_fills_a_prompt_is_never_a_field_of_it() -> None:
    assert filled("{{a}} {{b}}", {"a": "{{b}}", "b": "x"}) == "{{b}} x"
