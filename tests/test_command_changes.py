"""What a second command line runs otherwise than the first, in words that are the same in every session."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dreamfs_server.dream.evidence.errors.command_changes import changes, simple_commands


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ("git push", "git pull --rebase && git push", ["run `git pull` first"]),
        ("git push origin x", "git fetch; git push origin x", ["run `git fetch` first"]),
        ("pytest -q tests/a.py", "uv run pytest tests/a.py", ["run `uv run pytest` rather than `pytest`"]),
        ("cd src && python app.py | tail -3", "cd src && .venv/bin/python app.py", ["run `.venv/bin/python` rather than `python`"]),
        ("python app.py", "python3 app.py", ["run `python3` rather than `python`"]),
        ("npm ci --prefix web", "pnpm install --prefix web", ["run `pnpm install` rather than `npm ci`"]),
        ("git commit -m 'one && two'", "git commit --no-gpg-sign -m 'another'", ["give `--no-gpg-sign` to `git commit`"]),
        ("gh api repos/a/b -f x=1", "gh api repos/a/b -F x=1", ["give `-F` to `gh api`, leave out `-f` of `gh api`"]),
        ("FOO=1 timeout 60 make build", "make build", []),
        ("psql -h db1 -c 'select 1'", "psql 'host=db1 sslmode=require' -c 'select 1'", []),
        ("psql -h db1 -c 'select 1'", "psql -c 'select 1'", ["leave out `-h` of `psql`"]),
        ("tool --fast a.py", "tool a.py", ["leave out `--fast` of `tool`"]),
        ("git push", "gh pr create", []),
        ("make build", "rm -rf out && make build", []),
        ("make build | head -5", "make build | tail -5", []),
        ("make build", "make clean && make depend && make build", []),
    ],
)  # fmt: skip
def test_a_change_is_told_by_programs_subcommands_and_flags(before: str, after: str, said: list[str]) -> None:
    assert changes(before, after) == said


def test_what_only_looks_is_no_command() -> None:
    line = "cd /srv && FOO=1 sudo make build -j4 2>&1 | tail -5; ls -la && git -C x status -s"
    assert [(one.verb, sorted(one.flags)) for one in simple_commands(line)] == [
        ("make build", ["-j4"]),
        ("git status", ["-C", "-s"]),
    ]


@given(st.text(max_size=200), st.text(max_size=200))
def test_any_two_lines_can_be_compared(before: str, after: str) -> None:
    assert all(isinstance(said, str) for said in changes(before, after))
    assert changes(before, before) == []
