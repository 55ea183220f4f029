"""Ways out that were put in other words each time, told by what they have in common."""

from collections.abc import Sequence

import pytest

from dreamfs_server.dream.curators.embedded import curate
from dreamfs_server.dream.evidence import mine
from dreamfs_server.dream.evidence.errors.labels import ABSOLUTE, NO_GLOB, QUOTES, SLASHES, label_ideas
from mined_sessions import bash, material, session


@pytest.mark.parametrize(
    ("before", "after", "ideas"),
    [
        ("ls app/[id]/page.tsx", "ls 'app/[id]/page.tsx'", [QUOTES]),
        ("curl http://h/a?x=1&y=2", 'curl "http://h/a?x=1&y=2"', [QUOTES]),
        ("find . -name *.go", r"find . -name \*.go", [QUOTES]),
        ("ls 'a b'", "ls a b", []),
        ("ls plans/12-*/notes.md", "ls plans/12-auth", [NO_GLOB]),
        ("cat src/main.rs", "cat /home/dev/app/src/main.rs", [ABSOLUTE]),
        ("gh api repos/acme-inc/site", "gh api repos/acme/site", ["write `acme` there"]),
        ("ssh build-01 uptime", "ssh build-02.internal uptime", ["write `build-02.internal` there"]),
        (
            "docker exec -it web18 app-bin -u x",
            "docker exec stack-web-1 app -u x",
            ["write `stack-web-1` there", "write `app` there"],
        ),
        (r'ls "s:\srv\01\"', 'ls "s:/srv/01/"', [SLASHES]),
        (r'ls "S:\srv\01\"', "ls /s/srv/01/", [SLASHES]),
        (
            "git push origin main",
            "git push origin HEAD:agent/fix-1044",
            ["write `HEAD:agent/fix-1044` there", "write `HEAD:agent/fix-…` there"],
        ),
        ("head -n 100 log", "head -n 20 log", []),
        ("sleep 300", "sleep 60", []),
        ("make all", "make clean all", []),
        ("make all", "make all", []),
    ],
)
def test_a_change_is_told_by_what_it_has_in_common_with_others(before: str, after: str, ideas: Sequence[str]) -> None:
    assert label_ideas(before, after) == ideas


def written(*pairs: tuple[str, str], said: str) -> list[str]:
    sessions = [session(n, [bash(a, said.format(a), failed=True), bash(b, "ok")]) for n, (a, b) in enumerate(pairs)]
    stuff = material(sessions)
    return [proposal.changes[0].file_text for proposal in curate(stuff, mine(stuff))]


def test_the_name_that_works_is_told_however_it_was_guessed() -> None:
    guesses = ["acme-inc", "acmecorp", "the-acme", "acme-io"]
    [text] = written(
        *((f"gh api repos/{guess}/site/pulls", "gh api repos/acme/site/pulls") for guess in guesses),
        said="gh: Not Found (HTTP 404)",
    )
    assert "- Do: write `acme` there. That worked in 4 of 4 sessions that tried it." in text


def test_quotes_are_told_whatever_stood_between_them() -> None:
    [text] = written(
        *((f"ls app/{name}/[id]/page.tsx", f"ls 'app/{name}/[id]/page.tsx'") for name in ("users", "tickets", "plans")),
        said="(eval):1: no matches found: {}",
    )
    assert f"- Do: {QUOTES}. That worked in 3 of 3 sessions that tried it." in text


def test_names_that_differ_each_time_are_no_way_out() -> None:
    assert (
        written(
            *((f"ssh build-{n} uptime", f"ssh store-{n} uptime") for n in "abcd"),
            said="ssh: Could not resolve hostname: Name or service not known",
        )
        == []
    )


def test_where_a_file_is_is_told_without_the_part_that_was_read() -> None:
    def read(path: str, **part: object) -> dict[str, object]:
        return {"file_path": path, **part}

    sessions = [
        session(
            n,
            [
                (
                    "Read",
                    read(f"/app/tests/unit/test_{n}.py"),
                    "File does not exist. Current working directory: /app",
                    True,
                ),
                ("Read", read(f"/app/tests/test_{n}.py", limit=100 + n), "1 import os", False),
            ],
        )
        for n in range(4)
    ]
    [card] = [card for card in mine(material(sessions)) if card.miner == "errors"]
    assert card.data["signature"] == "File does not exist."
    assert card.data["tallies"][0].label == "write `/app/tests` for `/app/tests/unit` in `file_path`"


def test_the_command_that_came_before_is_told_as_it_was_run() -> None:
    said = "ERROR: the project of this account has no such cluster"
    [text] = written_after("gcloud config set project acme-prod", "gcloud clusters list --zone {}", said)
    assert (
        "- Do: run `gcloud config set project acme-prod` first. That worked in 4 of 4 sessions that tried it." in text
    )


def test_another_thing_that_the_same_program_does_is_no_second_try() -> None:
    said = "Error: UPGRADE FAILED: another operation is in progress on release {}"
    [text] = written_after("helm rollback shop --wait", "helm upgrade shop charts/shop --set tag=v{}", said)
    assert "- Do: run `helm rollback shop --wait` first. That worked in 4 of 4" in text
    assert "leave out" not in text


def written_after(first: str, again: str, said: str) -> list[str]:
    sessions = [
        session(n, [bash(again.format(n), said.format(n), failed=True), bash(first, "ok"), bash(again.format(n), "ok")])
        for n in range(4)
    ]
    stuff = material(sessions)
    return [proposal.changes[0].file_text for proposal in curate(stuff, mine(stuff))]


def test_a_pattern_for_the_shell_is_not_blamed_for_a_time_limit() -> None:
    assert (
        written(
            *((f"scan logs/{name}-*/all", f"scan logs/{name}/all") for name in ("a", "b", "c", "d")),
            said="Command timed out after 2m 0.0s",
        )
        == []
    )
