"""`dreamfs try`: what a model would see, at a terminal."""

from pathlib import Path

import pytest

from terminal import Terminal


@pytest.fixture
def terminal(tmp_path: Path) -> Terminal:
    return Terminal(tmp_path / "memories.db")


def test_a_tool_is_called_with_named_values_and_answers_in_its_own_words(terminal: Terminal) -> None:
    said = terminal.says("try", "create", "path=/memories/a.md", "file_text=a=b", "--session", "s-1")
    assert said.startswith("File created successfully at: /memories/a.md\n[version 1 (1st change) · session s-1 · ")
    assert "     1\ta=b" in terminal.says("try", "view", '{"path": "/memories/a.md", "view_range": [1, 1]}')


def test_what_a_tool_takes_as_text_is_text_also_where_it_looks_like_a_number(terminal: Terminal) -> None:
    terminal.says("try", "create", "path=/memories/n.md", "file_text=5")
    terminal.says("try", "str_replace", "path=/memories/n.md", "old_str=5", "new_str=[6, 7]", "expected_version=1")
    assert terminal.says("cat", "/memories/n.md") == "[6, 7]"
    assert "1\t[6, 7]" in terminal.says("try", "view", "path=/memories/n.md", "view_range=[1, 1]")


def test_a_refusal_is_shown_whole_and_ends_with_exit_code_1(terminal: Terminal) -> None:
    assert "[refused: not_found]" in terminal.says("try", "view", "path=/memories/nothing", code=1)
    assert "[refused: invalid_argument]" in terminal.says("try", "view", "path=/", "depth=1", code=1)
    shown = terminal.json("try", "delete", "path=/memories", code=1)
    assert (shown["is_error"], shown["result"]["code"]) == (True, "not_allowed")


def test_arguments_that_are_none_are_refused(terminal: Terminal) -> None:
    assert "not NAME=VALUE" in terminal.refuses("try", "view", "/memories")
    assert "not JSON" in terminal.refuses("try", "view", "{")
