"""What agents wrote, on a person's terminal."""

import sys

import pytest

from dreamfs_server.commands.printing import printable, say


def test_what_a_terminal_would_obey_is_made_visible() -> None:
    assert printable("a\x1b]0;title\x07b\tc\u202e") == "a\\x1b]0;title\\x07b    c\\u202e"


def test_on_a_terminal_nothing_is_obeyed(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    say("\x1b[2Jx\ny", nl=False)
    assert capsys.readouterr().out == "\\x1b[2Jx\ny"
