"""A dream that a model curates, against a scripted API over real HTTP through the real SDK."""

from pathlib import Path

from model_world import evidence, model_world, proposal, script
from scripted_api import said, use


async def test_a_model_looks_around_proposes_and_is_paid_for(tmp_path: Path) -> None:
    answers = script(
        said(use("view", path="/dreams/d-1/agenda.md"), use("list", path="/memories"), stop="tool_use"),
        said(use("grep", pattern="not been read", path="/transcripts"), stop="tool_use"),
        said(proposal(), stop="tool_use"),
    )
    async with model_world(tmp_path, answers) as world:
        before = await world.contents()
        dream = await world.dream()
        assert (dream.status, dream.error) == ("completed", "")
        [saved] = await world.proposals()
        assert (saved.status, saved.title, saved.claims[0].support.sessions) == ("pending", "Read before Edit", 3)
        assert await world.contents() == before
        assert [request.purpose for request in world.api.sent] == ["curate", "curate", "curate", "verify", "curate"]
        assert dream.usage["calls"] == 5
        assert dream.usage["tokens"] == 5 * 1_100
        assert dream.usage["usd"] == 5 * (1_000 * 4 + 100 * 20) / 1_000_000
        assert dream.usage["claims_checked"] == {"supported": 1}
        assert len(dream.prompt_hash) == 64
        results = world.api.sent[1].body["messages"][-1]["content"]
        assert [result["type"] for result in results] == ["tool_result", "tool_result"]
        assert "Dream d-1: agenda" in results[0]["content"]
        assert evidence(1)[0]["quote"] in world.api.sent[2].last
