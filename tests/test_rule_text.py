"""Rules about errors say what the error message does not; what only repeats it is not proposed."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from dreamfs_server.dream.curators.embedded import curate
from dreamfs_server.dream.evidence import mine
from dreamfs_server.dream.evidence.errors.occurrence import occurrence_of
from dreamfs_server.dream.evidence.support import Place
from dreamfs_server.dream.material import Gathered
from dreamfs_tools.dreaming import Proposal
from mined_sessions import Call, bash, material, session

UNREAD = "<tool_use_error>File has not been read yet. Read it first before writing to it.</tool_use_error>"


def proposals(sessions: Sequence[Gathered]) -> list[Proposal]:
    gathered = material(sessions)
    return curate(gathered, mine(gathered))


def text(sessions: Sequence[Gathered]) -> str:
    [one] = proposals(sessions)
    return one.changes[0].file_text


def edit(number: int, error: str = "") -> Call:
    given: dict[str, object] = {"file_path": f"/repo/f{number}.py", "old_string": "a", "new_string": "b"}
    return ("Edit", given, error or "done", bool(error))


def read(number: int) -> Call:
    return ("Read", {"file_path": f"/repo/f{number}.py"}, "1 a", False)


def test_a_way_out_that_the_message_names_is_no_news() -> None:
    assert proposals([session(n, [edit(n, UNREAD), read(n), edit(n)]) for n in range(8)]) == []


@pytest.mark.parametrize(
    "error",
    [
        "<tool_use_error>String to replace not found in file.</tool_use_error>",
        "<tool_use_error>File has been unexpectedly modified. Read it again before attempting to write it.</tool_use_error>",
    ],
)
def test_a_way_out_that_every_agent_knows_is_no_news(error: str) -> None:
    assert proposals([session(n, [read(n), edit(n, error), read(n), edit(n)]) for n in range(8)]) == []


def test_a_second_try_that_is_lost_is_news_though_the_way_out_is_not() -> None:
    sessions = [session(n, [edit(n, UNREAD), edit(n, UNREAD), read(n), edit(n)]) for n in range(4)]
    [one] = proposals(sessions)
    assert one.title.endswith(": to repeat it unchanged worked in 0 of 4 sessions")
    assert "- Do not: repeat it unchanged; that worked in 0 of 4." in one.changes[0].file_text
    assert "without reading" not in one.changes[0].file_text


def test_a_failure_that_passes_is_told_as_such() -> None:
    call = "deploy --to staging"
    sessions = [session(n, [bash(call, "Error: lease is busy", failed=True), bash(call, "ok")]) for n in range(6)]
    assert "- Do: repeat it unchanged. That worked in 6 of 6 sessions that tried it." in text(sessions)


def test_a_way_out_that_few_of_many_sessions_tried_is_not_recommended() -> None:
    failing = bash("deploy --all", "Error: quota of the region is used up", failed=True)
    other = bash("deploy --all --region b", "ok")

    def when(tried: int) -> list[Proposal]:
        return proposals([session(n, [failing, other] if n < tried else [failing]) for n in range(9)])

    assert when(2) == []
    assert "- Do: add `--region b`. That worked in 4 of 4" in when(4)[0].changes[0].file_text


def test_what_a_rule_says_several_sessions_tried_stands_in_a_claim_with_quotes() -> None:
    failing = bash("deployctl push --to all", "Error: registry lock is held by another client", failed=True)
    calls: list[Call] = [
        failing,
        failing,
        bash("deployctl unlock --stale", "ok"),
        bash("deployctl push --to all", "pushed"),
    ]
    [one] = proposals([session(n, calls) for n in range(6)])
    text = one.changes[0].file_text
    told = {claim.statistics["did"]: claim for claim in one.claims if "did" in claim.statistics}
    assert "- Do not: repeat it unchanged; that worked in 0 of 6." in text
    assert (told["repeat it unchanged"].statistics["worked"], told["repeat it unchanged"].statistics["tried"]) == (0, 6)
    assert all(claim.evidence for claim in one.claims)
    assert all(did in text for did in told), "a claim about what the text does not name"


def test_what_the_client_does_not_permit_is_one_rule_in_any_words() -> None:
    said = ["This command requires approval", "Permission to use Bash has been auto-denied."]
    kinds = ["make build", "npm ci", "go vet", "cargo fmt"]
    sessions = [session(n, [bash(kinds[n], said[n % 2], failed=True)] * 3) for n in range(4)]
    assert text(sessions) == (
        "# the client did not permit the call\n\n"
        "- When `Bash` fails with *the client did not permit the call*, in any words (such as `This command requires approval`):\n"
        "- Do not try it again: no later attempt worked, in any of the 4 sessions that tried.\n"
        "- Seen 12 times in 4 sessions on 4 days (2026-11-01 to 2026-11-04); 100% of all sessions; most from `make` (3). 3.0 calls "
        "lost each time, about 12 in all.\n"
    )


def test_a_lint_rule_that_is_silenced_is_told_with_how_often() -> None:
    def broken(number: int, rule: str, *, silenced: bool) -> Gathered:
        new = f"run(x) //nolint:{rule} // on purpose" if silenced else "run(x, y)"
        change: dict[str, object] = {"file_path": f"/repo/f{number}.go", "old_string": "run(x)", "new_string": new}
        said = f"Exit code 1\nf{number}.go:3:1: something is amiss ({rule})\n1 issues:"
        lint = "golangci-lint run ./..."
        return session(
            number, [bash(lint, said, failed=True), ("Edit", change, "done", False), bash(lint, "0 issues.")]
        )

    sessions = [broken(n, "dupl", silenced=n != 0) for n in range(4)]
    sessions += [broken(n, "errcheck", silenced=False) for n in range(4, 8)]
    written = text(sessions)
    assert "- `dupl`: 4 times in 4 sessions on 4 days; silenced with `//nolint:dupl` in 3 of 4\n" in written
    assert "- `errcheck`: 4 times in 4 sessions on 4 days\n" in written
    assert "A person decides that." in written


def test_a_comment_for_another_rule_silences_nothing() -> None:
    change: dict[str, object] = {"file_path": "/r/a.go", "old_string": "x", "new_string": "x //nolint:gosec"}
    said = "Exit code 1\na.go:3:1: something is amiss (dupl)"
    calls: list[Call] = [bash("golangci-lint run", said, failed=True), ("Edit", change, "done", False)]
    cards = mine(material([session(n, calls) for n in range(3)]))
    assert all("silence" not in card.body for card in cards)


def places(sessions: int, *, agents: int = 0) -> list[Place]:
    mains = [Place(f"s-{n:02}", f"s-{n:02}", f"2026-11-{n // 2 + 1:02}", "") for n in range(sessions)]
    return mains + [replace(mains[n % sessions], session_id=f"sub-{n}") for n in range(agents)]


def test_an_error_that_began_is_told_with_since_when() -> None:
    all_places = places(40)
    found = occurrence_of(all_places[30:38], all_places)
    assert (found.since, found.before, found.until) == ("2026-11-16", 30, "")


def test_an_error_that_ended_is_told_with_until_when() -> None:
    all_places = places(40)
    found = occurrence_of(all_places[:10], all_places)
    assert (found.since, found.until, found.after) == ("", "2026-11-05", 30)


def test_an_error_here_and_there_neither_begins_nor_ends() -> None:
    all_places = places(40)
    found = occurrence_of(all_places[2::6], all_places)
    assert (found.since, found.until, found.agents) == ("", "", None)


def test_an_error_of_sub_agents_is_told_as_such() -> None:
    all_places = places(20, agents=20)
    found = occurrence_of([*all_places[20:34], all_places[0]], all_places)
    assert found.agents == (14, 20, 1, 20)


def test_undated_sessions_say_nothing_of_when() -> None:
    undated = [replace(place, day="undated") for place in places(40)]
    assert occurrence_of(undated[30:], undated).since == ""
