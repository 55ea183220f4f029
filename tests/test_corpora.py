"""The planted corpora hold what their truth says, and the generator knows nothing of the miners."""

import ast
import json
import re
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from random import Random

import pytest
from bench.corpora import Options, generate, large, null_options, worked_example
from bench.corpora.corpus import WORLDS, shuffled
from bench.corpora.seeds import DEVELOPMENT, HELD_OUT, seeds

SEED = DEVELOPMENT[0]
SMALL = Options("oncall", 40)


def every_file(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


@pytest.mark.parametrize("world", WORLDS)
def test_the_same_seed_writes_the_same_bytes_and_another_seed_does_not(world: str, tmp_path: Path) -> None:
    options = Options(world, 12)  # type: ignore[arg-type]
    for name, seed in (("a", SEED), ("b", SEED), ("c", SEED + 1)):
        generate(seed, options).write(tmp_path / name)
    assert every_file(tmp_path / "a") == every_file(tmp_path / "b")
    assert every_file(tmp_path / "a") != every_file(tmp_path / "c")


def test_a_shuffled_order_changes_the_order_of_import_and_no_file(tmp_path: Path) -> None:
    corpus = generate(SEED, SMALL)
    straight = corpus.write(tmp_path / "a")
    permuted = corpus.write(tmp_path / "b", order=Random(1))
    assert every_file(tmp_path / "a") == every_file(tmp_path / "b")
    assert [path.name for path in straight] != [path.name for path in permuted]
    assert sorted(path.name for path in straight) == sorted(path.name for path in permuted)


def alert_and_spike_times(
    folder: Path, alert: tuple[str, ...], spike: tuple[str, ...]
) -> list[tuple[set[float], set[float]]]:
    """Per session, when the alert and the spike are shown; read from the logs with this test's own eyes."""
    seen: list[tuple[set[float], set[float]]] = []
    for path in sorted((folder / "transcripts").iterdir()):
        alerts: set[float] = set()
        spikes: set[float] = set()
        for text in tool_outputs(path):
            if "fingerprint" in text:
                alerts |= {
                    seconds(one["startsAt"])
                    for one in json.loads(text)
                    if (one["labels"]["alertname"], one["labels"]["service"]) == alert
                }
            else:
                spikes |= {seconds(line) for line in text.splitlines() if all(word in line for word in spike)}
        seen.append((alerts, spikes))
    return seen


def tool_outputs(path: Path) -> list[str]:
    if path.suffix == ".json":
        return [m["content"] for m in json.loads(path.read_text())["messages"] if m["role"] == "tool"]
    rows = [json.loads(line)["message"]["content"] for line in path.read_text().splitlines()]
    return [row[0]["content"] for row in rows if isinstance(row, list) and row[0]["type"] == "tool_result"]


def seconds(text: str) -> float:
    """The first time in a line, in any of the forms that this seed draws for the spike."""
    if found := re.search(r"\d{4}-\d\d-\d\d[T ][\d:.]+(Z|[+-]\d\d:\d\d)?", text):
        at = datetime.fromisoformat(found[0])
    elif found := re.match(r"\w{3} [ \d]\d [\d:]{8}", text):
        at = datetime.strptime(f"2026 {found[0]}", "%Y %b %d %H:%M:%S")  # noqa: DTZ007
    else:
        return float(text.split(",", maxsplit=1)[0])
    return (at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp()


@pytest.mark.parametrize("seed", DEVELOPMENT[:6])
def test_the_worked_example_shows_its_alert_a_minute_after_the_spike(seed: int, tmp_path: Path) -> None:
    corpus = generate(seed, worked_example(40))
    corpus.write(tmp_path)
    (planted,) = corpus.truth.associations
    assert len(planted.follow) == len(planted.lead) == 2
    seen = alert_and_spike_times(tmp_path, planted.follow, planted.lead)
    leads = {spike for _, spikes in seen for spike in spikes}
    followed = {spike for alerts, spikes in seen for spike in spikes if any(30 <= at - spike <= 90 for at in alerts)}
    assert len(leads) == planted.leads >= 10
    assert planted.pairs <= len(followed) <= planted.pairs + 2
    assert len(followed) / len(leads) > 0.6


def test_shuffled_times_leave_no_pair_at_its_lag_but_by_chance(tmp_path: Path) -> None:
    options = worked_example(40)
    (planted,) = generate(SEED, options).truth.associations
    generate(SEED, shuffled(options)).write(tmp_path)
    seen = alert_and_spike_times(tmp_path, planted.follow, planted.lead)
    followed = [spike for alerts, spikes in seen for spike in spikes if any(30 <= at - spike <= 90 for at in alerts)]
    assert len(followed) <= 2


@pytest.mark.parametrize(
    "world", [world for world in WORLDS if world not in {"checkouts", "practice", "reading", "waiting"}]
)
@pytest.mark.parametrize("seed", DEVELOPMENT[:3])
def test_a_planted_error_is_in_exactly_the_sessions_that_the_truth_names(world: str, seed: int) -> None:
    corpus = generate(seed, Options(world, 60))  # type: ignore[arg-type]
    assert corpus.truth.errors
    for error in corpus.truth.errors:
        met = {s.session_id for s in corpus.sessions if any(t.is_error and error.fragment in t.text for t in s.turns)}
        assert met == set(error.sessions)
        assert len(met) >= 6
        assert error.is_rule == (world != "support")  # τ-bench logs have no days
        assert 0 < error.recovered <= error.tried == len(met)


@pytest.mark.parametrize("world", WORLDS)
def test_an_error_that_is_no_rule_has_one_session_or_one_day_or_one_task(world: str) -> None:
    corpus = generate(SEED, Options(world, 80))  # type: ignore[arg-type]
    for fragment in corpus.truth.one_offs:
        met = [s for s in corpus.sessions if any(t.is_error and fragment in t.text for t in s.turns)]
        assert met
        days = {s.started_at.date() for s in met if s.shape == "claude-code"}
        assert len(met) == 1 or len(days) <= 1 or len({s.task for s in met}) == 1


@pytest.mark.parametrize("seed", DEVELOPMENT[:10])
def test_everything_the_truth_says_of_memories_stands_in_them(seed: int) -> None:
    corpus = generate(seed, SMALL)
    truth, texts = corpus.truth, corpus.memories
    passages = [p for group in truth.duplicates for p in group]
    passages += [p for pair in (*truth.hard_negatives, *truth.contradictions) for p in (pair.first, pair.second)]
    assert all(passage.line in texts[passage.path] for passage in passages)
    assert {pair.differs_in for pair in truth.hard_negatives} == {"number", "path", "date", "identifier", "negation"}
    assert all(date.line in texts[date.path].splitlines() for date in truth.relative_dates)
    links = re.findall(r"\]\((.+?)\)", texts["index.md"])
    assert {link for link in links if link not in texts} == {link.target for link in truth.dead_links}


def test_the_distractors_of_an_on_call_week_are_in_its_logs() -> None:
    corpus = generate(SEED, Options())
    told = {
        fragment.reason: [
            (s.session_id, t.role) for s in corpus.sessions for t in s.turns if fragment.fragment in t.text
        ]
        for fragment in corpus.truth.forbidden
    }
    assert {role for _, role in told["order"]} == {"tool"}
    assert {role for _, role in told["guess"]} == {"assistant"}
    assert len({session for session, _ in told["order"]}) >= 3
    assert len({session for session, _ in told["guess"]}) >= 3
    assert told["blame"]
    assert {excused.reason for excused in corpus.truth.excused} == {"schedule", "chain"}
    assert {"alert storms", "near-miss duplicates", "one-offs"} <= set(corpus.truth.distractors)


def test_a_null_corpus_plants_nothing_to_find() -> None:
    truth = generate(SEED, null_options()).truth
    planted = [*truth.associations, *truth.errors, *truth.duplicates, *truth.contradictions, *truth.excused]
    assert not planted
    assert truth.hard_negatives
    assert truth.one_offs


def test_times_of_planted_events_stand_in_many_formats() -> None:
    forms = Counter(
        turn.arguments["command"].split()[0]
        for seed in DEVELOPMENT[:4]
        for session in generate(seed, SMALL).sessions
        for turn in session.turns
        if turn.tool == "Bash" and turn.arguments
    )
    assert {"curl", "kubectl", "journalctl", "cat", "tail"} <= set(forms)


def test_development_and_held_out_seeds_are_apart() -> None:
    assert not set(DEVELOPMENT) & set(HELD_OUT)
    assert seeds(3, held_out=True) == list(HELD_OUT[:3])
    with pytest.raises(ValueError, match="There are 100 seeds"):
        seeds(101, held_out=False)


def test_the_generator_imports_nothing_of_the_product() -> None:
    folder = Path(__file__).parent.parent / "bench" / "corpora"
    imported = {
        name
        for path in folder.glob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        for name in (
            [a.name for a in node.names]
            if isinstance(node, ast.Import)
            else [node.module or ""]
            if isinstance(node, ast.ImportFrom)
            else []
        )
    }
    assert "bench.corpora.truth" in imported
    assert not [name for name in imported if name.startswith("dreamfs")]


def test_a_large_corpus_has_about_the_bytes_asked_for(tmp_path: Path) -> None:
    paths = large.write(tmp_path, SEED, sessions=4, bytes_total=400_000)
    assert len(paths) == 4
    assert sum(path.stat().st_size for path in paths) == pytest.approx(400_000, rel=0.2)


@pytest.mark.parametrize("seed", DEVELOPMENT[:3])
def test_a_planted_wrong_place_is_asked_for_in_exactly_the_sessions_that_the_truth_names(
    seed: int, tmp_path: Path
) -> None:
    corpus = generate(seed, Options("checkouts", 60))
    corpus.write(tmp_path)
    assert {planted.kind for planted in corpus.truth.places} == {"wrong", "moved", "setting", "program", "project"}
    logs = {path.stem: path.read_text() for path in (tmp_path / "transcripts").iterdir()}
    wrong = next(planted for planted in corpus.truth.places if planted.kind == "wrong")
    assert {name for name, log in logs.items() if f"/app/{wrong.wrong}/new_" in log} == set(wrong.sessions)
    setting = next(planted for planted in corpus.truth.places if planted.kind == "setting")
    assert {name for name, log in logs.items() if f'/app/{setting.wrong}"' in log} == set(setting.sessions)
